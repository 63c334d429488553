/* Tokens of main mode: in the first message (A47), and on a bad network. */
#include <string.h>

#include "tests/sim/check_sim_main.h"

/* ---- a token in the first message (A47) ---- */

/* The second negotiation knows the peer's name from the first. */
static void
run_twice(void)
{
	main_record();
	engine_delete_mm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 200000);
	net.host[0].n_main_steps = net.host[1].n_main_steps = 0;
	seen->n = 0;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 200000));
	sim_run(&net, 1000);
}

START_TEST(t096_no_token_while_the_name_is_unknown)
{
	main_begin(&methods[_i], 1);
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	main_record();
	main_expect_success(methods[_i]);
	ck_assert_ptr_null(recipe_find(&seen->m[M1], PAYLOAD_GSS, 0));
	ck_assert_ptr_nonnull(recipe_find(&seen->m[M2], PAYLOAD_GSS_ID, 0));
	sim_free(&net);
}
END_TEST

START_TEST(t096_token_in_the_first_message)
{
	main_begin(LIST(AUTH_KERBEROS));
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	run_twice();
	main_expect_success(AUTH_KERBEROS);
	ck_assert_uint_eq(seen->n, 6);
	ck_assert_ptr_nonnull(recipe_find(&seen->m[M1], PAYLOAD_GSS, 0));
	ck_assert_ptr_nonnull(recipe_find(&seen->m[M2], PAYLOAD_GSS, 0));
	EXPECT_PAYLOADS(Q1, PAYLOAD_HASH, PAYLOAD_ID, PAYLOAD_ID, PAYLOAD_SA, PAYLOAD_NONCE,
	    PAYLOAD_NOTIFY);
	sim_free(&net);
}
END_TEST

/* TLS goes on with G1; where the answer is too large for M2, the dialogue begins again. */
START_TEST(token_of_tls_in_the_first_message)
{
	main_begin(LIST(AUTH_TLS));
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	if (_i == 1)
		net.host[1].token_n = 3000;
	run_twice();
	main_expect_success(AUTH_TLS);
	ck_assert_ptr_nonnull(recipe_find(&seen->m[M1], PAYLOAD_GSS, 0));
	ck_assert_uint_eq(recipe_find(&seen->m[M2], PAYLOAD_GSS, 0) != NULL, _i == 0);
	ck_assert_uint_le(seen->wire[M2].n, seen->wire[M1].n);
	ck_assert_uint_eq(seen->n, _i == 0 ? 8 : 10);
	sim_free(&net);
}
END_TEST

/* The responder has another idea: without, or with another method. */
START_TEST(token_in_the_first_message_is_of_no_use)
{
	main_begin(LIST(AUTH_KERBEROS, AUTH_TLS));
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	engine_delete_mm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 200000);
	if (_i == 0) /* no longer in its list */
		net.host[1].policy.mm_auth[0].offered = false;
	else if (_i == 1) /* refused by auth */
		net.host[1].refuses_peer = BIT(AUTH_KERBEROS);
	else /* no ticket any more */
		net.host[0].no_credential = BIT(AUTH_KERBEROS);
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 200000));
	sim_run(&net, 1000);
	main_expect_success(AUTH_TLS);
	ck_assert_uint_eq(net.host[0].n_auth_open + net.host[1].n_auth_open, 0);
	sim_free(&net);
}
END_TEST

/* Auth takes long to answer M1: it comes again meanwhile, and is asked about once. */
START_TEST(slow_answer_to_a_token_in_the_first_message)
{
	main_begin(LIST(AUTH_KERBEROS));
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	engine_delete_mm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 200000);
	net.host[1].auth_delay_ms = 9000;
	net.host[1].n_main_steps = 0;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 60000));
	sim_run(&net, 1000);
	main_expect_success(AUTH_KERBEROS);
	ck_assert_uint_eq(net.host[1].n_main_steps, 1);
	sim_free(&net);
}
END_TEST

/* ---- the network ---- */

START_TEST(each_message_of_main_mode_lost)
{
	struct nth t = { .n = (size_t)_i };

	main_begin(LIST(AUTH_TLS, AUTH_KERBEROS));
	net.host[_i % 2].refuses_peer = BIT(AUTH_TLS);
	net.tap = lose_nth;
	net.tap_ctx = &t;
	main_run();
	sim_run(&net, 10000);
	main_expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_through_a_bad_network)
{
	for (uint64_t seed = 1; seed <= 150; seed++) {
		main_begin(LIST(AUTH_TLS, AUTH_KERBEROS));
		net.rng = seed;
		net.loss_pct = 15;
		net.dup_pct = 20;
		net.jitter_ms = 300;
		net.host[seed % 2].refuses_peer = BIT(AUTH_TLS);
		dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
		sim_start(&net, &dialect, &dialect);
		for (uint64_t ticket = 1; ticket <= 2; ticket++) {
			sim_acquire(&net, 0, ticket, 4, 80);
			ck_assert_msg(sim_run_results(&net, 0, ticket, 400000),
			    "seed %llu: stuck", (unsigned long long)seed);
			sim_run(&net, 5000);
			if (net.host[0].result.error == IKE_OK)
				ck_assert_msg(sim_sas_agree(&net), "seed %llu: keys differ",
				    (unsigned long long)seed);
			engine_delete_mm(net.host[0].engine, net.now_ms, 0);
			sim_run(&net, 400000);
		}
		ck_assert_msg(sim_count_mm(&net, 0) + sim_count_mm(&net, 1) == 0 &&
			net.host[0].n_auth_open + net.host[1].n_auth_open == 0,
		    "seed %llu: something is left", (unsigned long long)seed);
		sim_free(&net);
	}
}
END_TEST

/* A ticket with a PAC, or a long chain: 14 kB in clear through paths of any size. */
START_TEST(large_tokens_of_main_mode)
{
	static const size_t mtu[] = { 1280, 1280, 576 };

	main_begin(&methods[_i % 2], 1);
	dialect.fragment_send = _i == 0 ? FRAGMENT_SEND_AUTO : FRAGMENT_SEND_ALWAYS;
	net.mtu = mtu[_i];
	net.host[0].token_n = net.host[1].token_n = 14000;
	main_run();
	main_expect_success(methods[_i % 2]);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(net.host[i].engine->reassembly_bytes, 0);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_through_a_nat)
{
	main_begin(&methods[_i], 1);
	sim_nat_begin(&net, 0, false);
	sim_start(&net, &dialect, &dialect);
	sim_acquire_from(&net, 0, 1, 1, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	sim_free(&net);
}
END_TEST

/* Forged tokens in clear cost nothing but themselves. */
START_TEST(bad_tokens_are_dropped)
{
	static const uint8_t junk[] = { 0, 0, 0, 0, 0, 0x60, 1 };
	static struct recipe r;
	static struct raw w;

	main_begin(LIST(AUTH_KERBEROS));
	net.host[1].auth_delay_ms = net.host[0].auth_delay_ms = 500;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 100);
	memset(&r, 0, sizeof(r));
	r.h.version = 0x10;
	r.h.exchange = EXCHANGE_MM;
	memcpy(r.h.icookie, hostile_mm(0)->icookie, COOKIE_BYTES);
	memcpy(r.h.rcookie, hostile_mm(0)->rcookie, COOKIE_BYTES);
	for (size_t n = 0; n < 5; n++) { /* shorter than a GSS payload */
		r.n = 0;
		recipe_add(&r, PAYLOAD_GSS, span_of(junk, n));
		recipe_write(&r, NULL, &w);
		hostile_drop_raw(1, &w, IKE_ERR_GSS);
		hostile_drop_raw(0, &w, IKE_ERR_STATE); /* it asks its auth */
	}
	r.n = 0;
	recipe_add(&r, PAYLOAD_GSS, SPAN_ARRAY(junk));
	recipe_add(&r, PAYLOAD_HASH, SPAN_ARRAY(junk));
	recipe_write(&r, NULL, &w);
	hostile_drop_raw(1, &w, IKE_ERR_PAYLOAD_UNEXPECTED);
	ck_assert(sim_run_results(&net, 0, 1, 20000));
	sim_run(&net, 1000);
	main_expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

TCase *
sim_main_token_cases(void)
{
	TCase *t = tcase_create("tokens of main mode");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, t096_no_token_while_the_name_is_unknown, 0, 2);
	tcase_add_test(t, t096_token_in_the_first_message);
	tcase_add_loop_test(t, token_of_tls_in_the_first_message, 0, 2);
	tcase_add_loop_test(t, token_in_the_first_message_is_of_no_use, 0, 3);
	tcase_add_test(t, slow_answer_to_a_token_in_the_first_message);
	tcase_add_loop_test(t, each_message_of_main_mode_lost, 0, 14);
	tcase_add_test(t, main_mode_through_a_bad_network);
	tcase_add_loop_test(t, large_tokens_of_main_mode, 0, 3);
	tcase_add_loop_test(t, main_mode_through_a_nat, 0, 2);
	tcase_add_test(t, bad_tokens_are_dropped);
	return t;
}
