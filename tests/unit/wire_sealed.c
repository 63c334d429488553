/* Encrypted messages: sealed, opened, changed, cut, and with padding of all kinds. */
#include <stdlib.h>
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

/* Parses and opens, with buffers of exactly the message's length. */
static enum ike_err
open_exact(struct span datagram, bool lenient, const struct message_keys *k, bool strict_pad)
{
	struct span copy = wire_exact(datagram);
	uint8_t *plain = malloc(datagram.n + 1);
	struct message m;
	enum ike_err e = message_parse(copy, lenient, &m);

	if (e == IKE_OK)
		e = message_open(&m, k, strict_pad, plain, datagram.n);
	free(plain);
	free((void *)copy.p);
	return e;
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
		require(message_open(&m, &k, true, plain, out.n) == IKE_OK, "nonce %zu", n);
		require(m.n_payload == 2 && m.payload[1].body.n == n, "payloads, nonce %zu", n);
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
		require(open_exact(span_of(p, out.n), false, &k, false) != IKE_OK, "bit %zu",
		    bit);
		require(open_exact(span_of(p, out.n), true, &k, false) != IKE_OK,
		    "bit %zu, lenient", bit);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(open_exact(span_of(p, out.n), false, &k, true), IKE_OK);
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
		require(open_exact(span_of(p, n), true, &k, false) ==
			(n < 28 ? IKE_ERR_TOO_SHORT : IKE_ERR_LENGTH),
		    "cut to %zu", n);
	for (size_t n = 28; n < out.n; n++) {
		enum ike_err e;

		p[26] = (uint8_t)(n >> 8);
		p[27] = (uint8_t)n;
		e = open_exact(span_of(p, n), false, &k, false);
		require(e == IKE_ERR_CRYPTO_PAYLOAD || e == IKE_ERR_ICV, "corrected to %zu: %s",
		    n, ike_err_counter(e));
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
	ck_assert_int_eq(open_exact(out, false, &wrong, false), IKE_ERR_ICV);
	wrong = k;
	wrong.hash = k.hash == HASH_SHA1 ? HASH_MD5 : HASH_SHA1;
	ck_assert_int_eq(open_exact(out, false, &wrong, false), IKE_ERR_ICV);
	wrong = k;
	memcpy(key, k.cipher_key.p, k.cipher_key.n);
	key[0] ^= 2;
	wrong.cipher_key.p = key;
	ck_assert_int_ne(open_exact(out, false, &wrong, true), IKE_OK);
	wrong = k;
	wrong.icv_len_bytes = 8;
	ck_assert_int_eq(open_exact(out, false, &wrong, false), IKE_ERR_ICV);
}
END_TEST

/* A message with a valid ICV around a plaintext of any kind; iv_n as given. */
static struct span
seal_by_hand(const struct message_keys *k, const uint8_t *plain, size_t n, size_t iv_n,
    bool encrypt)
{
	static uint8_t out[2048];
	struct isakmp_header h = wire_header(EXCHANGE_QM, ISAKMP_FLAG_ENCRYPTED);
	uint8_t icv[HASH_MAX_BYTES];
	struct span covered;
	struct writer w;
	size_t text_at;

	h.next_payload = PAYLOAD_CRYPTO;
	h.version = 0x10;
	writer_init(&w, out, sizeof(out));
	isakmp_header_write(&w, &h);
	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)(8 + iv_n));
	writer_u32(&w, 1);
	writer_bytes(&w, span_of(wire_iv(k).p, iv_n));
	text_at = w.n;
	writer_bytes(&w, span_of(plain, n));
	if (encrypt)
		require(cipher_cbc(k->cipher, true, k->cipher_key, wire_iv(k), plain, n,
			    out + text_at),
		    "encrypt");
	covered = span_of(out, w.n);
	require(hash_hmac(k->hash, k->integrity_key, &covered, 1, icv), "HMAC");
	writer_bytes(&w, span_of(icv, k->icv_len_bytes));
	writer_patch_u32(&w, 24, (uint32_t)w.n);
	require(writer_ok(&w), "writer");
	return span_of(out, w.n);
}

/* A Nonce payload of 16 bytes, padding 1 2 3..., trailer. */
static size_t
plain_make(uint8_t *p, size_t pad_n, uint8_t first)
{
	memset(p, 0, 20);
	p[3] = 20;
	for (size_t i = 0; i < pad_n; i++)
		p[20 + i] = (uint8_t)(i + 1);
	p[20 + pad_n] = (uint8_t)pad_n;
	p[20 + pad_n + 1] = first;
	return 20 + pad_n + 2;
}

START_TEST(padding_of_any_length_is_taken)
{
	struct message_keys k;
	uint8_t p[512];

	wire_suite(_i, &k);
	for (size_t pad_n = 10; pad_n <= 255; pad_n += 16) {
		size_t n = plain_make(p, pad_n, PAYLOAD_NONCE);
		struct span out = seal_by_hand(&k, p, n, wire_iv(&k).n, true);

		require(open_exact(out, false, &k, true) == IKE_OK, "padding %zu", pad_n);
	}
}
END_TEST

START_TEST(strict_pad_decides_on_padding_bytes)
{
	struct message_keys k;
	uint8_t p[512];
	size_t n;

	wire_suite(_i, &k);
	for (size_t at = 0; at < 10; at++) {
		struct span out;

		n = plain_make(p, 10, PAYLOAD_NONCE);
		p[20 + at] = 0;
		out = seal_by_hand(&k, p, n, wire_iv(&k).n, true);
		ck_assert_int_eq(open_exact(out, false, &k, true), IKE_ERR_DECRYPT);
		ck_assert_int_eq(open_exact(out, false, &k, false), IKE_OK);
	}
}
END_TEST

START_TEST(wrong_trailer_is_refused)
{
	struct message_keys k;
	size_t n, block;
	uint8_t p[512];

	wire_suite(_i, &k);
	block = wire_iv(&k).n;
#define OPENS_TO(want) \
	ck_assert_int_eq(open_exact(seal_by_hand(&k, p, n, block, true), false, &k, false), want)
	n = plain_make(p, 10, PAYLOAD_NONE);
	OPENS_TO(IKE_ERR_PAYLOAD_MISSING);
	n = plain_make(p, 10, PAYLOAD_CRYPTO);
	OPENS_TO(IKE_ERR_CRYPTO_PAYLOAD);
	n = plain_make(p, 10, PAYLOAD_NONCE);
	for (unsigned pad_n = 0; pad_n < 256; pad_n++) {
		p[30] = (uint8_t)pad_n;
		OPENS_TO(pad_n == 10 ? IKE_OK :
			pad_n == 30  ? IKE_ERR_PAYLOAD_MISSING :
			pad_n > 30   ? IKE_ERR_DECRYPT :
				       IKE_ERR_PAYLOAD_LENGTH);
	}
#undef OPENS_TO
}
END_TEST

START_TEST(wrong_shape_of_a_sealed_message_is_refused)
{
	struct message_keys k;
	uint8_t p[512] = { 0 };
	size_t block, n;

	wire_suite(_i, &k);
	block = wire_iv(&k).n;
	n = plain_make(p, 10, PAYLOAD_NONCE);
	ck_assert_int_eq(open_exact(seal_by_hand(&k, p, n, 0, true), false, &k, false),
	    IKE_ERR_CRYPTO_PAYLOAD);
	ck_assert_int_eq(open_exact(seal_by_hand(&k, p, n, block - 1, true), false, &k, false),
	    IKE_ERR_CRYPTO_PAYLOAD);
	for (n = 0; n < 3 * block; n++) {
		enum ike_err e, want = n < block ? IKE_ERR_CRYPTO_PAYLOAD : IKE_ERR_DECRYPT;

		e = open_exact(seal_by_hand(&k, p, n, block, false), false, &k, false);
		require(n % block == 0 && n > 0 ? e != IKE_OK : e == want, "%zu bytes: %s", n,
		    ike_err_counter(e));
	}
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
	ck_assert_int_eq(message_open(&m, &k, false, plain, wire_iv(&k).n), IKE_ERR_DECRYPT);
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
	ck_assert_int_eq(message_open(&m, &k, false, plain, 512), IKE_ERR_NOT_ENCRYPTED);
}
END_TEST

void
wire_sealed_tests(Suite *s)
{
	TCase *t = tcase_create("sealed");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, sealed_message_is_opened_as_built, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, any_flipped_bit_is_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, sealed_message_cut_anywhere_is_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, wrong_keys_are_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, padding_of_any_length_is_taken, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, strict_pad_decides_on_padding_bytes, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, wrong_trailer_is_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, wrong_shape_of_a_sealed_message_is_refused, 0,
	    WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, open_and_finish_check_their_arguments, 0, WIRE_SUITE_COUNT);
	suite_add_tcase(s, t);
}
