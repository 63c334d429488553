/* WSAEventSelect: what is told of a socket, when, and how often. */
#include "tests/unit/windows_told.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define EVERYTHING (FD_READ | FD_WRITE | FD_OOB | FD_ACCEPT | FD_CONNECT | FD_CLOSE)

static SOCKET
client(SOCKADDR_IN *address)
{
	SOCKET s = winsock_socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(winsock_connect(s, (SOCKADDR *)address, sizeof(*address)), 0);
	return s;
}

static void
reset(SOCKET s)
{
	struct linger now = { 1, 0 };

	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	ck_assert_int_eq(closesocket(s), 0);
}

START_TEST(arguments)
{
	SOCKADDR_IN address;
	SOCKET s = windows_bound(SOCK_STREAM, &address);
	HANDLE none = (HANDLE)(uintptr_t)0x1234;
	WSADATA d;
	u_long off = 0;

	FAILS(WSAENOTSOCK, WSAEventSelect(-1, event, FD_READ));
	FAILS(WSAENOTSOCK, WSAEnumNetworkEvents(-1, event, &told));
	FAILS(WSAEINVAL, WSAEventSelect(s, NULL, FD_READ));
	FAILS(WSAEINVAL, WSAEventSelect(s, none, FD_READ));
	FAILS(WSAEINVAL, WSAEventSelect(s, event, 1 << FD_MAX_EVENTS));
	FAILS(WSAEFAULT, WSAEnumNetworkEvents(s, event, NULL));
	FAILS(WSAEINVAL, WSAEnumNetworkEvents(s, none, &told));
	/* Without events the object does not matter; the socket does not block all the same. */
	ck_assert_int_eq(WSAEventSelect(s, none, 0), 0);
	ck_assert_int_ne(fcntl(s, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(WSAEnumNetworkEvents(s, NULL, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, 0);
	ck_assert_int_eq(ioctlsocket(s, FIONBIO, &off), 0);
	ck_assert_int_eq(WSAEventSelect(s, event, FD_ALL_EVENTS), 0);
	FAILS(WSAEINVAL, ioctlsocket(s, FIONBIO, &off));
	ck_assert_int_eq(WSAEventSelect(s, NULL, 0), 0);
	ck_assert_int_eq(ioctlsocket(s, FIONBIO, &off), 0);
	ck_assert_int_eq(fcntl(s, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(WSAStartup(MAKEWORD(2, 2), &d), 0);
	ck_assert_int_eq(WSACleanup(), 0);
	FAILS(WSANOTINITIALISED, WSAEventSelect(s, event, FD_READ));
	FAILS(WSANOTINITIALISED, WSAEnumNetworkEvents(s, event, &told));
	closesocket(s);
}
END_TEST

START_TEST(accepting)
{
	SOCKADDR_IN address;
	SOCKET listener = windows_bound(SOCK_STREAM, &address), a, b, child;

	ck_assert_int_eq(WSAEventSelect(listener, event, FD_ACCEPT | FD_CLOSE), 0);
	nothing_happens(listener);
	ck_assert_int_eq(winsock_listen(listener, 4), 0);
	nothing_happens(listener);
	a = client(&address);
	happens(listener, FD_ACCEPT);
	b = client(&address);
	nothing_happens(listener);
	child = winsock_accept(listener, NULL, NULL);
	ck_assert_int_ne(child, INVALID_SOCKET);
	happens(listener, FD_ACCEPT); /* of b */
	closesocket(child);
	child = WSAAccept(listener, NULL, NULL, NULL, 0);
	closesocket(child);
	nothing_happens(listener);
	FAILS(WSAEWOULDBLOCK, winsock_accept(listener, NULL, NULL));
	closesocket(a);
	closesocket(b);
	/* What was so before, or is still so, when the events are selected. */
	ck_assert_int_eq(WSAEventSelect(listener, NULL, 0), 0);
	a = client(&address);
	ck_assert_uint_eq(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
	ck_assert_int_eq(WSAEventSelect(listener, event, FD_ACCEPT), 0);
	happens(listener, FD_ACCEPT);
	ck_assert_int_eq(WSAEventSelect(listener, event, FD_ACCEPT), 0);
	happens(listener, FD_ACCEPT);
	/* A child is watched as its listener, by the same event. */
	ck_assert_int_eq(
	    WSAEventSelect(listener, event, FD_ACCEPT | FD_READ | FD_WRITE), 0);
	child = winsock_accept(listener, NULL, NULL);
	happens(child, FD_WRITE);
	ck_assert_int_eq(winsock_send(a, "x", 1, 0), 1);
	happens(child, FD_READ);
	ck_assert_int_eq(WSAEventSelect(child, event, FD_CONNECT), 0);
	nothing_happens(child); /* it was accepted */
	closesocket(child);
	closesocket(a);
	closesocket(listener);
}
END_TEST

START_TEST(connecting)
{
	SOCKADDR_IN address, nobody;
	SOCKET gone = windows_bound(SOCK_STREAM, &nobody),
	       listener = windows_bound(SOCK_STREAM, &address), s, child;

	closesocket(gone);
	ck_assert_int_eq(winsock_listen(listener, 4), 0);
	s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(WSAEventSelect(s, event, EVERYTHING), 0);
	nothing_happens(s);
	if (winsock_connect(s, (SOCKADDR *)&nobody, sizeof(nobody)) != 0)
		ck_assert(WSAGetLastError() == WSAEWOULDBLOCK);
	ck_assert_uint_eq(WaitForSingleObject(event, SOON), WAIT_OBJECT_0);
	ck_assert_int_eq(WSAEnumNetworkEvents(s, event, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, FD_CONNECT);
	ck_assert_int_eq(told.iErrorCode[FD_CONNECT_BIT], WSAECONNREFUSED);
	nothing_happens(s);
	closesocket(s);
	s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(WSAEventSelect(s, event, EVERYTHING), 0);
	if (winsock_connect(s, (SOCKADDR *)&address, sizeof(address)) != 0)
		ck_assert(WSAGetLastError() == WSAEWOULDBLOCK);
	told.iErrorCode[FD_CONNECT_BIT] = 1;
	happens(s, FD_CONNECT | FD_WRITE);
	/* Each once, also if it is selected again. */
	ck_assert_int_eq(WSAEventSelect(s, event, FD_CONNECT | FD_WRITE), 0);
	nothing_happens(s);
	FAILS(WSAEISCONN, winsock_connect(s, (SOCKADDR *)&address, sizeof(address)));
	nothing_happens(s);
	child = winsock_accept(listener, NULL, NULL);
	closesocket(child);
	closesocket(s);
	/* Connected before. */
	s = client(&address);
	ck_assert_int_eq(WSAEventSelect(s, event, EVERYTHING), 0);
	happens(s, FD_CONNECT | FD_WRITE);
	closesocket(s);
	closesocket(listener);
}
END_TEST

/* A record that nobody asked for stays, and is told when somebody asks. */
START_TEST(selecting_again)
{
	SOCKET pair[2];

	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ), 0);
	nothing_happens(pair[1]);
	ck_assert_int_eq(winsock_send(pair[0], "data", 4, 0), 4);
	ck_assert_uint_eq(WaitForSingleObject(event, SOON), WAIT_OBJECT_0);
	ck_assert(WSAResetEvent(event));
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_WRITE), 0);
	happens(pair[1], FD_WRITE);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_WRITE), 0);
	happens(pair[1], FD_READ);
	/* Another object: the first one is not set any more. */
	HANDLE other = CreateEventW(NULL, FALSE, FALSE, NULL);
	ck_assert_int_eq(WSAEventSelect(pair[1], other, FD_READ), 0);
	ck_assert_uint_eq(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
	ck_assert_uint_eq(WaitForSingleObject(other, SOON), WAIT_OBJECT_0);
	/* It resets itself, and is not set again for the same. */
	ck_assert_uint_eq(WaitForSingleObject(other, 0), WAIT_TIMEOUT);
	/* The object may be closed before. */
	ck_assert(CloseHandle(other));
	ck_assert_int_eq(WSAEnumNetworkEvents(pair[1], NULL, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, FD_READ);
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

START_TEST(reading)
{
	SOCKET pair[2];
	char data[100] = { 0 };
	WSABUF buffer = { 10, data };
	DWORD n, flags = 0;

	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_CLOSE), 0);
	nothing_happens(pair[1]);
	ck_assert_int_eq(winsock_send(pair[0], data, 100, 0), 100);
	happens(pair[1], FD_READ);
	ck_assert_int_eq(winsock_send(pair[0], data, 1, 0), 1);
	nothing_happens(pair[1]);
	ck_assert_int_eq(winsock_recv(pair[1], data, 50, 0), 50);
	happens(pair[1], FD_READ);
	ck_assert_int_eq(winsock_recv(pair[1], data, 1, MSG_PEEK), 1);
	happens(pair[1], FD_READ);
	ck_assert_int_eq(WSARecv(pair[1], &buffer, 1, &n, &flags, NULL, NULL), 0);
	happens(pair[1], FD_READ);
	/* Read before anybody was told. */
	ck_assert_int_eq(winsock_recv(pair[1], data, 1, 0), 1);
	ck_assert_uint_eq(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
	ck_assert_int_eq(winsock_recv(pair[1], data, 40, 0), 40);
	ck_assert_uint_eq(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
	ck_assert_int_eq(WSAEnumNetworkEvents(pair[1], event, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, 0);
	nothing_happens(pair[1]);
	/* A call that fails enables it, too. */
	ck_assert_int_eq(winsock_send(pair[0], data, 1, 0), 1);
	happens(pair[1], FD_READ);
	FAILS(WSAEFAULT, winsock_recv(pair[1], NULL, 1, 0));
	happens(pair[1], FD_READ);
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

static void
fill(SOCKET s)
{
	static char data[1 << 16];
	int small = 4096;

	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	while (winsock_send(s, data, sizeof(data), 0) > 0)
		;
	ck_assert_int_eq(WSAGetLastError(), WSAEWOULDBLOCK);
}

static void
drain_until_told(SOCKET s)
{
	static char data[1 << 16];

	ck_assert_int_eq(WSAEventSelect(s, event, 0), 0);
	while (WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
		(void)winsock_recv(s, data, sizeof(data), 0);
}

START_TEST(writing)
{
	SOCKET pair[2];

	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAEventSelect(pair[0], event, FD_WRITE | FD_READ), 0);
	happens(pair[0], FD_WRITE);
	ck_assert_int_eq(winsock_send(pair[0], "x", 1, 0), 1);
	nothing_happens(pair[0]);
	fill(pair[0]);
	nothing_happens(pair[0]);
	drain_until_told(pair[1]);
	happens(pair[0], FD_WRITE);
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

START_TEST(closing)
{
	SOCKET pair[2];
	char data[8];

	/* After the data; and what the program still sends is its own affair. */
	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_CLOSE), 0);
	ck_assert_int_eq(winsock_send(pair[0], "data", 4, 0), 4);
	ck_assert_int_eq(winsock_shutdown(pair[0], SD_SEND), 0);
	happens(pair[1], FD_READ);
	ck_assert_int_eq(winsock_recv(pair[1], data, 3, 0), 3);
	happens(pair[1], FD_READ);
	ck_assert_int_eq(winsock_recv(pair[1], data, 3, 0), 1);
	ck_assert_uint_eq(WaitForSingleObject(event, SOON), WAIT_OBJECT_0);
	ck_assert_int_eq(WSAEnumNetworkEvents(pair[1], event, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, FD_CLOSE);
	ck_assert_int_eq(told.iErrorCode[FD_CLOSE_BIT], 0);
	ck_assert_int_eq(winsock_send(pair[1], "data", 4, 0), 4);
	ck_assert_int_eq(winsock_recv(pair[1], data, 3, 0), 0);
	nothing_happens(pair[1]);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_CLOSE), 0);
	nothing_happens(pair[1]);
	closesocket(pair[0]);
	closesocket(pair[1]);
	/* Closed before. And a client that sent everything still gets its answer. */
	windows_tcp_pair(pair);
	ck_assert_int_eq(winsock_shutdown(pair[0], SD_SEND), 0);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, EVERYTHING), 0);
	happens(pair[1], FD_CLOSE | FD_WRITE);
	fill(pair[1]);
	nothing_happens(pair[1]);
	drain_until_told(pair[0]);
	happens(pair[1], FD_WRITE);
	closesocket(pair[0]);
	closesocket(pair[1]);
	/* By ourselves: no event, until the peer does it, too. */
	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_CLOSE), 0);
	ck_assert_int_eq(winsock_shutdown(pair[1], SD_BOTH), 0);
	nothing_happens(pair[1]);
	closesocket(pair[0]);
	happens(pair[1], FD_CLOSE);
	closesocket(pair[1]);
}
END_TEST

START_TEST(resetting)
{
	SOCKET pair[2];
	char data[8];

	for (int late = 0; late < 2; late++) {
		windows_tcp_pair(pair);
		if (late)
			reset(pair[0]);
		ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_CLOSE), 0);
		if (!late)
			reset(pair[0]);
		ck_assert_uint_eq(WaitForSingleObject(event, SOON), WAIT_OBJECT_0);
		ck_assert_int_eq(WSAEnumNetworkEvents(pair[1], event, &told), 0);
		ck_assert_int_eq(told.lNetworkEvents, FD_CLOSE);
		ck_assert_int_eq(told.iErrorCode[FD_CLOSE_BIT], WSAECONNRESET);
		FAILS(WSAECONNRESET, winsock_recv(pair[1], data, 1, 0));
		ck_assert_int_eq(winsock_recv(pair[1], data, 1, 0), 0);
		nothing_happens(pair[1]);
		closesocket(pair[1]);
	}
}
END_TEST

START_TEST(urgent)
{
	SOCKET pair[2];
	char data[8];
	int on = 1;

	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_OOB), 0);
	ck_assert_int_eq(winsock_send(pair[0], "!", 1, MSG_OOB), 1);
	happens(pair[1], FD_OOB);
	ck_assert_int_eq(winsock_recv(pair[1], data, 1, MSG_OOB), 1);
	nothing_happens(pair[1]);
	ck_assert_int_eq(
	    winsock_setsockopt(pair[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
	ck_assert_int_eq(winsock_send(pair[0], "!", 1, MSG_OOB), 1);
	happens(pair[1], FD_READ);
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

START_TEST(datagrams)
{
	SOCKADDR_IN a, b;
	SOCKET sa = windows_bound(SOCK_DGRAM, &a), sb = windows_bound(SOCK_DGRAM, &b);
	char data[8];

	ck_assert_int_eq(WSAEventSelect(sa, event, FD_READ | FD_WRITE), 0);
	happens(sa, FD_WRITE);
	ck_assert_int_eq(winsock_sendto(sb, "", 0, 0, (SOCKADDR *)&a, sizeof(a)), 0);
	ck_assert_int_eq(winsock_sendto(sb, "x", 1, 0, (SOCKADDR *)&a, sizeof(a)), 1);
	happens(sa, FD_READ);
	ck_assert_int_eq(winsock_recv(sa, data, sizeof(data), 0), 0);
	happens(sa, FD_READ);
	ck_assert_int_eq(winsock_recv(sa, data, sizeof(data), 0), 1);
	nothing_happens(sa);
	/* The port of the peer is closed: an error of the next call. */
	ck_assert_int_eq(WSAEventSelect(sa, event, FD_READ | FD_CONNECT), 0);
	ck_assert_int_eq(winsock_connect(sa, (SOCKADDR *)&b, sizeof(b)), 0);
	happens(sa, FD_CONNECT);
	closesocket(sb);
	ck_assert_int_eq(winsock_send(sa, "x", 1, 0), 1);
	happens(sa, FD_READ);
	FAILS(WSAECONNRESET, winsock_recv(sa, data, sizeof(data), 0));
	nothing_happens(sa);
	closesocket(sa);
}
END_TEST

/* Two sockets with one event, and several events: one socket says nothing of another. */
START_TEST(several)
{
	SOCKET one[2], two[2];
	HANDLE both[2], second = WSACreateEvent();

	windows_tcp_pair(one);
	windows_tcp_pair(two);
	ck_assert_int_eq(WSAEventSelect(one[1], event, FD_READ), 0);
	ck_assert_int_eq(WSAEventSelect(two[1], event, FD_READ), 0);
	ck_assert_int_eq(winsock_send(two[0], "x", 1, 0), 1);
	ck_assert_uint_eq(WaitForSingleObject(event, SOON), WAIT_OBJECT_0);
	ck_assert_int_eq(WSAEnumNetworkEvents(one[1], NULL, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, 0);
	happens(two[1], FD_READ);
	ck_assert_int_eq(WSAEventSelect(two[1], second, FD_READ), 0);
	both[0] = event;
	both[1] = second;
	ck_assert_uint_eq(WSAWaitForMultipleEvents(2, both, FALSE, SOON, FALSE),
	    WSA_WAIT_EVENT_0 + 1);
	ck_assert_uint_eq(
	    WSAWaitForMultipleEvents(2, both, TRUE, 0, FALSE), WSA_WAIT_TIMEOUT);
	ck_assert_int_eq(winsock_send(one[0], "x", 1, 0), 1);
	ck_assert_uint_eq(
	    WSAWaitForMultipleEvents(2, both, TRUE, SOON, FALSE), WSA_WAIT_EVENT_0);
	closesocket(one[1]);
	closesocket(two[1]);
	closesocket(one[0]);
	closesocket(two[0]);
	ck_assert(WSACloseEvent(second));
}
END_TEST

TCase *
windows_event_case(void)
{
	TCase *t = tcase_create("event");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, told_begin, told_end);
	tcase_add_test(t, arguments);
	tcase_add_test(t, accepting);
	tcase_add_test(t, connecting);
	tcase_add_test(t, selecting_again);
	tcase_add_test(t, reading);
	tcase_add_test(t, writing);
	tcase_add_test(t, closing);
	tcase_add_test(t, resetting);
	tcase_add_test(t, urgent);
	tcase_add_test(t, datagrams);
	tcase_add_test(t, several);
	return t;
}
