/*
 * Basic Windows types, as far as the Winsock headers beside this one need them. LONG,
 * ULONG and DWORD have 32 bits as on Windows, never those of the native long.
 */
#ifndef AUTHIP_WINDEF_H
#define AUTHIP_WINDEF_H

#include <stddef.h>
#include <stdint.h>

typedef int INT;
typedef int BOOL;
typedef uint16_t USHORT;
typedef uint16_t WORD;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef uint64_t UINT64;
typedef uintptr_t ULONG_PTR;
typedef void *PVOID;
typedef void *HANDLE;
typedef wchar_t WCHAR;

/* The calling conventions of Windows mean nothing here. */
#ifndef WINAPI
#define WINAPI
#endif
#ifndef CALLBACK
#define CALLBACK
#endif

#endif
