/* Clear text of sockets that allow it: out while negotiating, in until secured. */
#include <string.h>

#include "tests/unit/check_plane.h"

#define CLEAR CLASS_INSECURE

static void
done(const struct flow *f, enum ike_err error)
{
	struct proto_acquire_done d = { CLEAR, *f, error };

	plane_out_done(rig.p, &d);
}

static size_t
clear_sample(const struct flow *f, uint8_t mark, uint8_t *b)
{
	struct sample s = { *f, false, 32, mark, 0x10 };

	return sample_write(&s, b);
}

/* A clear packet from the network. */
static void
clear_arrives(const struct flow *f, uint8_t mark)
{
	uint8_t b[RIG_PACKET_BYTES];

	plane_clear_in(rig.p, b, clear_sample(f, mark, b), false);
}

static void
owner_is(const struct flow *f, uint32_t class_id)
{
	struct proto_owner reply = { *f, class_id };

	plane_clear_owner(rig.p, &reply);
}

static void
expect_owner_ask(uint16_t port)
{
	struct proto_owner ask;

	rig_expect(PROTO_OWNER_ASK, &ask, sizeof(ask));
	ck_assert_uint_eq(ask.flow.local.port, port);
}

/* The mark of the next packet that the TUN got, -1: none. */
static int
delivered(void)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = rig_tun_read(CLEAR, b);

	return n == 0 ? -1 : b[n - 1];
}

static bool
sent_clear(size_t i, uint8_t mark)
{
	const struct sent *s = &rig.sent[i];

	return i < rig.n_sent && s->b[9] == 6 && s->b[s->n - 1] == mark;
}

START_TEST(clear_out_while_negotiating)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_acquire a;

	out_sample(CLEAR, &f, 1);
	out_sample(CLEAR, &f, 2);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	rig_expect_silence();
	ck_assert(sent_clear(0, 1) && sent_clear(1, 2));
	done(&f, (enum ike_err)(IKE_OK + 1));
	rig.p->now_ms += 29999;
	out_sample(CLEAR, &f, 3);
	rig_expect_silence();
	rig.p->now_ms += 1;
	out_sample(CLEAR, &f, 4); /* tries again, and goes on in clear */
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert(sent_clear(2, 3) && sent_clear(3, 4));
	ck_assert_uint_eq(rig.p->count[PC_OUT_CLEAR], 4);
	ck_assert_uint_eq(rig.p->count[PC_REFUSED] + rig.p->n_held, 0);
	ck_assert_int_eq(delivered(), -1); /* no ICMP */
}
END_TEST

START_TEST(never_clear_again_once_secured)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct sample in = { f, false, 32, 9, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];

	pair_add(1, CLEAR, &f);
	if (_i == 0)
		out_sample(CLEAR, &f, 1); /* either direction secures the flow */
	else
		plane_in_packet(rig.p, span_of(b, peer_seal(1, 1, &in, b)));
	(void)delivered();
	rig.n_sent = 0;
	plane_sa_delete(rig.p, 1);
	out_sample(CLEAR, &f, 2);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 1);
	done(&f, (enum ike_err)(IKE_OK + 1));
	out_sample(CLEAR, &f, 3);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->count[PC_REFUSED], 2);
	ck_assert_uint_eq(rig.p->count[PC_OUT_CLEAR], 0);
}
END_TEST

/* 0: so it is. 1: the peer takes no clear text. 2: the class allows none. 3: it was secured. */
START_TEST(boundary_behind_a_nat_stays_clear)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	uint32_t class_id = _i == 2 ? CLASS_DEFAULT : CLEAR;
	struct proto_acquire_done d = { class_id, f, IKE_OK };
	struct proto_acquire a;
	struct plane_flow *flow;

	out_sample(class_id, &f, 1);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert_uint_eq(rig.n_sent, _i != 2);
	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add add = pair_action(1, class_id, &f, inbound);

		add.nat.local = f.local;
		add.nat.local.port = 4500;
		add.nat.remote = f.remote;
		add.peer_boundary = _i != 1;
		ck_assert(plane_sa_add(rig.p, &add));
	}
	ck_assert_ptr_nonnull(flow = plane_flow_find(rig.p, class_id, &f));
	if (_i == 3)
		plane_flow_secure(rig.p, flow, plane_sa_for_flow(rig.p, class_id, &f));
	plane_out_done(rig.p, &d);
	out_sample(class_id, &f, 2);
	out_sample(class_id, &f, 3);
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->count[PC_OUT_CLEAR], _i == 0 ? 3 : _i != 2);
	ck_assert_int_eq(flow->was_secured, _i != 0);
	if (_i != 0)
		return;
	plane_sa_delete(rig.p, 1); /* begins anew, still in clear */
	out_sample(class_id, &f, 4);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	ck_assert(sent_clear(3, 4));
}
END_TEST

START_TEST(other_classes_are_never_clear)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	for (uint32_t class_id = 1; class_id < CLEAR; class_id++)
		out_sample(class_id, &f, 1);
	ck_assert_uint_eq(rig.n_sent, 0);
	owner_is(&f, CLASS_DEFAULT); /* nobody asked */
	clear_arrives(&f, 1);
	owner_is(&f, CLASS_DEFAULT);
	ck_assert_int_eq(delivered(), -1);
	clear_arrives(&f, 2);
	ck_assert_int_eq(delivered(), -1);
}
END_TEST

START_TEST(clear_in_within_the_grace)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(1, CLEAR, &f, inbound);

		a.allow_clear_ms = 5000;
		ck_assert(plane_sa_add(rig.p, &a));
	}
	out_sample(CLEAR, &f, 1);
	rig.p->now_ms += 4999;
	clear_arrives(&f, 2);
	ck_assert_int_eq(delivered(), 2);
	rig.p->now_ms += 1;
	clear_arrives(&f, 3);
	ck_assert_int_eq(delivered(), -1);
	/* a later pair does not open it again */
	plane_sa_delete(rig.p, 1);
	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(2, CLEAR, &f, inbound);

		a.allow_clear_ms = 5000;
		ck_assert(plane_sa_add(rig.p, &a));
	}
	out_sample(CLEAR, &f, 4);
	clear_arrives(&f, 5);
	ck_assert_int_eq(delivered(), -1);
	ck_assert_uint_eq(rig.p->count[PC_IN_CLEAR], 1);
	ck_assert_uint_eq(rig.p->count[PC_IN_CLEAR_REFUSED], 2);
}
END_TEST

START_TEST(owner_is_asked_and_remembered)
{
	struct flow f = flow_of(4, 6, 1000, 80), g = flow_of(4, 6, 1000, 81);

	for (uint8_t mark = 1; mark <= OWNER_HELD + 2; mark++)
		clear_arrives(&f, mark);
	expect_owner_ask(1000);
	rig_expect_silence();
	ck_assert_int_eq(delivered(), -1);
	owner_is(&f, CLEAR);
	for (int mark = 1; mark <= OWNER_HELD; mark++)
		ck_assert_int_eq(delivered(), mark);
	ck_assert_int_eq(delivered(), -1);
	ck_assert_uint_eq(rig.p->count[PC_HELD_DROPPED], 2);
	clear_arrives(&g, 9); /* another peer of the same port */
	ck_assert_int_eq(delivered(), 9);
	rig_expect_silence();
	owner_is(&f, CLASS_DEFAULT); /* an answer that nobody waits for */
	clear_arrives(&f, 10);
	ck_assert_int_eq(delivered(), 10);
}
END_TEST

START_TEST(answer_is_forgotten)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	clear_arrives(&f, 1);
	expect_owner_ask(1000);
	owner_is(&f, 0);
	clear_arrives(&f, 2);
	rig_expect_silence();
	rig.p->now_ms += 1000;
	clear_arrives(&f, 3);
	expect_owner_ask(1000);
	ck_assert_int_eq(delivered(), -1);
	/* the answer never came: asked again after a while */
	rig.p->now_ms += 1000;
	clear_arrives(&f, 4);
	expect_owner_ask(1000);
	owner_is(&f, CLEAR);
	ck_assert_int_eq(delivered(), 4);
	ck_assert_int_eq(delivered(), -1);
}
END_TEST

/* Two ports in one slot: the later one takes it over, and no packet goes astray. */
START_TEST(slots_are_shared)
{
	struct flow f = flow_of(4, 6, 0, 80);
	struct proto_owner ask;

	for (f.local.port = 1; f.local.port < 4000; f.local.port++) {
		clear_arrives(&f, 1);
		rig_expect(PROTO_OWNER_ASK, &ask, sizeof(ask));
	}
	for (f.local.port = 1; f.local.port < 4000; f.local.port++)
		owner_is(&f, 0);
	ck_assert_int_eq(delivered(), -1);
	ck_assert_uint_eq(rig.p->n_flows, 0);
}
END_TEST

START_TEST(missing_checksum_is_written)
{
	struct flow f = flow_of(4, 17, 1000, 80);
	uint8_t b[RIG_PACKET_BYTES], got[RIG_PACKET_BYTES];
	size_t n = clear_sample(&f, 7, b);
	struct packet p;

	plane_flow_get(rig.p, CLEAR, &f);
	plane_clear_in(rig.p, b, n, true);
	ck_assert_uint_eq(rig_tun_read(CLEAR, got), n);
	n = clear_sample(&f, 7, b);
	packet_parse(span_of(b, n), false, &p);
	packet_fill_checksum(b, n, &p);
	ck_assert_mem_eq(got, b, n);
	ck_assert_uint_ne(got[26] << 8 | got[27], 0);
}
END_TEST

START_TEST(no_opinion_on_other_packets)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = clear_sample(&f, 1, b);

	for (size_t cut = 0; cut < n; cut++)
		plane_clear_in(rig.p, b, cut, cut % 2 == 0);
	b[9] = 1;
	plane_clear_in(rig.p, b, n, true);
	b[9] = 6;
	b[6] = 0x20;
	plane_clear_in(rig.p, b, n, true);
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->n_flows, 0);
}
END_TEST

void
plane_clear_tests(Suite *s)
{
	TCase *t = tcase_create("clear");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, clear_out_while_negotiating);
	tcase_add_loop_test(t, never_clear_again_once_secured, 0, 2);
	tcase_add_loop_test(t, boundary_behind_a_nat_stays_clear, 0, 4);
	tcase_add_test(t, other_classes_are_never_clear);
	tcase_add_test(t, clear_in_within_the_grace);
	tcase_add_test(t, owner_is_asked_and_remembered);
	tcase_add_test(t, answer_is_forgotten);
	tcase_add_test(t, slots_are_shared);
	tcase_add_test(t, missing_checksum_is_written);
	tcase_add_test(t, no_opinion_on_other_packets);
	suite_add_tcase(s, t);
}
