/* The test cases of the configuration. */
#ifndef AUTHIPD_TESTS_CHECK_CONFIG_H
#define AUTHIPD_TESTS_CHECK_CONFIG_H

#include <check.h>

#include "config/config.h"

/* Loads text; a failure fails the test with the error. */
void load_good(struct config *c, const char *text);

TCase *tcase_config_errors(void);
TCase *tcase_config_files(void);
TCase *tcase_config_identity(void);
TCase *tcase_config_policy(void);
TCase *tcase_config_rule(void);

#endif
