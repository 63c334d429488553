/* Who is told of clear and secured flows: the negotiator, keeper, and another plane. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/ipc_ignore.h"
#include "tests/unit/plane_talk.h"

START_TEST(each_clear_flow_is_told_once)
{
	struct flow f = flow_of(4, 6, 1000, 80), g = flow_of(4, 6, 1001, 80),
		    h = flow_of(4, 6, 1002, 80);

	for (uint8_t mark = 1; mark < 5; mark++)
		out_sample(CLEAR, &f, mark);
	flow_done(&f, IKE_ERR_TIMED_OUT);
	out_sample(CLEAR, &f, 5);
	clear_arrives(&f, 6);
	ck_assert_uint_eq(heard(PROTO_FLOW_CLEAR), 1);
	clear_arrives(&g, 1);
	flow_owner(&g, CLEAR);
	clear_arrives(&g, 2);
	out_sample(CLEAR, &g, 3); /* the answer */
	ck_assert_uint_eq(heard(PROTO_FLOW_CLEAR), 1);
	flow_pair(1, &h, false, true); /* a peer with boundary, behind a NAT */
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
	flow_done(&f, IKE_ERR_TIMED_OUT);
	(void)heard(0);
	plane_flow_tell(rig.p, &ask);
	rig_expect(PROTO_FLOW_REPLY, &got, sizeof(got));
	ck_assert_uint_eq(got.seen, SEEN_FAILED);
	ck_assert(got.fell_back && !got.was_secured);
	flow_pair(5, &f, false, false);
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
	flow_pair(1, &g, false, false);
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
	flow_pair(1, &f, false, false);
	flow_done(&f, IKE_OK);
	ck_assert_int_eq(peer_open(1, &rig.sent[1]), 1);
}
END_TEST

void
plane_told_tests(Suite *s)
{
	TCase *t = tcase_create("told");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, each_clear_flow_is_told_once);
	tcase_add_test(t, a_flow_is_described);
	tcase_add_test(t, a_flood_is_told_in_few_words);
	tcase_add_test(t, keeper_is_told_what_is_secured);
	tcase_add_test(t, a_new_plane_knows_what_was_secured);
	suite_add_tcase(s, t);
}
