/* Padding and trailer of encrypted messages, as a peer with the keys may build them. */
#include <string.h>

#include "tests/unit/check_wire.h"

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

		require(
		    wire_open(out, false, &k, true) == IKE_OK, "padding %zu", pad_n);
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
		ck_assert_int_eq(wire_open(out, false, &k, true), IKE_ERR_DECRYPT);
		ck_assert_int_eq(wire_open(out, false, &k, false), IKE_OK);
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
#define OPENS_TO(want)    \
	ck_assert_int_eq( \
	    wire_open(seal_by_hand(&k, p, n, block, true), false, &k, false), want)
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
	ck_assert_int_eq(wire_open(seal_by_hand(&k, p, n, 0, true), false, &k, false),
	    IKE_ERR_CRYPTO_PAYLOAD);
	ck_assert_int_eq(
	    wire_open(seal_by_hand(&k, p, n, block - 1, true), false, &k, false),
	    IKE_ERR_CRYPTO_PAYLOAD);
	for (n = 0; n < 3 * block; n++) {
		enum ike_err e,
		    want = n < block ? IKE_ERR_CRYPTO_PAYLOAD : IKE_ERR_DECRYPT;

		e = wire_open(seal_by_hand(&k, p, n, block, false), false, &k, false);
		require(n % block == 0 && n > 0 ? e != IKE_OK : e == want,
		    "%zu bytes: %s", n, ike_err_counter(e));
	}
}
END_TEST

void
wire_trailer_tests(Suite *s)
{
	TCase *t = tcase_create("trailer");

	tcase_add_loop_test(t, padding_of_any_length_is_taken, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(
	    t, strict_pad_decides_on_padding_bytes, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(t, wrong_trailer_is_refused, 0, WIRE_SUITE_COUNT);
	tcase_add_loop_test(
	    t, wrong_shape_of_a_sealed_message_is_refused, 0, WIRE_SUITE_COUNT);
	suite_add_tcase(s, t);
}
