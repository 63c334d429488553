/*
 * Two hosts with traffic between them: what their planes do with the pairs that they were
 * given, and what happens to each packet. They share `net` of tests/hostile/hostile.h.
 */
#ifndef AUTHIPD_TESTS_TRAFFIC_H
#define AUTHIPD_TESTS_TRAFFIC_H

#include "tests/hostile/hostile.h"

#define HOUR_S 3600

/* The planes of both hosts, and what they saw. */
struct traffic_world {
	struct flow flow[SIM_HOSTS];
	bool is_deaf[SIM_HOSTS]; /* its plane knows no soft limits */
	uint64_t ticket;
	uint32_t step_s; /* between two looks */
	uint32_t packets; /* in a step */
	size_t n_sent;
	size_t n_arrived;
	size_t n_unsent; /* no pair: would be held */
	size_t n_lost;	 /* arrived, and nobody could open it */
	uint64_t last_ms[SIM_HOSTS]; /* when something last came through to it */
	uint32_t gap_s;	 /* the present one */
	uint32_t longest_gap_s;
};
extern struct traffic_world world;

/* Policies with these lifetimes; change more, and call sim_start(). */
void traffic_prepare(uint64_t seed, uint32_t qm_lifetime_s, uint32_t mm_lifetime_s);
/* Same, started, with a pair. */
void traffic_begin(uint64_t seed, uint32_t qm_lifetime_s, uint32_t mm_lifetime_s);
/* Host 0 wants a pair, if it does not wait for one. */
void traffic_acquire(void);
/* The plane of a host says something about a quick mode. */
void traffic_say(size_t host, uint32_t qm_id, enum engine_expiry why);
/* Both planes say what they have to say now. */
void traffic_play_planes(void);
void traffic_step(void);
void traffic_run(uint32_t seconds);
/* Nothing was lost, and nobody had to wait. */
void traffic_expect_no_gap(void);
/* The most rekeys that a pair of this host stands for. */
uint32_t traffic_rekeys(size_t host);
/* After a good while with a good network: one pair, known to both. */
void traffic_expect_one_pair(void);

#endif
