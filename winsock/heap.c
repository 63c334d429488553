/* The heap of Windows: that of libc. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "winbase.h"

/* HeapReAlloc has to know the size that was asked for, to clear what is new. */
struct block {
	union {
		size_t n;
		max_align_t align;
	} header;
};

static char the_heap;

static void *
fail(DWORD error)
{
	SetLastError(error);
	return NULL;
}

static struct block *
block_of(void *p)
{
	return (struct block *)p - 1;
}

static void *
allocate(size_t n, bool is_cleared)
{
	struct block *b;

	if (n > PTRDIFF_MAX - sizeof(*b))
		return fail(ERROR_NOT_ENOUGH_MEMORY);
	b = is_cleared ? calloc(1, sizeof(*b) + n) : malloc(sizeof(*b) + n);
	if (b == NULL)
		return fail(ERROR_NOT_ENOUGH_MEMORY);
	b->header.n = n;
	return b + 1;
}

HANDLE WINAPI
GetProcessHeap(void)
{
	return &the_heap;
}

/* Windows: HeapAlloc (winbase.h). NULL and ERROR_INVALID_HANDLE for another heap. */
LPVOID WINAPI
HeapAlloc(HANDLE hHeap, DWORD dwFlags, SIZE_T dwBytes)
{
	if (hHeap != &the_heap)
		return fail(ERROR_INVALID_HANDLE);
	return allocate(dwBytes, (dwFlags & HEAP_ZERO_MEMORY) != 0);
}

LPVOID WINAPI
HeapReAlloc(HANDLE hHeap, DWORD dwFlags, LPVOID lpMem, SIZE_T dwBytes)
{
	struct block *b;
	size_t before;

	if (hHeap != &the_heap || lpMem == NULL)
		return fail(hHeap != &the_heap ? ERROR_INVALID_HANDLE :
						 ERROR_INVALID_PARAMETER);
	if (dwBytes > PTRDIFF_MAX - sizeof(*b))
		return fail(ERROR_NOT_ENOUGH_MEMORY);
	before = block_of(lpMem)->header.n;
	if ((b = realloc(block_of(lpMem), sizeof(*b) + dwBytes)) == NULL)
		return fail(ERROR_NOT_ENOUGH_MEMORY);
	if ((dwFlags & HEAP_ZERO_MEMORY) != 0 && dwBytes > before)
		memset((char *)(b + 1) + before, 0, dwBytes - before);
	b->header.n = dwBytes;
	return b + 1;
}

BOOL WINAPI
HeapFree(HANDLE hHeap, DWORD dwFlags, LPVOID lpMem)
{
	(void)dwFlags;
	if (hHeap != &the_heap) {
		(void)fail(ERROR_INVALID_HANDLE);
		return FALSE;
	}
	if (lpMem != NULL)
		free(block_of(lpMem));
	return TRUE;
}

SIZE_T WINAPI
HeapSize(HANDLE hHeap, DWORD dwFlags, LPCVOID lpMem)
{
	(void)dwFlags;
	if (hHeap != &the_heap || lpMem == NULL) {
		(void)fail(ERROR_INVALID_PARAMETER);
		return (SIZE_T)-1;
	}
	return block_of((void *)(uintptr_t)lpMem)->header.n;
}

/* Fixed memory only: the handle is the address. */
HLOCAL WINAPI
LocalAlloc(UINT uFlags, SIZE_T uBytes)
{
	return allocate(uBytes, (uFlags & LMEM_ZEROINIT) != 0);
}

/* NULL, as after every success. */
HLOCAL WINAPI
LocalFree(HLOCAL hMem)
{
	if (hMem != NULL)
		free(block_of(hMem));
	return NULL;
}

HGLOBAL WINAPI
GlobalAlloc(UINT uFlags, SIZE_T dwBytes)
{
	return LocalAlloc(uFlags, dwBytes);
}

HGLOBAL WINAPI
GlobalFree(HGLOBAL hMem)
{
	return LocalFree(hMem);
}

PVOID WINAPI
SecureZeroMemory(PVOID ptr, SIZE_T cnt)
{
	explicit_bzero(ptr, cnt);
	return ptr;
}
