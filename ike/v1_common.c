/* IKEv1 main mode: what both roles share (RFC 2409 5, RFC 3947 3, MS-IKEE). */
#include <stdlib.h>
#include <string.h>

#include "ike/nat.h"
#include "ike/v1.h"

#define CERT_X509_SIGNATURE 4
#define KERBEROS_TOKEN_MARK 0x60

struct mm_sa *
v1_new(struct engine *e, bool initiator, const struct endpoint *local,
    const struct endpoint *remote, const uint8_t *icookie)
{
	struct v1_mm *v = calloc(1, sizeof(*v));
	struct mm_sa *mm;

	if (v == NULL || !timer_reserve(&e->timers, V1_TIMERS)) {
		free(v);
		return NULL;
	}
	if ((mm = sadb_mm_new(e, initiator, local, remote, icookie)) == NULL) {
		timer_release(&e->timers, V1_TIMERS);
		free(v);
		return NULL;
	}
	mm->v1 = v;
	return mm;
}

/* What only the negotiation needs. */
static void
v1_forget(struct v1_mm *v)
{
	blob_free(&v->sa_i);
	blob_free(&v->ke_i);
	blob_free(&v->ke_r);
	blob_free(&v->token_i);
	blob_free(&v->token_r);
	blob_free(&v->own_id);
	blob_free(&v->parts);
	blob_free(&v->wanted);
	secret_wipe_bytes(v->skeyid, sizeof(v->skeyid));
}

void
v1_free(struct engine *e, struct mm_sa *mm)
{
	struct v1_mm *v = mm->v1;

	if (v == NULL)
		return;
	v1_forget(v);
	v1_delete_forget(e, mm);
	id_set_free(&v->seen);
	id_set_free(&v->own);
	request_done(e, &v->dpd);
	timer_cancel(&e->timers, &v->dpd_timer);
	timer_cancel(&e->timers, &v->rekey_timer);
	timer_release(&e->timers, V1_TIMERS);
	secret_wipe_bytes(v, sizeof(*v));
	free(v);
	mm->v1 = NULL;
}

bool
v1_is_signed(const struct mm_sa *mm)
{
	return mm->gss.method == AUTH_V1_RSA || mm->gss.method == AUTH_V1_ECDSA256 ||
	       mm->gss.method == AUTH_V1_ECDSA384;
}

/* ---- vendor IDs ---- */

static void
write_vendor(struct engine *e, enum ike_vendor vendor, uint32_t number)
{
	build_payload(e->out, PAYLOAD_VID);
	pld_vendor_encode(&e->out->w, vendor, number);
	build_end(e->out);
}

static bool
offers_kerberos(const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if (p->mm_auth[i].method == AUTH_V1_KERBEROS && p->mm_auth[i].offered)
			return true;
	return false;
}

/* The responder names the one revision that it will use. */
static void
write_nat_vendors(struct engine *e, const struct mm_sa *mm)
{
	if (!nat_is_possible(e, mm))
		return;
#define X(v)                                      \
	if (mm->initiator || mm->v1->natt == (v)) \
		write_vendor(e, v, 0);
	V1_NATT_REVISIONS(X)
#undef X
}

/* In the order of Windows (spec authip.md 6.1). */
void
v1_write_vendors(struct engine *e, struct mm_sa *mm, bool first_message, bool all)
{
	write_nat_vendors(e, mm);
	if (!all)
		return;
	if (first_message && mm->policy->keying == KEYING_BOTH) {
		write_vendor(e, VENDOR_KEY_MODS, 1);
		write_vendor(e, VENDOR_MAMIE_EXISTS, 0);
	}
	if (mm->dialect->vendor_version != 0)
		write_vendor(e, VENDOR_MS_NT5, mm->dialect->vendor_version);
	if (offers_kerberos(mm->policy))
		write_vendor(e, VENDOR_GSSAPI, 0);
	write_vendor(e, VENDOR_FRAGMENTATION, 0);
	write_vendor(e, VENDOR_ND_CAPABLE, 0);
	if (mm->dialect->dpd == DPD_ON)
		write_vendor(e, VENDOR_DPD, 0);
	if (first_message && mm->is_first_contact)
		write_vendor(e, VENDOR_INITIAL_CONTACT, 0);
}

void
v1_read_vendors(struct mm_sa *mm, const struct message *m)
{
	struct v1_mm *v = mm->v1;

	mm_read_vendors(mm, m);
	v->peer_knows_dpd = (mm->vendor_seen & 1u << VENDOR_DPD) != 0;
	v->natt = VENDOR_UNKNOWN;
#define X(id)                                                                 \
	if (v->natt == VENDOR_UNKNOWN && (mm->vendor_seen & 1u << (id)) != 0) \
		v->natt = id;
	V1_NATT_REVISIONS(X)
#undef X
}

/* ---- messages 3 and 4 ---- */

bool
v1_make_ke(struct engine *e, struct mm_sa *mm)
{
	uint8_t random[DH_PRIVATE_MAX_BYTES];
	size_t n = dh_private_len_bytes(mm->group);

	if (n == 0 || n > sizeof(random))
		return false;
	e->p.host.random(e->p.host.ctx, random, n);
	mm->dh = dh_new(mm->group, span_of(random, n));
	secret_wipe_bytes(random, sizeof(random));
	return mm->dh != NULL && blob_set(mm->initiator ? &mm->v1->ke_i : &mm->v1->ke_r,
				     dh_public(mm->dh));
}

/* The draft has a byte for the encoding in front, other implementations have not. */
static struct span
token_of(struct span body)
{
	if (body.n > 1 && body.p[0] != KERBEROS_TOKEN_MARK &&
	    body.p[1] == KERBEROS_TOKEN_MARK)
		return span_of(body.p + 1, body.n - 1);
	return body;
}

static enum ike_err
read_token(struct mm_sa *mm, const struct message *m)
{
	const struct payload *p = message_find(m, PAYLOAD_GSS, 0);
	struct blob *b = mm->initiator ? &mm->v1->token_r : &mm->v1->token_i;

	if (mm->gss.method != AUTH_V1_KERBEROS)
		return p == NULL ? IKE_OK : IKE_ERR_PAYLOAD_UNEXPECTED;
	if (p == NULL)
		return IKE_ERR_PAYLOAD_MISSING;
	if (p->body.n == 0 || p->body.n > PLD_MAX_TOKEN_BYTES)
		return IKE_ERR_GSS;
	return blob_set(b, token_of(p->body)) ? IKE_OK : IKE_ERR_NO_MEMORY;
}

static bool
span_is(struct span a, struct span b)
{
	return a.n == b.n && a.n > 0 && memcmp(a.p, b.p, a.n) == 0;
}

/* Our own value, or our own nonce, sent back to us. */
static bool
v1_is_reflected(const struct mm_sa *mm, struct span ke, const struct payload *nonce)
{
	const struct blob *own_nonce = mm->initiator ? &mm->ni : &mm->nr;
	struct span own =
	    own_nonce->n > 4 ? span_of(own_nonce->p + 4, own_nonce->n - 4) : SPAN_NONE;

	return span_is(ke, blob_span(mm->initiator ? &mm->v1->ke_i : &mm->v1->ke_r)) ||
	       span_is(nonce->body, own);
}

static bool
keep_peers_ke(struct mm_sa *mm, struct span ke, struct span nonce)
{
	return blob_set(mm->initiator ? &mm->v1->ke_r : &mm->v1->ke_i, ke) &&
	       blob_set(mm->initiator ? &mm->nr : &mm->ni, nonce);
}

enum ike_err
v1_read_ke(struct engine *e, struct mm_sa *mm)
{
	const struct payload *ke = message_find(&e->in, PAYLOAD_KE, 0);
	const struct payload *nonce = message_find(&e->in, PAYLOAD_NONCE, 0);
	struct secret *z;
	enum ike_err err;

	if ((err = pld_nonce_check(nonce->body)) != IKE_OK ||
	    (err = read_token(mm, &e->in)) != IKE_OK)
		return err;
	if (v1_is_reflected(mm, ke->body, nonce))
		return IKE_ERR_KE;
	if (mm->dh == NULL && !v1_make_ke(e, mm))
		return IKE_ERR_DH;
	if ((z = calloc(1, sizeof(*z))) == NULL)
		return IKE_ERR_NO_MEMORY;
	if (!dh_shared(mm->dh, ke->body, false, z))
		err = IKE_ERR_DH;
	else if (!keep_peers_ke(mm, ke->body, nonce->whole))
		err = IKE_ERR_NO_MEMORY;
	if (err != IKE_OK) { /* the message may come again */
		secret_wipe(z);
		free(z);
		return err;
	}
	mm->z = z;
	dh_free(mm->dh);
	mm->dh = NULL;
	return IKE_OK;
}

/* Authorities of ours, as auth named them; else one request that names none: any will do. */
static void
write_certreqs(struct engine *e, const struct mm_sa *mm)
{
	struct auth_part_list list;
	const struct auth_part *p;
	size_t n = 0;

	if (!auth_parts_read(blob_span(&mm->v1->parts), &list))
		return;
	while ((p = auth_part_find(&list, AUTH_PART_AUTHORITY, n)) != NULL || n == 0) {
		build_payload(e->out, PAYLOAD_CERTREQ);
		writer_u8(&e->out->w, CERT_X509_SIGNATURE);
		if (p != NULL)
			writer_bytes(&e->out->w, p->data);
		build_end(e->out);
		n++;
		if (p == NULL)
			break;
	}
}

void
v1_write_ke(struct engine *e, struct mm_sa *mm)
{
	const struct v1_mm *v = mm->v1;
	uint8_t nonce[256];
	struct span body = span_of(nonce, mm->dialect->nonce_len);

	v1_write(e, PAYLOAD_KE, blob_span(mm->initiator ? &v->ke_i : &v->ke_r));
	if (mm->initiator || mm->nr.n == 0)
		e->p.host.random(e->p.host.ctx, nonce, body.n);
	else
		body = span_of(mm->nr.p + 4, mm->nr.n - 4);
	v1_write(e, PAYLOAD_NONCE, body);
	if (mm->gss.method == AUTH_V1_KERBEROS)
		v1_write(e, PAYLOAD_GSS,
		    blob_span(mm->initiator ? &v->token_i : &v->token_r));
	if (v1_is_signed(mm))
		write_certreqs(e, mm);
	if (v->natt != VENDOR_UNKNOWN)
		nat_write_natd(e, mm, mm->chosen.integrity);
}

void
v1_read_certreqs(struct mm_sa *mm, const struct message *m)
{
	uint8_t buf[8192];
	const struct payload *p;
	struct writer w;
	size_t count = 0;

	writer_init(&w, buf, sizeof(buf));
	for (size_t i = 0; (p = message_find(m, PAYLOAD_CERTREQ, i)) != NULL; i++) {
		if (p->body.n < 2 || p->body.p[0] != CERT_X509_SIGNATURE ||
		    w.n + 3 + p->body.n > sizeof(buf) || ++count > AUTH_PARTS_MAX)
			continue;
		auth_part_write(
		    &w, AUTH_PART_AUTHORITY, span_of(p->body.p + 1, p->body.n - 1));
	}
	(void)blob_set(&mm->v1->wanted, span_of(buf, writer_ok(&w) ? w.n : 0));
}

/* ---- messages 5 and 6 ---- */

bool
v1_own_id(struct mm_sa *mm)
{
	struct endpoint end = { mm->local.addr, 0 };
	uint8_t buf[20];
	struct writer w;

	writer_init(&w, buf, sizeof(buf));
	pld_id_encode_endpoint(&w, 0, &end);
	return writer_ok(&w) && blob_set(&mm->v1->own_id, span_of(buf, w.n));
}

bool
v1_build_id(struct engine *e, struct mm_sa *mm, struct span proof, struct span *wire)
{
	struct v1_mm *v = mm->v1;
	struct auth_part_list list;
	const struct auth_part *p;

	if (!auth_parts_read(blob_span(&v->parts), &list))
		return false;
	v1_begin(e, mm, EXCHANGE_IDENTITY, 0);
	v1_write(e, PAYLOAD_ID, blob_span(&v->own_id));
	for (size_t i = 0; (p = auth_part_find(&list, AUTH_PART_CERT, i)) != NULL; i++)
		v1_write(e, PAYLOAD_CERT, p->data);
	v1_write(e, v1_is_signed(mm) ? PAYLOAD_SIG : PAYLOAD_HASH, proof);
	v->iv_before = v->iv;
	return v1_finish(e, wire) && v1_seal(e, mm, &v->iv, wire);
}

struct span
v1_proof(const struct engine *e, const struct mm_sa *mm)
{
	const struct payload *p =
	    message_find(&e->in, v1_is_signed(mm) ? PAYLOAD_SIG : PAYLOAD_HASH, 0);
	const struct payload *other =
	    message_find(&e->in, v1_is_signed(mm) ? PAYLOAD_HASH : PAYLOAD_SIG, 0);

	return p != NULL && other == NULL ? p->body : SPAN_NONE;
}

/* ---- ends ---- */

void
v1_established(struct engine *e, struct mm_sa *mm)
{
	struct v1_mm *v = mm->v1;

	request_done(e, &mm->request);
	timer_cancel(&e->timers, &mm->responder_timer);
	v->step = V1_DONE;
	mm->keys.peer_proved = true;
	dos_closed(e, mm);
	v1_forget(v);
	blob_free(&mm->ni);
	blob_free(&mm->nr);
	mm_established(e, mm);
	v1_rekey_adopt(e, mm);
	v1_rekey_arm(e, mm);
	v1_dpd_start(e, mm);
	/* What the peer began meanwhile is not stale. */
	if (mm->initiator && mm->is_first_contact &&
	    !sadb_mm_exists_with(e, &mm->remote.addr, mm))
		v1_info_notify(e, mm, NOTIFY_INITIAL_CONTACT, SPAN_NONE);
	qm_start_pending(e, mm);
}

void
v1_garbled(struct engine *e, struct mm_sa *mm)
{
	mm->v1->garbled = true;
	event_drop(e, mm, IKE_ERR_DECRYPT);
	if (mm->v1->sent_malformed)
		return;
	mm->v1->sent_malformed = true;
	v1_info_clear(e, mm, NOTIFY_PAYLOAD_MALFORMED);
}
