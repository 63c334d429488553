/*
 * Microsoft's printf family (windows.h makes printf() one of these). Everything is written as
 * UTF-8 bytes, so that wide and narrow functions may be mixed on one stream.
 */
#include "winsock/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/utf.h"

#define AUTHIP_NATIVE_STDIO
#include "winmsvc.h"

/* What is left of a text when it has been written or given up; its length, or -1. */
static int
text_finish(struct text *t, bool ok)
{
	int n = ok && !t->is_broken ? (int)t->n : -1;

	text_free(t);
	return n;
}

int
msvc_vfprintf(FILE *stream, const char *format, va_list ap)
{
	struct text t = { 0 };

	return text_finish(
	    &t, text_format(&t, format, ap) && fwrite(t.s, 1, t.n, stream) == t.n);
}

int
msvc_vfwprintf(FILE *stream, const wchar_t *format, va_list ap)
{
	struct text t = { 0 };

	return text_finish(
	    &t, text_format_wide(&t, format, ap) && fwrite(t.s, 1, t.n, stream) == t.n);
}

/*
 * Into a buffer. Of a text that is too long the beginning is kept if is_cut, with a terminator
 * unless is_raw; is_raw without a buffer only counts. The length; -1 if it was too long or is
 * broken.
 */
static int
put_narrow(char *buffer, size_t size, struct text *t, bool ok, bool is_cut, bool is_raw)
{
	size_t n = t->n;

	if (is_raw && buffer == NULL)
		return text_finish(t, ok);
	if (ok && is_raw && n == size) {
		memcpy(buffer, t->s, n);
		return text_finish(t, true);
	}
	if (ok && n < size) {
		memcpy(buffer, t->s, n + 1);
		return text_finish(t, true);
	}
	if (size > 0 && ok && is_cut) {
		memcpy(buffer, t->s, is_raw ? size : size - 1);
		if (!is_raw)
			buffer[size - 1] = '\0';
	} else if (size > 0) {
		buffer[0] = '\0';
	}
	return text_finish(t, false);
}

static int
put_wide(
    wchar_t *buffer, size_t size, struct text *t, bool ok, bool is_cut, bool is_raw)
{
	wchar_t *wide = ok ? utf8_to_wide(t->s, t->n) : NULL;
	size_t n = wide == NULL ? 0 : wcslen(wide), keep;
	int result = -1;

	text_free(t);
	if (wide != NULL && is_raw && buffer == NULL) {
		result = (int)n;
	} else if (wide != NULL && (n < size || (is_raw && n == size))) {
		wmemcpy(buffer, wide, n < size ? n + 1 : n);
		result = (int)n;
	} else if (size > 0 && wide != NULL && is_cut) {
		keep = is_raw ? size : size - 1;
		wmemcpy(buffer, wide, keep);
		if (!is_raw)
			buffer[keep] = L'\0';
	} else if (size > 0) {
		buffer[0] = L'\0';
	}
	free(wide);
	return result;
}

/* No limit: as dangerous as everywhere. */
int
msvc_vsprintf(char *buffer, const char *format, va_list ap)
{
	struct text t = { 0 };
	bool ok = text_format(&t, format, ap);

	return put_narrow(buffer, SIZE_MAX, &t, ok, false, false);
}

/* C99: the length that it would have. */
int
msvc_vsnprintf(char *buffer, size_t size, const char *format, va_list ap)
{
	struct text t = { 0 };
	bool ok = text_format(&t, format, ap);
	int n = ok ? (int)t.n : -1;

	(void)put_narrow(buffer, size, &t, ok, true, false);
	return n;
}

/* _vsnprintf: -1 if it was too long; then, and if it fits exactly, no terminator. */
int
msvc_vsnprintf_raw(char *buffer, size_t size, const char *format, va_list ap)
{
	struct text t = { 0 };
	bool ok = text_format(&t, format, ap);

	return put_narrow(buffer, size, &t, ok, true, true);
}

/* vsprintf_s: nothing at all if it is too long. */
int
msvc_vsprintf_s(char *buffer, size_t size, const char *format, va_list ap)
{
	struct text t = { 0 };
	bool ok = text_format(&t, format, ap);

	return put_narrow(buffer, size, &t, ok, false, false);
}

int
msvc_vswprintf(wchar_t *buffer, size_t size, const wchar_t *format, va_list ap)
{
	struct text t = { 0 };
	bool ok = text_format_wide(&t, format, ap);

	return put_wide(buffer, size, &t, ok, true, false);
}

int
msvc_vsnwprintf_raw(wchar_t *buffer, size_t size, const wchar_t *format, va_list ap)
{
	struct text t = { 0 };
	bool ok = text_format_wide(&t, format, ap);

	return put_wide(buffer, size, &t, ok, true, true);
}

int
msvc_vswprintf_s(wchar_t *buffer, size_t size, const wchar_t *format, va_list ap)
{
	struct text t = { 0 };
	bool ok = text_format_wide(&t, format, ap);

	return put_wide(buffer, size, &t, ok, false, false);
}

/* Defines the function with an ellipsis: NAME(PARAMETERS, format, ...) as CALL. */
#define ELLIPSIS(name, parameters, call) \
	int name parameters              \
	{                                \
		va_list ap;              \
		int n;                   \
                                         \
		va_start(ap, format);    \
		n = call;                \
		va_end(ap);              \
		return n;                \
	}

ELLIPSIS(msvc_printf, (const char *format, ...), msvc_vfprintf(stdout, format, ap))
ELLIPSIS(msvc_wprintf, (const wchar_t *format, ...), msvc_vfwprintf(stdout, format, ap))
ELLIPSIS(msvc_fprintf, (FILE * stream, const char *format, ...),
    msvc_vfprintf(stream, format, ap))
ELLIPSIS(msvc_fwprintf, (FILE * stream, const wchar_t *format, ...),
    msvc_vfwprintf(stream, format, ap))
ELLIPSIS(msvc_sprintf, (char *buffer, const char *format, ...),
    msvc_vsprintf(buffer, format, ap))
ELLIPSIS(msvc_snprintf, (char *buffer, size_t size, const char *format, ...),
    msvc_vsnprintf(buffer, size, format, ap))
ELLIPSIS(msvc_snprintf_raw, (char *buffer, size_t size, const char *format, ...),
    msvc_vsnprintf_raw(buffer, size, format, ap))
ELLIPSIS(msvc_sprintf_s, (char *buffer, size_t size, const char *format, ...),
    msvc_vsprintf_s(buffer, size, format, ap))
ELLIPSIS(msvc_swprintf, (wchar_t * buffer, size_t size, const wchar_t *format, ...),
    msvc_vswprintf(buffer, size, format, ap))
ELLIPSIS(msvc_snwprintf_raw,
    (wchar_t * buffer, size_t size, const wchar_t *format, ...),
    msvc_vsnwprintf_raw(buffer, size, format, ap))
ELLIPSIS(msvc_swprintf_s, (wchar_t * buffer, size_t size, const wchar_t *format, ...),
    msvc_vswprintf_s(buffer, size, format, ap))

int
msvc_fputws(const wchar_t *s, FILE *stream)
{
	char *narrow = utf8_from_wide(s, wcslen(s));
	int result = narrow == NULL ? -1 : fputs(narrow, stream);

	free(narrow);
	return result < 0 ? -1 : 0;
}

int
msvc_putws(const wchar_t *s)
{
	return msvc_fputws(s, stdout) != 0 || putchar('\n') == EOF ? -1 : 0;
}
