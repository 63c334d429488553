/* What was guaranteed encryption is sent by no pair that does not guarantee it. */
#include <netinet/tcp.h>

#include "tests/unit/check_xfrm_send.h"

#define MAX_LIVE 1024

static const struct flow wide = { 6, { { 4, { 10, 0, 0, 2 } }, 80 },
	{ { 4, { 10, 0, 0, 1 } }, 0 } };

static struct flow
call(unsigned n)
{
	return flow_of(6, 80, (uint16_t)(1000 + n));
}

/* May only a pair for this connection send it, or one that guarantees encryption? */
static bool
is_kept(unsigned n)
{
	struct flow f = call(n);
	const struct xfrm_rule *r = policy_for(&f);

	return xfrm_guarantee_covers(x, CLASS_DEFAULT, &f) && r != NULL &&
	       r->level == XFRM_LEVEL_REQUIRED && r->reqid == OF_CONNECTION + CLASS_DEFAULT &&
	       r->priority == XFRM_PRIORITY_FIRST + XFRM_PRIORITY_CONNECTION;
}

/* Does what is new keep to encryption, too? */
static bool
is_whole(void)
{
	struct flow f = call(MAX_SOCKETS);

	return xfrm_guarantee_covers(x, CLASS_DEFAULT, &f);
}

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
	ticks(1000);
	pair_add(3, &any, false);
	ck_assert(!sends(2) && !sends(3)); /* until all connections were seen */
	ck_assert(is_whole());
	ticks(60000);
	ck_assert_uint_eq(expired, 1u << 2 | 1u << 3);
	xfrm_pair_delete(x, 2);
	xfrm_pair_delete(x, 3);
	pair_add(4, &any, false);
	ck_assert(sends(4) && is_kept(0) && !is_whole());
	pair_add(5, &one, false);
	ck_assert(!sends(5));
	pair_add(6, &any, true);
	ck_assert(sends(6) && !sends(4));
	ck_assert_ptr_null(policy_for(&one)); /* that one serves it, too */
	xfrm_pair_delete(x, 6);
	ticks(1000);
	ck_assert(is_kept(0) && is_whole());
	n_sockets = 0;
	ticks(4000);
	ck_assert_ptr_null(policy_for(&one));
	ck_assert_uint_eq(x->n_guaranteed, 0);
}
END_TEST

/* Whatever its state: what is left of a socket has no mark. */
START_TEST(guarantee_of_every_state)
{
	static const uint8_t states[] = { TCP_SYN_SENT, TCP_SYN_RECV, TCP_ESTABLISHED,
		TCP_FIN_WAIT1, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING, TCP_FIN_WAIT2,
		TCP_TIME_WAIT };
	const size_t n = sizeof(states);

	pair_add(1, &wide, true);
	for (unsigned i = 0; i < n; i++) {
		struct flow f = call(i);
		struct sockdiag_entry *e = connection(&f, i < n - 2 ? CLASS_DEFAULT : 0);

		e->state = states[i];
	}
	xfrm_pair_delete(x, 1);
	ticks(60000);
	ck_assert(!is_whole());
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg(is_kept(i), "the one with number %u was forgotten", i);
}
END_TEST

/* 0: nobody knows all sockets, 1: no memory in the kernel, 2: no room here, 3: too many */
START_TEST(guarantee_stays_whole_in_doubt)
{
	struct flow f;

	pair_add(1, &wide, true);
	for (unsigned i = 0; i < (_i == 3 ? MAX_LIVE + 1 : 1); i++) {
		f = call(i);
		connection(&f, CLASS_DEFAULT);
	}
	sockets_fail = _i == 0;
	kernel_refuses = _i == 1;
	x->n_guaranteed += _i == 2 ? XFRM_MAX_SECURED : 0;
	xfrm_pair_delete(x, 1);
	ticks(20000);
	ck_assert(is_whole());
	pair_add(2, &wide, false);
	ck_assert(!sends(2));
	xfrm_pair_delete(x, 2);
	sockets_fail = kernel_refuses = false;
	x->n_guaranteed -= _i == 2 ? XFRM_MAX_SECURED : 0;
	n_sockets -= _i == 3 ? 1 : 0;
	ticks(3000);
	ck_assert(!is_whole() && is_kept(0));
}
END_TEST

/* The memory of what was secured ends first, for want of room: the policy stays. */
START_TEST(guarantee_outlives_other_memory)
{
	struct flow one = call(0), wider = flow_of(6, 0, 0);
	struct action_sa_add a = pair_of(1, &wide, true);
	struct xfrm_secured *s;

	a.class_id = CLASS_INSECURE;
	pair_install(a);
	connection(&one, CLASS_INSECURE);
	xfrm_pair_delete(x, 1);
	ticks(3000);
	ck_assert_ptr_nonnull(s = xfrm_secured_of(x, CLASS_INSECURE, &one));
	ck_assert_uint_eq(policy_for(&one)->reqid, OF_CONNECTION + CLASS_INSECURE);
	xfrm_secured_end(x, s);
	ck_assert_ptr_nonnull(xfrm_secured_new(x, CLASS_INSECURE, &wider, 50));
	ck_assert_ptr_nonnull(policy_for(&one));
	ck_assert_uint_eq(policy_for(&one)->reqid, OF_CONNECTION + CLASS_INSECURE);
	n_sockets = 0;
	ticks(3000);
	ck_assert_ptr_null(policy_for(&one));
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
	ticks(_i == 1 ? 599000 : 1000);
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
	ck_assert(is_kept(0));
	pair_add(3, &any, false);
	pair_add(4, &one, false);
	ck_assert(sends(3) && !sends(4));
}
END_TEST

void
xfrm_guarantee_cases(TCase *t)
{
	tcase_add_test(t, guaranteed_encryption_is_for_ever);
	tcase_add_test(t, guarantee_of_every_state);
	tcase_add_loop_test(t, guarantee_stays_whole_in_doubt, 0, 4);
	tcase_add_test(t, guarantee_outlives_other_memory);
	tcase_add_test(t, guarantee_stops_what_sent_before);
	tcase_add_loop_test(t, guarantee_ends_with_its_traffic, 0, 3);
	tcase_add_test(t, guarantee_is_of_its_traffic_alone);
	tcase_add_test(t, guarantee_of_one_connection);
	tcase_add_test(t, what_only_receives_ends_with_the_guarantee);
	tcase_add_test(t, guarantee_of_less_than_the_pair);
	tcase_add_test(t, guarantee_of_more_than_the_connection);
}
