/* Quick mode, responder: Q1 in, Q2 out, Q3 in, Q4 out (MS-AIPS 3.5; spec authip.md 4.3). */
#include <stdlib.h>
#include <string.h>

#include "ike/declined.h"
#include "ike/nat.h"
#include "ike/policy_pool.h"
#include "ike/rekey.h"
#include "ike/tongue.h"

#define SYNC_FIRST_MS 1000 /* a pair of traffic that has none */
#define SYNC_REKEY_MS 20000 /* the old pair sends; longer than between two transmissions of Q1 */

static void
qm_resp_timeout(struct engine *e, void *owner)
{
	struct qm_sa *qm = owner;

	qm_fail(e, qm, "waiting for synchronize", IKE_ERR_TIMED_OUT, NULL, true);
}

/*
 * No synchronize has come: the initiator, if it is one that sends none, has had Q2 for a
 * while. Sooner, what is sent by the new pair might be there before Q2 is.
 */
static void
qm_resp_no_sync(struct engine *e, void *owner)
{
	sa_install(e, owner, false);
}

static bool
waits_for_sync(const struct qm_sa *qm)
{
	return !qm->initiator && qm->is_fast && qm->in_installed && !qm->out_installed;
}

void
qm_resp_wait_for_sync(struct engine *e, struct qm_sa *qm)
{
	uint32_t ms = qm->rekeyed_from != 0 ? SYNC_REKEY_MS : SYNC_FIRST_MS;

	if (waits_for_sync(qm))
		timer_arm(&e->timers, &qm->responder_timer, e->now_ms + ms, qm_resp_no_sync, qm);
}

void
engine_qm_in_use(struct engine *e, uint64_t now_ms, uint32_t qm_id)
{
	struct qm_sa *qm = sadb_qm_by_id(e, qm_id);

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	if (qm == NULL || !waits_for_sync(qm))
		return;
	timer_cancel(&e->timers, &qm->responder_timer);
	sa_install(e, qm, false);
}

enum ike_err
qm_take_selectors(
    struct engine *e, struct qm_sa *qm, const struct endpoint end[2], uint8_t protocol)
{
	struct mm_sa *mm = qm->mm;
	struct class_policy policy;
	enum ike_err err;

	qm->selector = (struct flow){ protocol, end[1], end[0] };
	if (!nat_id_fits(mm, &end[0].addr, &mm->remote.addr, mm->nat_remote) ||
	    !nat_id_fits(mm, &end[1].addr, &mm->local.addr, mm->nat_local))
		return IKE_ERR_ID_MISMATCH;
	qm->udp = mm->floated;
	qm->id_initiator = end[0].addr;
	qm->id_responder = end[1].addr;
	qm->selector.remote.addr = mm->remote.addr;
	qm->selector.local.addr = mm->local.addr;
	if ((err = nat_read_oa(e, qm, &end[0].addr)) != IKE_OK)
		return err;
	if (!e->p.host.qm_policy(e->p.host.ctx, &qm->selector, &policy))
		return IKE_ERR_NO_QM_POLICY;
	qm->policy = policy;
	if (!policy_hold(e, &qm->policy))
		return IKE_ERR_NO_MEMORY;
	return policy_adopt(e, mm, &qm->policy);
}

static enum ike_err
q1_read_ids(struct engine *e, struct qm_sa *qm)
{
	struct endpoint end[2];
	struct pld_id id[2];
	enum ike_err err;

	for (size_t i = 0; i < 2; i++) {
		err = pld_id_decode(message_find(&e->in, PAYLOAD_ID, i)->body, &id[i]);
		if (err != IKE_OK)
			return err;
		if (!pld_id_to_endpoint(&id[i], &end[i]))
			return IKE_ERR_ID_MISMATCH;
	}
	if (id[0].protocol != id[1].protocol)
		return IKE_ERR_ID_MISMATCH;
	return qm_take_selectors(e, qm, end, id[0].protocol);
}

static enum ike_err
q1_check_hash(struct engine *e, struct mm_sa *mm, bool is_first)
{
	const struct payload *p = message_find(&e->in, PAYLOAD_HASH, 0);

	if (p == NULL)
		return is_first ? IKE_ERR_PAYLOAD_MISSING : IKE_OK;
	if (p->body.n != mm->keys.hash_n)
		return IKE_ERR_HASH;
	if (is_first && !secret_equal(p->body.p, mm->keys.auth1, mm->keys.hash_n) &&
	    !tongue_probe_hash(e, mm, p->body))
		return IKE_ERR_AUTH_HASH;
	return IKE_OK;
}

static enum ike_err
q1_choose(struct engine *e, struct qm_sa *qm)
{
	const struct payload *nonce = message_find(&e->in, PAYLOAD_NONCE, 0);
	bool ge;
	enum ike_err err;

	if ((err = pld_nonce_check(nonce->body)) != IKE_OK)
		return err;
	if (!blob_set(&qm->ni, nonce->whole))
		return IKE_ERR_NO_MEMORY;
	err = pld_sa_decode(message_find(&e->in, PAYLOAD_SA, 0)->body, true, &e->sa_in);
	if (err != IKE_OK)
		return err;
	declined_quick_mode(e, qm->mm, &e->sa_in);
	qm_read_exchange_info(e, qm);
	/* Either end may insist on encryption (MS-IKEE 3.7.1). */
	ge = qm->policy.guarantee_encryption || qm->guaranteed_encryption;
	qm->spi_in = qm_new_spi(e);
	err = proposal_qm_select(qm->policy.policy, qm_want(qm), &e->sa_in, qm->spi_in,
	    &qm->choice, &e->sa_out);
	if (err == IKE_ERR_NO_PROPOSAL && ge)
		return IKE_ERR_ENCRYPTION_REQUIRED;
	qm->spi_out = qm->choice.peer_spi;
	return err;
}

static enum ike_err
q1_pfs(struct engine *e, struct qm_sa *qm)
{
	const struct payload *ke = message_find(&e->in, PAYLOAD_KE, 0);
	enum dh_group g = qm->choice.proposal.pfs;

	if (g == DH_NONE)
		return IKE_OK;
	if (ke == NULL)
		return IKE_ERR_KE;
	qm->z = calloc(1, sizeof(*qm->z));
	if (!qm_make_dh(e, qm, g) || qm->z == NULL)
		return IKE_ERR_NO_MEMORY;
	return dh_shared(qm->dh, ke->body, qm->mm->dialect->ecdh_form == ECDH_FORM_XY, qm->z) ?
	    IKE_OK :
	    IKE_ERR_DH;
}

static void
q2_write_hash(struct engine *e, const struct qm_sa *qm)
{
	const struct mm_keys *k = &qm->mm->keys;

	/* What came decides for later quick modes: the ICV is the authentication (A22). */
	if (!qm->is_first && message_find(&e->in, PAYLOAD_HASH, 0) == NULL)
		return;
	build_payload(e->out, PAYLOAD_HASH);
	writer_bytes(&e->out->w, span_of(k->auth2, k->hash_n));
	build_end(e->out);
}

static bool
q2_build(struct engine *e, struct qm_sa *qm, struct span *out)
{
	struct mm_sa *mm = qm->mm;
	bool new_nonce = !qm->is_first && qm->mm->dialect->later_nr == LATER_NR_INCLUDE;
	uint8_t nonce[256];

	exchange_begin(e, mm, e->in.h.exchange, qm->message_id,
	    seq_answer(e->in.seq, qm->mm->dialect), true);
	q2_write_hash(e, qm);
	qm_write_ids(e, qm);
	build_payload(e->out, PAYLOAD_SA);
	pld_sa_encode(&e->out->w, &e->sa_out, true);
	build_end(e->out);
	if (new_nonce) {
		e->p.host.random(e->p.host.ctx, nonce, qm->mm->dialect->nonce_len);
		build_payload(e->out, PAYLOAD_NONCE);
		writer_bytes(&e->out->w, span_of(nonce, qm->mm->dialect->nonce_len));
		build_end(e->out);
	}
	if (qm->dh != NULL) {
		build_payload(e->out, PAYLOAD_KE);
		writer_bytes(&e->out->w, dh_public(qm->dh));
		build_end(e->out);
	}
	qm_write_exchange_info(e, qm);
	nat_write_oa(e, qm);
	if (!exchange_finish(e, mm, out))
		return false;
	if (!new_nonce)
		return blob_set(&qm->nr, blob_span(&mm->nr_qm));
	return blob_set(&qm->nr,
	    chain_find(build_chain(e->out), e->out->first, PAYLOAD_NONCE, 0));
}

/* The line for the operator: what was offered and what is wanted here. */
static void
q1_refuse(struct engine *e, struct qm_sa *qm, enum ike_err err)
{
	struct mm_sa *mm = qm->mm;
	bool before_established = mm->state != MM_ESTABLISHED;
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
		proposal_qm_policy_text(&l, qm->policy.policy, qm_want(qm));
		text_str(&d, list);
	}
	if (err == IKE_ERR_AUTH_HASH || (before_established && err != IKE_ERR_NO_PROPOSAL &&
					    err != IKE_ERR_ENCRYPTION_REQUIRED &&
					    err != IKE_ERR_NO_QM_POLICY &&
					    err != IKE_ERR_ID_MISMATCH)) {
		mm_fail(e, mm, "first message of quick mode", err, detail, true, true);
		return;
	}
	/* Only the quick mode is torn down (MS-AIPS 3.5.7.1); a main mode that never carried
	 * one is of no use and goes once the peer has acknowledged. */
	qm_fail(e, qm, "first message of quick mode", err, detail, true);
	if (before_established)
		mm_retire(e, mm);
}

/* Twice as many while new pairs replace old ones, which end soon. */
enum ike_err
qm_admit(struct engine *e, struct qm_sa *qm)
{
	const struct address *peer = &qm->mm->remote.addr;
	uint32_t n = 0, max = e->p.max_qm_per_peer;
	const struct qm_sa *other;

	rekey_begun(e, qm);
	if (qm->rekeyed_from != 0)
		max *= 2;
	for (other = sadb_qm_first(e, peer); other != NULL; other = LIST_NEXT(other, peer_link))
		n += other != qm && !other->initiator &&
		    address_equal(&other->selector.remote.addr, peer);
	return max != 0 && n >= max ? IKE_ERR_PEER_QM_LIMIT : IKE_OK;
}

/* Those that carry no traffic yet: before extended mode anybody could begin them. */
static bool
has_too_many(const struct engine *e, const struct mm_sa *mm)
{
	const struct qm_sa *qm;
	uint32_t n = 0;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		n += !qm_is_usable(qm);
	return n >= e->p.max_negotiations_per_peer;
}

bool
qm_may_begin(struct engine *e, const struct mm_sa *mm)
{
	if (!has_too_many(e, mm))
		return dos_quick_mode(e, mm);
	event_drop(e, mm, IKE_ERR_PEER_NEGOTIATION_LIMIT);
	return false;
}

void
qm_resp_q1(struct engine *e, struct mm_sa *mm, bool is_first)
{
	struct qm_sa *qm;
	struct span q2;
	enum ike_err err;
	uint8_t type;

	if ((qm = sadb_qm_new(e, mm, false)) == NULL) {
		event_drop(e, mm, IKE_ERR_NO_MEMORY);
		return;
	}
	qm->message_id = e->in.h.message_id;
	qm->is_first = is_first;
	qm->state = QM_RESP_FIRST_DONE;
	mm->n_quick_modes++;
	err = rules_check(&e->in, MSG_Q1, &type);
	if (err == IKE_OK)
		err = q1_check_hash(e, mm, is_first);
	if (err == IKE_OK)
		err = q1_read_ids(e, qm);
	if (err == IKE_OK)
		err = q1_choose(e, qm);
	if (err == IKE_OK)
		err = qm_admit(e, qm);
	if (err == IKE_OK)
		err = q1_pfs(e, qm);
	if (err == IKE_OK && !q2_build(e, qm, &q2))
		err = IKE_ERR_CRYPTO;
	if (err != IKE_OK) {
		q1_refuse(e, qm, err);
		return;
	}
	qm->negotiated = true;
	if (is_first)
		habit_of_q1(mm, qm->message_id);
	if (mm->state != MM_ESTABLISHED)
		mm_established(e, mm);
	/* A lone proposal without KE may be a fast quick mode: nothing more may come (A54). */
	qm->is_fast = qm->mm->dialect->fast_qm != FAST_QM_OFF && e->sa_in.n_proposal == 1 &&
	    qm->dh == NULL;
	if (qm->is_fast) {
		sa_install(e, qm, true);
		qm_resp_wait_for_sync(e, qm);
	} else {
		timer_arm(&e->timers, &qm->responder_timer,
		    e->now_ms + qm->mm->dialect->responder_timeout_s * 1000u, qm_resp_timeout, qm);
	}
	/* More quick modes are no step towards extended mode: they win no time. */
	if (!mm_needs_em(mm) || mm->keys.has_em)
		timer_cancel(&e->timers, &mm->responder_timer);
	else if (is_first)
		mm_progress(e, mm);
	answered_begin(e, &qm->answered);
	answered_reply(e, &qm->answered, mm, q2);
}

/* Q3: SAs first, then the answer, so that nothing sent after Q4 is lost (MS-AIPS 3.5.5.2). */
void
qm_resp_q3(struct engine *e, struct qm_sa *qm)
{
	struct pld_notify n = { .protocol = NOTIFY_PROTO_QM, .type = NOTIFY_QM_SYNCHRONIZE }, in;
	struct mm_sa *mm = qm->mm;
	struct span q4;

	if (!exchange_rules(e, mm, MSG_SYNC))
		return;
	if (pld_notify_decode(message_find(&e->in, PAYLOAD_NOTIFY, 0)->body, &in) != IKE_OK ||
	    in.type != NOTIFY_QM_SYNCHRONIZE) {
		qm_fail(e, qm, "synchronize", IKE_ERR_NOTIFY, NULL, true);
		return;
	}
	timer_cancel(&e->timers, &qm->responder_timer);
	if (qm->is_first)
		habit_of_sync(e, mm, e->in.h.exchange);
	exchange_begin(e, mm, e->in.h.exchange, qm->message_id,
	    seq_answer(e->in.seq, qm->mm->dialect), true);
	build_payload(e->out, PAYLOAD_NOTIFY);
	pld_notify_encode(&e->out->w, &n);
	build_end(e->out);
	if (!exchange_finish(e, mm, &q4)) {
		qm_fail(e, qm, "synchronize", IKE_ERR_CRYPTO, NULL, true);
		return;
	}
	qm->state = QM_RESP_DONE;
	sa_install(e, qm, true);
	sa_install(e, qm, false);
	answered_begin(e, &qm->answered);
	answered_reply(e, &qm->answered, mm, q4);
	if (qm->is_first && mm_needs_em(mm) && !mm->keys.has_em)
		mm_progress(e, mm);
}
