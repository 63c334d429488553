/* Errors and memory of the samples. */
#include <Winsock2.h>
#include <Windows.h>
#include <stdio.h>
#include "common.h"

void __cdecl
PrintError(__in LPCWSTR call, __in DWORD error)
{
	LPWSTR text = NULL;

	if (FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
				FORMAT_MESSAGE_IGNORE_INSERTS,
		NULL, error, MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT), (LPWSTR)&text, 0,
		NULL) == 0) {
		wprintf(L"%s failed: %lu\n", call, error);
		return;
	}
	wprintf(L"%s failed: %lu (%.*s)\n", call, error, (int)wcslen(text) - 2, text);
	LocalFree(text);
}

LPVOID __cdecl
Allocate(__in SIZE_T bytes)
{
	return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes);
}
