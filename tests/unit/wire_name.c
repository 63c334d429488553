/* GSS_ID (UTF-16 names) and vendor IDs. */
#include <stdlib.h>
#include <string.h>

#include "ike/payload.h"
#include "tests/unit/check_wire.h"

static uint8_t buf[8192];

/* Decodes with an output buffer of exactly cap bytes. */
static enum ike_err
decode(const void *utf16, size_t n, size_t cap, char *out)
{
	struct span body = wire_exact(span_of(utf16, n));
	char *exact = malloc(cap);
	enum ike_err e = pld_gss_id_decode(body, exact, cap);

	require(memchr(exact, '\0', cap) != NULL, "not terminated");
	memcpy(out, exact, strlen(exact) + 1);
	free(exact);
	free((void *)body.p);
	return e;
}

START_TEST(gss_id_round_trip)
{
	static const char *const names[] = { "", "h", "host/r.authip.test@AUTHIP.TEST",
		"dom\xc3\xa4ne/\xe2\x82\xac", "\xd0\xb8\xd0\xbc\xd1\x8f",
		"\xef\xbf\xbd" };
	struct writer w;
	char back[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		writer_init(&w, buf, sizeof(buf));
		pld_gss_id_encode(&w, names[i]);
		ck_assert(writer_ok(&w));
		ck_assert_int_eq(decode(buf, w.n, sizeof(back), back), IKE_OK);
		ck_assert_str_eq(back, names[i]);
	}
}
END_TEST

START_TEST(gss_id_in_both_byte_orders)
{
	char back[64];
	struct writer w;

	ck_assert_int_eq(decode("h\0o\0s\0t\0", 8, 64, back), IKE_OK);
	ck_assert_str_eq(back, "host");
	ck_assert_int_eq(decode("\0h\0o\0s\0t", 8, 64, back), IKE_OK);
	ck_assert_str_eq(back, "host");
	writer_init(&w, buf, sizeof(buf));
	pld_gss_id_encode(&w, "host"); /* as Windows: little endian */
	ck_assert_uint_eq(w.n, 8);
	ck_assert_mem_eq(buf, "h\0o\0s\0t\0", 8);
	/* big endian is only taken when all of it is ASCII */
	ck_assert_int_eq(decode("\x20\xac\0h", 4, 64, back), IKE_OK);
	ck_assert_str_ne(back, "\xe2\x82\xach");
}
END_TEST

START_TEST(gss_id_with_surrogates_is_refused)
{
	char back[64] = "x";

	ck_assert_int_eq(decode("a\0\x00\xd8", 4, 64, back), IKE_ERR_GSS_ID);
	ck_assert_str_eq(back, "");
	ck_assert_int_eq(decode("a\0\xff\xdf", 4, 64, back), IKE_ERR_GSS_ID);
	/* a pair in the right order names no host either */
	ck_assert_int_eq(decode("\x3d\xd8\x00\xde", 4, 64, back), IKE_ERR_GSS_ID);
	ck_assert_int_eq(decode("\xff\xd7\x00\xe0", 4, 64, back), IKE_OK);
	ck_assert_str_eq(back, "\xed\x9f\xbf\xee\x80\x80");
}
END_TEST

START_TEST(gss_id_with_control_characters_is_refused)
{
	uint8_t two[2] = { 0, 0 };
	char back[64];

	for (unsigned c = 0; c < 0x100; c++) {
		two[0] = (uint8_t)c; /* 0x80 to 0x9f: terminals obey these, too */
		require(decode(two, 2, 64, back) ==
			(c >= 0x20 && (c < 0x7f || c >= 0xa0) ? IKE_OK : IKE_ERR_GSS_ID),
		    "character %u", c);
	}
	ck_assert_int_eq(decode("a\0\n\0", 4, 64, back), IKE_ERR_GSS_ID);
	ck_assert_int_eq(decode("a\0\0\0", 4, 64, back), IKE_ERR_GSS_ID);
}
END_TEST

START_TEST(gss_id_lengths)
{
	static char back[PLD_MAX_GSS_ID_BYTES * 2];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = i % 2 == 0 ? 'a' : 0;
	for (size_t n = 1; n < 40; n += 2)
		ck_assert_int_eq(decode(buf, n, 64, back), IKE_ERR_GSS_ID);
	ck_assert_int_eq(decode(buf, PLD_MAX_GSS_ID_BYTES, sizeof(back), back), IKE_OK);
	ck_assert_uint_eq(strlen(back), PLD_MAX_GSS_ID_BYTES / 2);
	ck_assert_int_eq(
	    decode(buf, PLD_MAX_GSS_ID_BYTES + 2, sizeof(back), back), IKE_ERR_GSS_ID);
	/* the output buffer: terminator included */
	for (size_t cap = 1; cap < 12; cap++)
		require(
		    decode(buf, 20, cap, back) == (cap >= 11 ? IKE_OK : IKE_ERR_GSS_ID),
		    "%zu bytes of output", cap);
	for (size_t cap = 1; cap < 8; cap++) /* three bytes for each of two */
		require(decode("\xac\x20\xac\x20", 4, cap, back) ==
			(cap >= 7 ? IKE_OK : IKE_ERR_GSS_ID),
		    "%zu bytes of output", cap);
}
END_TEST

START_TEST(gss_id_encoder_survives_any_bytes)
{
	static const char *const odd[] = { "\x80", "\xff", "\xc3", "\xe2\x82",
		"\xf0\x9f\x98\x80", "a\xe2", "\xe2\x28\xa1" };
	struct writer w;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct span text = wire_exact(span_of(odd[i], strlen(odd[i]) + 1));

		writer_init(&w, buf, sizeof(buf));
		pld_gss_id_encode(&w, (const char *)text.p);
		ck_assert(writer_ok(&w));
		ck_assert_uint_le(w.n, 2 * (text.n - 1));
		free((void *)text.p);
	}
}
END_TEST

static bool
has_number(enum ike_vendor v)
{
	return v == VENDOR_MS_NT5 || v == VENDOR_KEY_MODS || v == VENDOR_DH_GROUP;
}

START_TEST(vendor_id_round_trip)
{
	enum ike_vendor v = (enum ike_vendor)_i;
	struct writer w;
	uint32_t number;

	writer_init(&w, buf, sizeof(buf));
	pld_vendor_encode(&w, v, 0x01020304);
	ck_assert_uint_eq(w.n, has_number(v) ? 20 : 16);
	ck_assert_int_eq(pld_vendor_decode(span_of(buf, w.n), &number), v);
	ck_assert_uint_eq(number, has_number(v) ? 0x01020304 : 0);
	ck_assert_str_ne(pld_vendor_name(v), "unknown");
	/* the first 16 bytes decide; less is nothing */
	ck_assert_int_eq(pld_vendor_decode(span_of(buf, 16), &number), v);
	ck_assert_uint_eq(number, 0);
	for (size_t n = 0; n < 16; n++)
		ck_assert_int_eq(
		    pld_vendor_decode(span_of(buf, n), &number), VENDOR_UNKNOWN);
	buf[0] ^= 1;
	ck_assert_int_eq(pld_vendor_decode(span_of(buf, w.n), &number), VENDOR_UNKNOWN);
}
END_TEST

START_TEST(vendor_id_with_bytes_behind)
{
	struct writer w;
	uint32_t number;

	writer_init(&w, buf, sizeof(buf));
	pld_vendor_encode(&w, VENDOR_FRAGMENTATION, 0);
	writer_u32(&w, 0x80000000);
	ck_assert_int_eq(
	    pld_vendor_decode(span_of(buf, w.n), &number), VENDOR_FRAGMENTATION);
	ck_assert_uint_eq(number, 0x80000000);
	writer_init(&w, buf, sizeof(buf));
	pld_vendor_encode(&w, VENDOR_RFC3947, 0);
	writer_u8(&w, 0);
	ck_assert_int_eq(pld_vendor_decode(span_of(buf, w.n), &number), VENDOR_UNKNOWN);
}
END_TEST

START_TEST(vendor_out_of_range)
{
	struct writer w;

	writer_init(&w, buf, sizeof(buf));
	pld_vendor_encode(&w, VENDOR_UNKNOWN, 1);
	pld_vendor_encode(&w, VENDOR_COUNT, 1);
	ck_assert_uint_eq(w.n, 0);
	ck_assert_str_eq(pld_vendor_name(VENDOR_UNKNOWN), "unknown");
	ck_assert_str_eq(pld_vendor_name(VENDOR_COUNT), "unknown");
}
END_TEST

void
wire_name_tests(Suite *s)
{
	TCase *t = tcase_create("name");

	tcase_add_test(t, gss_id_round_trip);
	tcase_add_test(t, gss_id_in_both_byte_orders);
	tcase_add_test(t, gss_id_with_surrogates_is_refused);
	tcase_add_test(t, gss_id_with_control_characters_is_refused);
	tcase_add_test(t, gss_id_lengths);
	tcase_add_test(t, gss_id_encoder_survives_any_bytes);
	tcase_add_loop_test(t, vendor_id_round_trip, 1, VENDOR_COUNT);
	tcase_add_test(t, vendor_id_with_bytes_behind);
	tcase_add_test(t, vendor_out_of_range);
	suite_add_tcase(s, t);
}
