/* H16 and H89: ESP and AH packets too short for their headers; H40: SAs without keys. */
#include <string.h>

#include "crypto/esp.h"
#include "tests/hostile/hostile.h"

static const uint8_t key[64] = { 1, 2, 3 };

static struct esp_sa *
new_sa(uint8_t protocol, enum cipher_id cipher)
{
	struct esp_params p = {
		.protocol = protocol,
		.spi = 0x1000,
		.cipher = cipher,
		.cipher_key = span_of(key, cipher_keymat_len_bytes(cipher)),
		.integrity = cipher_has_integrity(cipher) ? HASH_NONE : HASH_SHA1,
		.integrity_key = span_of(key, cipher_has_integrity(cipher) ? 0 : 20),
	};
	struct esp_sa *sa = esp_sa_new(&p);

	ck_assert_ptr_nonnull(sa);
	return sa;
}

static const struct {
	uint8_t protocol;
	enum cipher_id cipher;
} sa_rows[] = { { 50, CIPHER_NULL }, { 50, CIPHER_AES128 }, { 50, CIPHER_3DES },
	{ 51, CIPHER_NULL }, { 50, CIPHER_AES256_GCM }, { 50, CIPHER_AES128_GMAC },
	{ 51, CIPHER_AES128_GMAC } };

/* An IPv4 packet with n bytes of the protocol. */
static size_t
ipv4_packet(uint8_t *p, uint8_t protocol, size_t n)
{
	memset(p, 0, 20 + n);
	p[0] = 0x45;
	p[2] = (uint8_t)((20 + n) >> 8);
	p[3] = (uint8_t)(20 + n);
	p[8] = 64;
	p[9] = protocol;
	p[22] = 0x10; /* SPI 0x1000 of ESP */
	return 20 + n;
}

START_TEST(h16_packets_of_every_length)
{
	uint8_t in[128], out[256], protocol;
	struct esp_sa *sa = new_sa(sa_rows[_i].protocol, sa_rows[_i].cipher);
	uint32_t spi, seq;
	size_t out_n;

	for (size_t n = 0; n <= 64; n++) {
		size_t total = ipv4_packet(in, sa_rows[_i].protocol, n);

		ck_assert_uint_ne(esp_open(sa, in, total, out, sizeof(out), &out_n), ESP_OK);
		if (n < 8)
			ck_assert_uint_eq(esp_peek(in, total, &protocol, &spi, &seq),
			    ESP_ERR_SHORT);
		for (size_t cut = 0; cut < total; cut++) {
			ck_assert_uint_ne(esp_peek(in, cut, &protocol, &spi, &seq), ESP_OK);
			ck_assert_uint_ne(esp_open(sa, in, cut, out, sizeof(out), &out_n),
			    ESP_OK);
		}
	}
	esp_sa_free(sa);
}
END_TEST

/* Datagrams as an encapsulation that strips too little would hand them over. */
START_TEST(h16_non_esp_markers_are_no_messages)
{
	static const uint8_t zero[32];

	hostile_begin();
	for (size_t n = 0; n < ISAKMP_HEADER_BYTES; n++)
		hostile_drop(RESPONDER, span_of(zero, n), IKE_ERR_TOO_SHORT);
	for (size_t n = ISAKMP_HEADER_BYTES; n <= sizeof(zero); n++)
		hostile_drop(RESPONDER, span_of(zero, n), IKE_ERR_VERSION);
	hostile_drop(RESPONDER, span_of("\xff", 1), IKE_ERR_TOO_SHORT);
	hostile_end();
}
END_TEST

START_TEST(h40_sa_with_every_key_length)
{
	for (int cipher = CIPHER_NULL; cipher <= CIPHER_AES256_GMAC + 3; cipher++)
		for (int hash = 0; hash < 10; hash++)
			for (size_t n = 0; n <= 64; n += 4)
				for (size_t k = 0; k <= 48; k += 4) {
					struct esp_params p = { 50, 0x1000,
						(enum cipher_id)cipher, span_of(key, k),
						(enum hash_id)hash, span_of(key, n) };
					struct esp_sa *sa = esp_sa_new(&p);

					if (sa == NULL)
						continue;
					if (cipher_has_integrity(p.cipher))
						ck_assert_uint_ge(k, 20);
					else
						ck_assert_uint_gt(n, 0);
					ck_assert_uint_eq(n, hash_len_bytes(p.integrity));
					ck_assert_uint_eq(k, cipher_keymat_len_bytes(p.cipher));
					esp_sa_free(sa);
				}
}
END_TEST

/* Padding that is longer than the packet, under a good ICV. */
START_TEST(h89_pad_length_larger_than_payload)
{
	static const uint8_t spi_seq[8] = { 0, 0, 0x10, 0, 0, 0, 0, 1 };
	struct esp_sa *sa = new_sa(50, CIPHER_NULL);
	uint8_t in[128], out[256], icv[HASH_MAX_BYTES];
	struct span part;
	size_t out_n;

	for (unsigned pad = 0; pad < 256; pad++) {
		size_t total = ipv4_packet(in, 50, 8 + 16 + 12);

		memcpy(in + 20, spi_seq, sizeof(spi_seq));
		in[20 + 8 + 14] = (uint8_t)pad;
		in[20 + 8 + 15] = 17;
		part = span_of(in + 20, 8 + 16);
		ck_assert(hash_hmac(HASH_SHA1, span_of(key, 20), &part, 1, icv));
		memcpy(in + 20 + 8 + 16, icv, 12);
		ck_assert_uint_eq(esp_open(sa, in, total, out, sizeof(out), &out_n),
		    pad == 0 ? ESP_OK : ESP_ERR_MALFORMED);
	}
	esp_sa_free(sa);
}
END_TEST

/* SHA-256 and IPv6: four bytes of padding behind the ICV of AH, authentic like the rest. */
START_TEST(h89_ah_padding_is_covered)
{
	struct esp_params p = { 51, 0x1000, CIPHER_NULL, SPAN_NONE, HASH_SHA256,
		span_of(key, 32) };
	struct esp_sa *sa = esp_sa_new(&p);
	uint8_t in[48] = { 0x60, 0, 0, 0, 0, 8, 17, 64 }, sealed[128], out[128];
	size_t n, out_n;

	ck_assert_ptr_nonnull(sa);
	ck_assert_uint_eq(esp_seal(sa, 1, in, sizeof(in), sealed, sizeof(sealed), &n), ESP_OK);
	ck_assert_uint_eq(n, sizeof(in) + 32);
	ck_assert_uint_eq(esp_open(sa, sealed, n, out, sizeof(out), &out_n), ESP_OK);
	for (size_t at = 40; at < n; at++) {
		sealed[at] ^= 1;
		ck_assert_uint_ne(esp_open(sa, sealed, n, out, sizeof(out), &out_n), ESP_OK);
		sealed[at] ^= 1;
	}
	esp_sa_free(sa);
}
END_TEST

TCase *
hostile_ipsec_cases(void)
{
	TCase *t = tcase_create("ipsec");

	tcase_add_loop_test(t, h16_packets_of_every_length, 0,
	    sizeof(sa_rows) / sizeof(sa_rows[0]));
	tcase_add_test(t, h16_non_esp_markers_are_no_messages);
	tcase_add_test(t, h40_sa_with_every_key_length);
	tcase_add_test(t, h89_pad_length_larger_than_payload);
	tcase_add_test(t, h89_ah_padding_is_covered);
	return t;
}
