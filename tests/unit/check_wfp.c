/* Tests of the filtering platform: library, protocol and daemon together. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/run_suite.h"
#include "tests/unit/wfp_rig.h"

int
main(void)
{
	Suite *s = suite_create("wfp");

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
	return run_suite(s);
}
