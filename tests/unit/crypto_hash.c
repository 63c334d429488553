/* Known answers of hashes and HMAC (RFC 1321, FIPS 180, RFC 2202, RFC 4231). */
#include <string.h>

#include "crypto/hash.h"
#include "crypto/secret.h"
#include "tests/unit/check_crypto.h"
#include "tests/unit/vectors.h"

static const struct {
	enum hash_id hash;
	const char *digest;
} abc_answers[] = {
	{ HASH_MD5, "900150983cd24fb0d6963f7d28e17f72" },
	{ HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ HASH_SHA256,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ HASH_SHA384,
	    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	    "8086072ba1e7cc2358baeca134c825a7" },
};

START_TEST(digest_of_abc_in_any_parts)
{
	enum hash_id id = abc_answers[_i].hash;
	struct span one[1] = { span_of("abc", 3) };
	struct span four[4] = { span_of("a", 1), SPAN_NONE, span_of("b", 1),
		span_of("c", 1) };
	uint8_t out[HASH_MAX_BYTES];
	struct hex want;

	hex_parse(abc_answers[_i].digest, &want);
	ck_assert_uint_eq(hash_len_bytes(id), want.n);
	ck_assert(hash_digest(id, one, 1, out));
	vectors_same(span_of(out, want.n), hex_span(&want), "one part");
	ck_assert(hash_digest(id, four, 4, out));
	vectors_same(span_of(out, want.n), hex_span(&want), "four parts");
}
END_TEST

#define BLOCK_TEXT "Test Using Larger Than Block-Size Key - Hash Key First"

/* Keys and data as the RFCs print them: a byte repeated, or a text. */
static const struct {
	enum hash_id hash;
	uint8_t key_byte; /* 0: the key is "Jefe" */
	size_t key_n;
	const char *text; /* NULL: 50 bytes of 0xdd */
	const char *mac;
} hmac_answers[] = {
	{ HASH_MD5, 0x0b, 16, "Hi There", "9294727a3638bb1c13f48ef8158bfc9d" },
	{ HASH_MD5, 0, 4, "what do ya want for nothing?",
	    "750c783e6ab0b503eaa86e310a5db738" },
	{ HASH_MD5, 0xaa, 16, NULL, "56be34521d144c88dbb8c733f0e8b3f6" },
	{ HASH_MD5, 0xaa, 80, BLOCK_TEXT, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd" },
	{ HASH_SHA1, 0x0b, 20, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00" },
	{ HASH_SHA1, 0, 4, "what do ya want for nothing?",
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ HASH_SHA1, 0xaa, 20, NULL, "125d7342b9ac11cd91a39af48aa17b4f63f175d3" },
	{ HASH_SHA1, 0xaa, 80, BLOCK_TEXT, "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
	{ HASH_SHA256, 0x0b, 20, "Hi There",
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ HASH_SHA256, 0, 4, "what do ya want for nothing?",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ HASH_SHA256, 0xaa, 20, NULL,
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ HASH_SHA256, 0xaa, 131, BLOCK_TEXT,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ HASH_SHA384, 0x0b, 20, "Hi There",
	    "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	    "faea9ea9076ede7f4af152e8b2fa9cb6" },
	{ HASH_SHA384, 0, 4, "what do ya want for nothing?",
	    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	    "8e2240ca5e69e2c78b3239ecfab21649" },
	{ HASH_SHA384, 0xaa, 20, NULL,
	    "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
	    "2a5ab39dc13814b94e3ab6e101a34f27" },
	{ HASH_SHA384, 0xaa, 131, BLOCK_TEXT,
	    "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	    "0c2ef6ab4030fe8296248df163f44952" },
};
#define HMAC_COUNT (int)(sizeof(hmac_answers) / sizeof(hmac_answers[0]))

START_TEST(hmac_known_answer)
{
	uint8_t key[131] = "Jefe", dd[50], out[HASH_MAX_BYTES];
	const char *text = hmac_answers[_i].text;
	struct span data = SPAN_ARRAY(dd), part[2];
	struct hex want;

	if (hmac_answers[_i].key_byte != 0)
		memset(key, hmac_answers[_i].key_byte, sizeof(key));
	memset(dd, 0xdd, sizeof(dd));
	if (text != NULL)
		data = span_of(text, strlen(text));
	part[0] = span_of(data.p, 3);
	part[1] = span_of(data.p + 3, data.n - 3);
	ck_assert(hash_hmac(
	    hmac_answers[_i].hash, span_of(key, hmac_answers[_i].key_n), part, 2, out));
	hex_parse(hmac_answers[_i].mac, &want);
	vectors_same(span_of(out, hash_len_bytes(hmac_answers[_i].hash)),
	    hex_span(&want), "MAC");
}
END_TEST

START_TEST(hmac_with_empty_key_and_data)
{
	uint8_t out[HASH_MAX_BYTES];
	struct hex want;

	hex_parse("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d", &want);
	ck_assert(hash_hmac(HASH_SHA1, SPAN_NONE, NULL, 0, out));
	vectors_same(span_of(out, 20), hex_span(&want), "MAC");
}
END_TEST

START_TEST(unknown_hash_is_refused)
{
	static const int unknown[] = { 0, 3, 6, 255 };
	struct span part[1] = { span_of("abc", 3) };
	uint8_t out[HASH_MAX_BYTES];

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		enum hash_id id = (enum hash_id)unknown[i];

		ck_assert_uint_eq(hash_len_bytes(id), 0);
		ck_assert(!hash_digest(id, part, 1, out));
		ck_assert(!hash_hmac(id, part[0], part, 1, out));
	}
}
END_TEST

START_TEST(secret_holds_compares_and_wipes)
{
	uint8_t big[SECRET_MAX_BYTES + 1] = { 7 };
	struct secret a, b;

	ck_assert(secret_set(&a, span_of(big, SECRET_MAX_BYTES)));
	ck_assert_uint_eq(a.n, SECRET_MAX_BYTES);
	ck_assert(secret_set(&b, secret_span(&a)));
	ck_assert(secret_equal(a.b, b.b, a.n));
	b.b[SECRET_MAX_BYTES - 1] ^= 1;
	ck_assert(!secret_equal(a.b, b.b, a.n));
	ck_assert(!secret_set(&a, SPAN_ARRAY(big)));
	ck_assert_uint_eq(a.n, 0);
	ck_assert_uint_eq(a.b[0], 0);
	ck_assert(secret_set(&b, SPAN_NONE));
	ck_assert_uint_eq(b.n, 0);
	ck_assert_uint_eq(b.b[0], 0);
}
END_TEST

/* Every byte of it, also those that were not in use. */
START_TEST(wiped_secrets_are_gone)
{
	static const struct secret nothing;
	uint8_t text[33];
	struct secret a;

	memset(&a, 0xa5, sizeof(a));
	secret_wipe(&a);
	ck_assert_mem_eq(&a, &nothing, sizeof(a));
	memset(&a, 0xa5, sizeof(a));
	ck_assert(secret_set(&a, SPAN_NONE));
	ck_assert_mem_eq(&a, &nothing, sizeof(a));
	memset(text, 0xa5, sizeof(text));
	secret_wipe_bytes(text, sizeof(text) - 1);
	ck_assert_mem_eq(text, nothing.b, sizeof(text) - 1);
	ck_assert_uint_eq(text[sizeof(text) - 1], 0xa5);
	secret_wipe_bytes(NULL, 0);
}
END_TEST

void
crypto_hash_tests(Suite *s)
{
	TCase *t = tcase_create("hash");

	tcase_add_loop_test(t, digest_of_abc_in_any_parts, 0, 4);
	tcase_add_loop_test(t, hmac_known_answer, 0, HMAC_COUNT);
	tcase_add_test(t, hmac_with_empty_key_and_data);
	tcase_add_test(t, unknown_hash_is_refused);
	tcase_add_test(t, secret_holds_compares_and_wipes);
	tcase_add_test(t, wiped_secrets_are_gone);
	suite_add_tcase(s, t);
}
