/* Overlapped operation: every call of this library completes before it returns. */
#ifndef AUTHIPD_WINSOCK_OVERLAPPED_H
#define AUTHIPD_WINSOCK_OVERLAPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "winsock2.h"

/* The structure that counts: NULL for a socket that was made without WSA_FLAG_OVERLAPPED. */
LPWSAOVERLAPPED overlapped_of(SOCKET s, LPWSAOVERLAPPED o);
/* Room for a completion routine, before the call does anything. 0 or WSAENOBUFS. */
int overlapped_expect(
    SOCKET s, LPWSAOVERLAPPED o, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
/*
 * The end of a call that succeeded: results, and the event; or the routine, which the thread
 * calls in its next alertable wait. o may be NULL.
 */
void overlapped_finish(SOCKET s, LPWSAOVERLAPPED o,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine, size_t bytes);
/* An alertable wait of this thread begins: calls what is due. False: nothing was. */
bool overlapped_run_routines(void);
void overlapped_begin(LPWSAOVERLAPPED o);
/* Sets the results and the event. o may be NULL. */
void overlapped_complete(LPWSAOVERLAPPED o, int error, size_t bytes);

#endif
