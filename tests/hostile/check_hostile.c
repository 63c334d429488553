/*
 * Hostile inputs, row by row of the project's list (H01-H48). A test case is
 * named after its row. Rows and parts of rows that are not here, and why:
 *
 *	H16	stripping the non-ESP marker is the daemon's; here: short ESP/AH packets
 *	H34	the trace ring is the daemon's; here: the event of each early drop
 *	H41	which certificate answers whom is the auth role's
 *	H45	certificates and chains are the auth role's
 *	H46	binding a key to an identity is the auth role's
 *	H50-H70	crypto and credentials: unit tests of crypto/ and of the auth role
 *	H80-H90	check_sim (H80, H86 in part), daemon, API and plane; here: the smallest M1
 *		(H81), ESP padding and AH padding (H89)
 */
#include <stdlib.h>

#include "tests/hostile/hostile.h"
#include "tests/unit/run_suite.h"

int
main(void)
{
	Suite *s = suite_create("hostile");

	suite_add_tcase(s, hostile_shape_cases());
	suite_add_tcase(s, hostile_chain_cases());
	suite_add_tcase(s, hostile_fragment_cases());
	suite_add_tcase(s, hostile_state_cases());
	suite_add_tcase(s, hostile_nostate_cases());
	suite_add_tcase(s, hostile_leak_cases());
	suite_add_tcase(s, hostile_notify_cases());
	suite_add_tcase(s, hostile_quick_cases());
	suite_add_tcase(s, hostile_auth_cases());
	suite_add_tcase(s, hostile_authip_cases());
	suite_add_tcase(s, hostile_ipsec_cases());
	suite_add_tcase(s, hostile_unproven_cases());
	suite_add_tcase(s, hostile_answer_cases());
	suite_add_tcase(s, hostile_token_cases());
	suite_add_tcase(s, hostile_other_cases());
	return run_suite(s);
}
