/* Strong random bytes from libcrypto. */
#include "crypto/random.h"

#include <limits.h>

#include <openssl/rand.h>

bool
crypto_random(uint8_t *p, size_t n)
{
	return n <= INT_MAX && RAND_bytes(p, (int)n) == 1;
}
