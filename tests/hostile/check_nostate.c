/* H30, H33-H35: messages to an SA that is not there, not yet, or no longer. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

/* ---- H30: notifies without an SA, and on one that is not, or no longer ---- */

static const uint16_t notify_types[] = { 0, 1, 14, 16, 24, 31, 8192, 16384, 24576, 24577,
	24578, 36136, 36137, 40000, 0x9c45, 0x9c54, 0x9c55, 0x9c56, 0x9c57, 0x9c58, 65535 };
#define N_NOTIFY_TYPES (sizeof(notify_types) / sizeof(notify_types[0]))

START_TEST(h30_every_notify_without_an_sa)
{
	hostile_begin();
	for (unsigned type = 0; type < 65536; type += 7)
		for (uint8_t flag = 0; flag < 2; flag++) {
			hostile_clear_notify((uint16_t)type, NULL, &w);
			w.b[19] = flag;
			hostile_drop_raw(RESPONDER, &w, IKE_ERR_COOKIE);
		}
	hostile_end();
}
END_TEST

START_TEST(h30_clear_notifies_on_a_half_open_sa)
{
	for (size_t to = 0; to < SIM_HOSTS; to++) {
		hostile_begin_at(to);
		for (size_t i = 0; i < N_NOTIFY_TYPES; i++) {
			bool hint = to == INITIATOR && notify_types[i] == NOTIFY_STATUS;

			hostile_clear_notify(notify_types[i], hostile_mm(to), &w);
			hostile_drop_raw(to, &w, hint ? IKE_ERR_PEER_STATUS : IKE_ERR_STATE);
		}
		hostile_end();
	}
}
END_TEST

START_TEST(h30_clear_notifies_on_an_established_sa)
{
	hostile_begin_established();
	for (size_t to = 0; to < SIM_HOSTS; to++)
		for (size_t i = 0; i < N_NOTIFY_TYPES; i++) {
			hostile_clear_notify(notify_types[i], hostile_mm(to), &w);
			hostile_drop_raw(to, &w, IKE_ERR_STATE);
		}
	hostile_end();
}
END_TEST

/* An SA that waits for the acknowledgement of its own end. */
START_TEST(h30_notifies_on_a_dying_sa)
{
	hostile_begin_established();
	net.tap = hostile_tap_silence;
	engine_delete_mm(net.host[RESPONDER].engine, net.now_ms, 0);
	sim_run(&net, 100);
	ck_assert_uint_eq(hostile_mm(RESPONDER)->state, MM_DYING);
	for (size_t i = 0; i < N_NOTIFY_TYPES; i++) {
		hostile_clear_notify(notify_types[i], hostile_mm(RESPONDER), &w);
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_STATE);
		recipe_read(&r, NULL, span_of(w.b, w.n));
		r.h.flags = ISAKMP_FLAG_ENCRYPTED;
		r.seq = 2000 + (uint32_t)i;
		recipe_write(&r, hostile_mm(INITIATOR), &w);
		sim_inject(&net, RESPONDER, w.b, w.n);
		ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	}
	hostile_end();
}
END_TEST

START_TEST(h33_encrypted_informational_for_an_unknown_sa)
{
	hostile_begin_established();
	for (unsigned i = 0; i < 16; i++) { /* each byte of both cookies */
		recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_NOTIFY, 9);
		r.h.icookie[i % 8] ^= i < 8 ? 1 : 0;
		r.h.rcookie[i % 8] ^= i < 8 ? 0 : 1;
		recipe_add(&r, PAYLOAD_NOTIFY, SPAN_NONE);
		recipe_write(&r, hostile_mm(INITIATOR), &w);
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_COOKIE);
	}
	hostile_end();
}
END_TEST

/* The event of a drop without state says who sent it. */
START_TEST(h34_drops_before_any_state_are_told)
{
	struct endpoint local = sim_endpoint(RESPONDER, 1, 4, 500);
	struct endpoint remote = sim_endpoint(INITIATOR, 9, 4, 1234);
	struct engine *e;

	hostile_begin();
	e = net.host[RESPONDER].engine;
	for (size_t at = 0; at < 40; at++) {
		const struct engine_action *a;

		w = *hostile_m1_raw();
		w.b[at] ^= 0xff;
		engine_input(e, 1, &local, &remote, span_of(w.b, w.n - at - 1));
		ck_assert_ptr_nonnull(a = engine_next_action(e));
		ck_assert_uint_eq(a->type, ACTION_EVENT);
		ck_assert_uint_eq(a->event.type, EVENT_DROP);
		ck_assert_uint_eq(a->event.mm_id, 0);
		ck_assert(address_equal(&a->event.remote.addr, &remote.addr));
		ck_assert_str_ne(a->event.text, "");
		ck_assert_ptr_null(engine_next_action(e));
	}
	hostile_end();
}
END_TEST

/* A peer that started again drops every message: some seconds later all is well. */
START_TEST(h33_peer_that_lost_its_state)
{
	hostile_begin_established();
	net.tap = hostile_tap_silence;
	engine_delete_mm(net.host[RESPONDER].engine, net.now_ms, 0);
	sim_run(&net, 130000);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
	net.tap = NULL;
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&net, INITIATOR, 2, 7000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	sim_acquire(&net, INITIATOR, 3, 4, 82);
	ck_assert(sim_run_results(&net, INITIATOR, 3, 500));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	hostile_end();
}
END_TEST

/* ---- H35: the cookies of a refusal are worth nothing ---- */

static bool
tap_take(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct raw *out = ctx;

	if (from == RESPONDER) {
		memcpy(out->b, p, *n);
		out->n = *n;
	}
	return false;
}

START_TEST(h35_cookies_of_a_refusal)
{
	static const uint8_t none[COOKIE_BYTES];
	static struct raw refusal;
	const struct raw *m1 = hostile_m1_raw();

	hostile_begin();
	net.host[RESPONDER].has_mm_policy = false;
	net.tap = tap_take;
	net.tap_ctx = &refusal;
	hostile_refuse(RESPONDER, span_of(m1->b, m1->n), IKE_ERR_NO_MM_POLICY);
	ck_assert_uint_gt(refusal.n, ISAKMP_HEADER_BYTES);
	ck_assert_mem_eq(refusal.b + 8, none, COOKIE_BYTES);
	net.host[RESPONDER].has_mm_policy = true;
	for (unsigned x = EXCHANGE_MM; x <= EXCHANGE_NOTIFY; x++)
		for (uint8_t flags = 0; flags < 2; flags++) {
			w = refusal;
			w.b[18] = (uint8_t)x;
			w.b[19] = flags;
			sim_inject(&net, RESPONDER, w.b, w.n);
			ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
		}
	ck_assert_uint_ge(hostile_errors(RESPONDER, IKE_ERR_COOKIE), 6);
	hostile_end();
}
END_TEST

TCase *
hostile_nostate_cases(void)
{
	TCase *t = tcase_create("nostate");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, h30_every_notify_without_an_sa);
	tcase_add_test(t, h30_clear_notifies_on_a_half_open_sa);
	tcase_add_test(t, h30_clear_notifies_on_an_established_sa);
	tcase_add_test(t, h30_notifies_on_a_dying_sa);
	tcase_add_test(t, h33_encrypted_informational_for_an_unknown_sa);
	tcase_add_test(t, h33_peer_that_lost_its_state);
	tcase_add_test(t, h34_drops_before_any_state_are_told);
	tcase_add_test(t, h35_cookies_of_a_refusal);
	return t;
}
