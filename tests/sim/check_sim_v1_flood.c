/* Floods of first messages of IKEv1: who makes room, and who is asked for a cookie (MS-IKEE 3.9). */
#include <string.h>

#include "ike/state.h"
#include "tests/sim/check_sim_v1.h"
#include "tests/sim/sim_tap.h"

#define D1_BYTES 48

static const struct dialect dialect = DIALECT_DEFAULT;

struct first {
	size_t n;
	uint8_t b[2048];
};

static struct first m1; /* of host 0 */
static struct first d1; /* the last answer to a message of a flood */

static bool
keep_first(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct first *f = ctx;

	if (from == 0 && f->n == 0) {
		memcpy(f->b, p, *n);
		f->n = *n;
	}
	return true;
}

/* "MS NT5 ISAKMPOAKLEY": an implementation that knows of no cookies does not have it. */
static void
hide_windows(uint8_t *p, size_t n)
{
	static const uint8_t nt5[4] = { 0x1e, 0x2b, 0x51, 0x69 };

	for (size_t i = 28; i + 4 < n; i++)
		if (memcmp(p + i, nt5, 4) == 0)
			p[i] ^= 0xff;
}

static bool
hide_windows_of(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	if (from == 0 && p[18] == EXCHANGE_IDENTITY && p[16] == PAYLOAD_SA)
		hide_windows(p, *n);
	return true;
}

static void
take_m1(enum auth_method method)
{
	m1.n = 0;
	v1_prepare(70, method);
	sim_start(&net, &dialect, &dialect);
	net.tap = keep_first;
	net.tap_ctx = &m1;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert_uint_gt(m1.n, 0);
	sim_free(&net);
}

static struct endpoint
stranger(uint32_t s)
{
	return (struct endpoint){ .addr = { 4,
				      { 172, (uint8_t)(s >> 16), (uint8_t)(s >> 8),
					  (uint8_t)s } },
		.port = 500 };
}

/* A first message from there; its answer is d1, and nobody gets it. */
static void
say(const struct endpoint *from)
{
	struct endpoint to = sim_endpoint(1, 1, 4, 500);
	const struct engine_action *a;

	d1.n = 0;
	engine_input(
	    net.host[1].engine, net.now_ms, &to, from, span_of(m1.b, m1.n));
	while ((a = engine_next_action(net.host[1].engine)) != NULL)
		if (a->type == ACTION_SEND) {
			ck_assert_uint_le(a->send.data.n, m1.n);
			ck_assert_uint_eq(d1.n, 0); /* one answer, if any */
			memcpy(d1.b, a->send.data.p, d1.n = a->send.data.n);
		}
}

/* Of n made-up addresses. */
static void
flood(uint32_t n, uint32_t *source)
{
	for (; n > 0; n--) {
		uint32_t s = ++*source;
		struct endpoint from = stranger(s);

		memcpy(m1.b, &s, sizeof(s));
		say(&from);
	}
}

static uint64_t
errors(size_t host, enum ike_err err)
{
	return engine_error_count(net.host[host].engine, err);
}

static void
begin(enum auth_method method, uint32_t enter, uint32_t leave, uint32_t per_s)
{
	take_m1(method);
	v1_prepare(10, method);
	net.half_open_enter = enter;
	net.half_open_leave = leave;
	net.first_messages_per_s = per_s;
	sim_start(&net, &dialect, &dialect);
}

/* ---- senders that know of no cookies ---- */

/*
 * Ten thousand first messages in a second from made-up addresses: what they cost is bounded,
 * and honest peers connect, one after the other, whether they know of cookies or not.
 */
START_TEST(flood_of_first_messages)
{
	uint32_t source = 0;

	begin(_i / 2 == 0 ? AUTH_V1_PSK : AUTH_V1_RSA, 500, 100, 50);
	hide_windows(m1.b, m1.n);
	net.tap = _i % 2 == 0 ? hide_windows_of : NULL;
	for (uint64_t ticket = 1; ticket < 11; ticket++) {
		engine_delete_mm(net.host[0].engine, net.now_ms, 0);
		for (int i = 0; i < 100; i++) {
			flood(10, &source);
			sim_run(&net, 1);
		}
		sim_acquire(&net, 0, ticket, 4, 80);
		for (int i = 0; i < 200; i++) {
			flood(10, &source);
			sim_run(&net, 1);
			ck_assert_uint_le(sim_count_mm(&net, 1), 502);
		}
		ck_assert_uint_eq(net.host[0].n_result, ticket);
		ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
		ck_assert(sim_sas_agree(&net));
	}
	ck_assert_uint_ge(errors(1, IKE_ERR_MADE_ROOM), 20000);
	ck_assert_uint_eq(errors(1, IKE_ERR_DOS_COOKIE), _i % 2 == 0 ? 0 : 10);
	sim_run(&net, 100000); /* it ends, and leaves nothing */
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	sim_free(&net);
}
END_TEST

/* The allowance of one address holds for IKEv1 as for AuthIP. */
START_TEST(flood_of_one_source)
{
	struct endpoint from = stranger(7);

	begin(AUTH_V1_PSK, 0, 0, 50);
	if (_i == 1)
		hide_windows(m1.b, m1.n);
	for (int i = 0; i < 80; i++) {
		m1.b[4] = (uint8_t)i;
		say(&from);
	}
	ck_assert_uint_eq(errors(1, IKE_ERR_RATE) +
			      errors(1, IKE_ERR_PEER_NEGOTIATION_LIMIT),
	    80 - sim_count_mm(&net, 1));
	ck_assert_uint_ge(errors(1, IKE_ERR_RATE), 30);
	/* Somebody else may have sent all that: who can show a cookie is let in. */
	ck_assert_uint_eq(d1.n, _i == 0 ? D1_BYTES : 0);
	sim_free(&net);
}
END_TEST

/* Who showed a cookie does not make room, however many come before its message 3. */
START_TEST(flood_does_not_push_out_who_showed_a_cookie)
{
	uint32_t source = 0;

	begin(AUTH_V1_PSK, 500, 100, 0);
	hide_windows(m1.b, m1.n);
	net.tap = _i == 0 ? NULL : hide_windows_of;
	flood(1000, &source);
	sim_acquire(&net, 0, 1, 4, 80);
	for (int i = 0; i < 80; i++) {
		flood(300, &source);
		sim_run(&net, 1);
		ck_assert_uint_le(sim_count_mm(&net, 1), 502);
	}
	ck_assert_uint_eq(net.host[0].n_result, _i == 0);
	sim_free(&net);
}
END_TEST

/* ---- senders that know of cookies ---- */

/* They cost no state at all while there is a flood. */
START_TEST(flood_is_asked_for_cookies)
{
	const struct dos *d;
	uint32_t source = 0;

	begin(AUTH_V1_PSK, 500, 100, 0);
	d = &net.host[1].engine->dos;
	flood(499, &source);
	ck_assert(!d->on);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 499);
	ck_assert_uint_gt(d1.n, D1_BYTES); /* message 2 */
	flood(1, &source);
	ck_assert(d->on);
	flood(10000, &source);
	ck_assert_uint_eq(d1.n, D1_BYTES);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 500);
	ck_assert_uint_eq(errors(1, IKE_ERR_DOS_COOKIE), 10000);
	ck_assert_uint_eq(errors(1, IKE_ERR_MADE_ROOM), 0);
	/* An honest peer: one round trip more. */
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	sim_run(&net, 1000);
	v1_expect_pair();
	ck_assert_uint_eq(net.host[0].n_sent, 7); /* of main mode four, a notify, of quick mode two */
	ck_assert_uint_eq(d->n_half_open, 500);
	/* It ends with the time-out of the half-open ones. */
	sim_run(&net, 70000);
	ck_assert(!d->on);
	ck_assert_uint_eq(d->n_half_open, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	flood(1, &source);
	ck_assert_uint_gt(d1.n, D1_BYTES);
	sim_free(&net);
}
END_TEST

/* The demand is what MS-IKEE says, whatever AuthIP's is (A75). */
START_TEST(cookie_is_demanded_as_windows_does)
{
	static const uint8_t want[] = { 0, 0, 0, 20, 0, 0, 0, 1, 1, 0, 0x9c, 0x44 };
	struct dialect d = DIALECT_DEFAULT;
	static const uint8_t none[8];
	uint32_t source = 0;

	d.dos_exch = (enum dialect_dos_exch)(_i / 2);
	d.dos_type = (enum dialect_dos_type)(_i % 2);
	take_m1(AUTH_V1_PSK);
	v1_prepare(71, AUTH_V1_PSK);
	net.half_open_enter = net.half_open_leave = 1;
	sim_start(&net, &dialect, &d);
	flood(2, &source);
	ck_assert_uint_eq(d1.n, D1_BYTES);
	ck_assert_mem_eq(d1.b, m1.b, 8);
	ck_assert_mem_eq(d1.b + 8, none, 8);
	ck_assert_uint_eq(d1.b[16], PAYLOAD_NOTIFY);
	ck_assert_uint_eq(d1.b[18], EXCHANGE_INFO);
	ck_assert_uint_eq(d1.b[19], 0);
	ck_assert_mem_ne(d1.b + 20, none, 4); /* its message ID */
	ck_assert_mem_eq(d1.b + 28, want, sizeof(want));
	ck_assert_mem_ne(d1.b + 40, none, 8);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	sim_free(&net);
}
END_TEST

/* Message 1, the demand, message 1 with the cookie, and all that follows: each lost once. */
START_TEST(each_message_with_a_cookie_lost)
{
	struct nth t = { .n = (size_t)_i };
	uint32_t source = 0;

	begin(AUTH_V1_PSK, 1, 1, 0);
	flood(1, &source);
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

/* As lost, but late: each message comes a second time. */
START_TEST(each_message_with_a_cookie_replayed)
{
	struct nth t = { .n = (size_t)_i };
	uint32_t source = 0;

	begin(AUTH_V1_PSK, 1, 1, 0);
	flood(1, &source);
	net.tap = copy_nth;
	net.tap_ctx = &t;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	v1_expect_pair();
	for (int i = 0; i < 3; i++) {
		sim_inject(&net, 1 - t.copy_from, t.copy, t.copy_n);
		sim_run(&net, 2000);
	}
	v1_expect_pair();
	ck_assert_uint_eq(sim_count_mm(&net, 1), 2); /* that of the flood, too */
	sim_free(&net);
}
END_TEST

/* A host is asked: its first message has the cookie now. */
static struct endpoint
show_cookie(uint32_t number)
{
	struct endpoint from = stranger(number);

	memset(m1.b, 5, 8);
	memset(m1.b + 8, 0, 8);
	say(&from);
	ck_assert_uint_eq(d1.n, D1_BYTES);
	memcpy(m1.b + 8, d1.b + 40, 8);
	return from;
}

/* In a flood a cookie of another address, port, cookie or time is none: asked again. */
START_TEST(cookies_of_others_are_none)
{
	uint32_t source = 0;
	struct endpoint from, other[3];
	struct engine *e;

	begin(AUTH_V1_PSK, 1, 1, 0);
	e = net.host[1].engine;
	flood(1, &source);
	from = show_cookie(77);
	for (int i = 0; i < 3; i++)
		other[i] = from;
	other[0].port++;
	other[1].addr.b[3]++;
	other[2].addr.family = 6;
	for (int i = 0; i < 3; i++) {
		say(&other[i]);
		ck_assert_uint_eq(d1.n, D1_BYTES);
	}
	m1.b[0]++;
	say(&from);
	ck_assert_uint_eq(d1.n, D1_BYTES);
	m1.b[0]--;
	for (size_t bit = 64; bit < 128; bit++) { /* a lie */
		m1.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		say(&from);
		ck_assert_uint_eq(d1.n, D1_BYTES);
		m1.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	/* Good in its slice and in the next one, and then no longer. */
	net.now_ms += (uint64_t)(1 + _i) * DOS_SLICE_MS;
	e->now_ms = net.now_ms;
	say(&from);
	ck_assert_uint_eq(sim_count_mm(&net, 1), _i == 0 ? 2 : 1);
	if (_i == 0) {
		ck_assert_mem_eq(LIST_FIRST(&e->mm_all)->rcookie, m1.b + 8, 8);
		say(&from); /* again: the same answer, and no more state */
		ck_assert_mem_eq(d1.b + 8, m1.b + 8, 8);
		ck_assert_uint_eq(sim_count_mm(&net, 1), 2);
	}
	sim_free(&net);
}
END_TEST

/* What no demand of ours can have asked for: no state, and no answer. */
START_TEST(cookies_that_nobody_asked_for)
{
	struct endpoint from = stranger(78);
	uint32_t source = 0;
	uint64_t before;

	begin(AUTH_V1_PSK, 1, 1, 0);
	memset(m1.b + 8, 7, 8);
	say(&from); /* nobody was asked yet */
	ck_assert_uint_eq(errors(1, IKE_ERR_COOKIE), 1);
	ck_assert_uint_eq(d1.n, 0);
	memset(m1.b + 8, 0, 8);
	flood(1, &source);
	from = show_cookie(78);
	before = errors(1, IKE_ERR_COOKIE);
	if (_i == 0) { /* not Windows, in a flood */
		hide_windows(m1.b, m1.n);
		m1.b[8] ^= 2;
	} else if (_i == 1) { /* the flood is over, and the cookie old */
		net.now_ms += 2 * DOS_SLICE_MS - 1;
		sim_run(&net, 0);
		ck_assert(!net.host[1].engine->dos.on);
		m1.b[8] ^= 2;
	} else if (_i == 2) { /* not a first message */
		m1.b[20] = 1;
	} else {
		m1.b[19] = ISAKMP_FLAG_ENCRYPTED;
	}
	say(&from);
	ck_assert_uint_eq(d1.n, 0);
	ck_assert_uint_eq(errors(1, IKE_ERR_COOKIE), before + 1);
	ck_assert_uint_eq(sim_count_mm(&net, 1), _i == 1 ? 0 : 1);
	sim_free(&net);
}
END_TEST

TCase *
sim_v1_flood_cases(void)
{
	TCase *t = tcase_create("ikev1 floods");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, flood_of_first_messages, 0, 4);
	tcase_add_loop_test(t, flood_of_one_source, 0, 2);
	tcase_add_loop_test(t, flood_does_not_push_out_who_showed_a_cookie, 0, 2);
	tcase_add_test(t, flood_is_asked_for_cookies);
	tcase_add_loop_test(t, cookie_is_demanded_as_windows_does, 0, 6);
	tcase_add_loop_test(t, each_message_with_a_cookie_lost, 0, 11);
	tcase_add_loop_test(t, each_message_with_a_cookie_replayed, 0, 11);
	tcase_add_loop_test(t, cookies_of_others_are_none, 0, 2);
	tcase_add_loop_test(t, cookies_that_nobody_asked_for, 0, 4);
	return t;
}
