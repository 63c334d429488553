/* Packets that are no packets, fragments, header chains, and options under AH. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_esp.h"

static const struct esp_kind esp_kind = { 50, CIPHER_AES128, HASH_SHA1 };
static const struct esp_kind ah_kind = { 51, CIPHER_NULL, HASH_SHA1 };

/* What seal, open and peek say of a packet, each with a buffer of exactly n bytes. */
static void
assert_all(const uint8_t *in, size_t n, enum esp_error seal, enum esp_error open)
{
	static uint8_t out[70000];
	const struct esp_kind *kinds[] = { &esp_kind, &ah_kind };
	uint8_t *exact = malloc(n + 1), protocol;
	uint32_t spi, seq;
	size_t out_n;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact + 1, in, n);
	for (int i = 0; i < 2; i++) {
		struct esp_sa *sa = esp_kind_sa(kinds[i], TEST_SPI);

		ck_assert_int_eq(
		    esp_seal(sa, 1, exact + 1, n, out, sizeof(out), &out_n), seal);
		ck_assert_int_eq(
		    esp_open(sa, exact + 1, n, out, sizeof(out), &out_n), open);
		esp_sa_free(sa);
	}
	ck_assert_int_eq(esp_peek(exact + 1, n, &protocol, &spi, &seq), open);
	free(exact);
}

START_TEST(what_is_no_ip_packet_is_refused)
{
	uint8_t p[PACKET_MAX_BYTES];
	size_t n = packet_make(PACKET_V4, 20, p);

	assert_all(p, 0, ESP_ERR_SHORT, ESP_ERR_SHORT);
	assert_all(p, 19, ESP_ERR_SHORT, ESP_ERR_SHORT);
	p[0] = 0x55;
	assert_all(p, n, ESP_ERR_MALFORMED, ESP_ERR_MALFORMED);
	p[0] = 0x44; /* header of 16 bytes */
	assert_all(p, n, ESP_ERR_MALFORMED, ESP_ERR_MALFORMED);
	p[0] = 0x4f; /* header longer than the packet */
	assert_all(p, n, ESP_ERR_SHORT, ESP_ERR_SHORT);
	n = packet_make(PACKET_V6, 20, p);
	assert_all(p, 39, ESP_ERR_SHORT, ESP_ERR_SHORT);
	assert_all(p, n - 1, ESP_ERR_SHORT, ESP_ERR_SHORT);
}
END_TEST

START_TEST(packet_without_protection_is_not_opened)
{
	uint8_t p[PACKET_MAX_BYTES];

	for (int form = 0; form < PACKET_V6_ROUTING; form++) {
		size_t n = packet_make((enum packet_form)form, 40, p);

		assert_all(p, n, ESP_OK, ESP_ERR_MALFORMED);
	}
}
END_TEST

START_TEST(fragments_are_refused)
{
	uint8_t p[PACKET_MAX_BYTES];
	size_t n = packet_make(PACKET_V4, 64, p);

	p[6] = 0x20; /* more fragments */
	assert_all(p, n, ESP_ERR_FRAGMENT, ESP_ERR_FRAGMENT);
	p[6] = 0;
	p[7] = 1; /* offset */
	assert_all(p, n, ESP_ERR_FRAGMENT, ESP_ERR_FRAGMENT);
	p[6] = 0x1f;
	p[7] = 0;
	assert_all(p, n, ESP_ERR_FRAGMENT, ESP_ERR_FRAGMENT);
	n = packet_make(PACKET_V6, 64, p);
	p[6] = 44;
	assert_all(p, n, ESP_ERR_FRAGMENT, ESP_ERR_FRAGMENT);
	n = packet_make(PACKET_V6_HOP, 64, p);
	p[40] = 44;
	assert_all(p, n, ESP_ERR_FRAGMENT, ESP_ERR_FRAGMENT);
}
END_TEST

START_TEST(extension_header_beyond_the_packet_is_refused)
{
	uint8_t p[PACKET_MAX_BYTES];
	size_t n = packet_make(PACKET_V6_HOP, 8, p);

	for (int len = 3; len < 256; len++) {
		p[41] = (uint8_t)len;
		assert_all(p, n, ESP_ERR_SHORT, ESP_ERR_SHORT);
	}
	packet_set_length(p, 40);
	assert_all(p, 40, ESP_ERR_SHORT, ESP_ERR_SHORT);
}
END_TEST

START_TEST(endless_header_chain_is_refused)
{
	uint8_t p[PACKET_MAX_BYTES] = { 0 };

	/* hop-by-hop headers of eight bytes, each followed by one more */
	packet_make(PACKET_V6, 1000, p);
	p[6] = 0;
	for (size_t at = 40; at < 1040; at += 8)
		memcpy(p + at, "\0\0\1\4\0\0\0\0", 8);
	assert_all(p, 1040, ESP_ERR_MALFORMED, ESP_ERR_MALFORMED);
}
END_TEST

static enum esp_error
ah_seal_options(const uint8_t *options, size_t n)
{
	uint8_t in[PACKET_MAX_BYTES] = { 0 }, out[PACKET_MAX_BYTES];
	struct esp_sa *sa = esp_kind_sa(&ah_kind, TEST_SPI);
	enum esp_error e;
	size_t out_n;

	packet_make(PACKET_V4, 0, in);
	in[0] = (uint8_t)(0x45 + n / 4);
	memcpy(in + 20, options, n);
	packet_set_length(in, 20 + n + 8);
	e = esp_seal(sa, 1, in, 20 + n + 8, out, sizeof(out), &out_n);
	esp_sa_free(sa);
	return e;
}

#define OPTIONS(...)        \
	(const uint8_t[])   \
	{                   \
		__VA_ARGS__ \
	}

START_TEST(ipv4_options_under_ah)
{
	ck_assert_int_eq(ah_seal_options(OPTIONS(1, 1, 1, 1), 4), ESP_OK);
	ck_assert_int_eq(ah_seal_options(OPTIONS(1, 1, 1, 0), 4), ESP_OK);
	ck_assert_int_eq(ah_seal_options(OPTIONS(68, 4, 5, 0), 4), ESP_OK);
	ck_assert_int_eq(ah_seal_options(OPTIONS(0, 131, 3, 4), 4), ESP_OK);
	/* source routes: the final destination is not the one that is hashed */
	ck_assert_int_eq(ah_seal_options(OPTIONS(131, 3, 4, 0), 4), ESP_ERR_MALFORMED);
	ck_assert_int_eq(ah_seal_options(OPTIONS(137, 3, 4, 0), 4), ESP_ERR_MALFORMED);
	/* lengths */
	ck_assert_int_eq(ah_seal_options(OPTIONS(7, 0, 0, 0), 4), ESP_ERR_MALFORMED);
	ck_assert_int_eq(ah_seal_options(OPTIONS(7, 1, 0, 0), 4), ESP_ERR_MALFORMED);
	ck_assert_int_eq(ah_seal_options(OPTIONS(7, 5, 0, 0), 4), ESP_ERR_MALFORMED);
	ck_assert_int_eq(ah_seal_options(OPTIONS(1, 1, 1, 7), 4), ESP_ERR_MALFORMED);
}
END_TEST

START_TEST(ipv6_option_beyond_its_header_is_refused_under_ah)
{
	struct esp_sa *sa = esp_kind_sa(&ah_kind, TEST_SPI);
	uint8_t in[PACKET_MAX_BYTES], out[PACKET_MAX_BYTES];
	size_t n = packet_make(PACKET_V6_HOP, 20, in), out_n;

	in[47] = 9; /* option 0x3e of eight bytes at the end of the header */
	ck_assert_int_eq(
	    esp_seal(sa, 1, in, n, out, sizeof(out), &out_n), ESP_ERR_MALFORMED);
	in[47] = 7; /* a type without a length behind it; Pad1 would be 0 */
	in[55] = 5;
	ck_assert_int_eq(
	    esp_seal(sa, 1, in, n, out, sizeof(out), &out_n), ESP_ERR_MALFORMED);
	in[55] = 0;
	ck_assert_int_eq(esp_seal(sa, 1, in, n, out, sizeof(out), &out_n), ESP_OK);
	esp_sa_free(sa);
}
END_TEST

START_TEST(packet_that_grows_beyond_64k_is_refused)
{
	static uint8_t in[65600], out[70000];
	static const enum packet_form forms[] = { PACKET_V4, PACKET_V6 };
	const struct esp_kind *kinds[] = { &esp_kind, &ah_kind };
	size_t out_n;

	for (int i = 0; i < 4; i++) {
		struct esp_sa *sa = esp_kind_sa(kinds[i % 2], TEST_SPI);
		size_t front_n = packet_front_bytes(forms[i / 2]);
		size_t most = forms[i / 2] == PACKET_V4 ? 65535 : 65575;

		packet_make(forms[i / 2], most - front_n, in);
		ck_assert_int_eq(
		    esp_seal(sa, 1, in, most, out, sizeof(out), &out_n), ESP_ERR_SPACE);
		packet_make(forms[i / 2], most - front_n - 60, in);
		ck_assert_int_eq(
		    esp_seal(sa, 1, in, most - 60, out, sizeof(out), &out_n), ESP_OK);
		esp_sa_free(sa);
	}
}
END_TEST

START_TEST(every_error_has_a_name)
{
	for (int e = ESP_OK; e <= ESP_ERR_DUMMY; e++)
		ck_assert_str_ne(esp_error_name((enum esp_error)e), "unknown");
	ck_assert_str_eq(esp_error_name((enum esp_error)99), "unknown");
}
END_TEST

void
esp_packet_tests(Suite *s)
{
	TCase *t = tcase_create("packet");

	tcase_add_test(t, what_is_no_ip_packet_is_refused);
	tcase_add_test(t, packet_without_protection_is_not_opened);
	tcase_add_test(t, fragments_are_refused);
	tcase_add_test(t, extension_header_beyond_the_packet_is_refused);
	tcase_add_test(t, endless_header_chain_is_refused);
	tcase_add_test(t, ipv4_options_under_ah);
	tcase_add_test(t, ipv6_option_beyond_its_header_is_refused_under_ah);
	tcase_add_test(t, packet_that_grows_beyond_64k_is_refused);
	tcase_add_test(t, every_error_has_a_name);
	suite_add_tcase(s, t);
}
