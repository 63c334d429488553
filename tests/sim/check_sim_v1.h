/* What the simulation tests of IKEv1 share. */
#ifndef AUTHIPD_TESTS_CHECK_SIM_V1_H
#define AUTHIPD_TESTS_CHECK_SIM_V1_H

#include <check.h>

#include "tests/sim/simnet.h"

extern struct simnet net;

/* Both hosts with IKEv1 alone and this method; sim_start() is left to do. */
void v1_prepare(uint64_t seed, enum auth_method method);
void v1_begin_psk(uint64_t seed);
/* Host 0 wants a pair, and has it or a failure. */
void v1_connect_now(void);
/* One pair at each host, and they fit. */
void v1_expect_pair(void);
struct engine_mm_status v1_mm_of(size_t host);
/* For net.tap: "MS NT5 ISAKMPOAKLEY" is hidden, the peers are like all but Windows. */
bool v1_hide_windows(void *ctx, size_t from, uint8_t *p, size_t *n);

TCase *sim_v1_refused_cases(void);
TCase *sim_v1_fault_cases(void);
TCase *sim_v1_flood_cases(void);
TCase *sim_v1_life_cases(void);
TCase *sim_v1_windows_cases(void);
TCase *sim_v1_coexist_cases(void);

#endif
