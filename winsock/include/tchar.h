/* Names for both kinds of characters: wide with _UNICODE. */
#ifndef AUTHIP_TCHAR_H
#define AUTHIP_TCHAR_H

#include "windef.h"
#include "winmsvc.h"

#ifdef _UNICODE
#define _T(s) L##s
#define _TEXT(s) L##s
#define _tmain wmain
#define _tprintf wprintf
#define _ftprintf fwprintf
#define _stprintf_s swprintf_s
#define _sntprintf _snwprintf
#define _tcslen wcslen
#define _tcscmp wcscmp
#define _tcsicmp _wcsicmp
#define _tcsnicmp _wcsnicmp
#define _tcsncmp wcsncmp
#define _tcschr wcschr
#define _tcsrchr wcsrchr
#define _tcsstr wcsstr
#define _tcscpy_s wcscpy_s
#define _tcscat_s wcscat_s
#define _tcsdup _wcsdup
#define _tcstol wcstol
#define _tcstoul wcstoul
#define _tstoi _wtoi
#define _ttoi _wtoi
#define _fputts fputws
#define _putts _putws
typedef wchar_t _TCHAR;
#else
#define _T(s) s
#define _TEXT(s) s
#define _tmain main
#define _tprintf printf
#define _ftprintf fprintf
#define _stprintf_s sprintf_s
#define _sntprintf _snprintf
#define _tcslen strlen
#define _tcscmp strcmp
#define _tcsicmp _stricmp
#define _tcsnicmp _strnicmp
#define _tcsncmp strncmp
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcscpy_s strcpy_s
#define _tcscat_s strcat_s
#define _tcsdup _strdup
#define _tcstol strtol
#define _tcstoul strtoul
#define _tstoi atoi
#define _ttoi atoi
#define _fputts fputs
#define _putts puts
typedef char _TCHAR;
#endif

#endif
