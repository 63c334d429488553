/* Days of traffic: new pairs for old ones, on good and bad networks, with bad timing. */
#include <string.h>

#include "tests/sim/check_sim.h"

#define HOUR_S 3600
#define PACKET_BYTES 1000
#define RECENT_MS 60000 /* as in daemon/plane_sa.c */
#define AGAIN_MS 30000
#define MAX_PAIRS 5
#define MAX_MM 8

static struct simnet net;
static const struct dialect dialect = DIALECT_DEFAULT;

/* The planes of both hosts, and what they saw. */
static struct {
	struct flow flow[SIM_HOSTS];
	bool is_deaf[SIM_HOSTS]; /* its plane knows no soft limits */
	uint64_t ticket;
	uint32_t step_s; /* between two looks */
	uint32_t packets; /* in a step */
	size_t n_unsent; /* no pair: would be held */
	size_t n_lost;   /* sent, and nobody can open it */
	uint32_t gap_s;  /* the present one */
	uint32_t longest_gap_s;
} world;

static void
prepare(uint64_t seed, uint32_t qm_lifetime_s, uint32_t mm_lifetime_s)
{
	memset(&world, 0, sizeof(world));
	sim_init(&net, seed);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		for (uint32_t k = 0; k < p->n_qm_proposal; k++)
			p->qm_proposal[k].lifetime_s = qm_lifetime_s;
		for (uint32_t k = 0; k < p->n_mm_proposal; k++)
			p->mm_proposal[k].lifetime_s = mm_lifetime_s;
		world.flow[i] = (struct flow){ 6, sim_endpoint(i, 1, 4, i == 0 ? 50000 : 80),
			sim_endpoint(1 - i, 1, 4, i == 0 ? 80 : 50000) };
	}
	world.step_s = world.packets = 1;
}

static void
acquire(void)
{
	if (net.host[0].n_result == world.ticket)
		sim_acquire(&net, 0, ++world.ticket, 4, 80);
}

static void
begin(uint64_t seed, uint32_t qm_lifetime_s, uint32_t mm_lifetime_s)
{
	prepare(seed, qm_lifetime_s, mm_lifetime_s);
	sim_start(&net, &dialect, &dialect);
	acquire();
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
}

static void
count_packet(struct sim_host *h, struct sim_sa *sa)
{
	struct sim_sa *other = sim_other_direction(h, sa);

	sa->bytes += PACKET_BYTES;
	sa->used_ms = net.now_ms;
	if (other != NULL)
		other->used_ms = net.now_ms;
}

static bool
send_one(size_t from)
{
	struct sim_host *h = &net.host[from];
	struct sim_sa *sa = sim_newest(h, &world.flow[from]), *in;

	if (sa == NULL) {
		world.n_unsent++;
		if (from == 0)
			acquire();
		return false;
	}
	count_packet(h, sa);
	if ((in = sim_opens(&net, from, sa)) == NULL) {
		world.n_lost++;
		return false;
	}
	count_packet(&net.host[1 - from], in);
	return true;
}

static void
say(size_t host, uint32_t qm_id, enum engine_expiry why)
{
	engine_qm_expired(net.host[host].engine, net.now_ms, qm_id, why);
	sim_flush(&net);
}

/* The first SA whose plane has something to say about it now. */
static struct sim_sa *
find_expired(struct sim_host *h, enum engine_expiry *why)
{
	for (struct sim_sa *sa = h->sa; sa != NULL; sa = sa->next) {
		const struct action_sa_add *a = &sa->add;

		*why = EXPIRY_BYTES;
		if (a->lifetime_bytes != 0 && sa->bytes >= a->lifetime_bytes)
			return sa;
		*why = EXPIRY_SOFT;
		if (net.now_ms < sa->again_ms || sa->used_ms == 0 || world.is_deaf[h->index])
			continue;
		if (a->soft_bytes != 0 && sa->bytes >= a->soft_bytes)
			return sa;
		if (net.now_ms >= sa->since_ms + a->soft_ms &&
		    net.now_ms < sa->used_ms + RECENT_MS)
			return sa;
	}
	return NULL;
}

static void
play_plane(struct sim_host *h)
{
	enum engine_expiry why;
	struct sim_sa *sa;

	while ((sa = find_expired(h, &why)) != NULL) {
		sa->again_ms = net.now_ms + AGAIN_MS;
		if (why == EXPIRY_BYTES)
			sa->add.lifetime_bytes = 0; /* it is told once */
		say(h->index, sa->add.qm_id, why);
	}
}

static void
one_step(void)
{
	for (uint32_t n = 0; n < world.packets; n++) {
		bool there = send_one(0), back = send_one(1);

		if (n > 0)
			continue;
		world.gap_s = there && back ? 0 : world.gap_s + world.step_s;
		if (world.gap_s > world.longest_gap_s)
			world.longest_gap_s = world.gap_s;
	}
	play_plane(&net.host[0]);
	play_plane(&net.host[1]);
	sim_run(&net, world.step_s * 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_le(sim_count_qm(&net, i), MAX_PAIRS);
		ck_assert_uint_le(sim_count_mm(&net, i), MAX_MM);
	}
}

static void
traffic(uint32_t seconds)
{
	for (uint32_t s = 0; s < seconds; s += world.step_s)
		one_step();
}

/* Nothing was lost, and nobody had to wait. */
static void
expect_no_gap(void)
{
	ck_assert_uint_eq(world.n_lost, 0);
	ck_assert_uint_eq(world.n_unsent, 0);
	ck_assert_uint_eq(world.ticket, 1);
}

static bool
keep_rekeys(void *ctx, const struct engine_qm_status *s)
{
	uint32_t *n = ctx;

	if (s->n_rekeys > *n)
		*n = s->n_rekeys;
	return true;
}

static uint32_t
rekeys(size_t host)
{
	uint32_t n = 0;

	engine_walk_qm(net.host[host].engine, net.now_ms, keep_rekeys, &n);
	return n;
}

/* After a good while with a good network: one pair, known to both. */
static void
expect_one_pair(void)
{
	net.loss_pct = net.dup_pct = net.jitter_ms = 0;
	net.tap = NULL;
	for (int s = 0; s < 600 && (s < 200 || net.host[0].n_sa + net.host[1].n_sa != 4); s++)
		one_step();
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(world.gap_s, 0);
}

/* ---- days ---- */

START_TEST(day_without_loss)
{
	begin((uint64_t)_i, HOUR_S, 2 * HOUR_S);
	world.step_s = 10;
	traffic(24 * HOUR_S);
	expect_no_gap();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_ge(rekeys(i), 24);
		ck_assert_uint_le(rekeys(i), 32);
		ck_assert_uint_eq(net.host[i].n_failure, 0);
	}
	ck_assert_uint_ge(engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED), 8);
	expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(day_with_loss)
{
	begin((uint64_t)_i, HOUR_S, 2 * HOUR_S);
	net.loss_pct = 10;
	world.step_s = 10;
	traffic(24 * HOUR_S);
	ck_assert_uint_le(world.longest_gap_s, 130);
	ck_assert_uint_ge(engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED), 24);
	expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(duplicates_and_reordering)
{
	begin((uint64_t)_i, 600, 1800);
	net.dup_pct = 30;
	net.jitter_ms = 300;
	traffic(6 * HOUR_S);
	expect_no_gap();
	expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(shortest_lifetimes)
{
	begin((uint64_t)_i, 60, 60 * (uint32_t)_i);
	traffic(2 * HOUR_S);
	expect_no_gap();
	ck_assert_uint_ge(rekeys(0), 120);
	ck_assert_uint_ge(rekeys(1), 120);
	sim_free(&net);
}
END_TEST

START_TEST(limit_of_quick_modes)
{
	uint64_t n;

	prepare(1, 300, 8 * HOUR_S);
	net.host[0].policy.mm_qm_limit = net.host[1].policy.mm_qm_limit = (uint32_t)_i;
	sim_start(&net, &dialect, &dialect);
	acquire();
	sim_run(&net, 1000);
	traffic(4 * HOUR_S);
	expect_no_gap();
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
	prepare(1, HOUR_S, 8 * HOUR_S);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (size_t k = 0; k < 4; k++)
			net.host[i].policy.qm_proposal[k].lifetime_kb = 1024;
	world.packets = 20;
	sim_start(&net, &dialect, &dialect);
	acquire();
	sim_run(&net, 1000);
	traffic(HOUR_S);
	expect_no_gap();
	ck_assert_uint_ge(rekeys(0), 60);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

/* ---- who begins ---- */

START_TEST(unused_pair_ends)
{
	begin(1, 600, 8 * HOUR_S);
	traffic(300);
	for (int s = 0; s < 400; s++) {
		play_plane(&net.host[0]);
		play_plane(&net.host[1]);
		sim_run(&net, 1000);
	}
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED), 1);
	traffic(10); /* the next packet negotiates */
	ck_assert_uint_eq(world.ticket, 2);
	ck_assert_uint_eq(world.gap_s, 0);
	sim_free(&net);
}
END_TEST

/* The responder's lifetime is shorter: it asks in time, and the initiator does it. */
START_TEST(responder_asks)
{
	prepare(1, HOUR_S, 8 * HOUR_S);
	if (_i == 0)
		net.host[1].policy.qm_proposal[0].lifetime_s = 300;
	else
		world.is_deaf[0] = true;
	sim_start(&net, &dialect, &dialect);
	acquire();
	sim_run(&net, 1000);
	traffic(4 * HOUR_S);
	expect_no_gap();
	ck_assert_uint_ge(rekeys(1), _i == 0 ? 4 * HOUR_S / 300 : 4);
	/* All of them by the same side, on one main mode. */
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_MM_ESTABLISHED), 1);
	ck_assert_uint_eq(engine_event_count(net.host[1].engine, EVENT_MM_STARTED), 0);
	sim_free(&net);
}
END_TEST

/* Its main mode is over: there is nobody to ask, it negotiates itself. */
START_TEST(responder_without_main_mode)
{
	begin(1, HOUR_S, 600);
	world.is_deaf[0] = true;
	traffic(3 * HOUR_S / 2);
	expect_no_gap();
	ck_assert_uint_eq(engine_event_count(net.host[1].engine, EVENT_MM_STARTED), 1);
	expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(nobody_rekeys)
{
	begin(1, 300, 8 * HOUR_S);
	world.is_deaf[0] = world.is_deaf[1] = true;
	traffic(HOUR_S);
	ck_assert_uint_eq(world.ticket, HOUR_S / 300);
	ck_assert_uint_le(world.longest_gap_s, 2);
	ck_assert_uint_eq(rekeys(0), 0);
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
	prepare(1, HOUR_S, _i == 1 ? 600 : 8 * HOUR_S);
	if (_i == 2)
		net.host[0].policy.n_em_auth = net.host[1].policy.n_em_auth = 0;
	sim_start(&net, &dialect, &dialect);
	acquire();
	sim_run(&net, 1000);
	traffic(700);
	say(0, pair_of(0), EXPIRY_SOFT);
	say(1, pair_of(1), EXPIRY_SOFT);
	traffic(100);
	expect_no_gap();
	/* Of two that were made at once both live, until the next one replaces both. */
	ck_assert_uint_eq(net.host[0].n_sa, _i == 0 ? 2 : 4);
	ck_assert_uint_eq(net.host[1].n_sa, _i == 0 ? 2 : 4);
	ck_assert(sim_sas_agree(&net));
	say(0, pair_of(0), EXPIRY_SOFT);
	traffic(100);
	expect_no_gap();
	expect_one_pair();
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

	begin(1, 600, 8 * HOUR_S);
	drop_at = (size_t)_i;
	net.tap = drop_one;
	net.tap_ctx = &seen;
	traffic(1200);
	ck_assert_uint_gt(seen, 6);
	expect_no_gap();
	expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_expires_meanwhile)
{
	begin(1, HOUR_S, 600);
	traffic(593);
	sim_run(&net, 200 * (uint64_t)_i);
	say(0, pair_of(0), EXPIRY_SOFT);
	net.loss_pct = _i % 2 == 0 ? 0 : 100; /* and it is still in progress */
	traffic(5);
	net.loss_pct = 0;
	world.step_s = 5;
	traffic(HOUR_S);
	world.step_s = 1;
	ck_assert_uint_eq(world.n_lost + world.n_unsent, 0);
	expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(deleted_meanwhile)
{
	size_t host = (size_t)_i % 2;
	uint32_t old;

	begin(1, HOUR_S, 8 * HOUR_S);
	traffic(100);
	old = pair_of(host);
	say(0, pair_of(0), EXPIRY_SOFT);
	sim_run(&net, (uint64_t)_i * 2);
	if (_i % 3 == 0)
		engine_delete_mm(net.host[host].engine, net.now_ms, 0);
	else
		engine_delete_qm(net.host[host].engine, net.now_ms, _i % 3 == 1 ? old : 0);
	sim_flush(&net);
	traffic(200);
	ck_assert_uint_le(world.longest_gap_s, 4);
	expect_one_pair();
	sim_free(&net);
}
END_TEST

START_TEST(crash_meanwhile)
{
	size_t host = (size_t)_i % 2;

	begin(1, 300, 8 * HOUR_S);
	traffic(100);
	say(0, pair_of(0), EXPIRY_SOFT);
	sim_run(&net, (uint64_t)_i);
	sim_restart(&net, host, &dialect);
	world.ticket = net.host[0].n_result;
	traffic(600);
	world.step_s = 5;
	traffic(HOUR_S / 2);
	world.step_s = 1;
	/* A peer that forgot everything is noticed when the next rekey fails. */
	ck_assert_uint_le(world.longest_gap_s, host == 0 ? 5 : 420);
	expect_one_pair();
	sim_free(&net);
}
END_TEST

/* Nobody answers: the old pair ends when it has to, and the next packet begins anew. */
START_TEST(rekey_fails)
{
	begin(1, 300, 8 * HOUR_S);
	traffic(200);
	net.loss_pct = 100;
	traffic(90);
	ck_assert_uint_eq(world.n_lost + world.n_unsent, 0);
	traffic(60);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	net.loss_pct = 0;
	traffic(100);
	ck_assert_uint_eq(world.gap_s, 0);
	expect_one_pair();
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
	return t;
}
