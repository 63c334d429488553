/* What the simulation tests share. */
#ifndef AUTHIPD_TESTS_CHECK_SIM_H
#define AUTHIPD_TESTS_CHECK_SIM_H

#include <check.h>

#include "tests/sim/simnet.h"

/* For what is asked a million times: each ck_assert writes a message, and its parent reads it. */
#define SIM_ASSERT(what)                              \
	do {                                          \
		if (!(what))                          \
			ck_abort_msg("%s", #what);    \
	} while (0)

/* Default policy, fixed seed. */
void sim_begin(void);
void sim_begin_with(const struct dialect *d);
/* host has its result, and both have one pair that is the same and like this. */
void sim_expect_pair(size_t host, enum qm_transform t, enum cipher_id cipher);

TCase *sim_negotiation_cases(void);
TCase *sim_proposal_cases(void);
TCase *sim_gcm_cases(void);
TCase *sim_life_cases(void);
TCase *sim_knob_cases(void);
TCase *sim_dos_cases(void);
TCase *sim_fault_cases(void);
void sim_nat_tests(Suite *s);
TCase *sim_fragment_cases(void);
TCase *sim_auth_cases(void);
TCase *sim_main_auth_cases(void);
TCase *sim_main_token_cases(void);
TCase *sim_tongue_cases(void);
TCase *sim_rekey_cases(void);
TCase *sim_both_cases(void);
TCase *sim_policy_cases(void);
TCase *sim_narrow_cases(void);
TCase *sim_unheard_cases(void);
TCase *sim_back_cases(void);

#endif
