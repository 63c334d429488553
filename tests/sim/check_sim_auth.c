/* Extended mode with more than one method: from one to the next, both ends in step. */
#include <string.h>

#include "ike/state.h"
#include "tests/sim/check_sim.h"
#include "tests/sim/sim_tap.h"

#define BIT(method) (1u << (method))
#define UNKNOWN_MARK 2 /* a token that does not show its method */

static struct simnet net;
static const struct dialect dialect = DIALECT_DEFAULT;

static void
begin(const enum auth_method *method, uint32_t n)
{
	sim_init(&net, 1);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.n_em_auth = n;
		for (uint32_t k = 0; k < n; k++)
			net.host[i].policy.em_auth[k] =
			    (struct auth_entry){ method[k], true };
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
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[0].auth_method, method);
	ck_assert_uint_eq(net.host[1].auth_method, method);
}

static void
expect_failure(void)
{
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
}

START_TEST(kerberos_alone)
{
	begin((enum auth_method[]){ AUTH_KERBEROS }, 1);
	run();
	expect_success(AUTH_KERBEROS);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

START_TEST(kerberos_with_other_dialects)
{
	struct dialect d = dialect;

	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS }, 2);
	net.host[0].refuses_peer = BIT(AUTH_TLS);
	if (_i == 0)
		d.em_gss = EM_GSS_243_CLEAR;
	else
		d.seq_mode = SEQ_MODE_PER_MESSAGE;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

/* Who stands in the way of the first method, and whether tokens show their method. */
static const struct {
	uint32_t no_credential; /* of the initiator */
	bool refuses[2];
	uint8_t mark;
	size_t dialogues[2];
} ways[] = {
	{ 0, { false, true }, 0x60, { 2, 2 } },		/* the responder refuses us */
	{ 0, { false, true }, UNKNOWN_MARK, { 2, 2 } },
	{ 0, { true, false }, 0x60, { 2, 2 } },		/* we refuse the responder */
	{ 0, { true, false }, UNKNOWN_MARK, { 2, 2 } },
	{ 1, { false, false }, 0x60, { 2, 1 } },	/* we cannot start */
};

START_TEST(from_tls_to_kerberos)
{
	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS }, 2);
	for (int i = 0; i < 2; i++) {
		net.host[i].krb_mark = ways[_i].mark;
		net.host[i].refuses_peer = ways[_i].refuses[i] ? BIT(AUTH_TLS) : 0;
	}
	net.host[0].no_credential = ways[_i].no_credential << AUTH_TLS;
	run();
	expect_success(AUTH_KERBEROS);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(net.host[i].n_dialogue, ways[_i].dialogues[i]);
	/* What went wrong before is in the log of the one who knows. */
	ck_assert_uint_ge(net.host[0].n_failure, 1);
	sim_free(&net);
}
END_TEST

/* Tokens of the simulated TLS never show their method: position alone. */
START_TEST(from_kerberos_to_tls)
{
	begin((enum auth_method[]){ AUTH_KERBEROS, AUTH_TLS }, 2);
	for (int i = 0; i < 2; i++) {
		net.host[i].krb_mark = ways[_i].mark;
		net.host[i].refuses_peer = ways[_i].refuses[i] ? BIT(AUTH_KERBEROS) : 0;
	}
	run();
	expect_success(AUTH_TLS);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(net.host[i].n_dialogue, ways[_i].dialogues[i]);
	sim_free(&net);
}
END_TEST

/* The default list of Windows: the middle one is what works. */
START_TEST(default_list)
{
	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS, AUTH_TLS }, 3);
	net.host[_i].refuses_peer = BIT(AUTH_TLS);
	run();
	expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

/* And the last one: TLS with another credential, after Kerberos failed, too. */
START_TEST(last_of_the_default_list)
{
	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS, AUTH_TLS }, 3);
	net.host[_i].refuses_peer = BIT(AUTH_TLS) | BIT(AUTH_KERBEROS);
	net.host[0].no_credential = _i == 1 ? BIT(AUTH_KERBEROS) : 0;
	run();
	expect_failure();
	ck_assert_uint_eq(net.host[0].n_dialogue, 3);
	ck_assert_ptr_nonnull(strstr(
	    net.host[0].result.text, _i == 0 ? "not welcome" : "does not let us in"));
	sim_free(&net);
}
END_TEST

/* The same, and this credential is taken. */
START_TEST(last_of_the_default_list_succeeds)
{
	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS, AUTH_TLS }, 3);
	net.host[0].n_bad_start = 1;
	net.host[1].refuses_peer = _i == 0 ? BIT(AUTH_KERBEROS) : 0;
	net.host[0].no_credential = _i == 1 ? BIT(AUTH_KERBEROS) : 0;
	run();
	expect_success(AUTH_TLS);
	ck_assert_uint_eq(net.host[0].n_dialogue, 3);
	sim_free(&net);
}
END_TEST

START_TEST(nothing_to_start_with)
{
	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS }, 2);
	net.host[0].no_credential = BIT(AUTH_TLS) | BIT(AUTH_KERBEROS);
	run();
	expect_failure();
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "no credentials"));
	sim_free(&net);
}
END_TEST

/* RETRY: the same method until the credentials are right, then no other method. */
START_TEST(other_credential_of_the_same_method)
{
	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS }, 2);
	net.host[1].bad_credentials = 2;
	run();
	expect_success(AUTH_TLS);
	ck_assert_uint_eq(net.host[0].n_dialogue, 3);
	sim_free(&net);
}
END_TEST

START_TEST(endless_retries_end)
{
	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS }, 2);
	net.host[1].bad_credentials = 200;
	run();
	expect_failure();
	ck_assert_uint_le(net.host[0].n_dialogue, 8);
	ck_assert_uint_le(net.host[1].n_dialogue, 8);
	sim_free(&net);
}
END_TEST

/* No method needs so many tokens: one end stops, and nobody waits for the clock. */
START_TEST(endless_tokens_end)
{
	begin((enum auth_method[]){ AUTH_TLS }, 1);
	net.host[0].never_ends = net.host[1].never_ends = true;
	run();
	expect_failure();
	ck_assert_uint_ge(net.host[0].n_sent, GSS_MAX_ROUNDS);
	ck_assert_uint_le(net.host[0].n_sent, GSS_MAX_ROUNDS + 10);
	ck_assert_ptr_nonnull(strstr(net.host[0].failure, "too many rounds"));
	sim_free(&net);
}
END_TEST

START_TEST(each_message_of_a_fallback_lost)
{
	struct nth t = { .n = (size_t)_i };

	begin((enum auth_method[]){ AUTH_TLS, AUTH_KERBEROS }, 2);
	net.host[_i % 2].refuses_peer = BIT(AUTH_TLS);
	net.host[0].krb_mark = net.host[1].krb_mark = UNKNOWN_MARK;
	net.tap = lose_nth;
	net.tap_ctx = &t;
	run();
	sim_run(&net, 10000);
	expect_success(AUTH_KERBEROS);
	sim_free(&net);
}
END_TEST

TCase *
sim_auth_cases(void)
{
	TCase *t = tcase_create("authentication");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, kerberos_alone);
	tcase_add_loop_test(t, kerberos_with_other_dialects, 0, 2);
	tcase_add_loop_test(t, from_tls_to_kerberos, 0, 5);
	tcase_add_loop_test(t, from_kerberos_to_tls, 0, 4);
	tcase_add_loop_test(t, default_list, 0, 2);
	tcase_add_loop_test(t, last_of_the_default_list, 0, 2);
	tcase_add_loop_test(t, last_of_the_default_list_succeeds, 0, 2);
	tcase_add_test(t, nothing_to_start_with);
	tcase_add_test(t, other_credential_of_the_same_method);
	tcase_add_test(t, endless_retries_end);
	tcase_add_test(t, endless_tokens_end);
	tcase_add_loop_test(t, each_message_of_a_fallback_lost, 0, 16);
	return t;
}
