/* Unit tests of the daemon's roles: the runner. */
#include <signal.h>
#include <stdlib.h>

#include "tests/unit/check_daemon.h"
#include "tests/unit/run_suite.h"

int
main(void)
{
	Suite *s = suite_create("daemon");

	signal(SIGPIPE, SIG_IGN); /* as every role does */
	daemon_ipc_tests(s);
	daemon_ipc_broken_tests(s);
	daemon_frame_tests(s);
	daemon_account_tests(s);
	daemon_api_tests(s);
	daemon_api_limit_tests(s);
	daemon_query_tests(s);
	daemon_owner_tests(s);
	daemon_sockets_tests(s);
	daemon_gate_tests(s);
	daemon_target_tests(s);
	daemon_secure_tests(s);
	daemon_secure_refused_tests(s);
	daemon_options_tests(s);
	daemon_log_tests(s);
	daemon_ctl_tests(s);
	daemon_ctl_limit_tests(s);
	daemon_status_tests(s);
	daemon_class_tests(s);
	daemon_clear_tests(s);
	daemon_explain_tests(s);
	daemon_params_tests(s);
	daemon_mm_policy_tests(s);
	daemon_user_tests(s);
	daemon_renew_tests(s);
	daemon_shared_tests(s);
	return run_suite(s);
}
