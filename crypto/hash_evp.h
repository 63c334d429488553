/* libcrypto objects behind hash.h, for the other files of crypto/ only. */
#ifndef AUTHIPD_CRYPTO_HASH_EVP_H
#define AUTHIPD_CRYPTO_HASH_EVP_H

#include <openssl/evp.h>

#include "crypto/hash.h"

/* Fetched once; NULL: unknown id or not provided by the library. */
const EVP_MD *hash_evp_md(enum hash_id id);
/* A keyed HMAC context (owned by the caller), reusable with EVP_MAC_init(c, NULL, 0, NULL). */
EVP_MAC_CTX *hash_evp_hmac_new(enum hash_id id, struct span key);

#endif
