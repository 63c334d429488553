/*
 * Notify exchange: reliable notifies with acknowledgement, one outstanding per main mode;
 * STATUS in clear before keys (MS-AIPS 3.1.5, 3.1.7.5; spec authip.md 1.8, 4.7, A62-A68).
 */
#include <stdlib.h>
#include <string.h>

#include "ike/nat.h"
#include "ike/rekey.h"
#include "ike/tongue.h"
#include "ike/v1.h"

#define ERROR_IKE_PROCESS_HASH 0x360d

static void notify_send_next(struct engine *e, struct mm_sa *mm);

static void
notify_pop(struct mm_sa *mm)
{
	struct notify_item *item = STAILQ_FIRST(&mm->notify_queue);

	if (item == NULL)
		return;
	STAILQ_REMOVE_HEAD(&mm->notify_queue, next);
	mm->n_notify--;
	free(item);
}

/* The outstanding notify is through, or nobody answers: go on. */
static void
notify_settled(struct engine *e, struct mm_sa *mm)
{
	request_done(e, &mm->notify_request);
	notify_pop(mm);
	if (!STAILQ_EMPTY(&mm->notify_queue))
		notify_send_next(e, mm);
	else if (mm->state == MM_DYING)
		sadb_mm_free(e, mm);
}

static void
notify_give_up(struct engine *e, void *owner)
{
	const struct notify_item *item;
	struct mm_sa *mm = owner;

	/* A peer that started again knows this main mode no more: the next one asks by another. */
	if ((item = STAILQ_FIRST(&mm->notify_queue)) != NULL && item->type == NOTIFY_ACQUIRE)
		mm->expired = true;
	notify_settled(e, mm);
}

/* As they shall stand in the quick mode: whoever is asked is its initiator (A69). */
static void
notify_write_ids(struct engine *e, const struct flow *selector)
{
	build_payload(e->out, PAYLOAD_ID);
	pld_id_encode_endpoint(&e->out->w, selector->protocol, &selector->remote);
	build_end(e->out);
	build_payload(e->out, PAYLOAD_ID);
	pld_id_encode_endpoint(&e->out->w, selector->protocol, &selector->local);
	build_end(e->out);
}

static void
notify_build(struct engine *e, struct mm_sa *mm, const struct notify_item *item)
{
	uint8_t acquire[8] = { 0, 0, 0, ENCAPSULATION_TRANSPORT, 0, 0, 0, (uint8_t)item->code };
	uint8_t data[4] = { (uint8_t)(item->code >> 24), (uint8_t)(item->code >> 16),
		(uint8_t)(item->code >> 8), (uint8_t)item->code };
	struct pld_notify n = {
		.protocol = item->protocol,
		.flags = NOTIFY_FLAG_RELIABLE,
		.type = item->type,
		.data = item->type == NOTIFY_STATUS ? SPAN_ARRAY(data) : SPAN_NONE,
	};

	mm->notify_seq = seq_take(mm, SEQ_NOTIFY, mm->dialect);
	if (item->type == NOTIFY_ACQUIRE)
		n.data = SPAN_ARRAY(acquire);
	exchange_begin(e, mm, EXCHANGE_NOTIFY, item->message_id, mm->notify_seq, true);
	build_payload(e->out, PAYLOAD_NOTIFY);
	pld_notify_encode(&e->out->w, &n);
	build_end(e->out);
	if (item->type == NOTIFY_ACQUIRE)
		notify_write_ids(e, &item->selector);
}

static void
notify_send_next(struct engine *e, struct mm_sa *mm)
{
	const struct notify_item *item = STAILQ_FIRST(&mm->notify_queue);
	/* At shutdown one retransmission at most (MS-AIPS 3.1.6.2). */
	uint32_t max = e->shutting_down ? 1 : mm->dialect->retransmit_max;
	struct span out;

	notify_build(e, mm, item);
	if (!exchange_finish(e, mm, &out)) {
		notify_pop(mm);
		return;
	}
	request_send(e, &mm->notify_request, mm, out, max, notify_give_up, mm);
}

static void
notify_queue(struct engine *e, struct mm_sa *mm, const struct notify_item *what)
{
	struct notify_item *item;

	if (!mm->initiator && !mm->keys.peer_proved)
		return; /* nothing is sent to an address that has proved nothing */
	if (mm->n_notify >= NOTIFY_QUEUE_MAX || (item = calloc(1, sizeof(*item))) == NULL) {
		e->error_count[IKE_ERR_NO_MEMORY]++;
		return;
	}
	*item = *what;
	if (item->message_id == 0 || mm->dialect->qm_notify_mid != QM_NOTIFY_MID_QM)
		e->p.host.random(e->p.host.ctx, (uint8_t *)&item->message_id,
		    sizeof(item->message_id));
	STAILQ_INSERT_TAIL(&mm->notify_queue, item, next);
	mm->n_notify++;
	if (mm->notify_request.bytes.n == 0)
		notify_send_next(e, mm);
}

void
notify_reliable(struct engine *e, struct mm_sa *mm, uint16_t type, uint8_t protocol,
    uint32_t message_id, uint32_t code)
{
	struct notify_item item = {
		.protocol = protocol,
		.type = type,
		.code = code,
		.message_id = message_id,
	};

	if (mm->v1 != NULL)
		v1_info_status(e, mm, type, protocol, message_id, code);
	else
		notify_queue(e, mm, &item);
}

void
notify_acquire(struct engine *e, struct mm_sa *mm, const struct qm_sa *qm)
{
	struct notify_item item = {
		.protocol = NOTIFY_PROTO_QM,
		.type = NOTIFY_ACQUIRE,
		.code = qm->guaranteed_encryption ? ACQUIRE_GUARANTEE_ENCRYPTION : 0,
		.selector = qm->selector,
	};

	/* By the addresses that the peer knows. */
	if (qm->udp && !qm->initiator) {
		item.selector.local.addr = qm->id_responder;
		item.selector.remote.addr = qm->id_initiator;
	}

	notify_queue(e, mm, &item);
}

void
notify_drop_all(struct engine *e, struct mm_sa *mm)
{
	request_done(e, &mm->notify_request);
	while (!STAILQ_EMPTY(&mm->notify_queue))
		notify_pop(mm);
}

void
notify_clear_status(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct isakmp_header *request, size_t request_n,
    uint32_t code)
{
	uint8_t data[4] = { (uint8_t)(code >> 24), (uint8_t)(code >> 16), (uint8_t)(code >> 8),
		(uint8_t)code };
	struct pld_notify n = {
		.protocol = NOTIFY_PROTO_MM,
		.type = NOTIFY_STATUS,
		.data = SPAN_ARRAY(data),
	};
	struct isakmp_header h = { .exchange = EXCHANGE_NOTIFY };
	struct engine_action *a;
	struct span out;

	/* CKY-R stays what it was: a refused exchange makes no cookie (hostile row H35). */
	memcpy(h.icookie, request->icookie, COOKIE_BYTES);
	memcpy(h.rcookie, request->rcookie, COOKIE_BYTES);
	e->p.host.random(e->p.host.ctx, (uint8_t *)&h.message_id, sizeof(h.message_id));
	build_begin(e->out, &h, 0);
	build_payload(e->out, PAYLOAD_NOTIFY);
	pld_notify_encode(&e->out->w, &n);
	build_end(e->out);
	if (build_finish(e->out, NULL, SPAN_NONE, &out) != IKE_OK || out.n > request_n)
		return;
	if ((a = action_push(e, ACTION_SEND, out)) == NULL)
		return;
	a->send.local = *local;
	a->send.remote = *remote;
}

static void
notify_ack(struct engine *e, struct mm_sa *mm, uint8_t protocol)
{
	uint8_t data[4] = { (uint8_t)(e->in.seq >> 24), (uint8_t)(e->in.seq >> 16),
		(uint8_t)(e->in.seq >> 8), (uint8_t)e->in.seq };
	struct pld_notify n = {
		.protocol = protocol,
		.type = NOTIFY_ACK,
		.data = SPAN_ARRAY(data),
	};
	struct span out;

	exchange_begin(e, mm, EXCHANGE_NOTIFY, e->in.h.message_id, e->in.seq, true);
	build_payload(e->out, PAYLOAD_NOTIFY);
	pld_notify_encode(&e->out->w, &n);
	build_end(e->out);
	answered_begin(e, &mm->notify_answered);
	if (exchange_finish(e, mm, &out))
		answered_reply(e, &mm->notify_answered, mm, out);
}

static void
notify_code_text(struct text *t, uint32_t code)
{
	const char *name = ike_win32_name(code);

	if (name != NULL) {
		text_str(t, name);
		text_str(t, " ");
	}
	text_str(t, "(");
	text_u32(t, code);
	text_str(t, ")");
}

static bool
qm_was_here(const struct mm_sa *mm, uint32_t message_id)
{
	for (uint32_t i = 0; i < GONE_QMS && i < mm->n_gone_qm; i++)
		if (mm->gone_qm[i] == message_id)
			return true;
	return false;
}

/* Its end, not a refusal. */
static bool
is_end_of_pair(uint32_t code)
{
	return code == ike_err_win32(IKE_ERR_DELETED) ||
	       code == ike_err_win32(IKE_ERR_QM_EXPIRED);
}

/*
 * The peer gives its notifies message IDs of their own (A64): then it means the only quick mode
 * that we negotiate, else the oldest pair that was replaced, else the only pair. NULL: it could
 * be any.
 */
static struct qm_sa *
notify_guess_qm(const struct mm_sa *mm, uint32_t code)
{
	struct qm_sa *qm, *begun = NULL, *replaced = NULL, *pair = NULL;
	size_t n_begun = 0, n_pair = 0;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link) {
		if (!qm_is_usable(qm)) {
			n_begun += qm->state != QM_PENDING;
			begun = qm->state != QM_PENDING ? qm : begun;
			continue;
		}
		pair = qm;
		n_pair++;
		if (qm->is_replaced && (replaced == NULL || qm->id < replaced->id))
			replaced = qm;
	}
	if (n_begun > 0 && !is_end_of_pair(code))
		return n_begun == 1 ? begun : NULL;
	return replaced != NULL ? replaced : n_pair == 1 ? pair : NULL;
}

/* The quick mode that the header names: failed while negotiating, else deleted. */
static void
notify_end_qm(struct engine *e, struct mm_sa *mm, uint32_t code)
{
	struct qm_sa *qm = sadb_qm_by_message_id(mm, e->in.h.message_id);
	char buf[128];
	struct text t;

	if (qm == NULL && !qm_was_here(mm, e->in.h.message_id))
		qm = notify_guess_qm(mm, code);
	if (qm == NULL && code == ike_err_win32(IKE_ERR_QM_EXPIRED))
		return; /* its time was over here, too */
	if (qm == NULL) {
		mm->expired = true; /* whatever it was, start afresh next time (A64) */
		return;
	}
	text_init(&t, buf, sizeof(buf));
	notify_code_text(&t, code);
	if (qm_is_usable(qm)) {
		qm_delete(e, qm, IKE_ERR_PEER_DELETED, false);
	} else if (qm->is_first && (mm->initiator || (mm_needs_em(mm) && !mm->keys.has_em))) {
		mm_init_spare_pending(e, mm);
		mm_fail(e, mm, "quick mode", IKE_ERR_PEER_STATUS, buf, false, true);
		return;
	} else {
		qm_fail(e, qm, "quick mode", IKE_ERR_PEER_STATUS, buf, false);
	}
	mm_end_if_drained(e, mm);
}

/* STATUS for the main mode: fail what is in progress, else drain (A63). */
static void
notify_end_mm(struct engine *e, struct mm_sa *mm, uint32_t code)
{
	char buf[128];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	notify_code_text(&t, code);
	if (mm->state != MM_ESTABLISHED || (mm_needs_em(mm) && !mm->keys.has_em)) {
		if (code == ike_err_win32(IKE_ERR_AUTH_HASH) || code == ERROR_IKE_PROCESS_HASH)
			tongue_failed(e, mm, true);
		mm_fail(e, mm, "peer's status notify", IKE_ERR_PEER_STATUS, buf, false, true);
		return;
	}
	mm->expired = mm->peer_ended = true;
	event_mm(e, EVENT_PEER_STATUS, mm, IKE_ERR_PEER_STATUS, buf);
	if (!LIST_EMPTY(&mm->quick_modes))
		return;
	event_mm(e, EVENT_MM_DELETED, mm, IKE_ERR_PEER_DELETED, "main mode deleted by the peer");
	mm_linger(e, mm);
}

static void
notify_act(struct engine *e, struct mm_sa *mm, const struct pld_notify *n,
    const struct flow *wanted)
{
	uint32_t code = ike_err_win32(IKE_ERR_NO_PROPOSAL);

	if (n->type == NOTIFY_ACQUIRE) {
		(void)pld_notify_u32(n, &code);
		rekey_asked(e, mm, wanted, code);
		return;
	}
	if (n->type == NOTIFY_STATUS && !pld_notify_u32(n, &code)) {
		event_drop(e, mm, IKE_ERR_NOTIFY);
		return;
	}
	mm->peer_code = code;
	if (n->type == NOTIFY_NO_PROPOSAL_CHOSEN ||
	    (n->type == NOTIFY_STATUS && n->protocol == NOTIFY_PROTO_QM))
		notify_end_qm(e, mm, code);
	else if (n->type == NOTIFY_STATUS)
		notify_end_mm(e, mm, code);
	/* Unknown types: acknowledged and ignored (spec 4.7). */
}

/* A message of exchange 246, authentic by its ICV. */
void
notify_input(struct engine *e, struct mm_sa *mm)
{
	struct pld_notify n;
	struct flow wanted;
	uint32_t seq;

	if (!exchange_rules(e, mm, MSG_NOTIFY))
		return;
	if (pld_notify_decode(message_find(&e->in, PAYLOAD_NOTIFY, 0)->body, &n) != IKE_OK ||
	    (n.type == NOTIFY_ACQUIRE &&
		(n.data.n != 8 || !rekey_read_acquire(e, mm, &wanted)))) {
		event_drop(e, mm, IKE_ERR_NOTIFY);
		return;
	}
	if (n.type == NOTIFY_ACK) {
		if (mm->notify_request.bytes.n == 0 || !pld_notify_u32(&n, &seq) ||
		    seq != mm->notify_seq)
			event_drop(e, mm, IKE_ERR_STATE);
		else
			notify_settled(e, mm);
		return;
	}
	if (!seq_accept(mm, SEQ_NOTIFY, e->in.seq)) {
		event_drop(e, mm, IKE_ERR_REPLAY);
		return;
	}
	nat_follow(e, mm);
	if ((n.flags & NOTIFY_FLAG_RELIABLE) != 0)
		notify_ack(e, mm, n.protocol);
	if (mm->state != MM_DYING)
		notify_act(e, mm, &n, &wanted);
}

/* A notify in clear: a hint that anybody could have sent (A62). */
void
notify_clear_input(struct engine *e, struct mm_sa *mm)
{
	struct pld_notify n;
	uint32_t code;

	if (!exchange_rules(e, mm, MSG_CLEAR_NOTIFY))
		return;
	if (!mm->initiator || mm->keys.ready ||
	    mm->dialect->clear_status == CLEAR_STATUS_IGNORE ||
	    pld_notify_decode(message_find(&e->in, PAYLOAD_NOTIFY, 0)->body, &n) != IKE_OK ||
	    n.type != NOTIFY_STATUS || !pld_notify_u32(&n, &code)) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	mm->peer_status = code;
	event_mm(e, EVENT_PEER_STATUS, mm, IKE_ERR_PEER_STATUS,
	    "unauthenticated notify: noted, not obeyed");
	if (mm->dialect->clear_status != CLEAR_STATUS_FAIL_FAST)
		return;
	mm->peer_code = code;
	mm_fail(e, mm, "first message of main mode", IKE_ERR_PEER_STATUS, NULL, false, true);
}
