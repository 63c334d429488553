/* Sockets by the names of Winsock, on loopback. */
#include "check_windows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mswsock.h"
#include "winsock/error_map.h"
#include "winsock/shim.h"
#include "winsock/socket_fact.h"
#include "ws2tcpip.h"

#define MANY 1024

static SOCKADDR_IN
loopback(int port)
{
	SOCKADDR_IN a;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((unsigned short)port);
	return a;
}

/* A bound socket; *address is where it is. */
static SOCKET
bound(int type, SOCKADDR_IN *address)
{
	SOCKET s = WSASocketW(AF_INET, type, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
	socklen_t n = sizeof(*address);

	*address = loopback(0);
	ck_assert_int_ne(s, INVALID_SOCKET);
	ck_assert_int_eq(winsock_bind(s, (SOCKADDR *)address, n), 0);
	ck_assert_int_eq(winsock_getsockname(s, (SOCKADDR *)address, &n), 0);
	return s;
}

static void
tcp_pair(SOCKET pair[2])
{
	SOCKADDR_IN address;
	SOCKET listener = bound(SOCK_STREAM, &address);
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

#define FAILS(error, call)                                   \
	do {                                                 \
		WSASetLastError(0);                          \
		ck_assert_int_eq((int)(call), SOCKET_ERROR); \
		ck_assert_int_eq(WSAGetLastError(), error);  \
	} while (0)

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
	SOCKET gone = bound(SOCK_STREAM, &nobody),
	       listener = bound(SOCK_STREAM, &address), s;
	WSABUF data = { 0, NULL };
	unsigned long on = 1;

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
	ck_assert_int_eq(closesocket(s), 0);
	ck_assert_int_eq(closesocket(listener), 0);
}
END_TEST

/* 0 buffers, 1, 1024, one more. */
START_TEST(gathering)
{
	SOCKET pair[2];
	char out[MANY], in[MANY];
	WSABUF buffers[MANY + 1], one = { sizeof(in), in };
	DWORD n = 0, flags = MSG_WAITALL;

	tcp_pair(pair);
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
	SOCKET sa = bound(SOCK_DGRAM, &a), sb = bound(SOCK_DGRAM, &b);
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
	SOCKET s = bound(SOCK_DGRAM, &a);
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
	SOCKADDR_IN remote = loopback(9), local;
	GUID id = WSAID_CONNECTEX, other = { 1, 2, 3, { 4 } };
	LPFN_CONNECTEX f = NULL;
	DWORD n = 9;
	u_long bytes = ~0ul;
	uint32_t brief = 7;
	int value = 0;
	socklen_t size = sizeof(value);

	tcp_pair(pair);
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
	FAILS(WSAEOPNOTSUPP, WSAIoctl(pair[0], SIO_GET_EXTENSION_FUNCTION_POINTER,
				 &other, sizeof(other), &f, sizeof(f), &n, NULL, NULL));
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
	SOCKET listener = bound(SOCK_STREAM, &address);
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

	tcp_pair(pair);
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

	tcp_pair(pair);
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
windows_socket_case(void)
{
	TCase *t = tcase_create("socket");

	tcase_add_test(t, startup);
	tcase_add_test(t, making);
	tcase_add_test(t, connecting);
	tcase_add_test(t, gathering);
	tcase_add_test(t, datagrams);
	tcase_add_test(t, timeouts);
	tcase_add_test(t, options);
	tcase_add_test(t, control_codes);
	tcase_add_test(t, connect_by_extension);
	tcase_add_test(t, overlapped);
	tcase_add_test(t, waiting_for_sockets);
	return t;
}
