/* The door of the engine: creation, dispatch of datagrams, timers, ends. */
#include "ike/engine.h"

#include <stdlib.h>
#include <string.h>

#include "ike/rekey.h"
#include "ike/state.h"

static void
engine_now(struct engine *e, uint64_t now_ms)
{
	if (now_ms > e->now_ms) /* a clock that jumps back is ignored */
		e->now_ms = now_ms;
}

struct engine *
engine_new(const struct engine_params *p)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->p = *p;
	e->plain = malloc(MESSAGE_MAX_BYTES + 1);
	e->out = calloc(1, sizeof(*e->out));
	if (e->plain == NULL || e->out == NULL) {
		free(e->plain);
		free(e->out);
		free(e);
		return NULL;
	}
	LIST_INIT(&e->mm_all);
	LIST_INIT(&e->qm_all);
	STAILQ_INIT(&e->actions);
	for (size_t i = 0; i < SADB_BUCKETS; i++) {
		LIST_INIT(&e->bucket[i]);
		LIST_INIT(&e->mm_peer[i]);
		LIST_INIT(&e->qm_peer[i]);
	}
	p->host.random(p->host.ctx, (uint8_t *)e->hash_seed, sizeof(e->hash_seed));
	return e;
}

void
engine_free(struct engine *e)
{
	struct mm_sa *mm;
	struct qm_sa *qm;

	if (e == NULL)
		return;
	while ((mm = LIST_FIRST(&e->mm_all)) != NULL)
		sadb_mm_free(e, mm);
	while ((qm = LIST_FIRST(&e->qm_all)) != NULL)
		sadb_qm_free(e, qm);
	while (engine_next_action(e) != NULL)
		;
	timer_heap_free(&e->timers);
	secret_wipe_bytes(e->plain, MESSAGE_MAX_BYTES);
	free(e->plain);
	secret_wipe_bytes(e->out, sizeof(*e->out));
	free(e->out);
	free(e);
}

/* ---- dispatch ---------------------------------------------------------------------------- */

/* Its request came from there, maybe from behind a NAT that has another port now. */
static void
input_answer_again(struct engine *e, struct span response)
{
	struct engine_action *a = action_push(e, ACTION_SEND, response);

	if (a == NULL)
		return;
	a->send.local = *e->in_local;
	a->send.remote = *e->in_remote;
}

/* The responder of MS-AIPS 3.1: the same bytes get the same answer, and nothing else. */
static bool
input_is_duplicate(struct engine *e, struct mm_sa *mm)
{
	const struct answered *a = NULL;
	const struct qm_sa *qm;

	if (answered_is(e, &mm->answered))
		a = &mm->answered;
	else if (answered_is(e, &mm->notify_answered))
		a = &mm->notify_answered;
	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (a == NULL && answered_is(e, &qm->answered))
			a = &qm->answered;
	if (a == NULL)
		return false;
	event_drop(e, mm, IKE_ERR_DUPLICATE);
	if (a->response.n > 0)
		input_answer_again(e, blob_span(&a->response));
	return true;
}

/* Main-mode exchange or quick-mode exchange, at the side that asked. */
static void
input_quick_response(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm = sadb_qm_by_message_id(mm, e->in.h.message_id);

	if (qm == NULL || qm->request.bytes.n == 0)
		event_drop(e, mm, qm == NULL ? IKE_ERR_MESSAGE_ID : IKE_ERR_STATE);
	else if (qm->state == QM_INIT_FIRST_SENT && message_find(&e->in, PAYLOAD_SA, 0) != NULL)
		qm_init_q2(e, qm);
	else if (qm->state == QM_INIT_SECOND_SENT &&
	    message_find(&e->in, PAYLOAD_SA, 0) == NULL)
		qm_init_q4(e, qm);
	else
		event_drop(e, mm, IKE_ERR_STATE);
}

/* An authentic request that fits nothing ends the main mode (A60). */
static void
input_wrong_state(struct engine *e, struct mm_sa *mm)
{
	event_drop(e, mm, IKE_ERR_STATE);
	mm_fail(e, mm, "unexpected message", IKE_ERR_STATE, ike_exchange_name(e->in.h.exchange),
	    true, true);
}

static void
input_quick_request(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm = sadb_qm_by_message_id(mm, e->in.h.message_id);
	bool in_mm = e->in.h.exchange == EXCHANGE_MM;

	if (qm != NULL) {
		if (qm->state == QM_RESP_FIRST_DONE &&
		    message_find(&e->in, PAYLOAD_SA, 0) == NULL)
			qm_resp_q3(e, qm);
		else
			input_wrong_state(e, mm);
		return;
	}
	if (in_mm && mm->state == MM_RESP_FIRST_DONE)
		qm_resp_q1(e, mm, true);
	else if (!in_mm && mm->state == MM_ESTABLISHED && !mm->expired)
		qm_resp_q1(e, mm, false);
	else
		input_wrong_state(e, mm);
}

static enum seq_kind
input_seq_kind(uint8_t exchange)
{
	switch (exchange) {
	case EXCHANGE_QM:
		return SEQ_QM;
	case EXCHANGE_EM:
		return SEQ_EM;
	default:
		return SEQ_MM;
	}
}

/* Authentic by its ICV: now it may be acted on. */
static void
input_encrypted(struct engine *e, struct mm_sa *mm)
{
	if (!exchange_open(e, mm))
		return;
	if (e->in.h.exchange == EXCHANGE_NOTIFY) {
		notify_input(e, mm);
		return;
	}
	if (mm->state == MM_DYING) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (mm->initiator && exchange_is_old_response(e, mm)) {
		event_drop(e, mm, IKE_ERR_DUPLICATE);
		return;
	}
	if (!mm->initiator && !seq_accept(mm, input_seq_kind(e->in.h.exchange), e->in.seq)) {
		event_drop(e, mm, IKE_ERR_REPLAY);
		return;
	}
	nat_follow(e, mm);
	if (e->in.h.exchange != EXCHANGE_EM) {
		if (mm->initiator)
			input_quick_response(e, mm);
		else
			input_quick_request(e, mm);
		return;
	}
	/* Message ID 1 (MS-AIPS 3.1.5); 0 in E2 of peers that follow 3.7.5.1 (A27). */
	if (e->in.h.message_id > 1 || (!mm->initiator && e->in.h.message_id != 1))
		event_drop(e, mm, IKE_ERR_MESSAGE_ID);
	else if (mm->initiator)
		em_init_input(e, mm);
	else
		em_resp_input(e, mm);
}

static bool
input_is_clear_em_gss(const struct engine *e, const struct mm_sa *mm)
{
	return e->p.dialect.em_gss == EM_GSS_243_CLEAR && e->in.h.exchange == EXCHANGE_MM &&
	    (mm->em.state == EM_GSS || mm->em.state == EM_RESP_FIRST_DONE);
}

static void
input_clear(struct engine *e, struct mm_sa *mm)
{
	if (e->in.h.exchange == EXCHANGE_NOTIFY)
		notify_clear_input(e, mm);
	else if (e->in.h.exchange == EXCHANGE_MM && e->in.h.message_id != 0)
		event_drop(e, mm, IKE_ERR_MESSAGE_ID); /* MS-AIPS 3.1.5 */
	else if (e->in.h.exchange == EXCHANGE_MM && mm->initiator && mm->state == MM_FIRST_SENT)
		mm_init_m2(e, mm);
	else if (input_is_clear_em_gss(e, mm) && mm->initiator &&
	    exchange_is_old_response(e, mm))
		event_drop(e, mm, IKE_ERR_DUPLICATE);
	else if (input_is_clear_em_gss(e, mm) && mm->initiator)
		em_init_input(e, mm);
	else if (input_is_clear_em_gss(e, mm))
		em_resp_input(e, mm);
	else /* anybody could have sent it: never a reason to tear down (A60) */
		event_drop(e, mm,
		    e->in.h.exchange == EXCHANGE_MM ? IKE_ERR_STATE : IKE_ERR_NOT_ENCRYPTED);
}

/* M1: the responder ignores the E flag (MS-AIPS 3.3.5.1, A29). */
static void
input_m1(struct engine *e, const struct isakmp_header *h)
{
	struct mm_sa *mm = sadb_mm_find_m1(e, h->icookie, e->in_remote);
	struct span m1 = e->datagram;
	enum ike_err err;

	if (mm != NULL) {
		if (!input_is_duplicate(e, mm))
			event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (e->shutting_down) {
		event_drop(e, NULL, IKE_ERR_SHUTDOWN);
		return;
	}
	if ((h->flags & ISAKMP_FLAG_ENCRYPTED) != 0 && m1.n <= MESSAGE_MAX_BYTES) {
		memcpy(e->plain, m1.p, m1.n);
		e->plain[19] &= (uint8_t)~ISAKMP_FLAG_ENCRYPTED;
		m1.p = e->plain;
	}
	err = message_parse(m1, e->p.dialect.lenient_trailer == LENIENT_TRAILER_ON, &e->in);
	if (err == IKE_OK && !e->in.has_crypto)
		err = IKE_ERR_CRYPTO_PAYLOAD;
	if (err == IKE_OK && memcmp(h->icookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		err = IKE_ERR_COOKIE;
	if (err == IKE_OK && h->message_id != 0) /* MS-AIPS 3.1.5 */
		err = IKE_ERR_MESSAGE_ID;
	if (err != IKE_OK)
		event_drop(e, NULL, err);
	else
		mm_resp_m1(e);
}

void
engine_input(struct engine *e, uint64_t now_ms, const struct endpoint *local,
    const struct endpoint *remote, struct span datagram)
{
	bool lenient = e->p.dialect.lenient_trailer == LENIENT_TRAILER_ON;
	struct isakmp_header h;
	struct mm_sa *mm;
	enum ike_err err;

	engine_now(e, now_ms);
	e->datagram = datagram;
	exchange_digest(datagram, e->digest);
	e->in_local = local;
	e->in_remote = remote;
	if ((err = isakmp_header_parse(datagram, lenient, &h)) != IKE_OK) {
		event_drop(e, NULL, err);
		return;
	}
	if (h.exchange == EXCHANGE_MM &&
	    memcmp(h.rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0) {
		input_m1(e, &h);
		return;
	}
	if ((mm = sadb_mm_find(e, h.icookie, h.rcookie, local, remote)) == NULL)
		err = IKE_ERR_COOKIE;
	else if (input_is_duplicate(e, mm))
		return;
	else
		err = message_parse(datagram, lenient, &e->in);
	if (err == IKE_OK && !e->in.has_crypto)
		err = IKE_ERR_CRYPTO_PAYLOAD;
	if (err != IKE_OK)
		event_drop(e, mm, err);
	else if ((h.flags & ISAKMP_FLAG_ENCRYPTED) != 0)
		input_encrypted(e, mm);
	else
		input_clear(e, mm);
	e->in_local = e->in_remote = NULL;
}

/* ---- timers and ends --------------------------------------------------------------------------- */

void
engine_advance(struct engine *e, uint64_t now_ms)
{
	struct timer *t;

	engine_now(e, now_ms);
	e->in_local = e->in_remote = NULL;
	while ((t = timer_pop_due(&e->timers, e->now_ms)) != NULL)
		t->fire(e, t->owner);
}

uint64_t
engine_deadline_ms(const struct engine *e)
{
	return timer_next_ms(&e->timers);
}

/*
 * Begin anew with this peer (spec authip.md 6.4): its main mode takes no more quick modes,
 * and the next acquire starts another one, with Vid-Initial-Contact.
 */
static void
engine_qm_silent(struct engine *e, struct qm_sa *qm)
{
	struct mm_sa *mm = qm->mm;

	if (mm != NULL)
		mm->expired = true;
	qm_delete(e, qm, IKE_ERR_PEER_SILENT, true);
	if (mm != NULL && LIST_EMPTY(&mm->quick_modes))
		mm_retire(e, mm);
}

void
engine_qm_expired(struct engine *e, uint64_t now_ms, uint32_t qm_id, enum engine_expiry why)
{
	struct qm_sa *qm, *next;
	struct mm_sa *mm;

	engine_now(e, now_ms);
	for (qm = LIST_FIRST(&e->qm_all); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, all_link);
		if ((qm_id != 0 && qm->id != qm_id) || !qm->in_installed)
			continue;
		mm = qm->mm;
		if (why == EXPIRY_SOFT) {
			rekey_start(e, qm);
		} else if (why == EXPIRY_SILENT) {
			engine_qm_silent(e, qm);
		} else {
			qm_delete(e, qm,
			    why == EXPIRY_PLANE_GONE ? IKE_ERR_PLANE_GONE : IKE_ERR_QM_EXPIRED,
			    true);
			mm_end_if_drained(e, mm);
		}
	}
}

/* The first quick mode completes the main mode: without it nothing more would happen. */
static bool
qm_completes_mm(const struct qm_sa *qm)
{
	return qm->mm != NULL && qm->is_first && !qm_is_usable(qm) &&
	    qm->mm->state != MM_DYING;
}

void
engine_delete_qm(struct engine *e, uint64_t now_ms, uint32_t qm_id)
{
	struct qm_sa *qm, *next;

	engine_now(e, now_ms);
	for (qm = LIST_FIRST(&e->qm_all); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, all_link);
		if (qm_id != 0 && qm->id != qm_id)
			continue;
		if (qm_completes_mm(qm)) {
			mm_end(e, qm->mm, IKE_ERR_DELETED);
			next = LIST_FIRST(&e->qm_all); /* others went with it */
		} else {
			qm_delete(e, qm, IKE_ERR_DELETED, true);
		}
	}
}

void
engine_delete_mm(struct engine *e, uint64_t now_ms, uint32_t mm_id)
{
	struct mm_sa *mm, *next;

	engine_now(e, now_ms);
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->state != MM_DYING && (mm_id == 0 || mm->id == mm_id))
			mm_end(e, mm, IKE_ERR_DELETED);
	}
	if (mm_id == 0) /* what outlived its main mode */
		engine_delete_qm(e, now_ms, 0);
}

void
engine_address_removed(struct engine *e, uint64_t now_ms, const struct address *a)
{
	struct mm_sa *mm, *next;

	engine_now(e, now_ms);
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->state != MM_DYING && address_equal(&mm->local.addr, a))
			mm_end(e, mm, IKE_ERR_DELETED);
	}
}

void
engine_shutdown(struct engine *e, uint64_t now_ms)
{
	struct mm_sa *mm, *next;
	struct qm_sa *qm;

	engine_now(e, now_ms);
	e->shutting_down = true;
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->state != MM_DYING)
			mm_end(e, mm, IKE_ERR_SHUTDOWN);
	}
	while ((qm = LIST_FIRST(&e->qm_all)) != NULL)
		qm_delete(e, qm, IKE_ERR_SHUTDOWN, false);
}

bool
engine_is_idle(const struct engine *e)
{
	const struct mm_sa *mm;

	LIST_FOREACH (mm, &e->mm_all, all_link)
		if (mm->notify_request.bytes.n > 0)
			return false;
	return true;
}
