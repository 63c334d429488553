/* Known answers of CBC (SP 800-38A, SP 800-67, FIPS 81) and refusal of weak DES keys. */
#include <string.h>

#include "crypto/cipher.h"
#include "tests/unit/check_crypto.h"
#include "tests/unit/vectors.h"

#define AES_TEXT "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
#define AES_IV "000102030405060708090a0b0c0d0e0f"
#define TDES_KEY "0123456789abcdef23456789abcdef01456789abcdef0123"
#define ZERO_IV "0000000000000000"

static const struct {
	enum cipher_id cipher;
	const char *key, *iv, *clear, *sealed;
} cbc_answers[] = {
	{ CIPHER_AES128, "2b7e151628aed2a6abf7158809cf4f3c", AES_IV, AES_TEXT,
	    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" },
	{ CIPHER_AES192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", AES_IV,
	    AES_TEXT,
	    "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a" },
	{ CIPHER_AES256,
	    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", AES_IV,
	    AES_TEXT,
	    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d" },
	/* "The qufck brown fox jump", block by block as the standard has it in ECB */
	{ CIPHER_3DES, TDES_KEY, ZERO_IV, "5468652071756663", "a826fd8ce53b855f" },
	{ CIPHER_3DES, TDES_KEY, ZERO_IV, "6b2062726f776e20", "cce21c8112256fe6" },
	{ CIPHER_3DES, TDES_KEY, ZERO_IV, "666f78206a756d70", "68d5c05dd9b6b900" },
	/* "Now is the time for all " */
	{ CIPHER_DES, "0123456789abcdef", "1234567890abcdef",
	    "4e6f77206973207468652074696d6520666f7220616c6c20",
	    "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6" },
};
#define CBC_COUNT (int)(sizeof(cbc_answers) / sizeof(cbc_answers[0]))

START_TEST(cbc_known_answer)
{
	enum cipher_id id = cbc_answers[_i].cipher;
	struct hex key, iv, clear, sealed;
	uint8_t out[64];

	hex_parse(cbc_answers[_i].key, &key);
	hex_parse(cbc_answers[_i].iv, &iv);
	hex_parse(cbc_answers[_i].clear, &clear);
	hex_parse(cbc_answers[_i].sealed, &sealed);
	ck_assert_uint_eq(cipher_key_len_bytes(id), key.n);
	ck_assert_uint_eq(cipher_block_len_bytes(id), iv.n);
	ck_assert(
	    cipher_cbc(id, true, hex_span(&key), hex_span(&iv), clear.b, clear.n, out));
	vectors_same(span_of(out, clear.n), hex_span(&sealed), "encrypted");
	ck_assert(
	    cipher_cbc(id, false, hex_span(&key), hex_span(&iv), out, clear.n, out));
	vectors_same(span_of(out, clear.n), hex_span(&clear), "decrypted in place");
}
END_TEST

START_TEST(cbc_refuses_wrong_lengths)
{
	uint8_t key[32] = { 1 }, iv[16] = { 2 }, text[48] = { 3 }, out[48];

	for (int id = CIPHER_DES; id <= CIPHER_AES256; id++) {
		enum cipher_id c = (enum cipher_id)id;
		size_t key_n = cipher_key_len_bytes(c),
		       block = cipher_block_len_bytes(c);
		struct span k = span_of(key, key_n), v = span_of(iv, block);

		ck_assert(cipher_cbc(c, true, k, v, text, 2 * block, out));
		ck_assert(
		    !cipher_cbc(c, true, span_of(key, key_n - 1), v, text, block, out));
		ck_assert(
		    !cipher_cbc(c, true, k, span_of(iv, block - 1), text, block, out));
		ck_assert(!cipher_cbc(c, true, k, v, text, block + 1, out));
		ck_assert(!cipher_cbc(c, false, k, v, text, block - 1, out));
	}
	ck_assert(
	    !cipher_cbc(CIPHER_NULL, true, SPAN_NONE, span_of(iv, 1), text, 16, out));
	ck_assert(
	    !cipher_cbc((enum cipher_id)99, true, SPAN_NONE, SPAN_NONE, text, 16, out));
}
END_TEST

START_TEST(cipher_names_and_ike_numbers)
{
	ck_assert_str_eq(cipher_name(CIPHER_AES192), "aes192");
	ck_assert_str_eq(cipher_name((enum cipher_id)99), "unknown");
	ck_assert_uint_eq(cipher_ike_number(CIPHER_DES), 1);
	ck_assert_uint_eq(cipher_ike_number(CIPHER_3DES), 5);
	ck_assert_uint_eq(cipher_ike_number(CIPHER_AES128), 7);
	ck_assert_uint_eq(cipher_ike_number(CIPHER_AES256), 7);
	ck_assert_uint_eq(cipher_block_len_bytes(CIPHER_NULL), 1);
	ck_assert_uint_eq(cipher_key_len_bytes(CIPHER_NULL), 0);
}
END_TEST

/* FIPS 74: four weak and twelve semi-weak keys. */
static const char *const weak_keys[] = {
	"0101010101010101",
	"fefefefefefefefe",
	"1f1f1f1f0e0e0e0e",
	"e0e0e0e0f1f1f1f1",
	"01fe01fe01fe01fe",
	"fe01fe01fe01fe01",
	"1fe01fe00ef10ef1",
	"e01fe01ff10ef10e",
	"01e001e001f101f1",
	"e001e001f101f101",
	"1ffe1ffe0efe0efe",
	"fe1ffe1ffe0efe0e",
	"011f011f010e010e",
	"1f011f010e010e01",
	"e0fee0fef1fef1fe",
	"fee0fee0fef1fef1",
};
#define WEAK_COUNT (int)(sizeof(weak_keys) / sizeof(weak_keys[0]))

START_TEST(weak_des_key_is_refused)
{
	uint8_t key[8], triple[24];
	struct hex weak;

	hex_parse(weak_keys[_i], &weak);
	memcpy(key, weak.b, 8);
	ck_assert(!cipher_key_prepare(CIPHER_DES, key));
	for (int i = 0; i < 8; i++)
		key[i] = weak.b[i] ^ 1; /* wrong parity hides nothing */
	ck_assert(!cipher_key_prepare(CIPHER_DES, key));
	vectors_same(SPAN_ARRAY(key), hex_span(&weak), "key with parity");
	for (int at = 0; at < 24; at += 8) {
		struct hex good;

		hex_parse(TDES_KEY, &good);
		memcpy(triple, good.b, 24);
		memcpy(triple + at, weak.b, 8);
		ck_assert(!cipher_key_prepare(CIPHER_3DES, triple));
	}
}
END_TEST

START_TEST(triple_des_with_equal_neighbours_is_refused)
{
	struct hex good;
	uint8_t key[24];

	hex_parse(TDES_KEY, &good);
	memcpy(key, good.b, 24);
	ck_assert(cipher_key_prepare(CIPHER_3DES, key));
	memcpy(key + 8, key, 8);
	key[15] ^= 1; /* differs in parity only */
	ck_assert(!cipher_key_prepare(CIPHER_3DES, key));
	memcpy(key, good.b, 24);
	memcpy(key + 16, key + 8, 8);
	ck_assert(!cipher_key_prepare(CIPHER_3DES, key));
	memcpy(key, good.b, 24);
	memcpy(key + 16, key, 8); /* two-key triple DES is allowed */
	ck_assert(cipher_key_prepare(CIPHER_3DES, key));
}
END_TEST

START_TEST(aes_key_is_left_alone)
{
	uint8_t key[CIPHER_MAX_KEY_BYTES] = { 0 }, zero[CIPHER_MAX_KEY_BYTES] = { 0 };

	ck_assert(cipher_key_prepare(CIPHER_AES128, key));
	ck_assert(cipher_key_prepare(CIPHER_AES256, key));
	ck_assert(cipher_key_prepare(CIPHER_NULL, key));
	ck_assert_mem_eq(key, zero, sizeof(key));
}
END_TEST

void
crypto_cipher_tests(Suite *s)
{
	TCase *t = tcase_create("cipher");

	tcase_add_loop_test(t, cbc_known_answer, 0, CBC_COUNT);
	tcase_add_test(t, cbc_refuses_wrong_lengths);
	tcase_add_test(t, cipher_names_and_ike_numbers);
	tcase_add_loop_test(t, weak_des_key_is_refused, 0, WEAK_COUNT);
	tcase_add_test(t, triple_des_with_equal_neighbours_is_refused);
	tcase_add_test(t, aes_key_is_left_alone);
	suite_add_tcase(s, t);
}
