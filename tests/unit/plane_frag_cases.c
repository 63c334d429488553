/* Datagrams larger than the path: put together, sealed as one, cut again. */
#include <string.h>

#include "tests/unit/check_plane.h"

#define DATAGRAM_BYTES 3500
#define PIECE_BYTES 1000 /* a multiple of 8 */

static uint8_t datagram[RIG_PACKET_BYTES];
static size_t datagram_n;
static struct flow flow;

static size_t
front(uint8_t family)
{
	return family == 4 ? 20 : 40;
}

static void
make_datagram(uint8_t family)
{
	struct sample s = { flow_of(family, 17, 1000, 80), true, 0, 7, 0 };

	flow = s.flow;
	s.payload_n = DATAGRAM_BYTES - front(family) - 8;
	datagram_n = sample_write(&s, datagram);
	ck_assert_uint_eq(datagram_n, DATAGRAM_BYTES);
}

/* Data [at, at + n) of the datagram as the kernel would send it. */
static size_t
make_piece(uint8_t family, uint32_t id, size_t at, size_t n, bool more, uint8_t *b)
{
	size_t h = front(family), gap = family == 4 ? 0 : 8;
	size_t total = h + gap + n, from = h + at + n <= sizeof(datagram) ? at : 0;

	memcpy(b, datagram, h);
	memcpy(b + h + gap, datagram + h + from, n);
	if (family == 4) {
		b[2] = (uint8_t)(total >> 8);
		b[3] = (uint8_t)total;
		b[4] = (uint8_t)(id >> 8);
		b[5] = (uint8_t)id;
		b[6] = (uint8_t)((more ? 0x20 : 0) | at / 8 >> 8);
		b[7] = (uint8_t)(at / 8);
		return total;
	}
	b[4] = (uint8_t)((total - h) >> 8);
	b[5] = (uint8_t)(total - h);
	memset(b + h, 0, 8);
	b[h] = b[6];
	b[6] = 44;
	b[h + 2] = (uint8_t)(at >> 8);
	b[h + 3] = (uint8_t)(at | (more ? 1 : 0));
	b[h + 7] = (uint8_t)id;
	return total;
}

static void
send_piece(uint8_t family, uint32_t id, size_t i)
{
	size_t data_n = datagram_n - front(family), at = i * PIECE_BYTES;
	size_t n = data_n - at < PIECE_BYTES ? data_n - at : PIECE_BYTES;
	uint8_t b[RIG_PACKET_BYTES];

	plane_out_packet(rig.p, 1,
	    span_of(b, make_piece(family, id, at, n, at + n < data_n, b)));
}

/* Puts what was sent together again, as the receiving kernel does. */
static void
gather(uint8_t family, struct sent *whole)
{
	size_t h = front(family), gap = family == 4 ? 0 : 8;
	uint8_t next = family == 4 ? rig.sent[0].b[9] : rig.sent[0].b[h];

	memcpy(whole->b, rig.sent[0].b, h);
	whole->n = h;
	for (size_t i = 0; i < rig.n_sent; i++) {
		const uint8_t *b = rig.sent[i].b;
		size_t at = family == 4 ? (size_t)((b[6] & 0x1f) << 8 | b[7]) * 8 :
					  (size_t)(b[h + 2] << 8 | (b[h + 3] & 0xf8));
		bool more = family == 4 ? (b[6] & 0x20) != 0 : (b[h + 3] & 1) != 0;

		ck_assert_uint_le(rig.sent[i].n, 1500);
		ck_assert_uint_eq(at, whole->n - h);
		ck_assert_uint_eq(more, i + 1 < rig.n_sent);
		memcpy(whole->b + whole->n, b + h + gap, rig.sent[i].n - h - gap);
		whole->n += rig.sent[i].n - h - gap;
	}
	whole->b[family == 4 ? 9 : 6] = next;
	whole->b[family == 4 ? 2 : 4] = (uint8_t)((whole->n - (family == 4 ? 0 : h)) >> 8);
	whole->b[family == 4 ? 3 : 5] = (uint8_t)(whole->n - (family == 4 ? 0 : h));
	if (family == 4)
		whole->b[6] = whole->b[7] = 0;
}

static const uint8_t families[] = { 4, 6 };

START_TEST(sealed_as_one_and_cut_again)
{
	uint8_t family = families[_i];
	struct sent whole;

	make_datagram(family);
	pair_add(1, 1, &flow);
	for (size_t i = 0; i < 4; i++)
		send_piece(family, 77, i);
	ck_assert_uint_eq(rig.p->count[PC_FRAGMENT], 0);
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], 1);
	ck_assert_uint_eq(rig.n_sent, 3);
	gather(family, &whole);
	if (family == 4) { /* the kernel would have written it */
		uint16_t sum;

		whole.b[10] = whole.b[11] = 0;
		sum = slow_sum(whole.b, 20);
		memcpy(whole.b + 10, &sum, 2);
	}
	ck_assert_int_eq(peer_open(1, &whole), 7);
}
END_TEST

START_TEST(two_datagrams_at_once)
{
	make_datagram(4);
	pair_add(1, 1, &flow);
	for (size_t i = 0; i < 4; i++) {
		send_piece(4, 77, i);
		send_piece(4, 78, i);
	}
	ck_assert_uint_eq(rig.p->count[PC_OUT_SEALED], 2);
	ck_assert_uint_eq(rig.p->count[PC_FRAGMENT], 0);
}
END_TEST

START_TEST(held_whole_while_negotiating)
{
	struct proto_acquire a;

	make_datagram(4);
	for (size_t i = 0; i < 4; i++)
		send_piece(4, 77, i);
	rig_expect(PROTO_ACQUIRE, &a, sizeof(a));
	rig_expect_silence();
	ck_assert_uint_eq(rig.p->n_held, 1);
	ck_assert_uint_eq(a.flow.remote.port, 80);
}
END_TEST

START_TEST(a_missing_piece)
{
	make_datagram(4);
	pair_add(1, 1, &flow);
	send_piece(4, 77, 0);
	send_piece(4, 77, 2);
	ck_assert_uint_eq(rig.p->count[PC_FRAGMENT], 1);
	send_piece(4, 77, 1);
	send_piece(4, 77, 3);
	ck_assert_uint_eq(rig.p->count[PC_FRAGMENT], 3);
	ck_assert_uint_eq(rig.n_sent, 0);
}
END_TEST

/* First pieces without an end: as many as there are slots, then the oldest goes. */
START_TEST(unfinished_ones_are_bounded)
{
	make_datagram(4);
	for (uint32_t id = 1; id <= 2 * FRAG_SLOTS; id++)
		send_piece(4, id, 0);
	ck_assert_uint_eq(rig.p->count[PC_FRAGMENT], FRAG_SLOTS);
	ck_assert_uint_eq(rig.n_sent, 0);
	rig_expect_silence();
}
END_TEST

START_TEST(nonsense)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n;

	make_datagram(4);
	n = make_piece(4, 1, 0, 999, true, b); /* not a multiple of 8 */
	plane_out_packet(rig.p, 1, span_of(b, n));
	n = make_piece(4, 1, 0, 0, true, b); /* empty */
	plane_out_packet(rig.p, 1, span_of(b, n));
	n = make_piece(4, 1, 65528 - 8, 1000, true, b); /* beyond 64 KB, and no beginning */
	plane_out_packet(rig.p, 1, span_of(b, n));
	ck_assert_uint_eq(rig.p->count[PC_FRAGMENT], 3);
	make_datagram(6);
	n = make_piece(6, 1, 0, 16, true, b);
	for (size_t cut = 40; cut < n; cut++) {
		b[4] = 0;
		b[5] = (uint8_t)(cut - 40);
		plane_out_packet(rig.p, 1, span_of(b, cut));
	}
	ck_assert_uint_eq(rig.n_sent, 0);
}
END_TEST

void
plane_frag_tests(Suite *s)
{
	TCase *t = tcase_create("fragments");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, sealed_as_one_and_cut_again, 0, 2);
	tcase_add_test(t, two_datagrams_at_once);
	tcase_add_test(t, held_whole_while_negotiating);
	tcase_add_test(t, a_missing_piece);
	tcase_add_test(t, unfinished_ones_are_bounded);
	tcase_add_test(t, nonsense);
	suite_add_tcase(s, t);
}
