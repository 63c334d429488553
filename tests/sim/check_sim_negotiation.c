/* Negotiations as they should go, and as policy says that they should not. */
#include <string.h>

#include "tests/sim/check_sim.h"
#include "tests/sim/check_sim_list.h"

START_TEST(default_policy_with_extended_mode)
{
	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	ck_assert_uint_eq(net.host[0].n_auth_open, 0);
	ck_assert_uint_eq(net.host[1].n_auth_open, 0);
	ck_assert_uint_eq(
	    engine_event_count(net.host[0].engine, EVENT_EM_ESTABLISHED), 1);
	ck_assert_uint_eq(
	    engine_event_count(net.host[1].engine, EVENT_EM_ESTABLISHED), 1);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

START_TEST(no_sa_before_extended_mode)
{
	sim_begin();
	net.host[1].auth_is_silent = true;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 20000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_qm(&net, 0), 1);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(ipv6)
{
	sim_begin();
	sim_acquire(&net, 0, 1, 6, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

/* The peer does not know who we are, and policy says that this is fine. */
START_TEST(anonymous_without_extended_mode)
{
	struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.n_em_auth = net.host[1].policy.n_em_auth = 0;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

/* One side wants extended mode and the other does not: no SA at the side that wants it. */
START_TEST(extended_mode_wanted_by_one_side_only)
{
	struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.n_em_auth = 0;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	ck_assert_uint_ge(
	    engine_error_count(net.host[1].engine, IKE_ERR_EM_REQUIRED), 1);
	sim_free(&net);
}
END_TEST

START_TEST(guaranteed_encryption_chooses_aes)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	policy_keep_encrypting(&net.host[0].policy);
	net.host[0].class.guarantee_encryption = true;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH_CIPHER, CIPHER_AES128);
	ck_assert(net.host[1].sa->add.guaranteed_encryption);
	sim_free(&net);
}
END_TEST

/*
 * The pair that is there does not encrypt: a flow that wants that gets one of its own, and
 * every later one of that traffic does, too, whoever renews it.
 */
START_TEST(guaranteed_encryption_upgrades)
{
	static const struct dialect d = DIALECT_DEFAULT;
	uint32_t id;

	sim_init(&net, 1);
	net.host[0].policy.n_em_auth = net.host[1].policy.n_em_auth = 0;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	net.host[0].class.guarantee_encryption = true;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 5000));
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	sim_run(&net, 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(net.host[i].n_sa, 4);
		ck_assert_int_eq(sim_sa_of(&net, i, false)->cipher, CIPHER_AES128);
		ck_assert(sim_sa_of(&net, i, true)->guaranteed_encryption);
	}
	/* The next one finds it; one that does not care takes either. */
	sim_acquire(&net, 0, 3, 4, 80);
	net.host[0].class.guarantee_encryption = false;
	sim_acquire(&net, 0, 4, 4, 80);
	ck_assert_uint_eq(net.host[0].n_result, 4);
	ck_assert_uint_eq(net.host[0].n_sa, 4);
	/* Renewed by the side that never said that it wants it. */
	id = sim_sa_of(&net, 1, true)->qm_id;
	engine_qm_expired(net.host[1].engine, net.now_ms, id, EXPIRY_SOFT);
	sim_flush(&net);
	sim_run(&net, 2000);
	ck_assert_uint_ne(sim_sa_of(&net, 1, true)->qm_id, id);
	ck_assert_int_eq(sim_sa_of(&net, 0, true)->cipher, CIPHER_AES128);
	ck_assert(sim_sa_of(&net, 0, true)->guaranteed_encryption);
	sim_free(&net);
}
END_TEST

START_TEST(guaranteed_encryption_is_not_bargained_away)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.n_qm_proposal = 1; /* ESP without encryption */
	net.host[1].class.guarantee_encryption = true;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_ge(
	    engine_error_count(net.host[1].engine, IKE_ERR_ENCRYPTION_REQUIRED), 1);
	sim_free(&net);
}
END_TEST

/*
 * Nothing that could be offered: who asked is told, and the first quick mode takes the main mode
 * along, at both ends, because it would carry nothing.
 */
START_TEST(nothing_to_offer)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.n_qm_proposal = 1; /* ESP without encryption */
		net.host[i].policy.n_em_auth = 0;
	}
	sim_start(&net, &d, &d);
	if (_i == 1) {
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 1000));
		net.host[0].n_result = 0;
	}
	net.host[0].class.guarantee_encryption = true;
	net.host[0].class.class_id++;
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	ck_assert_int_eq(net.host[0].result.error, IKE_ERR_NO_PROPOSAL);
	sim_run(&net, 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(sim_count_mm(&net, i), _i);
		ck_assert_uint_eq(sim_count_qm(&net, i), _i);
	}
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(sim_count_mm(&net, 0), _i);
	sim_free(&net);
}
END_TEST

START_TEST(nobody_listens_there)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].has_qm_policy = false;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "WSASetSocketSecurity"));
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(no_main_mode_policy)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].has_mm_policy = false;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	sim_free(&net);
}
END_TEST

/* One main mode, many quick modes. */
START_TEST(further_quick_modes)
{
	sim_begin();
	for (uint16_t i = 0; i < 10; i++) {
		sim_acquire(&net, 0, i + 1, 4, (uint16_t)(80 + i));
		ck_assert(sim_run_results(&net, 0, i + 1u, 5000));
		ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	}
	sim_run(&net, 1000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(net.host[0].n_sa, 20);
	ck_assert_uint_eq(net.host[1].n_sa, 20);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

START_TEST(many_at_once_share_the_main_mode)
{
	sim_begin();
	for (uint16_t i = 0; i < 10; i++)
		sim_acquire(&net, 0, i + 1, 4, (uint16_t)(80 + i));
	for (int i = 0; i < 5; i++)
		sim_acquire(&net, 0, 100, 4, 80); /* joins */
	ck_assert(sim_run_results(&net, 0, 15, 10000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(net.host[0].n_sa, 20);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

START_TEST(usable_pair_answers_at_once)
{
	size_t n;

	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	n = net.host[0].n_sent;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert_uint_eq(net.host[0].n_result, 2);
	ck_assert_uint_eq(net.host[0].n_sent, n);
	sim_free(&net);
}
END_TEST

START_TEST(pfs)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 4; k++)
			net.host[i].policy.qm_proposal[k].pfs = DH_ECP256;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 5000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 4);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

START_TEST(fast_quick_mode)
{
	struct dialect d = DIALECT_DEFAULT;

	d.fast_qm = FAST_QM_ON;
	sim_init(&net, 1);
	net.host[0].policy.n_qm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	sim_expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

START_TEST(same_seed_same_bytes)
{
	uint64_t trace[2];

	for (int i = 0; i < 2; i++) {
		sim_begin();
		net.loss_pct = 20;
		sim_acquire(&net, 0, 1, 4, 80);
		sim_run(&net, 100000);
		trace[i] = net.trace;
		sim_free(&net);
	}
	ck_assert_uint_eq(trace[0], trace[1]);
}
END_TEST

/* Every port comes twice. */
START_TEST(thousands_of_negotiations)
{
	sim_begin();
	for (uint32_t i = 0; i < 2000; i++) {
		sim_acquire_from(&net, 0, i + 1, (uint16_t)(1 + i % 1000), 80);
		ck_assert(sim_run_results(&net, 0, i + 1, 5000));
		ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
		engine_delete_mm(net.host[0].engine, net.now_ms, 0);
		sim_run(&net, 100);
	}
	sim_run(&net, 200000);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

TCase *
sim_negotiation_cases(void)
{
	TCase *t = tcase_create("negotiations");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, default_policy_with_extended_mode);
	tcase_add_test(t, no_sa_before_extended_mode);
	tcase_add_test(t, ipv6);
	tcase_add_test(t, anonymous_without_extended_mode);
	tcase_add_test(t, extended_mode_wanted_by_one_side_only);
	tcase_add_test(t, guaranteed_encryption_chooses_aes);
	tcase_add_test(t, guaranteed_encryption_upgrades);
	tcase_add_test(t, guaranteed_encryption_is_not_bargained_away);
	tcase_add_loop_test(t, nothing_to_offer, 0, 2);
	tcase_add_test(t, nobody_listens_there);
	tcase_add_test(t, no_main_mode_policy);
	tcase_add_test(t, further_quick_modes);
	tcase_add_test(t, many_at_once_share_the_main_mode);
	tcase_add_test(t, usable_pair_answers_at_once);
	tcase_add_test(t, pfs);
	tcase_add_test(t, fast_quick_mode);
	tcase_add_test(t, same_seed_same_bytes);
	tcase_add_test(t, thousands_of_negotiations);
	return t;
}
