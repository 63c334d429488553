/*
 * Main mode, initiator: M1 out, M2 in (MS-AIPS 3.2; spec authip.md 1.3, 1.4, 4.2, 4.5).
 * What authenticates: gss_init.c.
 */
#include <stdlib.h>
#include <string.h>

#include "ike/nat.h"
#include "ike/policy_pool.h"
#include "ike/v1.h"

/* The methods of the policy that can be used, in its order. */
static void
mm_offered_methods(const struct policy *p, struct pld_auth *list)
{
	list->n = 0;
	for (uint32_t i = 0; i < p->n_mm_auth; i++)
		if (auth_is_authip(&p->mm_auth[i]))
			list->method[list->n++] = (uint16_t)p->mm_auth[i].method;
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

/* Another first message, in place of one that proved nothing yet. */
static bool
mm_begin_again(struct engine *e, struct mm_sa *mm, uint32_t group_attempt)
{
	struct qm_sa *qm;
	struct mm_sa *again =
	    mm_init_start(e, &mm->local, &mm->remote, &mm->policy_of, group_attempt);

	if (again == NULL)
		return false;
	again->peer_status = mm->peer_status;
	again->twin = mm->twin;
	if (mm->twin != NULL)
		mm->twin->twin = again;
	mm->twin = NULL;
	while ((qm = LIST_FIRST(&mm->quick_modes)) != NULL)
		sadb_qm_move(qm, again);
	sadb_mm_free(e, mm);
	return true;
}

void
mm_init_spare_pending(struct engine *e, struct mm_sa *mm)
{
	struct endpoint local = { mm->local.addr, 500 }, remote = { mm->remote.addr, 500 };
	struct mm_sa *again = NULL;
	struct qm_sa *qm, *next;

	for (qm = LIST_FIRST(&mm->quick_modes); mm->initiator && qm != NULL; qm = next) {
		next = LIST_NEXT(qm, mm_link);
		if (qm->state != QM_PENDING)
			continue;
		if (again == NULL && (again = mm_init_start(e, &local, &remote, &mm->policy_of,
					  mm->group_attempt)) == NULL)
			return;
		sadb_qm_move(qm, again);
	}
}

/* Another group is worth a try only when nobody answered (A36, spec 7.2). */
static bool
mm_try_next_group(struct engine *e, struct mm_sa *mm)
{
	enum dh_group group;

	return mm->dialect->mm_group_mode == MM_GROUP_STRICT &&
	       proposal_mm_group(mm->policy, mm->dialect, mm->group_attempt + 1, &group) &&
	       mm_begin_again(e, mm, mm->group_attempt + 1);
}

static void
mm_init_give_up(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;

	if (!mm_try_next_group(e, mm))
		mm_fail(e, mm, "first message of main mode", IKE_ERR_TIMED_OUT, NULL,
		    false, true);
}

/* token: that of the first method, made before anything was sent (A47); NULL: none. */
static bool
mm_build_m1(
    struct engine *e, struct mm_sa *mm, const struct pld_gss *token, struct span *out)
{
	const struct dialect *d = mm->dialect;
	struct pld_auth list;

	exchange_begin(e, mm, EXCHANGE_MM, 0, seq_take(mm, SEQ_MM, d), false);
	build_payload(e->out, PAYLOAD_SA);
	proposal_mm_offer(
	    mm->policy, d->mm_group_mode == MM_GROUP_MIXED, mm->group, d, &e->sa_out);
	pld_sa_encode(&e->out->w, &e->sa_out, false);
	build_end(e->out);
	mm_offered_methods(mm->policy, &list);
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &list);
	build_end(e->out);
	mm_write_random(e, PAYLOAD_NONCE, d->nonce_len);
	mm_write_vendors(e, mm, true, 0);
	nat_write_natd(e, mm, d->natd_hash == NATD_HASH_SHA1 ? HASH_SHA1 : HASH_SHA256);
	if (token != NULL) {
		build_payload(e->out, PAYLOAD_GSS);
		pld_gss_encode(&e->out->w, token);
		build_end(e->out);
	}
	if (mm->dh != NULL) {
		build_payload(e->out, PAYLOAD_KE);
		writer_bytes(&e->out->w, dh_public(mm->dh));
		build_end(e->out);
	}
	if (!exchange_finish(e, mm, out))
		return false;
	return blob_set(&mm->ni,
		   chain_find(build_chain(e->out), e->out->first, PAYLOAD_NONCE, 0)) &&
	       chain_add(mm, &mm->gss, *out, build_chain(e->out));
}

static bool
mm_send_m1(struct engine *e, struct mm_sa *mm, const struct pld_gss *token)
{
	struct span m1;

	if (!mm_build_m1(e, mm, token, &m1))
		return false;
	mm->state = MM_FIRST_SENT;
	request_send(e, &mm->request, mm, m1, mm->dialect->retransmit_max_first,
	    mm_init_give_up, mm);
	return true;
}

/* A token in M1 saves a round where we know who the peer will be (A47). */
static bool
mm_begins_with_token(struct engine *e, struct mm_sa *mm)
{
	struct gss *g = &mm->gss;

	mm_offered_methods(mm->policy, &g->methods);
	if (mm->dialect->optimistic_gss != OPTIMISTIC_GSS_ON || g->methods.n == 0 ||
	    g->methods.method[0] == AUTH_ANONYMOUS ||
	    !peer_recall_name(e, &mm->remote.addr, mm->peer_gss_id))
		return false;
	mm->state = MM_TOKEN_FIRST;
	gss_init_try(e, mm);
	return true;
}

void
mm_init_token(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct pld_gss token = { .flags = gss_first_flags(mm), .token = r->token };
	bool failed = r->status == AUTH_FAILED;

	if (failed) { /* the peer may be somebody else now: ask it */
		mm->gss.state = GSS_NONE;
		mm->peer_gss_id[0] = '\0';
	}
	mm->gss.fresh = false;
	if (!mm_send_m1(e, mm, failed ? NULL : &token))
		mm_fail(e, mm, "first message of main mode", IKE_ERR_CRYPTO, NULL,
		    false, true);
}

struct mm_sa *
mm_init_start(struct engine *e, const struct endpoint *local, const struct endpoint *remote,
    const struct class_policy *policy, uint32_t group_attempt)
{
	uint8_t cookie[COOKIE_BYTES];
	struct mm_sa *mm;

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
	if (!proposal_mm_group(mm->policy, mm->dialect, group_attempt, &mm->group) ||
	    (mm->group != DH_NONE && (mm->dh = mm_make_dh(e, mm->group)) == NULL) ||
	    (!mm_begins_with_token(e, mm) && !mm_send_m1(e, mm, NULL))) {
		sadb_mm_free(e, mm);
		return NULL;
	}
	event_mm(e, EVENT_MM_STARTED, mm, IKE_OK, "main mode started");
	return mm;
}

void
mm_init_hurry(struct engine *e, struct mm_sa *mm)
{
	if (mm->state == MM_FIRST_SENT)
		request_hurry(e, &mm->request);
	if (mm->twin != NULL && mm->twin->state == MM_FIRST_SENT)
		request_hurry(e, &mm->twin->request);
}

/* ---- M2 ---- */

/* Auth of M2: a non-empty subset of ours in our order; the first one is used (A46). */
static enum ike_err
mm_check_auth(const struct mm_sa *mm, const struct pld_auth *list)
{
	struct pld_auth mine;

	mm_offered_methods(mm->policy, &mine);
	for (size_t i = 0, at = 0; i < list->n; i++, at++) {
		while (at < mine.n && mine.method[at] != list->method[i])
			at++;
		if (at == mine.n)
			return IKE_ERR_NO_AUTH_METHOD;
	}
	return list->n > 0 ? IKE_OK : IKE_ERR_NO_AUTH_METHOD;
}

static enum ike_err
mm_check_ke(struct mm_sa *mm, const struct payload *ke)
{
	if (mm->group == DH_NONE)
		return ke == NULL ? IKE_OK : IKE_ERR_KE;
	if (ke == NULL)
		return IKE_ERR_KE;
	if ((mm->z = calloc(1, sizeof(*mm->z))) == NULL)
		return IKE_ERR_NO_MEMORY;
	if (dh_shared(mm->dh, ke->body, true, mm->z))
		return IKE_OK;
	free(mm->z);
	mm->z = NULL;
	return IKE_ERR_DH;
}

/* What M2 says; nothing of it is kept before all of it was checked. */
struct m2 {
	struct mm_proposal chosen;
	struct pld_auth auth;
	struct pld_gss gss;
	bool has_gss;
	char gss_id[256];
};

static enum ike_err
mm_check_gss(const struct mm_sa *mm, const struct message *m, struct m2 *m2)
{
	const struct payload *gss = message_find(m, PAYLOAD_GSS, 0);
	const struct payload *id = message_find(m, PAYLOAD_GSS_ID, 0);
	enum ike_err err;

	m2->has_gss = gss != NULL;
	if (gss != NULL && mm->gss.state != GSS_RUNS)
		return IKE_ERR_PAYLOAD_UNEXPECTED;
	if (gss != NULL && (err = pld_gss_decode(gss->body, &m2->gss)) != IKE_OK)
		return err;
	m2->gss_id[0] = '\0';
	if (id != NULL)
		return pld_gss_id_decode(id->body, m2->gss_id, sizeof(m2->gss_id));
	/* Kerberos needs a name to ask for; the others do without (A43). */
	return m2->auth.method[0] == AUTH_KERBEROS && mm->peer_gss_id[0] == '\0' ?
		   IKE_ERR_PAYLOAD_MISSING :
		   IKE_OK;
}

static enum ike_err
mm_check_m2(struct engine *e, struct mm_sa *mm, struct m2 *m2)
{
	const struct message *m = &e->in;
	enum ike_err err;

	if (memcmp(m->h.rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		return IKE_ERR_COOKIE;
	err = pld_sa_decode(message_find(m, PAYLOAD_SA, 0)->body, false, &e->sa_in);
	if (err == IKE_OK)
		err = proposal_mm_verify(
		    mm->policy, mm->dialect, mm->group, &e->sa_in, &m2->chosen);
	if (err == IKE_OK)
		err =
		    pld_auth_decode(message_find(m, PAYLOAD_AUTH, 0)->body, &m2->auth);
	if (err == IKE_OK)
		err = mm_check_auth(mm, &m2->auth);
	for (size_t i = 0; err == IKE_OK && i < 2; i++)
		err = pld_nonce_check(message_find(m, PAYLOAD_NONCE, i)->body);
	if (err == IKE_OK)
		err = mm_check_gss(mm, m, m2);
	if (err == IKE_OK)
		err = mm_check_ke(mm, message_find(m, PAYLOAD_KE, 0));
	return err;
}

void
mm_init_authenticated(struct engine *e, struct mm_sa *mm)
{
	struct gss *g = &mm->gss;

	if (!keys_derive_mm(mm)) {
		mm_fail(e, mm, "main mode keys", IKE_ERR_CRYPTO, NULL, false, true);
		return;
	}
	g->state = GSS_DONE;
	qm_start_pending(e, mm);
}

/* The methods are agreed: a dialogue, or the one that M1 began goes on. */
static void
mm_init_authenticate(struct engine *e, struct mm_sa *mm, const struct m2 *m2)
{
	struct gss *g = &mm->gss;

	g->methods = m2->auth;
	if (m2->has_gss && g->method == m2->auth.method[0]) {
		gss_init_token(e, mm, &m2->gss);
		return;
	}
	gss_forget(e, mm);
	g->at = 0;
	g->dialogues = 0;
	gss_init_try(e, mm);
}

/*
 * M1 said that there is no main mode with the peer, and was sent again after the peer had begun
 * one: the peer would believe it, and drop that one alone (mm_drop_older()).
 */
static bool
mm_says_too_much(const struct engine *e, const struct mm_sa *mm)
{
	return mm->is_first_contact && mm->request.n_sent + mm->request.n_hurried > 1 &&
	       sadb_mm_exists_with(e, &mm->remote.addr, mm);
}

/*
 * M2. Nothing of it is authenticated: a bad one is dropped and the good one may still
 * come (A62); only silence ends the attempt.
 */
void
mm_init_m2(struct engine *e, struct mm_sa *mm)
{
	struct m2 m2;
	enum ike_err err;

	if (!exchange_rules(e, mm, MSG_M2))
		return;
	if ((err = mm_check_m2(e, mm, &m2)) != IKE_OK) {
		event_drop(e, mm, err);
		return;
	}
	if (mm_says_too_much(e, mm) && mm_begin_again(e, mm, mm->group_attempt))
		return;
	memcpy(mm->rcookie, e->in.h.rcookie, COOKIE_BYTES);
	mm->chosen = m2.chosen;
	if (m2.gss_id[0] != '\0')
		memcpy(mm->peer_gss_id, m2.gss_id, sizeof(mm->peer_gss_id));
	mm_read_vendors(mm, &e->in);
	nat_read_natd(mm, &e->in);
	nat_float(e, mm);
	if (!blob_set(&mm->nr, message_find(&e->in, PAYLOAD_NONCE, 0)->whole) ||
	    !blob_set(&mm->nr_qm, message_find(&e->in, PAYLOAD_NONCE, 1)->whole) ||
	    !chain_add(mm, &mm->gss, e->in.raw, e->in.chain)) {
		mm_fail(e, mm, "main mode keys", IKE_ERR_CRYPTO, NULL, false, true);
		return;
	}
	request_done(e, &mm->request);
	dh_free(mm->dh);
	mm->dh = NULL;
	mm->state = MM_INIT_FIRST_DONE;
	v1_twin_won(e, mm);
	mm_init_authenticate(e, mm, &m2);
}
