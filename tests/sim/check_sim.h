/* What the simulation tests share. */
#ifndef AUTHIPD_TESTS_CHECK_SIM_H
#define AUTHIPD_TESTS_CHECK_SIM_H

#include <check.h>

#include "tests/sim/simnet.h"

TCase *sim_dos_cases(void);
TCase *sim_fault_cases(void);
void sim_nat_tests(Suite *s);
TCase *sim_fragment_cases(void);
TCase *sim_auth_cases(void);
TCase *sim_main_auth_cases(void);
TCase *sim_tongue_cases(void);
TCase *sim_rekey_cases(void);
TCase *sim_policy_cases(void);

#endif
