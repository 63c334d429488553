/* Rekeying as the plane sees it: when it asks for another pair, and which one sends. */
#include "tests/unit/check_plane.h"

static void
pair_add_soft(uint32_t qm_id, const struct flow *f, uint64_t soft_ms, uint64_t soft_bytes)
{
	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(qm_id, 1, f, inbound);

		a.soft_ms = soft_ms;
		a.soft_bytes = soft_bytes;
		ck_assert(plane_sa_add(rig.p, &a));
	}
}

START_TEST(flows_go_over_to_the_newest_pair)
{
	struct flow any = flow_of(4, 6, 0, 80);
	struct sample in = { flow_of(4, 6, 1000, 80), false, 32, 1, 0x10 };
	struct action_sa_add half = pair_action(2, 1, &any, true);
	uint8_t b[RIG_PACKET_BYTES];

	pair_add(1, 1, &any);
	out_sample(1, &in.flow, 1);
	ck_assert(plane_sa_add(rig.p, &half));
	out_sample(1, &in.flow, 2); /* half a pair does not send */
	half = pair_action(2, 1, &any, false);
	ck_assert(plane_sa_add(rig.p, &half));
	out_sample(1, &in.flow, 3);
	/* What the peer still sends by the old one arrives, and changes nothing. */
	plane_in_packet(rig.p, span_of(b, peer_seal(1, 1, &in, b)));
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 1);
	out_sample(1, &in.flow, 4);
	plane_sa_delete(rig.p, 1);
	out_sample(1, &in.flow, 5);
	ck_assert_uint_eq(rig.n_sent, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(peer_open(i < 2 ? 1 : 2, &rig.sent[i]), (int)i + 1);
	rig_expect_silence();
}
END_TEST

/* Another pair that fits, but was not negotiated for the same traffic, is no successor. */
START_TEST(other_pairs_take_no_flows)
{
	struct flow any = flow_of(4, 6, 0, 80), all = flow_of(4, 6, 0, 0);
	struct flow one = flow_of(4, 6, 1000, 80);

	pair_add(1, 1, &any);
	out_sample(1, &one, 1);
	pair_add(2, 1, &all);
	out_sample(1, &one, 2);
	ck_assert_int_eq(peer_open(1, &rig.sent[1]), 2);
}
END_TEST

/* The peer has pairs for this flow alone, because others that look like it are not its own. */
START_TEST(a_pair_of_one_connection_takes_it)
{
	struct flow any = flow_of(4, 6, 0, 80), one = flow_of(4, 6, 1000, 80);
	struct flow other = flow_of(4, 6, 1001, 80);

	pair_add(1, 1, &any);
	out_sample(1, &one, 1);
	out_sample(1, &other, 2);
	pair_add(2, 1, &one);
	out_sample(1, &one, 3);
	out_sample(1, &other, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(peer_open(i == 2 ? 2 : 1, &rig.sent[i]), (int)i + 1);
	/* A newer one for all is no reason to leave it, nor for who begins. */
	pair_add(3, 1, &any);
	out_sample(1, &one, 5);
	ck_assert_int_eq(peer_open(2, &rig.sent[4]), 5);
	plane_flow_free_all(rig.p);
	out_sample(1, &one, 6);
	ck_assert_int_eq(peer_open(2, &rig.sent[5]), 6);
	rig_expect_silence();
}
END_TEST

START_TEST(newest_pair_ends_first)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	pair_add(1, 1, &f);
	out_sample(1, &f, 1);
	pair_add(2, 1, &f);
	out_sample(1, &f, 2);
	plane_sa_delete(rig.p, 2);
	out_sample(1, &f, 3);
	ck_assert_int_eq(peer_open(2, &rig.sent[1]), 2);
	ck_assert_int_eq(peer_open(1, &rig.sent[2]), 3);
}
END_TEST

START_TEST(soft_time_of_a_used_pair)
{
	struct flow f = flow_of(4, 17, 1000, 80);
	struct proto_qm_usage u;

	pair_add_soft(1, &f, 100000, 0);
	rig.p->now_ms += 99999;
	out_sample(1, &f, 1);
	rig_expect_silence();
	rig.p->now_ms += 1;
	plane_sa_tick(rig.p);
	rig_expect(PROTO_QM_USAGE, &u, sizeof(u));
	expect_expired(1, EXPIRY_SOFT);
	out_sample(1, &f, 2);
	rig_expect_silence(); /* not at once again */
	rig.p->now_ms += 30000;
	out_sample(1, &f, 3);
	expect_expired(1, EXPIRY_SOFT);
	rig.p->now_ms += 30000;
	pair_add_soft(2, &f, 100000, 0);
	out_sample(1, &f, 4);
	plane_sa_tick(rig.p);
	rig_expect(PROTO_QM_USAGE, &u, sizeof(u));
	rig_expect(PROTO_QM_USAGE, &u, sizeof(u));
	rig_expect_silence(); /* it has a successor */
	ck_assert_uint_eq(rig.n_sent, 4);
}
END_TEST

START_TEST(soft_time_of_an_unused_pair)
{
	struct flow f = flow_of(4, 17, 1000, 80);
	struct proto_qm_usage u;

	pair_add_soft(1, &f, 100000, 0);
	if (_i == 1)
		out_sample(1, &f, 1);
	rig.p->now_ms += 100000;
	plane_sa_tick(rig.p);
	if (_i == 1)
		rig_expect(PROTO_QM_USAGE, &u, sizeof(u));
	rig_expect_silence();
	out_sample(1, &f, 2); /* in the last moment */
	expect_expired(1, EXPIRY_SOFT);
}
END_TEST

START_TEST(soft_bytes_and_numbers)
{
	struct flow f = flow_of(4, 17, 1000, 80); /* packets of 60 bytes */

	pair_add_soft(1, &f, 0, _i == 0 ? 180 : 0);
	out_sample(1, &f, 1);
	out_sample(1, &f, 2);
	rig_expect_silence();
	if (_i == 1)
		plane_sa_for_flow(rig.p, 1, &f)->seq_out = 0xe0000000u - 1;
	out_sample(1, &f, 3);
	expect_expired(1, EXPIRY_SOFT);
	ck_assert_uint_eq(rig.n_sent, 3);
}
END_TEST

void
plane_rekey_tests(Suite *s)
{
	TCase *t = tcase_create("rekey");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, flows_go_over_to_the_newest_pair);
	tcase_add_test(t, other_pairs_take_no_flows);
	tcase_add_test(t, a_pair_of_one_connection_takes_it);
	tcase_add_test(t, newest_pair_ends_first);
	tcase_add_test(t, soft_time_of_a_used_pair);
	tcase_add_loop_test(t, soft_time_of_an_unused_pair, 0, 2);
	tcase_add_loop_test(t, soft_bytes_and_numbers, 0, 2);
	suite_add_tcase(s, t);
}
