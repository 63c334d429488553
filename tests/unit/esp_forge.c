/* Packets that a peer with the right keys builds in its own way: padding, dummies, AH. */
#include <string.h>

#include "tests/unit/check_esp.h"

#define FRONT_BYTES 20

static size_t
align_of(const struct esp_kind *kind)
{
	return kind->cipher == CIPHER_NULL ? 4 : cipher_block_len_bytes(kind->cipher);
}

/* ESP with a valid ICV around whatever stands in the place of the ciphertext. */
static size_t
forge_around(
    const struct esp_kind *kind, const uint8_t *text, size_t text_n, uint8_t *out)
{
	size_t iv_n = kind->cipher == CIPHER_NULL ? 0 : align_of(kind);
	size_t icv_n = esp_kind_icv_bytes(kind), covered_n = 8 + iv_n + text_n;
	uint8_t icv[HASH_MAX_BYTES];
	struct span covered = span_of(out + FRONT_BYTES, covered_n);
	struct esp_params p;

	esp_kind_params(kind, TEST_SPI, &p);
	packet_make(PACKET_V4, 0, out);
	out[9] = 50;
	memcpy(out + FRONT_BYTES, "\x12\x34\x56\x78\0\0\0\1", 8);
	memset(out + FRONT_BYTES + 8, 0x5a, iv_n);
	memmove(out + FRONT_BYTES + 8 + iv_n, text, text_n);
	require(hash_hmac(kind->hash, p.integrity_key, &covered, 1, icv), "HMAC");
	memcpy(out + FRONT_BYTES + covered_n, icv, icv_n);
	packet_set_length(out, FRONT_BYTES + covered_n + icv_n);
	return FRONT_BYTES + covered_n + icv_n;
}

/* ESP around clear text with its trailer. */
static size_t
forge(const struct esp_kind *kind, const uint8_t *clear, size_t clear_n, uint8_t *out)
{
	uint8_t iv[CIPHER_MAX_BLOCK_BYTES], text[PACKET_MAX_BYTES];
	struct esp_params p;

	if (kind->cipher == CIPHER_NULL)
		return forge_around(kind, clear, clear_n, out);
	esp_kind_params(kind, TEST_SPI, &p);
	memset(iv, 0x5a, sizeof(iv));
	require(cipher_cbc(kind->cipher, true, p.cipher_key,
		    span_of(iv, align_of(kind)), clear, clear_n, text),
	    "encrypt");
	return forge_around(kind, text, clear_n, out);
}

/* Upper part of zeros, padding 1, 2, 3..., trailer; returns the length. */
static size_t
clear_make(size_t upper_n, size_t pad_n, uint8_t next, uint8_t *out)
{
	memset(out, 0, upper_n);
	for (size_t i = 0; i < pad_n; i++)
		out[upper_n + i] = (uint8_t)(i + 1);
	out[upper_n + pad_n] = (uint8_t)pad_n;
	out[upper_n + pad_n + 1] = next;
	return upper_n + pad_n + 2;
}

static enum esp_error
open_forged(const struct esp_kind *kind, const uint8_t *p, size_t n, size_t *upper_n)
{
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	uint8_t back[PACKET_MAX_BYTES];
	size_t back_n = FRONT_BYTES;
	enum esp_error e = esp_open_exact(sa, p, n, n, back, &back_n);

	*upper_n = back_n - FRONT_BYTES;
	esp_sa_free(sa);
	return e;
}

START_TEST(any_right_padding_is_taken)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t clear[PACKET_MAX_BYTES], p[PACKET_MAX_BYTES];

	for (size_t pad_n = 0; pad_n <= 255; pad_n++) {
		size_t a = align_of(kind), upper_n = 3 * a - (pad_n + 2) % a, got;
		size_t n = forge(kind, clear, clear_make(upper_n, pad_n, 6, clear), p);
		enum esp_error e = open_forged(kind, p, n, &got);

		require(e == ESP_OK && got == upper_n, "padding %zu: %s, %zu bytes",
		    pad_n, esp_error_name(e), got);
	}
}
END_TEST

START_TEST(wrong_padding_bytes_are_refused)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t clear[PACKET_MAX_BYTES], p[PACKET_MAX_BYTES];
	size_t clear_n = clear_make(16, 14, 6, clear), got;

	for (size_t i = 0; i < 14; i++) {
		clear[16 + i] ^= 0x80;
		require(open_forged(kind, p, forge(kind, clear, clear_n, p), &got) ==
			ESP_ERR_MALFORMED,
		    "padding byte %zu", i);
		clear[16 + i] ^= 0x80;
	}
	ck_assert_int_eq(
	    open_forged(kind, p, forge(kind, clear, clear_n, p), &got), ESP_OK);
}
END_TEST

START_TEST(padding_longer_than_the_packet_is_refused)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t clear[PACKET_MAX_BYTES], p[PACKET_MAX_BYTES];
	size_t clear_n = clear_make(0, 14, 6, clear), got;

	ck_assert_int_eq(
	    open_forged(kind, p, forge(kind, clear, clear_n, p), &got), ESP_OK);
	ck_assert_uint_eq(got, 0);
	for (int pad_n = 15; pad_n <= 255; pad_n++) {
		clear[14] = (uint8_t)pad_n;
		require(open_forged(kind, p, forge(kind, clear, clear_n, p), &got) ==
			ESP_ERR_MALFORMED,
		    "padding length %d of 14", pad_n);
	}
}
END_TEST

START_TEST(dummy_packet_is_told_apart)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t clear[PACKET_MAX_BYTES], p[PACKET_MAX_BYTES];
	size_t n = forge(kind, clear, clear_make(64, 14, 59, clear), p), got;

	ck_assert_int_eq(open_forged(kind, p, n, &got), ESP_ERR_DUMMY);
	p[n - 1] ^= 1; /* only an authentic one is a dummy */
	ck_assert_int_eq(open_forged(kind, p, n, &got), ESP_ERR_ICV);
}
END_TEST

START_TEST(text_that_is_no_whole_block_is_refused)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t text[64] = { 0 }, p[PACKET_MAX_BYTES];
	size_t got;

	for (size_t n = 0; n < sizeof(text); n++) {
		enum esp_error e =
		    open_forged(kind, p, forge_around(kind, text, n, p), &got);

		if (n < 2)
			require(
			    e == ESP_ERR_SHORT, "%zu bytes: %s", n, esp_error_name(e));
		else if (n % align_of(kind) != 0)
			require(e == ESP_ERR_MALFORMED, "%zu bytes: %s", n,
			    esp_error_name(e));
	}
}
END_TEST

/* AH of a peer: ah_n bytes of header, the bytes behind the ICV set to pad. */
static size_t
forge_ah(
    const struct esp_kind *kind, size_t ah_n, uint8_t pad, uint8_t next, uint8_t *out)
{
	size_t n = 40 + ah_n + 8, icv_n = esp_kind_icv_bytes(kind);
	uint8_t muted[PACKET_MAX_BYTES], icv[HASH_MAX_BYTES];
	struct span covered = span_of(muted, n);
	struct esp_params p;

	esp_kind_params(kind, TEST_SPI, &p);
	packet_make(PACKET_V6, 0, out);
	out[6] = 51;
	memset(out + 40, 0, ah_n);
	out[40] = next;
	out[41] = (uint8_t)(ah_n / 4 - 2);
	memcpy(out + 44, "\x12\x34\x56\x78\0\0\0\1", 8);
	if (ah_n > 12 + icv_n)
		memset(out + 52 + icv_n, pad, ah_n - 12 - icv_n);
	memset(out + 40 + ah_n, 0x77, 8);
	packet_set_length(out, n);
	memcpy(muted, out, n);
	muted[0] = 0x60;
	muted[1] = muted[2] = muted[3] = muted[7] = 0;
	require(hash_hmac(kind->hash, p.integrity_key, &covered, 1, icv), "HMAC");
	memcpy(out + 52, icv, icv_n);
	return n;
}

static enum esp_error
open_ah(const struct esp_kind *kind, const uint8_t *p, size_t n)
{
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	uint8_t back[PACKET_MAX_BYTES];
	size_t back_n;
	enum esp_error e = esp_open_exact(sa, p, n, n, back, &back_n);

	if (e == ESP_OK)
		ck_assert_mem_eq(back + 40, "\x77\x77\x77\x77\x77\x77\x77\x77", 8);
	esp_sa_free(sa);
	return e;
}

/* RFC 4302 2.6: a peer may put anything there, and the ICV covers it. */
START_TEST(ah_padding_of_a_peer_is_covered)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	size_t ah_n = kind->hash == HASH_SHA256 ? 32 : 24, n;
	uint8_t p[PACKET_MAX_BYTES];

	for (int pad = 0; pad < 256; pad += 51) {
		n = forge_ah(kind, ah_n, (uint8_t)pad, 6, p);
		ck_assert_int_eq(open_ah(kind, p, n), ESP_OK);
	}
	if (kind->hash != HASH_SHA256)
		return;
	p[40 + ah_n - 1] ^= 1;
	ck_assert_int_eq(open_ah(kind, p, n), ESP_ERR_ICV);
}
END_TEST

START_TEST(ah_of_another_length_is_refused)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	size_t ah_n = kind->hash == HASH_SHA256 ? 32 : 24;
	uint8_t p[PACKET_MAX_BYTES];

	for (size_t n = 24; n <= 48; n += 4)
		if (n != ah_n)
			ck_assert_int_ne(
			    open_ah(kind, p, forge_ah(kind, n, 0, 6, p)), ESP_OK);
	ck_assert_int_eq(
	    open_ah(kind, p, forge_ah(kind, ah_n, 0, 59, p)), ESP_ERR_DUMMY);
}
END_TEST

void
esp_forge_tests(Suite *s)
{
	TCase *t = tcase_create("forge");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, any_right_padding_is_taken, 0, ESP_FIRST_AH);
	tcase_add_loop_test(t, wrong_padding_bytes_are_refused, 0, ESP_FIRST_AH);
	tcase_add_loop_test(
	    t, padding_longer_than_the_packet_is_refused, 0, ESP_FIRST_AH);
	tcase_add_loop_test(t, dummy_packet_is_told_apart, 0, ESP_FIRST_AH);
	tcase_add_loop_test(t, text_that_is_no_whole_block_is_refused, 0, ESP_FIRST_AH);
	tcase_add_loop_test(
	    t, ah_padding_of_a_peer_is_covered, ESP_FIRST_AH, ESP_FIRST_GCM);
	tcase_add_loop_test(
	    t, ah_of_another_length_is_refused, ESP_FIRST_AH, ESP_FIRST_GCM);
	suite_add_tcase(s, t);
}
