/* Outbound: held, asked for once, sent in order, refused. */
#include <errno.h>
#include <string.h>

#include "tests/unit/check_plane.h"

static void
done(uint32_t class_id, const struct flow *f, enum ike_err error)
{
	struct proto_acquire_done d = { class_id, *f, error };

	plane_out_done(rig.p, &d);
}

static void
assert_marks(uint32_t qm_id, uint8_t first, uint8_t last)
{
	ck_assert_uint_eq(rig.n_sent, last - first + 1u);
	for (size_t i = 0; i < rig.n_sent; i++)
		ck_assert_int_eq(peer_open(qm_id, &rig.sent[i]), first + (int)i);
}

START_TEST(held_until_secured_and_asked_once)
{
	struct flow f = flow_of(_i == 0 ? 4 : 6, 6, 1000, 80);
	struct proto_acquire a;

	for (uint8_t mark = 1; mark <= 4; mark++)
		out_sample(1, &f, mark);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(a.class_id, 1);
	ck_assert(flow_matches(&f, &a.flow));
	ck_assert(!a.starts); /* an ACK */
	rig_expect_silence();
	ck_assert_uint_eq(rig.n_sent, 0);
	pair_add(1, 1, &f);
	ck_assert_uint_eq(rig.n_sent, 0);
	done(1, &f, IKE_OK);
	assert_marks(1, 1, 4);
	out_sample(1, &f, 5);
	assert_marks(1, 1, 5);
	ck_assert_uint_eq(rig.p->count[PC_HELD], 4);
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], 5);
	ck_assert_uint_eq(rig.p->n_held, 0);
	done(1, &f, IKE_OK); /* nobody waits any more */
	ck_assert_uint_eq(rig.n_sent, 5);
	rig_expect_silence();
}
END_TEST

START_TEST(start_of_a_flow_is_told)
{
	struct sample s = { flow_of(4, 6, 1000, 80), true, 0, 0, 0x02 };
	uint8_t b[RIG_PACKET_BYTES];
	struct proto_acquire a;
	struct flow udp = flow_of(4, 17, 1000, 80);

	plane_out_packet(rig.p, 1, span_of(b, sample_write(&s, b)));
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert(a.starts);
	out_sample(1, &udp, 1);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert(a.starts);
}
END_TEST

START_TEST(oldest_held_packet_goes_first)
{
	struct flow f = flow_of(4, 17, 1000, 80);

	for (uint8_t mark = 1; mark <= 7; mark++)
		out_sample(1, &f, mark);
	ck_assert_uint_eq(rig.p->count[PC_HELD_DROPPED], 3);
	ck_assert_uint_eq(rig.p->n_held, 4);
	pair_add(1, 1, &f);
	done(1, &f, IKE_OK);
	assert_marks(1, 4, 7);
}
END_TEST


/* What the TUN got: an ICMP error of code 13 (IPv4) or 1 (IPv6). */
static void
expect_icmp(uint32_t class_id, uint8_t family, int code)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = rig_tun_read(class_id, b);

	ck_assert_uint_gt(n, 48);
	ck_assert_uint_eq(b[0] >> 4, family);
	ck_assert_int_eq(b[family == 4 ? 21 : 41], code);
}

START_TEST(failure_refuses_and_holds_down)
{
	uint8_t family = _i == 0 ? 4 : 6, b[RIG_PACKET_BYTES];
	struct flow f = flow_of(family, 6, 1000, 80);
	struct proto_acquire a;

	out_sample(2, &f, 1);
	out_sample(2, &f, 2);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	done(2, &f, (enum ike_err)(IKE_OK + 1));
	expect_icmp(2, family, family == 4 ? 13 : 1);
	expect_icmp(2, family, family == 4 ? 13 : 1);
	ck_assert_uint_eq(rig_tun_read(2, b), 0);
	rig.p->now_ms += 999;
	out_sample(2, &f, 3);
	expect_icmp(2, family, family == 4 ? 13 : 1);
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->count[PC_REFUSED], 3);
	rig.p->now_ms += 1;
	out_sample(2, &f, 4);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(rig.p->n_held, 1);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig_tun_read(2, b), 0);
}
END_TEST

/* "Done" without a pair that carries the flow is no permission. */
START_TEST(success_without_a_pair_is_a_failure)
{
	struct flow f = flow_of(4, 6, 1000, 80), other = flow_of(4, 6, 1001, 80);

	out_sample(1, &f, 1);
	pair_add(1, 1, &other);
	pair_add(2, 2, &f);
	done(1, &f, IKE_OK);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->count[PC_REFUSED], 1);
	expect_icmp(1, 4, 13);
}
END_TEST

START_TEST(pair_is_found_by_selector)
{
	struct flow f = flow_of(4, 6, 1000, 80), any = f;
	struct proto_acquire a;

	any.local.port = 0;
	pair_add(1, 1, &any);
	out_sample(1, &f, 1);
	assert_marks(1, 1, 1);
	f.local.port = 1001;
	out_sample(1, &f, 2);
	assert_marks(1, 1, 2);
	rig_expect_silence();
	/* another class, protocol, port, address */
	out_sample(2, &f, 3);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	f.protocol = 17;
	out_sample(1, &f, 3);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	f.protocol = 6;
	f.remote.port = 81;
	out_sample(1, &f, 3);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	f.remote.port = 80;
	f.remote.addr.b[3] = 3;
	out_sample(1, &f, 3);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	f.remote.addr.b[3] = 2;
	f.local.addr.b[3] = 9;
	out_sample(1, &f, 3);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(rig.n_sent, 2);
}
END_TEST

START_TEST(half_a_pair_carries_nothing)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct action_sa_add a = pair_action(1, 1, &f, _i == 0);

	ck_assert(plane_sa_add(rig.p, &a));
	out_sample(1, &f, 1);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 1);
}
END_TEST

START_TEST(what_is_no_packet_of_ours)
{
	struct sample s = { flow_of(4, 17, 1, 2), true, 16, 0, 0 };
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = sample_write(&s, b);

	plane_out_packet(rig.p, 1, span_of(b, n - 1));
	ck_assert_uint_eq(rig.p->count[PC_BAD_PACKET], 1);
	b[9] = 1;
	plane_out_packet(rig.p, 1, span_of(b, n));
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->n_flows + rig.n_sent, 0);
}
END_TEST

START_TEST(kernel_does_not_take_it)
{
	struct flow f = flow_of(4, 17, 1000, 80);

	pair_add(1, 1, &f);
	rig.send_errno = EMSGSIZE;
	out_sample(1, &f, 1);
	ck_assert_uint_eq(rig.p->count[PC_TOO_BIG], 1);
	expect_icmp(1, 4, 4);
	rig.send_errno = ENOBUFS;
	out_sample(1, &f, 2);
	ck_assert_uint_eq(rig.p->count[PC_SEND_FAILED], 1);
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], 0);
	rig.send_errno = 0;
	out_sample(1, &f, 3);
	/* no sequence number twice */
	ck_assert_int_eq(peer_open(1, &rig.sent[0]), 3);
	ck_assert_uint_eq(rig.sent[0].b[27], 3);
}
END_TEST

START_TEST(a_new_negotiator_is_asked_again)
{
	struct flow f = flow_of(4, 6, 1000, 80), g = flow_of(4, 6, 1001, 80);
	struct proto_acquire a;

	out_sample(1, &f, 1);
	out_sample(2, &g, 1);
	rig_connect();
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(a.flow.local.port, 1000);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(a.flow.local.port, 1001);
	rig_expect_silence();
}
END_TEST

void
plane_out_tests(Suite *s)
{
	TCase *t = tcase_create("out");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, held_until_secured_and_asked_once, 0, 2);
	tcase_add_test(t, start_of_a_flow_is_told);
	tcase_add_test(t, oldest_held_packet_goes_first);
	tcase_add_loop_test(t, failure_refuses_and_holds_down, 0, 2);
	tcase_add_test(t, success_without_a_pair_is_a_failure);
	tcase_add_test(t, pair_is_found_by_selector);
	tcase_add_loop_test(t, half_a_pair_carries_nothing, 0, 2);
	tcase_add_test(t, what_is_no_packet_of_ours);
	tcase_add_test(t, kernel_does_not_take_it);
	tcase_add_test(t, a_new_negotiator_is_asked_again);
	suite_add_tcase(s, t);
}
