/* Extended mode, initiator: E1, E2, E3, E4 (MS-AIPS 3.6); its tokens: gss_init.c. */
#include <string.h>

#include "ike/state.h"

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
		    (again && mm->dialect->em_dedupe == EM_DEDUPE_ON))
			continue;
		list.method[list.n++] = (uint16_t)p->em_auth[i].method;
	}
	if (list.n == 0) {
		mm_fail(e, mm, "extended mode", IKE_ERR_NO_EM_METHOD,
		    "no method of the policy is built in", true, true);
		return;
	}
	mm->em.methods = list;
	mm->em.state = GSS_E1_SENT;
	exchange_begin(e, mm, EXCHANGE_EM, 1, seq_take(mm, SEQ_EM, mm->dialect), true);
	build_payload(e->out, PAYLOAD_AUTH);
	pld_auth_encode(&e->out->w, &list);
	build_end(e->out);
	if (!gss_init_send(e, mm, true))
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
}

/* Both contexts are complete: SKEYID_em, inbound SA, E3 (MS-AIPS 3.6.7.2). */
void
em_send_e3(struct engine *e, struct mm_sa *mm)
{
	uint8_t auth3[2 * HASH_MAX_BYTES];
	size_t n = 0;

	if (!keys_derive_em(mm) ||
	    (n = keys_auth34(mm, false, auth3)) == 0) {
		mm_fail(e, mm, "extended mode keys", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	mm->em.state = GSS_E3_SENT;
	sa_install_all(e, mm, true, false);
	exchange_begin(e, mm, EXCHANGE_EM, 1, seq_take(mm, SEQ_EM, mm->dialect), true);
	build_payload(e->out, PAYLOAD_HASH);
	writer_bytes(&e->out->w, span_of(auth3, n));
	build_end(e->out);
	if (!gss_init_send(e, mm, false))
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
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
		while (at < mm->em.methods.n &&
		       mm->em.methods.method[at] != list.method[i])
			at++;
		if (at == mm->em.methods.n)
			return IKE_ERR_NO_EM_METHOD;
	}
	if (id != NULL) {
		err = pld_gss_id_decode(
		    id->body, mm->peer_gss_id, sizeof(mm->peer_gss_id));
		if (err != IKE_OK)
			return err;
	}
	mm->em.methods = list;
	mm->em.at = 0;
	return IKE_OK;
}

static void
em_input_e4(struct engine *e, struct mm_sa *mm)
{
	const struct payload *p = message_find(&e->in, PAYLOAD_HASH, 0);
	uint8_t auth4[2 * HASH_MAX_BYTES];
	size_t n = keys_auth34(mm, true, auth4);
	char buf[400];
	struct text t;

	if (n == 0 || p->body.n != n || !secret_equal(p->body.p, auth4, n)) {
		mm_fail(
		    e, mm, "extended mode, Auth4", IKE_ERR_AUTH_HASH, NULL, true, true);
		return;
	}
	mm->em.state = GSS_COMPLETE;
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "extended mode established, the peer is ");
	text_str(&t, blob_text(&mm->em.peer_name));
	event_mm(e, EVENT_EM_ESTABLISHED, mm, IKE_OK, buf);
	gss_finish(mm);
	mm_drop_stale(e, mm);
	sa_install_all(e, mm, true, true);
	qm_start_pending(e, mm);
}

/* A response of extended mode, authentic by its ICV. */
void
em_init_input(struct engine *e, struct mm_sa *mm)
{
	enum ike_message_id id = mm->em.state == GSS_E1_SENT ? MSG_E2 :
				 mm->em.state == GSS_E3_SENT ? MSG_E4 :
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
	if (id != MSG_E4 && !chain_add(mm, &mm->em, e->in.raw, e->in.chain)) {
		mm_fail(e, mm, "extended mode", IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	if (id == MSG_E2)
		gss_init_try(e, mm);
	else if (id == MSG_EM_GSS)
		gss_init_input(e, mm);
	else
		em_input_e4(e, mm);
}
