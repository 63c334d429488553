/* IKEv1 quick mode: what both roles share (RFC 2409 5.5). */
#include <stdlib.h>
#include <string.h>

#include "ike/v1.h"

#define GPH_BYTES 4

static void
message_id_bytes(uint32_t id, uint8_t *b)
{
	b[0] = (uint8_t)(id >> 24);
	b[1] = (uint8_t)(id >> 16);
	b[2] = (uint8_t)(id >> 8);
	b[3] = (uint8_t)id;
}

unsigned
v1_qm_want(const struct qm_sa *qm)
{
	unsigned want = qm_want(qm);

	return qm->udp && v1_natt_is_draft(qm->mm) ? want | QM_WANT_UDP_DRAFT : want;
}

/* ---- hashes ---- */

/* Over these two parts and what follows the HASH payload of e->in. */
static bool
check_hash(
    struct engine *e, const struct mm_sa *mm, struct span first, struct span second)
{
	const struct payload *hash = &e->in.payload[0], *last;
	uint8_t want[HASH_MAX_BYTES];
	struct span part[3] = { first, second, SPAN_NONE };

	if (e->in.n_payload == 0 || hash->type != PAYLOAD_HASH ||
	    hash->body.n != mm->keys.hash_n)
		return false;
	last = &e->in.payload[e->in.n_payload - 1];
	part[2].p = hash->whole.p + hash->whole.n;
	part[2].n = (size_t)(last->whole.p + last->whole.n - part[2].p);
	return v1_keys_hash(mm, part, 3, want) &&
	       secret_equal(want, hash->body.p, mm->keys.hash_n);
}

bool
v1_qm_check_hash(struct engine *e, const struct mm_sa *mm, struct span ni)
{
	uint8_t id[4];

	message_id_bytes(e->in.h.message_id, id);
	return check_hash(e, mm, SPAN_ARRAY(id), ni);
}

bool
v1_check_hash_delete(struct engine *e, const struct mm_sa *mm, struct span ni)
{
	uint8_t id[4];

	message_id_bytes(e->in.h.message_id, id);
	return check_hash(e, mm, ni, SPAN_ARRAY(id));
}

void
v1_hash_begin(struct engine *e, const struct mm_sa *mm)
{
	build_payload(e->out, PAYLOAD_HASH);
	writer_reserve(&e->out->w, mm->keys.hash_n);
	build_end(e->out);
}

static bool
hash_finish(struct engine *e, const struct mm_sa *mm, struct span first,
    struct span second, struct v1_iv *iv, struct span *wire)
{
	size_t skip = GPH_BYTES + mm->keys.hash_n;
	uint8_t hash[HASH_MAX_BYTES];
	struct span part[3] = { first, second, SPAN_NONE };
	struct span chain;

	if (!v1_finish(e, wire))
		return false;
	chain = build_chain(e->out);
	part[2] = span_of(chain.p + skip, chain.n - skip);
	if (!v1_keys_hash(mm, part, 3, hash))
		return false;
	memcpy(e->out->buf + e->out->chain_at + GPH_BYTES, hash, mm->keys.hash_n);
	return v1_seal(e, mm, iv, wire);
}

bool
v1_hash_finish(struct engine *e, const struct mm_sa *mm, uint32_t message_id,
    struct span ni, struct v1_iv *iv, struct span *wire)
{
	uint8_t id[4];

	message_id_bytes(message_id, id);
	return hash_finish(e, mm, SPAN_ARRAY(id), ni, iv, wire);
}

bool
v1_hash_finish_delete(struct engine *e, const struct mm_sa *mm,
    uint32_t message_id, struct span ni, struct v1_iv *iv, struct span *wire)
{
	uint8_t id[4];

	message_id_bytes(message_id, id);
	return hash_finish(e, mm, ni, SPAN_ARRAY(id), iv, wire);
}

bool
v1_qm_hash3(const struct qm_sa *qm, uint8_t *out)
{
	uint8_t head[5] = { 0 };
	struct span part[3] = {
		SPAN_ARRAY(head),
		span_of(qm->ni.p + GPH_BYTES, qm->ni.n - GPH_BYTES),
		span_of(qm->nr.p + GPH_BYTES, qm->nr.n - GPH_BYTES),
	};

	message_id_bytes(qm->message_id, head + 1);
	return v1_keys_hash(qm->mm, part, 3, out);
}

/* ---- PFS, nonces ---- */

enum ike_err
v1_qm_read_ke(struct engine *e, struct qm_sa *qm)
{
	const struct payload *ke = message_find(&e->in, PAYLOAD_KE, 0);

	if (qm->choice.proposal.pfs == DH_NONE)
		return ke == NULL ? IKE_OK : IKE_ERR_KE;
	if (ke == NULL || qm->dh == NULL ||
	    dh_group_of(qm->dh) != qm->choice.proposal.pfs)
		return IKE_ERR_KE;
	if ((qm->z = calloc(1, sizeof(*qm->z))) == NULL)
		return IKE_ERR_NO_MEMORY;
	return dh_shared(qm->dh, ke->body, false, qm->z) ? IKE_OK : IKE_ERR_DH;
}

void
v1_qm_write_nonce(struct engine *e, const struct qm_sa *qm)
{
	uint8_t nonce[256];

	e->p.host.random(e->p.host.ctx, nonce, qm->mm->dialect->nonce_len);
	v1_write(e, PAYLOAD_NONCE, span_of(nonce, qm->mm->dialect->nonce_len));
}

void
v1_qm_write_exchange_info(struct engine *e, const struct qm_sa *qm)
{
	uint8_t data[4] = { 0, 0, 0, qm_exchange_info(qm) }, b[8];

	if (data[3] != 0)
		v1_write_notify(e, e->sa_out.proposal[0].protocol, NOTIFY_EXCHANGE_INFO,
		    v1_info_names(qm, qm->spi_in, b), SPAN_ARRAY(data));
}

/* ---- IDs ---- */

/* A subnet or a range that is one host. */
static bool
is_one_host(const struct pld_id *id, size_t n)
{
	bool range = id->type == ID_IPV4_RANGE || id->type == ID_IPV6_RANGE;

	for (size_t i = 0; i < n; i++)
		if (id->data.p[n + i] != (range ? id->data.p[i] : 0xff))
			return false;
	return true;
}

/* L2TP clients of Windows name themselves (spec authip.md 6.12): who that is, we see. */
static bool
is_name(struct span body)
{
	return body.n > 4 && (body.p[0] == 2 || body.p[0] == 3);
}

enum ike_err
v1_qm_read_id(const struct payload *p, const struct address *outer,
    struct endpoint *end, uint8_t *protocol)
{
	struct pld_id id;
	enum ike_err err;
	size_t n;

	if (p == NULL) { /* the addresses of main mode, all protocols (RFC 2409 5.5) */
		*end = (struct endpoint){ *outer, 0 };
		*protocol = 0;
		return IKE_OK;
	}
	if (is_name(p->body)) {
		*end = (struct endpoint){ *outer,
			(uint16_t)(p->body.p[2] << 8 | p->body.p[3]) };
		*protocol = p->body.p[1];
		return IKE_OK;
	}
	if ((err = pld_id_decode(p->body, &id)) != IKE_OK)
		return err;
	*protocol = id.protocol;
	if (pld_id_to_endpoint(&id, end))
		return IKE_OK;
	n = id.type == ID_IPV4_SUBNET || id.type == ID_IPV4_RANGE ? 4 : 16;
	if (!is_one_host(&id, n))
		return IKE_ERR_ID_MISMATCH;
	memset(end, 0, sizeof(*end));
	end->addr.family = n == 4 ? 4 : 6;
	memcpy(end->addr.b, id.data.p, n);
	end->port = id.port;
	return IKE_OK;
}
