/* Messages in clear: built, parsed, cut, and with wrong lengths. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_wire.h"

static struct builder b;

/* M1-like: SA, an unknown type, Nonce, two vendor IDs. */
static struct span
build_clear(void)
{
	struct isakmp_header h = wire_header(EXCHANGE_MM, 0);
	struct span out;

	build_begin(&b, &h, 7);
	wire_payload(&b, PAYLOAD_SA, 20, 0x11);
	wire_payload(&b, 200, 3, 0x22);
	wire_payload(&b, PAYLOAD_NONCE, 32, 0x33);
	wire_payload(&b, PAYLOAD_VID, 0, 0);
	wire_payload(&b, PAYLOAD_VID, 16, 0x44);
	ck_assert_int_eq(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
	return out;
}

static enum ike_err
parse_exact(struct span datagram, bool lenient)
{
	struct span copy = wire_exact(datagram);
	struct message m;
	enum ike_err e = message_parse(copy, lenient, &m);

	free((void *)copy.p);
	return e;
}

START_TEST(clear_message_is_parsed_as_built)
{
	struct span out = build_clear();
	struct isakmp_header h = wire_header(EXCHANGE_MM, 0);
	struct message m;

	ck_assert_int_eq(message_parse(out, false, &m), IKE_OK);
	ck_assert_mem_eq(m.h.icookie, h.icookie, 8);
	ck_assert_mem_eq(m.h.rcookie, h.rcookie, 8);
	ck_assert_uint_eq(m.h.version, 0x10);
	ck_assert_uint_eq(m.h.next_payload, PAYLOAD_CRYPTO);
	ck_assert_uint_eq(m.h.exchange, EXCHANGE_MM);
	ck_assert_uint_eq(m.h.message_id, 0xa1b2c3d4);
	ck_assert_uint_eq(m.h.length, out.n);
	ck_assert(m.has_crypto);
	ck_assert_uint_eq(m.seq, 7);
	ck_assert_uint_eq(m.crypto.n, 8);
	ck_assert_uint_eq(m.iv.n, 0);
	ck_assert_uint_eq(m.n_payload, 5);
	ck_assert_uint_eq(m.chain.n, out.n - 36);
	ck_assert_uint_eq(build_chain(&b).n, m.chain.n);
	ck_assert_mem_eq(build_chain(&b).p, m.chain.p, m.chain.n);
}
END_TEST

START_TEST(payloads_are_found_by_type)
{
	struct message m;

	ck_assert_int_eq(message_parse(build_clear(), false, &m), IKE_OK);
	ck_assert_uint_eq(message_find(&m, PAYLOAD_SA, 0)->body.n, 20);
	ck_assert_uint_eq(message_find(&m, PAYLOAD_NONCE, 0)->body.p[31], 0x33);
	ck_assert_uint_eq(message_find(&m, PAYLOAD_VID, 0)->body.n, 0);
	ck_assert_uint_eq(message_find(&m, PAYLOAD_VID, 1)->body.n, 16);
	ck_assert_ptr_null(message_find(&m, PAYLOAD_VID, 2));
	ck_assert_ptr_null(message_find(&m, PAYLOAD_KE, 0));
	ck_assert_uint_eq(message_count(&m, PAYLOAD_VID), 2);
	ck_assert_uint_eq(message_count(&m, PAYLOAD_KE), 0);
	ck_assert_uint_eq(chain_find(m.chain, PAYLOAD_SA, PAYLOAD_VID, 1).n, 20);
	ck_assert_ptr_eq(chain_find(m.chain, PAYLOAD_SA, PAYLOAD_SA, 0).p, m.chain.p);
	ck_assert_uint_eq(chain_find(m.chain, PAYLOAD_SA, PAYLOAD_VID, 2).n, 0);
	for (size_t n = 0; n < m.chain.n; n++)
		require(
		    chain_find(span_of(m.chain.p, n), PAYLOAD_SA, PAYLOAD_VID, 1).n ==
			0,
		    "found in %zu bytes", n);
}
END_TEST

START_TEST(clear_message_cut_anywhere_is_refused)
{
	struct span out = build_clear();
	uint8_t copy[256];

	memcpy(copy, out.p, out.n);
	for (size_t n = 0; n < out.n; n++) {
		enum ike_err want = n < 28 ? IKE_ERR_TOO_SHORT : IKE_ERR_LENGTH;

		require(parse_exact(span_of(copy, n), false) == want, "cut to %zu", n);
		require(parse_exact(span_of(copy, n), true) == want,
		    "cut to %zu, lenient", n);
	}
	/* with the length in the header corrected, the chain is what is wrong */
	for (size_t n = 28; n < out.n; n++) {
		copy[26] = (uint8_t)(n >> 8);
		copy[27] = (uint8_t)n;
		require(parse_exact(span_of(copy, n), false) != IKE_OK,
		    "corrected to %zu", n);
	}
}
END_TEST

START_TEST(bytes_behind_the_message)
{
	struct span out = build_clear();
	struct message m;
	uint8_t copy[256] = { 0 };

	memcpy(copy, out.p, out.n);
	ck_assert_int_eq(parse_exact(span_of(copy, out.n + 1), false), IKE_ERR_LENGTH);
	ck_assert_int_eq(message_parse(span_of(copy, out.n + 9), true, &m), IKE_OK);
	ck_assert_uint_eq(m.raw.n, out.n);
	/* inside of the message, nothing may be left over */
	copy[27] = (uint8_t)(out.n + 1);
	ck_assert_int_eq(
	    parse_exact(span_of(copy, out.n + 1), true), IKE_ERR_PAYLOAD_LENGTH);
}
END_TEST

/*
 * True where a payload of build_clear() ends: a length that reaches there swallows whole
 * payloads, and what is left is well formed.
 */
static bool
is_boundary(size_t at)
{
	static const size_t body[] = { 20, 3, 32, 0, 16 };
	size_t end = 36;

	for (size_t i = 0; i < 5; i++)
		if ((end += 4 + body[i]) == at)
			return true;
	return false;
}

START_TEST(wrong_length_fields_are_refused)
{
	struct span out = build_clear();
	uint8_t copy[256];
	size_t at = 36;

	memcpy(copy, out.p, out.n);
	while (at < out.n) {
		size_t n = (size_t)copy[at + 2] << 8 | copy[at + 3];

		for (size_t wrong = 0; wrong < 65536; wrong += wrong < 300 ? 1 : 255) {
			copy[at + 2] = (uint8_t)(wrong >> 8);
			copy[at + 3] = (uint8_t)wrong;
			require(is_boundary(at + wrong) ||
				parse_exact(span_of(copy, out.n), false) != IKE_OK,
			    "payload at %zu: length %zu accepted", at, wrong);
		}
		copy[at + 2] = (uint8_t)(n >> 8);
		copy[at + 3] = (uint8_t)n;
		at += n;
	}
	ck_assert_int_eq(parse_exact(span_of(copy, out.n), false), IKE_OK);
	for (unsigned n = 0; n < 256; n++) {
		copy[31] = (uint8_t)n; /* of the Crypto payload */
		if (n != 8 && !is_boundary(28 + n))
			require(parse_exact(span_of(copy, out.n), false) != IKE_OK,
			    "Crypto payload of %u bytes", n);
	}
}
END_TEST

/* Every byte takes every value: nothing may crash. */
START_TEST(any_changed_byte_is_survived)
{
	struct span out = build_clear(), copy = wire_exact(out);
	uint8_t *p = (uint8_t *)copy.p;
	struct message m;

	for (size_t at = 0; at < out.n; at++) {
		for (unsigned v = 0; v < 256; v++) {
			p[at] = (uint8_t)v;
			if (message_parse(copy, v & 1, &m) != IKE_OK)
				continue;
			for (size_t i = 0; i < m.n_payload; i++)
				require(m.payload[i].whole.p + m.payload[i].whole.n <=
					copy.p + copy.n,
				    "payload beyond the message");
		}
		p[at] = out.p[at];
	}
	free(p);
}
END_TEST

START_TEST(header_fields_are_checked)
{
	struct span out = build_clear();
	uint8_t p[256];

	memcpy(p, out.p, out.n);
#define WITH(at, value, want)                                          \
	p[at] = value;                                                 \
	ck_assert_int_eq(parse_exact(span_of(p, out.n), false), want); \
	p[at] = out.p[at]
	WITH(17, 0x20, IKE_ERR_VERSION);
	WITH(17, 0x1f, IKE_OK);
	WITH(18, EXCHANGE_QM, IKE_OK);
	WITH(18, EXCHANGE_NOTIFY, IKE_OK);
	WITH(18, 242, IKE_ERR_EXCHANGE);
	WITH(18, 247, IKE_ERR_EXCHANGE);
	WITH(18, 34, IKE_ERR_EXCHANGE);
	WITH(18, EXCHANGE_IDENTITY, IKE_ERR_IKEV1);
	WITH(18, EXCHANGE_AGGRESSIVE, IKE_ERR_IKEV1);
	WITH(18, EXCHANGE_INFO, IKE_ERR_IKEV1);
	WITH(18, 32, IKE_ERR_IKEV1);
	WITH(16, PAYLOAD_FRAGMENT, IKE_ERR_FRAGMENT);
	WITH(16, PAYLOAD_SA, IKE_ERR_CRYPTO_PAYLOAD);
	WITH(16, PAYLOAD_NONE, IKE_ERR_CRYPTO_PAYLOAD);
	WITH(28, PAYLOAD_NONE, IKE_ERR_PAYLOAD_MISSING);
	WITH(28, PAYLOAD_CRYPTO, IKE_ERR_CRYPTO_PAYLOAD);
	WITH(36, PAYLOAD_CRYPTO, IKE_ERR_CRYPTO_PAYLOAD);
	WITH(27, 27, IKE_ERR_LENGTH);
	WITH(24, 1, IKE_ERR_LENGTH);
#undef WITH
}
END_TEST

void
wire_message_tests(Suite *s)
{
	TCase *t = tcase_create("message");

	tcase_add_test(t, clear_message_is_parsed_as_built);
	tcase_add_test(t, payloads_are_found_by_type);
	tcase_add_test(t, clear_message_cut_anywhere_is_refused);
	tcase_add_test(t, bytes_behind_the_message);
	tcase_add_test(t, wrong_length_fields_are_refused);
	tcase_add_test(t, any_changed_byte_is_survived);
	tcase_add_test(t, header_fields_are_checked);
	suite_add_tcase(s, t);
}
