/* Reading IP packets: headers, extensions, fragments, and every length that is wrong. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_plane.h"

/* From a buffer of exactly n bytes, so that a sanitizer sees every excess. */
static enum packet_verdict
parse_exact(const uint8_t *b, size_t n, bool outbound, struct packet *p)
{
	uint8_t *exact = malloc(n + 1);
	enum packet_verdict v;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact + 1, b, n);
	v = packet_parse(span_of(exact + 1, n), outbound, p);
	p->raw.p = NULL; /* goes with the buffer */
	free(exact);
	return v;
}

static enum packet_verdict
verdict_of(const uint8_t *b, size_t n)
{
	struct packet p;

	return parse_exact(b, n, true, &p);
}

static const struct kind {
	uint8_t family;
	uint8_t protocol;
} kinds[] = { { 4, 6 }, { 4, 17 }, { 6, 6 }, { 6, 17 } };

static size_t
write_kind(int i, uint8_t *b)
{
	struct sample s = { flow_of(kinds[i].family, kinds[i].protocol, 1000, 2000),
		true, 9, 7, 0x10 };

	return sample_write(&s, b);
}

START_TEST(flow_is_seen_from_this_host)
{
	struct sample s = { flow_of(kinds[_i].family, kinds[_i].protocol, 1000, 2000),
		true, 9, 7, 0x10 };
	uint8_t b[RIG_PACKET_BYTES];
	struct packet p;
	size_t n;

	for (int outbound = 0; outbound < 2; outbound++) {
		s.outbound = outbound;
		n = sample_write(&s, b);
		memset(b + n, 0xff, 5); /* link-layer padding is no part of it */
		ck_assert_int_eq(parse_exact(b, n + 5, s.outbound, &p), PACKET_GOOD);
		ck_assert_uint_eq(p.raw.n, n);
		ck_assert_uint_eq(p.upper_at, kinds[_i].family == 4 ? 20 : 40);
		ck_assert(flow_matches(&s.flow, &p.flow));
		ck_assert_uint_eq(p.flow.local.port, 1000);
	}
}
END_TEST

START_TEST(what_starts_a_flow)
{
	struct sample s = { flow_of(4, 6, 1, 2), true, 0, 0, 0 };
	uint8_t b[RIG_PACKET_BYTES];
	struct packet p;

	for (int flags = 0; flags < 256; flags++) {
		s.tcp_flags = (uint8_t)flags;
		packet_parse(span_of(b, sample_write(&s, b)), true, &p);
		ck_assert_int_eq(p.starts, (flags & 0x12) == 0x02);
	}
	s.flow.protocol = 17;
	packet_parse(span_of(b, sample_write(&s, b)), true, &p);
	ck_assert(p.starts);
}
END_TEST

START_TEST(truncated_packet_is_bad)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = write_kind(_i, b);

	for (size_t cut = 0; cut < n; cut++)
		ck_assert_msg(verdict_of(b, cut) == PACKET_BAD, "%zu of %zu", cut, n);
	ck_assert_int_eq(verdict_of(b, n), PACKET_GOOD);
}
END_TEST

/* The packet ends before its TCP or UDP header does, and says so. */
START_TEST(short_upper_header_is_bad)
{
	uint8_t b[RIG_PACKET_BYTES];
	bool v4 = kinds[_i].family == 4;
	size_t front = v4 ? 20 : 40, need = kinds[_i].protocol == 6 ? 20 : 8;

	write_kind(_i, b);
	for (size_t upper = 0; upper <= need; upper++) {
		b[v4 ? 3 : 5] = (uint8_t)(v4 ? front + upper : upper);
		b[v4 ? 2 : 4] = 0;
		ck_assert_int_eq(verdict_of(b, front + upper),
		    upper < need ? PACKET_BAD : PACKET_GOOD);
	}
}
END_TEST

START_TEST(version_must_be_4_or_6)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = write_kind(0, b);

	for (int version = 0; version < 16; version++) {
		b[0] = (uint8_t)(version << 4 | 5);
		if (version != 4 && version != 6)
			ck_assert_int_eq(verdict_of(b, n), PACKET_BAD);
	}
}
END_TEST

START_TEST(ipv4_header_lengths)
{
	struct sample s = { flow_of(4, 17, 1000, 2000), true, 64, 0, 0 };
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = sample_write(&s, b);
	struct packet p;

	for (int words = 0; words < 16; words++) {
		b[0] = (uint8_t)(0x40 | words);
		ck_assert_int_eq(
		    parse_exact(b, n, true, &p), words < 5 ? PACKET_BAD : PACKET_GOOD);
		if (words >= 5)
			ck_assert_uint_eq(p.upper_at, (size_t)words * 4);
	}
	b[0] = 0x45;
	for (size_t total = 0; total < 28; total++) {
		b[2] = 0;
		b[3] = (uint8_t)total;
		ck_assert_int_eq(verdict_of(b, n), PACKET_BAD);
	}
	b[2] = 0xff; /* longer than what came */
	ck_assert_int_eq(verdict_of(b, n), PACKET_BAD);
}
END_TEST

START_TEST(fragments)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = write_kind(1, b);

	b[6] = 0x40; /* do not fragment: a whole packet */
	ck_assert_int_eq(verdict_of(b, n), PACKET_GOOD);
	b[6] = 0x20;
	ck_assert_int_eq(verdict_of(b, n), PACKET_FRAGMENT);
	for (int bit = 0; bit < 13; bit++) {
		b[6] = (uint8_t)(1 << bit >> 8);
		b[7] = (uint8_t)(1 << bit);
		ck_assert_int_eq(verdict_of(b, n), PACKET_FRAGMENT);
	}
	n = write_kind(3, b);
	b[6] = IPPROTO_FRAGMENT;
	ck_assert_int_eq(verdict_of(b, n), PACKET_FRAGMENT);
}
END_TEST

START_TEST(other_protocols)
{
	uint8_t b[RIG_PACKET_BYTES];
	size_t n;

	for (int protocol = 0; protocol < 256; protocol++) {
		if (protocol == 6 || protocol == 17)
			continue;
		n = write_kind(0, b);
		b[9] = (uint8_t)protocol;
		ck_assert_int_eq(verdict_of(b, n), PACKET_OTHER);
		n = write_kind(2, b);
		b[6] = (uint8_t)protocol;
		if (protocol != 0 && protocol != 43 && protocol != 44 && protocol != 60)
			ck_assert_int_eq(verdict_of(b, n), PACKET_OTHER);
	}
}
END_TEST

/* An IPv6 UDP packet behind n extension headers of that type and of 8 bytes each. */
static size_t
write_extended(uint8_t type, size_t count, uint8_t *b)
{
	struct sample s = { flow_of(6, 17, 1000, 2000), true, 8 * count + 4, 0, 0 };
	size_t n = sample_write(&s, b), at = 40;

	memmove(b + 40 + 8 * count, b + 40, 12);
	b[6] = count > 0 ? type : 17;
	for (size_t i = 0; i < count; i++, at += 8) {
		memset(b + at, 0, 8);
		b[at] = i + 1 < count ? type : 17;
	}
	return n;
}

START_TEST(extension_headers)
{
	static const uint8_t types[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING,
		IPPROTO_DSTOPTS };
	uint8_t b[RIG_PACKET_BYTES];
	struct packet p;
	size_t n;

	for (size_t count = 0; count < 12; count++) {
		n = write_extended(types[_i], count, b);
		ck_assert_int_eq(
		    parse_exact(b, n, true, &p), count < 8 ? PACKET_GOOD : PACKET_BAD);
		if (count >= 8)
			continue;
		ck_assert_uint_eq(p.upper_at, 40 + 8 * count);
		ck_assert_uint_eq(p.flow.remote.port, 2000);
	}
	n = write_extended(types[_i], 1, b);
	for (int len = 0; len < 256; len++) {
		b[41] = (uint8_t)len;
		ck_assert_int_eq(verdict_of(b, n), len == 0 ? PACKET_GOOD : PACKET_BAD);
	}
	/* nothing behind the fixed header */
	b[4] = b[5] = 0;
	ck_assert_int_eq(verdict_of(b, 40), PACKET_BAD);
	n = write_extended(types[_i], 2, b);
	b[40] = IPPROTO_FRAGMENT;
	ck_assert_int_eq(verdict_of(b, n), PACKET_FRAGMENT);
}
END_TEST

void
plane_packet_tests(Suite *s)
{
	TCase *t = tcase_create("packet");

	tcase_add_loop_test(t, flow_is_seen_from_this_host, 0, 4);
	tcase_add_test(t, what_starts_a_flow);
	tcase_add_loop_test(t, truncated_packet_is_bad, 0, 4);
	tcase_add_loop_test(t, short_upper_header_is_bad, 0, 4);
	tcase_add_test(t, version_must_be_4_or_6);
	tcase_add_test(t, ipv4_header_lengths);
	tcase_add_test(t, fragments);
	tcase_add_test(t, other_protocols);
	tcase_add_loop_test(t, extension_headers, 0, 3);
	suite_add_tcase(s, t);
}
