/* Packets that wait: whose they are, and how many of one user. */
#include <string.h>

#include "tests/unit/check_plane.h"

#define UNASKED 256
#define FLOOD 9000
#define BIG_BYTES 3500 /* two units */

/* A datagram from port i of a user to each of n addresses. */
static void
shout(uint32_t class_id, uint16_t user, uint32_t n)
{
	struct flow f = flow_of(4, 17, 0, 80);

	for (uint32_t i = 0; i < n; i++) {
		f.local.port = (uint16_t)(user * 10000 + i % 10000);
		f.remote.addr.b[2] = (uint8_t)(i / 10000);
		out_sample(class_id, &f, 1);
	}
}

static size_t
acquires(void)
{
	uint8_t b[4096];
	size_t n = 0;

	do {
		rig_turn();
		while (recv(rig.negotiator, b, sizeof(b), MSG_DONTWAIT) > 0)
			n++;
		rig_turn();
	} while (recv(rig.negotiator, b, sizeof(b), MSG_DONTWAIT | MSG_PEEK) > 0);
	return n;
}

/* What is held for a flow of this user. */
static size_t
held_of(uint16_t user)
{
	struct flow f = flow_of(4, 17, (uint16_t)(user * 10000 + 9999), 443);

	out_sample(1, &f, 1);
	return plane_flow_look(rig.p, 1, &f)->n_held;
}

START_TEST(one_user_leaves_half)
{
	shout(1, 1, FLOOD);
	ck_assert_uint_ge(rig.p->n_held, PLANE_HELD_UNITS / 2);
	ck_assert_uint_le(rig.p->n_held, PLANE_HELD_UNITS / 2 + UNASKED);
	ck_assert_uint_eq(rig.p->count[PC_HELD_DROPPED], FLOOD - rig.p->n_held);
	/* Nobody negotiates for what was dropped. */
	ck_assert_uint_eq(acquires(), rig.p->n_held);
	ck_assert_uint_eq(held_of(1), 0);
	ck_assert_uint_eq(acquires(), 0);
	ck_assert_uint_eq(held_of(2), 1);
	ck_assert_uint_eq(acquires(), 1);
}
END_TEST

START_TEST(users_leave_room_for_another)
{
	for (uint16_t user = 0; user < 5; user++)
		shout(1, user, FLOOD);
	ck_assert_uint_lt(rig.p->n_held, PLANE_HELD_UNITS);
	ck_assert_uint_eq(held_of(4), 0);
	ck_assert_uint_eq(held_of(5), 1);
}
END_TEST

START_TEST(room_comes_back)
{
	struct proto_acquire_done d = { .class_id = 1, .error = IKE_OK + 1 };

	shout(1, 1, FLOOD);
	d.flow = flow_of(4, 17, 10000 + FLOOD / 10, 80);
	ck_assert_uint_eq(plane_flow_look(rig.p, 1, &d.flow)->n_held, 1);
	plane_out_done(rig.p, &d);
	ck_assert_uint_eq(held_of(1), 1);
	for (uint32_t i = 0; i < FLOOD; i++) {
		d.flow.local.port = (uint16_t)(10000 + i);
		plane_out_done(rig.p, &d);
	}
	ck_assert_uint_eq(rig.p->n_held, 1);
	ck_assert_uint_eq(rig.p->held_units, 1);
	ck_assert_uint_eq(user_load_of(&rig.p->held_by, 1), 1);
}
END_TEST

/* Memory is what counts. */
START_TEST(long_packets_count_for_more)
{
	struct sample s = { flow_of(4, 17, 10000, 80), true, BIG_BYTES, 1, 0 };
	uint8_t b[RIG_PACKET_BYTES];

	for (uint16_t i = 0; i < FLOOD; i++) {
		s.flow.local.port = (uint16_t)(10000 + i);
		plane_out_packet(rig.p, 1, span_of(b, sample_write(&s, b)));
	}
	ck_assert_uint_eq(rig.p->held_units, 2 * rig.p->n_held);
	ck_assert_uint_le(rig.p->held_units, PLANE_HELD_UNITS / 2 + UNASKED);
}
END_TEST

/* Of what may be clear nothing is held: the negotiator gets no more than it can read. */
START_TEST(negotiator_that_is_behind)
{
	struct flow f = flow_of(4, 17, 20000, 80);
	struct proto_acquire a;

	rig.send_errno = 1;
	shout(CLASS_INSECURE, 1, 40000);
	rig_turn();
	ck_assert_ptr_nonnull(rig.p->negotiator);
	ck_assert(ipc_is_behind(rig.p->negotiator));
	ck_assert_uint_gt(rig.p->count[PC_HELD_DROPPED], 0);
	out_sample(1, &f, 1);
	ck_assert_uint_eq(plane_flow_look(rig.p, 1, &f)->n_held, 0);
	(void)acquires();
	out_sample(1, &f, 1);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert(flow_equal(&a.flow, &f));
	ck_assert_uint_eq(plane_flow_look(rig.p, 1, &f)->n_held, 1);
}
END_TEST

void
plane_hold_tests(Suite *s)
{
	TCase *t = tcase_create("hold");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, one_user_leaves_half);
	tcase_add_test(t, users_leave_room_for_another);
	tcase_add_test(t, room_comes_back);
	tcase_add_test(t, long_packets_count_for_more);
	tcase_add_test(t, negotiator_that_is_behind);
	suite_add_tcase(s, t);
}
