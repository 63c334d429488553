/* What a bad network does to one packet of a run: taps of simnet. */
#ifndef AUTHIPD_TESTS_SIM_TAP_H
#define AUTHIPD_TESTS_SIM_TAP_H

#include "tests/sim/simnet.h"

struct nth {
	size_t n; /* which packet of the whole run */
	size_t seen;
	int bit; /* that flip_nth() flips */
	size_t copy_n;
	uint8_t copy[SIM_MAX_PACKET];
	size_t copy_from;
};

/* Taps; ctx: struct nth. */
bool lose_all(void *ctx, size_t from, uint8_t *p, size_t *n); /* ctx: any */
bool lose_nth(void *ctx, size_t from, uint8_t *p, size_t *n);
bool flip_nth(void *ctx, size_t from, uint8_t *p, size_t *n);
bool copy_nth(void *ctx, size_t from, uint8_t *p, size_t *n);

/*
 * What the first message of host 0 says of a first contact is late: it was lost, and host 1 has
 * begun by itself before it comes again. True: both negotiations end well, and nothing is lost.
 */
bool sim_contact_is_late(struct simnet *net);

#endif
