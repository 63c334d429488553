/*
 * Ciphers: CBC for the AuthIP Crypto payload and for ESP, and AES in Galois/Counter mode
 * for ESP and AH alone. Those have integrity of their own: GCM encrypts, GMAC does not.
 */
#ifndef AUTHIPD_CRYPTO_CIPHER_H
#define AUTHIPD_CRYPTO_CIPHER_H

#include <stdbool.h>

#include "crypto/span.h"

enum cipher_id {
	CIPHER_NULL = 0,
	CIPHER_DES, /* only for test vectors: no policy may name it */
	CIPHER_3DES,
	CIPHER_AES128,
	CIPHER_AES192,
	CIPHER_AES256,
	CIPHER_AES128_GCM, /* RFC 4106 */
	CIPHER_AES192_GCM,
	CIPHER_AES256_GCM,
	CIPHER_AES128_GMAC, /* RFC 4543 */
	CIPHER_AES192_GMAC,
	CIPHER_AES256_GMAC,
};

#define CIPHER_MAX_BLOCK_BYTES 16
#define CIPHER_MAX_KEY_BYTES 32
#define CIPHER_SALT_BYTES 4
#define CIPHER_MAX_KEYMAT_BYTES (CIPHER_MAX_KEY_BYTES + CIPHER_SALT_BYTES)

/* "aes128", "3des", "null", "aes128-gcm", "gmac128", ... */
const char *cipher_name(enum cipher_id id);
size_t cipher_block_len_bytes(enum cipher_id id); /* 1 for NULL, GCM and GMAC */
size_t cipher_key_len_bytes(enum cipher_id id);	  /* 0 for NULL */
/* The key, and behind it the salt of GCM and GMAC: what an IPsec SA is given. */
size_t cipher_keymat_len_bytes(enum cipher_id id);
/* GCM and GMAC: no other integrity may stand beside it. */
bool cipher_has_integrity(enum cipher_id id);
/* False for NULL and GMAC. */
bool cipher_encrypts(enum cipher_id id);
/* IKE attribute 1 value (DES 1, 3DES 5, AES 7): the Crypto-ID of A-KDF. */
uint16_t cipher_ike_number(enum cipher_id id);
/* One-shot CBC. in and out may be the same buffer; n is a multiple of the block. */
bool cipher_cbc(enum cipher_id id, bool encrypt, struct span key, struct span iv,
    const uint8_t *in, size_t n, uint8_t *out);
/*
 * DES and 3DES: sets odd parity on every byte of key and tells whether the key may be used
 * (no weak or semi-weak DES key, no equal halves for 3DES). Other ciphers: always true.
 */
bool cipher_key_prepare(enum cipher_id id, uint8_t *key);

#endif
