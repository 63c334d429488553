/* IKEv1 quick mode, responder: first and third message in, second out (RFC 2409 5.5). */
#include <string.h>

#include "ike/nat.h"
#include "ike/rekey.h"
#include "ike/v1.h"

static void
resp_give_up(struct engine *e, void *owner)
{
	qm_fail(e, owner, "waiting for the third message of quick mode",
	    IKE_ERR_TIMED_OUT, NULL, true);
}

static enum ike_err
q1_read_ids(struct engine *e, struct qm_sa *qm)
{
	struct mm_sa *mm = qm->mm;
	struct endpoint end[2];
	uint8_t protocol[2];
	enum ike_err err;

	if (message_count(&e->in, PAYLOAD_ID) == 1)
		return IKE_ERR_PAYLOAD_MISSING;
	for (size_t i = 0; i < 2; i++) {
		err = v1_qm_read_id(message_find(&e->in, PAYLOAD_ID, i),
		    i == 0 ? &mm->remote.addr : &mm->local.addr, &end[i], &protocol[i]);
		if (err != IKE_OK)
			return err;
	}
	if (protocol[0] != protocol[1]) {
		qm->selector = (struct flow){ protocol[0], end[1], end[0] };
		return IKE_ERR_ID_MISMATCH;
	}
	return qm_take_selectors(e, qm, end, protocol[0]);
}

static enum ike_err
q1_choose(struct engine *e, struct qm_sa *qm)
{
	const struct payload *nonce = message_find(&e->in, PAYLOAD_NONCE, 0);
	enum ike_err err;

	if ((err = pld_nonce_check(nonce->body)) != IKE_OK)
		return err;
	if (!blob_set(&qm->ni, nonce->whole))
		return IKE_ERR_NO_MEMORY;
	err = pld_sa_decode(message_find(&e->in, PAYLOAD_SA, 0)->body, true, &e->sa_in);
	if (err != IKE_OK)
		return err;
	qm->spi_in = qm_new_spi(e);
	qm_read_exchange_info(e, qm);
	err = proposal_qm_select(qm->policy.policy, v1_qm_want(qm), &e->sa_in,
	    qm->spi_in, &qm->choice, &e->sa_out);
	if (err == IKE_ERR_NO_PROPOSAL && qm->guaranteed_encryption)
		return IKE_ERR_ENCRYPTION_REQUIRED;
	if (err != IKE_OK)
		return err;
	sadb_qm_name(e, qm, qm->choice.peer_spi);
	return IKE_OK;
}

static enum ike_err
q1_pfs(struct engine *e, struct qm_sa *qm)
{
	return qm_make_dh(e, qm, qm->choice.proposal.pfs) ? v1_qm_read_ke(e, qm) :
							    IKE_ERR_DH;
}

/* What the pair lives at both ends: what is longer here is of no use to the peer. */
static uint32_t
of_both(uint32_t mine, uint32_t offered)
{
	return offered != 0 && offered < mine ? offered : mine;
}

/* Ours is shorter than what was offered: say so (RFC 2407 4.5.4). */
static void
q2_write_lifetime(struct engine *e, const struct qm_sa *qm)
{
	const struct pld_transform *t = &e->sa_out.proposal[0].transform[0];
	const struct qm_proposal *p = &qm->choice.proposal;
	uint32_t life_s = of_both(p->lifetime_s, t->life_s);
	uint32_t life_kb = of_both(p->lifetime_kb, t->life_kb);
	struct writer *w = &e->out->w;

	if (life_s == t->life_s && life_kb == t->life_kb)
		return;
	build_payload(e->out, PAYLOAD_NOTIFY);
	writer_u32(w, 1);
	writer_u8(w, e->sa_out.proposal[0].protocol);
	writer_u8(w, 4);
	writer_u16(w, NOTIFY_RESPONDER_LIFETIME);
	writer_u32(w, qm->spi_in);
	pld_life_encode(w, life_s, life_kb);
	build_end(e->out);
}

static bool
q2_build(struct engine *e, struct qm_sa *qm, struct v1_iv *iv, struct span *wire)
{
	struct mm_sa *mm = qm->mm;
	const struct payload *id;

	v1_begin(e, mm, EXCHANGE_QUICK, qm->message_id);
	v1_hash_begin(e, mm);
	build_payload(e->out, PAYLOAD_SA);
	pld_sa_encode(&e->out->w, &e->sa_out, true);
	build_end(e->out);
	v1_qm_write_nonce(e, qm);
	if (qm->dh != NULL)
		v1_write(e, PAYLOAD_KE, dh_public(qm->dh));
	for (size_t i = 0; (id = message_find(&e->in, PAYLOAD_ID, i)) != NULL; i++)
		v1_write(e, PAYLOAD_ID, id->body); /* as they came */
	q2_write_lifetime(e, qm);
	v1_qm_write_exchange_info(e, qm);
	nat_write_oa(e, qm);
	return v1_hash_finish(e, mm, qm->message_id,
		   span_of(qm->ni.p + 4, qm->ni.n - 4), iv, wire) &&
	       blob_set(&qm->nr,
		   chain_find(build_chain(e->out), e->out->first, PAYLOAD_NONCE, 0));
}

static void
q1_refuse(struct engine *e, struct qm_sa *qm, enum ike_err err)
{
	char detail[400], list[160];
	struct text d, l;

	text_init(&d, detail, sizeof(detail));
	text_flow(&d, &qm->selector);
	if (err == IKE_ERR_NO_PROPOSAL || err == IKE_ERR_ENCRYPTION_REQUIRED) {
		text_str(&d, ": offered ");
		text_init(&l, list, sizeof(list));
		proposal_qm_text(&l, &e->sa_in);
		text_str(&d, list);
		text_str(&d, "; accepted here: ");
		text_init(&l, list, sizeof(list));
		proposal_qm_policy_text(&l, qm->policy.policy, v1_qm_want(qm));
		text_str(&d, list);
	}
	qm_fail(e, qm, "first message of quick mode", err, detail, true);
}

/* Authentic by HASH(1). */
void
v1_qm_resp_q1(struct engine *e, struct mm_sa *mm, const struct v1_iv *next)
{
	struct qm_sa *qm = sadb_qm_new(e, mm, false);
	struct span wire;
	struct v1_iv iv = *next;
	enum ike_err err;

	if (qm == NULL) {
		event_drop(e, mm, IKE_ERR_NO_MEMORY);
		return;
	}
	qm->is_v1 = true;
	qm->message_id = e->in.h.message_id;
	qm->state = QM_RESP_FIRST_DONE;
	mm->n_quick_modes++;
	if ((err = q1_read_ids(e, qm)) == IKE_OK)
		err = q1_choose(e, qm);
	if (err == IKE_OK)
		err = qm_admit(e, qm);
	if (err == IKE_OK)
		err = q1_pfs(e, qm);
	if (err == IKE_OK && !q2_build(e, qm, &iv, &wire))
		err = IKE_ERR_CRYPTO;
	if (err != IKE_OK) {
		q1_refuse(e, qm, err);
		return;
	}
	memcpy(qm->v1_iv, iv.b, sizeof(qm->v1_iv));
	qm->negotiated = true;
	sa_install(e, qm, true); /* ESP may overtake the third message */
	answered_begin(e, &qm->answered);
	(void)blob_set(&qm->answered.response, wire);
	/* The third message has no answer: until it comes this one is repeated. */
	request_send(
	    e, &qm->request, mm, wire, mm->dialect->retransmit_max, resp_give_up, qm);
}

void
v1_qm_resp_q3(struct engine *e, struct qm_sa *qm, const struct v1_iv *next)
{
	struct mm_sa *mm = qm->mm;
	const struct payload *hash;
	uint8_t want[HASH_MAX_BYTES];

	if (!exchange_rules(e, mm, MSG_V1_Q3))
		return;
	hash = message_find(&e->in, PAYLOAD_HASH, 0);
	if (!v1_qm_hash3(qm, want) || hash->body.n != mm->keys.hash_n ||
	    !secret_equal(hash->body.p, want, mm->keys.hash_n)) {
		event_drop(e, mm, IKE_ERR_HASH);
		return;
	}
	nat_follow(e, mm);
	v1_dpd_alive(e, mm);
	request_done(e, &qm->request);
	memcpy(qm->v1_iv, next->b, sizeof(qm->v1_iv));
	qm->state = QM_RESP_DONE;
	answered_begin(e, &qm->answered); /* it may come again: nothing is sent */
	sa_install(e, qm, false);
}
