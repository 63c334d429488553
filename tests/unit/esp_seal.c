/* Sealing and opening with the right keys: round trips, layout, parameters. */
#include <string.h>

#include "tests/unit/check_esp.h"

static void
round_trip(const struct esp_kind *kind, enum packet_form form, size_t payload_n,
    struct esp_sa *out_sa, struct esp_sa *in_sa)
{
	uint8_t in[PACKET_MAX_BYTES], sealed[PACKET_MAX_BYTES], back[PACKET_MAX_BYTES];
	size_t n = packet_make(form, payload_n, in), sealed_n = 0, back_n = 0;
	enum esp_error e =
	    esp_seal(out_sa, TEST_SEQ, in, n, sealed, sizeof(sealed), &sealed_n);
	const char *name = esp_kind_name(kind);

	require(e == ESP_OK, "%s: form %d, %zu bytes: seal: %s", name, form, payload_n,
	    esp_error_name(e));
	require(sealed_n > n && sealed_n <= n + esp_overhead_max_bytes(out_sa),
	    "%s: form %d, %zu bytes: sealed to %zu", name, form, payload_n, sealed_n);
	require(packet_checksum_holds(sealed), "%s: form %d: checksum", name, form);
	require(
	    sealed[packet_protocol_at(form)] == kind->protocol, "%s: protocol", name);
	e = esp_open_exact(in_sa, sealed, sealed_n, sealed_n, back, &back_n);
	require(e == ESP_OK, "%s: form %d, %zu bytes: open: %s", name, form, payload_n,
	    esp_error_name(e));
	require(back_n == n && memcmp(back, in, n) == 0,
	    "%s: form %d, %zu bytes: differs", name, form, payload_n);
}

START_TEST(round_trips_of_all_forms_and_sizes)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	struct esp_sa *out_sa = esp_kind_sa(kind, TEST_SPI);
	struct esp_sa *in_sa = esp_kind_sa(kind, TEST_SPI);

	for (int form = 0; form < PACKET_FORM_COUNT; form++)
		for (size_t n = 0; n <= 1500; n += n < 40 ? 1 : 37)
			if (esp_kind_takes(kind, (enum packet_form)form))
				round_trip(
				    kind, (enum packet_form)form, n, out_sa, in_sa);
	esp_sa_free(out_sa);
	esp_sa_free(in_sa);
}
END_TEST

START_TEST(ah_refuses_a_routing_header)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	uint8_t in[PACKET_MAX_BYTES], out[PACKET_MAX_BYTES];
	size_t n = packet_make(PACKET_V6_ROUTING, 20, in), out_n;

	ck_assert_int_eq(
	    esp_seal(sa, 1, in, n, out, sizeof(out), &out_n), ESP_ERR_MALFORMED);
	n = packet_make(PACKET_V6_ALL, 20, in);
	ck_assert_int_eq(
	    esp_seal(sa, 1, in, n, out, sizeof(out), &out_n), ESP_ERR_MALFORMED);
	esp_sa_free(sa);
}
END_TEST

/* Layout of ESP: every field where RFC 4303 draws it, with cipher and HMAC on their own. */
START_TEST(esp_layout)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t sealed[PACKET_MAX_BYTES], clear[PACKET_MAX_BYTES], icv[HASH_MAX_BYTES];
	size_t n = esp_kind_seal(kind, PACKET_V4_OPTIONS, 29, sealed), clear_n;
	size_t icv_n = esp_kind_icv_bytes(kind),
	       front_n = packet_front_bytes(PACKET_V4_OPTIONS);
	size_t iv_n =
	    kind->cipher == CIPHER_NULL ? 0 : cipher_block_len_bytes(kind->cipher);
	const uint8_t *esp = sealed + front_n, *text = esp + 8 + iv_n;
	struct span covered = span_of(esp, n - front_n - icv_n);
	struct esp_params p;

	esp_kind_params(kind, TEST_SPI, &p);
	ck_assert_mem_eq(esp, "\x12\x34\x56\x78\xa1\xb2\xc3\xd4", 8);
	ck_assert(hash_hmac(kind->hash, p.integrity_key, &covered, 1, icv));
	ck_assert_mem_eq(sealed + n - icv_n, icv, icv_n);
	clear_n = n - front_n - 8 - iv_n - icv_n;
	if (iv_n == 0)
		memcpy(clear, text, clear_n);
	else
		ck_assert(cipher_cbc(kind->cipher, false, p.cipher_key,
		    span_of(esp + 8, iv_n), text, clear_n, clear));
	for (size_t i = 0; i < 29; i++)
		ck_assert_uint_eq(clear[i], (uint8_t)(7 * i + 3));
	ck_assert_uint_eq(clear[clear_n - 2], clear_n - 29 - 2);
	ck_assert_uint_eq(clear[clear_n - 1], PACKET_PROTOCOL);
	for (size_t i = 29; i < clear_n - 2; i++)
		ck_assert_uint_eq(clear[i], i - 28);
}
END_TEST

START_TEST(ah_layout)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t sealed[PACKET_MAX_BYTES], muted[PACKET_MAX_BYTES], icv[HASH_MAX_BYTES];
	size_t n = esp_kind_seal(kind, PACKET_V4, 29, sealed);
	size_t icv_n = esp_kind_icv_bytes(kind);
	struct span covered = span_of(muted, n);
	struct esp_params p;

	esp_kind_params(kind, TEST_SPI, &p);
	ck_assert_uint_eq(n, 20 + 12 + icv_n + 29);
	ck_assert_uint_eq(sealed[20], PACKET_PROTOCOL);
	ck_assert_uint_eq(sealed[21], (12 + icv_n) / 4 - 2);
	ck_assert_mem_eq(sealed + 22, "\0\0\x12\x34\x56\x78\xa1\xb2\xc3\xd4", 10);
	memcpy(muted, sealed, n);
	muted[1] = muted[6] = muted[7] = muted[8] = muted[10] = muted[11] = 0;
	memset(muted + 32, 0, icv_n);
	ck_assert(hash_hmac(kind->hash, p.integrity_key, &covered, 1, icv));
	ck_assert_mem_eq(sealed + 32, icv, icv_n);
}
END_TEST

START_TEST(peek_reads_spi_and_sequence)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	uint8_t sealed[PACKET_MAX_BYTES], protocol;
	uint32_t spi, seq;

	for (int form = 0; form < PACKET_FORM_COUNT; form++) {
		size_t n;

		if (!esp_kind_takes(kind, (enum packet_form)form))
			continue;
		n = esp_kind_seal(kind, (enum packet_form)form, 40, sealed);
		ck_assert_int_eq(esp_peek(sealed, n, &protocol, &spi, &seq), ESP_OK);
		ck_assert_uint_eq(protocol, kind->protocol);
		ck_assert_uint_eq(spi, TEST_SPI);
		ck_assert_uint_eq(seq, TEST_SEQ);
	}
}
END_TEST

START_TEST(sequence_number_zero_is_refused)
{
	struct esp_sa *sa = esp_kind_sa(&esp_kinds[_i], TEST_SPI);
	uint8_t in[PACKET_MAX_BYTES], out[PACKET_MAX_BYTES];
	size_t n = packet_make(PACKET_V4, 20, in), out_n;

	ck_assert_int_eq(
	    esp_seal(sa, 0, in, n, out, sizeof(out), &out_n), ESP_ERR_SEQUENCE);
	ck_assert_int_eq(esp_seal(sa, 1, in, n, out, sizeof(out), &out_n), ESP_OK);
	ck_assert_int_eq(
	    esp_seal(sa, UINT32_MAX, in, n, out, sizeof(out), &out_n), ESP_OK);
	esp_sa_free(sa);
}
END_TEST

START_TEST(every_packet_has_its_own_iv)
{
	struct esp_sa *sa = esp_kind_sa(&esp_kinds[_i], TEST_SPI);
	static uint8_t seen[200][8];
	uint8_t in[PACKET_MAX_BYTES], out[PACKET_MAX_BYTES];
	size_t n = packet_make(PACKET_V4, 20, in), out_n;

	for (int i = 0; i < 200; i++) {
		require(
		    esp_seal(sa, 1, in, n, out, sizeof(out), &out_n) == ESP_OK, "seal");
		memcpy(seen[i], out + 28, 8);
		for (int k = 0; k < i; k++)
			require(
			    memcmp(seen[i], seen[k], 8) != 0, "IV %d is IV %d", i, k);
	}
	esp_sa_free(sa);
}
END_TEST

START_TEST(bad_parameters_are_refused)
{
	static const struct esp_kind esp = { 50, CIPHER_AES128, HASH_SHA1 };
	static const struct esp_kind ah = { 51, CIPHER_NULL, HASH_SHA1 };
	struct esp_params good, p;

	esp_kind_params(&esp, TEST_SPI, &good);
#define REFUSED(change) \
	p = good;       \
	change;         \
	ck_assert_msg(esp_sa_new(&p) == NULL, "accepted: " #change)
	REFUSED(p.protocol = 6);
	REFUSED(p.spi = 0);
	REFUSED(p.spi = 255);
	REFUSED(p.integrity = HASH_NONE);
	REFUSED(p.integrity_key.n--);
	REFUSED(p.integrity_key.n++);
	REFUSED(p.cipher_key.n--);
	REFUSED(p.cipher = CIPHER_NULL);
	REFUSED(p.cipher = CIPHER_AES256);
	REFUSED((p.cipher = CIPHER_DES, p.cipher_key.n = 8));
	REFUSED((p.cipher = (enum cipher_id)99, p.cipher_key.n = 0));
	esp_kind_params(&ah, TEST_SPI, &good);
	REFUSED(
	    (p.cipher = CIPHER_AES128, p.cipher_key = span_of("0123456789abcdef", 16)));
#undef REFUSED
	esp_sa_free(NULL);
}
END_TEST

void
esp_seal_tests(Suite *s)
{
	TCase *t = tcase_create("seal");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, round_trips_of_all_forms_and_sizes, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(
	    t, ah_refuses_a_routing_header, ESP_FIRST_AH, ESP_FIRST_GCM);
	tcase_add_loop_test(
	    t, ah_refuses_a_routing_header, ESP_FIRST_AH_GMAC, ESP_KIND_COUNT);
	tcase_add_loop_test(t, esp_layout, 0, ESP_FIRST_AH);
	tcase_add_loop_test(t, ah_layout, ESP_FIRST_AH, ESP_FIRST_GCM);
	tcase_add_loop_test(t, peek_reads_spi_and_sequence, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(t, sequence_number_zero_is_refused, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(t, every_packet_has_its_own_iv, 3, ESP_FIRST_AH);
	tcase_add_test(t, bad_parameters_are_refused);
	suite_add_tcase(s, t);
}
