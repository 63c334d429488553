/* Timers of the engine: a heap of deadlines, so that 10,000 SAs cost log n each. */
#ifndef AUTHIPD_IKE_TIMER_H
#define AUTHIPD_IKE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
typedef void timer_fire(struct engine *e, void *owner);

/* Embedded in what it belongs to. Zeroed memory is a stopped timer. */
struct timer {
	uint64_t at_ms;
	size_t place; /* in the heap, from 1; 0 = stopped */
	timer_fire *fire;
	void *owner; /* borrowed */
};

struct timer_heap {
	struct timer **slot; /* slot[1..n] */
	size_t n;
	size_t cap;
	size_t reserved;
};

/*
 * Makes room for n more timers, so that timer_arm() cannot fail later. False: out of
 * memory, nothing changed.
 */
bool timer_reserve(struct timer_heap *h, size_t n);
/* Gives the room back; the timers must be stopped. */
void timer_release(struct timer_heap *h, size_t n);
/* Starts, or moves, a timer. */
void timer_arm(struct timer_heap *h, struct timer *t, uint64_t at_ms, timer_fire *fire,
    void *owner);
void timer_cancel(struct timer_heap *h, struct timer *t);
/* Stops and returns a timer that is due, or NULL. */
struct timer *timer_pop_due(struct timer_heap *h, uint64_t now_ms);
/* UINT64_MAX when none runs. */
uint64_t timer_next_ms(const struct timer_heap *h);
void timer_heap_free(struct timer_heap *h);

#endif
