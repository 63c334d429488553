/* Checksums and ICMP errors. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_plane.h"

/* The sum over the pseudo-header and everything behind `at`: 0xffff if it is right. */
static uint16_t
upper_sum(const uint8_t *b, size_t n, size_t at, uint8_t protocol)
{
	static uint8_t all[70000];
	bool v4 = b[0] >> 4 == 4;
	size_t addr_n = v4 ? 8 : 32, upper_n = n - at;

	memset(all, 0, 40);
	memcpy(all, b + (v4 ? 12 : 8), addr_n);
	all[addr_n] = (uint8_t)(upper_n >> 24);
	all[addr_n + 1] = (uint8_t)(upper_n >> 16);
	all[addr_n + 2] = (uint8_t)(upper_n >> 8);
	all[addr_n + 3] = (uint8_t)upper_n;
	all[addr_n + 7] = protocol;
	memcpy(all + addr_n + 8, b + at, upper_n);
	return slow_sum(all, addr_n + 8 + upper_n);
}

START_TEST(known_checksums)
{
	/* from 192.0.2.1 to 192.0.2.2; what the sender left in the field does not count */
	uint8_t udp[] = { 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192,
		0, 2, 2, 0x04, 0x00, 0x00, 0x35, 0, 12, 0xff, 0xff, 'a', 'b', 'c',
		'd' };
	uint8_t tcp[] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0,
		2, 2, 0x04, 0x00, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0x10, 0,
		0xff, 0xff, 0, 0 };
	struct packet p;

	ck_assert_int_eq(packet_parse(SPAN_ARRAY(udp), true, &p), PACKET_GOOD);
	packet_fill_checksum(udp, sizeof(udp), &p);
	/* computed elsewhere */
	ck_assert_uint_eq(udp[26] << 8 | udp[27], 0xb2d6);
	ck_assert_int_eq(packet_parse(SPAN_ARRAY(tcp), true, &p), PACKET_GOOD);
	packet_fill_checksum(tcp, sizeof(tcp), &p);
	ck_assert_uint_eq(upper_sum(tcp, sizeof(tcp), 20, 6), 0xffff);
}
END_TEST

START_TEST(filled_checksum_holds)
{
	static uint8_t b[65535];
	static const uint8_t protocols[] = { 6, 17 };
	struct packet p;

	for (size_t n = 0; n < 80; n++) {
		struct sample s = { flow_of(_i % 2 == 0 ? 4 : 6, protocols[_i / 2],
					1000, 2000),
			false, n < 79 ? n : 65000, (uint8_t)(n * 37 + 0x80), 0x10 };
		size_t total = sample_write(&s, b);

		ck_assert_int_eq(
		    packet_parse(span_of(b, total), false, &p), PACKET_GOOD);
		packet_fill_checksum(b, total, &p);
		ck_assert_uint_eq(
		    upper_sum(b, total, p.upper_at, s.flow.protocol), 0xffff);
	}
}
END_TEST

/* A UDP checksum of zero means "none": the sum that is zero is written as ones. */
START_TEST(udp_checksum_is_never_zero)
{
	struct sample s = { flow_of(4, 17, 0, 0), true, 2, 0, 0 };
	uint8_t b[RIG_PACKET_BYTES];
	size_t n = sample_write(&s, b);
	struct packet p;
	uint16_t sum;

	packet_parse(span_of(b, n), true, &p);
	packet_fill_checksum(b, n, &p);
	sum = (uint16_t)(b[26] << 8 | b[27]);
	b[28] = (uint8_t)(sum >> 8);
	b[29] = (uint8_t)sum;
	packet_fill_checksum(b, n, &p);
	ck_assert_uint_eq(b[26] << 8 | b[27], 0xffff);
}
END_TEST

static void
assert_icmp4(const uint8_t *raw, size_t n, uint32_t mtu, const uint8_t *e, size_t e_n)
{
	size_t quote = n < 548 ? n : 548;

	ck_assert_uint_eq(e_n, 28 + quote);
	ck_assert_uint_eq(e[0], 0x45);
	ck_assert_uint_eq((size_t)(e[2] << 8 | e[3]), e_n);
	ck_assert_uint_eq(e[9], IPPROTO_ICMP);
	ck_assert_uint_eq(slow_sum(e, 20), 0xffff);
	ck_assert_mem_eq(e + 12, raw + 16, 4);
	ck_assert_mem_eq(e + 16, raw + 12, 4);
	ck_assert_uint_eq(e[20], 3);
	ck_assert_uint_eq(e[21], mtu != 0 ? 4 : 13);
	ck_assert_uint_eq((uint32_t)(e[26] << 8 | e[27]), mtu);
	ck_assert_uint_eq(slow_sum(e + 20, e_n - 20), 0xffff);
	ck_assert_mem_eq(e + 28, raw, quote);
}

static void
assert_icmp6(const uint8_t *raw, size_t n, uint32_t mtu, const uint8_t *e, size_t e_n)
{
	size_t quote = n < 1232 ? n : 1232;

	ck_assert_uint_eq(e_n, 48 + quote);
	ck_assert_uint_eq((size_t)(e[4] << 8 | e[5]), e_n - 40);
	ck_assert_uint_eq(e[6], IPPROTO_ICMPV6);
	ck_assert_mem_eq(e + 8, raw + 24, 16);
	ck_assert_mem_eq(e + 24, raw + 8, 16);
	ck_assert_uint_eq(e[40], mtu != 0 ? 2 : 1);
	ck_assert_uint_eq(e[41], mtu != 0 ? 0 : 1);
	ck_assert_uint_eq((uint32_t)(e[46] << 8 | e[47]), mtu);
	ck_assert_uint_eq(upper_sum(e, e_n, 40, IPPROTO_ICMPV6), 0xffff);
	ck_assert_mem_eq(e + 48, raw, quote);
}

START_TEST(icmp_errors)
{
	static uint8_t b[65535];
	uint8_t *e = malloc(1280);

	ck_assert_ptr_nonnull(e);
	for (size_t n = 0; n < 3000; n = n < 1300 ? n + 1 : n + 700) {
		struct sample s = { flow_of(_i == 0 ? 4 : 6, 17, 1, 2), true, n, 0xa5,
			0 };
		size_t total = sample_write(&s, b);

		for (uint32_t mtu = 0; mtu <= 1280; mtu += 1280) {
			size_t e_n = packet_icmp_error(span_of(b, total), mtu, e);

			(_i == 0 ? assert_icmp4 : assert_icmp6)(b, total, mtu, e, e_n);
		}
	}
	free(e);
}
END_TEST

START_TEST(no_icmp_error_about_a_stump)
{
	uint8_t b[RIG_PACKET_BYTES], e[1280];
	struct sample s = { flow_of(_i == 0 ? 4 : 6, 17, 1, 2), true, 20, 0, 0 };

	sample_write(&s, b);
	for (size_t n = 0; n < 60; n++) {
		size_t least = _i == 0 ? 28 : 48;
		uint8_t *exact = malloc(n + 1);

		ck_assert_ptr_nonnull(exact);
		memcpy(exact + 1, b, n);
		ck_assert_int_eq(
		    packet_icmp_error(span_of(exact + 1, n), 0, e) > 0, n >= least);
		free(exact);
	}
	b[0] = 0x55;
	ck_assert_uint_eq(packet_icmp_error(span_of(b, 60), 0, e), 0);
}
END_TEST

void
plane_icmp_tests(Suite *s)
{
	TCase *t = tcase_create("icmp");

	tcase_add_test(t, known_checksums);
	tcase_add_loop_test(t, filled_checksum_holds, 0, 4);
	tcase_add_test(t, udp_checksum_is_never_zero);
	tcase_add_loop_test(t, icmp_errors, 0, 2);
	tcase_add_loop_test(t, no_icmp_error_about_a_stump, 0, 2);
	suite_add_tcase(s, t);
}
