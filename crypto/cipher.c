/* The table of ciphers, and CBC. Algorithms are fetched from libcrypto once per process. */
#include "crypto/cipher.h"

#include <string.h>

#include <openssl/evp.h>

#include "crypto/cipher_evp.h"
#include "crypto/secret.h"

/* X(id, name, block bytes, key bytes, IKE number, libcrypto name) */
#define CIPHERS(X)                                                  \
	X(CIPHER_NULL, "null", 1, 0, 0, NULL)                       \
	X(CIPHER_DES, "des", 8, 8, 1, "DES-EDE3-CBC")               \
	X(CIPHER_3DES, "3des", 8, 24, 5, "DES-EDE3-CBC")            \
	X(CIPHER_AES128, "aes128", 16, 16, 7, "AES-128-CBC")        \
	X(CIPHER_AES192, "aes192", 16, 24, 7, "AES-192-CBC")        \
	X(CIPHER_AES256, "aes256", 16, 32, 7, "AES-256-CBC")        \
	X(CIPHER_AES128_GCM, "aes128-gcm", 1, 16, 0, "AES-128-GCM") \
	X(CIPHER_AES192_GCM, "aes192-gcm", 1, 24, 0, "AES-192-GCM") \
	X(CIPHER_AES256_GCM, "aes256-gcm", 1, 32, 0, "AES-256-GCM") \
	X(CIPHER_AES128_GMAC, "gmac128", 1, 16, 0, "AES-128-GCM")   \
	X(CIPHER_AES192_GMAC, "gmac192", 1, 24, 0, "AES-192-GCM")   \
	X(CIPHER_AES256_GMAC, "gmac256", 1, 32, 0, "AES-256-GCM")

struct cipher_row {
	const char *name;
	size_t block_bytes;
	size_t key_bytes;
	uint16_t ike_number;
	const char *evp;
};

static const struct cipher_row cipher_table[] = {
#define X(id, name, block, key, ike, evp) [id] = { name, block, key, ike, evp },
	CIPHERS(X)
#undef X
};
#define CIPHER_COUNT (sizeof(cipher_table) / sizeof(cipher_table[0]))

static EVP_CIPHER *cipher_fetched[CIPHER_COUNT];

static const struct cipher_row *
cipher_row_of(enum cipher_id id)
{
	return (size_t)id < CIPHER_COUNT ? &cipher_table[id] :
					   &cipher_table[CIPHER_NULL];
}

const char *
cipher_name(enum cipher_id id)
{
	return (size_t)id < CIPHER_COUNT ? cipher_table[id].name : "unknown";
}

size_t
cipher_block_len_bytes(enum cipher_id id)
{
	return cipher_row_of(id)->block_bytes;
}

size_t
cipher_key_len_bytes(enum cipher_id id)
{
	return cipher_row_of(id)->key_bytes;
}

bool
cipher_has_integrity(enum cipher_id id)
{
	return id >= CIPHER_AES128_GCM && id <= CIPHER_AES256_GMAC;
}

bool
cipher_encrypts(enum cipher_id id)
{
	return id > CIPHER_NULL && id < CIPHER_AES128_GMAC;
}

size_t
cipher_keymat_len_bytes(enum cipher_id id)
{
	return cipher_key_len_bytes(id) +
	       (cipher_has_integrity(id) ? CIPHER_SALT_BYTES : 0);
}

uint16_t
cipher_ike_number(enum cipher_id id)
{
	return cipher_row_of(id)->ike_number;
}

const EVP_CIPHER *
cipher_evp(enum cipher_id id)
{
	const struct cipher_row *row = cipher_row_of(id);

	if (row->evp == NULL)
		return NULL;
	if (cipher_fetched[id] == NULL)
		cipher_fetched[id] = EVP_CIPHER_fetch(NULL, row->evp, NULL);
	return cipher_fetched[id];
}

void
cipher_evp_key(enum cipher_id id, const uint8_t *key, uint8_t *evp_key)
{
	if (id == CIPHER_DES) {
		/* Single DES is EDE with three equal keys: the default provider has no DES. */
		for (int i = 0; i < 3; i++)
			memcpy(evp_key + 8 * i, key, 8);
	} else {
		memcpy(evp_key, key, cipher_key_len_bytes(id));
	}
}

bool
cipher_cbc(enum cipher_id id, bool encrypt, struct span key, struct span iv,
    const uint8_t *in, size_t n, uint8_t *out)
{
	const EVP_CIPHER *evp = cipher_evp(id);
	uint8_t evp_key[CIPHER_MAX_KEY_BYTES];
	EVP_CIPHER_CTX *ctx;
	int out_n = 0, last_n = 0;
	bool ok;

	if (evp == NULL || cipher_has_integrity(id) ||
	    key.n != cipher_key_len_bytes(id) || iv.n != cipher_block_len_bytes(id) ||
	    n % iv.n != 0 || n > INT32_MAX)
		return false;
	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return false;
	cipher_evp_key(id, key.p, evp_key);
	ok = EVP_CipherInit_ex2(ctx, evp, evp_key, iv.p, encrypt, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	     EVP_CipherUpdate(ctx, out, &out_n, in, (int)n) == 1 &&
	     EVP_CipherFinal_ex(ctx, out + out_n, &last_n) == 1 &&
	     (size_t)(out_n + last_n) == n;
	EVP_CIPHER_CTX_free(ctx);
	secret_wipe_bytes(evp_key, sizeof(evp_key));
	return ok;
}

/* The 4 weak and 12 semi-weak keys of DES (FIPS 74), with odd parity. */
static const uint8_t des_weak_keys[16][8] = {
	{ 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01 },
	{ 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe },
	{ 0x1f, 0x1f, 0x1f, 0x1f, 0x0e, 0x0e, 0x0e, 0x0e },
	{ 0xe0, 0xe0, 0xe0, 0xe0, 0xf1, 0xf1, 0xf1, 0xf1 },
	{ 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe },
	{ 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01 },
	{ 0x1f, 0xe0, 0x1f, 0xe0, 0x0e, 0xf1, 0x0e, 0xf1 },
	{ 0xe0, 0x1f, 0xe0, 0x1f, 0xf1, 0x0e, 0xf1, 0x0e },
	{ 0x01, 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1 },
	{ 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1, 0x01 },
	{ 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e, 0xfe },
	{ 0xfe, 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e },
	{ 0x01, 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e },
	{ 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e, 0x01 },
	{ 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1, 0xfe },
	{ 0xfe, 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1 },
};

static bool
des_key_is_weak(const uint8_t *key)
{
	bool weak = false;

	for (size_t i = 0; i < sizeof(des_weak_keys) / sizeof(des_weak_keys[0]); i++)
		weak |= secret_equal(key, des_weak_keys[i], 8);
	return weak;
}

bool
cipher_key_prepare(enum cipher_id id, uint8_t *key)
{
	size_t n = cipher_key_len_bytes(id);
	bool usable = true;

	if (id != CIPHER_DES && id != CIPHER_3DES)
		return true;
	for (size_t i = 0; i < n; i++) {
		uint8_t b = key[i] & 0xfe, ones = 0;

		for (int bit = 1; bit < 8; bit++)
			ones ^= (b >> bit) & 1;
		key[i] = b | (ones ^ 1);
	}
	for (size_t i = 0; i < n; i += 8)
		usable &= !des_key_is_weak(key + i);
	/* Equal neighbours would make triple DES a single DES (RFC 2451 2.3). */
	if (id == CIPHER_3DES)
		usable &= !secret_equal(key, key + 8, 8) &&
			  !secret_equal(key + 8, key + 16, 8);
	return usable;
}
