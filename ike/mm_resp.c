/* Main mode, responder: M1 in, M2 out (MS-AIPS 3.3; spec authip.md 4.3, 5.3, 7.2). */
#include <stdlib.h>
#include <string.h>

#include "ike/nat.h"
#include "ike/policy_pool.h"
#include "ike/state.h"

/* Levels of leaving things out until M2 is not larger than M1 (hostile row H81). */
#define M2_LEVELS 6
#define M2_SHORT_NONCE_BYTES 16

struct m1 {
	struct pld_auth auth; /* acceptable methods, initiator's order */
	const struct policy *policy;
	struct mm_proposal chosen;
	enum dh_group group;
	struct span ke;
};

static enum ike_err
m1_read_auth(const struct message *m, const struct policy *p, struct pld_auth *out)
{
	struct pld_auth offered;
	enum ike_err err = pld_auth_decode(message_find(m, PAYLOAD_AUTH, 0)->body, &offered);

	out->n = 0;
	if (err != IKE_OK)
		return err;
	for (size_t i = 0; i < offered.n; i++)
		for (uint32_t k = 0; k < p->n_mm_auth; k++)
			if (p->mm_auth[k].offered &&
			    (uint16_t)p->mm_auth[k].method == offered.method[i]) {
				out->method[out->n++] = offered.method[i];
				break;
			}
	return out->n > 0 && out->method[0] == AUTH_ANONYMOUS ? IKE_OK :
								IKE_ERR_NO_AUTH_METHOD;
}

static bool
m1_vendor_group(const struct message *m, uint32_t *group)
{
	const struct payload *p;

	for (size_t i = 0; (p = message_find(m, PAYLOAD_VID, i)) != NULL; i++)
		if (pld_vendor_decode(p->body, group) == VENDOR_DH_GROUP)
			return true;
	return false;
}

static enum ike_err
m1_read(struct engine *e, struct m1 *m1)
{
	const struct message *m = &e->in;
	const struct payload *ke = message_find(m, PAYLOAD_KE, 0);
	uint32_t vendor_group = 0;
	bool has_vendor;
	enum ike_err err;

	err = pld_sa_decode(message_find(m, PAYLOAD_SA, 0)->body, false, &e->sa_in);
	if (err != IKE_OK)
		return err;
	err = pld_nonce_check(message_find(m, PAYLOAD_NONCE, 0)->body);
	if (err != IKE_OK)
		return err;
	m1->policy = e->p.host.mm_policy(e->p.host.ctx, e->in_local, e->in_remote);
	if (m1->policy == NULL)
		return IKE_ERR_NO_MM_POLICY;
	if ((err = m1_read_auth(m, m1->policy, &m1->auth)) != IKE_OK)
		return err;
	if (ke == NULL)
		return IKE_ERR_KE; /* anonymous always needs DH (MS-AIPS 1.7) */
	has_vendor = m1_vendor_group(m, &vendor_group);
	m1->group = proposal_mm_ke_group(&e->sa_in, has_vendor, vendor_group, ke->body.n);
	m1->ke = ke->body;
	return proposal_mm_select(m1->policy, &e->sa_in, m1->group, &m1->chosen, &e->sa_out);
}

static void
m2_write_nonce(struct engine *e, size_t n)
{
	uint8_t nonce[256];

	e->p.host.random(e->p.host.ctx, nonce, n);
	build_payload(e->out, PAYLOAD_NONCE);
	writer_bytes(&e->out->w, span_of(nonce, n));
	build_end(e->out);
}

static enum hash_id
m2_natd_hash(struct engine *e, const struct mm_sa *mm)
{
	const struct payload *p = message_find(&e->in, PAYLOAD_NATD, 0);

	/* Same length as received, else the negotiated hash (A50). */
	if (p != NULL && p->body.n == 20)
		return HASH_SHA1;
	return p != NULL && p->body.n == 32 ? HASH_SHA256 : mm->chosen.integrity;
}

static bool
m2_build(struct engine *e, struct mm_sa *mm, const struct m1 *m1, int level, struct span *out)
{
	size_t nonce_n = e->p.dialect.nonce_len;

	if (level >= 1 && nonce_n > M2_SHORT_NONCE_BYTES)
		nonce_n = M2_SHORT_NONCE_BYTES;
	exchange_begin(e, mm, EXCHANGE_MM, 0, seq_answer(e->in.seq, &e->p.dialect), false);
	build_payload(e->out, PAYLOAD_SA);
	pld_sa_encode(&e->out->w, &e->sa_out, false);
	build_end(e->out);
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &m1->auth);
	build_end(e->out);
	m2_write_nonce(e, nonce_n);
	m2_write_nonce(e, nonce_n);
	mm_write_vendors(e, mm, false, level);
	if (level < 2)
		nat_write_natd(e, mm, m2_natd_hash(e, mm));
	/* Unconditional when M1 had no GSS payload (MS-AIPS 3.3.5.1, A43), if it fits. */
	if (level < 5) {
		build_payload(e->out, PAYLOAD_GSS_ID);
		pld_gss_id_encode(&e->out->w, e->p.gss_id);
		build_end(e->out);
	}
	build_payload(e->out, PAYLOAD_KE);
	writer_bytes(&e->out->w, dh_public(mm->dh));
	build_end(e->out);
	return exchange_finish(e, mm, out);
}

/* DH of both sides; false: the peer's value was refused. */
static bool
m2_make_dh(struct engine *e, struct mm_sa *mm, struct span ke)
{
	uint8_t random[DH_PRIVATE_MAX_BYTES];

	e->p.host.random(e->p.host.ctx, random, dh_private_len_bytes(mm->group));
	mm->dh = dh_new(mm->group, span_of(random, dh_private_len_bytes(mm->group)));
	secret_wipe_bytes(random, sizeof(random));
	mm->z = calloc(1, sizeof(*mm->z));
	return mm->dh != NULL && mm->z != NULL &&
	    dh_shared(mm->dh, ke, e->p.dialect.ecdh_form == ECDH_FORM_XY, mm->z);
}

static enum ike_err
m2_answer(struct engine *e, struct mm_sa *mm, const struct m1 *m1)
{
	struct span m2, chain;
	int level = 0;

	mm->policy_of.policy = m1->policy;
	if (!policy_hold(e, &mm->policy_of))
		return IKE_ERR_NO_MEMORY;
	mm->policy = mm->policy_of.policy;
	mm->chosen = m1->chosen;
	mm->group = m1->group;
	/* A cookie that M1 showed becomes CKY-R: peers may expect that. */
	memcpy(mm->rcookie, e->in.h.rcookie, COOKIE_BYTES);
	mm->by_cookie = memcmp(mm->rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) != 0;
	while (memcmp(mm->rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		e->p.host.random(e->p.host.ctx, mm->rcookie, COOKIE_BYTES);
	if (!m2_make_dh(e, mm, m1->ke))
		return IKE_ERR_DH;
	mm_read_vendors(mm, &e->in);
	nat_read_natd(mm, &e->in);
	do {
		if (level == M2_LEVELS)
			return IKE_ERR_AMPLIFICATION;
		if (!m2_build(e, mm, m1, level++, &m2))
			return IKE_ERR_CRYPTO;
	} while (m2.n > e->datagram.n);
	chain = build_chain(e->out);
	if (!blob_set(&mm->ni, message_find(&e->in, PAYLOAD_NONCE, 0)->whole) ||
	    !blob_set(&mm->nr, chain_find(chain, e->out->first, PAYLOAD_NONCE, 0)) ||
	    !blob_set(&mm->nr_qm, chain_find(chain, e->out->first, PAYLOAD_NONCE, 1)) ||
	    !chain_add(e, mm, &mm->chain, false, e->in.raw, e->in.chain) ||
	    !chain_add(e, mm, &mm->chain, false, m2, chain) ||
	    !keys_derive_mm(e, mm, SPAN_NONE))
		return IKE_ERR_CRYPTO;
	mm->state = MM_RESP_FIRST_DONE;
	dh_free(mm->dh);
	mm->dh = NULL;
	answered_begin(e, &mm->answered);
	answered_reply(e, &mm->answered, mm, m2);
	mm_progress(e, mm);
	return IKE_OK;
}

/* One line for the operator; the peer gets a STATUS in clear, smaller than its request. */
static void
m1_refuse(struct engine *e, struct mm_sa *mm, enum ike_err err, const struct policy *p)
{
	char buf[512], detail[384];
	struct text t, d;

	text_init(&d, detail, sizeof(detail));
	if (err == IKE_ERR_NO_PROPOSAL || err == IKE_ERR_GROUP) {
		char list[160];
		struct text l;

		text_str(&d, "offered ");
		text_init(&l, list, sizeof(list));
		proposal_mm_text(&l, &e->sa_in);
		text_str(&d, list);
		text_str(&d, "; accepted here: ");
		text_init(&l, list, sizeof(list));
		proposal_mm_policy_text(&l, p);
		text_str(&d, list);
	}
	text_init(&t, buf, sizeof(buf));
	event_failure_text(&t, mm, "first message of main mode", err, detail);
	event_mm(e, EVENT_NEGOTIATION_FAILED, mm, err, buf);
	if (e->p.dialect.send_clear_status == SEND_CLEAR_STATUS_ON && ike_err_win32(err) != 0)
		notify_clear_status(e, &mm->local, &mm->remote, &e->in.h, e->datagram.n,
		    ike_err_win32(err));
}

static enum ike_err
m1_check_limits(struct engine *e)
{
	uint32_t n_mm, n_negotiating;

	sadb_count_peer(e, &e->in_remote->addr, &n_mm, &n_negotiating);
	if (n_mm > e->p.max_mm_per_peer)
		return IKE_ERR_PEER_MM_LIMIT;
	if (n_negotiating > e->p.max_negotiations_per_peer)
		return IKE_ERR_PEER_NEGOTIATION_LIMIT;
	return e->n_mm >= e->p.max_mm_total ? IKE_ERR_TOTAL_LIMIT : IKE_OK;
}

void
mm_resp_m1(struct engine *e)
{
	struct m1 m1 = { .policy = NULL };
	struct mm_sa *mm;
	enum ike_err err;
	uint8_t type;

	if ((err = m1_check_limits(e)) == IKE_OK)
		err = rules_check(&e->in, MSG_M1, &type);
	if (err != IKE_OK) {
		event_drop(e, NULL, err);
		return;
	}
	/* Made before the checks (MS-AIPS 3.1.4.2), freed again on every failure. */
	mm = sadb_mm_new(e, false, e->in_local, e->in_remote, e->in.h.icookie);
	if (mm == NULL) {
		event_drop(e, NULL, IKE_ERR_NO_MEMORY);
		return;
	}
	if ((err = m1_read(e, &m1)) == IKE_OK)
		err = m2_answer(e, mm, &m1);
	if (err == IKE_OK)
		return;
	m1_refuse(e, mm, err, m1.policy);
	sadb_mm_free(e, mm);
}
