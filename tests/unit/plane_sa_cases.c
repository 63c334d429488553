/* SA pairs: what may be installed, when they must end, and flows that outlive them. */
#include <string.h>

#include "tests/unit/check_plane.h"

START_TEST(guaranteed_encryption_encrypts)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct action_sa_add a = pair_action(1, CLASS_ENCRYPT, &f, _i == 0);

	a.cipher = CIPHER_NULL;
	a.cipher_key.n = 0;
	ck_assert(!plane_sa_add(rig.p, &a));
	a.class_id = CLASS_DEFAULT;
	ck_assert(plane_sa_add(rig.p, &a));
}
END_TEST

START_TEST(bad_parameters_are_refused)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct action_sa_add a = pair_action(1, 1, &f, true);

	a.class_id = 0;
	ck_assert(!plane_sa_add(rig.p, &a));
	a.class_id = CLASS_MAX + 1;
	ck_assert(!plane_sa_add(rig.p, &a));
	a.class_id = 1;
	a.cipher_key.n = SECRET_MAX_BYTES + 1;
	ck_assert(!plane_sa_add(rig.p, &a));
	a.cipher_key.n = 15;
	ck_assert(!plane_sa_add(rig.p, &a));
	a.cipher_key.n = 16;
	a.integrity_key.n = SECRET_MAX_BYTES + 1;
	ck_assert(!plane_sa_add(rig.p, &a));
	a.integrity_key.n = 0;
	ck_assert(!plane_sa_add(rig.p, &a));
	a.integrity_key.n = 20;
	ck_assert(plane_sa_add(rig.p, &a));
	ck_assert(!plane_sa_add(rig.p, &a)); /* that direction exists */
	ck_assert_ptr_nonnull(plane_sa_by_spi(rig.p, a.protocol, a.spi));
	plane_sa_delete(rig.p, 1);
	ck_assert_ptr_null(plane_sa_by_spi(rig.p, a.protocol, a.spi));
	plane_sa_delete(rig.p, 1);
}
END_TEST

START_TEST(newest_pair_sends)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	pair_add(1, 1, &f);
	pair_add(2, 1, &f);
	out_sample(1, &f, 7);
	ck_assert_int_eq(peer_open(2, &rig.sent[0]), 7);
	plane_sa_delete(rig.p, 2);
	out_sample(1, &f, 8);
	ck_assert_int_eq(peer_open(1, &rig.sent[1]), 8);
}
END_TEST

/* A pair that does not guarantee encryption never sends what one did that does. */
START_TEST(guaranteed_encryption_is_for_ever)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_acquire_done d = { CLASS_DEFAULT, f, IKE_OK };
	struct sample in = { f, false, 32, 5, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];
	struct proto_acquire a;

	for (uint32_t id = 1; id <= 2; id++)
		for (int inbound = 0; inbound < 2; inbound++) {
			struct action_sa_add add = pair_action(id, 1, &f, inbound);

			add.guaranteed_encryption = id == 1;
			ck_assert(plane_sa_add(rig.p, &add));
		}
	out_sample(1, &f, 1); /* the newest: nothing was guaranteed yet */
	ck_assert_int_eq(peer_open(2, &rig.sent[0]), 1);
	plane_in_packet(rig.p, span_of(b, peer_seal(1, 1, &in, b)));
	out_sample(1, &f, 2); /* now it was */
	ck_assert_int_eq(peer_open(1, &rig.sent[1]), 2);
	plane_in_packet(rig.p, span_of(b, peer_seal(2, 1, &in, b)));
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 2);
	out_sample(1, &f, 3); /* and the other is no way back */
	ck_assert_int_eq(peer_open(1, &rig.sent[2]), 3);
	plane_sa_delete(rig.p, 1);
	out_sample(1, &f, 4);
	rig_expect(PROTO_ACQUIRE_ENCRYPTED, &a, sizeof(a));
	plane_out_done(rig.p, &d); /* with nothing better */
	ck_assert_uint_eq(rig.n_sent, 3);
	ck_assert_uint_eq(rig.p->count[PC_REFUSED], 1);
}
END_TEST

START_TEST(pair_goes_under_its_flows)
{
	struct flow any = flow_of(4, 6, 0, 80), f = any;
	struct proto_acquire a;

	pair_add(1, 1, &any);
	for (f.local.port = 1; f.local.port < 20; f.local.port++)
		out_sample(1, &f, 1);
	rig_expect_silence();
	if (_i == 0)
		plane_sa_delete(rig.p, 1);
	else
		plane_sa_flush(rig.p);
	for (f.local.port = 1; f.local.port < 20; f.local.port++) {
		out_sample(1, &f, 2);
		rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	}
	ck_assert_uint_eq(rig.n_sent, 19);
	ck_assert_uint_eq(rig.p->n_held, 19);
}
END_TEST

void
expect_expired(uint32_t qm_id, enum engine_expiry why)
{
	struct proto_qm_expired e;

	rig_expect(PROTO_QM_EXPIRED, &e, sizeof(e));
	ck_assert_uint_eq(e.qm_id, qm_id);
	ck_assert_uint_eq(e.why, why);
}

static void
pair_add_limited(uint32_t qm_id, const struct flow *f, uint64_t bytes, uint32_t idle_s)
{
	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(qm_id, 1, f, inbound);

		a.lifetime_bytes = bytes;
		a.idle_s = idle_s;
		ck_assert(plane_sa_add(rig.p, &a));
	}
}

START_TEST(byte_lifetime_out)
{
	struct flow f = flow_of(4, 17, 1000, 80); /* packets of 60 bytes */
	struct proto_acquire a;

	pair_add_limited(1, &f, 180, 0);
	out_sample(1, &f, 1);
	out_sample(1, &f, 2);
	rig_expect_silence();
	out_sample(1, &f, 3);
	expect_expired(1, EXPIRY_BYTES);
	out_sample(1, &f, 4); /* a hard limit */
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	rig_expect_silence();
	ck_assert_uint_eq(rig.n_sent, 3);
	ck_assert_uint_eq(rig.p->n_held, 1);
}
END_TEST

START_TEST(byte_lifetime_in)
{
	struct sample s = { flow_of(4, 17, 1000, 80), false, 32, 1, 0 };
	uint8_t b[RIG_PACKET_BYTES];

	pair_add_limited(1, &s.flow, 180, 0);
	for (uint32_t seq = 1; seq <= 4; seq++) {
		if (seq == 3)
			rig_expect_silence();
		plane_in_packet(rig.p, span_of(b, peer_seal(1, seq, &s, b)));
	}
	expect_expired(1, EXPIRY_BYTES);
	rig_expect_silence(); /* told once */
}
END_TEST

START_TEST(idle_pair_expires)
{
	struct flow f = flow_of(4, 17, 1000, 80);
	struct proto_qm_usage u;

	pair_add_limited(1, &f, 0, 60);
	rig.p->now_ms += 59999;
	plane_sa_tick(rig.p);
	rig_expect_silence();
	out_sample(1, &f, 1);
	rig.p->now_ms += 59999;
	plane_sa_tick(rig.p);
	rig_expect(PROTO_QM_USAGE, &u, sizeof(u));
	ck_assert_uint_eq(u.qm_id, 1);
	ck_assert_uint_eq(u.bytes_out, 60);
	ck_assert_uint_eq(u.packets_out, 1);
	ck_assert_uint_eq(u.bytes_in + u.packets_in, 0);
	rig.p->now_ms += 1;
	plane_sa_tick(rig.p);
	expect_expired(1, EXPIRY_IDLE);
	plane_sa_tick(rig.p);
	rig_expect_silence();
}
END_TEST

static struct pair *
pair_at_last_number(const struct flow *f)
{
	struct pair *s;

	pair_add(1, 1, f);
	s = plane_sa_for_flow(rig.p, 1, f);
	s->seq_out = UINT32_MAX - 1;
	return s;
}

START_TEST(sequence_numbers_are_used_up)
{
	struct sample in = { flow_of(4, 17, 1000, 80), false, 32, 1, 0 };
	uint8_t b[RIG_PACKET_BYTES];
	struct proto_acquire a;

	pair_at_last_number(&in.flow);
	out_sample(1, &in.flow, 1);
	expect_expired(1, EXPIRY_BYTES);
	ck_assert_uint_eq(rig.p->count[PC_SEQUENCE], 1);
	out_sample(1, &in.flow, 2);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(rig.n_sent, 1);
	/* the other direction goes on; the SA is counted once */
	plane_in_packet(rig.p, span_of(b, peer_seal(1, 1, &in, b)));
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 1);
	ck_assert_uint_eq(rig.p->count[PC_SEQUENCE], 1);
	rig_expect_silence();
}
END_TEST

/* Even if the kernel does not take the packet with the last number. */
START_TEST(last_number_that_was_not_sent)
{
	struct flow f = flow_of(4, 17, 1000, 80);
	struct proto_acquire a;

	pair_at_last_number(&f);
	rig.send_errno = 105;
	out_sample(1, &f, 1);
	expect_expired(1, EXPIRY_BYTES);
	rig.send_errno = 0;
	out_sample(1, &f, 2);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(rig.n_sent, 0);
}
END_TEST

/* ---- the end, though the negotiator does nothing ---- */

static void
pair_add_for(uint32_t lifetime_s, uint64_t bytes, const struct flow *f)
{
	for (int inbound = 1; inbound >= 0; inbound--) {
		struct action_sa_add a = pair_action(1, 1, f, inbound);

		a.lifetime_s = lifetime_s;
		a.lifetime_bytes = bytes;
		ck_assert(plane_sa_add(rig.p, &a));
		rig.p->now_ms += 5000; /* the other half comes later: it counts */
	}
	rig.p->now_ms -= 5000;
}

START_TEST(nothing_after_the_lifetime)
{
	struct sample in = { flow_of(4, 17, 1000, 80), false, 32, 1, 0 };
	uint8_t b[RIG_PACKET_BYTES];

	pair_add_for(60, 0, &in.flow);
	rig.p->now_ms += 69999;
	plane_in_packet(rig.p, span_of(b, peer_seal(1, 1, &in, b)));
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 1);
	rig.p->now_ms += 1;
	plane_in_packet(rig.p, span_of(b, peer_seal(1, 2, &in, b)));
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 1);
	ck_assert_uint_eq(rig.p->count[PC_EXPIRED], 1);
}
END_TEST

/* The one that reaches the limit is good, the next one is not. */
START_TEST(nothing_after_the_bytes)
{
	struct sample in = { flow_of(4, 17, 1000, 80), false, 32, 1, 0 };
	uint8_t b[RIG_PACKET_BYTES];

	pair_add_for(0, 100, &in.flow);
	for (uint32_t n = 1; n <= 4; n++)
		plane_in_packet(rig.p, span_of(b, peer_seal(1, n, &in, b)));
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 2);
	ck_assert_uint_eq(rig.p->count[PC_EXPIRED], 2);
	expect_expired(1, EXPIRY_BYTES);
}
END_TEST

START_TEST(flow_table_is_bounded)
{
	struct flow f = flow_of(4, 6, 0, 80), first = f;

	first.local.addr.b[1] = 0;
	for (uint32_t i = 0; i < PLANE_MAX_FLOWS + 100; i++) {
		f.local.addr.b[1] = (uint8_t)(i >> 16);
		f.local.port = (uint16_t)i;
		ck_assert_ptr_nonnull(plane_flow_get(rig.p, 1, &f));
	}
	ck_assert_uint_eq(rig.p->n_flows, PLANE_MAX_FLOWS);
	ck_assert_uint_eq(rig.p->count[PC_FLOWS_FULL], 100);
	ck_assert_ptr_null(plane_flow_find(rig.p, 1, &first));
	first.local.port = 100;
	ck_assert_ptr_nonnull(plane_flow_find(rig.p, 1, &first));
	first.local.port = 99;
	ck_assert_ptr_null(plane_flow_find(rig.p, 1, &first));
}
END_TEST

/* A flood of clear packets does not make anybody forget that a flow was secured. */
START_TEST(secured_flow_outlives_a_flood)
{
	struct flow f = flow_of(4, 6, 1000, 80), other = f;

	pair_add_limited(1, &f, 0, 0);
	plane_flow_secure(rig.p, plane_flow_get(rig.p, 1, &f), plane_sa_for_flow(rig.p, 1, &f));
	for (uint32_t i = 0; i < PLANE_MAX_FLOWS + 100; i++) {
		other.remote.addr.b[1] = (uint8_t)(100 + (i >> 16));
		other.remote.port = (uint16_t)i;
		ck_assert_ptr_nonnull(plane_flow_get(rig.p, 1, &other));
	}
	ck_assert_uint_eq(rig.p->n_flows, PLANE_MAX_FLOWS);
	ck_assert_ptr_nonnull(plane_flow_find(rig.p, 1, &f));
	ck_assert(plane_flow_find(rig.p, 1, &f)->was_secured);
}
END_TEST

START_TEST(unused_flows_are_forgotten)
{
	struct flow f = flow_of(4, 17, 1000, 80), g = flow_of(4, 17, 1001, 80);

	out_sample(1, &f, 1);
	out_sample(1, &g, 1);
	rig.p->now_ms += 10 * 60 * 1000;
	ck_assert_ptr_nonnull(plane_flow_find(rig.p, 1, &f));
	rig.p->now_ms += 1;
	plane_flow_tick(rig.p);
	ck_assert_uint_eq(rig.p->n_flows, 1);
	ck_assert_uint_eq(rig.p->n_held, 1);
	ck_assert_ptr_null(plane_flow_find(rig.p, 1, &g));
}
END_TEST

/* Three segments without an answer in more than 2.5 s: the peer may have lost its keys. */
START_TEST(silent_peer)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_qm_expired e;
	struct proto_acquire a;

	pair_add(1, 1, &f);
	out_sample(1, &f, 1);
	rig.p->now_ms += 1000;
	out_sample(1, &f, 1);
	rig_expect_silence();
	rig.p->now_ms += 2000;
	out_sample(1, &f, 1);
	rig_expect(PROTO_QM_EXPIRED, &e, sizeof(e));
	ck_assert_uint_eq(e.why, EXPIRY_SILENT);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(rig.p->n_held, 1);
	ck_assert_uint_eq(rig.n_sent, 2);
}
END_TEST

START_TEST(answering_peer_is_not_silent)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct sample s = { f, false, 10, 1, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];

	pair_add(1, 1, &f);
	for (uint32_t i = 1; i <= 10; i++) {
		out_sample(1, &f, 1);
		rig.p->now_ms += 2000;
		plane_in_packet(rig.p, span_of(b, peer_seal(1, i, &s, b)));
	}
	ck_assert_uint_eq(rig.n_sent, 10);
	rig_expect_silence();
}
END_TEST

START_TEST(udp_owes_no_answer)
{
	struct flow f = flow_of(4, 17, 1000, 80);

	pair_add(1, 1, &f);
	for (int i = 0; i < 10; i++) {
		out_sample(1, &f, 1);
		rig.p->now_ms += 2000;
	}
	ck_assert_uint_eq(rig.n_sent, 10);
	rig_expect_silence();
}
END_TEST

/* Nothing of the peer for two seconds. TCP has its own way. */
START_TEST(peer_is_unheard)
{
	struct flow f = flow_of(4, _i == 0 ? 17 : 6, 1000, 80);
	struct proto_qm_usage u;

	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(1, 1, &f, inbound);

		a.unheard_s = 2;
		ck_assert(plane_sa_add(rig.p, &a));
	}
	for (uint32_t n = 1; n <= 3; n++) {
		rig_expect_silence();
		out_sample(1, &f, n);
		plane_sa_tick(rig.p);
		rig_expect(PROTO_QM_USAGE, &u, sizeof(u));
		rig.p->now_ms += n < 3 ? 1000 : 0;
	}
	if (_i == 0)
		expect_expired(1, EXPIRY_UNHEARD);
	rig_expect_silence();
	ck_assert_uint_eq(rig.n_sent, 3);
}
END_TEST

/* A packet a second: how many until the peer is asked; 0: it is not. */
static uint32_t
asked_after(struct silence *s, uint64_t *now_ms, uint32_t most)
{
	for (uint32_t n = 1; n <= most; n++) {
		silence_sent(s, 1, *now_ms);
		*now_ms += 1000;
		if (silence_asks(s, *now_ms))
			return n;
	}
	return 0;
}

/* More and more seldom, also by the pairs that come of it. */
START_TEST(silence_lasts)
{
	struct silence s = { .first_ms = 20000 }, next = s;
	uint64_t now = 1000000;

	for (uint32_t wait = 20; wait <= 320; wait *= 2) {
		ck_assert_uint_eq(asked_after(&s, &now, 1000), wait);
		next = (struct silence){ .first_ms = 20000 };
		silence_inherit(&next, &s);
		s = next;
	}
	ck_assert_uint_eq(asked_after(&s, &now, 1000), 640);
	ck_assert_uint_eq(asked_after(&s, &now, 1000), 640);
	silence_heard(&s, now);
	ck_assert_uint_eq(asked_after(&s, &now, 1000), 20);
}
END_TEST

/* Who was heard is not asked, nor by a question or two, nor long after the last one. */
START_TEST(silence_ends)
{
	struct silence s = { .first_ms = 20000 }, never = { .first_ms = 0 };
	uint64_t now = 1000000;

	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(asked_after(&s, &now, 19), 0);
		silence_heard(&s, now);
	}
	ck_assert_uint_eq(asked_after(&s, &now, 1), 0);
	now += 18000;
	ck_assert_uint_eq(asked_after(&s, &now, 1), 0);
	ck_assert(!silence_asks(&s, now + 1000));
	ck_assert_uint_eq(asked_after(&s, &now, 1), 1);
	ck_assert_uint_eq(asked_after(&s, &now, 19), 0);
	ck_assert(!silence_asks(&s, now + 40000));
	ck_assert_uint_eq(asked_after(&never, &now, 1000), 0);
}
END_TEST

void
plane_sa_tests(Suite *s)
{
	TCase *t = tcase_create("sa");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, guaranteed_encryption_encrypts, 0, 2);
	tcase_add_test(t, guaranteed_encryption_is_for_ever);
	tcase_add_test(t, bad_parameters_are_refused);
	tcase_add_test(t, newest_pair_sends);
	tcase_add_loop_test(t, pair_goes_under_its_flows, 0, 2);
	tcase_add_test(t, byte_lifetime_out);
	tcase_add_test(t, byte_lifetime_in);
	tcase_add_test(t, idle_pair_expires);
	tcase_add_test(t, sequence_numbers_are_used_up);
	tcase_add_test(t, last_number_that_was_not_sent);
	tcase_add_test(t, nothing_after_the_lifetime);
	tcase_add_test(t, nothing_after_the_bytes);
	tcase_add_test(t, flow_table_is_bounded);
	tcase_add_test(t, secured_flow_outlives_a_flood);
	tcase_add_test(t, unused_flows_are_forgotten);
	tcase_add_test(t, silent_peer);
	tcase_add_test(t, answering_peer_is_not_silent);
	tcase_add_test(t, udp_owes_no_answer);
	tcase_add_loop_test(t, peer_is_unheard, 0, 2);
	tcase_add_test(t, silence_lasts);
	tcase_add_test(t, silence_ends);
	suite_add_tcase(s, t);
}
