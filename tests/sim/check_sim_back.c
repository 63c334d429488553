/*
 * A peer that is gone, and comes back without what it knew: who waits for it meanwhile, and who
 * asks then.
 */
#include "tests/sim/check_sim.h"

#define RETRY_MS 2000 /* retransmit_first_ms */

static struct dialect dialect;
static struct simnet net;
static bool is_down; /* host 1 */

static bool
lose_of_one(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)p;
	(void)n;
	return !is_down;
}

/* how: bit 0: without extended mode; bit 1: IKEv1, alone or beside AuthIP */
static void
begin(int how)
{
	is_down = false;
	dialect = (struct dialect)DIALECT_DEFAULT;
	sim_init(&net, 7);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		if (how != 0)
			p->n_em_auth = 0;
		if (how == 2) {
			p->keying = KEYING_IKEV1;
			p->n_mm_auth = 0;
		} else if (how == 3) {
			p->keying = KEYING_BOTH;
		}
		if (how >= 2)
			p->mm_auth[p->n_mm_auth++] = (struct auth_entry){ AUTH_V1_PSK, true };
	}
	sim_start(&net, &dialect, &dialect);
	net.tap = lose_of_one;
}

/* A pair for port 80 that host `begins` has negotiated. */
static void
begin_with_pair(int how, size_t begins)
{
	begin(how);
	sim_acquire(&net, begins, 1, 4, 80);
	ck_assert(sim_run_results(&net, begins, 1, 20000));
	ck_assert_int_eq(net.host[begins].result.error, IKE_OK);
	sim_run(&net, 60000);
}

static void
back(void)
{
	sim_restart(&net, 1, &dialect);
	is_down = false;
}

static size_t
results(void)
{
	return net.host[0].n_result;
}

static void
expect_result(size_t n, enum ike_err err, uint64_t within_ms)
{
	ck_assert(sim_run_results(&net, 0, n, within_ms));
	ck_assert_int_eq(net.host[0].result.error, err);
}

/*
 * Whoever died says nothing of it, and its peer asks on a main mode that is gone. One new port is
 * reached in any case, whoever had begun, and never by what nobody has proved.
 */
START_TEST(died_and_came_back)
{
	size_t n, begins = (size_t)_i & 1;

	begin_with_pair(_i / 2, begins);
	n = results();
	is_down = true;
	sim_run(&net, 100);
	sim_acquire(&net, 0, 50, 4, 81);
	sim_run(&net, 900);
	back();
	expect_result(n + 1, IKE_OK, 6000);
	sim_run(&net, 100);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	/* What was secured before still is, until the plane knows better. */
	ck_assert_uint_eq(net.host[0].n_sa, 4);
	sim_free(&net);
}
END_TEST

/* It is there, and only that question is lost: nothing begins afresh. */
START_TEST(it_was_there)
{
	uint32_t before;

	begin_with_pair(_i, 0);
	before = net.host[0].sa->add.mm_id;
	is_down = true;
	sim_acquire(&net, 0, 50, 4, 81);
	sim_run(&net, RETRY_MS + 500);
	is_down = false;
	sim_acquire(&net, 0, 51, 4, 82); /* this one is answered at once */
	expect_result(2, IKE_OK, 500);
	expect_result(3, IKE_OK, 20000);
	ck_assert_uint_eq(net.host[0].sa->add.mm_id, before);
	ck_assert_uint_eq(net.host[0].n_failure, 0);
	sim_free(&net);
}
END_TEST

/* It never comes back: all who wait are told, in bounded time. */
START_TEST(died_for_ever)
{
	begin_with_pair(_i, 0);
	is_down = true;
	sim_acquire(&net, 0, 50, 4, 81);
	sim_acquire(&net, 0, 51, 4, 82);
	expect_result(3, IKE_ERR_TIMED_OUT, 6100 + 60000);
	ck_assert_uint_eq(net.host[0].n_sa, 2); /* silence alone ends nothing */
	sim_run(&net, 200000);
	ck_assert_uint_eq(results(), 3);
	sim_free(&net);
}
END_TEST

/* The peer that came back begins by itself, and says that it knows nothing: nobody fails. */
START_TEST(came_back_and_began)
{
	begin_with_pair(_i, 0);
	is_down = true;
	sim_acquire(&net, 0, 50, 4, 81);
	sim_run(&net, 500);
	back();
	sim_acquire(&net, 1, 60, 4, 90);
	expect_result(2, IKE_OK, 1000);
	ck_assert_int_eq(net.host[1].result.error, IKE_OK);
	sim_run(&net, 1000);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* ---- a first message without an answer ---- */

static void
ask_nobody(int how)
{
	begin(how);
	is_down = true;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 15000); /* sent at 0, 2, 6 and 14 s */
}

/* The next one who asks is heard at once, and with him who has waited. */
START_TEST(news_is_passed_on)
{
	ask_nobody(_i);
	sim_run(&net, 1000);
	back();
	sim_run(&net, 100);
	ck_assert_uint_eq(results(), 0);
	sim_acquire(&net, 0, 2, 4, 80 + (uint16_t)(_i % 2));
	expect_result(2, IKE_OK, 500);
	sim_free(&net);
}
END_TEST

/* So is the peer when it has proved that it is there. */
START_TEST(the_peer_is_news)
{
	ask_nobody(_i);
	sim_run(&net, 1000);
	back();
	sim_acquire(&net, 1, 2, 4, 90);
	expect_result(1, IKE_OK, 500);
	sim_free(&net);
}
END_TEST

/* Whoever asks all the time sends no more than a first message in two seconds. */
START_TEST(no_flood)
{
	size_t sent;

	begin(_i);
	is_down = true;
	for (uint64_t i = 0; i < 250; i++) {
		sim_acquire(&net, 0, 1 + i, 4, (uint16_t)(80 + i % 2));
		sim_run(&net, 100);
	}
	sent = net.host[0].n_sent / (_i == 3 ? 2 : 1);
	ck_assert_uint_ge(sent, 10);
	ck_assert_uint_le(sent, 1 + 25 * 1000 / RETRY_MS + 3);
	ck_assert_uint_eq(results(), 0);
	sim_free(&net);
}
END_TEST

TCase *
sim_back_cases(void)
{
	TCase *t = tcase_create("back");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, died_and_came_back, 0, 8);
	tcase_add_loop_test(t, it_was_there, 0, 4);
	tcase_add_loop_test(t, died_for_ever, 0, 4);
	tcase_add_loop_test(t, came_back_and_began, 0, 4);
	tcase_add_loop_test(t, news_is_passed_on, 0, 4);
	tcase_add_loop_test(t, the_peer_is_news, 0, 4);
	tcase_add_loop_test(t, no_flood, 0, 4);
	return t;
}
