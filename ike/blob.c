/* Bytes that somebody owns. */
#include "ike/blob.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

bool
blob_set(struct blob *b, struct span s)
{
	uint8_t *p = malloc(s.n > 0 ? s.n : 1);

	if (p != NULL && s.n > 0)
		memcpy(p, s.p, s.n);
	blob_free(b);
	if (p == NULL)
		return false;
	b->p = p;
	b->n = s.n;
	return true;
}

bool
blob_set_text(struct blob *b, const char *s, size_t max)
{
	size_t n = strnlen(s, max - 1);

	if (!blob_set(b, span_of(s, n + 1)))
		return false;
	b->p[n] = '\0';
	return true;
}

const char *
blob_text(const struct blob *b)
{
	return b->n > 0 ? (const char *)b->p : "";
}

void
blob_free(struct blob *b)
{
	secret_wipe_bytes(b->p, b->n);
	free(b->p);
	b->p = NULL;
	b->n = 0;
}
