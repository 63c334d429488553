/* H28, H48, H81: what only AuthIP has. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

/* ---- message IDs ---- */

static const uint32_t message_ids[] = { 0, 1, 2, 0x7fffffff, 0x80000000, UINT32_MAX };
#define N_MESSAGE_IDS (sizeof(message_ids) / sizeof(message_ids[0]))

START_TEST(h48_message_id_of_m1)
{
	hostile_begin();
	for (size_t i = 1; i < N_MESSAGE_IDS; i++) {
		hostile_m1(&r);
		r.h.message_id = message_ids[i];
		recipe_write(&r, NULL, &w);
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_MESSAGE_ID);
	}
	hostile_end();
}
END_TEST

static bool
change_message_id(struct recipe *m, int i, int b)
{
	(void)b;
	if (m->h.message_id == message_ids[i])
		return false;
	m->h.message_id = message_ids[i];
	return true;
}

START_TEST(h48_message_id_of_every_message)
{
	for (size_t i = 0; i < N_MESSAGE_IDS; i++)
		(void)hostile_negotiate((size_t)_i, change_message_id, (int)i, 0);
}
END_TEST

static bool
tap_m2_id(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	bool *done = ctx;

	(void)n;
	if (from == RESPONDER && !*done) {
		p[23] = 7;
		*done = true;
	}
	return true;
}

/* Not authenticated: dropped, and the retransmission brings the good one. */
START_TEST(h48_message_id_of_m2)
{
	bool done = false;

	hostile_begin();
	net.tap = tap_m2_id;
	net.tap_ctx = &done;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 20000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_eq(hostile_errors(INITIATOR, IKE_ERR_MESSAGE_ID), 1);
	hostile_end();
}
END_TEST

/* ---- sequence numbers ---- */

static void
seal_notify(uint32_t message_id, uint32_t seq)
{
	static const uint8_t body[8] = { 0, 0, 0, 1, 1, 0, 0x9c, 0x40 };

	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_NOTIFY, message_id);
	r.seq = seq;
	recipe_add(&r, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	recipe_write(&r, hostile_mm(INITIATOR), &w);
}

static void
expect_replay(uint32_t message_id, uint32_t seq, bool replay)
{
	uint64_t n = hostile_errors(RESPONDER, IKE_ERR_REPLAY);

	seal_notify(message_id, seq);
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_REPLAY), n + replay);
}

START_TEST(h48_sequence_repeated_lower_jumped_and_largest)
{
	hostile_begin_established();
	expect_replay(1, 10, false);
	expect_replay(2, 10, true); /* other bytes, same number */
	expect_replay(3, 9, false); /* late, inside of the window */
	expect_replay(4, 9, true);
	expect_replay(5, 1000000, false);
	expect_replay(6, 11, true); /* far behind */
	expect_replay(7, 1000000 - 63, false);
	expect_replay(8, 1000000 - 64, true);
	expect_replay(9, UINT32_MAX, false);
	expect_replay(10, UINT32_MAX, true);
	expect_replay(11, 0, true); /* it does not wrap */
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	hostile_end();
}
END_TEST

static bool
change_seq(struct recipe *m, int a, int b)
{
	(void)b;
	m->seq = (uint32_t)a;
	return true;
}

START_TEST(h48_sequence_of_every_message)
{
	static const int seq[] = { 0, 1, 2, 3, 100, 0x7fffffff, -1 };

	for (size_t i = 0; i < sizeof(seq) / sizeof(seq[0]); i++)
		(void)hostile_negotiate((size_t)_i, change_seq, seq[i], 0);
}
END_TEST

/* ---- protection ---- */

/* Once keys exist nothing but hints is read in clear. */
START_TEST(h48_clear_message_after_keys_exist)
{
	for (size_t after = 2; after <= GOOD_MESSAGES; after++) {
		hostile_begin_at(after);
		for (unsigned x = EXCHANGE_MM; x < EXCHANGE_NOTIFY; x++) {
			hostile_m1(&r);
			memcpy(r.h.icookie, hostile_mm(INITIATOR)->icookie, COOKIE_BYTES);
			memcpy(r.h.rcookie, hostile_mm(INITIATOR)->rcookie, COOKIE_BYTES);
			r.h.exchange = (uint8_t)x;
			recipe_write(&r, NULL, &w);
			for (size_t to = 0; to < SIM_HOSTS; to++)
				hostile_drop_raw(to, &w,
				    x == EXCHANGE_MM ? IKE_ERR_STATE :
						       IKE_ERR_NOT_ENCRYPTED);
		}
		hostile_end();
	}
}
END_TEST

static bool
change_to_clear(struct recipe *m, int a, int b)
{
	(void)a;
	(void)b;
	m->h.flags = 0;
	return true;
}

START_TEST(h48_sealed_message_sent_in_clear)
{
	ck_assert(hostile_negotiate((size_t)_i, change_to_clear, 0, 0));
}
END_TEST

/* ---- payloads ---- */

static bool
change_add(struct recipe *m, int type, int n)
{
	static const uint8_t ones[256] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	recipe_add(m, (uint8_t)type, span_of(ones, (size_t)n));
	return true;
}

START_TEST(h48_key_dictation_in_every_message)
{
	static const int lengths[] = { 0, 1, 2, 4, 8, 256 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ck_assert(hostile_negotiate((size_t)_i, change_add, PAYLOAD_KEY_WEIGHT,
		    lengths[i]));
		ck_assert(hostile_negotiate((size_t)_i, change_add, PAYLOAD_KEY_DICT,
		    lengths[i]));
	}
}
END_TEST

START_TEST(h48_gss_id_of_every_length)
{
	for (int n = 0; n < 256; n += n < 40 ? 1 : 9)
		ck_assert(hostile_negotiate((size_t)_i, change_add, PAYLOAD_GSS_ID, n));
}
END_TEST

/* ---- other dialects of ISAKMP ---- */

START_TEST(h48_ikev1_initiator)
{
	static const uint8_t v1[] = { 2, 4, 5, 32 };

	hostile_begin();
	for (size_t i = 0; i < sizeof(v1); i++) {
		w = *hostile_m1_raw();
		w.b[16] = PAYLOAD_SA;
		w.b[18] = v1[i];
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_IKEV1);
	}
	hostile_end();
}
END_TEST

/* ---- amplification ---- */

/* The smallest M1 that is still acceptable gets no larger M2. */
START_TEST(h81_smallest_first_message)
{
	struct item *nonce;

	hostile_begin();
	memset(net.host[RESPONDER].engine->p.gss_id, 'x', 250);
	hostile_m1(&r);
	for (size_t keep = 0; r.n > keep;) {
		uint8_t type = r.item[keep].type;

		recipe_write(&r, NULL, &w);
		w.b[0]++; /* a new negotiation */
		net.host[RESPONDER].bytes_sent = 0;
		sim_inject(&net, RESPONDER, w.b, w.n);
		ck_assert_uint_le(net.host[RESPONDER].bytes_sent, w.n);
		sim_run(&net, 200000);
		ck_assert_uint_le(net.host[RESPONDER].bytes_sent, w.n);
		if (type == PAYLOAD_VID || type == PAYLOAD_NATD)
			recipe_remove(&r, keep);
		else
			keep++;
	}
	nonce = recipe_find(&r, PAYLOAD_NONCE, 0);
	nonce->n = 8;
	recipe_write(&r, NULL, &w);
	hostile_drop_raw(RESPONDER, &w, IKE_ERR_AMPLIFICATION);
	hostile_end();
}
END_TEST

TCase *
hostile_authip_cases(void)
{
	TCase *t = tcase_create("authip");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, h48_message_id_of_m1);
	tcase_add_test(t, h48_message_id_of_m2);
	tcase_add_loop_test(t, h48_message_id_of_every_message, 0, GOOD_MESSAGES);
	tcase_add_test(t, h48_sequence_repeated_lower_jumped_and_largest);
	tcase_add_loop_test(t, h48_sequence_of_every_message, 0, GOOD_MESSAGES);
	tcase_add_test(t, h48_clear_message_after_keys_exist);
	tcase_add_loop_test(t, h48_sealed_message_sent_in_clear, 2, GOOD_MESSAGES);
	tcase_add_loop_test(t, h48_key_dictation_in_every_message, 0, GOOD_MESSAGES);
	tcase_add_loop_test(t, h48_gss_id_of_every_length, 0, GOOD_MESSAGES);
	tcase_add_test(t, h48_ikev1_initiator);
	tcase_add_test(t, h81_smallest_first_message);
	return t;
}
