/* Reading the test vectors. */
#include "tests/unit/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

/* Read once: the tests are forked from a process that has called vectors_count(). */
static json_t *vectors_all;

static json_t *
load(void)
{
	const char *dir = getenv("srcdir");
	char path[1024];
	json_error_t error;

	if (vectors_all != NULL)
		return vectors_all;
	snprintf(path, sizeof(path), "%s/tests/data/authip-vectors.json",
	    dir != NULL ? dir : ".");
	if ((vectors_all = json_load_file(path, 0, &error)) == NULL)
		fprintf(stderr, "%s: %s\n", path, error.text);
	return vectors_all;
}

json_t *
vectors_load(void)
{
	ck_assert_ptr_nonnull(load());
	return json_incref(vectors_all);
}

int
vectors_count(const char *section)
{
	size_t n = json_array_size(json_object_get(load(), section));

	return n > 0 ? (int)n : 1;
}

json_t *
vectors_get(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	ck_assert_msg(v != NULL, "no field %s", key);
	return v;
}

const char *
vectors_str(const json_t *o, const char *key)
{
	json_t *v = vectors_get(o, key);

	ck_assert_msg(json_is_string(v), "field %s is not a string", key);
	return json_string_value(v);
}

uint32_t
vectors_u32(const json_t *o, const char *key)
{
	json_t *v = vectors_get(o, key);

	ck_assert_msg(json_is_integer(v), "field %s is not a number", key);
	return (uint32_t)json_integer_value(v);
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	/* An assert that holds costs a write to Check's pipe: too slow per digit. */
	if (at == NULL)
		ck_abort_msg("'%c' is not a hex digit", c);
	return (int)(at - digits);
}

/* An odd number of digits lacks a zero in front, as one private value of the file does. */
void
hex_parse(const char *digits, struct hex *out)
{
	size_t odd = strlen(digits) % 2;

	out->n = (strlen(digits) + odd) / 2;
	ck_assert_uint_le(out->n, sizeof(out->b));
	memset(out->b, 0, out->n);
	for (size_t i = 0; digits[i] != '\0'; i++) {
		uint8_t *at = &out->b[(i + odd) / 2];

		*at = (uint8_t)(*at << 4 | hex_digit(digits[i]));
	}
}

void
vectors_hex(const json_t *o, const char *key, struct hex *out)
{
	hex_parse(vectors_str(o, key), out);
}

enum hash_id
vectors_hash(const char *name)
{
	static const enum hash_id id[] = { HASH_MD5, HASH_SHA1, HASH_SHA256,
		HASH_SHA384 };

	for (size_t i = 0; i < sizeof(id) / sizeof(id[0]); i++)
		if (strcmp(hash_name(id[i]), name) == 0)
			return id[i];
	ck_abort_msg("no hash named %s", name);
}

enum cipher_id
vectors_cipher(const char *name)
{
	for (int id = CIPHER_NULL; id <= CIPHER_AES256; id++)
		if (strcmp(cipher_name((enum cipher_id)id), name) == 0)
			return (enum cipher_id)id;
	ck_abort_msg("no cipher named %s", name);
}

void
vectors_same(struct span got, struct span want, const char *what)
{
	ck_assert_msg(
	    got.n == want.n, "%s: %zu bytes instead of %zu", what, got.n, want.n);
	ck_assert_msg(
	    got.n == 0 || memcmp(got.p, want.p, got.n) == 0, "%s differs", what);
}

void
vectors_match(struct span got, const json_t *o, const char *key)
{
	struct hex want;

	vectors_hex(o, key, &want);
	vectors_same(got, hex_span(&want), key);
}
