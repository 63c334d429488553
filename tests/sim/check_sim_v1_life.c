/* The life of IKEv1 SAs: rekeying, deletes, dead peers, peers that begin anew. */
#include <string.h>

#include "tests/sim/check_sim_v1.h"
#include "tests/sim/sim_tap.h"

#define HOUR_MS 3600000u

static const struct dialect dialect = DIALECT_DEFAULT;

static void
connect_now(void)
{
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
}

/* The plane: every pair is busy, and says so in time. */
static void
play_planes(void)
{
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (struct sim_sa *sa = net.host[i].sa; sa != NULL; sa = sa->next)
			if (net.now_ms >= sa->since_ms + sa->add.soft_ms &&
			    net.now_ms >= sa->again_ms) {
				sa->again_ms = net.now_ms + 30000;
				engine_qm_expired(net.host[i].engine, net.now_ms,
				    sa->add.qm_id, EXPIRY_SOFT);
				sim_flush(&net);
				break; /* the list may have changed */
			}
}

/* At every moment there is a pair whose packets the other side opens, both ways. */
static void
expect_traffic(void)
{
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct flow f = { 6, sim_endpoint(i, 1, 4, i == 0 ? 50000 : 80),
			sim_endpoint(1 - i, 1, 4, i == 0 ? 80 : 50000) };
		const struct sim_sa *sa = sim_newest(&net.host[i], &f);

		ck_assert_ptr_nonnull(sa);
		ck_assert_ptr_nonnull(sim_opens(&net, i, sa));
	}
}

/* Both phases are renewed for a day, and no packet is lost. */
START_TEST(day)
{
	v1_prepare((uint64_t)_i, AUTH_V1_PSK);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		for (uint32_t k = 0; k < p->n_qm_proposal; k++)
			p->qm_proposal[k].lifetime_s = 3600;
		p->mm_proposal[0].lifetime_s = 7200;
	}
	sim_start(&net, &dialect, &dialect);
	connect_now();
	if (_i >= 2) {
		net.dup_pct = 30;
		net.jitter_ms = 200;
	}
	for (uint64_t at = 0; at < 24 * HOUR_MS; at += 5000) {
		play_planes();
		sim_run(&net, 5000);
		if (_i < 2)
			expect_traffic();
		ck_assert_uint_le(sim_count_mm(&net, 0), 4);
		ck_assert_uint_le(sim_count_qm(&net, 0), 4);
	}
	expect_traffic();
	ck_assert_uint_ge(
	    engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED), 24);
	ck_assert_uint_ge(
	    engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED), 12);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	sim_free(&net);
}
END_TEST

/* The pair lives as long as it may, though the main mode had no successor. */
START_TEST(pair_outlives_main_mode)
{
	v1_prepare(1, AUTH_V1_PSK);
	net.host[0].policy.mm_proposal[0].lifetime_s = 300;
	sim_start(&net, &dialect, &dialect);
	connect_now();
	net.loss_pct = 100;
	sim_run(&net, 400000);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	v1_expect_pair();
	net.loss_pct = 0; /* the next main mode takes it over */
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 30000));
	sim_run(&net, 1000);
	engine_delete_mm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

/* A peer that wants new keys every second ends its own: we are not made to follow. */
START_TEST(peer_wants_shorter_lifetimes)
{
	size_t begins = (size_t)_i;
	struct policy *p;

	v1_prepare(10, AUTH_V1_PSK);
	p = &net.host[1].policy;
	p->mm_proposal[0].lifetime_s = 30;
	p->qm_proposal[0].lifetime_s = 1;
	p->qm_proposal[0].lifetime_kb = 1;
	p->n_mm_proposal = p->n_qm_proposal = 1;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, begins, 1, 4, 80);
	ck_assert(sim_run_results(&net, begins, 1, 30000));
	ck_assert_uint_eq(sim_sa_of(&net, 0, true)->lifetime_s, 60);
	ck_assert_uint_eq(sim_sa_of(&net, 0, true)->lifetime_bytes, 20480 * 1024);
	ck_assert_uint_eq(v1_mm_of(0).lifetime_s, begins == 0 ? 7200 : 60);
	sim_run(&net, 3000); /* what it deletes ends here, too */
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED), 1);
	sim_free(&net);
}
END_TEST

/* ---- deletes ---- */

START_TEST(delete_pair)
{
	v1_begin_psk(2);
	connect_now();
	engine_delete_qm(net.host[_i].engine, net.now_ms, net.host[_i].sa->add.qm_id);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(
	    engine_error_count(net.host[1 - _i].engine, IKE_ERR_PEER_DELETED), 1);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 2);
	sim_free(&net);
}
END_TEST

START_TEST(delete_main_mode)
{
	v1_begin_psk(3);
	connect_now();
	engine_delete_mm(net.host[_i].engine, net.now_ms, 0);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

START_TEST(shutdown_tells)
{
	v1_begin_psk(4);
	connect_now();
	engine_shutdown(net.host[_i].engine, net.now_ms);
	sim_run(&net, 1000);
	ck_assert(engine_is_idle(net.host[_i].engine));
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

struct deletes {
	size_t from;
	size_t n;
	uint8_t icookie[4][8]; /* of the main modes that they came by */
	size_t lost;	       /* of them, one more than its number; 0: none */
};

static bool
watch_deletes(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct deletes *d = ctx;

	if (from != d->from || p[18] != 5)
		return v1_hide_windows(NULL, from, p, n);
	ck_assert_uint_lt(d->n, 4);
	memcpy(d->icookie[d->n++], p, 8);
	return d->n != d->lost;
}

/* Both begin at once: each host has two main modes with the other one, and a pair. */
static void
connect_crosswise(void)
{
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 1, 2, 4, 5000);
	ck_assert(sim_run_results(&net, 0, 1, 30000) && sim_run_results(&net, 1, 1, 30000));
	sim_run(&net, 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(sim_count_mm(&net, i), 2);
		ck_assert_uint_eq(net.host[i].n_sa, 4);
	}
}

/*
 * A peer that looks in one main mode alone finds what a Delete names, whichever that is: it
 * goes by each of them, and one that arrives is enough.
 */
START_TEST(delete_goes_by_every_main_mode)
{
	struct deletes d = { .from = (size_t)_i & 1, .lost = (size_t)_i >> 1 };

	v1_begin_psk(8);
	net.tap = watch_deletes;
	net.tap_ctx = &d;
	connect_crosswise();
	d.n = 0; /* there were notifies that nobody else is here */
	engine_delete_qm(net.host[d.from].engine, net.now_ms, net.host[d.from].sa->add.qm_id);
	sim_run(&net, 1000);
	ck_assert_uint_eq(d.n, 2);
	ck_assert_mem_ne(d.icookie[0], d.icookie[1], 8);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(net.host[i].n_sa, 2); /* the other pair is none of it */
		ck_assert_uint_eq(sim_count_mm(&net, i), 2);
	}
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* Which is the older one, the two hosts would not agree about: both stay. */
START_TEST(main_modes_of_both_stay)
{
	v1_begin_psk(10);
	connect_crosswise();
	sim_run(&net, 120000);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(sim_count_mm(&net, i), 2);
	sim_free(&net);
}
END_TEST

/* A main mode that was there when the next one began is not needed any more. */
START_TEST(renewed_main_mode_ends)
{
	uint32_t id;

	v1_prepare(11, AUTH_V1_PSK);
	net.host[0].policy.mm_proposal[0].lifetime_s = 300;
	sim_start(&net, &dialect, &dialect);
	connect_now();
	id = v1_mm_of(0).id;
	sim_run(&net, 289000 - net.now_ms); /* it was renewed before 270 */
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(sim_count_mm(&net, i), 1);
	ck_assert_uint_ne(v1_mm_of(0).id, id);
	v1_expect_pair();
	sim_free(&net);
}
END_TEST

/* Windows has one list of pairs, and confirms each Delete: one is enough. */
START_TEST(delete_goes_to_windows_once)
{
	size_t sent[SIM_HOSTS], from = (size_t)_i;

	v1_begin_psk(9);
	connect_crosswise();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		sent[i] = net.host[i].n_sent;
	engine_delete_qm(net.host[from].engine, net.now_ms, net.host[from].sa->add.qm_id);
	sim_run(&net, 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(net.host[i].n_sent - sent[i], 1);
		ck_assert_uint_eq(net.host[i].n_sa, 2);
	}
	sim_free(&net);
}
END_TEST

/* ---- peers that are gone, or begin anew ---- */

static void
begin_dpd(void)
{
	struct dialect d = DIALECT_DEFAULT;

	d.dpd = DPD_ON;
	d.dpd_interval_s = 20;
	v1_prepare(5, AUTH_V1_PSK);
	sim_start(&net, &d, &d);
	connect_now();
}

START_TEST(dead_peer)
{
	begin_dpd();
	sim_run(&net, HOUR_MS / 2);
	v1_expect_pair(); /* it answers */
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	net.loss_pct = 100;
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_ge(
	    engine_error_count(net.host[0].engine, IKE_ERR_PEER_SILENT), 1);
	sim_free(&net);
}
END_TEST

/* Some answers are lost: nobody is declared dead. */
START_TEST(dead_peer_lives)
{
	begin_dpd();
	net.loss_pct = 15;
	sim_run(&net, HOUR_MS / 6);
	v1_expect_pair();
	sim_free(&net);
}
END_TEST

/* Who did not say that it answers is not asked, and lives. */
START_TEST(dpd_of_one_side)
{
	struct dialect d = DIALECT_DEFAULT;
	size_t sent;

	d.dpd = DPD_ON;
	d.dpd_interval_s = 20;
	v1_prepare(6, AUTH_V1_PSK);
	sim_start(&net, _i == 0 ? &d : &dialect, _i == 1 ? &d : &dialect);
	connect_now();
	sent = net.host[0].n_sent + net.host[1].n_sent;
	sim_run(&net, HOUR_MS / 4);
	ck_assert_uint_eq(net.host[0].n_sent + net.host[1].n_sent, sent);
	v1_expect_pair();
	sim_free(&net);
}
END_TEST

/* Without dead peer detection nobody is asked. */
START_TEST(dpd_is_off)
{
	size_t sent;

	v1_begin_psk(6);
	connect_now();
	sent = net.host[0].n_sent + net.host[1].n_sent;
	sim_run(&net, HOUR_MS / 4);
	ck_assert_uint_eq(net.host[0].n_sent + net.host[1].n_sent, sent);
	sim_free(&net);
}
END_TEST

/* The host that lost its state says so under the hash: what it had is dropped. */
START_TEST(initial_contact)
{
	v1_begin_psk(7);
	connect_now();
	sim_run(&net, 10000);
	sim_restart(&net, 0, &dialect);
	net.host[0].n_result = 0;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
	v1_expect_pair();
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	ck_assert_uint_ge(engine_error_count(net.host[1].engine, IKE_ERR_STALE), 1);
	sim_free(&net);
}
END_TEST

/* It forgot the main mode, and answers no quick mode on it: what waits begins anew. */
START_TEST(peer_that_forgot)
{
	v1_begin_psk(12);
	connect_now();
	sim_restart(&net, 1, &dialect);
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 7000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	sim_acquire(&net, 0, 3, 4, 82);
	ck_assert(sim_run_results(&net, 0, 3, 500));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[1].n_sa, 4); /* of both ports */
	sim_free(&net);
}
END_TEST

/* It began when there was nothing with the peer; that has begun by itself meanwhile. */
START_TEST(initial_contact_is_late)
{
	v1_begin_psk(8);
	ck_assert(sim_contact_is_late(&net));
	sim_free(&net);
}
END_TEST

TCase *
sim_v1_life_cases(void)
{
	TCase *t = tcase_create("ikev1 life");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, day, 0, 4);
	tcase_add_test(t, pair_outlives_main_mode);
	tcase_add_loop_test(t, peer_wants_shorter_lifetimes, 0, 2);
	tcase_add_loop_test(t, delete_pair, 0, 2);
	tcase_add_loop_test(t, delete_main_mode, 0, 2);
	tcase_add_loop_test(t, delete_goes_by_every_main_mode, 0, 6);
	tcase_add_loop_test(t, delete_goes_to_windows_once, 0, 2);
	tcase_add_test(t, main_modes_of_both_stay);
	tcase_add_test(t, renewed_main_mode_ends);
	tcase_add_loop_test(t, shutdown_tells, 0, 2);
	tcase_add_test(t, dead_peer);
	tcase_add_test(t, dead_peer_lives);
	tcase_add_loop_test(t, dpd_of_one_side, 0, 2);
	tcase_add_test(t, dpd_is_off);
	tcase_add_test(t, initial_contact);
	tcase_add_test(t, initial_contact_is_late);
	tcase_add_test(t, peer_that_forgot);
	return t;
}
