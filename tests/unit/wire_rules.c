/* Which payloads a message may carry, and the names of everything. */
#include <string.h>

#include "ike/rules.h"
#include "ike/text.h"
#include "tests/unit/check_wire.h"

/* A message made of payload types alone. */
static enum ike_err
check(enum ike_message_id id, const char *types, uint8_t *broken)
{
	static struct message m;

	m.n_payload = strlen(types);
	for (size_t i = 0; i < m.n_payload; i++)
		m.payload[i].type = (uint8_t)types[i];
	return rules_check(&m, id, broken);
}

#define SA "\x01"
#define KE "\x04"
#define ID "\x05"
#define HASH "\x08"
#define NONCE "\x0a"
#define NOTIFY "\x0b"
#define VID "\x0d"
#define GSS "\x81"
#define AUTH "\x87"
#define UNKNOWN "\xfe"

START_TEST(complete_messages_are_allowed)
{
	uint8_t type;

	ck_assert_int_eq(check(MSG_M1, SA AUTH NONCE VID VID KE, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_M2, SA AUTH NONCE NONCE KE, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_Q1, HASH ID ID SA NONCE, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_Q2, HASH ID ID SA, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_SYNC, NOTIFY, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_E1, AUTH, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_EM_GSS, GSS, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_E3, HASH, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_NOTIFY, NOTIFY ID ID, &type), IKE_OK);
	ck_assert_uint_eq(type, PAYLOAD_NONE);
}
END_TEST

START_TEST(missing_payload_is_named)
{
	uint8_t type;

	ck_assert_int_eq(check(MSG_M1, SA NONCE KE, &type), IKE_ERR_PAYLOAD_MISSING);
	ck_assert_uint_eq(type, PAYLOAD_AUTH);
	ck_assert_int_eq(
	    check(MSG_M2, SA AUTH NONCE KE, &type), IKE_ERR_PAYLOAD_MISSING);
	ck_assert_uint_eq(type, PAYLOAD_NONCE);
	ck_assert_int_eq(
	    check(MSG_Q1, HASH ID SA NONCE, &type), IKE_ERR_PAYLOAD_MISSING);
	ck_assert_uint_eq(type, PAYLOAD_ID);
	ck_assert_int_eq(check(MSG_E4, "", &type), IKE_ERR_PAYLOAD_MISSING);
	ck_assert_uint_eq(type, PAYLOAD_HASH);
}
END_TEST

START_TEST(payload_too_often_or_out_of_place_is_named)
{
	uint8_t type;

	ck_assert_int_eq(
	    check(MSG_M1, SA SA AUTH NONCE, &type), IKE_ERR_PAYLOAD_UNEXPECTED);
	ck_assert_uint_eq(type, PAYLOAD_SA);
	ck_assert_int_eq(
	    check(MSG_M1, SA AUTH NONCE HASH, &type), IKE_ERR_PAYLOAD_UNEXPECTED);
	ck_assert_uint_eq(type, PAYLOAD_HASH);
	ck_assert_int_eq(
	    check(MSG_Q1, HASH ID ID ID SA NONCE, &type), IKE_ERR_PAYLOAD_UNEXPECTED);
	ck_assert_int_eq(
	    check(MSG_CLEAR_NOTIFY, NOTIFY ID, &type), IKE_ERR_PAYLOAD_UNEXPECTED);
	ck_assert_uint_eq(type, PAYLOAD_ID);
}
END_TEST

START_TEST(unknown_payloads_are_skipped)
{
	uint8_t type;

	ck_assert_int_eq(
	    check(MSG_M1, UNKNOWN SA UNKNOWN AUTH NONCE UNKNOWN, &type), IKE_OK);
	ck_assert_int_eq(
	    check(MSG_SYNC, UNKNOWN NOTIFY UNKNOWN UNKNOWN, &type), IKE_OK);
	ck_assert_int_eq(check(MSG_SYNC, UNKNOWN, &type), IKE_ERR_PAYLOAD_MISSING);
}
END_TEST

START_TEST(everything_has_a_name)
{
	for (int i = 0; i < MSG_COUNT; i++)
		ck_assert_str_ne(rules_message_name((enum ike_message_id)i), "unknown");
	ck_assert_str_eq(rules_message_name(MSG_COUNT), "unknown");
	for (int i = 0; i < IKE_ERR_COUNT; i++) {
		ck_assert_str_ne(ike_err_counter((enum ike_err)i), "unknown");
		ck_assert_str_ne(ike_err_text((enum ike_err)i), "unknown error");
	}
	ck_assert_str_eq(ike_err_counter(IKE_ERR_COUNT), "unknown");
	ck_assert_uint_eq(ike_err_win32(IKE_ERR_GROUP), 0x3629);
	ck_assert_str_eq(ike_win32_name(0x3629), "ERROR_IPSEC_IKE_INVALID_GROUP");
	ck_assert_ptr_null(ike_win32_name(0));
	ck_assert_str_eq(ike_payload_name(133), "Crypto");
	ck_assert_str_eq(ike_payload_name(99), "unknown");
	ck_assert_str_eq(ike_exchange_name(244), "quick mode");
	ck_assert_str_eq(ike_exchange_name(0), "unknown");
	ck_assert_str_eq(ike_notify_name(0x9c55), "DOS_COOKIE");
	ck_assert_str_eq(ike_notify_name(1), "unknown");
}
END_TEST

/* Every Win32 code that we send has a name for the reader of a log. */
START_TEST(win32_codes_have_names)
{
	for (int i = 0; i < IKE_ERR_COUNT; i++) {
		uint32_t code = ike_err_win32((enum ike_err)i);

		ck_assert_msg(code == 0 || ike_win32_name(code) != NULL,
		    "%x has no name", (unsigned)code);
	}
}
END_TEST

START_TEST(addresses_as_text)
{
	static const struct {
		struct address a;
		const char *want;
	} answers[] = {
		{ { 4, { 192, 0, 2, 255 } }, "192.0.2.255" },
		{ { 6, { 0 } }, "::" },
		{ { 6, { [15] = 1 } }, "::1" },
		{ { 6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, "2001:db8::1" },
		{ { 6, { 0x20, 1, 0xd, 0xb8 } }, "2001:db8::" },
		/* the longer run, the first of two, and never one group alone */
		{ { 6, { 0, 1, 0, 0, 0, 0, 0, 1, [15] = 1 } }, "1:0:0:1::1" },
		{ { 6, { 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1 } },
		    "1::1:0:0:1:1" },
		{ { 6, { 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0 } },
		    "1:0:1:1:1:1:1:0" },
		{ { 0, { 0 } }, "none" },
	};
	char line[64];
	struct text t;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		text_init(&t, line, sizeof(line));
		text_address(&t, &answers[i].a);
		ck_assert_str_eq(line, answers[i].want);
	}
}
END_TEST

START_TEST(flow_as_text)
{
	struct flow f = { 6, { { 4, { 192, 0, 2, 1 } }, 0 },
		{ { 6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, 65535 } };
	char line[80];
	struct text t;

	text_init(&t, line, sizeof(line));
	text_flow(&t, &f);
	ck_assert_str_eq(line, "tcp 192.0.2.1:any -> [2001:db8::1]:65535");
	f.protocol = 132;
	text_init(&t, line, 24); /* cut, and terminated */
	text_flow(&t, &f);
	ck_assert_str_eq(line, "protocol 132 192.0.2.1:");
	text_init(&t, line, sizeof(line));
	text_hex(&t, span_of("\x00\xfa\x0b", 3));
	text_u32(&t, UINT32_MAX);
	ck_assert_str_eq(line, "00fa0b4294967295");
	text_init(&t, line, 0);
	text_str(&t, "nothing");
}
END_TEST

void
wire_rules_tests(Suite *s)
{
	TCase *t = tcase_create("rules");

	tcase_add_test(t, complete_messages_are_allowed);
	tcase_add_test(t, missing_payload_is_named);
	tcase_add_test(t, payload_too_often_or_out_of_place_is_named);
	tcase_add_test(t, unknown_payloads_are_skipped);
	tcase_add_test(t, everything_has_a_name);
	tcase_add_test(t, win32_codes_have_names);
	tcase_add_test(t, addresses_as_text);
	tcase_add_test(t, flow_as_text);
	suite_add_tcase(s, t);
}
