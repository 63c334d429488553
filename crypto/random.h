/* Strong random bytes from libcrypto. */
#ifndef AUTHIPD_CRYPTO_RANDOM_H
#define AUTHIPD_CRYPTO_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: there are none, and p must not be used. */
bool crypto_random(uint8_t *p, size_t n);

#endif
