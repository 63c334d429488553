/* Extended mode, initiator: E1, E2, GSS rounds, E3, E4 (MS-AIPS 3.6, 3.8). */
#include <string.h>

#include "ike/gss_status.h"
#include "ike/state.h"

static void
em_give_up(struct engine *e, void *owner)
{
	mm_fail(e, owner, "extended mode", IKE_ERR_TIMED_OUT, NULL, true, true);
}

static uint8_t
em_gss_exchange(const struct engine *e)
{
	return e->p.dialect.em_gss == EM_GSS_243_CLEAR ? EXCHANGE_MM : EXCHANGE_EM;
}

/* Finishes, hashes (unless it is E3) and sends a request of extended mode. */
static bool
em_send(struct engine *e, struct mm_sa *mm, bool hashed)
{
	struct span out;

	if (!exchange_finish(e, mm, &out))
		return false;
	if (hashed &&
	    !chain_add(e, mm, &mm->em.chain, true, out, build_chain(e->out)))
		return false;
	request_send(e, &mm->request, mm, out, e->p.dialect.retransmit_max, em_give_up, mm);
	return true;
}

void
em_init_start(struct engine *e, struct mm_sa *mm)
{
	struct pld_auth list = { .n = 0 };
	const struct policy *p = mm->policy;

	for (uint32_t i = 0; i < p->n_em_auth; i++) {
		bool again = false;

		for (size_t k = 0; k < list.n; k++)
			again = again || list.method[k] == p->em_auth[i].method;
		if (!p->em_auth[i].offered ||
		    (again && e->p.dialect.em_dedupe == EM_DEDUPE_ON))
			continue;
		list.method[list.n++] = (uint16_t)p->em_auth[i].method;
	}
	if (list.n == 0) {
		mm_fail(e, mm, "extended mode", IKE_ERR_NO_EM_METHOD,
		    "no method of the policy is built in", true, true);
		return;
	}
	mm->em.methods = list;
	mm->em.state = EM_FIRST_SENT;
	exchange_begin(e, mm, EXCHANGE_EM, 1, seq_take(mm, SEQ_EM, &e->p.dialect), true);
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &list);
	build_end(e->out);
	if (!em_send(e, mm, true))
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
}

static void
em_try_method(struct engine *e, struct mm_sa *mm)
{
	struct em *em = &mm->em;

	em->method = em->methods.method[em->at];
	em->state = EM_GSS;
	em->dialogues++;
	em->fresh = true;
	gss_ask_auth(e, mm, AUTH_START, SPAN_NONE);
}

/* What failed, for the log: another method may hide it by its own success or failure. */
static void
em_log_failure(struct engine *e, const struct mm_sa *mm, const char *detail)
{
	char buf[512];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	event_failure_text(&t, mm, "extended mode", em_failure(&mm->em), detail);
	event_mm(e, EVENT_NEGOTIATION_FAILED, mm, em_failure(&mm->em), buf);
}

/*
 * Another credential if that can help, else the next method, else the end (4.4).
 * peer_status: why the peer refused us; 0: we failed.
 */
static void
em_next_method(
    struct engine *e, struct mm_sa *mm, bool retry, uint32_t peer_status, const char *detail)
{
	struct em *em = &mm->em;

	em_forget_dialogue(e, mm);
	if (retry) {
		em->credential++;
	} else {
		em->at++;
		em->credential = 0;
	}
	em->last_retry = retry;
	em->peer_status = peer_status;
	if (em->at >= em->methods.n || em->dialogues >= GSS_MAX_DIALOGUES) {
		mm_fail(e, mm, "extended mode", em_failure(&mm->em),
		    em->failure.n > 0 ? blob_text(&em->failure) : detail, true, true);
		return;
	}
	em_log_failure(e, mm, em->failure.n > 0 ? blob_text(&em->failure) : detail);
	em_try_method(e, mm);
}

static bool
em_send_gss(struct engine *e, struct mm_sa *mm, const struct pld_gss *g)
{
	bool clear = e->p.dialect.em_gss == EM_GSS_243_CLEAR;

	if (++mm->em.rounds > GSS_MAX_ROUNDS)
		return false;
	exchange_begin(e, mm, em_gss_exchange(e), clear ? 0 : 1,
	    seq_take(mm, clear ? SEQ_MM : SEQ_EM, &e->p.dialect), !clear);
	build_payload(e->out, PAYLOAD_GSS);
	pld_gss_encode(&e->out->w, g);
	build_end(e->out);
	return em_send(e, mm, true);
}

/* Both contexts are complete: SKEYID_em, inbound SA, E3 (MS-AIPS 3.6.7.2). */
static void
em_send_e3(struct engine *e, struct mm_sa *mm)
{
	uint8_t auth3[2 * HASH_MAX_BYTES];
	size_t n = 0;

	if (!keys_derive_em(e, mm, secret_span(mm->em.secret)) ||
	    (n = keys_auth34(e, mm, false, auth3)) == 0) {
		mm_fail(e, mm, "extended mode keys", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	mm->em.state = EM_FINAL_SENT;
	sa_install_all(e, mm, true, false);
	exchange_begin(e, mm, EXCHANGE_EM, 1, seq_take(mm, SEQ_EM, &e->p.dialect), true);
	build_payload(e->out, PAYLOAD_HASH);
	writer_bytes(&e->out->w, span_of(auth3, n));
	build_end(e->out);
	if (!em_send(e, mm, false))
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
}

void
em_init_auth(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct em *em = &mm->em;
	struct pld_gss g = { .token = r->token };

	if (r->status == AUTH_FAILED) {
		em->wrong_target = em->wrong_target || r->wrong_target;
		(void)blob_set_text(&em->failure, r->text, sizeof(r->text));
		em_next_method(e, mm, r->retry_possible, 0, r->text);
		return;
	}
	if (r->status == AUTH_DONE && r->token.n == 0 && em->peer_done) {
		em_send_e3(e, mm);
		return;
	}
	if (em->fresh)
		g.flags |= GSS_FLAG_NEW | (em->last_retry ? GSS_FLAG_RETRY : 0);
	if (em->fresh && em->last_retry)
		g.status = em->peer_status; /* MS-AIPS 3.1: it comes back with the retry */
	em->fresh = false;
	if (!em_send_gss(e, mm, &g))
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, "too many rounds", true, true);
}

/* E2: the methods that the responder accepts, in our order. */
static enum ike_err
em_read_e2(struct engine *e, struct mm_sa *mm)
{
	const struct payload *id = message_find(&e->in, PAYLOAD_GSS_ID, 0);
	struct pld_auth list;
	enum ike_err err;
	size_t at = 0;

	err = pld_auth_decode(message_find(&e->in, PAYLOAD_AUTH, 0)->body, &list);
	if (err != IKE_OK)
		return err;
	for (size_t i = 0; i < list.n; i++, at++) {
		while (at < mm->em.methods.n && mm->em.methods.method[at] != list.method[i])
			at++;
		if (at == mm->em.methods.n)
			return IKE_ERR_NO_EM_METHOD;
	}
	if (id != NULL) {
		err = pld_gss_id_decode(id->body, mm->peer_gss_id, sizeof(mm->peer_gss_id));
		if (err != IKE_OK)
			return err;
	}
	mm->em.methods = list;
	mm->em.at = 0;
	return IKE_OK;
}

static void
em_input_gss(struct engine *e, struct mm_sa *mm)
{
	static const char early[] = "the peer ended the dialogue before it was complete";
	struct em *em = &mm->em;
	struct pld_gss g;

	if (pld_gss_decode(message_find(&e->in, PAYLOAD_GSS, 0)->body, &g) != IKE_OK) {
		mm_fail(e, mm, "extended mode", IKE_ERR_GSS, NULL, true, true);
		return;
	}
	if (g.status != 0) {
		char why[200];
		struct text t;

		text_init(&t, why, sizeof(why));
		gss_status_text(&t, g.status);
		(void)blob_set_text(&em->failure, why, sizeof(why));
		em_next_method(e, mm, (g.flags & GSS_FLAG_RETRY) != 0, g.status, why);
		return;
	}
	em->peer_done = em->peer_done || (g.flags & GSS_FLAG_COMPLETE) != 0;
	if (g.token.n > 0 && !em->local_done) {
		gss_ask_auth(e, mm, AUTH_STEP, g.token);
		return;
	}
	if (em->local_done && em->peer_done && g.token.n == 0) {
		em_send_e3(e, mm);
		return;
	}
	/* Nothing to feed and not complete: success without authentication does not exist. */
	(void)blob_set_text(&em->failure, early, sizeof(early));
	em_next_method(e, mm, false, 0, early);
}

static void
em_input_e4(struct engine *e, struct mm_sa *mm)
{
	const struct payload *p = message_find(&e->in, PAYLOAD_HASH, 0);
	uint8_t auth4[2 * HASH_MAX_BYTES];
	size_t n = keys_auth34(e, mm, true, auth4);
	char buf[400];
	struct text t;

	if (n == 0 || p->body.n != n || !secret_equal(p->body.p, auth4, n)) {
		mm_fail(e, mm, "extended mode, Auth4", IKE_ERR_AUTH_HASH, NULL, true, true);
		return;
	}
	mm->em.state = EM_COMPLETE;
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "extended mode established, the peer is ");
	text_str(&t, blob_text(&mm->em.peer_name));
	event_mm(e, EVENT_EM_ESTABLISHED, mm, IKE_OK, buf);
	em_finish(mm);
	mm_drop_stale(e, mm);
	sa_install_all(e, mm, true, true);
	qm_start_pending(e, mm);
}

/* A response of extended mode, authentic by its ICV. */
void
em_init_input(struct engine *e, struct mm_sa *mm)
{
	enum ike_message_id id = mm->em.state == EM_FIRST_SENT ? MSG_E2 :
	    mm->em.state == EM_FINAL_SENT		       ? MSG_E4 :
								 MSG_EM_GSS;
	enum ike_err err;
	uint8_t type;

	if (mm->request.bytes.n == 0 || mm->em.auth_waiting) {
		event_drop(e, mm, IKE_ERR_STATE); /* a response to nothing */
		return;
	}
	if ((err = rules_check(&e->in, id, &type)) != IKE_OK) {
		mm_fail(e, mm, rules_message_name(id), err, NULL, true, true);
		return;
	}
	if (id == MSG_E2 && (err = em_read_e2(e, mm)) != IKE_OK) {
		mm_fail(e, mm, "extended mode methods", err, NULL, true, true);
		return;
	}
	request_done(e, &mm->request);
	if (id != MSG_E4 &&
	    !chain_add(e, mm, &mm->em.chain, true, e->in.raw, e->in.chain)) {
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	if (id == MSG_E2)
		em_try_method(e, mm);
	else if (id == MSG_EM_GSS)
		em_input_gss(e, mm);
	else
		em_input_e4(e, mm);
}
