/* Sealed packets that were changed or cut on their way, or that belong to another SA. */
#include <string.h>

#include "tests/unit/check_esp.h"

/* ESP covers nothing of the front, but a change there may not reach the upper part. */
static void
assert_front_flip(
    enum esp_error e, const uint8_t *back, size_t back_n, size_t payload_n, size_t bit)
{
	if (e != ESP_OK)
		return;
	require(back_n >= payload_n, "bit %zu: packet became shorter", bit);
	for (size_t i = 0; i < payload_n; i++)
		require(back[back_n - payload_n + i] == (uint8_t)(7 * i + 3),
		    "bit %zu: upper part differs", bit);
}

static void
assert_esp_flip(enum packet_form form, enum esp_error e, size_t bit)
{
	size_t front_n = packet_front_bytes(form);

	require(e == (bit / 8 < front_n + 4 ? ESP_ERR_SPI : ESP_ERR_ICV), "bit %zu: %s",
	    bit, esp_error_name(e));
}

static void
assert_ah_flip(enum packet_form form, enum esp_error e, size_t bit)
{
	size_t front_n = packet_front_bytes(form);
	enum packet_bit b = bit / 8 < front_n ? packet_bit_of(form, bit) : BIT_FIXED;

	if (b == BIT_FIXED)
		require(e != ESP_OK, "bit %zu of form %d: accepted", bit, form);
	else if (b == BIT_MUTABLE)
		require(e == ESP_OK, "bit %zu of form %d: %s", bit, form,
		    esp_error_name(e));
	else if (b == BIT_FRAGMENT)
		require(e == ESP_ERR_FRAGMENT, "bit %zu: %s", bit, esp_error_name(e));
}

#define FLIP_PAYLOAD 21

static void
flip_all_bits(const struct esp_kind *kind, enum packet_form form)
{
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	uint8_t sealed[PACKET_MAX_BYTES], back[PACKET_MAX_BYTES];
	size_t n = esp_kind_seal(kind, form, FLIP_PAYLOAD, sealed), back_n = 0;

	for (size_t bit = 0; bit < n * 8; bit++) {
		enum esp_error e;

		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		e = esp_open_exact(sa, sealed, n, n, back, &back_n);
		if (kind->protocol == 51)
			assert_ah_flip(form, e, bit);
		else if (bit / 8 < packet_front_bytes(form))
			assert_front_flip(e, back, back_n, FLIP_PAYLOAD, bit);
		else
			assert_esp_flip(form, e, bit);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	esp_sa_free(sa);
}

START_TEST(every_flipped_bit_is_noticed)
{
	for (int form = 0; form < PACKET_FORM_COUNT; form++)
		if (esp_kind_takes(&esp_kinds[_i], (enum packet_form)form))
			flip_all_bits(&esp_kinds[_i], (enum packet_form)form);
}
END_TEST

/* Cut as on the wire: the length field still says what it said. */
static void
cut_everywhere(const struct esp_kind *kind, enum packet_form form)
{
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	uint8_t sealed[PACKET_MAX_BYTES], back[PACKET_MAX_BYTES], protocol;
	size_t n = esp_kind_seal(kind, form, FLIP_PAYLOAD, sealed), back_n;
	uint32_t spi, seq;

	for (size_t cut = 0; cut < n; cut++) {
		enum esp_error e = esp_open_exact(sa, sealed, cut, n, back, &back_n);

		require(e == ESP_ERR_SHORT, "cut to %zu: %s", cut, esp_error_name(e));
		require(esp_peek(sealed, cut, &protocol, &spi, &seq) == ESP_ERR_SHORT,
		    "cut to %zu: peek", cut);
	}
	esp_sa_free(sa);
}

/* Cut, and the length field corrected. */
static void
shorten_everywhere(const struct esp_kind *kind, enum packet_form form)
{
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	uint8_t sealed[PACKET_MAX_BYTES], back[PACKET_MAX_BYTES];
	size_t n = esp_kind_seal(kind, form, FLIP_PAYLOAD, sealed), back_n;

	for (size_t cut = packet_front_bytes(form); cut < n; cut++) {
		enum esp_error e;

		packet_set_length(sealed, cut);
		e = esp_open_exact(sa, sealed, cut, n, back, &back_n);
		require(e == ESP_ERR_SHORT || e == ESP_ERR_ICV, "shortened to %zu: %s",
		    cut, esp_error_name(e));
	}
	esp_sa_free(sa);
}

START_TEST(every_truncation_is_noticed)
{
	for (int form = 0; form < PACKET_FORM_COUNT; form++) {
		if (!esp_kind_takes(&esp_kinds[_i], (enum packet_form)form))
			continue;
		cut_everywhere(&esp_kinds[_i], (enum packet_form)form);
		shorten_everywhere(&esp_kinds[_i], (enum packet_form)form);
	}
}
END_TEST

/* Ethernet pads short frames: bytes behind the packet's own length do not count. */
START_TEST(bytes_behind_the_packet_are_ignored)
{
	struct esp_sa *sa = esp_kind_sa(&esp_kinds[_i], TEST_SPI);
	uint8_t in[PACKET_MAX_BYTES], sealed[PACKET_MAX_BYTES] = { 0 },
				      back[PACKET_MAX_BYTES];
	size_t in_n = packet_make(PACKET_V4, 5, in), n, back_n;

	n = esp_kind_seal(&esp_kinds[_i], PACKET_V4, 5, sealed);
	memset(sealed + n, 0xaa, 18);
	ck_assert_int_eq(esp_open_exact(sa, sealed, n + 18, n, back, &back_n), ESP_OK);
	ck_assert_uint_eq(back_n, in_n);
	ck_assert_mem_eq(back, in, in_n);
	esp_sa_free(sa);
}
END_TEST

START_TEST(packet_of_another_sa_is_refused)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	const struct esp_kind *other = &esp_kinds[kind->protocol == 50 ? ESP_FIRST_AH : 0];
	uint8_t sealed[PACKET_MAX_BYTES], back[PACKET_MAX_BYTES], key[HASH_MAX_BYTES];
	struct span *secret;
	size_t n = esp_kind_seal(kind, PACKET_V4, 33, sealed), back_n;
	struct esp_sa *wrong_spi = esp_kind_sa(kind, TEST_SPI + 1);
	struct esp_sa *wrong_protocol = esp_kind_sa(other, TEST_SPI), *wrong_key;
	struct esp_params p;

	ck_assert_int_eq(
	    esp_open_exact(wrong_spi, sealed, n, n, back, &back_n), ESP_ERR_SPI);
	ck_assert_int_eq(
	    esp_open_exact(wrong_protocol, sealed, n, n, back, &back_n), ESP_ERR_SPI);
	esp_kind_params(kind, TEST_SPI, &p);
	secret = kind->hash != HASH_NONE ? &p.integrity_key : &p.cipher_key;
	memcpy(key, secret->p, secret->n);
	key[secret->n - 1] ^= 1; /* of the salt, where there is one */
	secret->p = key;
	wrong_key = esp_sa_new(&p);
	ck_assert_int_eq(
	    esp_open_exact(wrong_key, sealed, n, n, back, &back_n), ESP_ERR_ICV);
	esp_sa_free(wrong_spi);
	esp_sa_free(wrong_protocol);
	esp_sa_free(wrong_key);
}
END_TEST

START_TEST(output_buffer_too_small_is_refused)
{
	struct esp_sa *sa = esp_kind_sa(&esp_kinds[_i], TEST_SPI);
	uint8_t in[PACKET_MAX_BYTES], sealed[PACKET_MAX_BYTES], back[PACKET_MAX_BYTES];
	size_t in_n = packet_make(PACKET_V6, 33, in), n, out_n;

	n = esp_kind_seal(&esp_kinds[_i], PACKET_V6, 33, sealed);
	for (size_t cap = 0; cap < in_n; cap++)
		require(
		    esp_open_exact(sa, sealed, n, cap, back, &out_n) == ESP_ERR_SPACE,
		    "open into %zu bytes", cap);
	for (size_t cap = 0; cap < n; cap++)
		require(esp_seal(sa, 1, in, in_n, sealed, cap, &out_n) == ESP_ERR_SPACE,
		    "seal into %zu bytes", cap);
	ck_assert_int_eq(esp_seal(sa, 1, in, in_n, sealed, n, &out_n), ESP_OK);
	esp_sa_free(sa);
}
END_TEST

void
esp_flip_tests(Suite *s)
{
	TCase *t = tcase_create("flip");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, every_flipped_bit_is_noticed, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(t, every_truncation_is_noticed, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(t, bytes_behind_the_packet_are_ignored, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(t, packet_of_another_sa_is_refused, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(t, output_buffer_too_small_is_refused, 0, ESP_KIND_COUNT);
	suite_add_tcase(s, t);
}
