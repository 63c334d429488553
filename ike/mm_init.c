/* Main mode, initiator: M1 out, M2 in (MS-AIPS 3.2; spec authip.md 1.3, 4.2, 4.5). */
#include <stdlib.h>
#include <string.h>

#include "ike/nat.h"
#include "ike/policy_pool.h"
#include "ike/state.h"

#define M1_CHAIN_AT (ISAKMP_HEADER_BYTES + 8) /* behind the Crypto payload */

static bool
mm_has_offered_auth(const struct policy *p, uint16_t method)
{
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if (p->mm_auth[i].offered && p->mm_auth[i].method == method)
			return true;
	return false;
}

static void
mm_write_auth(struct engine *e, const struct policy *p)
{
	struct pld_auth list = { .n = 0 };

	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if (p->mm_auth[i].offered)
			list.method[list.n++] = (uint16_t)p->mm_auth[i].method;
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &list);
	build_end(e->out);
}

static void
mm_write_random(struct engine *e, enum ike_payload_type type, size_t n)
{
	uint8_t nonce[256];

	e->p.host.random(e->p.host.ctx, nonce, n);
	build_payload(e->out, type);
	writer_bytes(&e->out->w, span_of(nonce, n));
	build_end(e->out);
}

static struct dh *
mm_make_dh(struct engine *e, enum dh_group g)
{
	uint8_t random[DH_PRIVATE_MAX_BYTES];
	size_t n = dh_private_len_bytes(g);
	struct dh *dh;

	if (n == 0 || n > sizeof(random))
		return NULL;
	e->p.host.random(e->p.host.ctx, random, n);
	dh = dh_new(g, span_of(random, n));
	secret_wipe_bytes(random, sizeof(random));
	return dh;
}

/* Another group is worth a try only when nobody answered (A36, spec 7.2). */
static bool
mm_try_next_group(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm;
	struct mm_sa *again;

	if (e->p.dialect.mm_group_mode != MM_GROUP_STRICT ||
	    proposal_mm_group(mm->policy, mm->group_attempt + 1) == DH_NONE)
		return false;
	again = mm_init_start(e, &mm->local, &mm->remote, &mm->policy_of, mm->group_attempt + 1);
	if (again == NULL)
		return false;
	again->peer_status = mm->peer_status;
	while ((qm = LIST_FIRST(&mm->quick_modes)) != NULL)
		sadb_qm_move(qm, again);
	sadb_mm_free(e, mm);
	return true;
}

static void
mm_init_give_up(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;

	if (!mm_try_next_group(e, mm))
		mm_fail(e, mm, "first message of main mode", IKE_ERR_TIMED_OUT, NULL, false,
		    true);
}

static bool
mm_build_m1(struct engine *e, struct mm_sa *mm, struct span *out)
{
	enum hash_id natd = e->p.dialect.natd_hash == NATD_HASH_SHA1 ? HASH_SHA1 : HASH_SHA256;
	bool mixed = e->p.dialect.mm_group_mode == MM_GROUP_MIXED;

	exchange_begin(e, mm, EXCHANGE_MM, 0, seq_take(mm, SEQ_MM, &e->p.dialect), false);
	build_payload(e->out, PAYLOAD_SA);
	proposal_mm_offer(mm->policy, mixed ? DH_NONE : mm->group, &e->p.dialect, &e->sa_out);
	pld_sa_encode(&e->out->w, &e->sa_out, false);
	build_end(e->out);
	mm_write_auth(e, mm->policy);
	mm_write_random(e, PAYLOAD_NONCE, e->p.dialect.nonce_len);
	mm_write_vendors(e, mm, true, 0);
	nat_write_natd(e, mm, natd);
	build_payload(e->out, PAYLOAD_KE);
	writer_bytes(&e->out->w, dh_public(mm->dh));
	build_end(e->out);
	if (!exchange_finish(e, mm, out))
		return false;
	return blob_set(&mm->ni,
		   chain_find(build_chain(e->out), e->out->first, PAYLOAD_NONCE, 0)) &&
	    chain_add(e, mm, &mm->chain, false, *out, build_chain(e->out));
}

struct mm_sa *
mm_init_start(struct engine *e, const struct endpoint *local, const struct endpoint *remote,
    const struct class_policy *policy, uint32_t group_attempt)
{
	uint8_t cookie[COOKIE_BYTES];
	struct mm_sa *mm;
	struct span m1;

	do
		e->p.host.random(e->p.host.ctx, cookie, sizeof(cookie));
	while (memcmp(cookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0);
	if ((mm = sadb_mm_new(e, true, local, remote, cookie)) == NULL)
		return NULL;
	mm->policy_of = *policy;
	mm->state = MM_FIRST_SENT;
	mm->group_attempt = group_attempt;
	if (!policy_hold(e, &mm->policy_of)) {
		sadb_mm_free(e, mm);
		return NULL;
	}
	mm->policy = mm->policy_of.policy;
	mm->group = proposal_mm_group(mm->policy, group_attempt);
	if ((mm->dh = mm_make_dh(e, mm->group)) == NULL || !mm_build_m1(e, mm, &m1)) {
		sadb_mm_free(e, mm);
		return NULL;
	}
	event_mm(e, EVENT_MM_STARTED, mm, IKE_OK, "main mode started");
	request_send(e, &mm->request, mm, m1, e->p.dialect.retransmit_max_first,
	    mm_init_give_up, mm);
	return mm;
}

/* Auth of M2: a non-empty subset of ours in our order; the first one is used (A46). */
static enum ike_err
mm_check_auth(const struct mm_sa *mm, const struct payload *p)
{
	struct pld_auth list;
	enum ike_err err = pld_auth_decode(p->body, &list);

	if (err != IKE_OK)
		return err;
	for (size_t i = 0; i < list.n; i++)
		if (!mm_has_offered_auth(mm->policy, list.method[i]))
			return IKE_ERR_NO_AUTH_METHOD;
	return list.method[0] == AUTH_ANONYMOUS ? IKE_OK : IKE_ERR_NO_AUTH_METHOD;
}

static enum ike_err
mm_check_m2(struct engine *e, struct mm_sa *mm, struct mm_proposal *chosen)
{
	const struct message *m = &e->in;
	const struct payload *ke = message_find(m, PAYLOAD_KE, 0), *id;
	enum ike_err err;

	err = pld_sa_decode(message_find(m, PAYLOAD_SA, 0)->body, false, &e->sa_in);
	if (err != IKE_OK)
		return err;
	if ((err = proposal_mm_verify(mm->policy, mm->group, &e->sa_in, chosen)) != IKE_OK)
		return err;
	if ((err = mm_check_auth(mm, message_find(m, PAYLOAD_AUTH, 0))) != IKE_OK)
		return err;
	if (ke == NULL)
		return IKE_ERR_KE;
	for (size_t i = 0; i < 2; i++) {
		err = pld_nonce_check(message_find(m, PAYLOAD_NONCE, i)->body);
		if (err != IKE_OK)
			return err;
	}
	id = message_find(m, PAYLOAD_GSS_ID, 0);
	if (id != NULL &&
	    (err = pld_gss_id_decode(id->body, mm->peer_gss_id, sizeof(mm->peer_gss_id))) !=
		IKE_OK)
		return err;
	if ((mm->z = calloc(1, sizeof(*mm->z))) == NULL)
		return IKE_ERR_NO_MEMORY;
	if (!dh_shared(mm->dh, ke->body, e->p.dialect.ecdh_form == ECDH_FORM_XY, mm->z)) {
		free(mm->z);
		mm->z = NULL;
		return IKE_ERR_DH;
	}
	return IKE_OK;
}

/*
 * M2. Nothing of it is authenticated: a bad one is dropped and the good one may still
 * come (A62); only silence ends the attempt.
 */
void
mm_init_m2(struct engine *e, struct mm_sa *mm)
{
	struct mm_proposal chosen;
	enum ike_err err;

	if (mm->state != MM_FIRST_SENT) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (!exchange_rules(e, mm, MSG_M2))
		return;
	if (memcmp(e->in.h.rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		err = IKE_ERR_COOKIE;
	else
		err = mm_check_m2(e, mm, &chosen);
	if (err != IKE_OK) {
		event_drop(e, mm, err);
		return;
	}
	memcpy(mm->rcookie, e->in.h.rcookie, COOKIE_BYTES);
	mm->chosen = chosen;
	mm_read_vendors(mm, &e->in);
	nat_read_natd(mm, &e->in);
	nat_float(e, mm);
	if (!blob_set(&mm->nr, message_find(&e->in, PAYLOAD_NONCE, 0)->whole) ||
	    !blob_set(&mm->nr_qm, message_find(&e->in, PAYLOAD_NONCE, 1)->whole) ||
	    !chain_add(e, mm, &mm->chain, false, e->in.raw, e->in.chain) ||
	    !keys_derive_mm(e, mm, SPAN_NONE)) {
		mm_fail(e, mm, "main mode keys", IKE_ERR_CRYPTO, NULL, false, true);
		return;
	}
	request_done(e, &mm->request);
	dh_free(mm->dh);
	mm->dh = NULL;
	mm->state = MM_INIT_FIRST_DONE;
	qm_start_pending(e, mm);
}

/* ---- DOS_COOKIE (A75) ---- */

/* Sets CKY-R of the stored M1 and hashes it anew. */
static bool
mm_put_cookie(struct engine *e, struct mm_sa *mm, const uint8_t *cookie)
{
	struct blob *m1 = &mm->request.bytes;

	if (m1->n < M1_CHAIN_AT)
		return false;
	memcpy(m1->p + COOKIE_BYTES, cookie, COOKIE_BYTES);
	chain_clear(&mm->chain);
	return chain_add(e, mm, &mm->chain, false, blob_span(m1),
	    span_of(m1->p + M1_CHAIN_AT, m1->n - M1_CHAIN_AT));
}

/*
 * Not authenticated. Each transmission of M1 gets one answer, which has no retransmissions
 * of its own: a liar gains one datagram for each of his.
 */
void
mm_init_cookie(struct engine *e, struct mm_sa *mm)
{
	struct pld_notify n;
	const struct payload *p = message_find(&e->in, PAYLOAD_NOTIFY, 0);

	if (e->in.n_payload != 1 || p == NULL || pld_notify_decode(p->body, &n) != IKE_OK ||
	    (n.type != NOTIFY_DOS_COOKIE && n.type != NOTIFY_DOS_COOKIE_IKEV1) ||
	    n.data.n != COOKIE_BYTES ||
	    memcmp(n.data.p, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0) {
		event_drop(e, mm, IKE_ERR_CRYPTO_PAYLOAD);
		return;
	}
	if (mm->cookie_n_sent == mm->request.n_sent || !mm_put_cookie(e, mm, n.data.p)) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	mm->cookie_n_sent = mm->request.n_sent;
	action_send_to(e, mm, blob_span(&mm->request.bytes));
	event_mm(e, EVENT_RETRANSMIT, mm, IKE_OK, "the peer wants a cookie: sent it");
}

/* Nobody answered the cookie twice: it may be a lie, or too old. Ask without. */
void
mm_init_before_resend(struct engine *e, struct mm_sa *mm)
{
	static const uint8_t none[COOKIE_BYTES];

	if (mm->state == MM_FIRST_SENT && mm->cookie_n_sent != 0 &&
	    mm->request.n_sent >= mm->cookie_n_sent + 2)
		(void)mm_put_cookie(e, mm, none);
}
