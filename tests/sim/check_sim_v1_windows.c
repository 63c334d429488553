/* What only Windows does: Deletes that are confirmed, cookies against floods (MS-IKEE). */
#include <string.h>

#include "ike/state.h"
#include "tests/sim/check_sim_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

static void
connect_now(void)
{
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
}

/* ---- deletes that have to be confirmed (MS-IKEE 3.8) ---- */

struct lost {
	size_t from;
	size_t n;    /* so many of its packets are lost */
	size_t seen; /* all that it sent */
	bool flip;   /* damaged instead */
	uint64_t at_ms[16];
};

static bool
lose_some(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct lost *l = ctx;

	if (from != l->from)
		return true;
	if (l->seen < 16)
		l->at_ms[l->seen] = net.now_ms;
	if (l->seen++ >= l->n)
		return true;
	if (l->flip)
		p[*n - 1] ^= 1;
	return l->flip;
}

static void
delete_with(struct lost *l, uint64_t seed)
{
	v1_begin_psk(seed);
	connect_now();
	net.tap = lose_some;
	net.tap_ctx = l;
	engine_delete_qm(net.host[0].engine, net.now_ms, 0);
}

/* Windows repeats it after 1, 2, 4, 8, 16, 16 seconds: one of them is enough. */
START_TEST(delete_is_repeated)
{
	struct lost l = { .from = 0, .n = (size_t)_i };

	delete_with(&l, 31);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[1].n_sa, _i < 7 ? 0 : 2);
	ck_assert_uint_eq(l.seen, _i < 7 ? (size_t)_i + 1 : 7);
	for (size_t i = 1; i < l.seen; i++)
		ck_assert_uint_eq(
		    l.at_ms[i] - l.at_ms[i - 1], i < 5 ? 1000u << (i - 1) : 16000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_free(&net);
}
END_TEST

/* Its confirmation is lost, or damaged: the Delete comes again, and does nothing more. */
START_TEST(delete_is_confirmed_again)
{
	struct lost l = { .from = 1, .n = 2, .flip = _i == 1 };
	size_t sent;

	delete_with(&l, 32);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	ck_assert_uint_eq(l.seen, 3);
	ck_assert_uint_eq(
	    engine_error_count(net.host[1].engine, IKE_ERR_PEER_DELETED), 1);
	sent = net.host[0].n_sent;
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_sent, sent);
	sim_free(&net);
}
END_TEST

/* Many at once: what was confirmed long ago is confirmed again, within bounds. */
START_TEST(many_deletes_over_a_bad_network)
{
	v1_begin_psk(33);
	for (uint16_t i = 0; i < 20; i++)
		sim_acquire(&net, 0, i + 1u, 4, (uint16_t)(80 + i));
	ck_assert(sim_run_results(&net, 0, 20, 30000));
	sim_run(&net, 1000);
	net.loss_pct = 30;
	engine_delete_mm(net.host[_i].engine, net.now_ms, 0);
	sim_run(&net, 150000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

struct copies {
	struct sim_packet p[2];
	size_t n;
};

static bool
copy_some(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct copies *c = ctx;

	if (from == 0 && c->n < 2) {
		memcpy(c->p[c->n].b, p, *n);
		c->p[c->n++].n = *n;
	}
	return true;
}

/*
 * Somebody sends copies of old Deletes, from anywhere: those that are lost later are
 * confirmed again all the same.
 */
START_TEST(copies_of_deletes_use_up_nothing)
{
	static struct copies c;
	struct lost l = { .from = 1, .n = 1 };
	uint32_t qm[4];
	size_t sent;

	c.n = 0;
	v1_begin_psk(38);
	for (uint16_t i = 0; i < 4; i++) {
		sim_acquire(&net, 0, i + 1u, 4, (uint16_t)(80 + i));
		ck_assert(sim_run_results(&net, 0, i + 1u, 30000));
		qm[i] = net.host[0].result.qm_id;
	}
	sim_run(&net, 1000);
	net.tap = copy_some;
	net.tap_ctx = &c;
	for (int i = 0; i < 2; i++) {
		engine_delete_qm(net.host[0].engine, net.now_ms, qm[i]);
		sim_run(&net, 100);
	}
	sent = net.host[1].n_sent;
	for (int i = 0; i < 200; i++)
		sim_inject(&net, 1, c.p[i % 2].b, c.p[i % 2].n);
	sim_run(&net, 100);
	/* each six times, and the last message as any other that comes again */
	ck_assert_uint_le(net.host[1].n_sent - sent, 2 * 6 + 16);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	net.tap = lose_some;
	net.tap_ctx = &l;
	for (int i = 2; i < 4; i++) { /* the confirmation of the first one is lost */
		engine_delete_qm(net.host[0].engine, net.now_ms, qm[i]);
		sim_run(&net, 100);
	}
	l.from = 0;
	l.seen = l.n = 0;
	sim_run(&net, 100000);
	ck_assert_uint_eq(l.seen, 1);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

/* The main mode waits for its confirmations, but not for ever. */
START_TEST(main_mode_waits_for_confirmation)
{
	v1_begin_psk(34);
	connect_now();
	net.loss_pct = 100;
	engine_delete_mm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, 30000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert(v1_mm_of(0).is_deleting);
	ck_assert_str_ne(v1_mm_of(0).state, "Established");
	sim_run(&net, 150000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	sim_free(&net);
}
END_TEST

/* Both end it at the same moment: each confirms what the other says. */
START_TEST(both_delete)
{
	v1_begin_psk(35);
	connect_now();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		if (_i == 0)
			engine_delete_mm(net.host[i].engine, net.now_ms, 0);
		else
			engine_shutdown(net.host[i].engine, net.now_ms);
	sim_run(&net, 500);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert(engine_is_idle(net.host[i].engine));
		ck_assert_uint_eq(net.host[i].n_sa, 0);
		ck_assert_uint_eq(sim_count_mm(&net, i), 0);
	}
	sim_free(&net);
}
END_TEST

/* At shutdown it is repeated once. */
START_TEST(shutdown_does_not_wait_long)
{
	struct lost l = { .from = 0, .n = 100 };

	v1_begin_psk(36);
	connect_now();
	net.tap = lose_some;
	net.tap_ctx = &l;
	engine_shutdown(net.host[0].engine, net.now_ms);
	sim_run(&net, 2500);
	ck_assert(!engine_is_idle(net.host[0].engine));
	sim_run(&net, 1000);
	ck_assert(engine_is_idle(net.host[0].engine));
	ck_assert_uint_eq(l.seen, 4); /* of a pair and of its main mode, twice each */
	sim_free(&net);
}
END_TEST

bool
v1_hide_windows(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static const uint8_t nt5[4] = { 0x1e, 0x2b, 0x51, 0x69 };

	(void)ctx;
	(void)from;
	for (size_t i = 28; i + 4 < *n && p[18] == 2 && (p[19] & 1) == 0; i++)
		if (memcmp(p + i, nt5, 4) == 0)
			p[i] ^= 0xff;
	return true;
}

/* Others than Windows get their Delete once, without a nonce, and confirm nothing. */
START_TEST(delete_for_others)
{
	size_t sent[SIM_HOSTS];

	v1_prepare(37, AUTH_V1_PSK);
	sim_start(&net, &dialect, &dialect);
	net.tap = v1_hide_windows;
	connect_now();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		sent[i] = net.host[i].n_sent;
	engine_delete_mm(net.host[_i].engine, net.now_ms, 0);
	ck_assert_uint_eq(sim_count_mm(&net, (size_t)_i), 0);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(net.host[_i].n_sent - sent[_i], 2);
	ck_assert_uint_eq(net.host[1 - _i].n_sent, sent[1 - _i]);
	sim_free(&net);
}
END_TEST

/* ---- negotiation discovery (MS-IKEE 3.7) ---- */

/* 0: nothing to say. 1: boundary. 2: also encryption. Then the same with others than Windows. */
START_TEST(exchange_info)
{
	int what = _i % 3;

	v1_prepare(39, AUTH_V1_PSK);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.nd = what == 0 ? ND_OFF : ND_BOUNDARY;
		if (what == 2)
			policy_keep_encrypting(&net.host[i].policy);
	}
	net.host[0].class.guarantee_encryption = what == 2;
	sim_start(&net, &dialect, &dialect);
	net.tap = _i < 3 ? NULL : v1_hide_windows;
	connect_now();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		const struct qm_sa *qm =
		    LIST_FIRST(&LIST_FIRST(&net.host[i].engine->mm_all)->quick_modes);

		ck_assert_ptr_nonnull(qm);
		ck_assert_int_eq(qm->peer_boundary, what > 0);
		ck_assert_int_eq(qm->guaranteed_encryption, what == 2);
		ck_assert_int_eq(
		    sim_sa_of(&net, i, true)->guaranteed_encryption, what == 2);
	}
	sim_free(&net);
}
END_TEST

/* ---- a Windows that asks for a cookie (MS-IKEE 3.9) ---- */

struct asker {
	bool keeps_state; /* its header has the cookie already, too */
	bool lies;	  /* it asks for ever, and answers nothing */
	bool lied;	  /* somebody else asked, once: the peer knows of no cookies */
	int longer;	  /* so many bytes, than eight */
	size_t n_lost;	  /* so many first messages with the cookie are lost */
	size_t n_asked;
	size_t n_with;
	size_t n_without;
};

static const uint8_t cookie[8] = { 0xc0, 0x0c, 1, 2, 3, 4, 5, 6 };

static void
ask_cookie(struct asker *a, const uint8_t *m1)
{
	uint8_t b[64] = { 0 };

	memcpy(b, m1, 8);
	if (a->keeps_state)
		memcpy(b + 8, cookie, 8);
	b[16] = 11; /* Notify */
	b[17] = 0x10;
	b[18] = 5; /* Informational */
	b[23] = (uint8_t)++a->n_asked;
	b[27] = (uint8_t)(48 + a->longer);
	b[31] = (uint8_t)(20 + a->longer); /* its length */
	b[35] = 1;  /* DOI */
	b[36] = 1;  /* ISAKMP */
	b[38] = 0x9c;
	b[39] = 0x44;
	memcpy(b + 40, cookie, 8);
	sim_inject(&net, 0, b, (size_t)b[27]);
}

/* In front of host 1; behind it nobody knows of cookies. */
static bool
want_cookie(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static const uint8_t none[8];
	struct asker *a = ctx;

	(void)n;
	if (from != 0 || p[18] != 2 || p[16] != 1)
		return true; /* no first message */
	if (memcmp(p + 8, none, 8) == 0) {
		if (a->lied && a->n_without > 0)
			return true;
		a->n_without++;
		ask_cookie(a, p);
		return false;
	}
	ck_assert_mem_eq(p + 8, cookie, 8);
	a->n_with++;
	if (a->lies) {
		ask_cookie(a, p);
		return false;
	}
	memset(p + 8, 0, 8);
	return !a->lied && a->n_with > a->n_lost;
}

static const struct asker askers[] = {
	{ .n_lost = 0 },
	{ .keeps_state = true },
	{ .n_lost = 1 },
};
#define ASKERS (int)(sizeof(askers) / sizeof(askers[0]))

START_TEST(dos_cookie)
{
	struct asker a = askers[_i];

	v1_begin_psk(12);
	net.tap = want_cookie;
	net.tap_ctx = &a;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 30000));
	sim_run(&net, 1000);
	v1_expect_pair();
	ck_assert_uint_eq(a.n_asked, 1);
	ck_assert_uint_eq(a.n_with, 1 + a.n_lost);
	sim_free(&net);
}
END_TEST

/* A liar gets two datagrams for each of ours, and none that he could not have had. */
START_TEST(dos_cookie_is_a_lie)
{
	struct asker a = { .lies = true };

	v1_begin_psk(13);
	net.tap = want_cookie;
	net.tap_ctx = &a;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 300000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	ck_assert_uint_eq(a.n_with + a.n_without, 8); /* of four transmissions */
	sim_free(&net);
}
END_TEST

/* Nobody answers the cookie: the question is sent without it again. */
START_TEST(dos_cookie_was_a_lie)
{
	struct asker a = { .lied = true };

	v1_begin_psk(14);
	net.tap = want_cookie;
	net.tap_ctx = &a;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	sim_run(&net, 1000);
	v1_expect_pair();
	ck_assert_uint_eq(a.n_asked, 1);
	ck_assert_uint_ge(a.n_with, 1);
	sim_free(&net);
}
END_TEST

/* A cookie has eight bytes. */
START_TEST(dos_cookie_of_wrong_length)
{
	struct asker a = { .lied = true, .longer = _i - 8 };

	v1_begin_psk(15);
	net.tap = want_cookie;
	net.tap_ctx = &a;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(a.n_asked, 1);
	ck_assert_uint_eq(a.n_with > 0, _i == 8);
	sim_free(&net);
}
END_TEST

TCase *
sim_v1_windows_cases(void)
{
	TCase *t = tcase_create("ikev1 windows");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, delete_is_repeated, 0, 8);
	tcase_add_loop_test(t, delete_is_confirmed_again, 0, 2);
	tcase_add_loop_test(t, many_deletes_over_a_bad_network, 0, 2);
	tcase_add_test(t, copies_of_deletes_use_up_nothing);
	tcase_add_test(t, main_mode_waits_for_confirmation);
	tcase_add_loop_test(t, both_delete, 0, 2);
	tcase_add_test(t, shutdown_does_not_wait_long);
	tcase_add_loop_test(t, delete_for_others, 0, 2);
	tcase_add_loop_test(t, exchange_info, 0, 6);
	tcase_add_loop_test(t, dos_cookie, 0, ASKERS);
	tcase_add_test(t, dos_cookie_is_a_lie);
	tcase_add_test(t, dos_cookie_was_a_lie);
	tcase_add_loop_test(t, dos_cookie_of_wrong_length, 0, 17);
	return t;
}
