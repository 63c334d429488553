/*
 * Names of Microsoft's C library, and its printf: %s of a wide function is wide, %ld has 32
 * bits, %I64d has 64. AUTHIP_NATIVE_STDIO before the first header keeps the native printf.
 */
#ifndef AUTHIP_WINMSVC_H
#define AUTHIP_WINMSVC_H

#ifdef __cplusplus
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#endif
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#ifdef __cplusplus
extern "C" {
#endif

int msvc_printf(const char *format, ...);
int msvc_wprintf(const wchar_t *format, ...);
int msvc_fprintf(FILE *stream, const char *format, ...);
int msvc_fwprintf(FILE *stream, const wchar_t *format, ...);
int msvc_sprintf(char *buffer, const char *format, ...);
int msvc_snprintf(char *buffer, size_t size, const char *format, ...);
int msvc_snprintf_raw(char *buffer, size_t size, const char *format, ...);
int msvc_sprintf_s(char *buffer, size_t size, const char *format, ...);
int msvc_swprintf(wchar_t *buffer, size_t size, const wchar_t *format, ...);
int msvc_snwprintf_raw(wchar_t *buffer, size_t size, const wchar_t *format, ...);
int msvc_swprintf_s(wchar_t *buffer, size_t size, const wchar_t *format, ...);
int msvc_vfprintf(FILE *stream, const char *format, va_list ap);
int msvc_vfwprintf(FILE *stream, const wchar_t *format, va_list ap);
int msvc_vsprintf(char *buffer, const char *format, va_list ap);
int msvc_vsnprintf(char *buffer, size_t size, const char *format, va_list ap);
int msvc_vsnprintf_raw(char *buffer, size_t size, const char *format, va_list ap);
int msvc_vsprintf_s(char *buffer, size_t size, const char *format, va_list ap);
int msvc_vswprintf(wchar_t *buffer, size_t size, const wchar_t *format, va_list ap);
int msvc_vsnwprintf_raw(
    wchar_t *buffer, size_t size, const wchar_t *format, va_list ap);
int msvc_vswprintf_s(wchar_t *buffer, size_t size, const wchar_t *format, va_list ap);
int msvc_fputws(const wchar_t *s, FILE *stream);
int msvc_putws(const wchar_t *s);

/* Empty and the error number if the text does not fit. */
typedef int errno_t;
errno_t strcpy_s(char *to, size_t size, const char *from);
errno_t strcat_s(char *to, size_t size, const char *from);
errno_t wcscpy_s(wchar_t *to, size_t size, const wchar_t *from);
errno_t wcscat_s(wchar_t *to, size_t size, const wchar_t *from);
/* n: _TRUNCATE for what fits; then STRUNCATE. */
errno_t strncpy_s(char *to, size_t size, const char *from, size_t n);
errno_t wcsncpy_s(wchar_t *to, size_t size, const wchar_t *from, size_t n);
errno_t memcpy_s(void *to, size_t size, const void *from, size_t n);
int _wtoi(const wchar_t *s);
/* Of 32 bits: LONG. */
int _wtol(const wchar_t *s);
#define _TRUNCATE ((size_t)-1)
#define STRUNCATE 80

#ifdef __cplusplus
}

namespace std {
using ::msvc_fprintf;
using ::msvc_fwprintf;
using ::msvc_printf;
using ::msvc_snprintf;
using ::msvc_sprintf;
using ::msvc_swprintf;
using ::msvc_wprintf;
} // namespace std
#endif

#define _stricmp strcasecmp
#define _strnicmp strncasecmp
#define stricmp strcasecmp
#define lstrcmpiA strcasecmp
#define _wcsicmp wcscasecmp
#define _wcsnicmp wcsncasecmp
#define lstrcmpiW wcscasecmp
#define _strdup strdup
#define _wcsdup wcsdup
#define _wcstoui64 wcstoull
#define _strtoui64 strtoull
#define _atoi64 atoll
#ifndef _countof
#define _countof(a) (sizeof(a) / sizeof((a)[0]))
#endif

#define sprintf_s msvc_sprintf_s
#define swprintf_s msvc_swprintf_s
#define vsprintf_s msvc_vsprintf_s
#define vswprintf_s msvc_vswprintf_s
#define _snprintf msvc_snprintf_raw
#define _vsnprintf msvc_vsnprintf_raw
#define _snwprintf msvc_snwprintf_raw
#define _vsnwprintf msvc_vsnwprintf_raw
#define printf_s msvc_printf
#define wprintf_s msvc_wprintf
#define fprintf_s msvc_fprintf
#define fwprintf_s msvc_fwprintf
#define _putws msvc_putws

/* With arguments only, so that attributes and members of these names stay. */
#ifndef AUTHIP_NATIVE_STDIO
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef wprintf
#undef fwprintf
#undef swprintf
#undef vwprintf
#undef vfwprintf
#undef vswprintf
#undef fputws
#define printf(...) msvc_printf(__VA_ARGS__)
#define fprintf(...) msvc_fprintf(__VA_ARGS__)
#define sprintf(...) msvc_sprintf(__VA_ARGS__)
#define snprintf(...) msvc_snprintf(__VA_ARGS__)
#define vprintf(format, ap) msvc_vfprintf(stdout, format, ap)
#define vfprintf(...) msvc_vfprintf(__VA_ARGS__)
#define vsprintf(...) msvc_vsprintf(__VA_ARGS__)
#define vsnprintf(...) msvc_vsnprintf(__VA_ARGS__)
#define wprintf(...) msvc_wprintf(__VA_ARGS__)
#define fwprintf(...) msvc_fwprintf(__VA_ARGS__)
#define swprintf(...) msvc_swprintf(__VA_ARGS__)
#define vwprintf(format, ap) msvc_vfwprintf(stdout, format, ap)
#define vfwprintf(...) msvc_vfwprintf(__VA_ARGS__)
#define vswprintf(...) msvc_vswprintf(__VA_ARGS__)
#define fputws(s, stream) msvc_fputws(s, stream)
#endif

#endif
