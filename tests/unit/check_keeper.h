/* What the files of keeper's unit tests share. */
#ifndef AUTHIPD_TESTS_CHECK_KEEPER_H
#define AUTHIPD_TESTS_CHECK_KEEPER_H

#include <check.h>

#include "tests/unit/keeper_rig.h"

/* The end of a case: keeper has kept what it promises. */
void keeper_case_end(void);
void keeper_expect_kept(void);
/* The end of a case in which keeper has ended this role, and says why. */
void keeper_expect_distrust(enum role_id r);

TCase *keeper_identity_cases(void);
TCase *keeper_cache_cases(void);
TCase *keeper_class_cases(void);
TCase *keeper_minute_cases(void);
TCase *keeper_secured_cases(void);

#endif
