/* Sockets on loopback for the suites of check_windows. */
#ifndef AUTHIPD_TESTS_WINDOWS_PAIR_H
#define AUTHIPD_TESTS_WINDOWS_PAIR_H

#include "check_windows.h"
#include "winsock/shim.h"
#include "ws2tcpip.h"

/* The call fails with this error. */
#define FAILS(error, call)                                   \
	do {                                                 \
		WSASetLastError(0);                          \
		ck_assert_int_eq((int)(call), SOCKET_ERROR); \
		ck_assert_int_eq(WSAGetLastError(), error);  \
	} while (0)

SOCKADDR_IN windows_loopback(int port);
/* A bound socket; *address is where it is. */
SOCKET windows_bound(int type, SOCKADDR_IN *address);
/* Connected to each other. */
void windows_tcp_pair(SOCKET pair[2]);

#endif
