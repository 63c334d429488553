/*
 * A-KDF: the concatenation KDF of SP 800-56A (2007) as AuthIP uses it (MS-AIPS 3.1.7.4;
 * spec/authip.md 3.4).
 */
#ifndef AUTHIPD_CRYPTO_KDF_H
#define AUTHIPD_CRYPTO_KDF_H

#include <stdbool.h>

#include "crypto/hash.h"

enum kdf_counter {
	KDF_COUNTER_FIRST, /* H(counter | Z | OtherInfo): SP 800-56A */
	KDF_Z_FIRST,	   /* H(Z | counter | OtherInfo): X9.63 order, dialect knob kdf_ctr */
};

/*
 * Writes out_len bytes. info is the list whose concatenation is OtherInfo. z may be empty.
 * False: unknown hash, library failure or out_len above 4096.
 */
bool kdf_concat(enum hash_id hash, enum kdf_counter order, struct span z,
    const struct span *info, size_t n_info, uint8_t *out, size_t out_len);

#endif
