/* Unit tests of the data plane: the runner. */
#include <stdlib.h>

#include "daemon/log.h"
#include "tests/unit/check_plane.h"
#include "tests/unit/run_suite.h"

int
main(void)
{
	Suite *s = suite_create("plane");

	log_init("plane", true, 0);
	plane_packet_tests(s);
	plane_icmp_tests(s);
	plane_out_tests(s);
	plane_hold_tests(s);
	plane_frag_tests(s);
	plane_in_tests(s);
	plane_sa_tests(s);
	plane_rekey_tests(s);
	plane_nat_tests(s);
	plane_clear_tests(s);
	plane_discovery_tests(s);
	plane_told_tests(s);
	plane_role_tests(s);
	plane_raw_tests(s);
	plane_super_tests(s);
	plane_burst_tests(s);
	return run_suite(s);
}
