/* Tests of the protocol: two engines, a simulated network, a virtual clock. */
#include <stdlib.h>

#include "tests/sim/check_sim.h"
#include "tests/sim/check_sim_list.h"
#include "tests/unit/run_suite.h"

void
sim_begin_with(const struct dialect *d)
{
	sim_init_dialect(&net, 42, d);
}

void
sim_begin(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_begin_with(&d);
}

void
sim_expect_pair(size_t host, enum qm_transform t, enum cipher_id cipher)
{
	ck_assert_uint_eq(net.host[host].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[0].sa->add.protocol, t == QM_AH ? 51 : 50);
	ck_assert_uint_eq(net.host[0].sa->add.cipher, cipher);
}

int
main(void)
{
	Suite *s = suite_create("simulation");

	suite_add_tcase(s, sim_negotiation_cases());
	suite_add_tcase(s, sim_proposal_cases());
	suite_add_tcase(s, sim_gcm_cases());
	suite_add_tcase(s, sim_life_cases());
	suite_add_tcase(s, sim_knob_cases());
	suite_add_tcase(s, sim_dos_cases());
	suite_add_tcase(s, sim_fault_cases());
	suite_add_tcase(s, sim_list_cases());
	suite_add_tcase(s, sim_list_quick_cases());
	suite_add_tcase(s, sim_list_install_cases());
	suite_add_tcase(s, sim_list_notify_cases());
	suite_add_tcase(s, sim_list_auth_cases());
	suite_add_tcase(s, sim_list_limit_cases());
	suite_add_tcase(s, sim_narrow_cases());
	suite_add_tcase(s, sim_unheard_cases());
	suite_add_tcase(s, sim_back_cases());
	sim_nat_tests(s);
	suite_add_tcase(s, sim_fragment_cases());
	suite_add_tcase(s, sim_auth_cases());
	suite_add_tcase(s, sim_main_auth_cases());
	suite_add_tcase(s, sim_main_token_cases());
	suite_add_tcase(s, sim_tongue_cases());
	suite_add_tcase(s, sim_rekey_cases());
	suite_add_tcase(s, sim_both_cases());
	suite_add_tcase(s, sim_policy_cases());
	return run_suite(s);
}
