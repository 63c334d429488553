/* Extended mode, responder: E1, E2, E3, E4 (MS-AIPS 3.7); its tokens: gss_resp.c. */
#include <string.h>

#include "ike/declined.h"
#include "ike/tongue.h"

/* E1: answer what is acceptable, in the initiator's order, positions kept (A41). */
static void
em_input_e1(struct engine *e, struct mm_sa *mm)
{
	struct pld_auth offered = { .n = 0 }, list;
	enum ike_err err;

	err = pld_auth_decode(message_find(&e->in, PAYLOAD_AUTH, 0)->body, &offered);
	gss_methods_cut(&offered, mm->policy->em_auth, mm->policy->n_em_auth, &list);
	if (err == IKE_OK && list.n == 0)
		err = IKE_ERR_NO_EM_METHOD;
	if (err != IKE_OK) {
		mm_fail(e, mm, "first message of extended mode", err, NULL, true, true);
		return;
	}
	declined_methods(e, mm, &offered, &list);
	mm->em.methods = list;
	mm->em.state = GSS_WANTED;
	exchange_begin(e, mm, EXCHANGE_EM,
	    mm->dialect->em_e2_mid == EM_E2_MID_0 ? 0 : 1,
	    seq_answer(e->in.seq, mm->dialect), true);
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &list);
	build_end(e->out);
	build_payload(e->out, PAYLOAD_GSS_ID);
	pld_gss_id_encode(&e->out->w, e->p.gss_id);
	build_end(e->out);
	gss_resp_answer(e, mm, true);
}

static void
em_input_gss(struct engine *e, struct mm_sa *mm)
{
	struct pld_gss in;

	if (pld_gss_decode(message_find(&e->in, PAYLOAD_GSS, 0)->body, &in) != IKE_OK)
		mm_fail(e, mm, gss_step(mm), IKE_ERR_GSS, NULL, true, true);
	else
		gss_resp_token(e, mm, &in);
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

	if (!keys_derive_em(mm) ||
	    (n = keys_auth34(mm, false, auth3)) == 0 ||
	    keys_auth34(mm, true, auth4) != n) {
		mm_fail(e, mm, "extended mode keys", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	if ((p->body.n != n || !secret_equal(p->body.p, auth3, n)) &&
	    (!tongue_probe_em(e, mm, p->body) ||
		(n = keys_auth34(mm, true, auth4)) == 0)) {
		mm->keys.has_em = false;
		mm_fail(
		    e, mm, "extended mode, Auth3", IKE_ERR_AUTH_HASH, NULL, true, true);
		return;
	}
	mm->em.state = GSS_COMPLETE;
	timer_cancel(&e->timers, &mm->responder_timer);
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "extended mode established, the peer is ");
	text_str(&t, blob_text(&mm->em.peer_name));
	event_mm(e, EVENT_EM_ESTABLISHED, mm, IKE_OK, buf);
	tongue_learned(e, mm);
	gss_finish(mm);
	mm_drop_stale(e, mm);
	sa_install_all(e, mm, true, true);
	exchange_begin(e, mm, EXCHANGE_EM, 1, seq_answer(e->in.seq, mm->dialect), true);
	build_payload(e->out, PAYLOAD_HASH);
	writer_bytes(&e->out->w, span_of(auth4, n));
	build_end(e->out);
	gss_resp_answer(e, mm, false);
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
	case GSS_NONE:
		*id = MSG_E1;
		return em_may_begin(mm);
	case GSS_WANTED:
	case GSS_RUNS:
		*id = MSG_EM_GSS;
		return true;
	case GSS_DONE:
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
	if (id != MSG_E3 && !chain_add(mm, &mm->em, e->in.raw, e->in.chain)) {
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
