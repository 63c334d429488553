/* MultiByteToWideChar and WideCharToMultiByte; the narrow side is UTF-8. */
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "winsock/utf.h"
#include "winbase.h"

static int
fail(DWORD error)
{
	SetLastError(error);
	return 0;
}

/*
 * The characters written, or needed if cchWideChar is 0; with the terminator if cbMultiByte is
 * -1. 0 and an error. Windows: MultiByteToWideChar (winbase.h).
 */
int WINAPI
MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCSTR lpMultiByteStr,
    int cbMultiByte, LPWSTR lpWideCharStr, int cchWideChar)
{
	size_t n, taken = 0;
	int used = 0;
	bool valid = true;
	wchar_t c;

	(void)CodePage;
	if (lpMultiByteStr == NULL || cbMultiByte == 0 || cbMultiByte < -1 ||
	    cchWideChar < 0 || (cchWideChar > 0 && lpWideCharStr == NULL))
		return fail(ERROR_INVALID_PARAMETER);
	n = cbMultiByte == -1 ? strlen(lpMultiByteStr) + 1 : (size_t)cbMultiByte;
	while (taken < n) {
		taken += utf8_get(lpMultiByteStr + taken, n - taken, &c, &valid);
		if (cchWideChar > 0 && used >= cchWideChar)
			return fail(ERROR_INSUFFICIENT_BUFFER);
		if (used == INT_MAX)
			return fail(ERROR_INVALID_PARAMETER);
		if (cchWideChar > 0)
			lpWideCharStr[used] = c;
		used++;
	}
	if (!valid && (dwFlags & MB_ERR_INVALID_CHARS) != 0)
		return fail(ERROR_NO_UNICODE_TRANSLATION);
	return used;
}

/* lpDefaultChar is not used: every character has a form in UTF-8. */
int WINAPI
WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWSTR lpWideCharStr,
    int cchWideChar, LPSTR lpMultiByteStr, int cbMultiByte, LPCSTR lpDefaultChar,
    LPBOOL lpUsedDefaultChar)
{
	char bytes[UTF8_MAX_BYTES];
	size_t n, one;
	int used = 0;
	bool valid = true;

	(void)CodePage;
	(void)lpDefaultChar;
	if (lpWideCharStr == NULL || cchWideChar == 0 || cchWideChar < -1 ||
	    cbMultiByte < 0 || (cbMultiByte > 0 && lpMultiByteStr == NULL))
		return fail(ERROR_INVALID_PARAMETER);
	n = cchWideChar == -1 ? wcslen(lpWideCharStr) + 1 : (size_t)cchWideChar;
	for (size_t i = 0; i < n; i++) {
		one = utf8_put(bytes, lpWideCharStr[i], &valid);
		if (cbMultiByte > 0 && (size_t)(cbMultiByte - used) < one)
			return fail(ERROR_INSUFFICIENT_BUFFER);
		if (used > INT_MAX - UTF8_MAX_BYTES)
			return fail(ERROR_INVALID_PARAMETER);
		if (cbMultiByte > 0)
			memcpy(lpMultiByteStr + used, bytes, one);
		used += (int)one;
	}
	if (!valid && (dwFlags & WC_ERR_INVALID_CHARS) != 0)
		return fail(ERROR_NO_UNICODE_TRANSLATION);
	if (lpUsedDefaultChar != NULL)
		*lpUsedDefaultChar = !valid;
	return used;
}
