/* A growing text in UTF-8, and the formats of Microsoft's printf. */
#ifndef AUTHIPD_WINSOCK_TEXT_H
#define AUTHIPD_WINSOCK_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

struct text {
	char *s; /* owned, terminated once something was added; NULL before */
	size_t n;
	size_t size;
	bool is_broken; /* no memory, or a format that is refused */
};

void text_add(struct text *t, const char *s, size_t n);
void text_pad(struct text *t, char c, size_t n);
void text_free(struct text *t);

/*
 * Adds what a format of a narrow (printf) or a wide function (wprintf) makes of its
 * arguments. false: is_broken.
 */
bool text_format(struct text *t, const char *format, va_list ap);
bool text_format_wide(struct text *t, const wchar_t *format, va_list ap);

#endif
