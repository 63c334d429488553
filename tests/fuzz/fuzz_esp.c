/*
 * IP packets. Byte 0 chooses the SA; the rest is opened as it is, and sealed; what was
 * sealed opens to what it was.
 */
#include <string.h>

#include "crypto/esp.h"
#include "crypto/ip_packet.h"
#include "tests/fuzz/fuzz.h"

#define SPI 0x1000
#define N_SA 9

static const uint8_t key[64] = "keys that nobody else has";

static struct esp_sa *
make_sa(unsigned which)
{
	static const struct {
		uint8_t protocol;
		enum cipher_id cipher;
		enum hash_id hash;
	} row[N_SA] = {
		{ 50, CIPHER_NULL, HASH_SHA1 },
		{ 50, CIPHER_AES128, HASH_SHA256 },
		{ 50, CIPHER_3DES, HASH_MD5 },
		{ 51, CIPHER_NULL, HASH_SHA1 },
		{ 51, CIPHER_NULL, HASH_SHA256 },
		{ 50, CIPHER_AES256, HASH_SHA384 },
		{ 50, CIPHER_AES256_GCM, HASH_NONE },
		{ 50, CIPHER_AES128_GMAC, HASH_NONE },
		{ 51, CIPHER_AES128_GMAC, HASH_NONE },
	};
	struct esp_params p = {
		.protocol = row[which].protocol,
		.spi = SPI,
		.cipher = row[which].cipher,
		.cipher_key = span_of(key, cipher_keymat_len_bytes(row[which].cipher)),
		.integrity = row[which].hash,
		.integrity_key = span_of(key, hash_len_bytes(row[which].hash)),
	};
	struct esp_sa *sa = esp_sa_new(&p);

	FUZZ_ASSERT(sa != NULL);
	return sa;
}

/* Nobody knows the keys: nothing opens. */
static void
try_open(struct esp_sa *sa, const uint8_t *p, size_t n)
{
	static uint8_t out[65536 + 256];
	uint8_t protocol;
	uint32_t spi, seq;
	size_t out_n;

	if (esp_peek(p, n, &protocol, &spi, &seq) == ESP_OK)
		FUZZ_ASSERT(protocol == 50 || protocol == 51);
	FUZZ_ASSERT(esp_open(sa, p, n, out, sizeof(out), &out_n) != ESP_OK);
}

static void
seal_and_open(struct esp_sa *sa, const uint8_t *p, size_t n)
{
	static uint8_t sealed[65536 + 256], opened[65536 + 256], want[65536];
	size_t sealed_n, opened_n;
	uint32_t spi = 0, seq = 0;
	struct ip_packet ip;
	enum esp_error e;
	uint8_t protocol;

	if (esp_seal(sa, 7, p, n, sealed, sizeof(sealed), &sealed_n) != ESP_OK)
		return;
	FUZZ_ASSERT(ip_packet_parse(p, n, false, &ip) == ESP_OK);
	FUZZ_ASSERT(sealed_n <= ip.total_n + esp_overhead_max_bytes(sa));
	FUZZ_ASSERT(esp_peek(sealed, sealed_n, &protocol, &spi, &seq) == ESP_OK);
	FUZZ_ASSERT(spi == SPI && seq == 7);
	e = esp_open(sa, sealed, sealed_n, opened, sizeof(opened), &opened_n);
	if (ip.protocol == 59) { /* a dummy packet */
		FUZZ_ASSERT(e == ESP_ERR_DUMMY);
		return;
	}
	FUZZ_ASSERT(e == ESP_OK && opened_n == ip.total_n);
	memcpy(want, p, ip.total_n);
	FUZZ_ASSERT(ip_packet_finish(want, &ip, ip.protocol, ip.total_n)); /* checksum */
	FUZZ_ASSERT(memcmp(opened, want, opened_n) == 0);
	sealed[sealed_n - 1] ^= 1; /* the last byte of ICV or payload */
	FUZZ_ASSERT(esp_open(sa, sealed, sealed_n, opened, sizeof(opened), &opened_n) !=
	    ESP_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct esp_sa *sa[N_SA];
	struct esp_sa *one;
	unsigned which;

	if (n < 1 || n > 65536)
		return 0;
	which = p[0] % N_SA;
	if (sa[which] == NULL)
		sa[which] = make_sa(which);
	one = sa[which];
	try_open(one, p + 1, n - 1);
	seal_and_open(one, p + 1, n - 1);
	return 0;
}
