/* Sections a_kdf, des_parity and dh of the vectors. */
#include <string.h>

#include "crypto/cipher.h"
#include "crypto/dh.h"
#include "crypto/kdf.h"
#include "tests/unit/check_crypto.h"
#include "tests/unit/vectors.h"

START_TEST(a_kdf_vectors)
{
	json_t *all = vectors_load(), *v;
	size_t i;

	json_array_foreach(vectors_get(all, "a_kdf"), i, v) {
		size_t n = vectors_u32(v, "keydatalen");
		uint8_t out[512];
		struct hex z, info;
		struct span part[3];

		vectors_hex(v, "z", &z);
		vectors_hex(v, "other_info", &info);
		/* OtherInfo is a concatenation: how it is cut must not matter. */
		part[0] = span_of(info.b, 2);
		part[1] = span_of(info.b + 2, 8);
		part[2] = span_of(info.b + 10, info.n - 10);
		ck_assert_uint_le(n, sizeof(out));
		ck_assert(kdf_concat(vectors_hash(vectors_str(v, "hash")),
		    KDF_COUNTER_FIRST, hex_span(&z), part, 3, out, n));
		vectors_match(span_of(out, n), v, "output");
	}
	json_decref(all);
}
END_TEST

/* Both orders by hand: one block of hash. */
START_TEST(a_kdf_counter_order)
{
	static const uint8_t one[4] = { 0, 0, 0, 1 };
	struct span z = span_of("secret", 6), info = span_of("info", 4);
	struct span first[3] = { SPAN_ARRAY(one), z, info };
	struct span second[3] = { z, SPAN_ARRAY(one), info };
	uint8_t got[HASH_MAX_BYTES], want[HASH_MAX_BYTES];

	ck_assert(kdf_concat(HASH_SHA256, KDF_COUNTER_FIRST, z, &info, 1, got, 32));
	ck_assert(hash_digest(HASH_SHA256, first, 3, want));
	ck_assert_mem_eq(got, want, 32);
	ck_assert(kdf_concat(HASH_SHA256, KDF_Z_FIRST, z, &info, 1, got, 32));
	ck_assert(hash_digest(HASH_SHA256, second, 3, want));
	ck_assert_mem_eq(got, want, 32);
}
END_TEST

START_TEST(a_kdf_bounds)
{
	static uint8_t out[4097], shorter[4097];
	struct span z = span_of("z", 1), info[17] = { { NULL, 0 } };

	ck_assert(kdf_concat(HASH_MD5, KDF_COUNTER_FIRST, z, NULL, 0, out, 4096));
	ck_assert(!kdf_concat(HASH_MD5, KDF_COUNTER_FIRST, z, NULL, 0, out, 4097));
	ck_assert(kdf_concat(HASH_MD5, KDF_COUNTER_FIRST, z, NULL, 0, shorter, 37));
	ck_assert_mem_eq(out, shorter, 37);
	ck_assert_uint_eq(shorter[37], 0);
	ck_assert(kdf_concat(HASH_MD5, KDF_COUNTER_FIRST, z, info, 16, out, 16));
	ck_assert(!kdf_concat(HASH_MD5, KDF_COUNTER_FIRST, z, info, 17, out, 16));
	ck_assert(!kdf_concat(HASH_NONE, KDF_COUNTER_FIRST, z, NULL, 0, out, 16));
}
END_TEST

START_TEST(des_parity_vectors)
{
	json_t *all = vectors_load(), *v;
	size_t i;

	json_array_foreach(vectors_get(all, "des_parity"), i, v) {
		enum cipher_id c = vectors_cipher(vectors_str(v, "cipher"));
		struct hex key;
		size_t n = cipher_key_len_bytes(c);
		/* A DES key of two values in turn is one of the weak ones. */
		bool weak;

		vectors_hex(v, "material", &key);
		ck_assert_uint_ge(key.n, n);
		weak = key.b[0] == key.b[2] && key.b[1] == key.b[3];
		ck_assert(cipher_key_prepare(c, key.b) == !weak);
		vectors_match(span_of(key.b, n), v, "key");
	}
	json_decref(all);
}
END_TEST

static void
assert_pair(const json_t *v, const char *private, const char *own, const char *peer)
{
	struct hex x, y;
	struct secret z;
	struct dh *dh;

	vectors_hex(v, private, &x);
	vectors_hex(v, peer, &y);
	dh = dh_new((enum dh_group)vectors_u32(v, "group"), hex_span(&x));
	ck_assert_ptr_nonnull(dh);
	ck_assert_str_eq(dh_name(dh_group_of(dh)), vectors_str(v, "name"));
	vectors_match(dh_public(dh), v, own);
	ck_assert(dh_shared(dh, hex_span(&y), false, &z));
	vectors_match(secret_span(&z), v, "z");
	dh_free(dh);
}

START_TEST(dh_vectors)
{
	json_t *all = vectors_load(), *v;
	size_t i;

	json_array_foreach(vectors_get(all, "dh"), i, v) {
		assert_pair(v, "private_i", "public_i", "public_r");
		assert_pair(v, "private_r", "public_r", "public_i");
	}
	json_decref(all);
}
END_TEST

void
crypto_vector_tests(Suite *s)
{
	TCase *t = tcase_create("vectors");

	tcase_add_test(t, a_kdf_vectors);
	tcase_add_test(t, a_kdf_counter_order);
	tcase_add_test(t, a_kdf_bounds);
	tcase_add_test(t, des_parity_vectors);
	tcase_add_test(t, dh_vectors);
	suite_add_tcase(s, t);
}
