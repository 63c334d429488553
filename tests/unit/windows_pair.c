/* Sockets on loopback for the suites of check_windows. */
#include "tests/unit/windows_pair.h"

#include <string.h>

SOCKADDR_IN
windows_loopback(int port)
{
	SOCKADDR_IN a;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((unsigned short)port);
	return a;
}

SOCKET
windows_bound(int type, SOCKADDR_IN *address)
{
	SOCKET s = WSASocketW(AF_INET, type, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
	socklen_t n = sizeof(*address);

	*address = windows_loopback(0);
	ck_assert_int_ne(s, INVALID_SOCKET);
	ck_assert_int_eq(winsock_bind(s, (SOCKADDR *)address, n), 0);
	ck_assert_int_eq(winsock_getsockname(s, (SOCKADDR *)address, &n), 0);
	return s;
}

void
windows_tcp_pair(SOCKET pair[2])
{
	SOCKADDR_IN address;
	SOCKET listener = windows_bound(SOCK_STREAM, &address);
	INT n = sizeof(address);

	ck_assert_int_eq(winsock_listen(listener, 1), 0);
	pair[0] = WSASocketA(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
	ck_assert_int_eq(
	    WSAConnect(pair[0], (SOCKADDR *)&address, n, NULL, NULL, NULL, NULL), 0);
	pair[1] = WSAAccept(listener, (SOCKADDR *)&address, &n, NULL, 0);
	ck_assert_int_ne(pair[1], INVALID_SOCKET);
	ck_assert_int_eq(n, sizeof(SOCKADDR_IN));
	ck_assert_int_eq(closesocket(listener), 0);
}
