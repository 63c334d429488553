/*
 * Hash and HMAC over a list of spans. The ids are the IKE attribute values of RFC 2409
 * Appendix A and its IANA registry, so that no second table is needed.
 */
#ifndef AUTHIPD_CRYPTO_HASH_H
#define AUTHIPD_CRYPTO_HASH_H

#include <stdbool.h>

#include "crypto/span.h"

enum hash_id {
	HASH_NONE = 0,
	HASH_MD5 = 1, /* interop only */
	HASH_SHA1 = 2,
	HASH_SHA256 = 4,
	HASH_SHA384 = 5,
};

#define HASH_MAX_BYTES 48

/* Digest length in bytes, 0 for an unknown id. */
size_t hash_len_bytes(enum hash_id id);
/* "sha1", ...; "unknown" for an unknown id. */
const char *hash_name(enum hash_id id);
/* out receives hash_len_bytes(id) bytes. False: unknown id or the library refused. */
bool hash_digest(enum hash_id id, const struct span *part, size_t n_part, uint8_t *out);
/* prf(key, parts) of AuthIP = HMAC with the negotiated hash (MS-AIPS 3.1). */
bool hash_hmac(enum hash_id id, struct span key, const struct span *part, size_t n_part,
    uint8_t *out);

#endif
