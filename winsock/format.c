/*
 * The formats of Microsoft's printf and wprintf. They differ from those of Linux in the width
 * of strings (%s of a wide function is wide), in the size of %l (32 bits), in %I and in %p.
 */
#include "winsock/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/utf.h"

#define NO_PRECISION (-1)
#define NUMBER_MAX_BYTES 128 /* beside precision and width */

enum size {
	SIZE_NONE,
	SIZE_CHAR,
	SIZE_SHORT,
	SIZE_LONG, /* l and w: 32 bits, or wide */
	SIZE_64,
	SIZE_POINTER,
	SIZE_LONG_DOUBLE,
};

struct directive {
	char flags[8];
	int width;
	int precision;
	enum size size;
	char conversion;
};

/* The prefixes, longer ones first. */
static const struct {
	const char *text;
	enum size size;
} SIZES[] = {
	{ "I64", SIZE_64 },
	{ "I32", SIZE_NONE },
	{ "I", SIZE_POINTER },
	{ "hh", SIZE_CHAR },
	{ "h", SIZE_SHORT },
	{ "ll", SIZE_64 },
	{ "l", SIZE_LONG },
	{ "w", SIZE_LONG },
	{ "L", SIZE_LONG_DOUBLE },
	{ "j", SIZE_64 },
	{ "z", SIZE_POINTER },
	{ "t", SIZE_POINTER },
};

/* ---- reading a directive ---- */

static const char *
read_flags(struct directive *d, const char *f)
{
	size_t n = 0;

	for (; *f != '\0' && strchr("-+ #0", *f) != NULL; f++)
		if (memchr(d->flags, *f, n) == NULL)
			d->flags[n++] = *f;
	d->flags[n] = '\0';
	return f;
}

/* A number that is too large breaks the text. */
static const char *
read_number(struct text *t, const char *f, int *value)
{
	*value = 0;
	for (; *f >= '0' && *f <= '9'; f++) {
		if (*value > (INT_MAX - 9) / 10) {
			t->is_broken = true;
			return f;
		}
		*value = *value * 10 + (*f - '0');
	}
	return f;
}

static const char *
read_size(struct directive *d, const char *f)
{
	size_t n;

	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		n = strlen(SIZES[i].text);
		if (strncmp(f, SIZES[i].text, n) == 0) {
			d->size = SIZES[i].size;
			return f + n;
		}
	}
	return f;
}

static void
take_width(struct text *t, struct directive *d, int width)
{
	size_t n = strlen(d->flags);

	if (width == INT_MIN) {
		t->is_broken = true;
		return;
	}
	if (width < 0 && strchr(d->flags, '-') == NULL) {
		d->flags[n] = '-';
		d->flags[n + 1] = '\0';
	}
	d->width = abs(width);
}

/* ---- writing one ---- */

/* bytes: the text; chars: its characters, for the width. */
static void
put_padded(struct text *t, const struct directive *d, const char *s, size_t bytes,
    size_t chars)
{
	size_t pad = (size_t)d->width > chars ? (size_t)d->width - chars : 0;
	bool left = strchr(d->flags, '-') != NULL;

	if (!left)
		text_pad(t, ' ', pad);
	text_add(t, s, bytes);
	if (left)
		text_pad(t, ' ', pad);
}

static void
put_narrow(struct text *t, const struct directive *d, const char *s)
{
	size_t n, chars = 0;

	if (s == NULL)
		s = "(null)";
	n = d->precision == NO_PRECISION ? strlen(s) : strnlen(s, (size_t)d->precision);
	for (size_t i = 0; i < n; i++)
		chars += ((unsigned char)s[i] & 0xC0) != 0x80;
	put_padded(t, d, s, n, chars);
}

static void
put_wide(struct text *t, const struct directive *d, const wchar_t *s)
{
	size_t n;
	char *narrow;

	if (s == NULL)
		s = L"(null)";
	n = d->precision == NO_PRECISION ? wcslen(s) : wcsnlen(s, (size_t)d->precision);
	if ((narrow = utf8_from_wide(s, n)) == NULL) {
		t->is_broken = true;
		return;
	}
	put_padded(t, d, narrow, strlen(narrow), n);
	free(narrow);
}

/* NULs and all. */
static void
put_character(struct text *t, const struct directive *d, bool is_wide, int c)
{
	char bytes[UTF8_MAX_BYTES] = { (char)c };
	size_t n = is_wide ? utf8_put(bytes, (wchar_t)c, NULL) : 1;

	put_padded(t, d, bytes, n, 1);
}

static void
put_pointer(struct text *t, const struct directive *d, const void *p)
{
	char digits[2 * sizeof(p) + 1];
	int n = snprintf(
	    digits, sizeof(digits), "%0*" PRIXPTR, (int)(2 * sizeof(p)), (uintptr_t)p);

	put_padded(t, d, digits, (size_t)n, (size_t)n);
}

/* "%FLAGS*.*SIZEC" for the native function. */
static void
native_format(char out[32], const struct directive *d, const char *size)
{
	(void)snprintf(out, 32, "%%%s*%s%s%c", d->flags,
	    d->precision == NO_PRECISION ? "" : ".*", size, d->conversion);
}

/* Room for a number of this directive; NULL and a broken text if there is none. */
static char *
number_room(struct text *t, const struct directive *d, size_t extra, size_t *size)
{
	char *room;

	*size = (size_t)d->width + NUMBER_MAX_BYTES + extra +
		(d->precision == NO_PRECISION ? 0 : (size_t)d->precision);
	if ((room = malloc(*size)) == NULL)
		t->is_broken = true;
	return room;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

#define PRINT_NUMBER(t, d, room, size, native, value)             \
	((d)->precision == NO_PRECISION ?                         \
		snprintf(room, size, native, (d)->width, value) : \
		snprintf(room, size, native, (d)->width, (d)->precision, value))

static void
put_number(struct text *t, const struct directive *d, int64_t value)
{
	char native[32], *room;
	size_t size;
	int n;

	native_format(native, d, "ll");
	if ((room = number_room(t, d, 0, &size)) == NULL)
		return;
	n = PRINT_NUMBER(t, d, room, size, native, (long long)value);
	if (n >= 0 && (size_t)n < size)
		text_add(t, room, (size_t)n);
	else
		t->is_broken = true;
	free(room);
}

static void
put_real(struct text *t, const struct directive *d, long double value)
{
	char native[32], *room;
	size_t size;
	int n;

	native_format(native, d, "L");
	if ((room = number_room(t, d, 5000, &size)) == NULL)
		return;
	n = PRINT_NUMBER(t, d, room, size, native, value);
	if (n >= 0 && (size_t)n < size)
		text_add(t, room, (size_t)n);
	else
		t->is_broken = true;
	free(room);
}

#pragma GCC diagnostic pop

/* ---- arguments ---- */

/* A macro: a va_list must not change hands. */
#define SIGNED_ARGUMENT(d, ap)                                                  \
	((d)->size == SIZE_64	      ? (int64_t)va_arg(ap, long long) :        \
	    (d)->size == SIZE_POINTER ? (int64_t)va_arg(ap, ptrdiff_t) :        \
	    (d)->size == SIZE_SHORT   ? (int64_t)(short)va_arg(ap, int) :       \
	    (d)->size == SIZE_CHAR    ? (int64_t)(signed char)va_arg(ap, int) : \
					(int64_t)va_arg(ap, int))

#define UNSIGNED_ARGUMENT(d, ap)                                                    \
	((d)->size == SIZE_64	      ? (uint64_t)va_arg(ap, unsigned long long) :  \
	    (d)->size == SIZE_POINTER ? (uint64_t)va_arg(ap, size_t) :              \
	    (d)->size == SIZE_SHORT   ? (uint64_t)(unsigned short)va_arg(ap, int) : \
	    (d)->size == SIZE_CHAR    ? (uint64_t)(unsigned char)va_arg(ap, int) :  \
					(uint64_t)va_arg(ap, unsigned int))

/* Is a string or character of this directive wide? */
static bool
is_wide_argument(const struct directive *d, bool is_wide_function)
{
	if (d->size == SIZE_LONG)
		return true;
	if (d->size == SIZE_SHORT)
		return false;
	return (d->conversion == 's' || d->conversion == 'c') == is_wide_function;
}

static const char *
read_directive(struct text *t, struct directive *d, const char *f, va_list *ap)
{
	memset(d, 0, sizeof(*d));
	d->precision = NO_PRECISION;
	f = read_flags(d, f);
	if (*f == '*') {
		take_width(t, d, va_arg(*ap, int));
		f++;
	} else {
		f = read_number(t, f, &d->width);
	}
	if (*f == '.' && f[1] == '*') {
		d->precision = va_arg(*ap, int);
		if (d->precision < 0)
			d->precision = NO_PRECISION;
		f += 2;
	} else if (*f == '.') {
		f = read_number(t, f + 1, &d->precision);
	}
	f = read_size(d, f);
	d->conversion = *f;
	return *f == '\0' ? f : f + 1;
}

/* Strings, characters and pointers. false: it is none. */
static bool
put_text_directive(struct text *t, const struct directive *d, bool is_wide, va_list *ap)
{
	switch (d->conversion) {
	case '%':
		text_add(t, "%", 1);
		return true;
	case 'c':
	case 'C':
		put_character(t, d, is_wide_argument(d, is_wide), va_arg(*ap, int));
		return true;
	case 's':
	case 'S':
		if (is_wide_argument(d, is_wide))
			put_wide(t, d, va_arg(*ap, const wchar_t *));
		else
			put_narrow(t, d, va_arg(*ap, const char *));
		return true;
	case 'p':
		put_pointer(t, d, va_arg(*ap, const void *));
		return true;
	default:
		return false;
	}
}

/* Numbers. Anything else breaks the text: also %n, which writes, and the end. */
static void
put_number_directive(struct text *t, const struct directive *d, va_list *ap)
{
	if (d->conversion != '\0' && strchr("di", d->conversion) != NULL)
		put_number(t, d, SIGNED_ARGUMENT(d, *ap));
	else if (d->conversion != '\0' && strchr("ouxX", d->conversion) != NULL)
		put_number(t, d, (int64_t)UNSIGNED_ARGUMENT(d, *ap));
	else if (d->conversion == '\0' || strchr("aAeEfFgG", d->conversion) == NULL)
		t->is_broken = true;
	else if (d->size == SIZE_LONG_DOUBLE)
		put_real(t, d, va_arg(*ap, long double));
	else
		put_real(t, d, (long double)va_arg(*ap, double));
}

static const char *
format_directive(struct text *t, bool is_wide, const char *f, va_list *ap)
{
	struct directive d;

	f = read_directive(t, &d, f, ap);
	if (!t->is_broken && !put_text_directive(t, &d, is_wide, ap))
		put_number_directive(t, &d, ap);
	return f;
}

static bool
format_all(struct text *t, bool is_wide, const char *f, va_list ap)
{
	const char *percent;
	va_list copy;

	va_copy(copy, ap);
	text_add(t, "", 0);
	while (!t->is_broken && (percent = strchr(f, '%')) != NULL) {
		text_add(t, f, (size_t)(percent - f));
		f = format_directive(t, is_wide, percent + 1, &copy);
	}
	va_end(copy);
	if (!t->is_broken)
		text_add(t, f, strlen(f));
	return !t->is_broken;
}

bool
text_format(struct text *t, const char *format, va_list ap)
{
	return format_all(t, false, format, ap);
}

bool
text_format_wide(struct text *t, const wchar_t *format, va_list ap)
{
	char *narrow = utf8_from_wide(format, wcslen(format));
	bool ok;

	if (narrow == NULL) {
		t->is_broken = true;
		return false;
	}
	ok = format_all(t, true, narrow, ap);
	free(narrow);
	return ok;
}
