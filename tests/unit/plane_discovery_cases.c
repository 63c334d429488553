/*
 * The state table of negotiation discovery (MS-IKEE 3.7.4.1 and 3.7.4.2): a test for each of
 * its rows, in its order. doc/authip-checklist.md has the table.
 */
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_plane.h"

#define CLEAR CLASS_INSECURE

static void
done(const struct flow *f, enum ike_err error)
{
	struct proto_acquire_done d = { CLEAR, *f, error };

	plane_out_done(rig.p, &d);
}

static void
pair_with(uint32_t qm_id, const struct flow *f, bool guarantees, bool boundary_behind_nat)
{
	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(qm_id, CLEAR, f, inbound);

		a.guaranteed_encryption = guarantees;
		if (boundary_behind_nat) {
			a.peer_boundary = true;
			a.nat.local = f->local;
			a.nat.remote = f->remote;
			a.nat.local.port = a.nat.remote.port = 4500;
		}
		ck_assert(plane_sa_add(rig.p, &a));
	}
}

/* The packet that was sent last is this one, in clear. */
static bool
last_is_clear(uint8_t mark)
{
	const struct sent *s = &rig.sent[rig.n_sent - 1];

	return rig.n_sent > 0 && s->b[9] == 6 && s->b[s->n - 1] == mark;
}

static void
clear_arrives(const struct flow *f, uint8_t mark)
{
	struct sample s = { *f, false, 32, mark, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];

	plane_clear_in(rig.p, b, sample_write(&s, b), false);
}

static void
sealed_arrives(uint32_t qm_id, const struct flow *f, uint8_t mark)
{
	struct sample s = { *f, false, 32, mark, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];

	plane_in_packet(rig.p, span_of(b, peer_seal(qm_id, 1, &s, b)));
}

static void
ignore_message(void *ctx, uint16_t type, struct span body, int fd)
{
	(void)ctx;
	(void)type;
	(void)body;
	(void)fd;
}

static void
ignore_end(void *ctx)
{
	(void)ctx;
}

static void
owner_is(const struct flow *f, uint32_t class_id)
{
	struct proto_owner reply = { *f, class_id };

	plane_clear_owner(rig.p, &reply);
}

/* The mark of the next packet that programs got, -1: none. */
static int
delivered(void)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = rig_tun_read(CLEAR, b);

	return n == 0 ? -1 : b[n - 1];
}

/* Messages until there are none; how many of them were of this type. */
static size_t
heard(uint16_t type)
{
	uint8_t frame[4096];
	size_t n = 0;

	while (recv(rig.negotiator, frame, sizeof(frame), MSG_DONTWAIT) > 0) {
		uint16_t got;

		memcpy(&got, frame, sizeof(got));
		n += got == type;
		if (got != PROTO_FLOW_CLEAR)
			continue;
		memcpy(&rig.told, frame + 8, sizeof(rig.told));
		rig.n_told++;
	}
	return n;
}

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

	pair_with(1, &f, false, false);
	out_sample(CLEAR, &f, 1);
	plane_sa_delete(rig.p, 1);
	rig.n_sent = 0;
	out_sample(CLEAR, &f, 2);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 1);
	ck_assert_uint_eq(heard(PROTO_ACQUIRE), 1);
	pair_with(2, &f, false, false);
	done(&f, IKE_OK);
	ck_assert_uint_eq(rig.n_sent, 1);
	ck_assert_int_eq(peer_open(2, &rig.sent[0]), 2);
}
END_TEST

START_TEST(nd_out_4_another_guarantee_negotiates_again)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	pair_with(1, &f, true, false);
	out_sample(CLEAR, &f, 1); /* the flow is guaranteed encryption from here on */
	plane_sa_delete(rig.p, 1);
	pair_with(2, &f, false, false);
	rig.n_sent = 0;
	out_sample(CLEAR, &f, 2);
	ck_assert_uint_eq(rig.n_sent, 0); /* as without an SA */
	ck_assert_uint_eq(heard(PROTO_ACQUIRE_ENCRYPTED), 1);
	pair_with(3, &f, true, false);
	done(&f, IKE_OK);
	ck_assert_int_eq(peer_open(3, &rig.sent[0]), 2);
}
END_TEST

/* A deviation, for the safe side: a flow that was secured stays so there, too. */
START_TEST(nd_out_5_boundary_in_udp_is_sent_in_clear)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	pair_with(1, &f, false, true);
	out_sample(CLEAR, &f, 1);
	ck_assert(last_is_clear(1));
	ck_assert(!plane_flow_find(rig.p, CLEAR, &f)->was_secured);
	ck_assert_uint_eq(heard(PROTO_ACQUIRE), 0);
}
END_TEST

START_TEST(nd_out_6_with_an_sa_sealed_and_secured)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	pair_with(1, &f, false, false);
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
	done(&f, IKE_ERR_TIMED_OUT);
	out_sample(CLEAR, &f, 2);
	ck_assert(last_is_clear(2));
	clear_arrives(&f, 3);
	ck_assert_int_eq(delivered(), 3);
	ck_assert_uint_eq(rig.p->count[PC_REFUSED], 0);
}
END_TEST

/* ---- without discovery: clear text is the last choice ---- */

static void
class_waits(void)
{
	plane_clear_class(rig.p,
	    &(struct proto_class){ .class_id = CLEAR, .in_use = true, .allow_insecure = true,
		.clear_waits = true });
}

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
		done(&f, IKE_ERR_TIMED_OUT);
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
	pair_with(1, &f, false, false);
	done(&f, IKE_OK);
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

/* ---- who is told ---- */

START_TEST(each_clear_flow_is_told_once)
{
	struct flow f = flow_of(4, 6, 1000, 80), g = flow_of(4, 6, 1001, 80),
		    h = flow_of(4, 6, 1002, 80);

	for (uint8_t mark = 1; mark < 5; mark++)
		out_sample(CLEAR, &f, mark);
	done(&f, IKE_ERR_TIMED_OUT);
	out_sample(CLEAR, &f, 5);
	clear_arrives(&f, 6);
	ck_assert_uint_eq(heard(PROTO_FLOW_CLEAR), 1);
	clear_arrives(&g, 1);
	owner_is(&g, CLEAR);
	clear_arrives(&g, 2);
	out_sample(CLEAR, &g, 3); /* the answer */
	ck_assert_uint_eq(heard(PROTO_FLOW_CLEAR), 1);
	pair_with(1, &h, false, true); /* a peer with boundary, behind a NAT */
	out_sample(CLEAR, &h, 1);
	out_sample(CLEAR, &h, 2);
	ck_assert_uint_eq(heard(PROTO_FLOW_CLEAR), 1);
	ck_assert_uint_eq(rig.told.why, CLEAR_PEER_NAT);
	ck_assert_uint_eq(rig.told.flow.local.port, 1002);
}
END_TEST

/* For authipctl explain; asking makes no flow, and none younger. */
START_TEST(a_flow_is_described)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_flow_state ask = { .client = 7, .class_id = CLEAR, .flow = f }, got;
	uint64_t last_ms;

	rig_say(PROTO_FLOW_ASK, &ask, sizeof(ask));
	rig_expect(PROTO_FLOW_REPLY, &got, sizeof(got));
	ck_assert_uint_eq(got.seen, SEEN_NEVER);
	ck_assert_uint_eq(rig.p->n_flows, 0);
	class_waits();
	out_sample(CLEAR, &f, 1);
	(void)heard(0);
	last_ms = rig.p->now_ms;
	rig_say(PROTO_FLOW_ASK, &ask, sizeof(ask));
	rig_expect(PROTO_FLOW_REPLY, &got, sizeof(got));
	ck_assert_uint_eq(got.client, 7);
	ck_assert_uint_eq(got.seen, SEEN_WAITING);
	ck_assert_uint_eq(got.n_held, 1);
	ck_assert_uint_eq(TAILQ_FIRST(&rig.p->flow_age[false])->last_ms, last_ms);
	done(&f, IKE_ERR_TIMED_OUT);
	(void)heard(0);
	plane_flow_tell(rig.p, &ask);
	rig_expect(PROTO_FLOW_REPLY, &got, sizeof(got));
	ck_assert_uint_eq(got.seen, SEEN_FAILED);
	ck_assert(got.fell_back && !got.was_secured);
	pair_with(5, &f, false, false);
	out_sample(CLEAR, &f, 2);
	plane_flow_tell(rig.p, &ask);
	rig_expect(PROTO_FLOW_REPLY, &got, sizeof(got));
	ck_assert_uint_eq(got.seen, SEEN_OPEN);
	ck_assert(got.was_secured);
	ck_assert_uint_eq(got.qm_id, 5);
	ask.class_id = CLASS_MAX + 1;
	plane_flow_tell(rig.p, &ask);
	rig_expect(PROTO_FLOW_REPLY, &got, sizeof(got));
	ck_assert_uint_eq(got.seen, SEEN_NEVER);
}
END_TEST

/* Strangers make many flows: what is told is bounded, and none is forgotten. */
START_TEST(a_flood_is_told_in_few_words)
{
	struct flow f = flow_of(4, 17, 1000, 80);

	for (uint16_t port = 1; port <= TOLD_PER_TICK + 100; port++) {
		f.remote.port = port;
		plane_clear_tell(rig.p, plane_flow_get(rig.p, CLEAR, &f), CLEAR_INBOUND);
	}
	ck_assert_uint_eq(heard(PROTO_FLOW_CLEAR), TOLD_PER_TICK);
	rig.p->n_told = 0; /* the next tick */
	f.remote.port = 9000;
	plane_clear_tell(rig.p, plane_flow_get(rig.p, CLEAR, &f), CLEAR_INBOUND);
	(void)heard(0);
	ck_assert_uint_eq(rig.told.untold, 100);
}
END_TEST

/* ---- another plane ---- */

/* Keeper's ends of a channel to the plane. */
static int
keeper_connect(void)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd), 0);
	rig.p->keeper = ipc_new(rig.base, fd[1], ignore_message, ignore_end, NULL);
	return fd[0];
}

static uint16_t
keeper_hears(int fd, struct proto_flow_secured *m)
{
	uint8_t frame[8 + sizeof(*m)];
	uint16_t type = 0;

	if (recv(fd, frame, sizeof(frame), MSG_DONTWAIT) <= 0)
		return 0;
	memcpy(&type, frame, sizeof(type));
	memcpy(m, frame + 8, sizeof(*m));
	return type;
}

/* Only of classes that could forget: the others are never clear anyway. */
START_TEST(keeper_is_told_what_is_secured)
{
	struct flow f = flow_of(4, 6, 1000, 80), g = flow_of(4, 6, 1001, 80);
	struct proto_flow_secured m;
	int fd = keeper_connect();

	pair_add(9, CLASS_DEFAULT, &f);
	out_sample(CLASS_DEFAULT, &f, 1);
	pair_with(1, &g, false, false);
	out_sample(CLEAR, &g, 1);
	out_sample(CLEAR, &g, 2);
	ck_assert_uint_eq(keeper_hears(fd, &m), PROTO_FLOW_SECURED);
	ck_assert_uint_eq(m.class_id, CLEAR);
	ck_assert(flow_equal(&m.flow, &g));
	ck_assert_uint_eq(keeper_hears(fd, &m), 0);
	rig.p->now_ms += 11 * 60 * 1000;
	plane_flow_tick(rig.p);
	ck_assert_uint_eq(keeper_hears(fd, &m), PROTO_FLOW_FORGOTTEN);
	ck_assert(flow_equal(&m.flow, &g));
	ck_assert_uint_eq(keeper_hears(fd, &m), 0);
	/* an end of the plane is no end of the flow */
	out_sample(CLEAR, &g, 3);
	(void)keeper_hears(fd, &m);
	plane_flow_free_all(rig.p);
	ck_assert_uint_eq(keeper_hears(fd, &m), 0);
	ipc_free(rig.p->keeper);
	close(fd);
}
END_TEST

START_TEST(a_new_plane_knows_what_was_secured)
{
	struct flow f = flow_of(4, 6, 1000, 80), g = flow_of(4, 6, 1001, 80);
	struct proto_flow_secured m;

	memset(&m, 0, sizeof(m));
	m.class_id = CLEAR;
	m.flow = f;
	plane_role.message(rig.p, PROTO_FLOW_SECURED, span_of(&m, sizeof(m)), -1);
	m.class_id = CLASS_MAX + 1; /* no such */
	plane_role.message(rig.p, PROTO_FLOW_SECURED, span_of(&m, sizeof(m)), -1);
	ck_assert_uint_eq(rig.p->n_flows, 1);
	out_sample(CLEAR, &f, 1);
	ck_assert_uint_eq(rig.n_sent, 0);
	ck_assert_uint_eq(rig.p->n_held, 1);
	clear_arrives(&f, 2);
	ck_assert_int_eq(delivered(), -1);
	out_sample(CLEAR, &g, 3); /* another one may be clear */
	ck_assert(last_is_clear(3));
	pair_with(1, &f, false, false);
	done(&f, IKE_OK);
	ck_assert_int_eq(peer_open(1, &rig.sent[1]), 1);
}
END_TEST

/* ---- inbound ---- */

START_TEST(nd_in_1_first_clear_packet_if_its_owner_takes_it)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	clear_arrives(&f, 1);
	ck_assert_uint_eq(heard(PROTO_OWNER_ASK), 1);
	owner_is(&f, _i == 0 ? CLEAR : _i == 1 ? CLASS_DEFAULT : 0);
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

	pair_with(1, &f, false, false);
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
	pair_with(1, &f, false, false);
	sealed_arrives(1, &f, 2);
	ck_assert_int_eq(delivered(), 2);
	ck_assert(plane_flow_find(rig.p, CLEAR, &f)->was_secured);
}
END_TEST

START_TEST(nd_in_5_encryption_is_guaranteed_from_then_on)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	pair_with(1, &f, true, false);
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
	tcase_add_test(t, each_clear_flow_is_told_once);
	tcase_add_test(t, a_flow_is_described);
	tcase_add_test(t, a_flood_is_told_in_few_words);
	tcase_add_test(t, keeper_is_told_what_is_secured);
	tcase_add_test(t, a_new_plane_knows_what_was_secured);
	tcase_add_loop_test(t, nd_in_1_first_clear_packet_if_its_owner_takes_it, 0, 3);
	tcase_add_test(t, nd_in_2_clear_packet_of_a_clear_flow);
	tcase_add_test(t, nd_in_3_clear_packet_of_a_secured_flow);
	tcase_add_test(t, nd_in_4_protected_packet_secures_the_flow);
	tcase_add_test(t, nd_in_5_encryption_is_guaranteed_from_then_on);
	suite_add_tcase(s, t);
}
