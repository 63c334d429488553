/*
 * How the kernel calls our ciphers and integrity algorithms: one row for each combination
 * that it can do. What has no row is refused.
 */
#ifndef AUTHIPD_DAEMON_XFRM_ALGO_H
#define AUTHIPD_DAEMON_XFRM_ALGO_H

#include "crypto/cipher.h"
#include "crypto/hash.h"

/* NULL names: not used by this combination. */
struct xfrm_algo_names {
	const char *cipher; /* XFRMA_ALG_CRYPT */
	const char *auth;   /* XFRMA_ALG_AUTH_TRUNC */
	const char *aead;   /* XFRMA_ALG_AEAD; its key ends with the salt */
	uint32_t icv_bits;
	size_t cipher_key_n; /* bytes, with salt */
	size_t auth_key_n;
};

/* False: not in ESP (protocol 50) or AH (51) of the kernel, or it would not be authentic. */
bool xfrm_algo_find(uint8_t protocol, enum cipher_id cipher, enum hash_id integrity,
    struct xfrm_algo_names *out);

#endif
