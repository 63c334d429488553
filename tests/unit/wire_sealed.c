/* Encrypted messages: sealed, opened, changed, cut, and with padding of all kinds. */
#include <string.h>

#include "tests/unit/check_wire.h"

static struct builder b;

static struct span
build_sealed(const struct message_keys *k, size_t nonce_n)
{
	struct isakmp_header h = wire_header(EXCHANGE_QM, ISAKMP_FLAG_ENCRYPTED);
	struct span out;

	build_begin(&b, &h, 0x01020304);
	wire_payload(&b, PAYLOAD_HASH, 20, 0x11);
	wire_payload(&b, PAYLOAD_NONCE, nonce_n, 0x22);
	require(build_finish(&b, k, wire_iv(k), &out) == IKE_OK, "build");
	return out;
}

START_TEST(sealed_message_is_opened_as_built)
{
	uint8_t plain[512];
	struct message_keys k;
	struct message m;

	wire_suite(_i, &k);
	for (size_t n = 0; n < 70; n++) {
		struct span out = build_sealed(&k, n);

		require(message_parse(out, false, &m) == IKE_OK, "parse, nonce %zu", n);
		require(m.seq == 0x01020304 && m.n_payload == 0, "before opening");
		require(
		    message_open(&m, &k, true, plain, out.n) == IKE_OK, "nonce %zu", n);
		require(m.n_payload == 2 && m.payload[1].body.n == n,
		    "payloads, nonce %zu", n);
		require(m.chain.n == build_chain(&b).n &&
			memcmp(m.chain.p, build_chain(&b).p, m.chain.n) == 0,
		    "chain, nonce %zu", n);
		require(m.iv.n == wire_iv(&k).n, "IV");
	}
}
END_TEST

START_TEST(any_flipped_bit_is_refused)
{
	struct message_keys k;
	struct span out;
	uint8_t p[512];

	wire_suite(_i, &k);
	out = build_sealed(&k, 13);
	memcpy(p, out.p, out.n);
	for (size_t bit = 0; bit < out.n * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		require(wire_open(span_of(p, out.n), false, &k, false) != IKE_OK,
		    "bit %zu", bit);
		require(wire_open(span_of(p, out.n), true, &k, false) != IKE_OK,
		    "bit %zu, lenient", bit);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(wire_open(span_of(p, out.n), false, &k, true), IKE_OK);
}
END_TEST

START_TEST(sealed_message_cut_anywhere_is_refused)
{
	struct message_keys k;
	struct span out;
	uint8_t p[512];

	wire_suite(_i, &k);
	out = build_sealed(&k, 40);
	memcpy(p, out.p, out.n);
	for (size_t n = 0; n < out.n; n++)
		require(wire_open(span_of(p, n), true, &k, false) ==
			(n < 28 ? IKE_ERR_TOO_SHORT : IKE_ERR_LENGTH),
		    "cut to %zu", n);
	for (size_t n = 28; n < out.n; n++) {
		enum ike_err e;

		p[26] = (uint8_t)(n >> 8);
		p[27] = (uint8_t)n;
		e = wire_open(span_of(p, n), false, &k, false);
		require(e == IKE_ERR_CRYPTO_PAYLOAD || e == IKE_ERR_ICV,
		    "corrected to %zu: %s", n, ike_err_counter(e));
	}
}
END_TEST

START_TEST(wrong_keys_are_refused)
{
	struct message_keys k, wrong;
	uint8_t key[HASH_MAX_BYTES];
	struct span out;

	wire_suite(_i, &k);
	out = build_sealed(&k, 40);
	wrong = k;
	memcpy(key, k.integrity_key.p, k.integrity_key.n);
	key[0] ^= 1;
	wrong.integrity_key.p = key;
	ck_assert_int_eq(wire_open(out, false, &wrong, false), IKE_ERR_ICV);
	wrong = k;
	wrong.hash = k.hash == HASH_SHA1 ? HASH_MD5 : HASH_SHA1;
	ck_assert_int_eq(wire_open(out, false, &wrong, false), IKE_ERR_ICV);
	wrong = k;
	memcpy(key, k.cipher_key.p, k.cipher_key.n);
	key[0] ^= 2;
	wrong.cipher_key.p = key;
	ck_assert_int_ne(wire_open(out, false, &wrong, true), IKE_OK);
	wrong = k;
	wrong.icv_len_bytes = 8;
	ck_assert_int_eq(wire_open(out, false, &wrong, false), IKE_ERR_ICV);
}
END_TEST

START_TEST(open_and_finish_check_their_arguments)
{
	struct isakmp_header h = wire_header(EXCHANGE_QM, ISAKMP_FLAG_ENCRYPTED);
	struct message_keys k;
	struct message m;
	uint8_t plain[512];
	struct span out;

	wire_suite(_i, &k);
	out = build_sealed(&k, 16);
	ck_assert_int_eq(message_parse(out, false, &m), IKE_OK);
	ck_assert_int_eq(
	    message_open(&m, &k, false, plain, wire_iv(&k).n), IKE_ERR_DECRYPT);
	build_begin(&b, &h, 0);
	wire_payload(&b, PAYLOAD_HASH, 20, 1);
	ck_assert_int_eq(build_finish(&b, NULL, wire_iv(&k), &out), IKE_ERR_NO_KEYS);
	ck_assert_int_eq(build_finish(&b, &k, span_of(plain, 3), &out), IKE_ERR_CRYPTO);
	build_begin(&b, &h, 0);
	wire_payload(&b, PAYLOAD_GSS, MESSAGE_MAX_BYTES - 50, 1);
	ck_assert_int_ne(build_finish(&b, &k, wire_iv(&k), &out), IKE_OK);
	h.flags = 0;
	build_begin(&b, &h, 0);
	wire_payload(&b, PAYLOAD_HASH, 20, 1);
	ck_assert_int_eq(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
	ck_assert_int_eq(message_parse(out, false, &m), IKE_OK);
	ck_assert_int_eq(
	    message_open(&m, &k, false, plain, 512), IKE_ERR_NOT_ENCRYPTED);
}
END_TEST

void
wire_sealed_tests(Suite *s)
{
	TCase *t = tcase_create("sealed");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, sealed_message_is_opened_as_built, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, any_flipped_bit_is_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(
	    t, sealed_message_cut_anywhere_is_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, wrong_keys_are_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(
	    t, open_and_finish_check_their_arguments, 0, WIRE_SUITE_COUNT);
	suite_add_tcase(s, t);
}
