/* What was guaranteed encryption is sent by no pair that does not guarantee it. */
#include "tests/unit/check_xfrm_send.h"

/* A pair that does not guarantee encryption never sends what one did that does. */
START_TEST(guaranteed_encryption_is_for_ever)
{
	struct flow any = flow_of(6, 80, 0), one = flow_of(6, 80, 1000);

	pair_add(1, &any, true);
	connection(&one, CLASS_DEFAULT);
	pair_add(2, &any, false);
	ck_assert(sends(1) && receives(1));
	ck_assert(!sends(2) && receives(2));
	xfrm_pair_delete(x, 1);
	ticks(60000);
	pair_add(3, &any, false);
	ck_assert(!sends(2) && !sends(3));
	ck_assert(xfrm_guarantee_covers(x, CLASS_DEFAULT, &one)); /* how it asks */
	pair_add(4, &any, true);
	ck_assert(sends(4));
}
END_TEST

START_TEST(guarantee_stops_what_sent_before)
{
	struct flow any = flow_of(6, 80, 0);

	pair_add(1, &any, false);
	ck_assert(sends(1));
	pair_add(2, &any, true);
	ck_assert(!sends(1) && receives(1) && sends(2));
	pair_add(3, &any, true); /* a renewal is none of that */
	ck_assert(sends(2) && sends(3));
}
END_TEST

/* 0: TCP, by its connections; 1: UDP, by time; 2: a class that guarantees it anyway */
START_TEST(guarantee_ends_with_its_traffic)
{
	struct flow any = flow_of(_i == 1 ? 17 : 6, 80, 0);
	struct action_sa_add a = pair_of(1, &any, true);

	if (_i == 2)
		a.class_id = CLASS_ENCRYPT;
	pair_install(a);
	ck_assert_uint_eq(x->n_guaranteed, _i == 2 ? 0 : 1);
	ticks(120000);
	ck_assert_uint_eq(x->n_guaranteed, _i == 2 ? 0 : 1); /* the pair is there */
	xfrm_pair_delete(x, 1);
	ticks(_i == 1 ? 59000 : 1000);
	ck_assert_uint_eq(x->n_guaranteed, _i == 2 ? 0 : 1);
	ticks(2000);
	ck_assert_uint_eq(x->n_guaranteed, 0);
	pair_add(2, &any, false);
	ck_assert(sends(2));
}
END_TEST

/* Other classes, other peers, other ports, and a connection with a pair of its own. */
START_TEST(guarantee_is_of_its_traffic_alone)
{
	struct flow any = flow_of(6, 80, 0), port = flow_of(6, 81, 0), peer = any;
	struct flow one = flow_of(6, 80, 1000);
	struct action_sa_add a = pair_of(5, &any, false);

	peer.remote.addr.b[0] = 11;
	pair_add(1, &any, true);
	pair_add(2, &port, false);
	pair_add(3, &peer, false);
	pair_add(4, &one, false);
	a.class_id = CLASS_INSECURE;
	pair_install(a);
	for (uint32_t id = 1; id <= 5; id++)
		ck_assert(sends(id));
	connection(&one, CLASS_DEFAULT); /* it does not keep the other one's guarantee */
	xfrm_pair_delete(x, 1);
	ticks(3000);
	ck_assert_uint_eq(x->n_guaranteed, 0);
}
END_TEST

/* A connection that had a pair of its own waits for another one of that kind. */
START_TEST(guarantee_of_one_connection)
{
	struct flow any = flow_of(6, 80, 0), one = flow_of(6, 80, 1000);
	const struct xfrm_rule *r;

	pair_add(1, &any, false);
	pair_add(2, &one, true);
	ck_assert(sends(1) && sends(2));
	connection(&one, CLASS_DEFAULT);
	xfrm_pair_delete(x, 2);
	ticks(60000);
	r = policy_for(&one);
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(r->level, XFRM_LEVEL_REQUIRED);
	ck_assert_uint_eq(r->reqid, OF_CONNECTION + CLASS_DEFAULT);
	ck_assert_uint_eq(r->priority, XFRM_PRIORITY_FIRST + XFRM_PRIORITY_CONNECTION);
	pair_add(3, &any, false); /* which does not serve that policy */
	ck_assert(sends(3));
	pair_add(4, &one, false);
	ck_assert(!sends(4));
	n_sockets = 0;
	xfrm_pair_delete(x, 4);
	ticks(3000);
	ck_assert_ptr_null(policy_for(&one));
}
END_TEST

/* The negotiator takes a pair that only receives for a whole one: it must not stay. */
START_TEST(what_only_receives_ends_with_the_guarantee)
{
	struct flow any = flow_of(6, 80, 0), one = flow_of(6, 80, 1000);

	pair_add(1, &any, false);
	pair_add(2, &any, true);
	pair_add(3, &any, false);
	pair_add(4, &one, false);
	xfrm_pair_delete(x, 2);
	ticks(1000);
	ck_assert_uint_eq(expired, 0);
	ticks(2000);
	ck_assert_uint_eq(expired, 1u << 1 | 1u << 3);
}
END_TEST

/* It does not send for other ports, either: they ask for encryption, too. */
START_TEST(guarantee_of_less_than_the_pair)
{
	struct flow all = flow_of(6, 0, 0), any = flow_of(6, 80, 0), other = flow_of(6, 81, 1000);

	pair_add(1, &any, true);
	ck_assert(!xfrm_guarantee_covers(x, CLASS_DEFAULT, &other));
	pair_add(2, &all, false);
	ck_assert(!sends(2) && receives(2));
	ck_assert(xfrm_guarantee_covers(x, CLASS_DEFAULT, &other));
}
END_TEST

/* A pair that guarantees it for more than the connection serves that, too. */
START_TEST(guarantee_of_more_than_the_connection)
{
	struct flow any = flow_of(6, 80, 0), one = flow_of(6, 80, 1000);

	connection(&one, CLASS_DEFAULT);
	pair_add(1, &one, true);
	xfrm_pair_delete(x, 1);
	ck_assert_ptr_nonnull(policy_for(&one));
	pair_add(2, &any, true);
	ck_assert_ptr_null(policy_for(&one));
	xfrm_pair_delete(x, 2);
	ticks(60000);
	pair_add(3, &any, false);
	pair_add(4, &one, false);
	ck_assert(!sends(3) && !sends(4));
}
END_TEST

void
xfrm_guarantee_cases(TCase *t)
{
	tcase_add_test(t, guaranteed_encryption_is_for_ever);
	tcase_add_test(t, guarantee_stops_what_sent_before);
	tcase_add_loop_test(t, guarantee_ends_with_its_traffic, 0, 3);
	tcase_add_test(t, guarantee_is_of_its_traffic_alone);
	tcase_add_test(t, guarantee_of_one_connection);
	tcase_add_test(t, what_only_receives_ends_with_the_guarantee);
	tcase_add_test(t, guarantee_of_less_than_the_pair);
	tcase_add_test(t, guarantee_of_more_than_the_connection);
}
