/* Overlapped operation: every call of this library completes before it returns. */
#ifndef AUTHIPD_WINSOCK_OVERLAPPED_H
#define AUTHIPD_WINSOCK_OVERLAPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "winsock2.h"

/* The structure that counts: NULL for a socket that was made without WSA_FLAG_OVERLAPPED. */
LPWSAOVERLAPPED overlapped_of(SOCKET s, LPWSAOVERLAPPED o);
/* Is a completion routine given where it would count? They do not exist here. */
bool overlapped_wants_routine(SOCKET s, const void *routine);
void overlapped_begin(LPWSAOVERLAPPED o);
/* Sets the results and the event. o may be NULL. */
void overlapped_complete(LPWSAOVERLAPPED o, int error, size_t bytes);

#endif
