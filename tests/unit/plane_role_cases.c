/* The role: descriptors, messages of the negotiator, the clock. */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_plane.h"

START_TEST(through_the_descriptors)
{
	struct sample out = { flow_of(4, 6, 1000, 80), true, 32, 1, 0x02 }, in = out;
	uint8_t b[RIG_PACKET_BYTES];
	struct action_sa_add a;
	struct proto_acquire ask;
	struct proto_acquire_done d = { 2, out.flow, IKE_OK };
	int raw[2];

	in.outbound = false;
	rig_pair(raw);
	plane_role.fd(rig.p, FD_RAW_ESP4, 0, raw[1]);
	rig_tun_write(2, NULL, b, sample_write(&out, b));
	rig_expect(PROTO_ACQUIRE, &ask, sizeof(ask));
	ck_assert_uint_eq(ask.class_id, 2);
	for (int inbound = 0; inbound < 2; inbound++) {
		a = pair_action(5, 2, &out.flow, inbound);
		rig_say(PROTO_SA_ADD, &a, sizeof(a));
	}
	rig_say(PROTO_ACQUIRE_DONE, &d, sizeof(d));
	ck_assert_uint_eq(rig.n_sent, 1);
	ck_assert_int_eq(peer_open(5, &rig.sent[0]), 1);
	ck_assert_int_gt(send(raw[0], b, peer_seal(5, 1, &in, b), 0), 0);
	rig_turn();
	ck_assert_uint_gt(rig_tun_read(2, b), 0);
	close(raw[0]);
}
END_TEST

START_TEST(pair_is_deleted_by_message)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct proto_sa_delete d = { 5 };

	pair_add(5, 1, &f);
	rig_say(PROTO_SA_DELETE, &d, sizeof(d));
	ck_assert_ptr_null(plane_sa_for_flow(rig.p, 1, &f));
}
END_TEST

/* Wrong lengths and unknown types change nothing. */
START_TEST(nonsense_of_the_negotiator)
{
	static const uint16_t types[] = { PROTO_SA_ADD, PROTO_SA_DELETE,
		PROTO_ACQUIRE_DONE, PROTO_OWNER_REPLY, PROTO_CLASS, PROTO_ACQUIRE, 0,
		9999 };
	uint8_t body[2048];
	struct flow f = flow_of(4, 6, 1000, 80);

	memset(body, 1, sizeof(body));
	pair_add(5, 1, &f);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (size_t n = 0; n < sizeof(body); n += 61)
			rig_say(types[i], body, n);
	ck_assert_ptr_nonnull(plane_sa_for_flow(rig.p, 1, &f));
	ck_assert_ptr_nonnull(rig.p->negotiator);
}
END_TEST

/* Keys and numbers of a negotiator that is gone are never used again. */
START_TEST(negotiator_goes)
{
	struct flow f = flow_of(4, 6, 1000, 80);

	pair_add(5, 1, &f);
	out_sample(1, &f, 1);
	ck_assert_uint_eq(rig.n_sent, 1);
	close(rig.negotiator);
	rig.negotiator = dup(0);
	rig_turn();
	ck_assert_ptr_null(rig.p->negotiator);
	out_sample(1, &f, 2);
	ck_assert_uint_eq(rig.n_sent, 1);
	ck_assert_uint_eq(rig.p->n_held, 1);
}
END_TEST

START_TEST(counters_are_told)
{
	uint64_t count[PLANE_COUNTER_COUNT];
	uint8_t b[1] = { 0x45 };
	struct timeval soon = { 0, 600000 };

	plane_out_packet(rig.p, 1, SPAN_ARRAY(b));
	event_base_loopexit(rig.base, &soon);
	event_base_dispatch(rig.base);
	rig_expect(PROTO_PLANE_COUNTERS, count, sizeof(count));
	ck_assert_uint_eq(count[PC_BAD_PACKET], 1);
	rig_expect_silence();
	/* a new negotiator knows nothing */
	rig_connect();
	event_base_loopexit(rig.base, &soon);
	event_base_dispatch(rig.base);
	rig_expect(PROTO_PLANE_COUNTERS, count, sizeof(count));
	ck_assert_uint_eq(count[PC_BAD_PACKET], 1);
}
END_TEST

static int
packet_protocol(void)
{
	struct sockaddr_ll a;
	socklen_t n = sizeof(a);

	ck_assert_int_eq(getsockname(rig.p->packet_fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sll_protocol);
}

START_TEST(clear_packets_only_while_wanted)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct proto_class c = { .class_id = CLASS_INSECURE, .in_use = true, .allow_insecure = true };

	if (fd < 0)
		return; /* not root */
	plane_role.fd(rig.p, FD_PACKET, 0, fd);
	rig_say(PROTO_CLASS, &c, sizeof(c));
	ck_assert_int_eq(packet_protocol(), ETH_P_ALL);
	c.in_use = false;
	rig_say(PROTO_CLASS, &c, sizeof(c));
	ck_assert_int_eq(packet_protocol(), ETH_P_LOOPBACK);
	c.in_use = true;
	rig_say(PROTO_CLASS, &c, sizeof(c));
	rig_connect(); /* a new negotiator says so itself */
	ck_assert_int_eq(packet_protocol(), ETH_P_LOOPBACK);
}
END_TEST

START_TEST(every_counter_has_a_name)
{
	for (int i = 0; i < PLANE_COUNTER_COUNT; i++)
		ck_assert_int_eq(
		    strncmp(plane_counter_name((enum plane_counter)i), "plane_", 6), 0);
	ck_assert_str_eq(plane_counter_name(PLANE_COUNTER_COUNT), "unknown");
}
END_TEST

/* Whatever a role has no use for is closed. */
START_TEST(unwanted_descriptors_are_closed)
{
	int fd = dup(0), peer = dup(0), wrong = dup(0);

	plane_role.fd(rig.p, FD_CTL, 0, fd);
	plane_role.peer(rig.p, ROLE_AUTH, peer);
	plane_role.fd(rig.p, FD_TUN, CLASS_MAX + 1, wrong);
	ck_assert_int_eq(close(fd), -1);
	ck_assert_int_eq(close(peer), -1);
	ck_assert_int_eq(close(wrong), -1);
	fd = dup(0);
	plane_role.message(rig.p, PROTO_ADOPT, SPAN_NONE, fd);
	ck_assert_int_eq(close(fd), -1);
	plane_role.stop(rig.p);
}
END_TEST

void
plane_role_tests(Suite *s)
{
	TCase *t = tcase_create("role");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, through_the_descriptors);
	tcase_add_test(t, pair_is_deleted_by_message);
	tcase_add_test(t, nonsense_of_the_negotiator);
	tcase_add_test(t, negotiator_goes);
	tcase_add_test(t, counters_are_told);
	tcase_add_test(t, clear_packets_only_while_wanted);
	tcase_add_test(t, every_counter_has_a_name);
	tcase_add_test(t, unwanted_descriptors_are_closed);
	suite_add_tcase(s, t);
}
