/* Which proposal is chosen, and what is said where there is none. */
#include <string.h>

#include "tests/sim/check_sim.h"
#include "tests/sim/check_sim_list.h"

static const struct {
	enum qm_transform transform;
	enum cipher_id cipher;
} transforms[] = {
	{ QM_ESP_AUTH, CIPHER_NULL },
	{ QM_ESP_AUTH_CIPHER, CIPHER_AES128 },
	{ QM_ESP_AUTH_CIPHER, CIPHER_3DES },
	{ QM_AH, CIPHER_NULL },
};

START_TEST(each_quick_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.qm_proposal[0] = net.host[1].policy.qm_proposal[_i];
	net.host[1].policy.n_qm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, transforms[_i].transform, transforms[_i].cipher);
	sim_free(&net);
}
END_TEST

static const struct mm_proposal mm_proposals[] = {
	{ CIPHER_AES128, HASH_SHA1, DH_ECP256, 7200 },
	{ CIPHER_3DES, HASH_SHA1, DH_MODP1024, 7200 },
	{ CIPHER_AES256, HASH_SHA256, DH_MODP2048, 7200 },
	{ CIPHER_AES192, HASH_SHA384, DH_ECP384, 7200 },
};

START_TEST(each_main_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	for (int i = 0; i < 2; i++) {
		net.host[i].policy.mm_proposal[0] = mm_proposals[_i];
		net.host[i].policy.n_mm_proposal = 1;
	}
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

/* A36: strict: the peer accepts only the second group, and the second attempt brings it. */
START_TEST(second_group_by_second_attempt)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.mm_proposal[0] = net.host[1].policy.mm_proposal[1];
	net.host[1].policy.n_mm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 100000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

START_TEST(no_acceptable_main_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.mm_proposal[0] = mm_proposals[2];
	net.host[1].policy.n_mm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	/* The text names both sides' proposals. */
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "3des-sha1-modp1024"));
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "aes256-sha256-modp2048"));
	ck_assert_ptr_nonnull(
	    strstr(net.host[0].result.text, "unauthenticated notify"));
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

/* What waits for a main mode that fails with its first quick mode has not been refused. */
START_TEST(refusal_is_of_one_port)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].unserved_port = 82; /* the last one goes first */
	sim_start(&net, &d, &d);
	for (uint16_t i = 0; i < 3; i++)
		sim_acquire(&net, 0, 1 + i, 4, 80 + i);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	ck_assert_uint_eq(net.host[0].result.ticket, 3);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_PEER_STATUS);
	for (size_t i = 2; i <= 3; i++) {
		ck_assert(sim_run_results(&net, 0, i, 5000));
		ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	}
	sim_run(&net, 5000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	ck_assert_uint_eq(net.host[0].n_sa, 4);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

START_TEST(no_acceptable_quick_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.qm_proposal[0] = net.host[1].policy.qm_proposal[3];
	net.host[1].policy.n_qm_proposal = 1;
	net.host[0].policy.n_qm_proposal = 3;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_PEER_STATUS);
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "ah-sha1"));
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "esp-aes128-sha1"));
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

TCase *
sim_proposal_cases(void)
{
	TCase *t = tcase_create("proposals");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, each_quick_mode_proposal, 0, 4);
	tcase_add_loop_test(t, each_main_mode_proposal, 0, 4);
	tcase_add_test(t, second_group_by_second_attempt);
	tcase_add_test(t, no_acceptable_main_mode_proposal);
	tcase_add_test(t, no_acceptable_quick_mode_proposal);
	tcase_add_test(t, refusal_is_of_one_port);
	return t;
}
