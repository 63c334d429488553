/* The test vectors of tests/data/authip-vectors.json, for the unit tests. */
#ifndef AUTHIPD_TESTS_VECTORS_H
#define AUTHIPD_TESTS_VECTORS_H

#include <stdint.h>

#include <jansson.h>

#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/span.h"

#define HEX_MAX_BYTES 2048

/* Bytes written as hex digits in the file. */
struct hex {
	size_t n;
	uint8_t b[HEX_MAX_BYTES];
};

static inline struct span
hex_span(const struct hex *h)
{
	return span_of(h->b, h->n);
}

/* The whole file, owned by the caller; fails the test when it cannot be read. */
json_t *vectors_load(void);
/*
 * Elements of a section, for loop tests. At least 1, so that a test runs and says what is
 * wrong with the file: Check's asserts do not work outside of tests.
 */
int vectors_count(const char *section);
/* Field `key` of an object; every one of these fails the test when it is absent. */
json_t *vectors_get(const json_t *o, const char *key);
const char *vectors_str(const json_t *o, const char *key);
uint32_t vectors_u32(const json_t *o, const char *key);
void vectors_hex(const json_t *o, const char *key, struct hex *out);
enum hash_id vectors_hash(const char *name);
enum cipher_id vectors_cipher(const char *name);
/* Fails the test unless both are the same bytes. */
void vectors_same(struct span got, struct span want, const char *what);
/* The same with the hex field `key` of o. */
void vectors_match(struct span got, const json_t *o, const char *key);
/* Hex digits of a constant. */
void hex_parse(const char *digits, struct hex *out);

#endif
