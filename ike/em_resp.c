/* Extended mode, responder: E1, E2, GSS rounds, E3, E4 (MS-AIPS 3.7, 3.9). */
#include <string.h>

#include "ike/state.h"

#define SEC_E_INVALID_TOKEN 0x80090308u

/* Sends a response; hashed: it enters the chain of Auth3/Auth4. */
static void
em_answer(struct engine *e, struct mm_sa *mm, bool hashed)
{
	struct span out;

	if (!exchange_finish(e, mm, &out) ||
	    (hashed &&
		!chain_add(e, mm, &mm->em.chain, true, out, build_chain(e->out)))) {
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	answered_reply(e, &mm->answered, mm, out);
	if (mm->em.state != EM_COMPLETE)
		mm_progress(e, mm);
}

/* E1: answer what is acceptable, in the initiator's order, positions kept (A41). */
static void
em_input_e1(struct engine *e, struct mm_sa *mm)
{
	struct pld_auth offered, list = { .n = 0 };
	enum ike_err err;

	err = pld_auth_decode(message_find(&e->in, PAYLOAD_AUTH, 0)->body, &offered);
	for (size_t i = 0; err == IKE_OK && i < offered.n; i++)
		for (uint32_t k = 0; k < mm->policy->n_em_auth; k++)
			if (mm->policy->em_auth[k].offered &&
			    (uint16_t)mm->policy->em_auth[k].method == offered.method[i]) {
				list.method[list.n++] = offered.method[i];
				break;
			}
	if (err == IKE_OK && list.n == 0)
		err = IKE_ERR_NO_EM_METHOD;
	if (err != IKE_OK) {
		mm_fail(e, mm, "first message of extended mode", err, NULL, true, true);
		return;
	}
	mm->em.methods = list;
	mm->em.state = EM_RESP_FIRST_DONE;
	exchange_begin(e, mm, EXCHANGE_EM, e->p.dialect.em_e2_mid == EM_E2_MID_0 ? 0 : 1,
	    seq_answer(e->in.seq, &e->p.dialect), true);
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &list);
	build_end(e->out);
	build_payload(e->out, PAYLOAD_GSS_ID);
	pld_gss_id_encode(&e->out->w, e->p.gss_id);
	build_end(e->out);
	em_answer(e, mm, true);
}

static void
em_answer_gss(struct engine *e, struct mm_sa *mm, const struct pld_gss *g)
{
	const struct isakmp_header *h = &mm->em.answer_header;
	bool encrypted = (h->flags & ISAKMP_FLAG_ENCRYPTED) != 0;

	exchange_begin(e, mm, h->exchange, h->message_id,
	    seq_answer(mm->em.answer_seq, &e->p.dialect), encrypted);
	build_payload(e->out, PAYLOAD_GSS);
	pld_gss_encode(&e->out->w, g);
	build_end(e->out);
	em_answer(e, mm, true);
}

/* The dialogue failed here: the initiator may try the next method or credential (4.4). */
static void
em_answer_failure(struct engine *e, struct mm_sa *mm, uint32_t status, bool retry)
{
	struct pld_gss g = { .status = status, .flags = retry ? GSS_FLAG_RETRY : 0 };

	em_forget_dialogue(e, mm);
	mm->em.state = EM_RESP_FIRST_DONE;
	em_answer_gss(e, mm, &g);
}

/* The method that a token looks like, 0 if like none: Kerberos, NTLM, TLS record. */
static uint16_t
em_sniff(struct span token)
{
	static const uint8_t ntlm[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0 };

	if (token.n >= 1 && token.p[0] == 0x60)
		return AUTH_KERBEROS;
	if (token.n >= sizeof(ntlm) && memcmp(token.p, ntlm, sizeof(ntlm)) == 0)
		return AUTH_NTLM;
	if (token.n >= 2 && token.p[0] == 0x16 && token.p[1] == 0x03)
		return AUTH_TLS;
	return 0;
}

/* An initiator without credentials passes a method over in silence: the token tells. */
static void
em_follow_token(struct em *em, struct span token)
{
	uint16_t method = em_sniff(token);

	for (size_t i = 0; method != 0 && i < em->methods.n; i++) {
		size_t at = (em->at + i) % em->methods.n;

		if (em->methods.method[at] != method)
			continue;
		if (at != em->at)
			em->credential = 0;
		em->at = at;
		return;
	}
}

/*
 * Which method a NEW token belongs to (spec 4.4): its position. Every NEW but the first
 * follows a failure: ours, or one that the initiator had with us and does not mention.
 */
static bool
em_pick_method(struct em *em, const struct pld_gss *g)
{
	if (em->dialogues > 0 && (g->flags & GSS_FLAG_RETRY) != 0) {
		em->credential++;
	} else if (em->dialogues > 0) {
		em->at++;
		em->credential = 0;
	}
	em_follow_token(em, g->token);
	if (em->at >= em->methods.n || ++em->dialogues > GSS_MAX_DIALOGUES)
		return false;
	em->method = em->methods.method[em->at];
	return true;
}

/* The initiator gives up a dialogue by a status alone; with NEW it begins another one. */
static bool
em_peer_failed(struct em *em, const struct pld_gss *g)
{
	static const char why[] = "the peer could not start its credentials";

	if (g->status == 0 || ((g->flags & GSS_FLAG_NEW) != 0 && g->token.n > 0))
		return false;
	(void)blob_set_text(&em->failure, why, sizeof(why));
	if (em->dialogues == 0)
		em->dialogues = 1; /* that of the first method */
	return true;
}

static void
em_input_gss(struct engine *e, struct mm_sa *mm)
{
	struct em *em = &mm->em;
	struct pld_gss g;

	if (pld_gss_decode(message_find(&e->in, PAYLOAD_GSS, 0)->body, &g) != IKE_OK) {
		mm_fail(e, mm, "extended mode", IKE_ERR_GSS, NULL, true, true);
		return;
	}
	if (++em->rounds > GSS_MAX_ROUNDS ||
	    ((g.flags & GSS_FLAG_NEW) != 0 && !em_pick_method(em, &g))) {
		mm_fail(e, mm, "extended mode", em_failure(&mm->em),
		    em->failure.n > 0 ? blob_text(&em->failure) : "no method is left", true,
		    true);
		return;
	}
	/* The answer waits for auth: remember what it answers. */
	em->answer_header = e->in.h;
	em->answer_seq = e->in.seq;
	if (em_peer_failed(em, &g)) {
		em_answer_failure(e, mm, g.status, false);
		return;
	}
	if ((g.flags & GSS_FLAG_NEW) != 0) {
		em_forget_dialogue(e, mm);
		em->state = EM_GSS;
		gss_ask_auth(e, mm, AUTH_START, g.token);
	} else if (em->handle == 0 || em->state != EM_GSS) {
		em_answer_failure(e, mm, SEC_E_INVALID_TOKEN, false);
	} else {
		gss_ask_auth(e, mm, AUTH_STEP, g.token);
	}
}

void
em_resp_auth(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct pld_gss g = { .token = r->token };

	if (r->status == AUTH_FAILED) {
		char buf[512];
		struct text t;

		mm->em.wrong_target = mm->em.wrong_target || r->wrong_target;
		(void)blob_set_text(&mm->em.failure, r->text, sizeof(r->text));
		text_init(&t, buf, sizeof(buf));
		event_failure_text(&t, mm, "extended mode", em_failure(&mm->em), r->text);
		event_mm(e, EVENT_NEGOTIATION_FAILED, mm, em_failure(&mm->em), buf);
		em_answer_failure(e, mm,
		    r->gss_status != 0 ? r->gss_status : SEC_E_INVALID_TOKEN,
		    r->retry_possible);
		return;
	}
	if (r->status == AUTH_DONE) {
		g.flags = GSS_FLAG_COMPLETE;
		mm->em.state = EM_GSS_DONE;
	}
	em_answer_gss(e, mm, &g);
}

/* E3: Auth3 proves that the initiator has the secret of its own dialogue. */
static void
em_input_e3(struct engine *e, struct mm_sa *mm)
{
	const struct payload *p = message_find(&e->in, PAYLOAD_HASH, 0);
	uint8_t auth3[2 * HASH_MAX_BYTES], auth4[2 * HASH_MAX_BYTES];
	size_t n = 0;
	char buf[400];
	struct text t;

	if (!keys_derive_em(e, mm, secret_span(mm->em.secret)) ||
	    (n = keys_auth34(e, mm, false, auth3)) == 0 || keys_auth34(e, mm, true, auth4) != n) {
		mm_fail(e, mm, "extended mode keys", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	if (p->body.n != n || !secret_equal(p->body.p, auth3, n)) {
		mm->keys.has_em = false;
		mm_fail(e, mm, "extended mode, Auth3", IKE_ERR_AUTH_HASH, NULL, true, true);
		return;
	}
	mm->em.state = EM_COMPLETE;
	timer_cancel(&e->timers, &mm->responder_timer);
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "extended mode established, the peer is ");
	text_str(&t, blob_text(&mm->em.peer_name));
	event_mm(e, EVENT_EM_ESTABLISHED, mm, IKE_OK, buf);
	em_finish(mm);
	mm_drop_stale(e, mm);
	sa_install_all(e, mm, true, true);
	exchange_begin(e, mm, EXCHANGE_EM, 1, seq_answer(e->in.seq, &e->p.dialect), true);
	build_payload(e->out, PAYLOAD_HASH);
	writer_bytes(&e->out->w, span_of(auth4, n));
	build_end(e->out);
	em_answer(e, mm, false);
}

/* The quick mode must be through before extended mode begins (MS-AIPS 3.7.5.1). */
static bool
em_may_begin(const struct mm_sa *mm)
{
	const struct qm_sa *qm;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (qm->negotiated && (qm->state == QM_RESP_DONE || qm->is_fast))
			return mm->state == MM_ESTABLISHED;
	return false;
}

/* Which message a request must be, by state; false: none fits. */
static bool
em_expected(const struct mm_sa *mm, const struct message *m, enum ike_message_id *id)
{
	switch (mm->em.state) {
	case EM_NONE:
		*id = MSG_E1;
		return em_may_begin(mm);
	case EM_RESP_FIRST_DONE:
	case EM_GSS:
		*id = MSG_EM_GSS;
		return true;
	case EM_GSS_DONE:
		*id = message_find(m, PAYLOAD_GSS, 0) != NULL ? MSG_EM_GSS : MSG_E3;
		return true;
	default:
		return false;
	}
}

/* A request of extended mode, authentic by its ICV. */
void
em_resp_input(struct engine *e, struct mm_sa *mm)
{
	enum ike_message_id id;
	enum ike_err err;
	uint8_t type;

	if (mm->em.auth_waiting) {
		event_drop(e, mm, IKE_ERR_STATE); /* one request at a time */
		return;
	}
	if (!em_expected(mm, &e->in, &id)) {
		mm_fail(e, mm, "extended mode", IKE_ERR_STATE, NULL, true, true);
		return;
	}
	if ((err = rules_check(&e->in, id, &type)) != IKE_OK) {
		mm_fail(e, mm, rules_message_name(id), err, NULL, true, true);
		return;
	}
	if (id != MSG_E3 &&
	    !chain_add(e, mm, &mm->em.chain, true, e->in.raw, e->in.chain)) {
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	/* Duplicates are dropped until it is answered, and answered from then on. */
	answered_begin(e, &mm->answered);
	if (id == MSG_E1)
		em_input_e1(e, mm);
	else if (id == MSG_EM_GSS)
		em_input_gss(e, mm);
	else
		em_input_e3(e, mm);
}
