/* H39, H42, H47: helpers that fail, success that comes too early, GSS from anybody. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

/* ---- H39: the authentication of one host says no, nothing, or dies, at each step ---- */

enum { SAYS_NO, SAYS_NOTHING, DIES, WAYS };

struct trouble {
	size_t n;
	size_t seen;
	size_t host;
	int how;
};

static bool
tap_trouble(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct trouble *t = ctx;
	struct sim_host *h = &net.host[t->host];

	(void)from;
	(void)p;
	(void)n;
	if (t->seen++ != t->n)
		return true;
	if (t->how == SAYS_NO)
		strcpy(h->trusts, "two");
	else
		h->auth_is_silent = true;
	return true;
}

static void
run_trouble(size_t n, size_t host, int how)
{
	struct trouble t = { .n = n, .host = host, .how = how };
	struct sim_host *h = &net.host[host];

	hostile_begin();
	net.tap = tap_trouble;
	net.tap_ctx = &t;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 1000);
	if (how == DIES) {
		h->n_auth_open = 0;
		engine_auth_gone(h->engine, net.now_ms);
	}
	sim_run(&net, 400000);
	ck_assert_uint_eq(net.host[INITIATOR].n_result, 1);
	ck_assert(sim_sas_agree(&net));
	if (net.host[INITIATOR].result.error != IKE_OK) {
		ck_assert_str_ne(net.host[INITIATOR].result.text, "");
		ck_assert_uint_eq(net.host[INITIATOR].n_sa + net.host[RESPONDER].n_sa, 0);
		ck_assert_uint_eq(sim_count_mm(&net, INITIATOR), 0);
		ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
	}
	ck_assert_uint_eq(net.host[INITIATOR].n_auth_open, 0);
	ck_assert_uint_eq(net.host[RESPONDER].n_auth_open, 0);
	strcpy(h->trusts, "one");
	hostile_end();
}

START_TEST(h39_authentication_fails_at_each_step)
{
	for (size_t n = 0; n < GOOD_MESSAGES; n++)
		for (size_t host = 0; host < SIM_HOSTS; host++)
			run_trouble(n, host, _i);
}
END_TEST

/* ---- H42: success before the method is complete ---- */

enum { NO_TOKEN, SAME_TOKEN, STATUS_ONLY };

static bool
change_gss_to_complete(struct recipe *m, int how, int flags)
{
	struct item *gss = recipe_find(m, PAYLOAD_GSS, 0);

	if (gss == NULL || gss->n < 5)
		return false;
	gss->b[4] = (uint8_t)flags;
	if (how == NO_TOKEN)
		gss->n = 5;
	if (how == STATUS_ONLY) {
		gss->b[3] = 1;
		gss->n = 5;
	}
	return true;
}

/* hostile_negotiate() checks that no SA lives without a whole extended mode. */
START_TEST(h42_gss_flags_and_tokens)
{
	for (int flags = 0; flags < 32; flags++)
		for (int how = NO_TOKEN; how <= STATUS_ONLY; how++)
			ck_assert(hostile_negotiate((size_t)_i, change_gss_to_complete, how,
			    flags));
}
END_TEST

static bool
change_hash(struct recipe *m, int at, int how)
{
	struct item *hash = recipe_find(m, PAYLOAD_HASH, 0);

	if (hash == NULL)
		return false;
	if (how == 0)
		hash->b[(size_t)at % hash->n] ^= 1;
	else
		hash->n = (size_t)at; /* a proof of no bytes proves nothing */
	return true;
}

static struct {
	size_t left; /* messages before the one with the proof */
	int at, how;
} proof;

static bool
tap_proof(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe m;
	static struct raw out;

	(void)ctx;
	if (proof.left-- != 0)
		return true;
	ck_assert(recipe_read(&m, hostile_mm(from), span_of(p, *n)));
	ck_assert(change_hash(&m, proof.at, proof.how));
	recipe_write(&m, hostile_mm(from), &out);
	memcpy(p, out.b, out.n);
	*n = out.n;
	net.tap = NULL;
	return true;
}

/* Whoever gets it refuses it, and nobody has an SA or a success. */
static void
expect_refused(size_t which, int at, int how)
{
	size_t to = which % 2 == 0 ? RESPONDER : INITIATOR;

	hostile_begin();
	proof.left = which;
	proof.at = at;
	proof.how = how;
	net.tap = tap_proof;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 400000));
	ck_assert_int_ne(net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_ge(
	    hostile_errors(to, IKE_ERR_AUTH_HASH) + hostile_errors(to, IKE_ERR_HASH), 1);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa + net.host[RESPONDER].n_sa, 0);
	hostile_end();
}

/* Auth1 to Auth4 are compared whole. */
START_TEST(h42_wrong_or_short_proof)
{
	static const size_t which[] = { 2, 3, 12, 13 };

	for (int at = 0; at < 20; at++)
		for (int how = 0; how < 2; how++) {
			expect_refused(which[_i], at, how);
			ck_assert(hostile_negotiate(which[_i], change_hash, at, how));
		}
}
END_TEST

static bool
tap_lose_em_answers(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	const struct mm_sa *mm = hostile_mm(INITIATOR);

	(void)ctx;
	(void)n;
	return from == INITIATOR || p[18] != EXCHANGE_EM || mm->em.state != GSS_E3_SENT;
}

/* Until E4 has come, the peer has proved nothing: no success, for nobody who waits. */
START_TEST(h42_no_success_before_e4)
{
	hostile_begin();
	net.tap = tap_lose_em_answers;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 1000);
	ck_assert_uint_eq(hostile_mm(INITIATOR)->em.state, GSS_E3_SENT);
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[INITIATOR].n_result, 0);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[INITIATOR].n_result, 2);
	ck_assert_uint_ne(net.host[INITIATOR].first_error, IKE_OK);
	ck_assert_uint_ne(net.host[INITIATOR].result.error, IKE_OK);
	hostile_end();
}
END_TEST

/* ---- H47: GSS payloads from anybody ---- */

static bool
change_add_gss(struct recipe *m, int n, int type)
{
	static const uint8_t zero[4000];

	recipe_add(m, (uint8_t)type, span_of(zero, (size_t)n));
	return true;
}

/* In each message: where it does not belong, and of every short length. */
START_TEST(h47_gss_payload_in_every_message)
{
	static const int lengths[] = { 0, 1, 4, 5, 6, 600 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ck_assert(hostile_negotiate((size_t)_i, change_add_gss, lengths[i],
		    PAYLOAD_GSS));
		ck_assert(hostile_negotiate((size_t)_i, change_add_gss, lengths[i],
		    PAYLOAD_GSS_ID));
	}
}
END_TEST

static bool
change_gss_length(struct recipe *m, int n, int flags)
{
	struct item *gss = recipe_find(m, PAYLOAD_GSS, 0);

	if (gss == NULL)
		return false;
	if (flags >= 0 && gss->n > 4)
		gss->b[4] = (uint8_t)flags;
	gss->n = (size_t)n;
	return true;
}

START_TEST(h47_gss_payload_of_every_length)
{
	for (int n = 0; n < 40; n++)
		for (int flags = -1; flags < 2; flags++)
			ck_assert(hostile_negotiate((size_t)_i, change_gss_length, n, flags));
}
END_TEST

/* Two small packets from an address that no policy knows. */
START_TEST(h47_gss_from_an_unknown_peer)
{
	static const uint8_t token[5];

	hostile_begin();
	net.host[RESPONDER].has_mm_policy = false;
	hostile_m1(&r);
	recipe_add(&r, PAYLOAD_GSS, SPAN_ARRAY(token));
	recipe_write(&r, NULL, &w);
	hostile_refuse(RESPONDER, span_of(w.b, w.n), IKE_ERR_NO_MM_POLICY);
	r.n = 0;
	recipe_add(&r, PAYLOAD_GSS, SPAN_ARRAY(token));
	r.h.rcookie[0] = 1;
	recipe_write(&r, NULL, &w);
	hostile_drop_raw(RESPONDER, &w, IKE_ERR_COOKIE);
	net.host[RESPONDER].has_mm_policy = true;
	hostile_end();
}
END_TEST

TCase *
hostile_auth_cases(void)
{
	TCase *t = tcase_create("auth");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, h39_authentication_fails_at_each_step, 0, WAYS);
	tcase_add_loop_test(t, h42_gss_flags_and_tokens, 8, 12);
	tcase_add_loop_test(t, h42_wrong_or_short_proof, 0, 4);
	tcase_add_test(t, h42_no_success_before_e4);
	tcase_add_loop_test(t, h47_gss_payload_in_every_message, 0, GOOD_MESSAGES);
	tcase_add_loop_test(t, h47_gss_payload_of_every_length, 8, 12);
	tcase_add_test(t, h47_gss_from_an_unknown_peer);
	return t;
}
