/* H36, H38, H43, H44 and the notify part of H48. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

struct notify_row {
	uint8_t protocol;
	uint8_t flags;
	uint16_t type;
	uint32_t message_id;
};

static void
begin_notify(uint32_t message_id)
{
	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_NOTIFY, message_id);
}

static void
add_notify(const struct notify_row *n)
{
	uint8_t body[12] = { 0, 0, 0, 1, n->protocol, n->flags, (uint8_t)(n->type >> 8),
		(uint8_t)n->type, 0, 0, 0x35, 0xef };

	recipe_add(&r, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
}

static void
seal(void)
{
	recipe_write(&r, hostile_mm(INITIATOR), &w);
}

/* Whatever an authentic notify names is echoed in the ACK without an assertion. */
START_TEST(h36_every_protocol_in_a_reliable_notify)
{
	hostile_begin_established();
	for (unsigned p = 0; p < 256; p++)
		for (unsigned f = 0; f < 256; f += 51) {
			struct notify_row n = { (uint8_t)p, (uint8_t)f, 40000, 3 };
			size_t sent = net.host[RESPONDER].n_sent;

			begin_notify(p * 256 + f);
			add_notify(&n);
			seal();
			sim_inject(&net, RESPONDER, w.b, w.n);
			ck_assert_uint_eq(net.host[RESPONDER].n_sent - sent,
			    f & NOTIFY_FLAG_RELIABLE);
			sim_run(&net, 50);
		}
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 1);
	hostile_end();
}
END_TEST

static uint32_t
qm_message_id(void)
{
	return LIST_FIRST(&hostile_mm(RESPONDER)->quick_modes)->message_id;
}

/* Two notifies in one message: refused as a whole. */
START_TEST(h38_two_deletes_in_one_message)
{
	static const struct notify_row del = { NOTIFY_PROTO_QM, 1, NOTIFY_STATUS, 0 };
	static const struct notify_row other = { NOTIFY_PROTO_MM, 0, 40000, 0 };

	hostile_begin_established();
	for (int i = 0; i < 3; i++) {
		begin_notify(qm_message_id());
		add_notify(i == 2 ? &other : &del);
		add_notify(i == 1 ? &other : &del);
		seal();
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_PAYLOAD_UNEXPECTED);
	}
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	hostile_end();
}
END_TEST

/* The same delete twice, and once more in a new message. */
START_TEST(h38_duplicate_delete)
{
	static const struct notify_row del = { NOTIFY_PROTO_QM, 1, NOTIFY_STATUS, 0 };
	uint32_t id;

	hostile_begin_established();
	id = qm_message_id();
	begin_notify(id);
	add_notify(&del);
	seal();
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 0);
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_DUPLICATE), 1);
	begin_notify(id);
	add_notify(&del);
	seal();
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 0);
	hostile_end();
}
END_TEST

/* The peer deletes the main mode while a second quick mode is on its way. */
START_TEST(h38_delete_while_negotiating)
{
	static const struct notify_row del[] = { { NOTIFY_PROTO_MM, 1, NOTIFY_STATUS, 0 },
		{ NOTIFY_PROTO_QM, 1, NOTIFY_STATUS, 0 },
		{ NOTIFY_PROTO_QM, 0, NOTIFY_NO_PROPOSAL_CHOSEN, 0 } };

	for (uint32_t ms = 0; ms < 60; ms += 3)
		for (size_t host = 0; host < SIM_HOSTS; host++) {
			hostile_begin_established();
			sim_acquire(&net, INITIATOR, 2, 4, 81);
			sim_run(&net, ms);
			begin_notify(qm_message_id());
			add_notify(&del[_i]);
			seal();
			sim_inject(&net, host, w.b, w.n);
			sim_run(&net, 300000);
			ck_assert(sim_sas_agree(&net) || _i != 0);
			ck_assert_uint_eq(net.host[INITIATOR].n_result, 2);
			hostile_end();
		}
}
END_TEST

/* ---- H43, H44: authenticity ---- */

START_TEST(h43_delete_in_clear_or_under_other_keys)
{
	static const struct notify_row del = { NOTIFY_PROTO_MM, 1, NOTIFY_STATUS, 0 };
	static struct raw other;

	hostile_begin();
	sim_acquire_from(&net, INITIATOR, 1, 1, 80);
	sim_acquire_from(&net, INITIATOR, 2, 2, 80);
	sim_run(&net, 5000);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 2);
	/* Sealed by the newest main mode, with the cookies of the other one. */
	begin_notify(5);
	add_notify(&del);
	seal();
	other = w;
	memcpy(other.b, LIST_NEXT(hostile_mm(INITIATOR), all_link)->icookie, 8);
	memcpy(other.b + 8, LIST_NEXT(hostile_mm(INITIATOR), all_link)->rcookie, 8);
	hostile_drop_raw(RESPONDER, &other, IKE_ERR_ICV);
	/* From an address that is not the peer's. */
	hostile_drop_raw(RESPONDER, &w, IKE_ERR_COOKIE);
	r.h.flags = 0;
	memcpy(r.h.icookie, other.b, 8);
	memcpy(r.h.rcookie, other.b + 8, 8);
	recipe_write(&r, NULL, &w);
	hostile_drop_raw(RESPONDER, &w, IKE_ERR_STATE);
	hostile_end();
}
END_TEST

START_TEST(h43_initial_contact_deletes_nothing)
{
	const struct raw *m1 = hostile_m1_raw();

	hostile_begin_established();
	w = *m1; /* says initial contact */
	w.b[0] ^= 1;
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 2);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	hostile_end();
}
END_TEST

/* Every single bit of a sealed delete. */
START_TEST(h44_bit_flips_never_change_state)
{
	static const struct notify_row del = { NOTIFY_PROTO_MM, 1, NOTIFY_STATUS, 0 };
	static struct raw flipped;

	hostile_begin_established();
	begin_notify(5);
	add_notify(&del);
	seal();
	for (size_t bit = 0; bit < w.n * 8; bit++) {
		uint64_t drops = engine_event_count(net.host[RESPONDER].engine, EVENT_DROP);

		flipped = w;
		flipped.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		sim_inject(&net, RESPONDER, flipped.b, flipped.n);
		ck_assert_uint_eq(engine_event_count(net.host[RESPONDER].engine, EVENT_DROP),
		    drops + 1);
		ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
		ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
		ck_assert(!hostile_mm(RESPONDER)->expired);
	}
	ck_assert_uint_gt(hostile_errors(RESPONDER, IKE_ERR_ICV), w.n * 4);
	for (size_t n = 0; n < w.n; n++)
		hostile_drop(RESPONDER, span_of(w.b, n),
		    n < ISAKMP_HEADER_BYTES ? IKE_ERR_TOO_SHORT : IKE_ERR_LENGTH);
	hostile_end();
}
END_TEST

/* ---- H48: acknowledgements and storms ---- */

START_TEST(h48_ack_for_an_unknown_number)
{
	static const uint32_t seq[] = { 0, 1, 2, 0x7fffffff, UINT32_MAX };

	hostile_begin_established();
	for (size_t i = 0; i < sizeof(seq) / sizeof(seq[0]); i++) {
		uint8_t body[12] = { 0, 0, 0, 1, 1, 0, 0x9c, 0x56, (uint8_t)(seq[i] >> 24),
			(uint8_t)(seq[i] >> 16), (uint8_t)(seq[i] >> 8), (uint8_t)seq[i] };

		for (size_t cut = 0; cut < 6; cut++) {
			begin_notify(5);
			recipe_add(&r, PAYLOAD_NOTIFY, span_of(body, 12 - cut));
			seal();
			hostile_drop_raw(RESPONDER, &w,
			    cut == 5 ? IKE_ERR_NOTIFY : IKE_ERR_STATE);
		}
	}
	hostile_end();
}
END_TEST

START_TEST(h48_storm_of_reliable_notifies)
{
	static const struct notify_row n = { NOTIFY_PROTO_MM, 1, 40000, 0 };
	size_t sent;

	hostile_begin_established();
	sent = net.host[RESPONDER].n_sent;
	for (uint32_t i = 0; i < 5000; i++) {
		begin_notify(i);
		add_notify(&n);
		seal();
		sim_inject(&net, RESPONDER, w.b, w.n);
		if (i % 100 == 99)
			sim_run(&net, 100);
	}
	/* One acknowledgement each, and nothing waits. */
	ck_assert_uint_eq(net.host[RESPONDER].n_sent - sent, 5000);
	ck_assert_uint_eq(hostile_mm(RESPONDER)->n_notify, 0);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	hostile_end();
}
END_TEST

/* ---- a message ID of its own, as any exchange may have one (A64) ---- */

#define SA_DELETED 0x35efu
#define POLICY_MATCH 0x362cu
#define NOBODYS_ID 0x13579bdfu

static void
say_status(size_t to, uint32_t message_id, uint32_t code)
{
	uint8_t body[12] = { 0, 0, 0, 1, NOTIFY_PROTO_QM, 1, NOTIFY_STATUS >> 8,
		NOTIFY_STATUS & 0xff, 0, 0, (uint8_t)(code >> 8), (uint8_t)code };

	begin_notify(message_id);
	recipe_add(&r, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	seal();
	sim_inject(&net, to, w.b, w.n);
}

static bool
lose_quick_mode(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from != INITIATOR || p[18] != EXCHANGE_QM;
}

/* It can mean one pair, and means it. */
START_TEST(status_that_names_no_quick_mode)
{
	hostile_begin_established();
	say_status((size_t)_i, NOBODYS_ID, SA_DELETED);
	ck_assert_uint_eq(net.host[_i].n_sa, 0);
	ck_assert_uint_eq(net.host[1 - _i].n_sa, 2);
	hostile_end();
}
END_TEST

/* One is negotiated: it was refused. The pair beside it stays. */
START_TEST(refusal_that_names_no_quick_mode)
{
	hostile_begin_established();
	net.tap = lose_quick_mode;
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 100);
	say_status(INITIATOR, NOBODYS_ID, POLICY_MATCH);
	ck_assert_uint_eq(net.host[INITIATOR].n_result, 2);
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_ERR_PEER_STATUS);
	ck_assert_uint_eq(net.host[INITIATOR].result.win32, POLICY_MATCH);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 2);
	hostile_end();
}
END_TEST

/* Of two pairs it says nothing; and the peer begins others on this main mode as before. */
START_TEST(status_that_could_be_of_two_quick_modes)
{
	hostile_begin_established();
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&net, INITIATOR, 2, 20000));
	sim_run(&net, 5000);
	say_status(RESPONDER, NOBODYS_ID, SA_DELETED);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 4);
	sim_acquire(&net, INITIATOR, 3, 4, 82);
	ck_assert(sim_run_results(&net, INITIATOR, 3, 20000));
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(net.host[i].n_sa, 6);
	hostile_end();
}
END_TEST

/* That of a pair that was here once is no riddle: it is over, and no other one is meant. */
START_TEST(status_of_a_quick_mode_that_is_gone)
{
	uint32_t id;

	hostile_begin_established();
	id = qm_message_id();
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&net, INITIATOR, 2, 20000));
	sim_run(&net, 5000);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (int k = 0; k < 2; k++)
			say_status(i, id, SA_DELETED);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(net.host[i].n_sa, 2);
	hostile_end();
}
END_TEST

TCase *
hostile_notify_cases(void)
{
	TCase *t = tcase_create("notify");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, h36_every_protocol_in_a_reliable_notify);
	tcase_add_test(t, h38_two_deletes_in_one_message);
	tcase_add_test(t, h38_duplicate_delete);
	tcase_add_loop_test(t, h38_delete_while_negotiating, 0, 3);
	tcase_add_test(t, h43_delete_in_clear_or_under_other_keys);
	tcase_add_test(t, h43_initial_contact_deletes_nothing);
	tcase_add_test(t, h44_bit_flips_never_change_state);
	tcase_add_test(t, h48_ack_for_an_unknown_number);
	tcase_add_test(t, h48_storm_of_reliable_notifies);
	tcase_add_loop_test(t, status_that_names_no_quick_mode, 0, SIM_HOSTS);
	tcase_add_test(t, refusal_that_names_no_quick_mode);
	tcase_add_test(t, status_that_could_be_of_two_quick_modes);
	tcase_add_test(t, status_of_a_quick_mode_that_is_gone);
	return t;
}
