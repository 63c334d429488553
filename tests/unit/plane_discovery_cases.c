/*
 * The state table of negotiation discovery (MS-IKEE 3.7.4.1 and 3.7.4.2): a test for each of
 * its rows, in its order. doc/authip-checklist.md has the table.
 */
#include <string.h>
#include <unistd.h>

#include "tests/unit/plane_talk.h"

/* ---- outbound ---- */

START_TEST(nd_out_1_first_packet_is_clear_and_negotiates)
{
	struct flow f = flow_of(_i == 0 ? 4 : 6, 6, 1000, 80);

	out_sample(CLEAR, &f, 1);
	ck_assert_uint_eq(rig.n_sent, 1);
	ck_assert_int_eq(rig.sent[0].b[rig.sent[0].n - 1], 1);
	ck_assert_uint_eq(heard(PROTO_ACQUIRE), 1);
	ck_assert_int_eq(plane_flow_find(rig.p, CLEAR, &f)->state, FLOW_WAITING);
}
END_TEST

START_TEST(nd_out_2_while_negotiating_clear_and_no_other_question)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	out_sample(CLEAR, &f, 1);
	(void)heard(PROTO_ACQUIRE);
	for (uint8_t mark = 2; mark < 10; mark++) {
		out_sample(CLEAR, &f, mark);
		ck_assert(last_is_clear(mark));
	}
	ck_assert_uint_eq(heard(PROTO_ACQUIRE), 0);
}
END_TEST

START_TEST(nd_out_3_secured_without_an_sa_waits_and_negotiates)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	flow_pair(1, &f, false, false);
	out_sample(CLEAR, &f, 1);
	plane_sa_delete(rig.p, 1);
	rig.n_sent = 0;
	out_sample(CLEAR, &f, 2);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 1);
	ck_assert_uint_eq(heard(PROTO_ACQUIRE), 1);
	flow_pair(2, &f, false, false);
	flow_done(&f, IKE_OK);
	ck_assert_uint_eq(rig.n_sent, 1);
	ck_assert_int_eq(peer_open(2, &rig.sent[0]), 2);
}
END_TEST

START_TEST(nd_out_4_another_guarantee_negotiates_again)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	flow_pair(1, &f, true, false);
	out_sample(CLEAR, &f, 1); /* the flow is guaranteed encryption from here on */
	plane_sa_delete(rig.p, 1);
	flow_pair(2, &f, false, false);
	rig.n_sent = 0;
	out_sample(CLEAR, &f, 2);
	ck_assert_uint_eq(rig.n_sent, 0); /* as without an SA */
	ck_assert_uint_eq(heard(PROTO_ACQUIRE_ENCRYPTED), 1);
	flow_pair(3, &f, true, false);
	flow_done(&f, IKE_OK);
	ck_assert_int_eq(peer_open(3, &rig.sent[0]), 2);
}
END_TEST

/* A deviation, for the safe side: a flow that was secured stays so there, too. */
START_TEST(nd_out_5_boundary_in_udp_is_sent_in_clear)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	flow_pair(1, &f, false, true);
	out_sample(CLEAR, &f, 1);
	ck_assert(last_is_clear(1));
	ck_assert(!plane_flow_find(rig.p, CLEAR, &f)->was_secured);
	ck_assert_uint_eq(heard(PROTO_ACQUIRE), 0);
}
END_TEST

START_TEST(nd_out_6_with_an_sa_sealed_and_secured)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	flow_pair(1, &f, false, false);
	out_sample(CLEAR, &f, 1);
	ck_assert_int_eq(peer_open(1, &rig.sent[0]), 1);
	ck_assert(plane_flow_find(rig.p, CLEAR, &f)->was_secured);
}
END_TEST

START_TEST(nd_out_7_other_traffic_is_never_clear)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	for (uint32_t class_id = CLASS_DEFAULT; class_id <= CLASS_ENCRYPT; class_id++)
		out_sample(class_id, &f, 1);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 2);
	ck_assert_uint_eq(heard(PROTO_ACQUIRE), 2);
}
END_TEST

/* Failure never breaks a clear flow that is not secured. */
START_TEST(nd_failure_leaves_a_clear_flow_alone)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	out_sample(CLEAR, &f, 1);
	flow_done(&f, IKE_ERR_TIMED_OUT);
	out_sample(CLEAR, &f, 2);
	ck_assert(last_is_clear(2));
	clear_arrives(&f, 3);
	ck_assert_int_eq(delivered(), 3);
	ck_assert_uint_eq(rig.p->count[PC_REFUSED], 0);
}
END_TEST

/* ---- without discovery: clear text is the last choice ---- */

START_TEST(off_waits_and_falls_back)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_clear_now now = { CLEAR, f, false, 0 };
	struct proto_acquire a;

	class_waits();
	out_sample(CLEAR, &f, 1);
	out_sample(CLEAR, &f, 2);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 2);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert(a.may_be_clear);
	if (_i == 0)
		rig_say(PROTO_CLEAR_NOW, &now, sizeof(now));
	else
		flow_done(&f, IKE_ERR_TIMED_OUT);
	ck_assert_uint_eq(rig.n_sent, 2);
	ck_assert(last_is_clear(2));
	ck_assert_uint_eq(rig.p->n_held + rig.p->count[PC_REFUSED], 0);
	out_sample(CLEAR, &f, 3); /* from now on at once */
	ck_assert(last_is_clear(3));
	rig_expect_silence();
	ck_assert_uint_eq(rig.n_told, 1);
	ck_assert_uint_eq(rig.told.why, _i == 0 ? CLEAR_NO_ANSWER : CLEAR_FAILED);
	rig.p->now_ms += 60000; /* a new attempt does not make it wait again */
	out_sample(CLEAR, &f, 4);
	ck_assert(last_is_clear(4));
}
END_TEST

/* The program asked before it sent anything, and has waited. */
START_TEST(off_was_waited_for)
{
	struct flow f = flow_of(4, 6, 1000, 80), other = flow_of(4, 6, 1001, 80);
	struct proto_clear_now now = { CLEAR, f, _i == 1, 7 };
	struct proto_clear_done done_for;
	struct proto_acquire a;

	class_waits();
	rig_say(PROTO_CLEAR_NOW, &now, sizeof(now));
	rig_expect(PROTO_CLEAR_DONE, &done_for, sizeof(done_for));
	ck_assert_uint_eq(done_for.ask, 7);
	out_sample(CLEAR, &f, 1);
	ck_assert_uint_eq(rig.n_sent, 1);
	ck_assert(last_is_clear(1));
	if (_i == 0)
		rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	rig_expect_silence();
	ck_assert_uint_eq(rig.n_told, 1);
	ck_assert_uint_eq(rig.told.why, _i == 0 ? CLEAR_NO_ANSWER : CLEAR_FAILED);
	out_sample(CLEAR, &other, 2);
	ck_assert_uint_eq(rig.n_sent, 1);
}
END_TEST

START_TEST(off_is_secured_in_time)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_clear_now now = { CLEAR, f, false, 0 };

	class_waits();
	out_sample(CLEAR, &f, 1);
	flow_pair(1, &f, false, false);
	flow_done(&f, IKE_OK);
	ck_assert_int_eq(peer_open(1, &rig.sent[0]), 1);
	plane_sa_delete(rig.p, 1);
	out_sample(CLEAR, &f, 2);
	rig_say(PROTO_CLEAR_NOW, &now, sizeof(now)); /* it was secured: never clear */
	ck_assert_uint_eq(rig.n_sent, 1);
	ck_assert_uint_eq(rig.p->n_held, 1);
	(void)heard(0);
	ck_assert_uint_eq(rig.n_told, 0);
}
END_TEST

/* Nothing of other classes goes in clear, whoever says so. */
START_TEST(clear_now_is_for_those_who_may)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_clear_now now = { CLASS_DEFAULT, f, false, 0 };

	out_sample(CLASS_DEFAULT, &f, 1);
	rig_say(PROTO_CLEAR_NOW, &now, sizeof(now));
	now.class_id = CLASS_MAX + 1;
	rig_say(PROTO_CLEAR_NOW, &now, sizeof(now));
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 1);
}
END_TEST

/* ---- inbound ---- */

START_TEST(nd_in_1_first_clear_packet_if_its_owner_takes_it)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	clear_arrives(&f, 1);
	ck_assert_uint_eq(heard(PROTO_OWNER_ASK), 1);
	flow_owner(&f, _i == 0 ? CLEAR : _i == 1 ? CLASS_DEFAULT : 0);
	ck_assert_int_eq(delivered(), _i == 0 ? 1 : -1);
	ck_assert_uint_eq(rig.p->count[PC_IN_CLEAR], _i == 0);
}
END_TEST

START_TEST(nd_in_2_clear_packet_of_a_clear_flow)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	out_sample(CLEAR, &f, 1);
	clear_arrives(&f, 2);
	ck_assert_int_eq(delivered(), 2);
	ck_assert_uint_eq(heard(PROTO_OWNER_ASK), 0);
}
END_TEST

START_TEST(nd_in_3_clear_packet_of_a_secured_flow)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	flow_pair(1, &f, false, false);
	out_sample(CLEAR, &f, 1);
	rig.p->now_ms += 3600 * 1000; /* no grace is as long */
	clear_arrives(&f, 2);
	ck_assert_int_eq(delivered(), -1);
	ck_assert_uint_eq(rig.p->count[PC_IN_CLEAR_REFUSED], 1);
}
END_TEST

START_TEST(nd_in_4_protected_packet_secures_the_flow)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	out_sample(CLEAR, &f, 1);
	ck_assert(!plane_flow_find(rig.p, CLEAR, &f)->was_secured);
	flow_pair(1, &f, false, false);
	sealed_arrives(1, &f, 2);
	ck_assert_int_eq(delivered(), 2);
	ck_assert(plane_flow_find(rig.p, CLEAR, &f)->was_secured);
}
END_TEST

START_TEST(nd_in_5_encryption_is_guaranteed_from_then_on)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	flow_pair(1, &f, true, false);
	sealed_arrives(1, &f, 1);
	ck_assert(plane_flow_find(rig.p, CLEAR, &f)->guarantees_encryption);
}
END_TEST

void
plane_discovery_tests(Suite *s)
{
	TCase *t = tcase_create("discovery");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, nd_out_1_first_packet_is_clear_and_negotiates, 0, 2);
	tcase_add_test(t, nd_out_2_while_negotiating_clear_and_no_other_question);
	tcase_add_test(t, nd_out_3_secured_without_an_sa_waits_and_negotiates);
	tcase_add_test(t, nd_out_4_another_guarantee_negotiates_again);
	tcase_add_test(t, nd_out_5_boundary_in_udp_is_sent_in_clear);
	tcase_add_test(t, nd_out_6_with_an_sa_sealed_and_secured);
	tcase_add_test(t, nd_out_7_other_traffic_is_never_clear);
	tcase_add_test(t, nd_failure_leaves_a_clear_flow_alone);
	tcase_add_loop_test(t, off_waits_and_falls_back, 0, 2);
	tcase_add_loop_test(t, off_was_waited_for, 0, 2);
	tcase_add_test(t, off_is_secured_in_time);
	tcase_add_test(t, clear_now_is_for_those_who_may);
	tcase_add_loop_test(t, nd_in_1_first_clear_packet_if_its_owner_takes_it, 0, 3);
	tcase_add_test(t, nd_in_2_clear_packet_of_a_clear_flow);
	tcase_add_test(t, nd_in_3_clear_packet_of_a_secured_flow);
	tcase_add_test(t, nd_in_4_protected_packet_secures_the_flow);
	tcase_add_test(t, nd_in_5_encryption_is_guaranteed_from_then_on);
	suite_add_tcase(s, t);
}
