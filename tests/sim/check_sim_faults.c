/* Negotiations over a bad network, with bad peers and with bad helpers. */
#include <string.h>

#include "ike/message.h"
#include "tests/sim/check_sim.h"
#include "tests/sim/sim_tap.h"

static struct simnet net;
static const struct dialect dialect = DIALECT_DEFAULT;

static void
begin(uint64_t seed)
{
	sim_init_dialect(&net, seed, &dialect);
}

static void
expect_success(void)
{
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
}

/* ---- each message once ---- */

START_TEST(each_message_lost)
{
	struct nth t = { .n = (size_t)_i };

	begin(3);
	net.tap = lose_nth;
	net.tap_ctx = &t;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 20000));
	sim_run(&net, 10000);
	expect_success();
	sim_free(&net);
}
END_TEST

/* One bit of one message: a retransmission repairs it, or a clear failure. */
START_TEST(each_message_damaged)
{
	for (int bit = 0; bit < 4000; bit += 61) {
		struct nth t = { .n = (size_t)_i, .bit = bit };

		begin(3);
		net.tap = flip_nth;
		net.tap_ctx = &t;
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 300000));
		sim_run(&net, 10000);
		ck_assert(sim_sas_agree(&net));
		sim_free(&net);
	}
}
END_TEST

/* Each message again, much later: harmless. */
START_TEST(each_message_replayed_later)
{
	struct nth t = { .n = (size_t)_i };
	size_t failures;

	begin(3);
	net.tap = copy_nth;
	net.tap_ctx = &t;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	expect_success();
	failures = net.host[0].n_failure + net.host[1].n_failure;
	ck_assert_uint_gt(t.copy_n, 0);
	for (int i = 0; i < 3; i++) {
		sim_inject(&net, 1 - t.copy_from, t.copy, t.copy_n);
		sim_run(&net, 5000);
	}
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, failures);
	expect_success();
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	sim_free(&net);
}
END_TEST

START_TEST(every_packet_twice)
{
	begin(4);
	net.dup_pct = 100;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 5000));
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

START_TEST(reordered)
{
	begin((uint64_t)_i);
	net.dup_pct = 30;
	net.jitter_ms = 3000;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 300000));
	sim_run(&net, 20000);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	sim_free(&net);
}
END_TEST

/*
 * 30 % loss: most negotiations succeed; those that do not say why, and never does one side
 * keep keys that the other does not have for longer than the time-outs.
 */
START_TEST(thirty_percent_loss)
{
	size_t ok = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		begin(seed * 7919);
		net.loss_pct = 30;
		sim_acquire(&net, 0, 1, 4, 80);
		ck_assert(sim_run_results(&net, 0, 1, 1000000));
		ok += net.host[0].result.error == IKE_OK;
		if (net.host[0].result.error != IKE_OK)
			ck_assert_str_ne(net.host[0].result.text, "");
		net.loss_pct = 0;
		sim_run(&net, 200000);
		ck_assert_msg(sim_sas_agree(&net), "seed %u", (unsigned)seed);
		sim_free(&net);
	}
	ck_assert_uint_ge(ok, 150);
}
END_TEST

/* ---- both at once ---- */

START_TEST(both_start_at_once)
{
	begin((uint64_t)_i);
	net.jitter_ms = (uint32_t)_i * 3;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 1, 1, 4, 81);
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	ck_assert(sim_run_results(&net, 1, 1, 60000));
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[1].result.error, IKE_OK);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* ---- authentication ---- */

START_TEST(wrong_certificate)
{
	sim_init(&net, 1);
	strcpy(net.host[_i].ca, "two");
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	sim_run(&net, 200000);
	ck_assert_ptr_nonnull(strstr(net.host[1 - _i].failure, "unknown authority"));
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(net.host[0].n_auth_open + net.host[1].n_auth_open, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

START_TEST(no_common_extended_mode_method)
{
	sim_init(&net, 1);
	net.host[1].policy.em_auth[0].method = AUTH_NTLM;
	net.host[1].policy.n_em_auth = 1;
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(auth_dies)
{
	begin(1);
	net.host[_i].auth_is_silent = true;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 1000);
	net.host[_i].n_auth_open = 0;
	engine_auth_gone(net.host[_i].engine, net.now_ms);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(auth_is_slow)
{
	begin(1);
	net.host[0].auth_delay_ms = 3000;
	net.host[1].auth_delay_ms = 3000;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	sim_run(&net, 10000);
	expect_success();
	sim_free(&net);
}
END_TEST

/* ---- peers that lose their state ---- */

START_TEST(restarted_peer_is_found_silent)
{
	uint32_t qm_id;

	begin(1);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	expect_success();
	qm_id = net.host[0].sa->add.qm_id;
	sim_restart(&net, 1, &dialect);
	engine_qm_expired(net.host[0].engine, net.now_ms, qm_id, EXPIRY_SILENT);
	sim_flush(&net);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert(sim_run_results(&net, 0, 2, 1000));
	sim_run(&net, 1000);
	expect_success();
	sim_run(&net, 300000); /* the old main mode ends, unanswered */
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_free(&net);
}
END_TEST

START_TEST(restarted_peer_says_so)
{
	begin(1);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[0].n_sa, 4);
	sim_restart(&net, 1, &dialect);
	sim_acquire(&net, 1, 1, 4, 90);
	ck_assert(sim_run_results(&net, 1, 1, 1000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[1].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2); /* only the new pair */
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_ge(engine_error_count(net.host[0].engine, IKE_ERR_STALE), 1);
	sim_free(&net);
}
END_TEST

/*
 * A first message that was lost, and that comes again when the peer has begun by itself: what it
 * says of a first contact is not true any more.
 */
START_TEST(initial_contact_is_late)
{
	begin(1);
	ck_assert(sim_contact_is_late(&net));
	sim_free(&net);
}
END_TEST

/* Whoever cannot prove to be the peer drops nothing. */
START_TEST(stranger_says_initial_contact)
{
	begin(1);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	strcpy(net.host[1].ca, "two");
	sim_restart(&net, 1, &dialect);
	sim_acquire(&net, 1, 1, 4, 90);
	ck_assert(sim_run_results(&net, 1, 1, 10000));
	ck_assert_uint_ne(net.host[1].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	sim_free(&net);
}
END_TEST

/* ---- unproven peers ---- */

static bool
only_m1(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct nth *t = ctx;

	if (t->copy_n == 0 && from == 0) {
		memcpy(t->copy, p, *n);
		t->copy_n = *n;
	}
	return false;
}

static void
take_m1(struct nth *t)
{
	memset(t, 0, sizeof(*t));
	net.tap = only_m1;
	net.tap_ctx = t;
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert_uint_gt(t->copy_n, 0);
}

START_TEST(half_open_negotiations_are_limited)
{
	struct nth t;

	begin(1);
	take_m1(&t);
	for (uint32_t i = 0; i < 1000; i++) {
		memcpy(t.copy, &i, 4);
		sim_inject(&net, 1, t.copy, t.copy_n);
	}
	ck_assert_uint_le(sim_count_mm(&net, 1), 36);
	ck_assert_uint_ge(
	    engine_error_count(net.host[1].engine, IKE_ERR_PEER_NEGOTIATION_LIMIT), 900);
	sim_run(&net, 130000);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

/* A spoofed M1 must not make us send more than it cost, now or later. */
START_TEST(no_amplification)
{
	struct nth t;

	begin(1);
	take_m1(&t);
	net.host[1].bytes_sent = 0;
	t.copy[0] ^= 1;
	sim_inject(&net, 1, t.copy, t.copy_n);
	sim_run(&net, 300000);
	ck_assert_uint_gt(net.host[1].bytes_sent, 0);
	ck_assert_uint_le(net.host[1].bytes_sent, t.copy_n);
	sim_free(&net);
}
END_TEST

START_TEST(truncated_first_messages)
{
	struct nth t;

	begin(1);
	take_m1(&t);
	for (size_t n = 0; n < t.copy_n; n++)
		sim_inject(&net, 1, t.copy, n);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 0);
	ck_assert_uint_eq(net.host[1].n_sent, 0);
	sim_free(&net);
}
END_TEST

/* M1 with every byte changed in turn: no crash, bounded answers. */
START_TEST(mutated_first_messages)
{
	struct nth t;

	begin(1);
	take_m1(&t);
	for (size_t at = 0; at < t.copy_n; at++)
		for (int v = 0; v < 256; v += 51) {
			uint8_t old = t.copy[at];

			t.copy[at] = (uint8_t)(old + v);
			sim_inject(&net, 1, t.copy, t.copy_n);
			t.copy[at] = old;
			engine_delete_mm(net.host[1].engine, net.now_ms, 0);
			sim_run(&net, 130000);
		}
	ck_assert_uint_eq(sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

/* A notify in clear says "go away": noted, not obeyed (A62). */
START_TEST(forged_status_does_not_kill)
{
	static struct builder b;
	struct isakmp_header h = { .exchange = EXCHANGE_NOTIFY, .message_id = 7 };
	static const uint8_t body[] = { 0, 0, 0, 0, 1, 0, 0x9c, 0x54, 0, 0, 0x36, 0x2c };
	struct nth t;
	struct span out;

	begin(1);
	take_m1(&t);
	memcpy(h.icookie, t.copy, 8);
	build_begin(&b, &h, 0);
	build_payload(&b, PAYLOAD_NOTIFY);
	writer_bytes(&b.w, SPAN_ARRAY(body));
	build_end(&b);
	ck_assert_uint_eq(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
	sim_inject(&net, 0, out.p, out.n);
	net.tap = NULL;
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	sim_run(&net, 1000);
	expect_success();
	sim_free(&net);
}
END_TEST

TCase *
sim_fault_cases(void)
{
	TCase *t = tcase_create("faults");

	tcase_set_timeout(t, 300);
	/* M1 M2 Q1 Q2 Q3 Q4 E1 E2 GSS x4 E3 E4 */
	tcase_add_loop_test(t, each_message_lost, 0, 14);
	tcase_add_loop_test(t, each_message_damaged, 0, 14);
	tcase_add_loop_test(t, each_message_replayed_later, 0, 14);
	tcase_add_test(t, every_packet_twice);
	tcase_add_loop_test(t, reordered, 1, 41);
	tcase_add_test(t, thirty_percent_loss);
	tcase_add_loop_test(t, both_start_at_once, 0, 20);
	tcase_add_loop_test(t, wrong_certificate, 0, 2);
	tcase_add_test(t, no_common_extended_mode_method);
	tcase_add_loop_test(t, auth_dies, 0, 2);
	tcase_add_test(t, auth_is_slow);
	tcase_add_test(t, restarted_peer_is_found_silent);
	tcase_add_test(t, restarted_peer_says_so);
	tcase_add_test(t, initial_contact_is_late);
	tcase_add_test(t, stranger_says_initial_contact);
	tcase_add_test(t, half_open_negotiations_are_limited);
	tcase_add_test(t, no_amplification);
	tcase_add_test(t, truncated_first_messages);
	tcase_add_test(t, mutated_first_messages);
	tcase_add_test(t, forged_status_does_not_kill);
	return t;
}
