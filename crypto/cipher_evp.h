/* libcrypto objects behind cipher.h, for the other files of crypto/ only. */
#ifndef AUTHIPD_CRYPTO_CIPHER_EVP_H
#define AUTHIPD_CRYPTO_CIPHER_EVP_H

#include <openssl/evp.h>

#include "crypto/cipher.h"

/* Fetched once; NULL for CIPHER_NULL or what the library lacks. */
const EVP_CIPHER *cipher_evp(enum cipher_id id);
/* Writes the key in the form the libcrypto algorithm takes (CIPHER_MAX_KEY_BYTES room). */
void cipher_evp_key(enum cipher_id id, const uint8_t *key, uint8_t *evp_key);

#endif
