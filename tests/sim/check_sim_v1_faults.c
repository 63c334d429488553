/* IKEv1 over a bad network: loss, repetition, damage, NATs, fragments. */
#include <string.h>

#include "tests/sim/check_sim_v1.h"
#include "tests/sim/sim_tap.h"

#define MESSAGES 9 /* six of main mode, three of quick mode */

static const struct dialect dialect = DIALECT_DEFAULT;

START_TEST(each_message_lost)
{
	struct nth t = { .n = (size_t)_i };

	v1_begin_psk(3);
	net.tap = lose_nth;
	net.tap_ctx = &t;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 20000));
	sim_run(&net, 10000);
	v1_expect_pair();
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

/* One bit of one message: what was sent again repairs it, or a clear failure. */
START_TEST(each_message_damaged)
{
	for (int bit = 0; bit < 3000; bit += 53) {
		struct nth t = { .n = (size_t)_i, .bit = bit };

		v1_begin_psk(3);
		net.tap = flip_nth;
		net.tap_ctx = &t;
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 300000));
		sim_run(&net, 100000);
		ck_assert(sim_sas_agree(&net));
		sim_free(&net);
	}
}
END_TEST

/* Each message again, much later: harmless. */
START_TEST(each_message_replayed)
{
	struct nth t = { .n = (size_t)_i };

	v1_begin_psk(3);
	net.tap = copy_nth;
	net.tap_ctx = &t;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	v1_expect_pair();
	ck_assert_uint_gt(t.copy_n, 0);
	for (int i = 0; i < 3; i++) {
		sim_inject(&net, 1 - t.copy_from, t.copy, t.copy_n);
		sim_run(&net, 5000);
	}
	v1_expect_pair();
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	sim_free(&net);
}
END_TEST

static const enum auth_method fault_methods[] = { AUTH_V1_PSK, AUTH_V1_RSA,
	AUTH_V1_KERBEROS };

/* A third of everything is lost, much comes twice and in the wrong order. */
START_TEST(bad_network)
{
	size_t good = 0;

	for (uint64_t seed = 0; seed < 60; seed++) {
		v1_prepare(seed, fault_methods[_i]);
		net.host[0].auth_delay_ms = net.host[1].auth_delay_ms = 20;
		sim_start(&net, &dialect, &dialect);
		net.loss_pct = 30;
		net.dup_pct = 30;
		net.jitter_ms = 500;
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 600000));
		net.loss_pct = 0;
		good += net.host[0].result.error == IKE_OK;
		sim_run(&net, 300000);
		ck_assert(net.host[0].result.error != IKE_OK || net.host[1].n_sa >= 2);
		ck_assert_uint_eq(net.host[0].n_auth_open + net.host[1].n_auth_open, 0);
		sim_free(&net);
	}
	ck_assert_uint_ge(good, 50);
}
END_TEST

/* Both begin at once: each gets what it asked for. */
START_TEST(both_begin)
{
	for (uint64_t seed = 0; seed < 10; seed++) {
		v1_begin_psk(seed);
		net.jitter_ms = 20;
		sim_acquire(&net, 0, 1, 4, 80);
		sim_acquire(&net, 1, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 30000));
		ck_assert(sim_run_results(&net, 1, 1, 30000));
		sim_run(&net, 5000);
		ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
		ck_assert_uint_eq(net.host[1].result.error, IKE_OK);
		ck_assert_uint_eq(net.host[0].n_sa, 4);
		ck_assert(sim_sas_agree(&net));
		sim_free(&net);
	}
}
END_TEST

/* ---- the auth role ---- */

START_TEST(auth_is_silent)
{
	v1_prepare(4, AUTH_V1_RSA);
	net.host[_i].auth_is_silent = true;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 300000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	ck_assert_uint_eq(net.host[0].n_auth_open + net.host[1].n_auth_open, 0);
	sim_free(&net);
}
END_TEST

START_TEST(auth_dies)
{
	v1_prepare(5, AUTH_V1_RSA);
	net.host[_i].auth_delay_ms = 1000;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 500);
	engine_auth_gone(net.host[_i].engine, net.now_ms);
	sim_flush(&net);
	sim_run(&net, 300000);
	ck_assert_uint_ge(
	    engine_error_count(net.host[_i].engine, IKE_ERR_AUTH_GONE), 1);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

/* ---- fragments ---- */

/* Long certificate chains, and tickets with everything in them, over a path of 1280. */
START_TEST(fragments)
{
	struct dialect d = DIALECT_DEFAULT;

	if (_i % 2 == 1)
		d.fragment_send = FRAGMENT_SEND_ALWAYS;
	v1_prepare(6, _i < 2 ? AUTH_V1_RSA : AUTH_V1_KERBEROS);
	net.host[0].token_n = net.host[1].token_n = 6000;
	sim_start(&net, &d, &d);
	net.mtu = 1280;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
	v1_expect_pair();
	sim_free(&net);
}
END_TEST

/* ---- NAT ---- */

static void
connect_through_nat(size_t behind)
{
	sim_nat_begin(&net, behind, behind == 1);
	if (behind == 1) {
		struct engine_acquire a = { .ticket = 1,
			.selector = { 6, sim_endpoint(0, 1, 4, 0),
			    sim_public(&net, 1, 80) },
			.policy = net.host[0].class };

		engine_acquire(net.host[0].engine, net.now_ms, &a);
		sim_flush(&net);
	} else {
		sim_acquire(&net, 0, 1, 4, 80);
	}
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
}

/* To port 4500, ESP in UDP, no AH, whoever is behind the NAT. */
START_TEST(nat)
{
	v1_prepare(7, _i / 2 == 0 ? AUTH_V1_PSK : AUTH_V1_RSA);
	sim_start(&net, &dialect, &dialect);
	connect_through_nat((size_t)(_i % 2));
	v1_expect_pair();
	ck_assert(v1_mm_of(0).nat_detected);
	ck_assert(v1_mm_of(1).nat_detected);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(v1_mm_of(i).local.port, 4500);
		ck_assert_uint_eq(sim_sa_of(&net, i, false)->nat.local.port, 4500);
		ck_assert_uint_eq(
		    sim_sa_of(&net, i, false)->nat.keepalive, i == (size_t)(_i % 2));
	}
	sim_free(&net);
}
END_TEST

static const uint8_t revisions[][4] = { { 0x4a, 0x13, 0x1c, 0x81 }, /* RFC 3947 */
	{ 0x7d, 0x94, 0x19, 0xa6 },				    /* draft 03 */
	{ 0x90, 0xcb, 0x80, 0x91 },   /* draft 02 and a newline */
	{ 0xcd, 0x60, 0x46, 0x43 } }; /* draft 02 */
#define REVISIONS (int)(sizeof(revisions) / sizeof(revisions[0]))

struct revision {
	int only; /* what one side knows */
	size_t n_seen[REVISIONS];
};

/* The others are hidden in messages 1 and 2, as if one side did not know them. */
static bool
hide_revisions(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct revision *r = ctx;

	for (size_t i = 28; i + 4 < *n && p[18] == 2 && (p[19] & 1) == 0; i++)
		for (int k = 0; k < REVISIONS; k++) {
			if (memcmp(p + i, revisions[k], 4) != 0)
				continue;
			if (from == 1)
				r->n_seen[k]++;
			if (k != r->only)
				p[i] ^= 0xff;
		}
	return true;
}

/* Each revision of NAT traversal with its numbers; the responder names just that one. */
START_TEST(nat_revisions)
{
	struct revision r = { .only = _i };

	v1_prepare(8, AUTH_V1_PSK);
	sim_start(&net, &dialect, &dialect);
	net.tap = hide_revisions;
	net.tap_ctx = &r;
	connect_through_nat(0);
	v1_expect_pair();
	ck_assert_uint_eq(sim_sa_of(&net, 1, true)->nat.local.port, 4500);
	for (int k = 0; k < REVISIONS; k++)
		ck_assert_uint_eq(r.n_seen[k], k == _i);
	sim_free(&net);
}
END_TEST

/* The NAT forgets: the next authentic message moves the SAs. */
START_TEST(nat_rebinding)
{
	v1_prepare(9, AUTH_V1_PSK);
	sim_start(&net, &dialect, &dialect);
	connect_through_nat(0);
	sim_nat_rebind(&net, 0, true);
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 30000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_ge(net.host[1].n_moves, 1);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	sim_free(&net);
}
END_TEST

struct mover {
	bool moved;
	struct address to;
	size_t n_sent_there;
};

/* The NAT forgets just when message 5 is sent. */
static bool
move_message_5(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct mover *m = ctx;

	(void)n;
	if (from == 0 && p[18] == 2 && (p[19] & 1) != 0 && !m->moved) {
		sim_nat_rebind(&net, 0, true);
		m->to = sim_public(&net, 0, 0).addr;
		m->moved = true;
	}
	return true;
}

static void
count_sent_there(void *ctx, size_t host, const struct engine_action *a)
{
	struct mover *m = ctx;

	if (host == 1 && a->type == ACTION_SEND && m->moved &&
	    address_equal(&a->send.remote.addr, &m->to))
		m->n_sent_there++;
}

static bool
is_moved(const struct mover *m)
{
	struct engine_mm_status s = v1_mm_of(1);

	return address_equal(&s.remote.addr, &m->to) && s.local.port == 4500;
}

static bool
is_where_it_was(const struct mover *m)
{
	struct engine_mm_status s = v1_mm_of(1);

	return !address_equal(&s.remote.addr, &m->to) && s.local.port == 500;
}

/* Who has the keys has proved nothing yet: nobody is moved until auth says who it is. */
START_TEST(message_5_moves_nobody_before_its_proof)
{
	struct mover m = { .moved = false };
	bool good = _i / 2 == 0;

	v1_prepare(10, _i % 2 == 0 ? AUTH_V1_RSA : AUTH_V1_KERBEROS);
	if (!good)
		strcpy(net.host[0].ca, "strange");
	net.host[1].auth_delay_ms = 200;
	sim_start(&net, &dialect, &dialect);
	sim_nat_begin(&net, 0, false);
	net.tap = move_message_5;
	net.watch = count_sent_there;
	net.tap_ctx = net.watch_ctx = &m;
	sim_acquire(&net, 0, 1, 4, 80);
	while (!m.moved && net.now_ms < 60000)
		sim_run(&net, 1);
	sim_run(&net, 50);
	ck_assert(m.moved);
	ck_assert(is_where_it_was(&m));
	sim_run(&net, 5000);
	if (good) {
		v1_expect_pair();
		ck_assert(is_moved(&m));
	} else {
		ck_assert_uint_ge(
		    engine_error_count(net.host[1].engine, IKE_ERR_AUTH_FAILED), 1);
		ck_assert_uint_eq(m.n_sent_there, 0);
	}
	sim_free(&net);
}
END_TEST

TCase *
sim_v1_fault_cases(void)
{
	TCase *t = tcase_create("ikev1 faults");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, each_message_lost, 0, MESSAGES);
	tcase_add_loop_test(t, each_message_damaged, 0, MESSAGES);
	tcase_add_loop_test(t, each_message_replayed, 0, MESSAGES);
	tcase_add_loop_test(t, bad_network, 0, 3);
	tcase_add_test(t, both_begin);
	tcase_add_loop_test(t, auth_is_silent, 0, 2);
	tcase_add_loop_test(t, auth_dies, 0, 2);
	tcase_add_loop_test(t, fragments, 0, 4);
	tcase_add_loop_test(t, nat, 0, 4);
	tcase_add_loop_test(t, nat_revisions, 0, REVISIONS);
	tcase_add_test(t, nat_rebinding);
	tcase_add_loop_test(t, message_5_moves_nobody_before_its_proof, 0, 4);
	return t;
}
