/* Dispatch of datagrams: whose they are, and who acts on them. */
#include <string.h>

#include "ike/nat.h"
#include "ike/v1.h"

/*
 * To where the request came from: maybe from behind a NAT that has another port now, which
 * only a fresh message may make ours. Anybody can send a copy from any address: so not
 * without end, and to another address no more than came from there.
 */
static void
input_answer_again(struct engine *e, struct mm_sa *mm, struct answered *answered)
{
	bool same = address_equal(&mm->remote.addr, &e->in_remote->addr);
	struct span response = blob_span(&answered->response);
	struct engine_action *a;

	if (answered->n_again >= ANSWERED_AGAIN_MAX ||
	    (!same && response.n > e->datagram.n)) {
		event_drop(e, mm, IKE_ERR_AMPLIFICATION);
		return;
	}
	answered->n_again++;
	answered->sent_ms = e->now_ms;
	if (same && mm->remote.port == e->in_remote->port) {
		fragment_send(e, mm, response, &answered->cut, true);
		return;
	}
	if ((a = action_push(e, ACTION_SEND, response)) == NULL)
		return;
	a->send.local = *e->in_local;
	a->send.remote = *e->in_remote;
}

/* The request of mm that has this digest, or whose first fragment has; NULL: none. */
static struct answered *
input_find_answered(struct engine *e, struct mm_sa *mm, const uint8_t *first)
{
	struct qm_sa *qm;

	if (answered_is(e, &mm->answered, first))
		return &mm->answered;
	if (answered_is(e, &mm->notify_answered, first))
		return &mm->notify_answered;
	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (answered_is(e, &qm->answered, first)) {
			qm_resp_wait_for_sync(e, qm); /* Q2 has not arrived */
			return &qm->answered;
		}
	return NULL;
}

/* One transmission of many fragments is answered once. */
static bool
input_is_hasty(const struct engine *e, const struct answered *a)
{
	return e->now_ms - a->sent_ms < FRAGMENT_HURRY_MS;
}

/* The responder of MS-AIPS 3.1: the same bytes get the same answer, and nothing else. */
bool
input_is_duplicate(struct engine *e, struct mm_sa *mm)
{
	struct answered *a = input_find_answered(e, mm, NULL);

	if (a == NULL)
		return false;
	event_drop(e, mm, IKE_ERR_DUPLICATE);
	if (a->response.n > 0 && !(e->in_whole && input_is_hasty(e, a)))
		input_answer_again(e, mm, a);
	return true;
}

/*
 * Where fragments are lost the request may never be whole a second time: its first fragment
 * is enough to know it.
 */
void
input_fragment_again(struct engine *e, struct mm_sa *mm, const uint8_t *first)
{
	struct answered *a = input_find_answered(e, mm, first);

	if (a != NULL && a->response.n > 0 && !input_is_hasty(e, a))
		input_answer_again(e, mm, a);
}

/* Main-mode exchange or quick-mode exchange, at the side that asked. */
static void
input_quick_response(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm = sadb_qm_by_message_id(mm, e->in.h.message_id);

	if (qm == NULL || qm->request.bytes.n == 0)
		event_drop(e, mm, qm == NULL ? IKE_ERR_MESSAGE_ID : IKE_ERR_STATE);
	else if (qm->state == QM_INIT_FIRST_SENT &&
		 message_find(&e->in, PAYLOAD_SA, 0) != NULL)
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
	mm_fail(e, mm, "unexpected message", IKE_ERR_STATE,
	    ike_exchange_name(e->in.h.exchange), true, true);
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
	else if (!in_mm && mm->state == MM_ESTABLISHED && !mm->peer_ended)
		qm_resp_q1(e, mm, false); /* on which main mode is for the peer to say */
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

/* What is dropped because there is too much of it may come again: its number is still new. */
static bool
input_accept(struct engine *e, struct mm_sa *mm)
{
	enum seq_kind k = input_seq_kind(e->in.h.exchange);
	bool is_new_quick = k == SEQ_QM && mm->state == MM_ESTABLISHED && !mm->peer_ended &&
			    sadb_qm_by_message_id(mm, e->in.h.message_id) == NULL;

	if (!seq_is_new(mm, k, e->in.seq)) {
		event_drop(e, mm, IKE_ERR_REPLAY);
		return false;
	}
	if (is_new_quick && !qm_may_begin(e, mm))
		return false;
	return seq_accept(mm, k, e->in.seq);
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
	if (!mm->initiator && !input_accept(e, mm))
		return;
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
	return mm->dialect->em_gss == EM_GSS_243_CLEAR &&
	       e->in.h.exchange == EXCHANGE_MM &&
	       (mm->em.state == GSS_RUNS || mm->em.state == GSS_WANTED);
}

/* G1, G2, ...: tokens of main mode, before there are keys. */
static bool
input_is_main_gss(const struct mm_sa *mm)
{
	return gss_has_tokens(mm) &&
	       (mm->initiator ? !mm->keys.ready : mm->answered.response.n > 0);
}

static void
input_clear(struct engine *e, struct mm_sa *mm)
{
	if (e->in.h.exchange == EXCHANGE_NOTIFY)
		notify_clear_input(e, mm);
	else if (e->in.h.exchange == EXCHANGE_MM && e->in.h.message_id != 0)
		event_drop(e, mm, IKE_ERR_MESSAGE_ID); /* MS-AIPS 3.1.5 */
	else if (e->in.h.exchange == EXCHANGE_MM && mm->initiator &&
		 mm->state == MM_FIRST_SENT)
		mm_init_m2(e, mm);
	else if (e->in.h.exchange == EXCHANGE_MM && input_is_main_gss(mm)) {
		if (mm->initiator)
			mm_init_gss(e, mm);
		else
			mm_resp_gss(e, mm);
	} else if (input_is_clear_em_gss(e, mm) && mm->initiator &&
		   exchange_is_old_response(e, mm))
		event_drop(e, mm, IKE_ERR_DUPLICATE);
	else if (input_is_clear_em_gss(e, mm) && mm->initiator)
		em_init_input(e, mm);
	else if (input_is_clear_em_gss(e, mm))
		em_resp_input(e, mm);
	else /* anybody could have sent it: never a reason to tear down (A60) */
		event_drop(e, mm,
		    e->in.h.exchange == EXCHANGE_MM ? IKE_ERR_STATE :
						      IKE_ERR_NOT_ENCRYPTED);
}

/* M1: the responder ignores the E flag (MS-AIPS 3.3.5.1, A29). */
static void
input_m1(struct engine *e, const struct isakmp_header *h)
{
	struct mm_sa *mm = sadb_mm_find_m1(e, h->icookie, e->in_remote);
	struct span m1 = e->datagram;
	enum ike_err err;

	if (mm != NULL) {
		exchange_digest(m1, true, e->digest);
		if (!input_is_duplicate(e, mm))
			event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (e->shutting_down) {
		event_drop(e, NULL, IKE_ERR_SHUTDOWN);
		return;
	}
	if (h->next_payload == PAYLOAD_CRYPTO && !dos_admit(e, h, true))
		return;
	exchange_digest(m1, true, e->digest);
	if ((h->flags & ISAKMP_FLAG_ENCRYPTED) != 0 && m1.n <= MESSAGE_MAX_BYTES) {
		memcpy(e->plain, m1.p, m1.n);
		e->plain[19] &= (uint8_t)~ISAKMP_FLAG_ENCRYPTED;
		m1.p = e->plain;
	}
	err = message_parse(
	    m1, e->p.dialect.lenient_trailer == LENIENT_TRAILER_ON, &e->in);
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

/* Does it start a main mode? With a cookie it carries CKY-R (A75). */
static bool
input_is_m1(
    const struct engine *e, const struct isakmp_header *h, const struct mm_sa *mm)
{
	if (h->exchange != EXCHANGE_MM)
		return false;
	if (memcmp(h->rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		return mm == NULL || h->next_payload != PAYLOAD_NOTIFY;
	return mm == NULL && h->message_id == 0 && h->next_payload == PAYLOAD_CRYPTO &&
	       (h->flags & ISAKMP_FLAG_ENCRYPTED) == 0 && dos_expects_cookies(e);
}

/* A message of mm; one that came in fragments (e->in_whole) is looked at a second time. */
static void
input_of_mm(struct engine *e, struct mm_sa *mm, const struct isakmp_header *h)
{
	bool lenient = e->p.dialect.lenient_trailer == LENIENT_TRAILER_ON;
	enum ike_err err;

	/* M1 whose cookie became CKY-R is found here when it comes again. */
	exchange_digest(e->datagram,
	    mm->by_cookie && mm->state == MM_RESP_FIRST_DONE &&
		(h->flags & ISAKMP_FLAG_ENCRYPTED) == 0,
	    e->digest);
	if (input_is_duplicate(e, mm))
		return;
	err = message_parse(e->datagram, lenient, &e->in);
	if (err == IKE_OK && !e->in.has_crypto) {
		if (mm->initiator && mm->state == MM_FIRST_SENT && !e->in_whole) {
			mm_init_cookie(e, mm);
			return;
		}
		err = IKE_ERR_CRYPTO_PAYLOAD;
	}
	if (err != IKE_OK)
		event_drop(e, mm, err);
	else if ((h->flags & ISAKMP_FLAG_ENCRYPTED) != 0)
		input_encrypted(e, mm);
	else
		input_clear(e, mm);
}

static void
input_fragment(struct engine *e, struct mm_sa *mm, struct isakmp_header *h)
{
	struct span whole;

	if (!reassembly_add(e, mm, h, &whole))
		return;
	if (isakmp_header_parse(whole, false, h) != IKE_OK ||
	    h->next_payload == PAYLOAD_FRAGMENT) {
		event_drop(e, mm, IKE_ERR_FRAGMENT_FORM);
		return;
	}
	e->datagram = whole;
	e->in_whole = true;
	input_of_mm(e, mm, h);
	e->in_whole = false;
}

/* An Informational of IKEv1 while M1 is out: maybe the demand for a cookie (A75). */
static bool
input_may_be_demand(struct engine *e, const struct isakmp_header *h)
{
	const struct mm_sa *mm;

	if (h->exchange != EXCHANGE_INFO || h->next_payload != PAYLOAD_NOTIFY)
		return false;
	mm = sadb_mm_find(e, h->icookie, h->rcookie, e->in_local, e->in_remote);
	return mm != NULL && mm->v1 == NULL && mm->initiator && mm->state == MM_FIRST_SENT;
}

void
input_datagram(struct engine *e)
{
	bool lenient = e->p.dialect.lenient_trailer == LENIENT_TRAILER_ON;
	struct isakmp_header h;
	struct mm_sa *mm;
	enum ike_err err;

	err = isakmp_header_parse(e->datagram, lenient, &h);
	if (err == IKE_ERR_IKEV1 && input_may_be_demand(e, &h)) {
		err = IKE_OK;
	} else if (err == IKE_ERR_IKEV1) {
		v1_input(e, &h);
		return;
	}
	if (err != IKE_OK) {
		event_drop(e, NULL, err);
		return;
	}
	mm = sadb_mm_find(e, h.icookie, h.rcookie, e->in_local, e->in_remote);
	if (input_is_m1(e, &h, mm))
		input_m1(e, &h);
	else if (mm == NULL || mm->v1 != NULL)
		event_drop(e, NULL, IKE_ERR_COOKIE);
	else if (h.next_payload == PAYLOAD_FRAGMENT)
		input_fragment(e, mm, &h);
	else
		input_of_mm(e, mm, &h);
}
