/* The builder: counts, sizes, and the one message without a Crypto payload. */
#include <string.h>

#include "tests/unit/check_wire.h"

static struct builder b;

START_TEST(payload_count_is_limited)
{
	struct isakmp_header h = wire_header(EXCHANGE_MM, 0);
	struct message m;
	struct span out;

	for (size_t n = MESSAGE_MAX_PAYLOADS - 1; n <= MESSAGE_MAX_PAYLOADS + 1; n++) {
		build_begin(&b, &h, 0);
		for (size_t i = 0; i < n; i++)
			wire_payload(&b, PAYLOAD_VID, i % 3, 0);
		ck_assert_int_eq(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
		ck_assert_int_eq(message_parse(out, false, &m),
		    n <= MESSAGE_MAX_PAYLOADS ? IKE_OK : IKE_ERR_PAYLOAD_COUNT);
	}
}
END_TEST

START_TEST(bare_notify_is_the_only_message_without_crypto)
{
	struct isakmp_header h = wire_header(EXCHANGE_NOTIFY, 0);
	struct message m;
	struct span out;
	uint8_t p[64];

	build_begin_bare(&b, &h);
	wire_payload(&b, PAYLOAD_NOTIFY, 16, 1);
	ck_assert_int_eq(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
	ck_assert_uint_eq(out.n, 28 + 20);
	ck_assert_int_eq(message_parse(out, false, &m), IKE_OK);
	ck_assert(!m.has_crypto);
	ck_assert_uint_eq(m.n_payload, 1);
	ck_assert_uint_eq(m.payload[0].type, PAYLOAD_NOTIFY);
	memcpy(p, out.p, out.n);
	p[19] = ISAKMP_FLAG_ENCRYPTED;
	ck_assert_int_eq(
	    message_parse(span_of(p, out.n), false, &m), IKE_ERR_CRYPTO_PAYLOAD);
	p[19] = 0;
	p[16] = PAYLOAD_VID;
	ck_assert_int_eq(
	    message_parse(span_of(p, out.n), false, &m), IKE_ERR_CRYPTO_PAYLOAD);
}
END_TEST

START_TEST(builder_refuses_what_cannot_be_sent)
{
	struct isakmp_header h = wire_header(EXCHANGE_MM, 0);
	struct message m;
	struct span out;

	build_begin(&b, &h, 0);
	ck_assert_int_ne(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK); /* empty */
	build_begin(&b, &h, 0);
	wire_payload(&b, PAYLOAD_GSS, MESSAGE_MAX_BYTES - 40, 1);
	ck_assert_int_eq(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
	ck_assert_uint_eq(out.n, MESSAGE_MAX_BYTES);
	ck_assert_int_eq(message_parse(out, false, &m), IKE_OK);
	build_begin(&b, &h, 0);
	wire_payload(&b, PAYLOAD_GSS, MESSAGE_MAX_BYTES - 39, 1);
	ck_assert_int_ne(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
	build_begin(&b, &h, 0);
	wire_payload(&b, PAYLOAD_GSS, 100000, 1);
	wire_payload(&b, PAYLOAD_VID, 4, 1); /* the error sticks */
	ck_assert_int_ne(build_finish(&b, NULL, SPAN_NONE, &out), IKE_OK);
}
END_TEST

void
wire_builder_tests(Suite *s)
{
	TCase *t = tcase_create("builder");

	tcase_add_test(t, payload_count_is_limited);
	tcase_add_test(t, bare_notify_is_the_only_message_without_crypto);
	tcase_add_test(t, builder_refuses_what_cannot_be_sent);
	suite_add_tcase(s, t);
}
