/* Sockets by the names of Winsock, on loopback. */
#include "tests/unit/windows_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mswsock.h"
#include "winsock/error_map.h"
#include "winsock/socket_fact.h"

START_TEST(startup)
{
	WSADATA d;

	FAILS(WSANOTINITIALISED, WSACleanup());
	ck_assert_int_eq(WSAStartup(MAKEWORD(2, 2), &d), 0);
	ck_assert_int_eq(d.wVersion, MAKEWORD(2, 2));
	ck_assert_int_eq(WSAStartup(MAKEWORD(1, 1), &d), 0);
	ck_assert_int_eq(d.wVersion, MAKEWORD(1, 1));
	ck_assert_int_eq(d.wHighVersion, MAKEWORD(2, 2));
	ck_assert_int_eq(WSAStartup(MAKEWORD(9, 9), &d), 0);
	ck_assert_int_eq(d.wVersion, MAKEWORD(2, 2));
	ck_assert_int_eq(WSAStartup(MAKEWORD(0, 9), &d), WSAVERNOTSUPPORTED);
	ck_assert_int_eq(WSAStartup(MAKEWORD(2, 2), NULL), WSAEFAULT);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(WSACleanup(), 0);
	FAILS(WSANOTINITIALISED, WSACleanup());
}
END_TEST

START_TEST(making)
{
	SOCKET s = winsock_socket(AF_INET6, SOCK_STREAM, 0);
	int only = 0;
	socklen_t n = sizeof(only);
	int file = open("/dev/null", O_RDONLY);

	ck_assert_int_ne(s, INVALID_SOCKET);
	ck_assert_int_eq(
	    winsock_getsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &only, &n), 0);
	ck_assert_int_eq(only, 1);
	ck_assert_int_eq(closesocket(s), 0);
	FAILS(WSAENOTSOCK, closesocket(s));
	FAILS(WSAENOTSOCK, closesocket(file));
	ck_assert_int_eq(close(file), 0);
	FAILS(WSAEAFNOSUPPORT, winsock_socket(999, SOCK_STREAM, 0));
	FAILS(WSAEPROTONOSUPPORT, winsock_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	FAILS(WSAEINVAL, WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 1, 0));
	FAILS(WSAEOPNOTSUPP, WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, 0x40));
}
END_TEST

START_TEST(connecting)
{
	SOCKADDR_IN nobody, address;
	SOCKET gone = windows_bound(SOCK_STREAM, &nobody),
	       listener = windows_bound(SOCK_STREAM, &address), s, child;
	WSABUF data = { 0, NULL };
	unsigned long on = 1;
	char byte;

	ck_assert_int_eq(closesocket(gone), 0);
	s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	FAILS(WSAECONNREFUSED, winsock_connect(s, (SOCKADDR *)&nobody, sizeof(nobody)));
	FAILS(WSAEFAULT, WSAConnect(s, NULL, 16, NULL, NULL, NULL, NULL));
	FAILS(
	    WSAEFAULT, WSAConnect(s, (SOCKADDR *)&address, -1, NULL, NULL, NULL, NULL));
	FAILS(WSAEOPNOTSUPP, WSAConnect(s, (SOCKADDR *)&address, sizeof(address), &data,
				 NULL, NULL, NULL));
	ck_assert_int_eq(closesocket(s), 0);
	ck_assert_int_eq(winsock_listen(listener, 1), 0);
	s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(ioctlsocket(s, FIONBIO, &on), 0);
	if (winsock_connect(s, (SOCKADDR *)&address, sizeof(address)) != 0)
		ck_assert_int_eq(WSAGetLastError(), WSAEWOULDBLOCK);
	FAILS(WSAEOPNOTSUPP, WSAAccept(listener, NULL, NULL,
				 (LPCONDITIONPROC)(void *)windows_socket_case, 0));
	FAILS(WSAEFAULT, WSAAccept(listener, (SOCKADDR *)&address, NULL, NULL, 0));
	FAILS(WSAENOTSOCK, winsock_accept(-1, NULL, NULL));
	child = winsock_accept(listener, NULL, NULL);
	ck_assert_int_ne(child, INVALID_SOCKET);
	ck_assert_int_eq(fcntl(child, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(closesocket(child), 0);
	ck_assert_int_eq(closesocket(s), 0);
	/* A child does not block, as its listener. */
	ck_assert_int_eq(ioctlsocket(listener, FIONBIO, &on), 0);
	FAILS(WSAEWOULDBLOCK, winsock_accept(listener, NULL, NULL));
	s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(winsock_connect(s, (SOCKADDR *)&address, sizeof(address)), 0);
	child = winsock_accept(listener, NULL, NULL);
	FAILS(WSAEWOULDBLOCK, winsock_recv(child, &byte, 1, 0));
	ck_assert_int_eq(closesocket(child), 0);
	ck_assert_int_eq(closesocket(s), 0);
	ck_assert_int_eq(closesocket(listener), 0);
}
END_TEST

START_TEST(options)
{
	SOCKET s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	int on = 1, value = 7;
	socklen_t n = sizeof(value);

	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	ck_assert_int_eq(
	    winsock_getsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, &value, &n), 0);
	ck_assert_int_eq(value, 0);
	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, &on, sizeof(on)), 0);
	ck_assert_int_eq(
	    winsock_getsockopt(s, SOL_SOCKET, SO_REUSEADDR, &value, &n), 0);
	ck_assert_int_eq(value, 0);
	FAILS(
	    WSAEFAULT, winsock_setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, &on, 1));
	FAILS(WSAENOPROTOOPT, winsock_setsockopt(s, SOL_SOCKET, 9999, &on, sizeof(on)));
	FAILS(WSAENOTSOCK,
	    winsock_setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	socket_fact_add(s, SOCKET_SECURED);
	FAILS(WSAEINVAL,
	    winsock_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	FAILS(WSAEINVAL,
	    winsock_setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0), 0);
	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_DONTLINGER, &on, sizeof(on)), 0);
	closesocket(s);
	ck_assert(!socket_fact_has(s, SOCKET_SECURED));
}
END_TEST

START_TEST(control_codes)
{
	SOCKET pair[2];
	struct tcp_keepalive keep = { 1, 5000, 2500 };
	SOCKADDR_IN remote = windows_loopback(9), local;
	GUID id = WSAID_CONNECTEX, other = { 1, 2, 3, { 4 } };
	LPFN_CONNECTEX f = NULL;
	DWORD n = 9;
	u_long bytes = ~0ul;
	uint32_t brief = 7;
	int value = 0;
	socklen_t size = sizeof(value);

	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAIoctl(pair[0], SIO_KEEPALIVE_VALS, &keep, sizeof(keep),
			     NULL, 0, &n, NULL, NULL),
	    0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(
	    getsockopt(pair[0], IPPROTO_TCP, TCP_KEEPINTVL, &value, &size), 0);
	ck_assert_int_eq(value, 3);
	keep.keepalivetime = 0xffffffff; /* never, nearly */
	ck_assert_int_eq(WSAIoctl(pair[0], SIO_KEEPALIVE_VALS, &keep, sizeof(keep),
			     NULL, 0, &n, NULL, NULL),
	    0);
	FAILS(WSAEFAULT,
	    WSAIoctl(pair[0], SIO_KEEPALIVE_VALS, &keep, 4, NULL, 0, &n, NULL, NULL));
	ck_assert_int_eq(WSAIoctl(pair[0], SIO_ROUTING_INTERFACE_QUERY, &remote,
			     sizeof(remote), &local, sizeof(local), &n, NULL, NULL),
	    0);
	ck_assert_uint_eq(n, sizeof(local));
	ck_assert_uint_eq(local.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	ck_assert_int_eq(local.sin_port, 0);
	ck_assert_int_eq(WSAIoctl(pair[0], SIO_GET_EXTENSION_FUNCTION_POINTER, &id,
			     sizeof(id), &f, sizeof(f), &n, NULL, NULL),
	    0);
	ck_assert(f != NULL && n == sizeof(f));
	FAILS(WSAEINVAL, WSAIoctl(pair[0], SIO_GET_EXTENSION_FUNCTION_POINTER, &other,
			     sizeof(other), &f, sizeof(f), &n, NULL, NULL));
	FAILS(WSAEOPNOTSUPP, WSAIoctl(pair[0], 1, NULL, 0, NULL, 0, &n, NULL, NULL));
	FAILS(WSAEFAULT, WSAIoctl(pair[0], 1, NULL, 0, NULL, 0, NULL, NULL, NULL));
	FAILS(WSAENOTSOCK,
	    WSAIoctl(-1, SIO_SET_SECURITY, NULL, 0, NULL, 0, &n, NULL, NULL));
	/* The front of a function: the same error. */
	FAILS(WSAEISCONN,
	    WSAIoctl(pair[0], SIO_SET_SECURITY, NULL, 0, NULL, 0, &n, NULL, NULL));
	ck_assert_int_eq(winsock_send(pair[1], "abc", 3, 0), 3);
	ck_assert_int_eq(recv(pair[0], &value, 1, MSG_PEEK), 1);
	ck_assert_int_eq(ioctlsocket(pair[0], FIONREAD, &bytes), 0);
	ck_assert_uint_eq(bytes, 3);
	ck_assert_int_eq(ioctlsocket(pair[0], FIONREAD, &brief), 0);
	ck_assert_uint_eq(brief, 3);
	FAILS(WSAEOPNOTSUPP, ioctlsocket(pair[0], 12345, &bytes));
	FAILS(WSAEFAULT, winsock_ioctl(pair[0], FIONBIO, NULL, 4));
	FAILS(WSAENOTSOCK, ioctlsocket(-1, FIONBIO, &bytes));
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

START_TEST(connect_by_extension)
{
	SOCKADDR_IN address;
	SOCKET listener = windows_bound(SOCK_STREAM, &address);
	SOCKET s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	GUID id = WSAID_CONNECTEX;
	LPFN_CONNECTEX connect_ex = NULL;
	WSAOVERLAPPED o = { .hEvent = WSACreateEvent() };
	DWORD n = 0, flags;

	ck_assert_int_eq(winsock_listen(listener, 1), 0);
	ck_assert_int_eq(
	    WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id),
		&connect_ex, sizeof(connect_ex), &n, NULL, NULL),
	    0);
	ck_assert(connect_ex(s, (SOCKADDR *)&address, sizeof(address),
	    (PVOID)(uintptr_t) "hi", 2, &n, &o));
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(WaitForSingleObject(o.hEvent, 0), WAIT_OBJECT_0);
	ck_assert(WSAGetOverlappedResult(s, &o, &n, FALSE, &flags));
	ck_assert_uint_eq(n, 2);
	ck_assert(WSACloseEvent(o.hEvent));
	closesocket(s);
	closesocket(listener);
}
END_TEST

TCase *
windows_socket_case(void)
{
	TCase *t = tcase_create("socket");

	tcase_add_test(t, startup);
	tcase_add_test(t, making);
	tcase_add_test(t, connecting);
	tcase_add_test(t, options);
	tcase_add_test(t, control_codes);
	tcase_add_test(t, connect_by_extension);
	return t;
}
