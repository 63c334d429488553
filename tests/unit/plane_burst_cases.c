/* Super-packets through the plane: sealed in bursts, received in batches. */
#include <sys/socket.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_plane.h"
#include "tests/unit/super_sample.h"

#define ACK 0x10
#define N_SEGMENTS 10
#define MSS_BYTES 1000

static uint8_t whole[SUPER_HEAD_BYTES + PACKET_MAX_BYTES];

static struct flow
flow_of_super(uint8_t family)
{
	return flow_of(family, 6, 1000, 80);
}

/* The kernel sends a super-packet of ten segments. */
static void
send_super(uint32_t class_id, uint8_t family)
{
	struct super_sample s = { family, N_SEGMENTS * MSS_BYTES, 0, MSS_BYTES, 0, 0,
		ACK, false };
	size_t n = super_write(&s, whole);

	rig_tun_write(class_id, whole, whole + SUPER_HEAD_BYTES, n - SUPER_HEAD_BYTES);
}

/* Everything arrives at the peer, in order. */
static void
expect_segments(uint32_t qm_id, size_t from, size_t n)
{
	ck_assert_uint_eq(rig.n_sent, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(peer_open(qm_id, &rig.sent[i]),
		    super_data(0, (from + i + 1) * MSS_BYTES - 1));
}

START_TEST(super_packet_is_one_burst)
{
	uint8_t family = _i == 0 ? 4 : 6;
	struct flow f = flow_of_super(family);

	pair_add(1, 1, &f);
	send_super(1, family);
	expect_segments(1, 0, N_SEGMENTS);
	ck_assert_uint_eq(rig.n_bursts, 1);
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], N_SEGMENTS);
	ck_assert_uint_eq(plane_sa_by_id(rig.p, 1)->seq_out, N_SEGMENTS);
	ck_assert_uint_eq(plane_sa_by_id(rig.p, 1)->usage.packets_out, N_SEGMENTS);
}
END_TEST

/* One that could not be sent with the others is sent by itself; none is lost. */
START_TEST(burst_is_interrupted)
{
	struct flow f = flow_of_super(4);

	rig.fail_at = (size_t)_i;
	pair_add(1, 1, &f);
	send_super(1, 4);
	expect_segments(1, 0, N_SEGMENTS);
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], N_SEGMENTS);
	ck_assert_uint_eq(rig.p->count[PC_SEND_FAILED], 0);
}
END_TEST

START_TEST(burst_that_is_too_big)
{
	struct flow f = flow_of_super(4);
	uint8_t b[RIG_PACKET_BYTES];

	rig.send_errno = EMSGSIZE;
	pair_add(1, 1, &f);
	send_super(1, 4);
	ck_assert_uint_eq(rig.p->count[PC_TOO_BIG], N_SEGMENTS);
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], 0);
	ck_assert_uint_gt(rig_tun_read(1, b), 48);
	ck_assert_int_eq(b[20], 3);
	ck_assert_int_eq(b[21], 4);
}
END_TEST

START_TEST(burst_that_nobody_takes)
{
	struct flow f = flow_of_super(6);

	rig.send_errno = ENOBUFS;
	pair_add(1, 1, &f);
	send_super(1, 6);
	ck_assert_uint_eq(rig.p->count[PC_SEND_FAILED], N_SEGMENTS);
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], 0);
}
END_TEST

/* Held as segments, and sent as such. */
START_TEST(super_packet_waits_for_a_negotiation)
{
	struct flow f = flow_of_super(4);
	struct proto_acquire a;
	struct proto_acquire_done d = { 1, f, IKE_OK };

	send_super(1, 4);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->n_held, 4);
	ck_assert_uint_eq(rig.p->count[PC_HELD_DROPPED], N_SEGMENTS - 4);
	pair_add(1, 1, &f);
	rig_say(PROTO_ACQUIRE_DONE, &d, sizeof(d));
	expect_segments(1, N_SEGMENTS - 4, 4);
}
END_TEST

/* The lifetime in bytes ends in the middle: the rest asks for another pair. */
START_TEST(pair_ends_inside_a_super_packet)
{
	struct flow f = flow_of_super(4);
	struct proto_qm_expired e;
	struct proto_acquire ask;

	for (int inbound = 0; inbound < 2; inbound++) {
		struct action_sa_add a = pair_action(1, 1, &f, inbound);

		a.lifetime_bytes = 3 * (MSS_BYTES + 40);
		ck_assert(plane_sa_add(rig.p, &a));
	}
	send_super(1, 4);
	expect_segments(1, 0, 3);
	rig_expect(PROTO_QM_EXPIRED, &e, sizeof(e));
	ck_assert_uint_eq(e.why, EXPIRY_BYTES);
	rig_expect(PROTO_ACQUIRE, &ask, sizeof(ask));
	ck_assert_uint_eq(rig.p->n_held, 4);
}
END_TEST

START_TEST(sequence_numbers_end_inside_a_super_packet)
{
	struct flow f = flow_of_super(4);

	pair_add(1, 1, &f);
	plane_sa_by_id(rig.p, 1)->seq_out = UINT32_MAX - 3;
	send_super(1, 4);
	expect_segments(1, 0, 3);
	ck_assert_uint_eq(rig.p->count[PC_SEQUENCE], 1);
	ck_assert_uint_eq(rig.p->n_held, 4);
}
END_TEST

/* A socket that allows it, and a peer that does not answer yet. */
START_TEST(super_packet_in_clear)
{
	send_super(CLASS_INSECURE, 4);
	ck_assert_uint_eq(rig.n_sent, N_SEGMENTS);
	ck_assert_uint_eq(rig.p->count[PC_OUT_CLEAR], N_SEGMENTS);
	for (size_t i = 0; i < N_SEGMENTS; i++)
		ck_assert(super_sum_is_right(rig.sent[i].b, rig.sent[i].n));
}
END_TEST

START_TEST(nonsense_from_the_tun)
{
	uint8_t b[100] = { 0x45 };

	memset(whole, 0xff, SUPER_HEAD_BYTES);
	rig_tun_write(1, whole, b, sizeof(b));
	ck_assert_uint_eq(rig.p->count[PC_BAD_PACKET], 1);
	ck_assert_int_eq(send(rig.tun[1], b, 3, 0), 3);
	rig_turn();
	ck_assert_uint_eq(rig.p->count[PC_BAD_PACKET], 2);
}
END_TEST

/* ---- received ---- */

/* What the peer sends: sealed. */
static void
arrive(int fd, uint32_t seq, const uint8_t *clear, size_t n)
{
	struct flow none = { 0 };
	struct action_sa_add a = pair_action(1, 1, &none, true);
	struct esp_params params = { a.protocol, a.spi, a.cipher,
		span_of(a.cipher_key.b, a.cipher_key.n), a.integrity,
		span_of(a.integrity_key.b, a.integrity_key.n) };
	struct esp_sa *sa = esp_sa_new(&params);
	uint8_t b[RIG_PACKET_BYTES];

	ck_assert_int_eq(esp_seal(sa, seq, clear, n, b, sizeof(b), &n), ESP_OK);
	ck_assert_int_eq(send(fd, b, n, 0), (ssize_t)n);
	esp_sa_free(sa);
}

static void
arrive_segments(int fd, uint32_t esp_seq, uint32_t seq, size_t n)
{
	uint8_t b[RIG_PACKET_BYTES];

	for (size_t i = 0; i < n; i++) {
		struct super_sample s = { 4, MSS_BYTES, 0, 0,
			seq + (uint32_t)(i * MSS_BYTES), 0, ACK, true };

		arrive(fd, esp_seq + (uint32_t)i, b, super_write_segment(&s, b));
	}
}

static size_t
read_super(struct virtio_net_hdr *h)
{
	uint8_t head[SUPER_HEAD_BYTES];
	size_t n = rig_tun_read_super(1, head, whole, sizeof(whole));

	memcpy(h, head, SUPER_HEAD_BYTES);
	return n;
}

static int
raw_socket(void)
{
	int raw[2];

	rig_pair(raw);
	plane_role.fd(rig.p, FD_RAW_ESP4, 0, raw[1]);
	return raw[0];
}

START_TEST(batch_is_merged)
{
	struct flow f = flow_of_super(4);
	int raw = raw_socket();
	struct virtio_net_hdr h;

	pair_add(1, 1, &f);
	arrive_segments(raw, 1, 0, N_SEGMENTS);
	rig_turn();
	ck_assert_uint_eq(read_super(&h), 40 + N_SEGMENTS * MSS_BYTES);
	ck_assert_uint_eq(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	ck_assert_uint_eq(h.gso_size, MSS_BYTES);
	for (size_t i = 0; i < N_SEGMENTS * MSS_BYTES; i++)
		ck_assert_uint_eq(whole[40 + i], super_data(0, i));
	ck_assert_uint_eq(read_super(&h), 0);
	ck_assert_uint_eq(rig.p->count[PC_IN_OPENED], N_SEGMENTS);
	close(raw);
}
END_TEST

/* Nothing waits for a next batch, and nothing overtakes. */
START_TEST(order_is_kept)
{
	struct flow f = flow_of_super(4);
	struct super_sample fin = { 4, 10, 0, 0, 3 * MSS_BYTES, 0, 0x11, true };
	uint8_t b[RIG_PACKET_BYTES];
	struct virtio_net_hdr h;
	int raw = raw_socket();

	pair_add(1, 1, &f);
	arrive_segments(raw, 1, 0, 3);
	arrive(raw, 4, b, super_write_segment(&fin, b));
	arrive_segments(raw, 5, 9 * MSS_BYTES, 1);
	arrive_segments(raw, 6, 4 * MSS_BYTES, 2);
	rig_turn();
	ck_assert_uint_eq(read_super(&h), 40 + 3 * MSS_BYTES);
	ck_assert_uint_eq(read_super(&h), 50);
	ck_assert_uint_eq(h.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	ck_assert_uint_eq(read_super(&h), 40 + MSS_BYTES);
	ck_assert_uint_eq(read_super(&h), 40 + 2 * MSS_BYTES);
	ck_assert_uint_eq(read_super(&h), 0);
	close(raw);
}
END_TEST

/* More than one system call brings. */
START_TEST(many_batches)
{
	struct flow f = flow_of_super(4);
	struct virtio_net_hdr h;
	int raw = raw_socket();
	size_t n, total = 0;

	pair_add(1, 1, &f);
	for (uint32_t i = 0; i < 10; i++) {
		arrive_segments(raw, 1 + 8 * i, 8 * MSS_BYTES * i, 8);
		if (i % 2 == 1) /* the socket between holds no more */
			rig_turn();
		while ((n = read_super(&h)) > 0)
			total += n - 40;
	}
	ck_assert_uint_eq(total, 80 * MSS_BYTES);
	close(raw);
}
END_TEST

void
plane_burst_tests(Suite *s)
{
	TCase *t = tcase_create("burst");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, super_packet_is_one_burst, 0, 2);
	tcase_add_loop_test(t, burst_is_interrupted, 1, N_SEGMENTS + 1);
	tcase_add_test(t, burst_that_is_too_big);
	tcase_add_test(t, burst_that_nobody_takes);
	tcase_add_test(t, super_packet_waits_for_a_negotiation);
	tcase_add_test(t, pair_ends_inside_a_super_packet);
	tcase_add_test(t, sequence_numbers_end_inside_a_super_packet);
	tcase_add_test(t, super_packet_in_clear);
	tcase_add_test(t, nonsense_from_the_tun);
	tcase_add_test(t, batch_is_merged);
	tcase_add_test(t, order_is_kept);
	tcase_add_test(t, many_batches);
	suite_add_tcase(s, t);
}
