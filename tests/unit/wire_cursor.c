/* The bounded reader and writer: values, bounds, and errors that stick. */
#include <string.h>

#include "tests/unit/check_wire.h"

START_TEST(cursor_reads_big_endian)
{
	static const uint8_t b[] = { 1, 2, 3, 4, 5, 6, 7, 0xff, 0xfe };
	struct cursor c;
	struct span s;

	cursor_init(&c, SPAN_ARRAY(b));
	ck_assert_uint_eq(cursor_u8(&c), 1);
	ck_assert_uint_eq(cursor_u16(&c), 0x0203);
	ck_assert_uint_eq(cursor_u32(&c), 0x04050607);
	s = cursor_rest(&c);
	ck_assert_uint_eq(s.n, 2);
	ck_assert_ptr_eq(s.p, b + 7);
	ck_assert_uint_eq(c.left, 0);
	ck_assert_uint_eq(cursor_rest(&c).n, 0);
	ck_assert(cursor_ok(&c));
}
END_TEST

START_TEST(cursor_error_sticks)
{
	static const uint8_t b[] = { 1, 2, 3 };
	struct cursor c;

	cursor_init(&c, SPAN_ARRAY(b));
	ck_assert_uint_eq(cursor_u32(&c), 0);
	ck_assert(!cursor_ok(&c));
	/* the three bytes are still there, and are not given out */
	ck_assert_uint_eq(cursor_u8(&c), 0);
	ck_assert_uint_eq(cursor_u16(&c), 0);
	ck_assert_ptr_null(cursor_take(&c, 1).p);
	ck_assert_uint_eq(cursor_rest(&c).n, 0);
	cursor_skip(&c, 0);
	ck_assert(!cursor_ok(&c));
}
END_TEST

START_TEST(cursor_bounds)
{
	static const uint8_t b[] = { 1, 2, 3 };
	struct cursor c;

	cursor_init(&c, SPAN_ARRAY(b));
	ck_assert_uint_eq(cursor_take(&c, 3).n, 3);
	ck_assert_uint_eq(cursor_take(&c, 0).n, 0);
	ck_assert(cursor_ok(&c));
	cursor_skip(&c, 1);
	ck_assert(!cursor_ok(&c));
	cursor_init(&c, SPAN_ARRAY(b));
	cursor_skip(&c, SIZE_MAX);
	ck_assert(!cursor_ok(&c));
	cursor_init(&c, SPAN_NONE);
	ck_assert_uint_eq(cursor_rest(&c).n, 0);
	ck_assert(cursor_ok(&c));
	ck_assert_uint_eq(cursor_u8(&c), 0);
	ck_assert(!cursor_ok(&c));
}
END_TEST

START_TEST(writer_writes_big_endian)
{
	uint8_t b[16];
	struct writer w;

	memset(b, 0xee, sizeof(b));
	writer_init(&w, b, sizeof(b));
	writer_u8(&w, 1);
	writer_u16(&w, 0x0203);
	writer_u32(&w, 0x04050607);
	ck_assert_uint_eq(writer_reserve(&w, 2), 7);
	writer_bytes(&w, span_of("xy", 2));
	writer_bytes(&w, SPAN_NONE);
	ck_assert(writer_ok(&w));
	ck_assert_uint_eq(w.n, 11);
	ck_assert_mem_eq(b, "\1\2\3\4\5\6\7\0\0xy\xee", 12);
}
END_TEST

START_TEST(writer_error_sticks)
{
	uint8_t b[4] = { 9, 9, 9, 9 };
	struct writer w;

	writer_init(&w, b, 3);
	writer_u16(&w, 0x0102);
	writer_u16(&w, 0x0304); /* two bytes into one */
	ck_assert(!writer_ok(&w));
	writer_u8(&w, 5); /* would fit */
	writer_patch_u8(&w, 0, 7);
	writer_bytes(&w, SPAN_NONE);
	ck_assert(!writer_ok(&w));
	ck_assert_uint_eq(w.n, 2);
	ck_assert_mem_eq(b, "\1\2\x09\x09", 4);
	writer_init(&w, b, 3);
	writer_reserve(&w, 4);
	ck_assert(!writer_ok(&w));
	writer_init(&w, b, 3);
	writer_reserve(&w, SIZE_MAX);
	ck_assert(!writer_ok(&w));
}
END_TEST

START_TEST(writer_patches_only_what_is_written)
{
	uint8_t b[16] = { 0 };
	struct writer w;

	writer_init(&w, b, sizeof(b));
	writer_reserve(&w, 8);
	writer_patch_u8(&w, 7, 1);
	writer_patch_u16(&w, 5, 0x0203);
	writer_patch_u32(&w, 0, 0x04050607);
	ck_assert(writer_ok(&w));
	ck_assert_mem_eq(b, "\4\5\6\7\0\2\3\1", 8);
	writer_patch_u8(&w, 8, 1);
	ck_assert(!writer_ok(&w));
	ck_assert_uint_eq(b[8], 0);
	for (size_t at = 5; at < 9; at++) {
		writer_init(&w, b, sizeof(b));
		writer_reserve(&w, 8);
		writer_patch_u32(&w, at, UINT32_MAX);
		ck_assert(!writer_ok(&w));
		ck_assert_uint_eq(b[8], 0);
	}
	writer_init(&w, b, sizeof(b));
	writer_reserve(&w, 8);
	writer_patch_u16(&w, SIZE_MAX, 1);
	ck_assert(!writer_ok(&w));
}
END_TEST

void
wire_cursor_tests(Suite *s)
{
	TCase *t = tcase_create("cursor");

	tcase_add_test(t, cursor_reads_big_endian);
	tcase_add_test(t, cursor_error_sticks);
	tcase_add_test(t, cursor_bounds);
	tcase_add_test(t, writer_writes_big_endian);
	tcase_add_test(t, writer_error_sticks);
	tcase_add_test(t, writer_patches_only_what_is_written);
	suite_add_tcase(s, t);
}
