/*
 * A borrowed run of bytes: the argument type of every function that reads bytes.
 * Never owns memory; valid as long as the buffer that it points into.
 */
#ifndef AUTHIPD_CRYPTO_SPAN_H
#define AUTHIPD_CRYPTO_SPAN_H

#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *p;
	size_t n;
};

static inline struct span
span_of(const void *p, size_t n)
{
	return (struct span){ p, n };
}

#define SPAN_NONE ((struct span){ NULL, 0 })
/* A span over a whole array (not a pointer). */
#define SPAN_ARRAY(a) ((struct span){ (const uint8_t *)(a), sizeof(a) })

#endif
