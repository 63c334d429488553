/* The NAT port: datagrams of every kind, ESP in UDP, keepalives, peers that move. */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/nat_datagram.h"
#include "tests/unit/check_plane.h"

#define QM 7

static int peer_fd, plane_fd;
static struct endpoint here, peer;

static struct endpoint
endpoint_of(int fd)
{
	struct endpoint e = { .addr.family = 4 };
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	memcpy(e.addr.b, &a.sin_addr, 4);
	e.port = ntohs(a.sin_port);
	return e;
}

static int
loopback_socket(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
	return fd;
}

static void
nat_setup(void)
{
	rig_setup();
	plane_fd = loopback_socket();
	peer_fd = loopback_socket();
	here = endpoint_of(plane_fd);
	peer = endpoint_of(peer_fd);
	rig.config.nat_port = here.port;
	plane_role.fd(rig.p, FD_NAT4, 0, plane_fd);
}

static void
nat_teardown(void)
{
	close(peer_fd);
	rig_teardown();
}

static void
nat_pair_add(uint32_t qm_id, const struct flow *f, bool peer_moves, uint8_t inner)
{
	for (int in = 0; in < 2; in++) {
		struct action_sa_add a = pair_action(qm_id, CLASS_DEFAULT, f, in == 1);

		a.nat = (struct nat_encap){ here, peer, true, peer_moves,
			{ 4, { 192, 168, 0, inner } } };
		ck_assert(plane_sa_add(rig.p, &a));
	}
}

static void
from_peer(int fd, const uint8_t *p, size_t n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(here.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(send(fd, p, n, 0), (ssize_t)n);
	rig_turn();
}

/* Every length from 0 to 9, of zeros, of ones, and of a keepalive's byte in front. */
START_TEST(short_datagrams)
{
	for (size_t n = 0; n <= 9; n++)
		for (int fill = 0; fill < 3; fill++) {
			static const uint8_t byte[] = { 0, 1, NAT_KEEPALIVE };
			struct span body;
			enum nat_kind want = NAT_KIND_NOTHING;
			uint8_t *d = malloc(n > 0 ? n : 1); /* sanitizers see its end */

			memset(d, byte[fill], n > 0 ? n : 1);
			if (n == 1 && fill == 2)
				want = NAT_KIND_KEEPALIVE;
			else if (fill == 0 && n > 4)
				want = NAT_KIND_IKE;
			else if (fill != 0 && n >= 8)
				want = NAT_KIND_ESP;
			ck_assert_int_eq(nat_datagram_kind(span_of(d, n), &body), want);
			if (want == NAT_KIND_IKE)
				ck_assert_uint_eq(body.n, n - 4);
			else
				ck_assert_uint_eq(body.n, want == NAT_KIND_ESP ? n : 0);
			free(d);
		}
}
END_TEST

START_TEST(short_datagrams_do_nothing)
{
	uint8_t d[16];

	for (size_t n = 0; n <= 9; n++) {
		memset(d, 0, sizeof(d));
		if (n <= 4)
			from_peer(peer_fd, d, n);
		memset(d, 0x55, sizeof(d));
		from_peer(peer_fd, d, n);
	}
	memset(d, NAT_KEEPALIVE, 1);
	from_peer(peer_fd, d, 1);
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->count[PC_NAT_DATAGRAM], 5 + 8);
	ck_assert_uint_eq(rig.p->count[PC_NO_SPI], 2);
}
END_TEST

START_TEST(ike_goes_to_the_negotiator_and_back)
{
	struct {
		struct proto_nat nat;
		uint8_t b[6];
	} m = { .b = { 0 } };
	uint8_t d[10] = { 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o', '!' }, got[64];
	uint8_t body[sizeof(struct proto_nat) + 6];

	from_peer(peer_fd, d, sizeof(d));
	rig_expect(PROTO_NAT_IN, body, sizeof(body));
	memcpy(&m.nat, body, sizeof(m.nat));
	ck_assert_uint_eq(m.nat.local.port, here.port);
	ck_assert(address_equal(&m.nat.local.addr, &here.addr));
	ck_assert_uint_eq(m.nat.remote.port, peer.port);
	ck_assert_mem_eq(body + sizeof(m.nat), "hello!", 6);
	rig_say(PROTO_NAT_OUT, body, sizeof(body));
	ck_assert_int_eq(recv(peer_fd, got, sizeof(got), 0), 10);
	ck_assert_mem_eq(got, d, 10);
	/* Shorter than its head. */
	rig_say(PROTO_NAT_OUT, body, sizeof(struct proto_nat) - 1);
	ck_assert_int_lt(recv(peer_fd, got, sizeof(got), 0), 0);
}
END_TEST

START_TEST(esp_goes_out_in_udp)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	struct sent s;
	uint8_t got[2048];
	ssize_t n;

	nat_pair_add(QM, &f, false, 1);
	out_sample(CLASS_DEFAULT, &f, 'x');
	ck_assert_uint_eq(rig.n_sent, 0); /* nothing on the raw socket */
	n = recv(peer_fd, got, sizeof(got), 0);
	ck_assert_int_gt(n, 8);
	/* As a packet of protocol 50 it is what the peer can open. */
	memset(&s, 0, sizeof(s));
	s.b[0] = 0x45;
	s.n = (size_t)n + 20;
	s.b[2] = (uint8_t)(s.n >> 8);
	s.b[3] = (uint8_t)s.n;
	s.b[8] = 64;
	s.b[9] = 50;
	memcpy(s.b + 12, f.local.addr.b, 4);
	memcpy(s.b + 16, f.remote.addr.b, 4);
	memcpy(s.b + 20, got, (size_t)n);
	ck_assert_int_eq(peer_open(QM, &s), 'x');
}
END_TEST

/* What the peer sends: sealed with its private address, the NAT takes the header away. */
static size_t
peer_datagram(uint32_t qm_id, uint32_t seq, const struct flow *f, uint8_t mark, uint8_t *d)
{
	struct sample s = { .flow = *f, .payload_n = 32, .mark = mark, .tcp_flags = 0x10 };
	uint8_t b[RIG_PACKET_BYTES];
	size_t n;

	s.flow.remote.addr = (struct address){ 4, { 192, 168, 0, 9 } };
	n = peer_seal(qm_id, seq, &s, b);
	memcpy(d, b + 20, n - 20);
	return n - 20;
}

START_TEST(checksum_is_made_anew)
{
	struct flow f = flow_of(4, _i == 0 ? 6 : 17, 80, 1000);
	uint8_t d[2048], b[RIG_PACKET_BYTES], pseudo[RIG_PACKET_BYTES];
	size_t n;

	nat_pair_add(QM, &f, true, 1);
	n = peer_datagram(QM, 1, &f, 'y', d);
	from_peer(peer_fd, d, n);
	n = rig_tun_read(CLASS_DEFAULT, b);
	ck_assert_uint_gt(n, 40);
	ck_assert_mem_eq(b + 12, f.remote.addr.b, 4);
	ck_assert_mem_eq(b + 16, f.local.addr.b, 4);
	ck_assert_uint_eq(slow_sum(b, 20), 0xffff);
	memcpy(pseudo, b + 12, 8);
	pseudo[8] = 0;
	pseudo[9] = b[9];
	pseudo[10] = (uint8_t)((n - 20) >> 8);
	pseudo[11] = (uint8_t)(n - 20);
	memcpy(pseudo + 12, b + 20, n - 20);
	ck_assert_uint_eq(slow_sum(pseudo, n - 20 + 12), 0xffff);
}
END_TEST

START_TEST(moved_peer_is_followed)
{
	struct flow f = flow_of(4, 6, 80, 1000);
	int other_fd = loopback_socket();
	struct endpoint other = endpoint_of(other_fd);
	uint8_t d[3][2048];
	struct proto_move m;
	size_t n[3];

	nat_pair_add(QM, &f, _i == 0, 1);
	for (uint32_t i = 0; i < 3; i++)
		n[i] = peer_datagram(QM, i + 1, &f, 'y', d[i]);
	d[2][n[2] - 1] ^= 1;
	from_peer(other_fd, d[2], n[2]); /* forged: moves nothing */
	rig_expect_silence();
	d[2][n[2] - 1] ^= 1;
	from_peer(peer_fd, d[1], n[1]);
	from_peer(other_fd, d[1], n[1]); /* a copy */
	from_peer(other_fd, d[0], n[0]); /* authentic, but old */
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 2);
	from_peer(other_fd, d[2], n[2]);
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], 3);
	if (_i == 0) {
		rig_expect(PROTO_PEER_MOVED, &m, sizeof(m));
		ck_assert_uint_eq(m.qm_id, QM);
		ck_assert_uint_eq(m.remote.port, other.port);
		out_sample(CLASS_DEFAULT, &f, 'x');
		ck_assert_int_gt(recv(other_fd, d[0], sizeof(d[0]), 0), 8);
	} else {
		rig_expect_silence();
	}
	m = (struct proto_move){ QM, peer };
	rig_say(PROTO_SA_MOVE, &m, sizeof(m));
	out_sample(CLASS_DEFAULT, &f, 'x');
	ck_assert_int_gt(recv(peer_fd, d[0], sizeof(d[0]), 0), 8);
	close(other_fd);
}
END_TEST

START_TEST(neighbours_with_the_same_ports)
{
	struct flow f = flow_of(4, 6, 80, 1000);
	uint8_t d[2048], b[RIG_PACKET_BYTES];

	nat_pair_add(QM, &f, true, 1);
	nat_pair_add(QM + 1, &f, true, 2);
	from_peer(peer_fd, d, peer_datagram(QM, 1, &f, 'y', d));
	ck_assert_uint_gt(rig_tun_read(CLASS_DEFAULT, b), 0);
	from_peer(peer_fd, d, peer_datagram(QM + 1, 1, &f, 'z', d));
	ck_assert_uint_eq(rig_tun_read(CLASS_DEFAULT, b), 0);
	ck_assert_uint_eq(rig.p->count[PC_NAT_CONFLICT], 1);
	/* The same host with a newer pair is welcome. */
	nat_pair_add(QM + 2, &f, true, 1);
	from_peer(peer_fd, d, peer_datagram(QM + 2, 1, &f, 'z', d));
	ck_assert_uint_gt(rig_tun_read(CLASS_DEFAULT, b), 0);
}
END_TEST

START_TEST(raw_esp_is_not_for_a_pair_in_udp)
{
	struct flow f = flow_of(4, 6, 80, 1000);
	struct sample s = { .flow = f, .payload_n = 32, .mark = 'y', .tcp_flags = 0x10 };
	uint8_t b[RIG_PACKET_BYTES], d[RIG_PACKET_BYTES];
	size_t n;

	nat_pair_add(QM, &f, true, 1);
	pair_add(QM + 1, CLASS_DEFAULT, &f);
	n = peer_seal(QM, 1, &s, b);
	plane_in_packet(rig.p, span_of(b, n));
	ck_assert_uint_eq(rig.p->count[PC_WRONG_PEER], 1);
	n = peer_datagram(QM + 1, 1, &f, 'y', d);
	from_peer(peer_fd, d, n);
	ck_assert_uint_eq(rig.p->count[PC_WRONG_PEER], 2);
}
END_TEST

START_TEST(ah_is_refused)
{
	struct flow f = flow_of(4, 6, 80, 1000);
	struct action_sa_add a = pair_action(QM, CLASS_DEFAULT, &f, true);

	a.protocol = 51;
	a.cipher = CIPHER_NULL;
	a.cipher_key.n = 0;
	a.nat.local = here;
	ck_assert(!plane_sa_add(rig.p, &a));
}
END_TEST

START_TEST(keepalive_every_20_s_when_idle)
{
	struct flow f = flow_of(4, 6, 1000, 80);
	uint8_t b[2048];

	nat_pair_add(QM, &f, false, 1);
	rig.p->now_ms += 19999;
	plane_sa_tick(rig.p);
	ck_assert_int_lt(recv(peer_fd, b, sizeof(b), 0), 0);
	rig.p->now_ms += 1;
	plane_sa_tick(rig.p);
	plane_sa_tick(rig.p);
	ck_assert_int_eq(recv(peer_fd, b, sizeof(b), 0), 1);
	ck_assert_uint_eq(b[0], NAT_KEEPALIVE);
	ck_assert_int_lt(recv(peer_fd, b, sizeof(b), 0), 0);
	/* It does not count as use. */
	rig.p->now_ms += 20000;
	plane_sa_tick(rig.p);
	ck_assert_int_eq(recv(peer_fd, b, sizeof(b), 0), 1);
	ck_assert_uint_eq(rig.p->count[PC_NAT_KEEPALIVE], 2);
}
END_TEST

/* Whoever floods the port does not break the channel to a busy negotiator. */
START_TEST(flood_is_dropped)
{
	uint8_t d[1400] = { 0 };

	for (size_t i = 0; i < 4000; i++)
		from_peer(peer_fd, d, sizeof(d));
	ck_assert_uint_gt(rig.p->count[PC_NAT_DROPPED], 0);
	ck_assert_ptr_nonnull(rig.p->negotiator);
	ck_assert(ipc_is_behind(rig.p->negotiator));
}
END_TEST

void
plane_nat_tests(Suite *s)
{
	TCase *t = tcase_create("nat");

	tcase_add_checked_fixture(t, nat_setup, nat_teardown);
	tcase_add_test(t, short_datagrams);
	tcase_add_test(t, short_datagrams_do_nothing);
	tcase_add_test(t, ike_goes_to_the_negotiator_and_back);
	tcase_add_test(t, esp_goes_out_in_udp);
	tcase_add_loop_test(t, checksum_is_made_anew, 0, 2);
	tcase_add_loop_test(t, moved_peer_is_followed, 0, 2);
	tcase_add_test(t, neighbours_with_the_same_ports);
	tcase_add_test(t, raw_esp_is_not_for_a_pair_in_udp);
	tcase_add_test(t, ah_is_refused);
	tcase_add_test(t, flood_is_dropped);
	tcase_add_test(t, keepalive_every_20_s_when_idle);
	suite_add_tcase(s, t);
}
