/* strsafe.h: strings that are cut, not overflowed. */
#include "strsafe.h"

#include <stdbool.h>
#include <string.h>

#define AUTHIP_NATIVE_STDIO
#include "winmsvc.h"

/* to has length characters of cch; the rest is filled from n characters of from. */
#define FILL(to, cch, length, from, n, move)                               \
	do {                                                               \
		size_t room_ = (cch) - (length)-1;                         \
		size_t take_ = (n) < room_ ? (n) : room_;                  \
                                                                           \
		move((to) + (length), (from), take_);                      \
		(to)[(length) + take_] = 0;                                \
		return take_ < (n) ? STRSAFE_E_INSUFFICIENT_BUFFER : S_OK; \
	} while (0)

static bool
is_bad(const void *to, size_t cch, const void *from)
{
	return to == NULL || from == NULL || cch == 0 || cch > STRSAFE_MAX_CCH;
}

HRESULT
StringCchCopyA(LPSTR to, size_t cch, LPCSTR from)
{
	size_t n;

	if (is_bad(to, cch, from))
		return STRSAFE_E_INVALID_PARAMETER;
	n = strnlen(from, cch);
	FILL(to, cch, (size_t)0, from, n, memmove);
}

HRESULT
StringCchCopyW(LPWSTR to, size_t cch, LPCWSTR from)
{
	size_t n;

	if (is_bad(to, cch, from))
		return STRSAFE_E_INVALID_PARAMETER;
	n = wcsnlen(from, cch);
	FILL(to, cch, (size_t)0, from, n, wmemmove);
}

HRESULT
StringCchCatA(LPSTR to, size_t cch, LPCSTR from)
{
	size_t have, n;

	if (is_bad(to, cch, from) || (have = strnlen(to, cch)) == cch)
		return STRSAFE_E_INVALID_PARAMETER;
	n = strnlen(from, cch);
	FILL(to, cch, have, from, n, memmove);
}

HRESULT
StringCchCatW(LPWSTR to, size_t cch, LPCWSTR from)
{
	size_t have, n;

	if (is_bad(to, cch, from) || (have = wcsnlen(to, cch)) == cch)
		return STRSAFE_E_INVALID_PARAMETER;
	n = wcsnlen(from, cch);
	FILL(to, cch, have, from, n, wmemmove);
}

/* length may be NULL; 0 after a failure. */
HRESULT
StringCchLengthA(LPCSTR s, size_t most, size_t *length)
{
	size_t n = s == NULL || most > STRSAFE_MAX_CCH ? most : strnlen(s, most);

	if (length != NULL)
		*length = n < most ? n : 0;
	return n < most ? S_OK : STRSAFE_E_INVALID_PARAMETER;
}

HRESULT
StringCchLengthW(LPCWSTR s, size_t most, size_t *length)
{
	size_t n = s == NULL || most > STRSAFE_MAX_CCH ? most : wcsnlen(s, most);

	if (length != NULL)
		*length = n < most ? n : 0;
	return n < most ? S_OK : STRSAFE_E_INVALID_PARAMETER;
}

HRESULT
StringCchVPrintfA(LPSTR to, size_t cch, LPCSTR format, va_list ap)
{
	int n;

	if (is_bad(to, cch, format))
		return STRSAFE_E_INVALID_PARAMETER;
	n = msvc_vsnprintf(to, cch, format, ap);
	if (n < 0)
		return STRSAFE_E_INVALID_PARAMETER;
	return (size_t)n < cch ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
}

HRESULT
StringCchVPrintfW(LPWSTR to, size_t cch, LPCWSTR format, va_list ap)
{
	if (is_bad(to, cch, format))
		return STRSAFE_E_INVALID_PARAMETER;
	return msvc_vswprintf(to, cch, format, ap) < 0 ? STRSAFE_E_INSUFFICIENT_BUFFER :
							 S_OK;
}

HRESULT
StringCchPrintfA(LPSTR to, size_t cch, LPCSTR format, ...)
{
	va_list ap;
	HRESULT hr;

	va_start(ap, format);
	hr = StringCchVPrintfA(to, cch, format, ap);
	va_end(ap);
	return hr;
}

HRESULT
StringCchPrintfW(LPWSTR to, size_t cch, LPCWSTR format, ...)
{
	va_list ap;
	HRESULT hr;

	va_start(ap, format);
	hr = StringCchVPrintfW(to, cch, format, ap);
	va_end(ap);
	return hr;
}
