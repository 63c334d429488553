/* A binary heap of timers. */
#include "ike/timer.h"

#include <stdlib.h>

bool
timer_reserve(struct timer_heap *h, size_t n)
{
	size_t want = h->reserved + n + 1;

	if (want > h->cap) {
		size_t cap = h->cap < 32 ? 64 : h->cap * 2;
		struct timer **slot;

		if (cap < want)
			cap = want;
		slot = realloc(h->slot, cap * sizeof(*slot));
		if (slot == NULL)
			return false;
		h->slot = slot;
		h->cap = cap;
	}
	h->reserved += n;
	return true;
}

void
timer_release(struct timer_heap *h, size_t n)
{
	h->reserved -= n < h->reserved ? n : h->reserved;
}

static void
heap_put(struct timer_heap *h, size_t at, struct timer *t)
{
	h->slot[at] = t;
	t->place = at;
}

static void
heap_rise(struct timer_heap *h, struct timer *t)
{
	size_t at = t->place;

	while (at > 1 && h->slot[at / 2]->at_ms > t->at_ms) {
		heap_put(h, at, h->slot[at / 2]);
		at /= 2;
	}
	heap_put(h, at, t);
}

static void
heap_sink(struct timer_heap *h, struct timer *t)
{
	size_t at = t->place;

	for (;;) {
		size_t child = at * 2;

		if (child > h->n)
			break;
		if (child < h->n && h->slot[child + 1]->at_ms < h->slot[child]->at_ms)
			child++;
		if (h->slot[child]->at_ms >= t->at_ms)
			break;
		heap_put(h, at, h->slot[child]);
		at = child;
	}
	heap_put(h, at, t);
}

void
timer_arm(struct timer_heap *h, struct timer *t, uint64_t at_ms, timer_fire *fire, void *owner)
{
	if (t->place == 0) {
		if (h->n + 1 >= h->cap)
			return; /* not reserved: cannot happen */
		heap_put(h, ++h->n, t);
	}
	t->at_ms = at_ms;
	t->fire = fire;
	t->owner = owner;
	heap_rise(h, t);
	heap_sink(h, t);
}

void
timer_cancel(struct timer_heap *h, struct timer *t)
{
	struct timer *last;

	if (t->place == 0)
		return;
	last = h->slot[h->n--];
	if (last != t) {
		heap_put(h, t->place, last);
		heap_rise(h, last);
		heap_sink(h, last);
	}
	t->place = 0;
}

struct timer *
timer_pop_due(struct timer_heap *h, uint64_t now_ms)
{
	struct timer *t;

	if (h->n == 0 || h->slot[1]->at_ms > now_ms)
		return NULL;
	t = h->slot[1];
	timer_cancel(h, t);
	return t;
}

uint64_t
timer_next_ms(const struct timer_heap *h)
{
	return h->n == 0 ? UINT64_MAX : h->slot[1]->at_ms;
}

void
timer_heap_free(struct timer_heap *h)
{
	free(h->slot);
	h->slot = NULL;
	h->n = h->cap = h->reserved = 0;
}
