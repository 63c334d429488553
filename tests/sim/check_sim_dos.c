/* Floods of first messages: cookies, allowance of one source, memory and work. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ike/state.h"
#include "tests/sim/check_sim.h"

#ifdef AIP_SANITIZERS
size_t __sanitizer_get_current_allocated_bytes(void); /* not every gcc has the header */
#endif

static struct simnet net;
static const struct dialect dialect = DIALECT_DEFAULT;

struct first {
	size_t n;
	uint8_t b[2048];
};

static size_t
heap_bytes(void)
{
#ifdef AIP_SANITIZERS
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

static void
begin(uint32_t per_s, uint32_t enter, uint32_t leave)
{
	sim_init(&net, 17);
	net.first_messages_per_s = per_s;
	net.half_open_enter = enter;
	net.half_open_leave = leave;
	sim_start(&net, &dialect, &dialect);
}

static bool
tap_first(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct first *f = ctx;

	if (from == 0 && f->n == 0) {
		memcpy(f->b, p, *n);
		f->n = *n;
	}
	return false;
}

static struct first m1;

/* M1 of a host of its own. */
static void
take_m1(void)
{
	struct simnet other;

	if (m1.n > 0)
		return;
	sim_init_dialect(&other, 99, &dialect);
	other.tap = tap_first;
	other.tap_ctx = &m1;
	sim_acquire(&other, 0, 1, 4, 80);
	sim_free(&other);
	ck_assert_uint_gt(m1.n, 0);
}

/* The i-th M1 of a flood. Answers are thrown away; the bytes that they had. */
static size_t
flood_one(uint32_t source, uint64_t cookie)
{
	struct endpoint to = sim_endpoint(1, 1, 4, 500);
	struct endpoint from = { .addr = { 4, { 172, (uint8_t)(source >> 16),
		(uint8_t)(source >> 8), (uint8_t)source } }, .port = 500 };
	const struct engine_action *a;
	size_t n = 0;

	memcpy(m1.b, &cookie, sizeof(cookie));
	m1.b[0] |= 1;
	engine_input(net.host[1].engine, net.now_ms, &to, &from, span_of(m1.b, m1.n));
	while ((a = engine_next_action(net.host[1].engine)) != NULL)
		if (a->type == ACTION_SEND) {
			ck_assert_uint_le(a->send.data.n, m1.n);
			n += a->send.data.n;
		}
	return n;
}

static void
flood(uint32_t n, uint32_t first)
{
	for (uint32_t i = 0; i < n; i++)
		flood_one(first + i, ((uint64_t)first + i) << 8);
}

static uint64_t
errors(size_t host, enum ike_err err)
{
	return engine_error_count(net.host[host].engine, err);
}

START_TEST(cookies_above_five_hundred_until_below_one_hundred)
{
	const struct dos *d;

	take_m1();
	begin(0, 500, 100);
	d = &net.host[1].engine->dos;
	flood(499, 0);
	ck_assert(!d->on);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 499);
	flood(1, 499);
	ck_assert(d->on);
	flood(1000, 500);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 500);
	ck_assert_uint_eq(errors(1, IKE_ERR_DOS_COOKIE), 1000);
	ck_assert_uint_eq(engine_event_count(net.host[1].engine, EVENT_FLOOD), 1);
	/* An honest peer: one round trip more. */
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	sim_run(&net, 1000);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert_uint_eq(d->n_half_open, 500);
	/* It ends with the time-out of the half-open ones. */
	sim_run(&net, 58000);
	for (uint32_t i = 0; d->n_half_open > 100; i++)
		sim_run(&net, 1);
	ck_assert(d->on || d->n_half_open < 100);
	sim_run(&net, 10000);
	ck_assert(!d->on);
	ck_assert_uint_eq(d->n_half_open, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	ck_assert_uint_gt(flood_one(1, 1), 100); /* M2 */
	sim_free(&net);
}
END_TEST

/* With the mode on: a cookie of another time, port or address is none. */
START_TEST(cookies_are_bound_and_expire)
{
	struct endpoint to = sim_endpoint(1, 1, 4, 500), from = sim_endpoint(0, 7, 4, 500);
	struct endpoint other[3] = { from, from, from };
	struct engine *e;
	uint8_t cookie[8] = { 0 };
	const struct engine_action *a;

	take_m1();
	begin(0, 1, 1);
	e = net.host[1].engine;
	flood(1, 0);
	memset(m1.b, 5, 8);
	engine_input(e, net.now_ms, &to, &from, span_of(m1.b, m1.n));
	while ((a = engine_next_action(e)) != NULL)
		if (a->type == ACTION_SEND) {
			ck_assert_uint_eq(a->send.data.n, 48);
			ck_assert_uint_eq(a->send.data.p[16], PAYLOAD_NOTIFY);
			memcpy(cookie, a->send.data.p + 40, 8);
		}
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	memcpy(m1.b + 8, cookie, 8);
	other[0].port++;
	other[1].addr.b[3]++;
	for (size_t i = 0; i < 2; i++)
		engine_input(e, net.now_ms, &to, &other[i], span_of(m1.b, m1.n));
	m1.b[0]++;
	engine_input(e, net.now_ms, &to, &from, span_of(m1.b, m1.n));
	m1.b[0]--;
	for (size_t bit = 64; bit < 128; bit++) {
		m1.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		engine_input(e, net.now_ms, &to, &from, span_of(m1.b, m1.n));
		m1.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	/* Good in its slice and the next one, then no longer. */
	if (_i == 0) {
		net.now_ms += DOS_SLICE_MS;
		engine_input(e, net.now_ms, &to, &from, span_of(m1.b, m1.n));
		ck_assert_uint_eq(sim_count_mm(&net, 1), 2);
		ck_assert_mem_eq(LIST_FIRST(&e->mm_all)->rcookie, cookie, 8);
	} else {
		net.now_ms += 2 * DOS_SLICE_MS;
		engine_input(e, net.now_ms, &to, &from, span_of(m1.b, m1.n));
		ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	}
	memset(m1.b + 8, 0, 8);
	sim_free(&net);
}
END_TEST

static bool
tap_demand(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct first *f = ctx;

	if (from == 1 && f->n == 0) {
		memcpy(f->b, p, *n);
		f->n = *n;
	}
	return true;
}

/* Each reading of A75 is understood, whatever one's own. */
START_TEST(cookies_are_demanded_in_every_form)
{
	static const uint8_t exchange[] = { [DOS_EXCH_246] = EXCHANGE_NOTIFY,
		[DOS_EXCH_243] = EXCHANGE_MM, [DOS_EXCH_5] = EXCHANGE_INFO };
	static const uint8_t type[] = { [DOS_TYPE_AUTHIP] = 0x55, [DOS_TYPE_IKEV1] = 0x44 };
	struct dialect d = DIALECT_DEFAULT;
	struct first demand = { .n = 0 };

	d.dos_exch = (enum dialect_dos_exch)(_i / 2);
	d.dos_type = (enum dialect_dos_type)(_i % 2);
	take_m1();
	sim_init(&net, 17);
	net.half_open_enter = net.half_open_leave = 1;
	sim_start(&net, &dialect, &d);
	flood(1, 0);
	net.tap = tap_demand;
	net.tap_ctx = &demand;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(demand.n, 48);
	ck_assert_uint_eq(demand.b[18], exchange[d.dos_exch]);
	ck_assert_uint_eq(demand.b[38], 0x9c);
	ck_assert_uint_eq(demand.b[39], type[d.dos_type]);
	sim_free(&net);
}
END_TEST

/* Whatever else an Informational of IKEv1 says, M1 does not care. */
START_TEST(no_demand_in_an_informational)
{
	static const uint8_t change[][2] = { { 39, 14 }, { 19, 1 }, { 31, 1 }, { 37, 7 }, { 16, 13 } };
	struct first demand = { .n = 0 };
	struct dialect d = DIALECT_DEFAULT;

	d.dos_exch = DOS_EXCH_5;
	take_m1();
	sim_init(&net, 17);
	net.half_open_enter = net.half_open_leave = 1;
	sim_start(&net, &dialect, &d);
	flood(1, 0);
	net.tap = tap_demand;
	net.tap_ctx = &demand;
	sim_acquire(&net, 0, 1, 4, 80);
	for (int ms = 0; demand.n == 0 && ms < 1000; ms++)
		sim_run(&net, 1);
	ck_assert_uint_eq(demand.n, 48);
	net.tap = NULL;
	demand.b[change[_i][0]] ^= change[_i][1];
	(void)sim_inject(&net, 0, demand.b, demand.n);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	sim_free(&net);
}
END_TEST

/* D1, M1 with cookie, M2: each may be lost, doubled, late. */
START_TEST(cookies_on_a_bad_network)
{
	size_t ok = 0;

	take_m1();
	for (uint64_t seed = 1; seed <= 60; seed++) {
		sim_init(&net, seed * 31);
		net.half_open_enter = net.half_open_leave = 1;
		net.loss_pct = 20;
		net.dup_pct = 30;
		net.jitter_ms = 50;
		sim_start(&net, &dialect, &dialect);
		flood(1, 0);
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 1000000));
		ok += net.host[0].result.error == IKE_OK;
		net.loss_pct = 0;
		sim_run(&net, 200000);
		ck_assert(sim_sas_agree(&net));
		sim_free(&net);
	}
	ck_assert_uint_ge(ok, 45);
}
END_TEST

static bool
tap_d1(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	if (from == 0 && *n == m1.n)
		++*(size_t *)ctx;
	(void)p;
	return from != 1;
}

/* Whoever answers every M1 with a cookie gets a bounded number of them. */
START_TEST(forged_cookies_are_answered_once_per_transmission)
{
	uint8_t d1[48] = { 0 };
	size_t n_m1 = 0;
	struct mm_sa *mm;

	take_m1();
	begin(0, 0, 0);
	net.tap = tap_d1;
	net.tap_ctx = &n_m1;
	sim_acquire(&net, 0, 1, 4, 80);
	mm = LIST_FIRST(&net.host[0].engine->mm_all);
	memcpy(d1, mm->icookie, 8);
	d1[16] = PAYLOAD_NOTIFY;
	d1[17] = 0x10;
	d1[18] = EXCHANGE_NOTIFY;
	d1[27] = 48;
	d1[31] = 20;
	d1[35] = 1;
	d1[36] = 1;
	d1[38] = 0x9c;
	d1[39] = 0x55;
	for (uint32_t i = 0; i < 2500; i++) {
		d1[40] = (uint8_t)(i | 1);
		sim_inject(&net, 0, d1, sizeof(d1));
		sim_run(&net, 4);
	}
	ck_assert_uint_ge(n_m1, 4);
	ck_assert_uint_le(n_m1, 2 * (dialect.retransmit_max_first + 1));
	/* The lies stop, the network comes back: still the same main mode succeeds. */
	net.tap = NULL;
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	sim_free(&net);
}
END_TEST

/*
 * A peer with a main mode: so many quick modes in a second. It asks again, and gets all. The same on
 * a main mode on which this host begins none any more.
 */
START_TEST(quick_modes_of_one_peer)
{
	begin(4, 0, 0);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	LIST_FIRST(&net.host[1].engine->mm_all)->expired = _i == 1;
	sim_run(&net, 2000);
	for (uint16_t i = 0; i < 100; i++) {
		sim_acquire(&net, 0, 2 + i, 4, 1000 + i);
		sim_run(&net, 2);
	}
	sim_run(&net, 100);
	ck_assert_uint_ge(sim_count_qm(&net, 1), 40);
	ck_assert_uint_le(sim_count_qm(&net, 1), 1 + 40 + 20);
	ck_assert_uint_gt(errors(1, IKE_ERR_QM_RATE), 0);
	ck_assert(sim_run_results(&net, 0, 101, 60000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(sim_count_qm(&net, 1), 101);
	sim_free(&net);
}
END_TEST

/* One source: so many, then cookies; with cookies so many again, then nothing. */
START_TEST(allowance_of_one_source)
{
	take_m1();
	begin(10, 0, 0);
	for (uint64_t i = 0; i < 100; i++)
		flood_one(5, i << 8);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 10);
	ck_assert_uint_eq(errors(1, IKE_ERR_RATE), 90);
	ck_assert_uint_gt(flood_one(6, 1), 100);
	net.now_ms += 500;
	for (uint64_t i = 100; i < 200; i++)
		flood_one(5, i << 8);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 16);
	/* Someone pretends to be our peer: it costs the peer a round trip. */
	for (uint32_t i = 0; i < 100; i++) {
		m1.b[3] = (uint8_t)i;
		sim_inject(&net, 1, m1.b, m1.n);
	}
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 900));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	sim_free(&net);
}
END_TEST

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* 50,000 a second from everywhere: memory flat, the honest unharmed, little work. */
/* The table is full for our own programs, too. */
START_TEST(programs_cannot_fill_the_table)
{
	begin(0, 0, 0);
	net.host[0].engine->p.max_mm_total = 3;
	net.loss_pct = 100;
	for (uint16_t i = 1; i <= 5; i++)
		sim_acquire_from(&net, 0, i, i, 80);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 3);
	ck_assert_uint_eq(net.host[0].n_result, 2);
	ck_assert_int_eq(net.host[0].result.error, IKE_ERR_TOTAL_LIMIT);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_result, 5);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	sim_free(&net);
}
END_TEST

START_TEST(flood_of_fifty_thousand_a_second)
{
	size_t before, ticket = 1;
	uint64_t used = 0;

	take_m1();
	begin(50, 500, 100);
	sim_acquire(&net, 0, ticket, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	flood(1000, 0);
	before = heap_bytes();
	for (uint32_t ms = 0; ms < 4000; ms++) {
		uint64_t start = cpu_ns();

		flood(50, 1000 + ms * 50);
		used += cpu_ns() - start;
		sim_run(&net, 1);
		if (ms % 1000 == 500) {
			ticket++; /* another address: a new main mode */
			sim_acquire_from(&net, 0, ticket, (uint16_t)(100 + ms / 1000), 80);
			ck_assert(sim_run_results(&net, 0, ticket, 1000));
			ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
		}
	}
	ck_assert_uint_eq(errors(1, IKE_ERR_DOS_COOKIE) / 1000, 200);
	ck_assert_uint_le(net.host[1].engine->dos.n_half_open, 510);
	/* Four more pairs and the test's own packets; not 200,000 negotiations. */
	ck_assert_uint_le(heap_bytes(), before + 200000);
	/* The established pair is there, and a quick mode on it works. */
	sim_acquire(&net, 0, ++ticket, 4, 8080);
	ck_assert(sim_run_results(&net, 0, ticket, 1000));
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	sim_run(&net, 1000);
	ck_assert(sim_sas_agree(&net));
	printf("refused first message: %u ns\n", (unsigned)(used / 200000));
	ck_assert_uint_le(used / 200000, 200000); /* with sanitizers, on a busy machine */
	sim_free(&net);
}
END_TEST

TCase *
sim_dos_cases(void)
{
	TCase *t = tcase_create("floods");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, cookies_above_five_hundred_until_below_one_hundred);
	tcase_add_loop_test(t, cookies_are_bound_and_expire, 0, 2);
	tcase_add_loop_test(t, cookies_are_demanded_in_every_form, 0, 6);
	tcase_add_loop_test(t, no_demand_in_an_informational, 0, 5);
	tcase_add_test(t, cookies_on_a_bad_network);
	tcase_add_test(t, forged_cookies_are_answered_once_per_transmission);
	tcase_add_loop_test(t, quick_modes_of_one_peer, 0, 2);
	tcase_add_test(t, allowance_of_one_source);
	tcase_add_test(t, programs_cannot_fill_the_table);
	tcase_add_test(t, flood_of_fifty_thousand_a_second);
	return t;
}
