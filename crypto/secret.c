/* Secrets that wipe themselves. */
#include "crypto/secret.h"

#include <string.h>

#include <openssl/crypto.h>

bool
secret_set(struct secret *dst, struct span s)
{
	secret_wipe(dst);
	if (s.n > sizeof(dst->b))
		return false;
	if (s.n > 0)
		memcpy(dst->b, s.p, s.n);
	dst->n = s.n;
	return true;
}

void
secret_wipe(struct secret *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}

void
secret_wipe_bytes(void *p, size_t n)
{
	if (p != NULL && n > 0)
		OPENSSL_cleanse(p, n);
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
