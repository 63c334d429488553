/* Strings that do not overflow: HRESULT, always terminated. */
#ifndef AUTHIP_STRSAFE_H
#define AUTHIP_STRSAFE_H

#include <stdarg.h>

#include "windef.h"
#include "winerror.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007Au)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057u)
#define STRSAFE_E_END_OF_FILE ((HRESULT)0x80070026u)

/* cch: characters with the terminator. Too long: cut, STRSAFE_E_INSUFFICIENT_BUFFER. */
HRESULT StringCchCopyA(LPSTR to, size_t cch, LPCSTR from);
HRESULT StringCchCopyW(LPWSTR to, size_t cch, LPCWSTR from);
HRESULT StringCchCatA(LPSTR to, size_t cch, LPCSTR from);
HRESULT StringCchCatW(LPWSTR to, size_t cch, LPCWSTR from);
HRESULT StringCchLengthA(LPCSTR s, size_t most, size_t *length);
HRESULT StringCchLengthW(LPCWSTR s, size_t most, size_t *length);
HRESULT StringCchPrintfA(LPSTR to, size_t cch, LPCSTR format, ...);
HRESULT StringCchPrintfW(LPWSTR to, size_t cch, LPCWSTR format, ...);
HRESULT StringCchVPrintfA(LPSTR to, size_t cch, LPCSTR format, va_list ap);
HRESULT StringCchVPrintfW(LPWSTR to, size_t cch, LPCWSTR format, va_list ap);

#define StringCbCopyA(to, cb, from) StringCchCopyA((to), (cb), (from))
#define StringCbCopyW(to, cb, from) StringCchCopyW((to), (cb) / sizeof(WCHAR), (from))
#ifdef UNICODE
#define StringCchCopy StringCchCopyW
#define StringCchCat StringCchCatW
#define StringCchLength StringCchLengthW
#define StringCchPrintf StringCchPrintfW
#define StringCchVPrintf StringCchVPrintfW
#define StringCbCopy StringCbCopyW
#else
#define StringCchCopy StringCchCopyA
#define StringCchCat StringCchCatA
#define StringCchLength StringCchLengthA
#define StringCchPrintf StringCchPrintfA
#define StringCchVPrintf StringCchVPrintfA
#define StringCbCopy StringCbCopyA
#endif

#ifdef __cplusplus
}
#endif

#endif
