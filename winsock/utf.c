/* Wide characters of 4 bytes to UTF-8 and back. */
#include "winsock/utf.h"

#include <stdint.h>
#include <stdlib.h>

static bool
is_scalar(uint32_t c)
{
	return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

/* How many bytes of out are used. valid may be NULL. */
size_t
utf8_put(char out[UTF8_MAX_BYTES], wchar_t wide, bool *valid)
{
	uint32_t c = (uint32_t)wide;
	size_t n, i;

	if (!is_scalar(c)) {
		c = UTF_REPLACEMENT;
		if (valid != NULL)
			*valid = false;
	}
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3F));
		c >>= 6;
	}
	out[0] = (char)((0xF00u >> n & 0xFF) | c);
	return n;
}

/* The length that a first byte announces; 0 if none begins like this. */
static size_t
sequence_length(unsigned char b)
{
	if (b < 0x80)
		return 1;
	if (b >= 0xC2 && b < 0xE0)
		return 2;
	if (b >= 0xE0 && b < 0xF0)
		return 3;
	return b >= 0xF0 && b < 0xF5 ? 4 : 0;
}

/* n: at least 1. How many bytes of s the character takes. valid may be NULL. */
size_t
utf8_get(const char *s, size_t n, wchar_t *c, bool *valid)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *b = (const unsigned char *)s;
	size_t length = sequence_length(b[0]), i;
	uint32_t value;

	if (length == 1) {
		*c = (wchar_t)b[0];
		return 1;
	}
	if (length != 0 && length <= n) {
		value = b[0] & (0x7Fu >> length);
		for (i = 1; i < length && (b[i] & 0xC0) == 0x80; i++)
			value = value << 6 | (b[i] & 0x3F);
		if (i == length && value >= smallest[length] && is_scalar(value)) {
			*c = (wchar_t)value;
			return length;
		}
	}
	*c = (wchar_t)UTF_REPLACEMENT;
	if (valid != NULL)
		*valid = false;
	return 1;
}

char *
utf8_from_wide(const wchar_t *s, size_t n)
{
	char *out;
	size_t used = 0;

	if (n > SIZE_MAX / UTF8_MAX_BYTES - 1 ||
	    (out = malloc((n + 1) * UTF8_MAX_BYTES)) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		used += utf8_put(out + used, s[i], NULL);
	out[used] = '\0';
	return out;
}

wchar_t *
utf8_to_wide(const char *s, size_t n)
{
	wchar_t *out;
	size_t used = 0;

	if (n > SIZE_MAX / sizeof(*out) - 1 ||
	    (out = malloc((n + 1) * sizeof(*out))) == NULL)
		return NULL;
	for (size_t i = 0; i < n;)
		i += utf8_get(s + i, n - i, &out[used++], NULL);
	out[used] = L'\0';
	return out;
}
