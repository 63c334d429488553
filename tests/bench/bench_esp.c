/*
 * Sealing and opening packets against the bare cipher and HMAC on the same bytes.
 * bench_esp -f: prints only the floor of NULL and AES-128, in CPU seconds per GB of
 * payload for seal and open together: bench_plane.sh compares the plane with it.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "crypto/cipher_evp.h"
#include "crypto/esp.h"
#include "crypto/hash_evp.h"
#include "tests/bench/measure.h"

#define PACKET_BYTES 1400
#define IP_BYTES 20
#define MEMORY_PAIRS 1000
#define SPI 0x1000

struct algorithm {
	const char *name;
	uint8_t protocol;
	enum cipher_id cipher;
};

/* One SA in both directions, ours and bare. */
struct bench {
	const struct algorithm *algorithm;
	uint8_t key[CIPHER_MAX_KEY_BYTES + HASH_MAX_BYTES];
	struct esp_sa *in;
	struct esp_sa *out;
	EVP_MAC_CTX *mac;
	EVP_CIPHER_CTX *encrypt; /* NULL for CIPHER_NULL */
	EVP_CIPHER_CTX *decrypt;
	size_t covered_n; /* bytes that the HMAC covers */
	size_t cipher_n;  /* bytes that are encrypted */
	size_t sealed_n;
	uint32_t seq;
	uint8_t packet[PACKET_BYTES];
	uint8_t sealed[PACKET_BYTES + 128];
	uint8_t opened[PACKET_BYTES + 128];
};

static void
need(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "bench: libcrypto or ESP refused\n");
	exit(1);
}

/* ---- ours ---- */

static void
run_ours(void *ctx, size_t n, double *part_s)
{
	struct bench *b = ctx;
	size_t out_n;

	part_s[0] -= measure_cpu_s();
	for (size_t i = 0; i < n; i++)
		need(esp_seal(b->out, ++b->seq, b->packet, PACKET_BYTES, b->sealed,
			 sizeof(b->sealed), &out_n) == ESP_OK);
	part_s[0] += measure_cpu_s();
	part_s[1] -= measure_cpu_s();
	for (size_t i = 0; i < n; i++)
		need(esp_open(b->in, b->sealed, b->sealed_n, b->opened,
			 sizeof(b->opened), &out_n) == ESP_OK);
	part_s[1] += measure_cpu_s();
}

/* ---- the floor ---- */

static void
bare_mac(struct bench *b, const uint8_t *p)
{
	uint8_t icv[HASH_MAX_BYTES];
	size_t n;

	need(EVP_MAC_init(b->mac, NULL, 0, NULL) == 1 &&
	     EVP_MAC_update(b->mac, p, b->covered_n) == 1 &&
	     EVP_MAC_final(b->mac, icv, &n, sizeof(icv)) == 1);
}

static void
bare_cipher(struct bench *b, EVP_CIPHER_CTX *ctx)
{
	int n;

	if (ctx != NULL)
		need(EVP_CipherInit_ex2(ctx, NULL, NULL, b->key, -1, NULL) == 1 &&
		     EVP_CipherUpdate(
			 ctx, b->opened, &n, b->sealed, (int)b->cipher_n) == 1);
}

static void
run_floor(void *ctx, size_t n, double *part_s)
{
	struct bench *b = ctx;

	part_s[0] -= measure_cpu_s();
	for (size_t i = 0; i < n; i++) {
		bare_cipher(b, b->encrypt);
		bare_mac(b, b->sealed);
	}
	part_s[0] += measure_cpu_s();
	part_s[1] -= measure_cpu_s();
	for (size_t i = 0; i < n; i++) {
		bare_mac(b, b->sealed);
		bare_cipher(b, b->decrypt);
	}
	part_s[1] += measure_cpu_s();
}

/* ---- set-up ---- */

static EVP_CIPHER_CTX *
cipher_begin(const struct bench *b, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	need(ctx != NULL &&
	     EVP_CipherInit_ex2(ctx, cipher_evp(b->algorithm->cipher), b->key, b->key,
		 encrypt, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1);
	return ctx;
}

static struct esp_sa *
sa_begin(const struct bench *b)
{
	struct esp_sa *sa = esp_sa_new(&(struct esp_params){
	    .protocol = b->algorithm->protocol,
	    .spi = SPI,
	    .cipher = b->algorithm->cipher,
	    .cipher_key = span_of(b->key, cipher_key_len_bytes(b->algorithm->cipher)),
	    .integrity = HASH_SHA1,
	    .integrity_key = span_of(b->key, hash_len_bytes(HASH_SHA1)),
	});

	need(sa != NULL);
	return sa;
}

/* The first packet: it expands the keys. */
static void
seal_first(struct bench *b)
{
	static const uint8_t header[IP_BYTES] = { 0x45, 0, PACKET_BYTES >> 8,
		PACKET_BYTES & 0xff, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0,
		2 };

	memcpy(b->packet, header, sizeof(header));
	b->out = sa_begin(b);
	need(esp_seal(b->out, ++b->seq, b->packet, PACKET_BYTES, b->sealed,
		 sizeof(b->sealed), &b->sealed_n) == ESP_OK);
}

static void
bench_begin(struct bench *b, const struct algorithm *a)
{
	size_t block = cipher_block_len_bytes(a->cipher), esp_n;

	memset(b, 0, sizeof(*b));
	b->algorithm = a;
	need(RAND_bytes(b->key, sizeof(b->key)) == 1);
	need(RAND_bytes(b->packet, sizeof(b->packet)) == 1);
	b->in = sa_begin(b);
	seal_first(b);
	esp_n = b->sealed_n - IP_BYTES;
	b->covered_n = a->protocol == 51 ? b->sealed_n : esp_n - 12;
	b->mac =
	    hash_evp_hmac_new(HASH_SHA1, span_of(b->key, hash_len_bytes(HASH_SHA1)));
	need(b->mac != NULL);
	if (a->cipher == CIPHER_NULL)
		return;
	b->cipher_n = esp_n - 12 - 8 - block;
	b->encrypt = cipher_begin(b, true);
	b->decrypt = cipher_begin(b, false);
}

static void
bench_end(struct bench *b)
{
	esp_sa_free(b->in);
	esp_sa_free(b->out);
	EVP_MAC_CTX_free(b->mac);
	EVP_CIPHER_CTX_free(b->encrypt);
	EVP_CIPHER_CTX_free(b->decrypt);
}

/* ---- rows ---- */

static void
print_packets(double s, char *out, size_t cap)
{
	snprintf(out, cap, "%.0fk/s, %.2f Gbit/s", 1e-3 / s, PACKET_BYTES * 8e-9 / s);
}

static void
compare(const struct algorithm *a, double seconds)
{
	char seal[64], open[64];
	struct bench b;
	struct measure m = {
		.part = { seal, open },
		.ours = run_ours,
		.floor = run_floor,
		.ctx = &b,
		.print = print_packets,
	};

	snprintf(seal, sizeof(seal), "%s, seal 1400 bytes (CPU)", a->name);
	snprintf(open, sizeof(open), "%s, open 1400 bytes (CPU)", a->name);
	bench_begin(&b, a);
	measure_compare(&m, seconds);
	bench_end(&b);
}

/* Keyed contexts of libcrypto: two for each direction, or one without cipher. */
static double
bytes_of(const struct algorithm *a, bool ours)
{
	struct bench *b = calloc(MEMORY_PAIRS, sizeof(*b));
	size_t before, after;

	need(b != NULL);
	before = mallinfo2().uordblks;
	for (size_t i = 0; i < MEMORY_PAIRS; i++) {
		b[i].algorithm = a;
		if (ours)
			seal_first(&b[i]);
		else
			b[i].mac = hash_evp_hmac_new(HASH_SHA1, span_of(b[i].key, 20));
		if (!ours && a->cipher != CIPHER_NULL)
			b[i].encrypt = cipher_begin(&b[i], true);
	}
	after = mallinfo2().uordblks;
	for (size_t i = 0; i < MEMORY_PAIRS; i++)
		bench_end(&b[i]);
	free(b);
	return (double)(after - before) / MEMORY_PAIRS;
}

static void
compare_memory(const struct algorithm *a)
{
	double ours = bytes_of(a, true), bare = bytes_of(a, false);
	char what[64], x[64], y[64];

	snprintf(what, sizeof(what), "%s, memory of one direction", a->name);
	snprintf(x, sizeof(x), "%.0f B", ours);
	snprintf(y, sizeof(y), "%.0f B", bare);
	measure_row(what, x, y, ours / bare, -1);
}

static void
print_floor(const struct algorithm *a, double seconds)
{
	double part_s[MEASURE_PARTS];
	struct bench b;

	bench_begin(&b, a);
	measure_alone(run_floor, &b, seconds, part_s);
	printf("%.3f\n", (part_s[0] + part_s[1]) * 1e9 / PACKET_BYTES);
	bench_end(&b);
}

int
main(int argc, char **argv)
{
	static const struct algorithm all[] = {
		{ "ESP NULL + SHA1-96", 50, CIPHER_NULL },
		{ "ESP AES-128 + SHA1-96", 50, CIPHER_AES128 },
		{ "ESP 3DES + SHA1-96", 50, CIPHER_3DES },
		{ "AH SHA1-96", 51, CIPHER_NULL },
	};
	size_t n = sizeof(all) / sizeof(all[0]);
	double share_s = measure_budget_s() / (double)n;

	if (argc > 1 && strcmp(argv[1], "-f") == 0) {
		print_floor(&all[0], 0.5);
		print_floor(&all[1], 0.5);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		compare(&all[i], share_s);
	compare_memory(&all[0]);
	compare_memory(&all[1]);
	return 0;
}
