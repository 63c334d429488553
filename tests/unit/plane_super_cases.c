/* Super-packets: cut into right segments, merged from them, and nothing else merged. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_plane.h"
#include "tests/unit/super_sample.h"

#define FIN 0x01
#define PSH 0x08
#define ACK 0x10
#define CWR 0x80

static uint8_t whole[SUPER_HEAD_BYTES + PACKET_MAX_BYTES];
static uint8_t piece[PACKET_MAX_BYTES];
static struct merger merger;

static uint32_t
be(const uint8_t *p, size_t n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static const struct super_sample samples[] = {
	{ 4, 14480, 12, 1448, 1000, 9, PSH | ACK, false },
	{ 6, 14480, 12, 1448, 1000, 0, PSH | ACK, false },
	{ 4, 14000, 0, 1340, 0xfffff000, 0xfffe, PSH | ACK,
	    false }, /* both numbers wrap */
	{ 6, 3001, 40, 1000, 5, 0, ACK, false },
	{ 4, 65000, 0, 999, 5, 5, ACK, false },
	{ 4, 2, 0, 1, 5, 5, ACK, false },
};
#define N_SAMPLES ((int)(sizeof(samples) / sizeof(samples[0])))

static void
check_segment(const struct super_sample *s, size_t i, size_t n, bool last)
{
	size_t at = s->family == 4 ? 20 : 40, data_at = at + 20 + s->options_n;
	uint32_t seq = s->seq + (uint32_t)(i * s->mss_bytes);

	ck_assert_uint_eq(
	    n, data_at + (last ? s->data_n - i * s->mss_bytes : s->mss_bytes));
	ck_assert(super_sum_is_right(piece, n));
	ck_assert_uint_eq(be(piece + at + 4, 4), seq);
	for (size_t k = data_at; k < n; k++)
		ck_assert_uint_eq(piece[k], super_data(seq, k - data_at));
	if (s->family == 4) {
		ck_assert_uint_eq(be(piece + 2, 2), n);
		ck_assert_uint_eq(be(piece + 4, 2), (s->id + i) & 0xffff);
		ck_assert_uint_eq(slow_sum(piece, 20), 0xffff);
	} else {
		ck_assert_uint_eq(be(piece + 4, 2), n - 40);
	}
}

START_TEST(cut_and_merged_again)
{
	const struct super_sample *s = &samples[_i];
	size_t at = s->family == 4 ? 20 : 40, n = super_write(s, whole);
	struct virtio_net_hdr h;
	struct cutter c;
	struct span got;

	ck_assert(cutter_init(&c, whole, n));
	ck_assert_uint_eq(c.n_segments, (s->data_n + s->mss_bytes - 1) / s->mss_bytes);
	merger.n = 0;
	for (size_t i = 0; i < c.n_segments; i++) {
		bool last = i + 1 == c.n_segments;
		size_t m = cutter_write(&c, i, piece);

		check_segment(s, i, m, last);
		ck_assert_uint_eq(piece[at + 13], last ? s->flags : s->flags & ~PSH);
		ck_assert(merger_add(&merger, span_of(piece, m)));
	}
	got = merger_take(&merger);
	ck_assert_uint_eq(got.n, n);
	ck_assert_mem_eq(got.p, whole, n); /* as the kernel gave it, head and all */
	memcpy(&h, got.p, SUPER_HEAD_BYTES);
	ck_assert_uint_eq(h.gso_size, s->mss_bytes);
	ck_assert_uint_eq(merger_take(&merger).n, 0);
}
END_TEST

START_TEST(cut_flags)
{
	struct super_sample s = { 4, 3000, 0, 1000, 1, 1, CWR | FIN | PSH | ACK,
		false };
	static const uint8_t want[] = { CWR | ACK, ACK, FIN | PSH | ACK };
	struct cutter c;

	ck_assert(cutter_init(&c, whole, super_write(&s, whole)));
	for (size_t i = 0; i < 3; i++) {
		cutter_write(&c, i, piece);
		ck_assert_uint_eq(piece[33], want[i]);
	}
}
END_TEST

/* A packet that needs no cutting, but a checksum. */
START_TEST(checksum_is_completed)
{
	struct super_sample s = { _i == 0 ? 4 : 6, 100, 0, 1000, 1, 1, ACK, false };
	size_t n = super_write(&s, whole);
	struct cutter c;

	if (_i < 2)
		whole[1] = VIRTIO_NET_HDR_GSO_NONE;
	ck_assert(cutter_init(&c, whole, n));
	ck_assert_uint_eq(c.n_segments, 1);
	ck_assert_uint_eq(c.raw.n, n - SUPER_HEAD_BYTES);
	ck_assert(super_sum_is_right(c.raw.p, c.raw.n));
}
END_TEST

/* What sums up to 0 is sent as 0xffff: 0 would mean that there is none. */
START_TEST(checksum_of_zero)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 2, .csum_offset = 0
	};
	struct cutter c;

	memcpy(whole, &h, SUPER_HEAD_BYTES);
	memset(whole + SUPER_HEAD_BYTES, 0xff, 4);
	ck_assert(cutter_init(&c, whole, SUPER_HEAD_BYTES + 4));
	ck_assert_uint_eq(be(c.raw.p + 2, 2), 0xffff);
}
END_TEST

START_TEST(complete_packet_is_left_alone)
{
	struct super_sample s = { 4, 100, 0, 1000, 1, 1, ACK, false };
	struct cutter c;
	size_t n = super_write_segment(&s, piece);

	memset(whole, 0, SUPER_HEAD_BYTES);
	memcpy(whole + SUPER_HEAD_BYTES, piece, n);
	ck_assert(cutter_init(&c, whole, SUPER_HEAD_BYTES + n));
	ck_assert_uint_eq(c.n_segments, 1);
	ck_assert_mem_eq(c.raw.p, piece, n);
}
END_TEST

/* Every length, every byte of the heads: refused, or cut without leaving the buffers. */
START_TEST(cut_nonsense)
{
	struct super_sample s = { _i == 0 ? 4 : 6, 600, 0, 100, 1, 1, ACK, false };
	size_t n = super_write(&s, whole),
	       head = SUPER_HEAD_BYTES + (_i == 0 ? 40 : 60);
	uint8_t *b = malloc(n); /* as long as it says: the sanitizer watches its end */
	struct cutter c;

	for (size_t m = 0; m < n; m++) {
		memcpy(b, whole, n);
		ck_assert(!cutter_init(&c, b + n - m, m) || c.n_segments == 1);
	}
	for (size_t i = 0; i < head * 256; i++) {
		memcpy(b, whole, n);
		b[i / 256] = (uint8_t)i;
		if (cutter_init(&c, b, n) && c.n_segments > 1)
			for (size_t k = 0; k < c.n_segments; k++)
				ck_assert_uint_le(cutter_write(&c, k, piece), n);
	}
	free(b);
}
END_TEST

/* ---- merging ---- */

static size_t
second_of(uint8_t family, uint8_t *b)
{
	struct super_sample s = { family, 1000, 12, 0, 2000, 10, ACK, true };

	return super_write_segment(&s, b);
}

static void
merge_first(uint8_t family, uint8_t flags, size_t data_n)
{
	struct super_sample s = { family, data_n, 12, 0, 1000, 9, flags, true };

	merger.n = 0;
	ck_assert(merger_add(&merger, span_of(piece, super_write_segment(&s, piece))));
}

/* Any change of a header byte but IPv4 identification, checksum and PSH keeps it apart. */
START_TEST(only_what_follows_is_merged)
{
	uint8_t family = _i == 0 ? 4 : 6, b[RIG_PACKET_BYTES];
	size_t at = family == 4 ? 20 : 40, n = second_of(family, b);

	merge_first(family, ACK, 1000);
	ck_assert(merger_add(&merger, span_of(b, n)));
	for (size_t i = 0; i < at + 32; i++) {
		if ((family == 4 && (i == 4 || i == 5 || i == 10 || i == 11)) ||
		    i == at + 16 || i == at + 17)
			continue;
		second_of(family, b);
		b[i] ^= 0x20;
		super_fix_sums(b, n);
		merge_first(family, ACK, 1000);
		ck_assert_msg(!merger_add(&merger, span_of(b, n)), "byte %zu", i);
		ck_assert_uint_eq(merger.n_segments, 1);
	}
}
END_TEST

START_TEST(wrong_checksum_is_not_merged)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = second_of(4, b);

	b[n - 1] ^= 1;
	merge_first(4, ACK, 1000);
	ck_assert(!merger_add(&merger, span_of(b, n)));
	merger.n = 0;
	ck_assert(!merger_add(&merger, span_of(b, n)));
}
END_TEST

START_TEST(nothing_follows_an_end)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = second_of(4, b);

	merge_first(4, ACK | PSH, 1000);
	ck_assert(!merger_add(&merger, span_of(b, n)));
	merge_first(4, ACK, 999); /* shorter than the next one */
	ck_assert(!merger_add(&merger, span_of(b, n)));
}
END_TEST

START_TEST(a_short_one_is_the_last)
{
	struct super_sample s = { 4, 10, 12, 0, 2000, 10, ACK, true };
	uint8_t b[RIG_PACKET_BYTES];

	merge_first(4, ACK, 1000);
	ck_assert(merger_add(&merger, span_of(b, super_write_segment(&s, b))));
	s.seq = 2010;
	ck_assert(!merger_add(&merger, span_of(b, super_write_segment(&s, b))));
	ck_assert_uint_eq(merger_take(&merger).n, SUPER_HEAD_BYTES + 52 + 1010);
}
END_TEST

START_TEST(merged_up_to_what_a_header_can_tell)
{
	struct super_sample s = { 4, 1000, 0, 0, 0, 0, ACK, true };
	uint8_t b[RIG_PACKET_BYTES];

	merger.n = 0;
	while (merger_add(&merger, span_of(b, super_write_segment(&s, b))))
		s.seq += 1000;
	ck_assert_uint_eq(s.seq, 65000);
	ck_assert_uint_eq(merger_take(&merger).n, SUPER_HEAD_BYTES + 65040);
}
END_TEST

/* No SYN, FIN, URG, no pure acknowledgement, no UDP; alone: left as it was. */
START_TEST(what_is_never_merged)
{
	struct sample udp = { flow_of(4, 17, 80, 1000), false, 100, 1, 0 };
	struct super_sample s = { 4, 100, 0, 0, 0, 0, ACK, true };
	uint8_t b[RIG_PACKET_BYTES];
	size_t n;

	merger.n = 0;
	for (unsigned flags = 0; flags < 256; flags++) {
		s.flags = (uint8_t)flags;
		n = super_write_segment(&s, b);
		ck_assert(
		    merger_add(&merger, span_of(b, n)) == ((flags & ~PSH) == ACK));
		if (merger.n > 0)
			ck_assert_mem_eq(
			    merger_take(&merger).p + SUPER_HEAD_BYTES, b, n);
	}
	s.flags = ACK;
	s.data_n = 0;
	ck_assert(!merger_add(&merger, span_of(b, super_write_segment(&s, b))));
	ck_assert(!merger_add(&merger, span_of(b, sample_write(&udp, b))));
	s.data_n = 100;
	n = super_write_segment(&s, b);
	for (size_t m = 0; m < n; m++)
		ck_assert(!merger_add(&merger, span_of(b, m)));
}
END_TEST

void
plane_super_tests(Suite *s)
{
	TCase *t = tcase_create("super");

	tcase_add_loop_test(t, cut_and_merged_again, 0, N_SAMPLES);
	tcase_add_test(t, cut_flags);
	tcase_add_loop_test(t, checksum_is_completed, 0, 3);
	tcase_add_test(t, checksum_of_zero);
	tcase_add_test(t, complete_packet_is_left_alone);
	tcase_add_loop_test(t, cut_nonsense, 0, 2);
	tcase_add_loop_test(t, only_what_follows_is_merged, 0, 2);
	tcase_add_test(t, wrong_checksum_is_not_merged);
	tcase_add_test(t, nothing_follows_an_end);
	tcase_add_test(t, a_short_one_is_the_last);
	tcase_add_test(t, merged_up_to_what_a_header_can_tell);
	tcase_add_test(t, what_is_never_merged);
	suite_add_tcase(s, t);
}
