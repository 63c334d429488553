/* The error slot of a thread. */
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
