/* What the files of keeper's unit tests share. */
#ifndef AUTHIPD_TESTS_CHECK_KEEPER_H
#define AUTHIPD_TESTS_CHECK_KEEPER_H

#include <check.h>

TCase *keeper_identity_cases(void);
TCase *keeper_minute_cases(void);
TCase *keeper_secured_cases(void);

#endif
