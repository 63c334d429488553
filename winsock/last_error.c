/* The error slot of a thread: one for Winsock and for Windows, as there. */
#include "winbase.h"
#include "winsock2.h"

static _Thread_local int last_error;

/*
 * The error of the last function of this library that failed in this thread; 0 if none
 * did. Windows: WSAGetLastError (winsock2.h).
 */
int WSAAPI
WSAGetLastError(void)
{
	return last_error;
}

/*
 * Sets what WSAGetLastError returns in this thread; any number.
 * Windows: WSASetLastError (winsock2.h).
 */
void WSAAPI
WSASetLastError(int iError)
{
	last_error = iError;
}

/* Windows: GetLastError (winbase.h). */
DWORD WINAPI
GetLastError(void)
{
	return (DWORD)last_error;
}

/* Windows: SetLastError (winbase.h). */
void WINAPI
SetLastError(DWORD dwErrCode)
{
	last_error = (int)dwErrCode;
}
