/* Main mode by Kerberos and TLS (spec authip.md 1.4): with and without Diffie-Hellman. */
#include <string.h>

#include "tests/sim/check_sim_list.h"
#include "tests/sim/check_sim.h"
#include "tests/sim/sim_tap.h"

#define BIT(method) (1u << (method))
#define UNKNOWN_MARK 2 /* a token that does not show its method */
#define LIST(...) (const enum auth_method[]){ __VA_ARGS__ }, \
	sizeof((const enum auth_method[]){ __VA_ARGS__ }) / sizeof(enum auth_method)

static const struct dialect plain = DIALECT_DEFAULT;
static struct dialect dialect;

/* Main mode by these methods, nothing behind it. */
static void
begin(const enum auth_method *method, size_t n)
{
	dialect = plain;
	sim_init(&net, 1);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.n_em_auth = 0;
		net.host[i].policy.n_mm_auth = (uint32_t)n;
		for (size_t k = 0; k < n; k++)
			net.host[i].policy.mm_auth[k] = (struct auth_entry){ method[k], true };
	}
}

static void
run(void)
{
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_auth_open + net.host[1].n_auth_open, 0);
}

static void
expect_success(enum auth_method method)
{
	ck_assert_msg(net.host[0].result.error == IKE_OK, "%s", net.host[0].result.text);
	ck_assert(sim_sas_agree(&net));
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		const struct mm_sa *mm = hostile_mm(i);

		ck_assert_uint_eq(net.host[i].n_sa, 2);
		ck_assert_uint_eq(mm->gss.method, method);
		ck_assert_ptr_null(mm->gss.secret);
		ck_assert_ptr_null(mm->z);
		ck_assert_int_eq(
		    gss_peer_name(mm)[0] != '\0', method != AUTH_ANONYMOUS);
	}
}

static void
expect_failure(enum ike_err err)
{
	ck_assert_int_eq(net.host[0].result.error, err);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
}

/* What goes over the wire: list_record() of a negotiation that succeeds. */
static void
record(void)
{
	seen->n = 0;
	sim_start(&net, &dialect, &dialect);
	net.tap = list_tap;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
}

static const enum auth_method methods[] = { AUTH_KERBEROS, AUTH_TLS };

/* No group, no KE: the keys come from the secret of the authentication alone. */
START_TEST(t091_main_mode_without_dh)
{
	static const size_t tokens[] = { 2, 4 };

	begin(&methods[_i], 1);
	record();
	expect_success(methods[_i]);
	ck_assert_uint_eq(seen->n, 6 + tokens[_i]);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_null(recipe_find(&seen->m[i], PAYLOAD_KE, 0));
		ck_assert_int_eq(hostile_mm(i)->group, DH_NONE);
	}
	ck_assert_ptr_nonnull(recipe_find(&seen->m[M2], PAYLOAD_GSS_ID, 0));
	/* A28: tokens in clear, message ID 0, numbers of main mode */
	for (size_t i = 2; i < 2 + tokens[_i]; i++) {
		const uint8_t *p = seen->wire[i].b;

		EXPECT_PAYLOADS(i, PAYLOAD_GSS);
		ck_assert_uint_eq(p[18], EXCHANGE_MM);
		ck_assert_uint_eq(p[19], 0);
		ck_assert_mem_eq(p + 20, "\0\0\0\0", 4);
		ck_assert_uint_eq(seen->m[i].seq, i / 2);
	}
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_with_dh_if_wanted)
{
	begin(&methods[_i], 1);
	dialect.mm_dh_with_gss = MM_DH_WITH_GSS_ALWAYS;
	record();
	expect_success(methods[_i]);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_nonnull(recipe_find(&seen->m[i], PAYLOAD_KE, 0));
		ck_assert_int_eq(hostile_mm(i)->group, DH_ECP256);
	}
	sim_free(&net);
}
END_TEST

/* Another one is wanted at each moment of an authentication: it waits for its keys. */
START_TEST(two_are_wanted)
{
	begin(&methods[_i % 2], 1);
	net.host[0].auth_delay_ms = net.host[1].auth_delay_ms = 100;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, (uint64_t)_i * 15);
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 5000));
	sim_run(&net, 1000);
	ck_assert_int_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* Only one side wants DH: an initiator gets it, a responder insists on it. */
START_TEST(one_side_wants_dh)
{
	struct dialect always = plain;

	always.mm_dh_with_gss = MM_DH_WITH_GSS_ALWAYS;
	begin(LIST(AUTH_KERBEROS));
	sim_start(&net, _i == 0 ? &always : &plain, _i == 0 ? &plain : &always);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	if (_i == 0)
		expect_success(AUTH_KERBEROS);
	else
		expect_failure(IKE_ERR_TIMED_OUT);
	sim_free(&net);
}
END_TEST

START_TEST(group_attribute_absent)
{
	begin(LIST(AUTH_KERBEROS));
	dialect.mm_dh_none = MM_DH_NONE_ABSENT;
	run();
	expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_and_extended_mode)
{
	begin(LIST(AUTH_KERBEROS));
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.n_em_auth = 1;
		net.host[i].policy.em_auth[0] = (struct auth_entry){ AUTH_TLS, true };
	}
	run();
	expect_success(AUTH_KERBEROS);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(hostile_mm(i)->em.method, AUTH_TLS);
		ck_assert(hostile_mm(i)->keys.has_em);
	}
	sim_free(&net);
}
END_TEST

/* As in extended mode: both ends go on to the next method in step. */
START_TEST(main_mode_next_method)
{
	int who = _i % 2, mark = _i / 2;

	begin(LIST(AUTH_TLS, AUTH_KERBEROS));
	net.host[0].krb_mark = net.host[1].krb_mark = mark == 0 ? 0x60 : UNKNOWN_MARK;
	net.host[who].refuses_peer = BIT(AUTH_TLS);
	run();
	expect_success(AUTH_KERBEROS);
	ck_assert_uint_eq(net.host[0].n_dialogue, 2);
	ck_assert_uint_ge(net.host[0].n_failure, 1);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_other_credential)
{
	begin(LIST(AUTH_TLS));
	net.host[1].bad_credentials = 2;
	run();
	expect_success(AUTH_TLS);
	ck_assert_uint_eq(net.host[0].n_dialogue, 3);
	sim_free(&net);
}
END_TEST

/* The last of the list may be nobody, if both say so; then there is DH, too. */
START_TEST(main_mode_falls_back_to_anonymous)
{
	begin(LIST(AUTH_KERBEROS, AUTH_ANONYMOUS));
	net.host[0].no_credential = _i == 0 ? BIT(AUTH_KERBEROS) : 0;
	net.host[1].refuses_peer = _i == 1 ? BIT(AUTH_KERBEROS) : 0;
	run();
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(hostile_mm(0)->gss.method, AUTH_ANONYMOUS);
	ck_assert_uint_eq(hostile_mm(1)->gss.method, AUTH_ANONYMOUS);
	ck_assert_int_eq(hostile_mm(1)->group, DH_ECP256);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_no_method_is_left)
{
	begin(LIST(AUTH_TLS, AUTH_KERBEROS));
	net.host[1].refuses_peer = BIT(AUTH_TLS) | BIT(AUTH_KERBEROS);
	run();
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "main mode authentication"));
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "does not let us in"));
	expect_failure(IKE_ERR_AUTH_FAILED);
	sim_free(&net);
}
END_TEST

/* A responder that asks for Kerberos takes no encrypted message without it. */
START_TEST(no_quick_mode_before_authentication)
{
	begin(LIST(AUTH_KERBEROS));
	net.host[1].auth_is_silent = true;
	run();
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	expect_failure(IKE_ERR_TIMED_OUT);
	sim_free(&net);
}
END_TEST

/* The initiator's own auth never answers: that ends, too. */
START_TEST(silent_auth_of_the_initiator_ends)
{
	begin(LIST(AUTH_KERBEROS));
	net.host[0].auth_is_silent = true;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	net.host[0].n_auth_open = 0;
	expect_failure(IKE_ERR_AUTH_GONE);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_auth_role_dies)
{
	begin(LIST(AUTH_KERBEROS));
	net.host[_i].auth_delay_ms = 1000;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 500);
	engine_auth_gone(net.host[_i].engine, net.now_ms);
	sim_run(&net, 400000);
	expect_failure(_i == 0 ? IKE_ERR_AUTH_GONE : IKE_ERR_TIMED_OUT);
	/* and the next one goes through */
	net.host[_i].auth_delay_ms = 0;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 10000));
	sim_run(&net, 1000);
	expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

/* ---- a token in the first message (A47) ---- */

/* The second negotiation knows the peer's name from the first. */
static void
run_twice(void)
{
	record();
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
	begin(&methods[_i], 1);
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	record();
	expect_success(methods[_i]);
	ck_assert_ptr_null(recipe_find(&seen->m[M1], PAYLOAD_GSS, 0));
	ck_assert_ptr_nonnull(recipe_find(&seen->m[M2], PAYLOAD_GSS_ID, 0));
	sim_free(&net);
}
END_TEST

START_TEST(t096_token_in_the_first_message)
{
	begin(LIST(AUTH_KERBEROS));
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	run_twice();
	expect_success(AUTH_KERBEROS);
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
	begin(LIST(AUTH_TLS));
	dialect.optimistic_gss = OPTIMISTIC_GSS_ON;
	if (_i == 1)
		net.host[1].token_n = 3000;
	run_twice();
	expect_success(AUTH_TLS);
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
	begin(LIST(AUTH_KERBEROS, AUTH_TLS));
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
	expect_success(AUTH_TLS);
	ck_assert_uint_eq(net.host[0].n_auth_open + net.host[1].n_auth_open, 0);
	sim_free(&net);
}
END_TEST

/* Auth takes long to answer M1: it comes again meanwhile, and is asked about once. */
START_TEST(slow_answer_to_a_token_in_the_first_message)
{
	begin(LIST(AUTH_KERBEROS));
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
	expect_success(AUTH_KERBEROS);
	ck_assert_uint_eq(net.host[1].n_main_steps, 1);
	sim_free(&net);
}
END_TEST

/* ---- the network ---- */

START_TEST(each_message_of_main_mode_lost)
{
	struct nth t = { .n = (size_t)_i };

	begin(LIST(AUTH_TLS, AUTH_KERBEROS));
	net.host[_i % 2].refuses_peer = BIT(AUTH_TLS);
	net.tap = lose_nth;
	net.tap_ctx = &t;
	run();
	sim_run(&net, 10000);
	expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_through_a_bad_network)
{
	for (uint64_t seed = 1; seed <= 150; seed++) {
		begin(LIST(AUTH_TLS, AUTH_KERBEROS));
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

	begin(&methods[_i % 2], 1);
	dialect.fragment_send = _i == 0 ? FRAGMENT_SEND_AUTO : FRAGMENT_SEND_ALWAYS;
	net.mtu = mtu[_i];
	net.host[0].token_n = net.host[1].token_n = 14000;
	run();
	expect_success(methods[_i % 2]);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(net.host[i].engine->reassembly_bytes, 0);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_through_a_nat)
{
	begin(&methods[_i], 1);
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

	begin(LIST(AUTH_KERBEROS));
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
	expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

/* ---- further entries of the checklist ---- */

static bool
tap_no_gss_id(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe m;
	static struct raw w;

	(void)ctx;
	if (from != 1 || p[18] != EXCHANGE_MM || (p[19] & 1) != 0 ||
	    !recipe_read(&m, NULL, span_of(p, *n)))
		return true;
	for (size_t i = 0; i < m.n; i++)
		if (m.item[i].type == PAYLOAD_GSS_ID)
			m.item[i].type = PAYLOAD_VID;
	recipe_write(&m, NULL, &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	return true;
}

/* Kerberos has to know whom to ask for; the others do not. */
START_TEST(t098_kerberos_needs_gss_id)
{
	begin(&methods[_i], 1);
	sim_start(&net, &dialect, &dialect);
	net.tap = tap_no_gss_id;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 1000);
	ck_assert_uint_eq(
	    hostile_errors(0, IKE_ERR_PAYLOAD_MISSING), methods[_i] == AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

static struct raw last_raw;

static bool
tap_raw(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	if (from == 1) {
		memcpy(last_raw.b, p, *n);
		last_raw.n = *n;
	}
	return true;
}

/* A cookie is asked for by a header and a notify, whatever else is wrong with M1. */
START_TEST(t008_t030_t107_first_message_while_there_is_a_flood)
{
	static struct recipe r;
	static struct raw w;
	static const uint8_t notify[] = { 0, 0, 0, 20, 0, 0, 0, 1, 1, 0, 0x9c, 0x55 };

	begin(LIST(AUTH_ANONYMOUS));
	net.half_open_enter = net.half_open_leave = 1;
	sim_start(&net, &dialect, &dialect);
	net.tap = tap_raw;
	hostile_m1(&r);
	recipe_write(&r, NULL, &w);
	sim_inject(&net, 1, w.b, w.n); /* half open from now on */
	w.b[0] ^= 1;
	w.b[40] ^= 0xff; /* no SA that anybody accepts */
	last_raw.n = 0;
	sim_inject(&net, 1, w.b, w.n);
	ck_assert_uint_eq(last_raw.n, 48);
	ck_assert_uint_eq(last_raw.b[16], PAYLOAD_NOTIFY);
	ck_assert_uint_eq(last_raw.b[18], EXCHANGE_NOTIFY);
	ck_assert_mem_eq(last_raw.b, w.b, 8);
	ck_assert_mem_eq(last_raw.b + 8, "\0\0\0\0\0\0\0", 8);
	ck_assert_mem_eq(last_raw.b + 28, notify, sizeof(notify));
	sim_free(&net);
}
END_TEST

TCase *
sim_main_auth_cases(void)
{
	TCase *t = tcase_create("main mode authentication");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, two_are_wanted, 0, 50);
	tcase_add_loop_test(t, t091_main_mode_without_dh, 0, 2);
	tcase_add_loop_test(t, main_mode_with_dh_if_wanted, 0, 2);
	tcase_add_loop_test(t, one_side_wants_dh, 0, 2);
	tcase_add_test(t, group_attribute_absent);
	tcase_add_test(t, main_mode_and_extended_mode);
	tcase_add_loop_test(t, main_mode_next_method, 0, 4);
	tcase_add_test(t, main_mode_other_credential);
	tcase_add_loop_test(t, main_mode_falls_back_to_anonymous, 0, 2);
	tcase_add_test(t, main_mode_no_method_is_left);
	tcase_add_test(t, no_quick_mode_before_authentication);
	tcase_add_test(t, silent_auth_of_the_initiator_ends);
	tcase_add_loop_test(t, main_mode_auth_role_dies, 0, 2);
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
	tcase_add_loop_test(t, t098_kerberos_needs_gss_id, 0, 2);
	tcase_add_test(t, t008_t030_t107_first_message_while_there_is_a_flood);
	return t;
}
