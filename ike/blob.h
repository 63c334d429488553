/* Bytes that somebody owns, wiped when they go. */
#ifndef AUTHIPD_IKE_BLOB_H
#define AUTHIPD_IKE_BLOB_H

#include <stdbool.h>

#include "crypto/span.h"

struct blob {
	uint8_t *p;
	size_t n;
};

static inline struct span
blob_span(const struct blob *b)
{
	return span_of(b->p, b->n);
}

/* Copies s; false: out of memory, b emptied. */
bool blob_set(struct blob *b, struct span s);
/* Copies a text that lies in max bytes; blob_text() of an empty blob is "". */
bool blob_set_text(struct blob *b, const char *s, size_t max);
const char *blob_text(const struct blob *b);
/* Wipes and frees. */
void blob_free(struct blob *b);

#endif
