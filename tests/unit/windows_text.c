/* Formats, strings with sizes, characters, UUIDs, messages. */
#include "check_windows.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AUTHIP_NATIVE_STDIO
#include "rpcdce.h"
#include "strsafe.h"
#include "winbase.h"
#include "winmsvc.h"
#include "winsock2.h"
#include "winsock/utf.h"

#define FORMATS(want, ...)                                            \
	do {                                                          \
		char got[256];                                        \
		int n = msvc_snprintf(got, sizeof(got), __VA_ARGS__); \
                                                                      \
		ck_assert_str_eq(got, want);                          \
		ck_assert_int_eq(n, (int)strlen(want));               \
	} while (0)

#define FORMATS_WIDE(want, ...)                               \
	do {                                                  \
		wchar_t got[256];                             \
		int n = msvc_swprintf(got, 256, __VA_ARGS__); \
                                                              \
		ck_assert(wcscmp(got, want) == 0);            \
		ck_assert_int_eq(n, (int)wcslen(want));       \
	} while (0)

START_TEST(format_strings)
{
	FORMATS("ab|w|n|w|w", "%s|%S|%hs|%ls|%ws", "ab", L"w", "n", L"w", L"w");
	FORMATS("c|C|h|l|w", "%c|%C|%hc|%lc|%wc", 'c', L'C', 'h', L'l', L'w');
	FORMATS_WIDE(L"ab|n|n|w|w", L"%s|%S|%hs|%ls|%ws", L"ab", "n", "n", L"w", L"w");
	FORMATS_WIDE(L"c|C|h|l", L"%c|%C|%hc|%lc", L'c', 'C', 'h', L'l');
	FORMATS("(null)|(null)", "%s|%S", (char *)NULL, (wchar_t *)NULL);
	FORMATS("   ab|ab   |  a", "%5s|%-5s|%3.1s", "ab", "ab", "ab");
	FORMATS("  ab|ab", "%*s|%.*s", 4, "ab", 2, "abc");
	FORMATS("ab  |abc", "%*s|%.*s", -4, "ab", -1, "abc");
	/* Width counts characters, not bytes. */
	FORMATS(" \xC3\xBC| \xC3\xBC", "%2s|%2S", "\xC3\xBC", L"\u00FC");
	FORMATS_WIDE(L"\u00FC\U0001F600", L"%s%S", L"\u00FC", "\xF0\x9F\x98\x80");
	FORMATS("%", "%%");
}
END_TEST

START_TEST(format_numbers)
{
	FORMATS("-1 4294967295", "%ld %lu", (LONG)-1, (ULONG)0xFFFFFFFF);
	FORMATS("ff FF 377 0xff", "%lx %lX %lo %#lx", 255, 255, 255, 255);
	FORMATS("-9000000000 9000000000", "%I64d %I64u", (INT64)-9000000000,
	    (UINT64)9000000000);
	FORMATS("-9000000000 210000000", "%lld %llx", (INT64)-9000000000,
	    (UINT64)0x210000000);
	FORMATS(
	    "-1 -1 18446744073709551615", "%I32d %Id %Iu", -1, (intptr_t)-1, SIZE_MAX);
	FORMATS("-1 255 -1 65535", "%hhd %hhu %hd %hu", 0xFF, 0x1FF, 0xFFFF, 0x1FFFF);
	FORMATS("+5 00005 5    |  007", "%+d %05d %-5d|%5.3d", 5, 5, 5, 7);
	FORMATS("1.50 1.5e+00 1.5", "%.2f %.1e %g", 1.5, 1.5, 1.5);
	FORMATS("2.5", "%.1Lf", 2.5L);
	FORMATS("00000000DEADBEEF", "%p", (void *)(uintptr_t)0xDEADBEEF);
	FORMATS("0000000000000000", "%p", (void *)NULL);
	FORMATS("9 9 9", "%zu %td %jd", (size_t)9, (ptrdiff_t)9, (intmax_t)9);
}
END_TEST

START_TEST(format_refused)
{
	char s[16] = "before";
	int n = 7;

	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%n", &n), -1);
	ck_assert_int_eq(n, 7);
	ck_assert_str_eq(s, "");
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%"), -1);
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%5"), -1);
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%ll"), -1);
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%Z", 1), -1);
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%99999999999d", 1), -1);
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%.99999999999d", 1), -1);
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%2147483640s", "x"), -1);
	ck_assert_int_eq(msvc_snprintf(s, sizeof(s), "%*d", INT_MIN, 1), -1);
}
END_TEST

START_TEST(format_lengths)
{
	char s[8];
	wchar_t w[8];

	for (size_t n = 1; n <= sizeof(s); n++) {
		memset(s, '#', sizeof(s));
		ck_assert_int_eq(msvc_snprintf(s, n, "%s", "abcde"), 5);
		ck_assert_uint_eq(strlen(s), n > 5 ? 5 : n - 1);
		ck_assert(n >= sizeof(s) || s[n] == '#');
		memset(s, '#', sizeof(s));
		ck_assert_int_eq(
		    msvc_snprintf_raw(s, n, "%s", "abcde"), n >= 5 ? 5 : -1);
		ck_assert(n >= sizeof(s) || s[n] == '#');
		memset(s, '#', sizeof(s));
		ck_assert_int_eq(msvc_sprintf_s(s, n, "%s", "abcde"), n > 5 ? 5 : -1);
		ck_assert_uint_eq(strlen(s), n > 5 ? 5 : 0);
		wmemset(w, L'#', 8);
		ck_assert_int_eq(msvc_swprintf(w, n, L"%s", L"abcde"), n > 5 ? 5 : -1);
		ck_assert_uint_eq(wcslen(w), n > 5 ? 5 : n - 1);
		ck_assert(n >= 8 || w[n] == L'#');
		wmemset(w, L'#', 8);
		ck_assert_int_eq(
		    msvc_snwprintf_raw(w, n, L"%s", L"abcde"), n >= 5 ? 5 : -1);
		ck_assert(n >= 8 || w[n] == L'#');
		ck_assert_int_eq(
		    msvc_swprintf_s(w, n, L"%s", L"abcde"), n > 5 ? 5 : -1);
	}
	ck_assert_int_eq(msvc_snprintf(NULL, 0, "%d", 12345), 5);
	ck_assert_int_eq(msvc_snprintf_raw(NULL, 0, "%d", 12345), 5);
	ck_assert_int_eq(msvc_snwprintf_raw(NULL, 0, L"%d", 12345), 5);
	ck_assert_int_eq(msvc_snprintf_raw(NULL, 0, "%s", ""), 0);
	ck_assert_int_eq(msvc_sprintf(s, "%d", 42), 2);
}
END_TEST

/* Bytes and words of every kind: nothing out of bounds, never longer than it may be. */
START_TEST(format_hostile)
{
	static const char some[] = "%%lhIwLjzt64325-+ #0.*9diouxXcCsSpneEfgG\xFF\xC3q";
	char format[24], out[40];
	unsigned int seed = (unsigned int)_i + 1;

	for (int round = 0; round < 4000; round++) {
		size_t n = 1 + (size_t)rand_r(&seed) % (sizeof(format) - 1);

		for (size_t i = 0; i < n; i++)
			format[i] = some[(size_t)rand_r(&seed) % (sizeof(some) - 1)];
		format[n - 1] = '\0';
		/* Strings and stars could not be right by chance. */
		for (char *p = format; *p != '\0'; p++)
			if (strchr("*sS", *p) != NULL ||
			    (*p >= '0' && *p <= '9' && p[1] >= '0'))
				*p = 'd';
		out[sizeof(out) - 1] = '#';
		(void)msvc_snprintf(out, sizeof(out) - 1, format, 1, 2, 3, 4, 5, 6, 7,
		    8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24);
		ck_assert_int_eq(out[sizeof(out) - 1], '#');
	}
}
END_TEST

START_TEST(strings_with_sizes)
{
	char s[6] = "";
	wchar_t w[6] = L"";

	ck_assert_int_eq(strcpy_s(s, sizeof(s), "12345"), 0);
	ck_assert_int_eq(strcpy_s(s, sizeof(s), "123456"), ERANGE);
	ck_assert_str_eq(s, "");
	ck_assert_int_eq(strcat_s(s, sizeof(s), "123"), 0);
	ck_assert_int_eq(strcat_s(s, sizeof(s), "45"), 0);
	ck_assert_int_eq(strcat_s(s, sizeof(s), "6"), ERANGE);
	ck_assert_int_eq(strcpy_s(NULL, 1, "x"), EINVAL);
	ck_assert_int_eq(strcpy_s(s, 0, "x"), EINVAL);
	ck_assert_int_eq(strcpy_s(s, sizeof(s), NULL), EINVAL);
	memset(s, 'x', sizeof(s));
	ck_assert_int_eq(strcat_s(s, sizeof(s), "x"), EINVAL);
	ck_assert_int_eq(strncpy_s(s, sizeof(s), "1234567", 3), 0);
	ck_assert_str_eq(s, "123");
	ck_assert_int_eq(strncpy_s(s, sizeof(s), "1234567", _TRUNCATE), STRUNCATE);
	ck_assert_str_eq(s, "12345");
	ck_assert_int_eq(wcscpy_s(w, 6, L"12345"), 0);
	ck_assert_int_eq(wcscat_s(w, 6, L"6"), ERANGE);
	ck_assert_int_eq(wcscpy_s(w, 6, L"123456"), ERANGE);
	ck_assert_int_eq(wcsncpy_s(w, 6, L"1234567", _TRUNCATE), STRUNCATE);
	ck_assert(wcscmp(w, L"12345") == 0);
	ck_assert_int_eq(memcpy_s(s, 3, "abcd", 4), ERANGE);
	ck_assert_int_eq(s[0], 0);
	ck_assert_int_eq(memcpy_s(s, 4, "abc", 4), 0);
	ck_assert_int_eq(_wtoi(L" -12x"), -12);
	ck_assert_int_eq(_wtol(L"99999999999"), INT32_MAX);
	ck_assert_int_eq(_wtol(L"-99999999999"), INT32_MIN);
}
END_TEST

START_TEST(strsafe)
{
	char s[4];
	wchar_t w[4];
	size_t n = 9;

	ck_assert_int_eq(StringCchCopyA(s, 4, "abc"), S_OK);
	ck_assert_int_eq(StringCchCopyA(s, 4, "abcd"), STRSAFE_E_INSUFFICIENT_BUFFER);
	ck_assert_str_eq(s, "abc");
	ck_assert_int_eq(StringCchCopyA(s, 0, "a"), STRSAFE_E_INVALID_PARAMETER);
	ck_assert_int_eq(StringCchCopyW(w, 4, L"abcd"), STRSAFE_E_INSUFFICIENT_BUFFER);
	ck_assert(wcscmp(w, L"abc") == 0);
	ck_assert_int_eq(StringCchCopyW(w, 4, L"a"), S_OK);
	ck_assert_int_eq(StringCchCatW(w, 4, L"bc"), S_OK);
	ck_assert_int_eq(StringCchCatW(w, 4, L"d"), STRSAFE_E_INSUFFICIENT_BUFFER);
	ck_assert_int_eq(StringCchCatA(s, 4, "d"), STRSAFE_E_INSUFFICIENT_BUFFER);
	ck_assert_int_eq(StringCchLengthW(w, 4, &n), S_OK);
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(StringCchLengthW(w, 3, &n), STRSAFE_E_INVALID_PARAMETER);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(StringCchLengthA(NULL, 3, &n), STRSAFE_E_INVALID_PARAMETER);
	ck_assert_int_eq(StringCchPrintfW(w, 4, L"%s", L"abc"), S_OK);
	ck_assert_int_eq(
	    StringCchPrintfW(w, 4, L"%s", L"abcd"), STRSAFE_E_INSUFFICIENT_BUFFER);
	ck_assert(wcscmp(w, L"abc") == 0);
	ck_assert_int_eq(
	    StringCchPrintfA(s, 4, "%ld", 12345), STRSAFE_E_INSUFFICIENT_BUFFER);
	ck_assert_str_eq(s, "123");
}
END_TEST

START_TEST(characters)
{
	wchar_t w[8];
	char s[8];
	BOOL used = TRUE;

	ck_assert_int_eq(MultiByteToWideChar(CP_UTF8, 0, "\xC3\xBC", -1, NULL, 0), 2);
	ck_assert_int_eq(MultiByteToWideChar(CP_UTF8, 0, "\xC3\xBC", -1, w, 8), 2);
	ck_assert_int_eq(w[0], 0xFC);
	ck_assert_int_eq(MultiByteToWideChar(CP_UTF8, 0, "abc", 3, w, 2), 0);
	ck_assert_uint_eq(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
	ck_assert_int_eq(
	    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "\xFF", 1, w, 8), 0);
	ck_assert_uint_eq(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
	ck_assert_int_eq(MultiByteToWideChar(CP_UTF8, 0, "\xFF", 1, w, 8), 1);
	ck_assert_int_eq(w[0], 0xFFFD);
	ck_assert_int_eq(MultiByteToWideChar(CP_UTF8, 0, NULL, 1, w, 8), 0);
	ck_assert_int_eq(MultiByteToWideChar(CP_UTF8, 0, "x", 0, w, 8), 0);
	ck_assert_int_eq(
	    WideCharToMultiByte(CP_UTF8, 0, L"\u20AC", -1, s, 8, NULL, &used), 4);
	ck_assert_str_eq(s, "\xE2\x82\xAC");
	ck_assert(!used);
	ck_assert_int_eq(
	    WideCharToMultiByte(CP_UTF8, 0, L"\u20AC", 1, s, 2, NULL, NULL), 0);
	ck_assert_uint_eq(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
	w[0] = (wchar_t)0xD800;
	ck_assert_int_eq(
	    WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, w, 1, s, 8, NULL, NULL),
	    0);
	ck_assert_int_eq(WideCharToMultiByte(CP_UTF8, 0, w, 1, s, 8, NULL, &used), 3);
	ck_assert(used);
}
END_TEST

/* What is not the shortest form, a surrogate, too high or cut is one bad byte each. */
START_TEST(utf8_bad)
{
	static const char *const bad[] = { "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
		"\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\x80", "\xC3", "\xE2\x82",
		"\xFE" };
	wchar_t c;
	bool valid;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		valid = true;
		ck_assert_uint_eq(utf8_get(bad[i], strlen(bad[i]), &c, &valid), 1);
		ck_assert(!valid && c == (wchar_t)UTF_REPLACEMENT);
	}
	for (wchar_t w = 1; w < 0x110000; w += 97) {
		char s[UTF8_MAX_BYTES];
		size_t n;

		valid = true;
		n = utf8_put(s, w, &valid);
		ck_assert(valid == (w < 0xD800 || w > 0xDFFF));
		ck_assert(!valid || (utf8_get(s, n, &c, &valid) == n && c == w));
	}
}
END_TEST

START_TEST(uuids)
{
	UUID a, b;
	RPC_CSTR s;
	RPC_WSTR w;
	RPC_STATUS status = 9;
	WCHAR text[40];
	static WCHAR brief[] = L"12345678-1234-1234-1234-1234567890a",
		     full[] = L"12345678-9ABC-DEF0-1234-56789abcdef0";

	ck_assert_int_eq(UuidCreate(&a), RPC_S_OK);
	ck_assert_int_eq(UuidCreate(&b), RPC_S_OK);
	ck_assert(!UuidEqual(&a, &b, &status) && status == RPC_S_OK);
	ck_assert_int_eq(a.Data3 >> 12, 4);
	ck_assert_int_eq(a.Data4[0] >> 6, 2);
	ck_assert_int_eq(UuidToStringA(&a, &s), RPC_S_OK);
	ck_assert_int_eq(UuidFromStringA(s, &b), RPC_S_OK);
	ck_assert(UuidEqual(&a, &b, &status));
	ck_assert_int_eq(RpcStringFreeA(&s), RPC_S_OK);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(UuidFromStringW(full, &a), RPC_S_OK);
	ck_assert_uint_eq(a.Data1, 0x12345678);
	ck_assert_uint_eq(a.Data4[7], 0xf0);
	ck_assert_int_eq(UuidFromStringW(brief, &b), RPC_S_INVALID_STRING_UUID);
	full[3] = L'g';
	ck_assert_int_eq(UuidFromStringW(full, &b), RPC_S_INVALID_STRING_UUID);
	ck_assert_int_eq(UuidFromStringW(NULL, &b), RPC_S_OK);
	ck_assert(UuidIsNil(&b, &status));
	ck_assert_int_eq(UuidCompare(&b, &a, &status), -1);
	ck_assert_int_eq(UuidToStringW(&a, &w), RPC_S_OK);
	ck_assert(wcscmp(w, L"12345678-9abc-def0-1234-56789abcdef0") == 0);
	ck_assert_int_eq(RpcStringFreeW(&w), RPC_S_OK);
	ck_assert_int_eq(StringFromGUID2(&a, text, 40), 39);
	ck_assert(wcscmp(text, L"{12345678-9ABC-DEF0-1234-56789ABCDEF0}") == 0);
	ck_assert_int_eq(StringFromGUID2(&a, text, 38), 0);
	ck_assert_int_eq(IIDFromString(text, &b), S_OK);
	ck_assert(IsEqualGUID(&a, &b));
	ck_assert_int_eq(IIDFromString(L"12345678", &b), E_INVALIDARG);
	ck_assert_int_eq(UuidCreate(NULL), RPC_S_INVALID_ARG);
}
END_TEST

START_TEST(messages)
{
	WCHAR small[4], *allocated = NULL;
	char text[200];
	DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;

	ck_assert_uint_eq(
	    FormatMessageA(flags, NULL, WSAECONNREFUSED, 0, text, 200, NULL),
	    strlen("nobody listens there\r\n"));
	ck_assert_str_eq(text, "nobody listens there\r\n");
	ck_assert_uint_ne(
	    FormatMessageA(flags, NULL, FWP_E_IN_USE, 0, text, 200, NULL), 0);
	ck_assert_uint_eq(FormatMessageA(flags, NULL, 123456, 0, text, 200, NULL), 0);
	ck_assert_uint_eq(GetLastError(), 317);
	ck_assert_uint_eq(FormatMessageW(flags, NULL, WSAEINVAL, 0, small, 4, NULL), 0);
	ck_assert_uint_eq(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
	ck_assert_uint_eq(FormatMessageW(0, NULL, WSAEINVAL, 0, small, 4, NULL), 0);
	ck_assert_uint_ne(FormatMessageW(flags | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL,
			      WSAEINVAL, 0, (LPWSTR)(void *)&allocated, 0, NULL),
	    0);
	ck_assert_ptr_nonnull(allocated);
	ck_assert_ptr_null(LocalFree(allocated));
}
END_TEST

TCase *
windows_text_case(void)
{
	TCase *t = tcase_create("text");

	tcase_add_test(t, format_strings);
	tcase_add_test(t, format_numbers);
	tcase_add_test(t, format_refused);
	tcase_add_test(t, format_lengths);
	tcase_add_loop_test(t, format_hostile, 0, 4);
	tcase_add_test(t, strings_with_sizes);
	tcase_add_test(t, strsafe);
	tcase_add_test(t, characters);
	tcase_add_test(t, utf8_bad);
	tcase_add_test(t, uuids);
	tcase_add_test(t, messages);
	return t;
}
