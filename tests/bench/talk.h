/* Two engines that negotiate in one process without a network, one CPU clock each. */
#ifndef AUTHIPD_TESTS_BENCH_TALK_H
#define AUTHIPD_TESTS_BENCH_TALK_H

#include "daemon/auth_tls.h"
#include "ike/engine.h"

#define TALK_SIDES 2
#define TALK_QUEUE 8

struct talk_datagram {
	uint8_t *p;
	size_t n;
};

struct talk_side {
	struct talk *talk;
	struct engine *engine;
	struct policy policy;
	struct class_policy class;
	struct endpoint at;	    /* changes: one main mode per pair of addresses */
	const struct auth_tls *tls; /* borrowed; NULL: no extended mode */
	struct auth_dialogue *dialogue; /* owned */
	struct talk_datagram queue[TALK_QUEUE];
	size_t n_queue;
	double cpu_s;
};

/* [0] is the initiator, [1] the responder. */
struct talk {
	struct talk_side side[TALK_SIDES];
	uint64_t now_ms;
	uint32_t n_done;
};

/* tls NULL: anonymous only. With the default policy, which is that of Windows. */
void talk_begin(struct talk *t, const struct auth_tls *tls);
/* Main mode, extended mode if there is tls, quick mode. Aborts if that fails. */
void talk_negotiate(struct talk *t);
/* Lets the timers of as many milliseconds fire. */
void talk_wait(struct talk *t, uint64_t ms);
void talk_end(struct talk *t);

#endif
