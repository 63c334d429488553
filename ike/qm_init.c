/* Quick mode, initiator: Q1, Q2, Q3, Q4 (MS-AIPS 3.4; spec authip.md 1.5, 4.2, 4.5). */
#include <stdlib.h>
#include <string.h>

#include "ike/narrow.h"
#include "ike/nat.h"
#include "ike/rekey.h"
#include "ike/tongue.h"
#include "ike/v1.h"

static void
qm_init_give_up(struct engine *e, void *owner)
{
	struct qm_sa *qm = owner;
	struct mm_sa *mm = qm->mm;

	/* Without an answer to the first quick mode the main mode never was (T040). */
	if (qm->is_first) {
		tongue_failed(e, mm, false);
		mm_fail(e, mm, "quick mode", IKE_ERR_TIMED_OUT, NULL, false, true);
		return;
	}
	mm->expired = true; /* see qm_send_first() */
	qm_fail(e, qm, "quick mode", IKE_ERR_TIMED_OUT, NULL, false);
}

/* Nothing was sent, so nothing would ever come: the main mode ends in the next step. */
static void
qm_never_began(struct engine *e, void *owner)
{
	mm_fail(e, owner, "first message of quick mode", IKE_ERR_NO_PROPOSAL, NULL, true, true);
}

static void
qm_write_hash(struct engine *e, const struct qm_sa *qm, bool second)
{
	const struct mm_keys *k = &qm->mm->keys;
	uint8_t fresh[HASH_MAX_BYTES];
	uint8_t mid[4] = { (uint8_t)(qm->message_id >> 24), (uint8_t)(qm->message_id >> 16),
		(uint8_t)(qm->message_id >> 8), (uint8_t)qm->message_id };
	struct span part[2] = { SPAN_ARRAY(mid),
		span_of(second ? k->auth2 : k->auth1, k->hash_n) };

	if (!qm->is_first && qm->mm->dialect->qm_later_hash == QM_LATER_HASH_OMIT)
		return;
	if (!qm->is_first && qm->mm->dialect->qm_later_hash == QM_LATER_HASH_FRESH &&
	    hash_hmac(qm->mm->chosen.integrity, span_of(k->a, k->hash_n), part, 2, fresh))
		part[1] = span_of(fresh, k->hash_n);
	build_payload(e->out, PAYLOAD_HASH);
	writer_bytes(&e->out->w, part[1]);
	build_end(e->out);
}

static void
qm_write_nonce(struct engine *e, const struct qm_sa *qm)
{
	uint8_t nonce[256];

	e->p.host.random(e->p.host.ctx, nonce, qm->mm->dialect->nonce_len);
	build_payload(e->out, PAYLOAD_NONCE);
	writer_bytes(&e->out->w, span_of(nonce, qm->mm->dialect->nonce_len));
	build_end(e->out);
}

static enum ike_err
qm_build_q1(struct engine *e, struct qm_sa *qm, struct span *out)
{
	struct mm_sa *mm = qm->mm;
	uint8_t exchange = qm->is_first ? EXCHANGE_MM : EXCHANGE_QM;
	unsigned want = qm_want(qm);

	exchange_begin(e, mm, exchange, qm->message_id,
	    seq_take(mm, qm->is_first ? SEQ_MM : SEQ_QM, qm->mm->dialect), true);
	qm_write_hash(e, qm, false);
	qm_write_ids(e, qm);
	build_payload(e->out, PAYLOAD_SA);
	if (qm->mm->dialect->gcm_auth_attr == GCM_AUTH_ATTR_INCLUDE)
		want |= QM_WANT_AUTH_ATTR;
	proposal_qm_offer(qm->policy.policy, want, qm->spi_in, &e->sa_out);
	if (e->sa_out.n_proposal == 0)
		return IKE_ERR_NO_PROPOSAL;
	pld_sa_encode(&e->out->w, &e->sa_out, true);
	build_end(e->out);
	qm_write_nonce(e, qm);
	if (qm->dh != NULL) {
		build_payload(e->out, PAYLOAD_KE);
		writer_bytes(&e->out->w, dh_public(qm->dh));
		build_end(e->out);
	}
	qm_write_exchange_info(e, qm);
	nat_write_oa(e, qm);
	return exchange_finish(e, mm, out) &&
		blob_set(&qm->ni,
		    chain_find(build_chain(e->out), e->out->first, PAYLOAD_NONCE, 0)) ?
	    IKE_OK :
	    IKE_ERR_CRYPTO;
}

void
qm_init_start(struct engine *e, struct qm_sa *qm)
{
	struct mm_sa *mm = qm->mm;
	const struct policy *p = qm->policy.policy;
	enum ike_err err = IKE_ERR_CRYPTO;
	struct span q1;

	if (mm->v1 != NULL) {
		v1_qm_init_start(e, qm);
		return;
	}
	qm->udp = mm->floated;
	narrow_begin(e, qm);
	qm->is_first = mm->n_quick_modes++ == 0;
	if (p->mm_qm_limit != 0 && mm->n_quick_modes >= p->mm_qm_limit)
		mm->expired = true;
	do
		e->p.host.random(e->p.host.ctx, (uint8_t *)&qm->message_id,
		    sizeof(qm->message_id));
	while (qm->message_id < 2 || sadb_qm_by_message_id(mm, qm->message_id) != NULL);
	if (qm->is_first && qm->mm->dialect->qm1_mid == QM1_MID_ZERO)
		qm->message_id = 0;
	qm->spi_in = qm_new_spi(e);
	qm->state = QM_INIT_FIRST_SENT;
	if (!qm_make_dh(e, qm, p->qm_proposal[0].pfs) ||
	    (err = qm_build_q1(e, qm, &q1)) != IKE_OK) {
		if (qm->is_first) /* its caller is not done with the main mode yet */
			timer_arm(&e->timers, &mm->lifetime, e->now_ms, qm_never_began, mm);
		qm_fail(e, qm, "first message of quick mode", err, NULL, false);
		return;
	}
	qm->is_fast = qm->mm->dialect->fast_qm == FAST_QM_ON && e->sa_out.n_proposal == 1 &&
	    qm->dh == NULL;
	qm_send_first(e, qm, q1, qm_init_give_up);
}

/* Auth2 of a first quick mode decides; in later ones the ICV does (A22). */
static enum ike_err
qm_check_hash(struct engine *e, const struct qm_sa *qm)
{
	const struct payload *p = message_find(&e->in, PAYLOAD_HASH, 0);
	const struct mm_keys *k = &qm->mm->keys;

	if (p == NULL)
		return qm->is_first ? IKE_ERR_PAYLOAD_MISSING : IKE_OK;
	if (p->body.n != k->hash_n)
		return IKE_ERR_HASH;
	if (qm->is_first && !secret_equal(p->body.p, k->auth2, k->hash_n))
		return IKE_ERR_AUTH_HASH;
	return IKE_OK;
}

static enum ike_err
qm_check_ids(struct engine *e, struct qm_sa *qm)
{
	const struct endpoint *want[2] = { &qm->selector.local, &qm->selector.remote };
	const struct mm_sa *mm = qm->mm;
	struct endpoint end;

	for (size_t i = 0; i < 2; i++) {
		struct pld_id id;
		enum ike_err err;

		err = pld_id_decode(message_find(&e->in, PAYLOAD_ID, i)->body, &id);
		if (err != IKE_OK)
			return err;
		if (!pld_id_to_endpoint(&id, &end) ||
		    !nat_id_fits(mm, &end.addr, &want[i]->addr,
			i == 0 ? mm->nat_local : mm->nat_remote) ||
		    end.port != want[i]->port || id.protocol != qm->selector.protocol)
			return IKE_ERR_ID_MISMATCH;
	}
	return nat_read_oa(e, qm, &end.addr);
}

/* KE of Q2 with PFS; its absence or presence must fit the choice. */
static enum ike_err
qm_read_ke(struct engine *e, struct qm_sa *qm)
{
	const struct payload *ke = message_find(&e->in, PAYLOAD_KE, 0);

	if (qm->choice.proposal.pfs == DH_NONE)
		return IKE_OK;
	if (ke == NULL || qm->dh == NULL || dh_group_of(qm->dh) != qm->choice.proposal.pfs)
		return IKE_ERR_KE;
	if ((qm->z = calloc(1, sizeof(*qm->z))) == NULL)
		return IKE_ERR_NO_MEMORY;
	return dh_shared(qm->dh, ke->body, qm->mm->dialect->ecdh_form == ECDH_FORM_XY, qm->z) ?
	    IKE_OK :
	    IKE_ERR_DH;
}

static enum ike_err
qm_read_q2(struct engine *e, struct qm_sa *qm)
{
	const struct payload *nr = message_find(&e->in, PAYLOAD_NONCE, 0);
	enum ike_err err;
	uint8_t type;

	if ((err = rules_check(&e->in, MSG_Q2, &type)) != IKE_OK)
		return err;
	if ((err = qm_check_hash(e, qm)) != IKE_OK)
		return err;
	if ((err = qm_check_ids(e, qm)) != IKE_OK)
		return err;
	err = pld_sa_decode(message_find(&e->in, PAYLOAD_SA, 0)->body, true, &e->sa_in);
	if (err != IKE_OK)
		return err;
	err = proposal_qm_verify(qm->policy.policy, qm_want(qm), &e->sa_in, &qm->choice);
	if (err != IKE_OK)
		return err;
	if ((err = qm_read_ke(e, qm)) != IKE_OK)
		return err;
	/* First quick mode: Nr(qm) of M2; later ones: that of Q2 if there is one (A52). */
	if (nr != NULL && !qm->is_first) {
		if ((err = pld_nonce_check(nr->body)) != IKE_OK)
			return err;
		return blob_set(&qm->nr, nr->whole) ? IKE_OK : IKE_ERR_NO_MEMORY;
	}
	return blob_set(&qm->nr, blob_span(&qm->mm->nr_qm)) ? IKE_OK : IKE_ERR_NO_MEMORY;
}

static bool
qm_send_q3(struct engine *e, struct qm_sa *qm)
{
	struct pld_notify n = { .protocol = NOTIFY_PROTO_QM, .type = NOTIFY_QM_SYNCHRONIZE };
	uint8_t exchange = qm->mm->dialect->sync_exchange == SYNC_EXCHANGE_243 ? EXCHANGE_MM :
									     EXCHANGE_QM;
	struct span q3;

	exchange_begin(e, qm->mm, exchange, qm->message_id,
	    seq_take(qm->mm, SEQ_QM, qm->mm->dialect), true);
	build_payload(e->out, PAYLOAD_NOTIFY);
	pld_notify_encode(&e->out->w, &n);
	build_end(e->out);
	if (!exchange_finish(e, qm->mm, &q3))
		return false;
	qm->state = QM_INIT_SECOND_SENT;
	request_send(e, &qm->request, qm->mm, q3, qm->mm->dialect->retransmit_max,
	    qm_init_give_up, qm);
	return true;
}

static void
qm_init_done(struct engine *e, struct qm_sa *qm)
{
	struct mm_sa *mm = qm->mm;

	qm->state = QM_INIT_DONE;
	if (!mm_needs_em(mm) || mm->keys.has_em) {
		sa_install(e, qm, true);
		sa_install(e, qm, false);
		qm_start_pending(e, mm);
	} else if (mm->em.state == GSS_NONE) {
		em_init_start(e, mm);
	}
}

/* Q2, authentic (ICV): Auth2, IDs, choice; then Q3 (normal) or done (fast). */
void
qm_init_q2(struct engine *e, struct qm_sa *qm)
{
	struct mm_sa *mm = qm->mm;
	enum ike_err err = qm_read_q2(e, qm);

	if (err != IKE_OK) {
		char buf[384], list[160];
		struct text t, l;

		text_init(&t, buf, sizeof(buf));
		if (err == IKE_ERR_NO_PROPOSAL) {
			text_init(&l, list, sizeof(list));
			text_str(&t, "answered ");
			proposal_qm_text(&l, &e->sa_in);
			text_str(&t, list);
			text_str(&t, "; offered: ");
			text_init(&l, list, sizeof(list));
			proposal_qm_policy_text(&l, qm->policy.policy, qm_want(qm));
			text_str(&t, list);
		}
		if (err == IKE_ERR_AUTH_HASH)
			tongue_failed(e, mm, true);
		if (qm->is_first && mm->state != MM_ESTABLISHED)
			mm_fail(e, mm, "answer to quick mode", err, buf, true, true);
		else
			qm_fail(e, qm, "answer to quick mode", err, buf, true);
		return;
	}
	request_done(e, &qm->request);
	qm->spi_out = qm->choice.peer_spi;
	qm_read_exchange_info(e, qm);
	qm->negotiated = true;
	if (mm->state != MM_ESTABLISHED)
		mm_established(e, mm);
	if (qm->is_fast) {
		qm_init_done(e, qm);
		return;
	}
	sa_install(e, qm, true); /* before Q3 (A55); waits for extended mode if there is one */
	if (!qm_send_q3(e, qm))
		qm_fail(e, qm, "synchronize", IKE_ERR_CRYPTO, NULL, true);
}

void
qm_init_q4(struct engine *e, struct qm_sa *qm)
{
	const struct payload *p;
	struct pld_notify n;

	if (!exchange_rules(e, qm->mm, MSG_SYNC))
		return;
	p = message_find(&e->in, PAYLOAD_NOTIFY, 0);
	if (pld_notify_decode(p->body, &n) != IKE_OK || n.type != NOTIFY_QM_SYNCHRONIZE) {
		/* Extended mode waits for the first one: without it nothing would ever end. */
		if (qm->is_first)
			mm_fail(e, qm->mm, "synchronize", IKE_ERR_NOTIFY, NULL, true, true);
		else
			qm_fail(e, qm, "synchronize", IKE_ERR_NOTIFY, NULL, true);
		return;
	}
	request_done(e, &qm->request);
	qm_init_done(e, qm);
}
