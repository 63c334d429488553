/* AuthIP and IKEv1 beside each other: both first messages go out, and the peer decides. */
#include <string.h>

#include "tests/sim/check_sim_v1.h"
#include "tests/sim/sim_tap.h"

static const struct dialect dialect = DIALECT_DEFAULT;

static void
connect_now(void)
{
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
}

static void
both_by(size_t host, enum auth_method method)
{
	struct policy *p = &net.host[host].policy;

	p->keying = KEYING_BOTH;
	p->mm_auth[0] = (struct auth_entry){ AUTH_ANONYMOUS, true };
	p->mm_auth[1] = (struct auth_entry){ method, true };
	p->n_mm_auth = 2;
}

static void
both(size_t host)
{
	both_by(host, AUTH_V1_PSK);
}

START_TEST(both_prefer_authip)
{
	v1_prepare(15, AUTH_V1_PSK);
	both(0);
	both(1);
	sim_start(&net, &dialect, &dialect);
	connect_now();
	v1_expect_pair();
	sim_run(&net, 100000);
	ck_assert(!v1_mm_of(0).is_ikev1);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	ck_assert_uint_ge(engine_error_count(net.host[1].engine, IKE_ERR_COEXIST), 1);
	ck_assert_uint_eq(net.host[0].n_failure, 0);
	sim_free(&net);
}
END_TEST

/* The peer has one protocol only: it decides, and nothing of the other one is left. */
START_TEST(both_follow_the_peer)
{
	v1_prepare(16, AUTH_V1_PSK);
	both(0);
	both(1);
	net.host[1].policy.keying = _i == 0 ? KEYING_IKEV1 : KEYING_AUTHIP;
	sim_start(&net, &dialect, &dialect);
	/* The same main mode but for that: a policy compares its own. */
	connect_now();
	v1_expect_pair();
	sim_run(&net, 100000);
	ck_assert_uint_eq(v1_mm_of(0).is_ikev1, _i == 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	sim_free(&net);
}
END_TEST

START_TEST(both_fail_once)
{
	v1_prepare(17, AUTH_V1_PSK);
	both(0);
	net.host[1].has_mm_policy = false;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 300000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	sim_free(&net);
}
END_TEST

static bool
lose_authip(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)n;
	return p[18] < 200;
}

/*
 * AuthIP does not come: it is filtered on the way, or the peer knows that it is of no use to a
 * pre-shared key. IKEv1 answers late, in the latter case less so, and not where that is off.
 */
START_TEST(fallback)
{
	enum auth_method method = _i == 2 ? AUTH_V1_RSA : AUTH_V1_PSK;
	struct dialect d = DIALECT_DEFAULT;

	if (_i == 0)
		d.coexist_fallback = COEXIST_FALLBACK_OFF;
	v1_prepare(18, method);
	both_by(0, method);
	both_by(1, method);
	sim_start(&net, &d, &d);
	net.tap = lose_authip;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	sim_run(&net, 1000);
	if (_i == 0)
		ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	else
		v1_expect_pair();
	if (_i > 0) /* the second or third first message is taken */
		ck_assert_uint_eq(
		    engine_error_count(net.host[1].engine, IKE_ERR_COEXIST), (uint64_t)_i);
	sim_free(&net);
}
END_TEST

#define START_MS UINT64_C(100000)

struct silence {
	uint64_t from_ms, until_ms; /* since the start; messages of IKEv1 are lost then */
	size_t n_authip;	    /* so many messages of AuthIP arrive */
};

static bool
lose_some(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	uint64_t at_ms = net.now_ms - START_MS;
	struct silence *s = ctx;

	(void)n;
	if (p[18] < 200)
		return from != 0 || at_ms < s->from_ms || at_ms >= s->until_ms;
	return from == 0 && s->n_authip > 0 && s->n_authip-- > 0;
}

static void
begin_silence(uint64_t seed, struct silence *s)
{
	v1_prepare(seed, AUTH_V1_RSA);
	both_by(0, AUTH_V1_RSA);
	both_by(1, AUTH_V1_RSA);
	sim_start(&net, &dialect, &dialect);
	net.tap = lose_some;
	net.tap_ctx = s;
	sim_run(&net, START_MS);
	ck_assert_uint_eq(net.now_ms, START_MS);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 61000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	if (net.now_ms < START_MS + 61000)
		sim_run(&net, START_MS + 61000 - net.now_ms);
}

/* The second attempt, after more than a minute, needs three first messages of its own. */
static void
expect_third_is_taken(uint64_t n_before)
{
	ck_assert_uint_eq(engine_error_count(net.host[1].engine, IKE_ERR_COEXIST), n_before);
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 30000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(
	    engine_error_count(net.host[1].engine, IKE_ERR_COEXIST), n_before + 2);
	v1_expect_pair();
	sim_free(&net);
}

/* First messages of long ago, two here, do not count as a try of now. */
START_TEST(fallback_counts_within_a_minute)
{
	struct silence s = { 5000, 60000, 0 };

	begin_silence(22, &s);
	expect_third_is_taken(2);
}
END_TEST

/* AuthIP was heard once, and may be so again: for a minute no IKEv1 is taken. */
START_TEST(fallback_waits_for_who_was_heard)
{
	struct silence s = { 60000, 60000, 1 };
	uint64_t n;

	begin_silence(23, &s);
	n = engine_error_count(net.host[1].engine, IKE_ERR_COEXIST);
	ck_assert_uint_ge(n, 4);
	expect_third_is_taken(n);
}
END_TEST

START_TEST(head_start)
{
	struct dialect d = DIALECT_DEFAULT;

	d.coexist_ikev1_delay_ms = 1000;
	v1_prepare(19, AUTH_V1_PSK);
	both(0);
	both(1);
	net.host[1].policy.keying = _i == 0 ? KEYING_AUTHIP : KEYING_IKEV1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 900);
	ck_assert_uint_eq(net.host[0].n_result, _i == 0);
	ck_assert_uint_eq(engine_error_count(net.host[1].engine, IKE_ERR_IKEV1), 0);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	v1_expect_pair();
	sim_free(&net);
}
END_TEST

/* AuthIP ends before IKEv1 has begun: what waits for it goes over. */
START_TEST(authip_gives_up_first)
{
	struct dialect d = DIALECT_DEFAULT;

	d.coexist_ikev1_delay_ms = 280000;
	v1_prepare(21, AUTH_V1_PSK);
	both(0);
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 279000);
	ck_assert_uint_eq(net.host[0].n_result, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	v1_expect_pair();
	sim_free(&net);
}
END_TEST

static const enum keying peers[] = { KEYING_BOTH, KEYING_AUTHIP, KEYING_IKEV1 };
#define PEERS 3
#define FIRST_MESSAGES 6 /* those of both protocols, their answers and what follows */

/* Each of the first messages is lost: the peer is followed, once, and nothing is left. */
START_TEST(both_each_first_message_lost)
{
	struct nth t = { .n = (size_t)(_i / PEERS) };
	enum keying peer = peers[_i % PEERS];

	v1_prepare(20, AUTH_V1_PSK);
	both(0);
	both(1);
	net.host[1].policy.keying = peer;
	sim_start(&net, &dialect, &dialect);
	net.tap = lose_nth;
	net.tap_ctx = &t;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 100000);
	v1_expect_pair();
	ck_assert_uint_gt(t.seen, t.n);
	ck_assert_uint_eq(v1_mm_of(0).is_ikev1, peer == KEYING_IKEV1);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(sim_count_mm(&net, i), 1);
	ck_assert_str_eq(net.host[0].failure, "");
	ck_assert_uint_eq(net.host[0].n_result, 1);
	sim_free(&net);
}
END_TEST

/* ---- who announces AuthIP ---- */

static const uint8_t mamie_exists[] = { 0x21, 0x4c, 0xa4, 0xfa, 0xff, 0xa7, 0xf3, 0x2d, 0x67,
	0x48, 0xe5, 0x30, 0x33, 0x95, 0xae, 0x83 };
static const uint8_t key_mods[] = { 0x01, 0x52, 0x8b, 0xbb, 0xc0, 0x06, 0x96, 0x12, 0x18, 0x49,
	0xab, 0x9a, 0x1c, 0x5b, 0x2a, 0x51 };

/* How the peer announces it: with the number of KEY_MODS, 0: without. */
struct announced {
	bool mamie;
	uint8_t key_mods;
	bool counts;
};

/* Only IKEv1 gets through, with these vendor IDs. */
static bool
announce(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	const struct announced *a = ctx;

	if (p[18] >= 200)
		return false;
	for (size_t at = 28; from == 0 && p[18] == 2 && at + 20 <= *n; at++) {
		if (memcmp(p + at, mamie_exists, 16) == 0 && !a->mamie)
			p[at] ^= 1;
		if (memcmp(p + at, key_mods, 16) == 0 && a->key_mods == 0)
			p[at] ^= 1;
		else if (memcmp(p + at, key_mods, 16) == 0)
			p[at + 19] = a->key_mods;
	}
	return true;
}

/* Who does not announce AuthIP is answered at once, whatever we speak; who does, is not. */
START_TEST(announced_or_not)
{
	static const struct announced rows[] = {
		{ true, 1, true },
		{ true, 0, true },
		{ false, 1, true },
		{ false, 2, false },
		{ false, 0, false },
	};
	struct announced a = rows[_i];

	v1_prepare(24, AUTH_V1_PSK);
	both(0);
	both(1);
	sim_start(&net, &dialect, &dialect);
	net.tap = announce;
	net.tap_ctx = &a;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 900);
	ck_assert_uint_eq(
	    engine_error_count(net.host[1].engine, IKE_ERR_COEXIST), a.counts);
	ck_assert_uint_eq(net.host[0].n_result, !a.counts);
	sim_free(&net);
}
END_TEST

/* ---- one of the two ends ---- */

static bool
lose_behind_answers(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *n_left = ctx;

	(void)n;
	return from != 1 || (*n_left > 0 && p[18] >= 200 && (*n_left)-- > 0);
}

/* AuthIP has won, and then the peer is silent: there is nobody any more to go over to. */
START_TEST(winner_fails)
{
	size_t n_left = 1;

	v1_prepare(25, AUTH_V1_PSK);
	both(0);
	both(1);
	sim_start(&net, &dialect, &dialect);
	net.tap = lose_behind_answers;
	net.tap_ctx = &n_left;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 100);
	ck_assert_uint_eq(n_left, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert(sim_run_results(&net, 0, 1, 300000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	sim_run(&net, 300000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	sim_free(&net);
}
END_TEST

/* IKEv1 cannot begin when its time has come: AuthIP alone fails, once. */
START_TEST(ikev1_cannot_begin)
{
	struct dialect d = DIALECT_DEFAULT;

	d.coexist_ikev1_delay_ms = _i == 0 ? 1000 : 280000;
	v1_prepare(26, AUTH_V1_PSK);
	both(0);
	both(1);
	net.host[0].policy.mm_auth[1].offered = false;
	sim_start(&net, &d, &d);
	net.tap = lose_all;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 300000));
	ck_assert_uint_eq(net.host[0].result.error,
	    _i == 0 ? IKE_ERR_TIMED_OUT : IKE_ERR_NO_AUTH_METHOD);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	sim_free(&net);
}
END_TEST

TCase *
sim_v1_coexist_cases(void)
{
	TCase *t = tcase_create("ikev1 coexist");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, both_prefer_authip);
	tcase_add_loop_test(t, both_follow_the_peer, 0, 2);
	tcase_add_test(t, both_fail_once);
	tcase_add_loop_test(t, fallback, 0, 3);
	tcase_add_test(t, fallback_counts_within_a_minute);
	tcase_add_test(t, fallback_waits_for_who_was_heard);
	tcase_add_loop_test(t, head_start, 0, 2);
	tcase_add_test(t, authip_gives_up_first);
	tcase_add_loop_test(t, announced_or_not, 0, 5);
	tcase_add_test(t, winner_fails);
	tcase_add_loop_test(t, ikev1_cannot_begin, 0, 2);
	tcase_add_loop_test(
	    t, both_each_first_message_lost, 0, FIRST_MESSAGES * PEERS);
	return t;
}
