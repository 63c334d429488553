/*
 * Secrets: fixed-size buffers for key material that are wiped, never logged, and
 * compared in constant time. Hold them by value; secret_wipe() before the memory goes.
 */
#ifndef AUTHIPD_CRYPTO_SECRET_H
#define AUTHIPD_CRYPTO_SECRET_H

#include <stdbool.h>

#include "crypto/span.h"

/* Largest secret: a MODP-2048 shared value, or the longest TLS key block candidate. */
#define SECRET_MAX_BYTES 256

struct secret {
	size_t n;
	uint8_t b[SECRET_MAX_BYTES];
};

/* Copies s into dst; false (dst emptied) when it does not fit. */
bool secret_set(struct secret *dst, struct span s);
/* Overwrites the whole buffer in a way the compiler may not remove. */
void secret_wipe(struct secret *s);
/* Same for plain memory (stack copies, decrypted text). */
void secret_wipe_bytes(void *p, size_t n);
/* Constant-time equality of n bytes. */
bool secret_equal(const void *a, const void *b, size_t n);

static inline struct span
secret_span(const struct secret *s)
{
	return span_of(s->b, s->n);
}

#endif
