/*
 * A storm: two hosts, whose policies and faults come from a seed, negotiate on a bad network
 * while their auth roles crash, their clocks jump, their SAs end and they themselves restart.
 * What must never happen is watched at every action.
 */
#ifndef AUTHIPD_TESTS_STORM_H
#define AUTHIPD_TESTS_STORM_H

#include "tests/sim/simnet.h"

#define STORM_TICKETS 16
#define STORM_SAS 512
#define STORM_BOOTED_MS (24 * 3600 * 1000) /* clocks may go back */

struct storm_ticket {
	bool is_void; /* its host restarted: nobody waits */
	uint32_t n_results;
	enum ike_err error;
};

struct storm_sa {
	uint32_t spi;
	struct secret cipher_key;
	struct secret integrity_key;
};

struct storm {
	struct simnet net;
	uint64_t seed;
	struct dialect dialect;
	bool is_impossible; /* one of them cannot prove who it is */
	bool is_mild;	    /* loses, doubles and reorders, and nothing else */
	size_t n_ticket[SIM_HOSTS];
	struct storm_ticket ticket[SIM_HOSTS][STORM_TICKETS];
	size_t n_inbound[SIM_HOSTS]; /* whatever this host could ever open */
	struct storm_sa inbound[SIM_HOSTS][STORM_SAS];
	bool is_traced; /* tells what happens */
	size_t n_crashes;
	size_t n_jumps;
	size_t n_established; /* acquires that ended well, during the storm */
	char broken[256]; /* what must never happen; empty: nothing */
};

/* A host wants a pair; its number, from 0. */
size_t storm_acquire(struct storm *s, size_t host);
/* Makes the world of a seed, and lets it rage. */
void storm_begin(struct storm *s, uint64_t seed, bool is_traced);
void storm_rage(struct storm *s);
/* No faults any more, for so long. */
void storm_calm(struct storm *s, uint64_t for_ms);
/* Notes what must never be in the tables of a calm world. */
void storm_look(struct storm *s);
void storm_end(struct storm *s);
/* For the network: looks at every action (storm_watch.c). */
void storm_watch(void *ctx, size_t host, const struct engine_action *a);
/* Has the host both directions of a quick mode? */
bool storm_has_pair(const struct sim_host *h, uint32_t qm_id);
/* What must never happen did; the first counts. */
void storm_broken(struct storm *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
