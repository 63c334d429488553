/* Days of traffic: new pairs for old ones, on good and bad networks, with bad timing. */
#include <string.h>

#include "tests/sim/check_sim.h"
#include "tests/sim/sim_tap.h"
#include "tests/sim/traffic.h"

static const struct dialect dialect = DIALECT_DEFAULT;

/* ---- days ---- */

START_TEST(day_without_loss)
{
	traffic_begin((uint64_t)_i, HOUR_S, 2 * HOUR_S);
	world.step_s = 10;
	traffic_run(24 * HOUR_S);
	traffic_expect_no_gap();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_ge(traffic_rekeys(i), 24);
		ck_assert_uint_le(traffic_rekeys(i), 32);
		ck_assert_uint_eq(net.host[i].n_failure, 0);
	}
	ck_assert_uint_ge(engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED), 8);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(day_with_loss)
{
	traffic_begin((uint64_t)_i, HOUR_S, 2 * HOUR_S);
	net.loss_pct = 10;
	world.step_s = 10;
	traffic_run(24 * HOUR_S);
	ck_assert_uint_le(world.longest_gap_s, 130);
	ck_assert_uint_ge(engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED), 24);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

/*
 * Of a day of packets at any moment each one arrives where somebody can open it, while pairs
 * and main modes end, by time and by bytes, and a tenth of what negotiates is lost.
 */
enum { DAY_DEFAULT, DAY_ONE_PROPOSAL, DAY_FAST, DAY_BYTES_AND_PFS, DAYS };

START_TEST(day_of_packets)
{
	struct dialect d = DIALECT_DEFAULT;

	d.fast_qm = _i == DAY_FAST ? FAST_QM_ON : FAST_QM_AUTO;
	traffic_prepare((uint64_t)_i + 1, HOUR_S / 2, 2 * HOUR_S);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		if (_i == DAY_ONE_PROPOSAL || _i == DAY_FAST)
			p->n_qm_proposal = 1;
		for (uint32_t k = 0; _i == DAY_BYTES_AND_PFS && k < p->n_qm_proposal; k++) {
			p->qm_proposal[k].lifetime_s = HOUR_S;
			p->qm_proposal[k].lifetime_kb = 512;
			p->qm_proposal[k].pfs = DH_ECP256;
		}
	}
	sim_start(&net, &d, &d);
	traffic_acquire();
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	net.loss_pct = net.dup_pct = 10;
	net.jitter_ms = 500;
	world.step_s = 10;
	world.packets = 5;
	traffic_run(24 * HOUR_S);
	traffic_expect_no_gap();
	ck_assert_uint_eq(world.n_sent, 2 * 5 * 24 * HOUR_S / 10);
	ck_assert_uint_ge(world.n_arrived, world.n_sent);
	ck_assert_uint_ge(traffic_rekeys(0), 48);
	ck_assert_uint_ge(engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED), 10);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(duplicates_and_reordering)
{
	traffic_begin((uint64_t)_i, 600, 1800);
	net.dup_pct = 30;
	net.jitter_ms = 300;
	traffic_run(6 * HOUR_S);
	traffic_expect_no_gap();
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(shortest_lifetimes)
{
	traffic_begin((uint64_t)_i, 60, 60 * (uint32_t)_i);
	traffic_run(2 * HOUR_S);
	traffic_expect_no_gap();
	ck_assert_uint_ge(traffic_rekeys(0), 120);
	ck_assert_uint_ge(traffic_rekeys(1), 120);
	sim_free(&net);
}
END_TEST

START_TEST(limit_of_quick_modes)
{
	uint64_t n;

	traffic_prepare(1, 300, 8 * HOUR_S);
	net.host[0].policy.mm_qm_limit = net.host[1].policy.mm_qm_limit = (uint32_t)_i;
	sim_start(&net, &dialect, &dialect);
	traffic_acquire();
	sim_run(&net, 1000);
	traffic_run(4 * HOUR_S);
	traffic_expect_no_gap();
	n = engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED);
	ck_assert_uint_ge(n, 4 * HOUR_S / 300);
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED),
	    (n + (uint64_t)_i - 1) / (uint64_t)_i);
	/* Main modes that are used up do not pile up at either side. */
	ck_assert_uint_le(sim_count_mm(&net, 0), 2);
	ck_assert_uint_le(sim_count_mm(&net, 1), 2);
	sim_free(&net);
}
END_TEST

START_TEST(bytes)
{
	traffic_prepare(1, HOUR_S, 8 * HOUR_S);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (size_t k = 0; k < 4; k++)
			net.host[i].policy.qm_proposal[k].lifetime_kb = 1024;
	world.packets = 20;
	sim_start(&net, &dialect, &dialect);
	traffic_acquire();
	sim_run(&net, 1000);
	traffic_run(HOUR_S);
	traffic_expect_no_gap();
	ck_assert_uint_ge(traffic_rekeys(0), 60);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

/* ---- who begins ---- */

START_TEST(unused_pair_ends)
{
	traffic_begin(1, 600, 8 * HOUR_S);
	traffic_run(300);
	for (int s = 0; s < 400; s++) {
		traffic_play_planes();
		sim_run(&net, 1000);
	}
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED), 1);
	traffic_run(10); /* the next packet negotiates */
	ck_assert_uint_eq(world.ticket, 2);
	ck_assert_uint_eq(world.gap_s, 0);
	sim_free(&net);
}
END_TEST

/* The responder's lifetime is shorter: it asks in time, and the initiator does it. */
START_TEST(responder_asks)
{
	traffic_prepare(1, HOUR_S, 8 * HOUR_S);
	if (_i == 0)
		net.host[1].policy.qm_proposal[0].lifetime_s = 300;
	else
		world.is_deaf[0] = true;
	sim_start(&net, &dialect, &dialect);
	traffic_acquire();
	sim_run(&net, 1000);
	traffic_run(4 * HOUR_S);
	traffic_expect_no_gap();
	ck_assert_uint_ge(traffic_rekeys(1), _i == 0 ? 4 * HOUR_S / 300 : 4);
	/* All of them by the same side, on one main mode. */
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED), 1);
	ck_assert_uint_eq(engine_event_count(net.host[1].engine, EVENT_MM_STARTED), 0);
	sim_free(&net);
}
END_TEST

/* Its main mode is over: there is nobody to ask, it negotiates itself. */
START_TEST(responder_without_main_mode)
{
	traffic_begin(1, HOUR_S, 600);
	world.is_deaf[0] = true;
	traffic_run(3 * HOUR_S / 2);
	traffic_expect_no_gap();
	ck_assert_uint_eq(engine_event_count(net.host[1].engine, EVENT_MM_STARTED), 1);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(nobody_rekeys)
{
	traffic_begin(1, 300, 8 * HOUR_S);
	world.is_deaf[0] = world.is_deaf[1] = true;
	traffic_run(HOUR_S);
	ck_assert_uint_eq(world.ticket, HOUR_S / 300);
	ck_assert_uint_le(world.longest_gap_s, 2);
	ck_assert_uint_eq(traffic_rekeys(0), 0);
	sim_free(&net);
}
END_TEST

static uint32_t
pair_of(size_t host)
{
	return sim_newest(&net.host[host], &world.flow[host])->add.qm_id;
}

/* With the main mode alive, without it, and where both may begin. */
START_TEST(both_at_once)
{
	traffic_prepare(1, HOUR_S, _i == 1 ? 600 : 8 * HOUR_S);
	if (_i == 2)
		net.host[0].policy.n_em_auth = net.host[1].policy.n_em_auth = 0;
	sim_start(&net, &dialect, &dialect);
	traffic_acquire();
	sim_run(&net, 1000);
	traffic_run(700);
	traffic_say(0, pair_of(0), EXPIRY_SOFT);
	traffic_say(1, pair_of(1), EXPIRY_SOFT);
	traffic_run(100);
	traffic_expect_no_gap();
	/* Of two that were made at once both live, until the next one replaces both. */
	ck_assert_uint_eq(net.host[0].n_sa, _i == 0 ? 2 : 4);
	ck_assert_uint_eq(net.host[1].n_sa, _i == 0 ? 2 : 4);
	ck_assert(sim_sas_agree(&net));
	traffic_say(0, pair_of(0), EXPIRY_SOFT);
	traffic_run(100);
	traffic_expect_no_gap();
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

/* ---- bad moments ---- */

static size_t drop_at;
static bool
drop_one(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *seen = ctx;

	(void)from;
	(void)p;
	(void)n;
	return (*seen)++ != drop_at;
}

START_TEST(each_message_of_a_rekey_lost)
{
	size_t seen = 0;

	traffic_begin(1, 600, 8 * HOUR_S);
	drop_at = (size_t)_i;
	net.tap = drop_one;
	net.tap_ctx = &seen;
	traffic_run(1200);
	ck_assert_uint_gt(seen, 6);
	traffic_expect_no_gap();
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_expires_meanwhile)
{
	traffic_begin(1, HOUR_S, 600);
	traffic_run(593);
	sim_run(&net, 200 * (uint64_t)_i);
	traffic_say(0, pair_of(0), EXPIRY_SOFT);
	net.loss_pct = _i % 2 == 0 ? 0 : 100; /* and it is still in progress */
	traffic_run(5);
	net.loss_pct = 0;
	world.step_s = 5;
	traffic_run(HOUR_S);
	world.step_s = 1;
	ck_assert_uint_eq(world.n_lost + world.n_unsent, 0);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(deleted_meanwhile)
{
	size_t host = (size_t)_i % 2;
	uint32_t old;

	traffic_begin(1, HOUR_S, 8 * HOUR_S);
	traffic_run(100);
	old = pair_of(host);
	traffic_say(0, pair_of(0), EXPIRY_SOFT);
	sim_run(&net, (uint64_t)_i * 2);
	if (_i % 3 == 0)
		engine_delete_mm(net.host[host].engine, net.now_ms, 0);
	else
		engine_delete_qm(net.host[host].engine, net.now_ms, _i % 3 == 1 ? old : 0);
	sim_flush(&net);
	traffic_run(200);
	ck_assert_uint_le(world.longest_gap_s, 4);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(crash_meanwhile)
{
	size_t host = (size_t)_i % 2;

	traffic_begin(1, 300, 8 * HOUR_S);
	traffic_run(100);
	traffic_say(0, pair_of(0), EXPIRY_SOFT);
	sim_run(&net, (uint64_t)_i);
	sim_restart(&net, host, &dialect);
	world.ticket = net.host[0].n_result;
	traffic_run(600);
	world.step_s = 5;
	traffic_run(HOUR_S / 2);
	world.step_s = 1;
	/* A peer that forgot everything is noticed when the next rekey fails. */
	ck_assert_uint_le(world.longest_gap_s, host == 0 ? 5 : 420);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

/* Nobody answers: the old pair ends when it has to, and the next packet begins anew. */
START_TEST(rekey_fails)
{
	traffic_begin(1, 300, 8 * HOUR_S);
	traffic_run(200);
	net.loss_pct = 100;
	traffic_run(90);
	ck_assert_uint_eq(world.n_lost + world.n_unsent, 0);
	traffic_run(60);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	net.loss_pct = 0;
	traffic_run(100);
	ck_assert_uint_eq(world.gap_s, 0);
	traffic_expect_one_pair();
	sim_free(&net);
}
END_TEST

/*
 * The responder says that the old pair ends, listens a little longer, and is the only one who
 * says so (MS-AIPS 3.1.6.5): a notify, again because it is lost, and one acknowledgement.
 */
START_TEST(replaced_pair_is_told_once)
{
	const uint64_t grace_ms = 60000;
	size_t sent[SIM_HOSTS];

	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	engine_qm_expired(
	    net.host[0].engine, net.now_ms, sim_sa_of(&net, 0, true)->qm_id, EXPIRY_SOFT);
	sim_run(&net, grace_ms - 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(net.host[i].n_sa, 4);
		sent[i] = net.host[i].n_sent;
	}
	net.tap = lose_all; /* the first time nobody hears it */
	sim_run(&net, 2000);
	net.tap = NULL;
	sim_run(&net, 2000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	sim_run(&net, 20000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(net.host[i].n_sa, 2);
		ck_assert_uint_eq(net.host[i].n_sent, sent[i] + 1 + i);
	}
	sim_free(&net);
}
END_TEST

TCase *
sim_rekey_cases(void)
{
	TCase *t = tcase_create("rekey");

	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, day_without_loss, 1, 4);
	tcase_add_loop_test(t, day_with_loss, 1, 7);
	tcase_add_loop_test(t, day_of_packets, 0, DAYS);
	tcase_add_loop_test(t, duplicates_and_reordering, 1, 4);
	tcase_add_loop_test(t, shortest_lifetimes, 1, 4);
	tcase_add_loop_test(t, limit_of_quick_modes, 1, 4);
	tcase_add_test(t, bytes);
	tcase_add_test(t, unused_pair_ends);
	tcase_add_loop_test(t, responder_asks, 0, 2);
	tcase_add_test(t, responder_without_main_mode);
	tcase_add_test(t, nobody_rekeys);
	tcase_add_loop_test(t, both_at_once, 0, 3);
	tcase_add_loop_test(t, each_message_of_a_rekey_lost, 0, 7);
	tcase_add_loop_test(t, main_mode_expires_meanwhile, 0, 40);
	tcase_add_loop_test(t, deleted_meanwhile, 0, 18);
	tcase_add_loop_test(t, crash_meanwhile, 0, 30);
	tcase_add_test(t, rekey_fails);
	tcase_add_test(t, replaced_pair_is_told_once);
	return t;
}
