/* IKEv1 quick mode, initiator: first and third message out, second in (RFC 2409 5.5). */
#include <string.h>

#include "ike/narrow.h"
#include "ike/nat.h"
#include "ike/rekey.h"
#include "ike/v1.h"

static void
init_give_up(struct engine *e, void *owner)
{
	struct qm_sa *qm = owner;

	qm->mm->expired = true; /* see qm_send_first() */
	qm_fail(e, qm, "quick mode", IKE_ERR_TIMED_OUT, NULL, false);
}

static enum ike_err
init_build_q1(struct engine *e, struct qm_sa *qm, struct v1_iv *iv, struct span *wire)
{
	struct mm_sa *mm = qm->mm;

	v1_begin(e, mm, EXCHANGE_QUICK, qm->message_id);
	v1_hash_begin(e, mm);
	proposal_qm_offer(qm->policy.policy, v1_qm_want(qm), qm->spi_in, &e->sa_out);
	if (e->sa_out.n_proposal == 0)
		return IKE_ERR_NO_PROPOSAL;
	build_payload(e->out, PAYLOAD_SA);
	pld_sa_encode(&e->out->w, &e->sa_out, true);
	build_end(e->out);
	v1_qm_write_nonce(e, qm);
	if (qm->dh != NULL)
		v1_write(e, PAYLOAD_KE, dh_public(qm->dh));
	qm_write_ids(e, qm);
	v1_qm_write_exchange_info(e, qm);
	nat_write_oa(e, qm);
	if (!v1_keys_iv(mm, qm->message_id, iv) ||
	    !v1_hash_finish(e, mm, qm->message_id, SPAN_NONE, iv, wire) ||
	    !blob_set(&qm->ni,
		chain_find(build_chain(e->out), e->out->first, PAYLOAD_NONCE, 0)))
		return IKE_ERR_CRYPTO;
	return IKE_OK;
}

void
v1_qm_init_start(struct engine *e, struct qm_sa *qm)
{
	const struct policy *p = qm->policy.policy;
	struct mm_sa *mm = qm->mm;
	enum ike_err err = IKE_ERR_CRYPTO;
	struct span wire;
	struct v1_iv iv;

	qm->is_v1 = true;
	qm->udp = mm->floated;
	narrow_begin(e, qm);
	mm->n_quick_modes++;
	if (p->mm_qm_limit != 0 && mm->n_quick_modes >= p->mm_qm_limit)
		mm->expired = true;
	qm->message_id = v1_id_make(e, mm);
	qm->spi_in = qm_new_spi(e);
	qm->state = QM_INIT_FIRST_SENT;
	if (!qm_make_dh(e, qm, p->qm_proposal[0].pfs) ||
	    (err = init_build_q1(e, qm, &iv, &wire)) != IKE_OK) {
		qm_fail(e, qm, "first message of quick mode", err, NULL, false);
		return;
	}
	memcpy(qm->v1_iv, iv.b, sizeof(qm->v1_iv));
	qm_send_first(e, qm, wire, init_give_up);
}

/* ---- second message ---- */

static enum ike_err
init_check_ids(struct engine *e, struct qm_sa *qm)
{
	const struct endpoint *want[2] = { &qm->selector.local, &qm->selector.remote };
	const struct mm_sa *mm = qm->mm;
	struct endpoint end = { qm->selector.remote.addr, 0 };

	if (message_count(&e->in, PAYLOAD_ID) == 1)
		return IKE_ERR_PAYLOAD_MISSING;
	for (size_t i = 0; i < message_count(&e->in, PAYLOAD_ID); i++) {
		uint8_t protocol;
		enum ike_err err = v1_qm_read_id(message_find(&e->in, PAYLOAD_ID, i),
		    &want[i]->addr, &end, &protocol);

		if (err != IKE_OK)
			return err;
		if (!nat_id_fits(mm, &end.addr, &want[i]->addr,
			i == 0 ? mm->nat_local : mm->nat_remote) ||
		    end.port != want[i]->port || protocol != qm->selector.protocol)
			return IKE_ERR_ID_MISMATCH;
	}
	return nat_read_oa(e, qm, &end.addr);
}

/* RESPONDER-LIFETIME (RFC 2407 4.6.3.1): never longer than what was offered. */
static void
init_read_lifetime(struct engine *e, struct qm_sa *qm)
{
	struct qm_proposal *p = &qm->choice.proposal;
	const struct payload *n;

	for (size_t i = 0; (n = message_find(&e->in, PAYLOAD_NOTIFY, i)) != NULL; i++) {
		struct pld_transform t = { .number = 0 };
		struct pld_notify notify;

		if (pld_notify_decode(n->body, &notify) != IKE_OK ||
		    notify.type != NOTIFY_RESPONDER_LIFETIME ||
		    notify.data.n < notify.flags)
			continue;
		if (pld_life_decode(span_of(notify.data.p + notify.flags,
					notify.data.n - notify.flags),
			&t) != IKE_OK)
			continue;
		p->lifetime_s =
		    proposal_lifetime(p->lifetime_s, t.life_s, LIFETIME_LEAST_S);
		p->lifetime_kb =
		    proposal_lifetime(p->lifetime_kb, t.life_kb, LIFETIME_LEAST_KB);
	}
}

static enum ike_err
init_read_q2(struct engine *e, struct qm_sa *qm)
{
	const struct payload *nr = message_find(&e->in, PAYLOAD_NONCE, 0);
	enum ike_err err;

	if ((err = pld_nonce_check(nr->body)) != IKE_OK ||
	    (err = init_check_ids(e, qm)) != IKE_OK)
		return err;
	err = pld_sa_decode(message_find(&e->in, PAYLOAD_SA, 0)->body, true, &e->sa_in);
	if (err == IKE_OK)
		err = proposal_qm_verify(
		    qm->policy.policy, v1_qm_want(qm), &e->sa_in, &qm->choice);
	if (err == IKE_OK)
		err = v1_qm_read_ke(e, qm);
	if (err != IKE_OK)
		return err;
	init_read_lifetime(e, qm);
	return blob_set(&qm->nr, nr->whole) ? IKE_OK : IKE_ERR_NO_MEMORY;
}

static bool
init_send_q3(struct engine *e, struct qm_sa *qm)
{
	uint8_t hash[HASH_MAX_BYTES];
	struct span wire;
	struct v1_iv iv;

	memcpy(iv.b, qm->v1_iv, sizeof(iv.b));
	v1_begin(e, qm->mm, EXCHANGE_QUICK, qm->message_id);
	if (!v1_qm_hash3(qm, hash))
		return false;
	v1_write(e, PAYLOAD_HASH, span_of(hash, qm->mm->keys.hash_n));
	if (!v1_finish(e, &wire) || !v1_seal(e, qm->mm, &iv, &wire))
		return false;
	memcpy(qm->v1_iv, iv.b, sizeof(qm->v1_iv));
	answered_begin(e,
	    &qm->answered); /* the peer repeats its second message until it has this */
	answered_reply(e, &qm->answered, qm->mm, wire);
	return true;
}

static void
init_refuse(struct engine *e, struct qm_sa *qm, enum ike_err err)
{
	char buf[384], list[160];
	struct text t, l;

	text_init(&t, buf, sizeof(buf));
	if (err == IKE_ERR_NO_PROPOSAL) {
		text_init(&l, list, sizeof(list));
		proposal_qm_text(&l, &e->sa_in);
		text_str(&t, "answered ");
		text_str(&t, list);
		text_init(&l, list, sizeof(list));
		proposal_qm_policy_text(&l, qm->policy.policy, v1_qm_want(qm));
		text_str(&t, "; offered: ");
		text_str(&t, list);
	}
	qm_fail(e, qm, "answer to quick mode", err, buf, true);
}

void
v1_qm_init_q2(struct engine *e, struct qm_sa *qm, const struct v1_iv *next)
{
	struct mm_sa *mm = qm->mm;
	enum ike_err err;

	if (!exchange_rules(e, mm, MSG_V1_Q2))
		return;
	if (!v1_qm_check_hash(e, mm, span_of(qm->ni.p + 4, qm->ni.n - 4))) {
		event_drop(e, mm, IKE_ERR_HASH);
		return;
	}
	nat_follow(e, mm);
	v1_dpd_alive(e, mm);
	if ((err = init_read_q2(e, qm)) != IKE_OK) {
		init_refuse(e, qm, err);
		return;
	}
	request_done(e, &qm->request);
	memcpy(qm->v1_iv, next->b, sizeof(qm->v1_iv));
	sadb_qm_name(e, qm, qm->choice.peer_spi);
	qm_read_exchange_info(e, qm);
	qm->negotiated = true;
	sa_install(e, qm, true); /* before the third message lets the peer send */
	if (!init_send_q3(e, qm)) {
		qm_fail(e, qm, "answer to quick mode", IKE_ERR_CRYPTO, NULL, true);
		return;
	}
	qm->state = QM_INIT_DONE;
	sa_install(e, qm, false);
}
