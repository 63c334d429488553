/* Tests of the filtering platform: library, protocol and daemon together. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/wfp_rig.h"

int
main(void)
{
	Suite *s = suite_create("wfp");
	SRunner *r = srunner_create(s);
	int failed;

	wfp_codec_tests(s);
	wfp_context_tests(s);
	wfp_user_tests(s);
	wfp_check_tests(s);
	wfp_policy_tests(s);
	wfp_session_tests(s);
	wfp_filter_tests(s);
	wfp_hostile_tests(s);
	wfp_sa_tests(s);
	if (!is_root())
		puts("skipped: access of other users, sessions of one user: run as "
		     "root");
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
