/* Putting fragments together, within bounds (MS-IKEE 3.3.5.3; spec authip.md 6.2). */
#include <stdlib.h>
#include <string.h>

#include "ike/state.h"

#define REASSEMBLY_FIRST_BYTES 2048

struct piece {
	uint16_t id;
	uint8_t number;
	bool last;
	struct span data;
	uint8_t digest[FRAGMENT_DIGEST_BYTES]; /* number 1 */
};

static void
piece_digest(struct piece *p)
{
	uint8_t full[HASH_MAX_BYTES] = { 0 };

	hash_digest(HASH_SHA256, &p->data, 1, full);
	memcpy(p->digest, full, sizeof(p->digest));
}

/* The fragment must be the only payload, and it must hold something. */
static bool
piece_read(struct span datagram, struct piece *p)
{
	struct cursor c;
	uint8_t next;
	uint16_t n;

	cursor_init(&c, datagram);
	cursor_skip(&c, ISAKMP_HEADER_BYTES);
	next = cursor_u8(&c);
	cursor_skip(&c, 1);
	n = cursor_u16(&c);
	p->id = cursor_u16(&c);
	p->number = cursor_u8(&c);
	p->last = (cursor_u8(&c) & FRAGMENT_FLAG_LAST) != 0;
	p->data = cursor_rest(&c);
	return cursor_ok(&c) && next == PAYLOAD_NONE && p->data.n > 0 &&
	    n == p->data.n + FRAGMENT_HEAD_BYTES && p->number >= 1 &&
	    p->number <= FRAGMENT_MAX_COUNT;
}

void
reassembly_drop(struct engine *e, struct mm_sa *mm)
{
	struct reassembly *r = mm->reassembly;

	if (r == NULL)
		return;
	timer_cancel(&e->timers, &mm->reassembly_timer);
	TAILQ_REMOVE(&e->reassemblies, r, link);
	e->reassembly_bytes -= r->cap + sizeof(*r);
	mm->reassembly = NULL;
	free(r->b);
	free(r);
}

static void
reassembly_over(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;

	event_drop(e, mm, IKE_ERR_FRAGMENT_TIMEOUT);
	reassembly_drop(e, mm);
}

static struct reassembly *
reassembly_begin(struct engine *e, struct mm_sa *mm, const struct isakmp_header *h,
    uint16_t id)
{
	struct reassembly *r = calloc(1, sizeof(*r));

	reassembly_drop(e, mm);
	if (r == NULL)
		return NULL;
	r->mm = mm;
	r->id = id;
	r->exchange = h->exchange;
	r->message_id = h->message_id;
	mm->reassembly = r;
	e->reassembly_bytes += sizeof(*r);
	TAILQ_INSERT_TAIL(&e->reassemblies, r, link);
	timer_arm(&e->timers, &mm->reassembly_timer, e->now_ms + REASSEMBLY_MAX_MS,
	    reassembly_over, mm);
	return r;
}

/* Room for n more bytes; the oldest messages of others make it. */
static bool
reassembly_grow(struct engine *e, struct reassembly *r, size_t n)
{
	/* Who sends tokens has our cookie, so that it is where it says. */
	bool large = r->mm->initiator || r->mm->keys.peer_proved || gss_has_tokens(r->mm) ||
		     r->mm->v1 != NULL;
	size_t max = large ? MESSAGE_MAX_BYTES : REASSEMBLY_UNPROVED_BYTES;
	size_t cap = r->cap != 0 ? r->cap : REASSEMBLY_FIRST_BYTES;
	struct reassembly *oldest;
	uint8_t *b;

	if (r->n + n > max)
		return false;
	while (cap < r->n + n)
		cap *= 2;
	if (cap == r->cap)
		return true;
	while (e->reassembly_bytes + cap - r->cap > REASSEMBLY_TOTAL_BYTES) {
		oldest = TAILQ_FIRST(&e->reassemblies);
		if (oldest == r && (oldest = TAILQ_NEXT(r, link)) == NULL)
			return false;
		event_drop(e, oldest->mm, IKE_ERR_FRAGMENT_LIMIT);
		reassembly_drop(e, oldest->mm);
	}
	if ((b = realloc(r->b, cap)) == NULL)
		return false;
	e->reassembly_bytes += cap - r->cap;
	r->b = b;
	r->cap = cap;
	return true;
}

/* IKE_OK: taken. */
static enum ike_err
reassembly_take(struct engine *e, struct reassembly *r, const struct piece *p)
{
	struct fragment *f = &r->fragment[p->number];

	if (p->last && r->last != 0 && r->last != p->number)
		return IKE_ERR_FRAGMENT_CONFLICT;
	if ((r->last != 0 && p->number > r->last) || (p->last && p->number < r->highest))
		return IKE_ERR_FRAGMENT_CONFLICT;
	if (f->n != 0)
		return IKE_ERR_FRAGMENT_TWICE;
	if (!reassembly_grow(e, r, p->data.n))
		return IKE_ERR_FRAGMENT_LIMIT;
	memcpy(r->b + r->n, p->data.p, p->data.n);
	*f = (struct fragment){ r->n, p->data.n };
	r->n += p->data.n;
	r->n_fragment++;
	if (p->number == 1)
		memcpy(r->first, p->digest, sizeof(r->first));
	if (p->number > r->highest)
		r->highest = p->number;
	if (p->last)
		r->last = p->number;
	return IKE_OK;
}

/*
 * The message in e->whole. Peers that follow the text of MS-IKEE leave the header out: it
 * is that of the fragments then, of an encrypted message (A79).
 */
static struct span
reassembly_join(struct engine *e, const struct reassembly *r, const struct isakmp_header *h)
{
	uint8_t *body = e->whole + ISAKMP_HEADER_BYTES;
	struct isakmp_header head = *h;
	struct writer w;
	size_t n = 0;

	for (uint32_t i = 1; i <= r->last; i++) {
		memcpy(body + n, r->b + r->fragment[i].at, r->fragment[i].n);
		n += r->fragment[i].n;
	}
	if (n >= 2 * COOKIE_BYTES && memcmp(body, h->icookie, COOKIE_BYTES) == 0 &&
	    memcmp(body + COOKIE_BYTES, h->rcookie, COOKIE_BYTES) == 0)
		return span_of(body, n);
	head.next_payload = r->mm->v1 != NULL ? PAYLOAD_ID : PAYLOAD_CRYPTO;
	head.flags |= ISAKMP_FLAG_ENCRYPTED;
	head.length = (uint32_t)(ISAKMP_HEADER_BYTES + n);
	writer_init(&w, e->whole, ISAKMP_HEADER_BYTES);
	isakmp_header_write(&w, &head);
	return span_of(e->whole, head.length);
}

static bool
reassembly_fits(const struct reassembly *r, const struct isakmp_header *h, uint16_t id)
{
	return r != NULL && r->id == id && r->exchange == h->exchange &&
	    r->message_id == h->message_id;
}

/*
 * Fragments are not authenticated. A main mode puts one message together at a time, and the
 * newest wins, so that a forged fragment never blocks what comes after it.
 */
bool
reassembly_add(struct engine *e, struct mm_sa *mm, const struct isakmp_header *h,
    struct span *whole)
{
	struct reassembly *r = mm->reassembly;
	struct piece p;
	enum ike_err err = IKE_ERR_NO_MEMORY;

	if ((!mm->keys.ready && !gss_has_tokens(mm) &&
		(mm->v1 == NULL || mm->gss.method != AUTH_V1_KERBEROS)) ||
	    mm->state == MM_DYING) {
		event_drop(e, mm, IKE_ERR_FRAGMENT);
		return false;
	}
	if (!piece_read(span_of(e->datagram.p, h->length), &p)) {
		event_drop(e, mm, IKE_ERR_FRAGMENT_FORM);
		return false;
	}
	if (p.number == 1)
		piece_digest(&p);
	if (!reassembly_fits(r, h, p.id))
		r = reassembly_begin(e, mm, h, p.id);
	if (r != NULL)
		err = reassembly_take(e, r, &p);
	if (p.number == 1 && (err == IKE_OK || err == IKE_ERR_FRAGMENT_TWICE))
		input_fragment_again(e, mm, p.digest);
	if (err != IKE_OK) {
		event_drop(e, mm, err);
		if (err != IKE_ERR_FRAGMENT_TWICE)
			reassembly_drop(e, mm);
		return false;
	}
	if (r->last == 0 || r->n_fragment != r->last)
		return false;
	*whole = reassembly_join(e, r, h);
	memcpy(e->whole_first, r->first, sizeof(r->first));
	reassembly_drop(e, mm);
	mm->fragments = true;
	return true;
}
