/* Strings of Microsoft's C library that check the size of their buffer. */
#define AUTHIP_NATIVE_STDIO
#include "winmsvc.h"

#include <errno.h>
#include <stdint.h>

/*
 * One body for narrow and wide. length: of what is there, 0 or strnlen(to); n: of what is
 * appended.
 */
#define COPY_CHECKED(copy, to, size, length, from, n)       \
	do {                                                \
		if ((to) == NULL || (size) == 0)            \
			return EINVAL;                      \
		if ((from) == NULL || (length) >= (size)) { \
			(to)[0] = 0;                        \
			return EINVAL;                      \
		}                                           \
		if ((n) >= (size) - (length)) {             \
			(to)[0] = 0;                        \
			return ERANGE;                      \
		}                                           \
		copy((to) + (length), (from), (n));         \
		(to)[(length) + (n)] = 0;                   \
		return 0;                                   \
	} while (0)

errno_t
strcpy_s(char *to, size_t size, const char *from)
{
	size_t n = from == NULL ? 0 : strlen(from);

	COPY_CHECKED(memcpy, to, size, (size_t)0, from, n);
}

errno_t
strcat_s(char *to, size_t size, const char *from)
{
	size_t have = to == NULL ? 0 : strnlen(to, size);
	size_t n = from == NULL ? 0 : strlen(from);

	COPY_CHECKED(memcpy, to, size, have, from, n);
}

errno_t
wcscpy_s(wchar_t *to, size_t size, const wchar_t *from)
{
	size_t n = from == NULL ? 0 : wcslen(from);

	COPY_CHECKED(wmemcpy, to, size, (size_t)0, from, n);
}

errno_t
wcscat_s(wchar_t *to, size_t size, const wchar_t *from)
{
	size_t have = to == NULL ? 0 : wcsnlen(to, size);
	size_t n = from == NULL ? 0 : wcslen(from);

	COPY_CHECKED(wmemcpy, to, size, have, from, n);
}

errno_t
strncpy_s(char *to, size_t size, const char *from, size_t most)
{
	size_t n = from == NULL	     ? 0 :
		   most == _TRUNCATE ? strlen(from) :
				       strnlen(from, most);

	if (most == _TRUNCATE && to != NULL && from != NULL && size > 0 && n >= size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return STRUNCATE;
	}
	COPY_CHECKED(memcpy, to, size, (size_t)0, from, n);
}

errno_t
wcsncpy_s(wchar_t *to, size_t size, const wchar_t *from, size_t most)
{
	size_t n = from == NULL	     ? 0 :
		   most == _TRUNCATE ? wcslen(from) :
				       wcsnlen(from, most);

	if (most == _TRUNCATE && to != NULL && from != NULL && size > 0 && n >= size) {
		wmemcpy(to, from, size - 1);
		to[size - 1] = L'\0';
		return STRUNCATE;
	}
	COPY_CHECKED(wmemcpy, to, size, (size_t)0, from, n);
}

errno_t
memcpy_s(void *to, size_t size, const void *from, size_t n)
{
	if (n == 0)
		return 0;
	if (to == NULL)
		return EINVAL;
	if (from == NULL || n > size) {
		memset(to, 0, size);
		return from == NULL ? EINVAL : ERANGE;
	}
	memcpy(to, from, n);
	return 0;
}

int
_wtol(const wchar_t *s)
{
	long n = s == NULL ? 0 : wcstol(s, NULL, 10);

	return n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : (int)n;
}

int
_wtoi(const wchar_t *s)
{
	return _wtol(s);
}
