/* What sockets of Windows programs send and wait for, on loopback. */
#include "tests/unit/windows_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 1024

/* 0 buffers, 1, 1024, one more. */
START_TEST(gathering)
{
	SOCKET pair[2];
	char out[MANY], in[MANY];
	WSABUF buffers[MANY + 1], one = { sizeof(in), in };
	DWORD n = 0, flags = MSG_WAITALL;

	windows_tcp_pair(pair);
	for (int i = 0; i < MANY; i++)
		out[i] = (char)i;
	for (int i = 0; i <= MANY; i++)
		buffers[i] = (WSABUF){ 1, &out[i % MANY] };
	FAILS(WSAEINVAL, WSASend(pair[0], buffers, 0, &n, 0, NULL, NULL));
	FAILS(WSAEFAULT, WSASend(pair[0], NULL, 1, &n, 0, NULL, NULL));
	FAILS(WSAEFAULT, WSASend(pair[0], buffers, 1, NULL, 0, NULL, NULL));
	FAILS(WSAENOBUFS, WSASend(pair[0], buffers, MANY + 1, &n, 0, NULL, NULL));
	ck_assert_int_eq(WSASend(pair[0], buffers, MANY, &n, 0, NULL, NULL), 0);
	ck_assert_uint_eq(n, MANY);
	ck_assert_int_eq(WSARecv(pair[1], &one, 1, &n, &flags, NULL, NULL), 0);
	ck_assert_uint_eq(n, MANY);
	ck_assert_uint_eq(flags, 0);
	ck_assert_mem_eq(in, out, MANY);
	ck_assert_int_eq(WSASend(pair[0], buffers, 1, &n, 0, NULL, NULL), 0);
	FAILS(WSAEFAULT, WSARecv(pair[1], &one, 1, &n, NULL, NULL, NULL));
	ck_assert_int_eq(WSARecv(pair[1], &one, 1, &n, &flags, NULL, NULL), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(winsock_shutdown(pair[0], SD_SEND), 0);
	ck_assert_int_eq(WSARecv(pair[1], &one, 1, &n, &flags, NULL, NULL), 0);
	ck_assert_uint_eq(n, 0);
	FAILS(WSAESHUTDOWN, winsock_send(pair[0], out, 1, 0));
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

START_TEST(datagrams)
{
	SOCKADDR_IN a, b, from;
	SOCKET sa = windows_bound(SOCK_DGRAM, &a), sb = windows_bound(SOCK_DGRAM, &b);
	char in[8];
	WSABUF out = { 5, (CHAR *)(uintptr_t) "12345" }, brief = { 3, in };
	DWORD n = 0, flags = 0;
	INT size = sizeof(from);
	socklen_t len = sizeof(from);

	ck_assert_int_eq(
	    WSASendTo(sa, &out, 1, &n, 0, (SOCKADDR *)&b, sizeof(b), NULL, NULL), 0);
	ck_assert_int_eq(n, 5);
	FAILS(WSAEMSGSIZE, WSARecvFrom(sb, &brief, 1, &n, &flags, (SOCKADDR *)&from,
			       &size, NULL, NULL));
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(in, "123", 3);
	ck_assert_int_eq(from.sin_port, a.sin_port);
	FAILS(WSAEFAULT, WSARecvFrom(sb, &brief, 1, &n, &flags, (SOCKADDR *)&from, NULL,
			     NULL, NULL));
	ck_assert_int_eq(
	    winsock_sendto(sa, "12345", 5, 0, (SOCKADDR *)&b, sizeof(b)), 5);
	FAILS(WSAEMSGSIZE, winsock_recvfrom(sb, in, 3, 0, (SOCKADDR *)&from, &len));
	ck_assert_int_eq(
	    winsock_sendto(sa, "12345", 5, 0, (SOCKADDR *)&b, sizeof(b)), 5);
	ck_assert_int_eq(winsock_recv(sb, in, sizeof(in), 0), 5);
	/* A port that answers by ICMP. */
	ck_assert_int_eq(closesocket(sb), 0);
	ck_assert_int_eq(winsock_connect(sa, (SOCKADDR *)&b, sizeof(b)), 0);
	ck_assert_int_eq(winsock_send(sa, "x", 1, 0), 1);
	FAILS(WSAECONNRESET, winsock_recv(sa, in, sizeof(in), 0));
	closesocket(sa);
}
END_TEST

START_TEST(timeouts)
{
	SOCKADDR_IN a;
	SOCKET s = windows_bound(SOCK_DGRAM, &a);
	DWORD ms = 50, got = 0;
	struct timeval t;
	socklen_t n = sizeof(got);
	char c;
	ULONGLONG start = GetTickCount64();

	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &ms, sizeof(ms)), 0);
	ck_assert_int_eq(winsock_getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &got, &n), 0);
	ck_assert(got >= 50 && got <= 60);
	FAILS(WSAETIMEDOUT, winsock_recv(s, &c, 1, 0));
	ck_assert_uint_ge(GetTickCount64() - start, 40);
	FAILS(WSAEWOULDBLOCK, winsock_recv(s, &c, 1, MSG_DONTWAIT));
	/* The native form goes on. */
	t.tv_sec = 2;
	t.tv_usec = 0;
	ck_assert_int_eq(
	    winsock_setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
	n = sizeof(got);
	ck_assert_int_eq(winsock_getsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &got, &n), 0);
	ck_assert_uint_eq(got, 2000);
	closesocket(s);
}
END_TEST

static int n_routines;

static void CALLBACK
routine(DWORD error, DWORD bytes, LPWSAOVERLAPPED o, DWORD flags)
{
	ck_assert_uint_eq(error, 0);
	ck_assert_uint_eq(bytes, 3);
	ck_assert_uint_eq(o->Internal, 0);
	ck_assert_uint_eq(o->InternalHigh, 3);
	ck_assert_uint_eq(flags, 0);
	n_routines++;
}

START_TEST(overlapped)
{
	SOCKET pair[2];
	char in[8];
	WSABUF out = { 3, (CHAR *)(uintptr_t) "abc" }, buffer = { sizeof(in), in };
	WSAOVERLAPPED o = { .hEvent = WSACreateEvent() };
	DWORD n = 0, flags = 0;

	windows_tcp_pair(pair);
	/* pair[0] was made without WSA_FLAG_OVERLAPPED: the structure does not count. */
	ck_assert_int_eq(WSASend(pair[0], &out, 1, &n, 0, &o, NULL), 0);
	ck_assert_uint_eq(WaitForSingleObject(o.hEvent, 0), WAIT_TIMEOUT);
	ck_assert_int_eq(WSARecv(pair[1], &buffer, 1, NULL, &flags, &o, NULL), 0);
	ck_assert_uint_eq(WaitForSingleObject(o.hEvent, 0), WAIT_OBJECT_0);
	ck_assert(WSAGetOverlappedResult(pair[1], &o, &n, TRUE, &flags));
	ck_assert_uint_eq(n, 3);
	/* a routine is called in an alertable wait, and in none before; the event stays */
	n_routines = 0;
	ck_assert(WSAResetEvent(o.hEvent));
	ck_assert_int_eq(WSASend(pair[1], &out, 1, &n, 0, &o, routine), 0);
	ck_assert_uint_eq(WaitForSingleObjectEx(o.hEvent, 0, FALSE), WAIT_TIMEOUT);
	ck_assert_uint_eq(SleepEx(0, FALSE), 0);
	ck_assert_int_eq(n_routines, 0);
	ck_assert_uint_eq(SleepEx(10000, TRUE), WAIT_IO_COMPLETION);
	ck_assert_int_eq(n_routines, 1);
	ck_assert_uint_eq(SleepEx(0, TRUE), 0);
	ck_assert_int_eq(WSASend(pair[1], &out, 1, &n, 0, &o, routine), 0);
	ck_assert_int_eq(WSASend(pair[1], &out, 1, &n, 0, &o, routine), 0);
	ck_assert_uint_eq(WSAWaitForMultipleEvents(1, &o.hEvent, FALSE, 10000, TRUE),
	    WSA_WAIT_IO_COMPLETION);
	ck_assert_int_eq(n_routines, 3);
	ck_assert_uint_eq(WaitForSingleObjectEx(o.hEvent, 0, TRUE), WAIT_TIMEOUT);
	/* of one that failed there is none */
	FAILS(WSAEFAULT, WSASend(pair[1], NULL, 1, &n, 0, &o, routine));
	ck_assert_uint_eq(SleepEx(0, TRUE), 0);
	o.Internal = WSA_IO_PENDING;
	ck_assert(!WSAGetOverlappedResult(pair[1], &o, &n, FALSE, &flags));
	ck_assert_int_eq(WSAGetLastError(), WSA_IO_INCOMPLETE);
	ck_assert(!WSAGetOverlappedResult(pair[1], NULL, &n, FALSE, &flags));
	ck_assert_int_eq(WSAGetLastError(), WSAEFAULT);
	ck_assert(WSACloseEvent(o.hEvent));
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

START_TEST(waiting_for_sockets)
{
	SOCKET pair[2];
	fd_set readable;
	struct timeval none = { 0, 0 };
	WSAPOLLFD p;

	windows_tcp_pair(pair);
	FD_ZERO(&readable);
	FD_SET(pair[1], &readable);
	none.tv_usec = 2000;
	ck_assert_int_eq(winsock_select(0, &readable, NULL, NULL, &none), 0);
	ck_assert_int_eq(none.tv_usec, 2000); /* Linux would leave 0 for the next round */
	ck_assert_int_eq(winsock_send(pair[0], "x", 1, 0), 1);
	FD_SET(pair[1], &readable);
	none.tv_sec = 5;
	ck_assert_int_eq(winsock_select(0, &readable, NULL, NULL, &none), 1);
	p = (WSAPOLLFD){ .fd = pair[1], .events = POLLIN };
	ck_assert_int_eq(WSAPoll(&p, 1, 1000), 1);
	FAILS(WSAEFAULT, WSAPoll(NULL, 1, 0));
	FAILS(WSAEINVAL, WSAPoll(&p, 0, 0));
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

TCase *
windows_wire_case(void)
{
	TCase *t = tcase_create("wire");

	tcase_add_test(t, gathering);
	tcase_add_test(t, datagrams);
	tcase_add_test(t, timeouts);
	tcase_add_test(t, overlapped);
	tcase_add_test(t, waiting_for_sockets);
	return t;
}
