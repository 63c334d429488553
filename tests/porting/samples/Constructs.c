/* What no header can solve, and texts as Microsoft's library prints them. */
#define UNICODE
#define _UNICODE
#include <WINDOWS.H>
#include <Fwpmu.h>
#include <Rpc.h>
#include <tchar.h>
#include <stdio.h>
#include "COMMON.H"

#pragma comment(lib, "rpcrt4.lib")

static void
Release(__inout void **p)
{
	HeapFree(GetProcessHeap(), 0, *p);
	*p = NULL;
}

int
_tmain(int argc, TCHAR *argv[], TCHAR *envp[])
{
	FWPM_DISPLAY_DATA0 *display = (FWPM_DISPLAY_DATA0 *)Allocate(sizeof(*display));
	IPSEC_AUTH_TRANSFORM_ID id = IPSEC_AUTH_TRANSFORM_ID_HMAC_SHA_1_96;
	UUID key = FWPM_LAYER_IPSEC_V4;
	RPC_WSTR text = NULL;

	UNREFERENCED_PARAMETER(envp);
	display->name = L"a name";
	_tprintf(_T("%s with %d argument%c: %s\n"), display->name, argc - 1,
	    argc == 2 ? L' ' : L's', argc > 1 ? argv[1] : L"-");
	Release(&((void *)
	    display));
	printf("line %d, not & ((void *)display)\n", __LINE__);
	printf("released: %s\n", display == NULL ? "yes" : "no");
	if (UuidToString(&key, &text) == RPC_S_OK) {
		wprintf(L"%s %S\n", text, "narrow");
		RpcStringFree(&text);
	}
	printf("%ls|%S|%hs|%5.2s|%-4s|%c\n", L"wide", L"wide too", "narrow", "cut", "l", 'c');
	wprintf(L"%s|%ls|%hs|%S|%-4s|%c\n", L"w", L"l", "h", "S", L"p", L'c');
	printf("%ld %lu %lx %I64d %I64u %I32d %Iu\n", (LONG)-2, (ULONG)4000000000u, (ULONG)255,
	    (INT64)-5000000000, (UINT64)18000000000000000000u, 7, (SIZE_T)9);
	printf("%p\n", (void *)(ULONG_PTR)0x1234abcd);
	printf("%d %d\n", (int)id.authType, (int)id.authConfig);
	return 0;
}
