/*
 * Requests and responses (MS-AIPS 3.1): only the requester retransmits; the responder
 * answers a repeated request with its stored answer; sequence numbers (A30).
 */
#include <string.h>

#include "ike/state.h"

enum seq_stream
exchange_stream(uint8_t exchange)
{
	switch (exchange) {
	case EXCHANGE_QM:
		return SEQ_QM;
	case EXCHANGE_EM:
		return SEQ_EM;
	case EXCHANGE_NOTIFY:
		return SEQ_NOTIFY;
	default:
		return SEQ_MM;
	}
}

uint32_t
exchange_next_seq(struct engine *e, struct mm_sa *mm, enum seq_stream s)
{
	uint32_t seq = mm->seq_next[s];

	/* Per message, the response takes the number behind that of the request. */
	mm->seq_next[s] += e->p.dialect.seq_mode == SEQ_MODE_PER_MESSAGE ? 2 : 1;
	return seq;
}

bool
exchange_seq_accept(struct seq_window *w, uint32_t seq)
{
	if (!w->any || seq > w->top) {
		uint32_t step = w->any ? seq - w->top : 1;

		w->seen = step < SEQ_WINDOW ? w->seen << step | 1 : 1;
		w->top = seq;
		w->any = true;
		return true;
	}
	if (w->top - seq >= SEQ_WINDOW || (w->seen >> (w->top - seq) & 1) != 0)
		return false;
	w->seen |= (uint64_t)1 << (w->top - seq);
	return true;
}

void
exchange_digest(struct span datagram, uint8_t *digest)
{
	uint8_t full[HASH_MAX_BYTES] = { 0 };

	hash_digest(HASH_SHA256, &datagram, 1, full);
	memcpy(digest, full, DIGEST_BYTES);
}

void
exchange_message_keys(const struct mm_sa *mm, struct message_keys *k)
{
	k->cipher = mm->chosen.cipher;
	k->cipher_key = span_of(mm->cipher_key, cipher_key_len_bytes(mm->chosen.cipher));
	k->hash = mm->chosen.integrity;
	k->integrity_key = key_span(&mm->skeyid_a);
	k->icv_len_bytes = mm->icv_len_bytes;
}

void
exchange_begin(struct engine *e, const struct mm_sa *mm, const struct exchange_head *h)
{
	struct isakmp_header head = { 0 };

	memcpy(head.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(head.rcookie, mm->rcookie, COOKIE_BYTES);
	head.exchange = h->exchange;
	head.flags = h->encrypted ? ISAKMP_FLAG_ENCRYPTED : 0;
	head.message_id = h->message_id;
	build_begin(&e->build, &head, h->seq);
}

enum ike_err
exchange_finish(struct engine *e, const struct mm_sa *mm, struct span *wire)
{
	uint8_t iv[CIPHER_MAX_BLOCK_BYTES];
	size_t block = cipher_block_len_bytes(mm->chosen.cipher);
	struct message_keys k;

	if ((e->build.h.flags & ISAKMP_FLAG_ENCRYPTED) == 0)
		return build_finish(&e->build, NULL, SPAN_NONE, wire);
	if (!mm->has_keys)
		return IKE_ERR_NO_KEYS;
	exchange_message_keys(mm, &k);
	sadb_random(e, iv, block);
	return build_finish(&e->build, &k, span_of(iv, block), wire);
}

static uint64_t
deadline_after(const struct engine *e, uint64_t ms)
{
	return e->now_ms + ms;
}

enum ike_err
exchange_request(struct engine *e, struct mm_sa *mm, struct outgoing *out,
    enum ike_message_id what, const struct exchange_head *h, struct span wire)
{
	const struct dialect *d = &e->p.dialect;

	if (!bytes_set(&out->data, wire))
		return IKE_ERR_NO_MEMORY;
	out->what = what;
	out->exchange = h->exchange;
	out->message_id = h->message_id;
	out->seq = h->seq;
	out->n_sent = 1;
	out->max_resend = what == MSG_M1 ? d->retransmit_max_first : d->retransmit_max;
	out->interval_ms = d->retransmit_first_ms;
	timer_set(&e->timers, &out->timer, deadline_after(e, out->interval_ms));
	action_send(e, mm, wire);
	return IKE_OK;
}

bool
exchange_resend(struct engine *e, struct mm_sa *mm, struct outgoing *out)
{
	char buf[128];
	struct text t;

	if (out->n_sent > out->max_resend)
		return false;
	out->n_sent++;
	out->interval_ms *= 2;
	timer_set(&e->timers, &out->timer, deadline_after(e, out->interval_ms));
	action_send(e, mm, bytes_span(&out->data));
	text_init(&t, buf, sizeof(buf));
	text_endpoint(&t, &mm->remote);
	text_str(&t, " ");
	text_str(&t, rules_message_name(out->what));
	text_str(&t, ": no answer yet, transmission ");
	text_u32(&t, out->n_sent);
	text_str(&t, " of ");
	text_u32(&t, out->max_resend + 1);
	action_event(e, EVENT_RETRANSMIT, IKE_OK, mm, NULL, buf);
	return true;
}

void
exchange_stop(struct engine *e, struct outgoing *out)
{
	timer_stop(&e->timers, &out->timer);
	bytes_free(&out->data);
}

bool
exchange_is_response(struct engine *e, struct mm_sa *mm, struct outgoing *out,
    const struct message *m)
{
	uint8_t digest[DIGEST_BYTES];
	enum ike_err err = IKE_OK;

	exchange_digest(m->raw, digest);
	if (out->has_response && memcmp(digest, out->last_response, DIGEST_BYTES) == 0)
		err = IKE_ERR_DUPLICATE;
	else if (out->data.n == 0 || m->h.exchange != out->exchange || m->seq < out->seq)
		err = IKE_ERR_STATE; /* the answer to an earlier request */
	if (err == IKE_OK)
		return true;
	report_drop(e, &mm->local, &mm->remote, mm, err);
	return false;
}

void
exchange_answered(struct engine *e, struct outgoing *out, const struct message *m)
{
	exchange_digest(m->raw, out->last_response);
	out->has_response = true;
	exchange_stop(e, out);
}

bool
exchange_is_duplicate(struct engine *e, struct mm_sa *mm, struct incoming *in,
    struct span datagram)
{
	uint8_t digest[DIGEST_BYTES];

	if (!in->has_request)
		return false;
	exchange_digest(datagram, digest);
	if (memcmp(digest, in->digest, DIGEST_BYTES) != 0)
		return false;
	report_drop(e, &mm->local, &mm->remote, mm, IKE_ERR_DUPLICATE);
	if (!in->in_process && in->reply.n > 0)
		action_send(e, mm, bytes_span(&in->reply));
	return true;
}

void
exchange_accept(struct engine *e, struct incoming *in, const struct message *m)
{
	exchange_digest(m->raw, in->digest);
	bytes_free(&in->reply);
	in->has_request = true;
	in->in_process = false;
	in->exchange = m->h.exchange;
	in->encrypted = (m->h.flags & ISAKMP_FLAG_ENCRYPTED) != 0;
	in->message_id = m->h.message_id;
	in->seq = m->seq;
	if (in->timer.owner != NULL)
		timer_stop(&e->timers, &in->timer);
}

struct exchange_head
exchange_reply_head(const struct engine *e, const struct incoming *in)
{
	struct exchange_head h = { in->exchange, in->encrypted, in->message_id, in->seq };

	if (e->p.dialect.seq_mode == SEQ_MODE_PER_MESSAGE)
		h.seq++;
	return h;
}

enum ike_err
exchange_reply(struct engine *e, struct mm_sa *mm, struct incoming *in, struct span wire)
{
	if (!bytes_set(&in->reply, wire))
		return IKE_ERR_NO_MEMORY;
	in->in_process = false;
	in->keep = false;
	if (in->timer.owner != NULL)
		timer_set(&e->timers, &in->timer,
		    deadline_after(e, (uint64_t)e->p.dialect.responder_timeout_s * 1000));
	action_send(e, mm, wire);
	return IKE_OK;
}

void
exchange_keep(struct engine *e, struct incoming *in)
{
	in->keep = true;
	timer_set(&e->timers, &in->timer,
	    deadline_after(e, (uint64_t)e->p.dialect.responder_timeout_s * 1000));
}

void
exchange_forget(struct engine *e, struct incoming *in)
{
	if (in->timer.owner != NULL)
		timer_stop(&e->timers, &in->timer);
	bytes_free(&in->reply);
	in->has_request = false;
	in->in_process = false;
	in->keep = false;
}
