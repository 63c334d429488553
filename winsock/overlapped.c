/* Overlapped operation that completes at once. */
#include "winsock/overlapped.h"

#include "winsock/error_map.h"
#include "winsock/socket_table.h"

LPWSAOVERLAPPED
overlapped_of(SOCKET s, LPWSAOVERLAPPED o)
{
	return socket_table_has(s, SOCKET_NOT_OVERLAPPED) ? NULL : o;
}

bool
overlapped_wants_routine(SOCKET s, const void *routine)
{
	return routine != NULL && !socket_table_has(s, SOCKET_NOT_OVERLAPPED);
}

void
overlapped_begin(LPWSAOVERLAPPED o)
{
	if (o == NULL)
		return;
	o->Internal = WSA_IO_PENDING;
	o->InternalHigh = 0;
	if (o->hEvent != NULL)
		(void)ResetEvent(o->hEvent);
}

void
overlapped_complete(LPWSAOVERLAPPED o, int error, size_t bytes)
{
	if (o == NULL)
		return;
	o->Internal = (ULONG_PTR)error;
	o->InternalHigh = bytes;
	if (o->hEvent != NULL)
		(void)SetEvent(o->hEvent);
}

/*
 * What a call with this structure came to. Windows: WSAGetOverlappedResult (winsock2.h).
 * FALSE with the error of that call, or WSA_IO_INCOMPLETE if it was never used.
 */
BOOL WSAAPI
WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED lpOverlapped, LPDWORD lpcbTransfer,
    BOOL fWait, LPDWORD lpdwFlags)
{
	(void)s;
	(void)fWait;
	if (lpOverlapped == NULL || lpcbTransfer == NULL || lpdwFlags == NULL) {
		(void)error_set(WSAEFAULT);
		return FALSE;
	}
	*lpcbTransfer = (DWORD)lpOverlapped->InternalHigh;
	*lpdwFlags = 0;
	if (lpOverlapped->Internal == 0)
		return TRUE;
	(void)error_set(lpOverlapped->Internal == WSA_IO_PENDING ?
			    WSA_IO_INCOMPLETE :
			    (int)lpOverlapped->Internal);
	return FALSE;
}
