/* Large messages: fragments through paths that carry nothing else. */
#include <stdlib.h>
#include <string.h>

#include "ike/state.h"
#include "tests/sim/check_sim.h"
#include "tests/sim/sim_tap.h"

#define BIG_TOKEN 12000

static struct simnet net;

static void
begin(uint64_t seed, enum dialect_fragment_send mode, size_t mtu)
{
	struct dialect d = DIALECT_DEFAULT;

	d.fragment_send = mode;
	sim_init(&net, seed);
	net.mtu = mtu;
	net.host[0].token_n = net.host[1].token_n = BIG_TOKEN;
	sim_start(&net, &d, &d);
}

static void
expect_success(void)
{
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(net.host[i].engine->reassembly_bytes, 0);
}

/* always: no time lost; auto: the first large message is lost, once per direction. */
START_TEST(large_tokens_through_a_small_mtu)
{
	static const int family[2] = { 4, 6 };
	bool always = _i % 2 != 0;

	begin(1, always ? FRAGMENT_SEND_ALWAYS : FRAGMENT_SEND_AUTO, 1280);
	sim_acquire(&net, 0, 1, family[_i / 2], 80);
	ck_assert(sim_run_results(&net, 0, 1, always ? 1000 : 20000));
	sim_run(&net, 1000);
	expect_success();
	ck_assert_uint_gt(net.host[0].n_sent, 20);
	sim_free(&net);
}
END_TEST

static bool
tap_fragment_fits(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *count = ctx;

	(void)from;
	if (p[16] == PAYLOAD_FRAGMENT) {
		ck_assert_uint_le(20 + 8 + 4 + *n, 576);
		++*count;
	}
	return true;
}

/* Behind a NAT each of them has the non-ESP marker in front. */
START_TEST(fragments_leave_room_for_the_marker)
{
	size_t count = 0;

	begin(1, FRAGMENT_SEND_ALWAYS, 0);
	sim_nat_begin(&net, 0, false);
	net.tap = tap_fragment_fits;
	net.tap_ctx = &count;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	sim_run(&net, 1000);
	expect_success();
	ck_assert_uint_gt(count, 20);
	sim_free(&net);
}
END_TEST

START_TEST(never_means_never)
{
	begin(1, FRAGMENT_SEND_NEVER, 1280);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 400000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_lt(net.host[0].n_sent, 30);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

/* Where the path carries large packets, auto cuts nothing. */
START_TEST(auto_cuts_nothing_without_need)
{
	begin(1, FRAGMENT_SEND_AUTO, 0);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	sim_run(&net, 1000);
	expect_success();
	ck_assert_uint_eq(net.host[0].n_sent, 7);
	sim_free(&net);
}
END_TEST

static bool
tap_no_vendor(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static const uint8_t id[] = { 0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85 };
	size_t *largest = ctx;

	if (from == 0 && *n > *largest)
		*largest = *n;
	for (size_t i = 0; from == 1 && i + sizeof(id) < *n; i++)
		if (memcmp(p + i, id, sizeof(id)) == 0)
			p[i] ^= 1;
	return true;
}

/* A peer that has not announced it gets no fragments. */
START_TEST(only_to_peers_that_announced_it)
{
	struct dialect d = DIALECT_DEFAULT;
	size_t largest = 0;

	d.fragment_send = FRAGMENT_SEND_ALWAYS;
	d.hash_scope = HASH_SCOPE_PAYLOADS;
	sim_init(&net, 1);
	net.host[0].token_n = net.host[1].token_n = BIG_TOKEN;
	sim_start(&net, &d, &d);
	net.tap = tap_no_vendor;
	net.tap_ctx = &largest;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 400000);
	/* M2 was changed, so that Auth fails; what was sent until then came whole. */
	ck_assert_uint_eq(engine_error_count(net.host[1].engine, IKE_ERR_FRAGMENT_FORM), 0);
	ck_assert_uint_eq(net.host[0].engine->fragment_id, 0);
	sim_free(&net);
}
END_TEST

/* T163: what a fragment looks like. */
struct looks {
	uint16_t id[64];
	size_t n_id;
	uint32_t next;
	size_t n;
};

static bool
tap_looks(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct looks *l = ctx;
	uint16_t id = (uint16_t)(p[32] << 8 | p[33]);

	ck_assert_uint_le(*n + 28, 576);
	if (from != 0 || p[16] != PAYLOAD_FRAGMENT)
		return true;
	l->n++;
	ck_assert_uint_eq(p[19] & ISAKMP_FLAG_ENCRYPTED, 0);
	ck_assert_uint_eq((size_t)(p[26] << 8 | p[27]), *n);
	ck_assert_uint_eq((size_t)(p[30] << 8 | p[31]), *n - 28);
	ck_assert_uint_eq(p[28], 0);
	ck_assert_uint_eq(p[34], l->next);
	if (p[34] == 1) {
		ck_assert(l->n_id == 0 || id == l->id[l->n_id - 1] + 1);
		l->id[l->n_id++] = id;
	}
	ck_assert_uint_eq(id, l->id[l->n_id - 1]);
	if (p[35] == 0)
		ck_assert_uint_eq(*n + 28, 576);
	l->next = p[35] != 0 ? 1 : l->next + 1;
	return true;
}

START_TEST(fragments_look_as_they_should)
{
	struct looks l = { .next = 1 };

	begin(1, FRAGMENT_SEND_ALWAYS, 576);
	net.tap = tap_looks;
	net.tap_ctx = &l;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	sim_run(&net, 1000);
	expect_success();
	ck_assert_uint_eq(l.next, 1);
	ck_assert_uint_eq(l.n_id, 2);
	ck_assert_uint_ge(l.n, 46);
	sim_free(&net);
}
END_TEST

/* Each fragment twice, and late: nothing is processed twice. */
START_TEST(fragments_twice_and_reordered)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		begin(seed, FRAGMENT_SEND_ALWAYS, 1280);
		net.dup_pct = (uint32_t)(seed * 7 % 100);
		net.jitter_ms = (uint32_t)(seed * 40);
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 300000));
		net.dup_pct = 0;
		sim_run(&net, 100000);
		ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
		expect_success();
		sim_free(&net);
	}
}
END_TEST

/* 23 fragments each way: of 100 loss patterns at 1 % most succeed, and none gets stuck. */
START_TEST(fragments_lost)
{
	size_t ok = 0;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		begin(seed * 7919, seed % 2 != 0 ? FRAGMENT_SEND_ALWAYS : FRAGMENT_SEND_AUTO, 1280);
		net.loss_pct = 1;
		net.dup_pct = 5;
		net.jitter_ms = 20;
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 1000000));
		ok += net.host[0].result.error == IKE_OK;
		net.loss_pct = 0;
		sim_run(&net, 200000);
		ck_assert(sim_sas_agree(&net));
		for (size_t i = 0; i < SIM_HOSTS; i++)
			ck_assert_uint_eq(net.host[i].engine->reassembly_bytes, 0);
		sim_free(&net);
	}
	ck_assert_uint_ge(ok, 80);
}
END_TEST

/* The first fragment of a large request; then nothing arrives any more. */
struct first {
	uint8_t b[600];
	size_t n;
	size_t n_answer; /* fragments of the responder */
};

static bool
tap_first(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct first *f = ctx;
	bool is_fragment = p[16] == PAYLOAD_FRAGMENT;

	if (from == 0 && is_fragment && f->n == 0)
		memcpy(f->b, p, f->n = *n);
	f->n_answer += from == 1 && is_fragment;
	return f->n_answer == 0;
}

/* Kerberos in main mode, in clear; no extended mode. */
static void
authenticate_in_main_mode(void)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		p->n_em_auth = 0;
		p->n_mm_auth = 1;
		p->mm_auth[0] = (struct auth_entry){ AUTH_KERBEROS, true };
	}
}

/*
 * It asks for the answer again: once a second, not without end, and not a changed one. It
 * never comes twice at once, in extended mode (0) nor in main mode (1).
 */
START_TEST(first_fragment_asks_for_the_answer)
{
	struct first f = { .n = 0 };
	size_t sent, answer, once;

	begin(1, FRAGMENT_SEND_ALWAYS, 1280);
	if (_i == 1)
		authenticate_in_main_mode();
	net.tap = tap_first;
	net.tap_ctx = &f;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, FRAGMENT_HURRY_MS + 500);
	ck_assert_uint_eq(f.b[34], 1);
	once = f.n_answer;
	sent = net.host[1].n_sent;
	sim_inject(&net, 1, f.b, f.n);
	answer = net.host[1].n_sent - sent;
	ck_assert_uint_ge(once, 20);
	ck_assert_uint_eq(answer, once);
	for (int i = 0; i < 20; i++)
		sim_inject(&net, 1, f.b, f.n);
	ck_assert_uint_eq(net.host[1].n_sent, sent + answer);
	sim_run(&net, FRAGMENT_HURRY_MS);
	f.b[50] ^= 1;
	sim_inject(&net, 1, f.b, f.n);
	ck_assert_uint_eq(net.host[1].n_sent, sent + answer);
	f.b[50] ^= 1;
	for (int i = 0; i < 40; i++) {
		sim_inject(&net, 1, f.b, f.n);
		sim_run(&net, FRAGMENT_HURRY_MS);
	}
	ck_assert_uint_eq(net.host[1].n_sent, sent + answer * ANSWERED_AGAIN_MAX);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[1].engine->reassembly_bytes, 0);
	sim_free(&net);
}
END_TEST

/*
 * A long chain: a retransmission brings what the one before it lost, and asks again for what
 * the answer lost.
 */
START_TEST(fragments_lost_in_a_bad_network)
{
	static const struct {
		uint32_t loss_pct;
		size_t at_least;
		bool in_main_mode; /* Kerberos, in clear; else TLS in extended mode */
	} row[] = { { 5, 199, false }, { 10, 190, false }, { 5, 199, true } };
	size_t in_time = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		begin(seed * 104729,
		    seed % 2 != 0 ? FRAGMENT_SEND_ALWAYS : FRAGMENT_SEND_AUTO, 1280);
		net.loss_pct = row[_i].loss_pct;
		net.jitter_ms = 20;
		if (row[_i].in_main_mode)
			authenticate_in_main_mode();
		sim_acquire(&net, 0, 1, seed % 4 < 2 ? 4 : 6, 80);
		in_time += sim_run_results(&net, 0, 1, 60000) &&
			   net.host[0].result.error == IKE_OK;
		net.loss_pct = 0;
		sim_run(&net, 1000000);
		ck_assert(sim_sas_agree(&net));
		for (size_t i = 0; i < SIM_HOSTS; i++)
			ck_assert_uint_eq(net.host[i].engine->reassembly_bytes, 0);
		sim_free(&net);
	}
	ck_assert_uint_ge(in_time, row[_i].at_least);
}
END_TEST

static bool
tap_forge(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	(void)from;
	if (p[16] == PAYLOAD_FRAGMENT && t->seen++ == t->n)
		memset(p + 36, 0x55, *n - 36);
	return true;
}

/* Somebody else's fragment in the place of each: the retransmission repairs it. */
START_TEST(each_fragment_forged)
{
	size_t n_fragment = 1;

	for (size_t i = 0; i < n_fragment; i++) {
		struct nth t = { .n = i };

		begin(3, FRAGMENT_SEND_ALWAYS, 1280);
		net.tap = tap_forge;
		net.tap_ctx = &t;
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 60000));
		sim_run(&net, 10000);
		ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
		expect_success();
		n_fragment = t.seen / 2;
		sim_free(&net);
	}
	ck_assert_uint_ge(n_fragment, 20);
}
END_TEST

TCase *
sim_fragment_cases(void)
{
	TCase *t = tcase_create("fragments");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, large_tokens_through_a_small_mtu, 0, 4);
	tcase_add_test(t, fragments_leave_room_for_the_marker);
	tcase_add_test(t, never_means_never);
	tcase_add_test(t, auto_cuts_nothing_without_need);
	tcase_add_test(t, only_to_peers_that_announced_it);
	tcase_add_test(t, fragments_look_as_they_should);
	tcase_add_test(t, fragments_twice_and_reordered);
	tcase_add_test(t, each_fragment_forged);
	tcase_add_loop_test(t, first_fragment_asks_for_the_answer, 0, 2);
	tcase_add_test(t, fragments_lost);
	tcase_add_loop_test(t, fragments_lost_in_a_bad_network, 0, 3);
	return t;
}
