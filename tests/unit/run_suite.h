/* The end of main() of a program of tests. */
#ifndef AUTHIPD_TESTS_UNIT_RUN_SUITE_H
#define AUTHIPD_TESTS_UNIT_RUN_SUITE_H

#include <check.h>
#include <stdlib.h>

/* What the program ends with. */
static inline int
run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
