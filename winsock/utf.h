/* Wide characters of 4 bytes to UTF-8 and back, whatever the locale is. */
#ifndef AUTHIPD_WINSOCK_UTF_H
#define AUTHIPD_WINSOCK_UTF_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

#define UTF8_MAX_BYTES 4 /* of one character */
#define UTF_REPLACEMENT 0xFFFDu

/*
 * One character. Both return how much of the input it took, at least 1. What is no
 * character becomes UTF_REPLACEMENT, and *valid false.
 */
size_t utf8_put(char out[UTF8_MAX_BYTES], wchar_t c, bool *valid);
size_t utf8_get(const char *s, size_t n, wchar_t *c, bool *valid);

/* The whole text, terminated, for free(); NULL without memory. */
char *utf8_from_wide(const wchar_t *s, size_t n);
wchar_t *utf8_to_wide(const char *s, size_t n);

#endif
