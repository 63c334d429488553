/* Main mode by Kerberos and TLS (spec authip.md 1.4): with and without Diffie-Hellman. */
#include <string.h>

#include "tests/sim/check_sim_main.h"

static const struct dialect plain = DIALECT_DEFAULT;
struct dialect dialect;

void
main_begin(const enum auth_method *method, size_t n)
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

void
main_run(void)
{
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_auth_open + net.host[1].n_auth_open, 0);
}

void
main_expect_success(enum auth_method method)
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

void
main_expect_failure(enum ike_err err)
{
	ck_assert_int_eq(net.host[0].result.error, err);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
}

void
main_record(void)
{
	seen->n = 0;
	sim_start(&net, &dialect, &dialect);
	net.tap = list_tap;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
}

const enum auth_method methods[2] = { AUTH_KERBEROS, AUTH_TLS };

/* No group, no KE: the keys come from the secret of the authentication alone. */
START_TEST(t091_main_mode_without_dh)
{
	static const size_t tokens[] = { 2, 4 };

	main_begin(&methods[_i], 1);
	main_record();
	main_expect_success(methods[_i]);
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
	main_begin(&methods[_i], 1);
	dialect.mm_dh_with_gss = MM_DH_WITH_GSS_ALWAYS;
	main_record();
	main_expect_success(methods[_i]);
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
	main_begin(&methods[_i % 2], 1);
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
	main_begin(LIST(AUTH_KERBEROS));
	sim_start(&net, _i == 0 ? &always : &plain, _i == 0 ? &plain : &always);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	if (_i == 0)
		main_expect_success(AUTH_KERBEROS);
	else
		main_expect_failure(IKE_ERR_TIMED_OUT);
	sim_free(&net);
}
END_TEST

START_TEST(group_attribute_absent)
{
	main_begin(LIST(AUTH_KERBEROS));
	dialect.mm_dh_none = MM_DH_NONE_ABSENT;
	main_run();
	main_expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_and_extended_mode)
{
	main_begin(LIST(AUTH_KERBEROS));
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.n_em_auth = 1;
		net.host[i].policy.em_auth[0] = (struct auth_entry){ AUTH_TLS, true };
	}
	main_run();
	main_expect_success(AUTH_KERBEROS);
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

	main_begin(LIST(AUTH_TLS, AUTH_KERBEROS));
	net.host[0].krb_mark = net.host[1].krb_mark = mark == 0 ? 0x60 : UNKNOWN_MARK;
	net.host[who].refuses_peer = BIT(AUTH_TLS);
	main_run();
	main_expect_success(AUTH_KERBEROS);
	ck_assert_uint_eq(net.host[0].n_dialogue, 2);
	ck_assert_uint_ge(net.host[0].n_failure, 1);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_other_credential)
{
	main_begin(LIST(AUTH_TLS));
	net.host[1].bad_credentials = 2;
	main_run();
	main_expect_success(AUTH_TLS);
	ck_assert_uint_eq(net.host[0].n_dialogue, 3);
	sim_free(&net);
}
END_TEST

/* The last of the list may be nobody, if both say so; then there is DH, too. */
START_TEST(main_mode_falls_back_to_anonymous)
{
	main_begin(LIST(AUTH_KERBEROS, AUTH_ANONYMOUS));
	net.host[0].no_credential = _i == 0 ? BIT(AUTH_KERBEROS) : 0;
	net.host[1].refuses_peer = _i == 1 ? BIT(AUTH_KERBEROS) : 0;
	main_run();
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
	main_begin(LIST(AUTH_TLS, AUTH_KERBEROS));
	net.host[1].refuses_peer = BIT(AUTH_TLS) | BIT(AUTH_KERBEROS);
	main_run();
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "main mode authentication"));
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "does not let us in"));
	main_expect_failure(IKE_ERR_AUTH_FAILED);
	sim_free(&net);
}
END_TEST

/* A responder that asks for Kerberos takes no encrypted message without it. */
START_TEST(no_quick_mode_before_authentication)
{
	main_begin(LIST(AUTH_KERBEROS));
	net.host[1].auth_is_silent = true;
	main_run();
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	main_expect_failure(IKE_ERR_TIMED_OUT);
	sim_free(&net);
}
END_TEST

/* The initiator's own auth never answers: that ends, too. */
START_TEST(silent_auth_of_the_initiator_ends)
{
	main_begin(LIST(AUTH_KERBEROS));
	net.host[0].auth_is_silent = true;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	net.host[0].n_auth_open = 0;
	main_expect_failure(IKE_ERR_AUTH_GONE);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_auth_role_dies)
{
	main_begin(LIST(AUTH_KERBEROS));
	net.host[_i].auth_delay_ms = 1000;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 500);
	engine_auth_gone(net.host[_i].engine, net.now_ms);
	sim_run(&net, 400000);
	main_expect_failure(_i == 0 ? IKE_ERR_AUTH_GONE : IKE_ERR_TIMED_OUT);
	/* and the next one goes through */
	net.host[_i].auth_delay_ms = 0;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 10000));
	sim_run(&net, 1000);
	main_expect_success(AUTH_KERBEROS);
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
	main_begin(&methods[_i], 1);
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

	main_begin(LIST(AUTH_ANONYMOUS));
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
	tcase_add_loop_test(t, t098_kerberos_needs_gss_id, 0, 2);
	tcase_add_test(t, t008_t030_t107_first_message_while_there_is_a_flood);
	return t;
}
