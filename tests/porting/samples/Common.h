/* What the samples share. Included as "common.h", as a file system of Windows allows. */
#pragma once

#define DEFAULT_BUFFER 512

void __cdecl PrintError(__in LPCWSTR call, __in DWORD error);
LPVOID __cdecl Allocate(__in SIZE_T bytes);
