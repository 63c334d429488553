/*
 * Requests and responses (MS-AIPS 3.1): only the requester retransmits; the responder
 * answers a repeated request with its stored answer; sequence numbers (A30).
 */
#include <string.h>

#include "ike/tongue.h"

#define SEQ_WINDOW 64
#define DOUBT_AFTER 2 /* transmissions: with the default pace, 6 s */

uint32_t
seq_take(struct mm_sa *mm, enum seq_kind k, const struct dialect *d)
{
	uint32_t seq = mm->seq_next[k];

	/* Per message, the response takes the number behind that of the request. */
	mm->seq_next[k] += d->seq_mode == SEQ_MODE_PER_MESSAGE ? 2 : 1;
	return seq;
}

uint32_t
seq_answer(uint32_t seq, const struct dialect *d)
{
	return d->seq_mode == SEQ_MODE_PER_MESSAGE ? seq + 1 : seq;
}

bool
seq_is_new(const struct mm_sa *mm, enum seq_kind k, uint32_t seq)
{
	const struct seq_window *w = &mm->seq_seen[k];

	return !w->any || seq > w->top ||
	    (w->top - seq < SEQ_WINDOW && (w->seen >> (w->top - seq) & 1) == 0);
}

bool
seq_accept(struct mm_sa *mm, enum seq_kind k, uint32_t seq)
{
	struct seq_window *w = &mm->seq_seen[k];

	if (!seq_is_new(mm, k, seq))
		return false;
	if (!w->any || seq > w->top) {
		uint32_t step = w->any ? seq - w->top : SEQ_WINDOW;

		w->seen = step < SEQ_WINDOW ? w->seen << step | 1 : 1;
		w->top = seq;
		w->any = true;
		return true;
	}
	w->seen |= (uint64_t)1 << (w->top - seq);
	return true;
}

void
exchange_digest(struct span datagram, bool is_m1, uint8_t *digest)
{
	size_t rest_at = is_m1 ? 2 * COOKIE_BYTES : COOKIE_BYTES;
	struct span part[2] = { span_of(datagram.p, COOKIE_BYTES),
		span_of(datagram.p + rest_at, datagram.n - rest_at) };
	uint8_t full[HASH_MAX_BYTES] = { 0 };

	hash_digest(HASH_SHA256, part, 2, full);
	memcpy(digest, full, DIGEST_BYTES);
}

static void
exchange_keys(const struct mm_sa *mm, struct message_keys *k)
{
	k->cipher = mm->chosen.cipher;
	k->cipher_key = span_of(mm->keys.cipher_key, cipher_key_len_bytes(mm->chosen.cipher));
	k->hash = mm->chosen.integrity;
	k->integrity_key = span_of(mm->keys.a, mm->keys.hash_n);
	k->icv_len_bytes = mm->keys.icv_n;
}

void
exchange_begin(struct engine *e, const struct mm_sa *mm, uint8_t exchange, uint32_t message_id,
    uint32_t seq, bool encrypted)
{
	struct isakmp_header h = {
		.exchange = exchange,
		.flags = encrypted ? ISAKMP_FLAG_ENCRYPTED : 0,
		.message_id = message_id,
	};

	memcpy(h.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(h.rcookie, mm->rcookie, COOKIE_BYTES);
	build_begin(e->out, &h, seq);
}

bool
exchange_finish(struct engine *e, const struct mm_sa *mm, struct span *wire)
{
	uint8_t iv[CIPHER_MAX_BLOCK_BYTES];
	size_t block = cipher_block_len_bytes(mm->chosen.cipher);
	struct message_keys k;

	if ((e->out->h.flags & ISAKMP_FLAG_ENCRYPTED) == 0)
		return build_finish(e->out, NULL, SPAN_NONE, wire) == IKE_OK;
	if (!mm->keys.ready)
		return false;
	exchange_keys(mm, &k);
	e->p.host.random(e->p.host.ctx, iv, block);
	return build_finish(e->out, &k, span_of(iv, block), wire) == IKE_OK;
}

enum ike_err
exchange_try(struct engine *e, struct mm_sa *mm)
{
	struct message_keys k;

	exchange_keys(mm, &k);
	return message_open(&e->in, &k, mm->dialect->strict_pad == STRICT_PAD_ON, e->plain,
	    MESSAGE_MAX_BYTES + 1);
}

bool
exchange_open(struct engine *e, struct mm_sa *mm)
{
	enum ike_err err = IKE_ERR_NO_KEYS;

	if (mm->keys.ready || mm_resp_keys(mm)) {
		err = exchange_try(e, mm);
		if (err == IKE_ERR_ICV && tongue_probe_keys(e, mm))
			err = IKE_OK;
		if (err == IKE_OK) {
			mm->keys.peer_proved = true;
			mm->heard_ms = e->now_ms;
			dos_closed(e, mm);
		}
	}
	if (err != IKE_OK)
		event_drop(e, mm, err);
	return err == IKE_OK;
}

bool
exchange_rules(struct engine *e, struct mm_sa *mm, enum ike_message_id id)
{
	uint8_t type;
	enum ike_err err = rules_check(&e->in, id, &type);

	if (err != IKE_OK)
		event_drop(e, mm, err);
	return err == IKE_OK;
}

bool
exchange_is_old_response(struct engine *e, struct mm_sa *mm)
{
	for (uint32_t i = 0; i < OLD_RESPONSES && i < mm->n_old_response; i++)
		if (memcmp(mm->old_response[i], e->digest, DIGEST_BYTES) == 0)
			return true;
	memcpy(mm->old_response[mm->n_old_response++ % OLD_RESPONSES], e->digest,
	    DIGEST_BYTES);
	return false;
}

/* ---- requests ---- */

/* It has no answer, and nothing else was said either. */
static bool
request_is_doubtful(const struct request *r)
{
	return r->doubt != NULL && r->n_sent == DOUBT_AFTER && r->mm->heard_ms <= r->began_ms;
}

static void
request_transmit(struct engine *e, struct request *r)
{
	r->sent_ms = e->now_ms;
	fragment_send(e, r->mm, blob_span(&r->bytes), &r->cut, true);
}

static void
request_again(struct engine *e, void *owner)
{
	struct request *r = owner;
	request_give_up *give_up = r->give_up;
	bool is_doubtful = request_is_doubtful(r);
	char buf[96];
	struct text t;

	if (r->n_sent > r->max_resend) {
		request_done(e, r);
		give_up(e, r->owner); /* may free what holds r */
		return;
	}
	r->n_sent++;
	r->interval_ms *= 2;
	if (r->longest_ms != 0 && r->interval_ms > r->longest_ms)
		r->interval_ms = r->longest_ms;
	timer_arm(&e->timers, &r->timer, e->now_ms + r->interval_ms, request_again, r);
	mm_init_before_resend(r->mm);
	request_transmit(e, r);
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "no answer yet: transmission ");
	text_u32(&t, r->n_sent);
	text_str(&t, " of ");
	text_u32(&t, r->max_resend + 1);
	event_mm(e, EVENT_RETRANSMIT, r->mm, IKE_OK, buf);
	if (is_doubtful)
		r->doubt(e, r->owner);
}

void
request_send(struct engine *e, struct request *r, struct mm_sa *mm, struct span wire,
    uint32_t max_resend, request_give_up *give_up, void *owner)
{
	if (!blob_set(&r->bytes, wire))
		e->error_count[IKE_ERR_NO_MEMORY]++; /* sent once, never again */
	r->mm = mm;
	r->give_up = give_up;
	r->owner = owner;
	r->n_sent = 1;
	r->cut.id = 0;
	r->max_resend = max_resend;
	r->interval_ms = mm->dialect->retransmit_first_ms;
	r->longest_ms = 0;
	r->n_hurried = 0;
	r->doubt = NULL;
	r->began_ms = r->sent_ms = e->now_ms;
	timer_arm(&e->timers, &r->timer, e->now_ms + r->interval_ms, request_again, r);
	fragment_send(e, mm, wire, &r->cut, false);
}

void
request_pace(
    struct engine *e, struct request *r, uint32_t first_ms, uint32_t longest_ms)
{
	r->interval_ms = first_ms;
	r->longest_ms = longest_ms;
	timer_arm(&e->timers, &r->timer, e->now_ms + first_ms, request_again, r);
}

void
request_set_doubt(struct request *r, request_doubt *doubt)
{
	r->doubt = doubt;
}

void
request_hurry(struct engine *e, struct request *r)
{
	if (r->bytes.n == 0 || e->now_ms < r->sent_ms + r->mm->dialect->retransmit_first_ms)
		return;
	r->n_hurried++;
	request_transmit(e, r);
	event_mm(e, EVENT_RETRANSMIT, r->mm, IKE_OK, "no answer yet, but there is news: again");
}

void
request_done(struct engine *e, struct request *r)
{
	timer_cancel(&e->timers, &r->timer);
	blob_free(&r->bytes);
}

/* ---- answers ---- */

bool
answered_is(const struct engine *e, const struct answered *a, const uint8_t *first)
{
	if (first != NULL)
		return a->set && a->in_fragments &&
		       memcmp(a->first, first, FRAGMENT_DIGEST_BYTES) == 0;
	return a->set && memcmp(a->digest, e->digest, DIGEST_BYTES) == 0;
}

void
answered_begin(struct engine *e, struct answered *a)
{
	memcpy(a->digest, e->digest, DIGEST_BYTES);
	a->set = true;
	a->n_again = 0;
	a->cut.id = 0;
	a->in_fragments = e->in_whole;
	memcpy(a->first, e->whole_first, sizeof(a->first));
	blob_free(&a->response);
}

void
answered_reply(struct engine *e, struct answered *a, struct mm_sa *mm,
    struct span response)
{
	if (!blob_set(&a->response, response))
		e->error_count[IKE_ERR_NO_MEMORY]++;
	a->sent_ms = e->now_ms;
	fragment_send(e, mm, response, &a->cut, false);
}

void
answered_free(struct answered *a)
{
	blob_free(&a->response);
	a->set = false;
}
