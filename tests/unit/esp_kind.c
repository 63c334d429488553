/* Every combination of algorithms that ESP and AH know here, with its keys. */
#include "tests/unit/check_esp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define ESP_OF(cipher)                \
	{ 50, cipher, HASH_MD5 },     \
	{ 50, cipher, HASH_SHA1 },    \
	{ 50, cipher, HASH_SHA256 }
/* clang-format on */

const struct esp_kind esp_kinds[ESP_KIND_COUNT] = {
	ESP_OF(CIPHER_NULL),
	ESP_OF(CIPHER_3DES),
	ESP_OF(CIPHER_AES128),
	ESP_OF(CIPHER_AES192),
	ESP_OF(CIPHER_AES256),
	{ 51, CIPHER_NULL, HASH_MD5 },
	{ 51, CIPHER_NULL, HASH_SHA1 },
	{ 51, CIPHER_NULL, HASH_SHA256 },
	{ 50, CIPHER_AES128_GCM, HASH_NONE },
	{ 50, CIPHER_AES192_GCM, HASH_NONE },
	{ 50, CIPHER_AES256_GCM, HASH_NONE },
	{ 50, CIPHER_AES128_GMAC, HASH_NONE },
	{ 50, CIPHER_AES192_GMAC, HASH_NONE },
	{ 50, CIPHER_AES256_GMAC, HASH_NONE },
	{ 51, CIPHER_AES128_GMAC, HASH_NONE },
	{ 51, CIPHER_AES192_GMAC, HASH_NONE },
	{ 51, CIPHER_AES256_GMAC, HASH_NONE },
};

static const uint8_t cipher_key[CIPHER_MAX_KEYMAT_BYTES] =
    "0123456789abcdefGHIJKLMNOPQRSTUVsal";
static const uint8_t integrity_key[HASH_MAX_BYTES] = "integrity key of the unit tests";

void
esp_kind_params(const struct esp_kind *kind, uint32_t spi, struct esp_params *p)
{
	p->protocol = kind->protocol;
	p->spi = spi;
	p->cipher = kind->cipher;
	p->cipher_key = span_of(cipher_key, cipher_keymat_len_bytes(kind->cipher));
	p->integrity = kind->hash;
	p->integrity_key = span_of(integrity_key, hash_len_bytes(kind->hash));
}

struct esp_sa *
esp_kind_sa(const struct esp_kind *kind, uint32_t spi)
{
	struct esp_params p;
	struct esp_sa *sa;

	esp_kind_params(kind, spi, &p);
	sa = esp_sa_new(&p);
	require(sa != NULL, "no SA for %s", esp_kind_name(kind));
	return sa;
}

size_t
esp_kind_icv_bytes(const struct esp_kind *kind)
{
	return kind->hash == HASH_SHA256 ? 16 : 12;
}

const char *
esp_kind_name(const struct esp_kind *kind)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s %s %s", kind->protocol == 51 ? "ah" : "esp",
	    cipher_name(kind->cipher), hash_name(kind->hash));
	return name;
}

size_t
esp_kind_seal(
    const struct esp_kind *kind, enum packet_form form, size_t payload_n, uint8_t *out)
{
	uint8_t in[PACKET_MAX_BYTES];
	size_t n = packet_make(form, payload_n, in), out_n = 0;
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	enum esp_error e = esp_seal(sa, TEST_SEQ, in, n, out, PACKET_MAX_BYTES, &out_n);

	require(e == ESP_OK, "%s: seal: %s", esp_kind_name(kind), esp_error_name(e));
	esp_sa_free(sa);
	return out_n;
}

enum esp_error
esp_open_exact(struct esp_sa *sa, const uint8_t *in, size_t n, size_t cap, uint8_t *out,
    size_t *out_n)
{
	uint8_t *exact_in = malloc(n), *exact_out = malloc(cap);
	enum esp_error e;

	require((exact_in != NULL || n == 0) && (exact_out != NULL || cap == 0),
	    "no memory");
	if (n > 0)
		memcpy(exact_in, in, n);
	e = esp_open(sa, exact_in, n, exact_out, cap, out_n);
	if (e == ESP_OK)
		memcpy(out, exact_out, *out_n);
	free(exact_in);
	free(exact_out);
	return e;
}

bool
esp_kind_takes(const struct esp_kind *kind, enum packet_form form)
{
	return kind->protocol == 50 ||
	       (form != PACKET_V6_ROUTING && form != PACKET_V6_ALL);
}
