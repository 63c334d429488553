/* Recorded datagrams: parsed, opened, and built again to the last byte. */
#include <string.h>

#include "tests/unit/check_crypto.h"
#include "tests/unit/negotiation.h"

static void
assert_header(const struct message *m, const json_t *want)
{
	struct hex header;

	vectors_hex(want, "header", &header);
	ck_assert_uint_eq(m->h.exchange, vectors_u32(want, "exchange"));
	ck_assert_uint_eq(m->h.message_id, vectors_u32(want, "message_id"));
	ck_assert_uint_eq(m->h.flags, vectors_u32(want, "flags"));
	ck_assert_uint_eq(m->seq, vectors_u32(want, "seq"));
	ck_assert_mem_eq(m->h.icookie, header.b, 8);
	ck_assert_mem_eq(m->h.rcookie, header.b + 8, 8);
	vectors_match(m->crypto, want, "crypto");
}

static void
assert_payloads(const struct message *m, const json_t *want)
{
	const json_t *list = vectors_get(want, "payloads");

	vectors_match(m->chain, want, "inner");
	ck_assert_uint_eq(m->n_payload, json_array_size(list));
	for (size_t i = 0; i < m->n_payload; i++) {
		const json_t *p = json_array_get(list, i);

		ck_assert_uint_eq(m->payload[i].type, vectors_u32(p, "type"));
		vectors_match(m->payload[i].body, p, "body");
		ck_assert_uint_eq(m->payload[i].whole.n, m->payload[i].body.n + 4);
	}
}

/* The message from its parts; E=0 with an IV field cannot be built and is left out. */
static void
assert_rebuilt(
    const struct message *m, const struct message_keys *k, const json_t *want)
{
	static struct builder b;
	struct span out;

	if (m->iv.n > 0 && (m->h.flags & ISAKMP_FLAG_ENCRYPTED) == 0)
		return;
	build_begin(&b, &m->h, m->seq);
	for (size_t i = 0; i < m->n_payload; i++) {
		build_payload(&b, (enum ike_payload_type)m->payload[i].type);
		writer_bytes(&b.w, m->payload[i].body);
		build_end(&b);
	}
	ck_assert_int_eq(build_finish(&b, k, m->iv, &out), IKE_OK);
	vectors_match(out, want, "wire");
	vectors_match(build_chain(&b), want, "inner");
}

static void
assert_message(const json_t *want, const struct message_keys *k)
{
	uint8_t plain[HEX_MAX_BYTES];
	struct message m;
	struct hex wire;

	vectors_hex(want, "wire", &wire);
	ck_assert_int_eq(message_parse(hex_span(&wire), false, &m), IKE_OK);
	assert_header(&m, want);
	if ((m.h.flags & ISAKMP_FLAG_ENCRYPTED) != 0) {
		ck_assert_int_eq(message_open(&m, k, true, plain, wire.n), IKE_OK);
		vectors_match(m.iv, want, "iv");
		vectors_match(m.ciphertext, want, "ciphertext");
		vectors_match(span_of(plain, m.ciphertext.n), want, "plaintext");
	}
	assert_payloads(&m, want);
	assert_rebuilt(&m, k, want);
}

START_TEST(crypto_payload_vectors)
{
	json_t *all = vectors_load(), *m;
	const json_t *v =
	    json_array_get(vectors_get(all, "crypto_payload"), (size_t)_i);
	struct message_keys k = { 0 };
	struct hex cipher_key, integrity_key;
	char cipher[16], hash[16];
	size_t i;

	if (strcmp(vectors_str(v, "suite"), "clear") != 0) {
		ck_assert_int_eq(
		    sscanf(vectors_str(v, "suite"), "%15[^-]-%15[^-]", cipher, hash),
		    2);
		vectors_hex(v, "encryption_key", &cipher_key);
		vectors_hex(v, "integrity_key", &integrity_key);
		k.cipher = vectors_cipher(cipher);
		k.cipher_key = hex_span(&cipher_key);
		k.hash = vectors_hash(hash);
		k.integrity_key = hex_span(&integrity_key);
		k.icv_len_bytes = vectors_u32(v, "icv_length");
	}
	json_array_foreach(vectors_get(v, "messages"), i, m)
		assert_message(m, &k);
	json_decref(all);
}
END_TEST

START_TEST(negotiation_messages)
{
	uint8_t key[CIPHER_MAX_KEY_BYTES];
	struct negotiation n;
	struct message_keys k;
	struct main_keys mk;
	json_t *m;
	size_t i;

	negotiation_load(&n, (size_t)_i);
	ck_assert(keys_main(&n.d, &n.in, hex_span(&n.secret), &mk));
	negotiation_keys(&n, &mk, key, &k);
	json_array_foreach(vectors_get(n.v, "messages"), i, m)
		assert_message(m, &k);
	negotiation_free(&n);
}
END_TEST

START_TEST(icv_length_by_hash_and_version)
{
	struct dialect d = DIALECT_DEFAULT;

	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA1, 9, 9), 12);
	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_MD5, 9, 0), 12);
	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA256, 9, 9), 16);
	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA384, 9, 0), 24);
	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA256, 9, 4), 16);
	for (uint32_t v = 5; v <= 7; v++) {
		ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA256, 9, v), 12);
		ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA384, v, 9), 12);
	}
	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA256, 8, 9), 16);
	d.icv_len = ICV_LEN_12;
	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA384, 9, 9), 12);
	d.icv_len = ICV_LEN_FULL;
	ck_assert_uint_eq(keys_icv_len_bytes(&d, HASH_SHA384, 7, 7), 24);
}
END_TEST

START_TEST(weak_main_mode_cipher_key_is_refused)
{
	struct key e = { 24, { 0 } };
	uint8_t out[CIPHER_MAX_KEY_BYTES];

	ck_assert(!keys_cipher_key(CIPHER_3DES, &e, out)); /* 0101... by parity */
	ck_assert(!keys_cipher_key(CIPHER_DES, &e, out));
	ck_assert(keys_cipher_key(CIPHER_AES192, &e, out));
	ck_assert(!keys_cipher_key(CIPHER_AES256, &e, out)); /* SKEYID_e too short */
}
END_TEST

void
crypto_message_tests(Suite *s)
{
	TCase *t = tcase_create("messages");

	tcase_add_loop_test(
	    t, crypto_payload_vectors, 0, vectors_count("crypto_payload"));
	tcase_add_loop_test(t, negotiation_messages, 0, vectors_count("negotiations"));
	tcase_add_test(t, icv_length_by_hash_and_version);
	tcase_add_test(t, weak_main_mode_cipher_key_is_refused);
	suite_add_tcase(s, t);
}
