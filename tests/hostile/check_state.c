/* H15, H31, H32: every message in every state. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r, *good;
static struct raw w;

/* ---- H15: every message in every state ---- */

static bool
tap_record(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *at = ctx;

	if (*at < GOOD_MESSAGES)
		ck_assert(recipe_read(&good[(*at)++], hostile_mm(from), span_of(p, *n)));
	return true;
}

static void
record_good(void)
{
	size_t at = 0;

	hostile_begin();
	net.tap = tap_record;
	net.tap_ctx = &at;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 5000);
	ck_assert_uint_eq(at, GOOD_MESSAGES);
	sim_free(&net);
}

/* The message as the peer of `to` would send it now; garbage instead of what needs keys. */
static void
inject_good(size_t to, size_t which)
{
	const struct mm_sa *mm = hostile_mm(to);

	r = good[which];
	if (mm != NULL) {
		memcpy(r.h.icookie, mm->icookie, COOKIE_BYTES);
		if (which != 0)
			memcpy(r.h.rcookie, mm->rcookie, COOKIE_BYTES);
	}
	r.seq += 100;
	if ((r.h.flags & ISAKMP_FLAG_ENCRYPTED) != 0 && (mm == NULL || !mm->keys.ready)) {
		r.h.flags = 0;
		recipe_write(&r, NULL, &w);
		w.b[19] = ISAKMP_FLAG_ENCRYPTED;
	} else {
		recipe_write(&r, mm, &w);
	}
	sim_inject(&net, to, w.b, w.n);
}

START_TEST(h15_every_message_in_every_state)
{
	record_good();
	for (size_t which = 0; which < GOOD_MESSAGES; which++)
		for (size_t to = 0; to < SIM_HOSTS; to++) {
			size_t n_sa;

			hostile_begin_at((size_t)_i);
			net.tap = hostile_tap_silence;
			n_sa = net.host[to].n_sa;
			inject_good(to, which);
			sim_run(&net, 500);
			/*
			 * The same seed: what was due may be the real thing; and the
			 * simulated authentication does not mind a token left out.
			 */
			if (which != (size_t)_i && which != (size_t)_i + 1 &&
			    recipe_find(&r, PAYLOAD_GSS, 0) == NULL)
				ck_assert_uint_le(net.host[to].n_sa, n_sa);
			hostile_end();
		}
}
END_TEST

/* What the administrator, or the plane, ends in the middle: nobody waits for it for ever. */
START_TEST(h15_delete_in_every_state)
{
	for (size_t host = 0; host < SIM_HOSTS; host++)
		for (int how = 0; how < 4; how++) {
			struct engine *e;

			hostile_begin_at((size_t)_i);
			e = net.host[host].engine;
			if ((how & 1) != 0)
				engine_delete_mm(e, net.now_ms, 0);
			else
				engine_delete_qm(e, net.now_ms, 0);
			sim_flush(&net);
			ck_assert(net.host[INITIATOR].n_result == 1 || host == RESPONDER);
			sim_run(&net, (how & 2) != 0 ? 3000 : 0);
			sim_acquire(&net, INITIATOR, 2, 4, 81);
			ck_assert_msg(sim_run_results(&net, INITIATOR, 2, 400000),
			    "host %zu, %d: stuck", host, how);
			hostile_end();
		}
}
END_TEST

/* ---- H31: later exchanges before the earlier ones ---- */

/* Which message too early, after how many good ones. */
static const struct {
	size_t after;
	size_t which;
	uint8_t exchange;
} early[] = {
	{ 2, 2, EXCHANGE_QM }, /* Q1 in the exchange of later quick modes */
	{ 2, 4, EXCHANGE_QM }, /* Q3 */
	{ 2, 6, EXCHANGE_EM }, /* E1 before any quick mode */
	{ 4, 6, EXCHANGE_EM }, /* E1 before Q3 */
	{ 6, 8, EXCHANGE_EM }, /* GSS before E1 */
	{ 6, 12, EXCHANGE_EM }, /* E3 before E1 */
	{ 8, 12, EXCHANGE_EM }, /* E3 before GSS */
	{ 10, 12, EXCHANGE_EM }, /* E3 in the middle of GSS */
	{ 14, 2, EXCHANGE_MM }, /* another Q1 in the exchange of the first one */
};

START_TEST(h31_later_exchange_first)
{
	record_good();
	good[early[_i].which].h.exchange = early[_i].exchange;
	good[early[_i].which].h.message_id ^= early[_i].after == GOOD_MESSAGES;
	hostile_begin_at(early[_i].after);
	inject_good(RESPONDER, early[_i].which);
	ck_assert_uint_gt(hostile_errors(RESPONDER, IKE_ERR_STATE) +
		hostile_errors(RESPONDER, IKE_ERR_PAYLOAD_UNEXPECTED) +
		hostile_errors(RESPONDER, IKE_ERR_PAYLOAD_MISSING), 0);
	sim_run(&net, 300000);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa + net.host[RESPONDER].n_sa, 0);
	ck_assert(early[_i].after == GOOD_MESSAGES || net.host[INITIATOR].first_error != IKE_OK);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
	hostile_end();
}
END_TEST

/* ---- H32: nothing needs keys to be refused ---- */

START_TEST(h32_every_exchange_type_and_flag_in_every_state)
{
	hostile_begin_at((size_t)_i);
	for (size_t to = 0; to < SIM_HOSTS; to++)
		for (unsigned x = 0; x < 256; x++)
			for (uint8_t flags = 0; flags < 8; flags++) {
				const struct engine *e = net.host[to].engine;
				uint64_t events = engine_event_count(e, EVENT_DROP) +
				    engine_event_count(e, EVENT_PEER_STATUS);
				size_t sent = net.host[to].bytes_sent;
				size_t n = sim_count_mm(&net, to);

				hostile_clear_notify(NOTIFY_STATUS, hostile_mm(to), &w);
				w.b[18] = (uint8_t)x;
				w.b[19] = flags;
				sim_inject(&net, to, w.b, w.n);
				ck_assert_uint_eq(sim_count_mm(&net, to), n);
				ck_assert_uint_eq(net.host[to].bytes_sent, sent);
				ck_assert_uint_eq(engine_event_count(e, EVENT_DROP) +
					engine_event_count(e, EVENT_PEER_STATUS),
				    events + 1);
			}
	hostile_end();
}
END_TEST

TCase *
hostile_state_cases(void)
{
	TCase *t = tcase_create("state");

	good = recipes_room(GOOD_MESSAGES * sizeof(*good));
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, h15_every_message_in_every_state, 0, GOOD_MESSAGES + 1);
	tcase_add_loop_test(t, h15_delete_in_every_state, 0, GOOD_MESSAGES + 1);
	tcase_add_loop_test(t, h31_later_exchange_first, 0, sizeof(early) / sizeof(early[0]));
	tcase_add_loop_test(t, h32_every_exchange_type_and_flag_in_every_state, 0,
	    GOOD_MESSAGES + 1);
	return t;
}
