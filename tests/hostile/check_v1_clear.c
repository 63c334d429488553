/* Informational exchanges of IKEv1 in clear, which anybody can send. */
#include "tests/hostile/check_v1.h"

static void
say_in_clear(size_t to, uint16_t type, struct span data)
{
	struct v1_body n;
	struct span wire;

	v1_notify_begin(&n, type, SPAN_NONE);
	writer_bytes(&n.w, data);
	wire = v1_info(1 - to, IN_CLEAR, PAYLOAD_NOTIFY, v1_body_of(&n));
	sim_inject(&v1_net, to, wire.p, wire.n);
}

/* `clear_status = fail-fast` is for who waits for an answer, until there is one. */
START_TEST(errors_in_clear_that_fail_fast)
{
	struct dialect d = DIALECT_DEFAULT;

	d.clear_status = CLEAR_STATUS_FAIL_FAST;
	v1_prepare();
	sim_start(&v1_net, &d, &d);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 3 * SIM_LATENCY_MS + 1);
	ck_assert_int_eq(v1_mm(INITIATOR)->v1->step, V1_INIT_KE_SENT);
	say_in_clear(RESPONDER, NOTIFY_NO_PROPOSAL_CHOSEN, SPAN_NONE);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 1000);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		say_in_clear(i, NOTIFY_NO_PROPOSAL_CHOSEN, SPAN_NONE);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

static bool
lose_message_4(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from != RESPONDER || p[16] != PAYLOAD_KE;
}

/* Who asks for a cookie when there is one already gets no more of us. */
START_TEST(cookie_is_asked_for_too_late)
{
	size_t sent;

	v1_start();
	v1_net.tap = lose_message_4;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 100);
	ck_assert_int_eq(v1_mm(INITIATOR)->v1->step, V1_INIT_KE_SENT);
	sent = v1_net.host[INITIATOR].n_sent;
	say_in_clear(INITIATOR, NOTIFY_DOS_COOKIE_IKEV1, span_of("acookie!", 8));
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sent, sent);
	v1_net.tap = NULL;
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 30000));
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_clear_cases(void)
{
	TCase *t = tcase_create("v1_clear");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, errors_in_clear_that_fail_fast);
	tcase_add_test(t, cookie_is_asked_for_too_late);
	return t;
}
