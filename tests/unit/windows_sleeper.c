/* Threads that wait for events of sockets, while others do something. */
#include "tests/unit/windows_told.h"
#include "winsock/sleeper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static SOCKET pair[2];

static void
begin(void)
{
	sleeper_longest_ms = 1000000; /* every thread has to be woken */
	told_begin();
	windows_tcp_pair(pair);
	ck_assert_int_eq(WSAEventSelect(pair[1], event, FD_READ | FD_CLOSE), 0);
}

static void
end(void)
{
	closesocket(pair[0]);
	closesocket(pair[1]);
	told_end();
}

/* ---- a thread that waits ---- */

struct waiter {
	pthread_t thread;
	HANDLE handles[2];
	DWORD n;
	DWORD result;
};

static void *
wait_in_thread(void *p)
{
	struct waiter *w = p;

	w->result =
	    WSAWaitForMultipleEvents(w->n, w->handles, FALSE, WSA_INFINITE, FALSE);
	return NULL;
}

/* It sleeps by then, or will find at once what happens now: both have to do. */
static void
start(struct waiter *w, HANDLE first, HANDLE second)
{
	w->handles[0] = first;
	w->handles[1] = second;
	w->n = second != NULL ? 2 : 1;
	ck_assert_int_eq(pthread_create(&w->thread, NULL, wait_in_thread, w), 0);
	usleep(20000);
}

static DWORD
result_of(struct waiter *w)
{
	ck_assert_int_eq(pthread_join(w->thread, NULL), 0);
	return w->result;
}

START_TEST(by_data)
{
	struct waiter w;

	start(&w, event, NULL);
	ck_assert_int_eq(winsock_send(pair[0], "x", 1, 0), 1);
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0);
}
END_TEST

START_TEST(by_another_object)
{
	HANDLE other = WSACreateEvent();
	struct waiter w;

	start(&w, event, other);
	ck_assert(WSASetEvent(other));
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0 + 1);
	ck_assert(WSACloseEvent(other));
}
END_TEST

/* The event had no sockets when the thread began to wait. */
START_TEST(by_selecting)
{
	HANDLE other = WSACreateEvent();
	struct waiter w;

	ck_assert_int_eq(winsock_send(pair[0], "x", 1, 0), 1);
	start(&w, other, NULL);
	ck_assert_int_eq(WSAEventSelect(pair[1], other, FD_READ), 0);
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0);
	ck_assert(WSACloseEvent(other));
}
END_TEST

START_TEST(by_enabling)
{
	struct waiter w;
	char byte;

	ck_assert_int_eq(winsock_send(pair[0], "xy", 2, 0), 2);
	ck_assert_uint_eq(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
	ck_assert_int_eq(WSAEnumNetworkEvents(pair[1], event, &told), 0);
	start(&w, event, NULL);
	ck_assert_int_eq(winsock_recv(pair[1], &byte, 1, 0), 1);
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0);
}
END_TEST

/* A socket that neither listens nor connects when the thread begins. */
START_TEST(by_listening_and_connecting)
{
	SOCKADDR_IN address;
	SOCKET listener = windows_bound(SOCK_STREAM, &address),
	       s = winsock_socket(AF_INET, SOCK_STREAM, 0);
	HANDLE other = WSACreateEvent();
	struct waiter w;

	ck_assert_int_eq(WSAEventSelect(listener, event, FD_ACCEPT), 0);
	ck_assert_int_eq(WSAEventSelect(s, other, FD_CONNECT), 0);
	start(&w, event, NULL);
	ck_assert_int_eq(winsock_listen(listener, 1), 0);
	if (winsock_connect(s, (SOCKADDR *)&address, sizeof(address)) != 0)
		ck_assert_int_eq(WSAGetLastError(), WSAEWOULDBLOCK);
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0);
	start(&w, other, NULL);
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0);
	closesocket(listener);
	closesocket(s);
	ck_assert(WSACloseEvent(other));
}
END_TEST

/* The peer is told of a close at once, though another thread waits for the socket. */
START_TEST(close_is_no_wait)
{
	HANDLE stop = WSACreateEvent();
	struct waiter w;
	char byte;

	start(&w, event, stop);
	ck_assert_int_eq(closesocket(pair[1]), 0);
	ck_assert_int_eq(winsock_recv(pair[0], &byte, 1, 0), 0);
	ck_assert(WSASetEvent(stop));
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0 + 1);
	ck_assert(WSACloseEvent(stop));
	pair[1] = winsock_socket(AF_INET, SOCK_STREAM, 0);
}
END_TEST

START_TEST(cancelled)
{
	struct waiter w;
	void *is;

	start(&w, event, NULL);
	ck_assert_int_eq(pthread_cancel(w.thread), 0);
	ck_assert_int_eq(pthread_join(w.thread, &is), 0);
	ck_assert_ptr_eq(is, PTHREAD_CANCELED);
	ck_assert_int_eq(winsock_send(pair[0], "x", 1, 0), 1);
	ck_assert_uint_eq(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
}
END_TEST

/* A child has the sockets and the events, but none of the threads. */
START_TEST(forked)
{
	HANDLE stop = WSACreateEvent();
	struct waiter w;
	pid_t child;
	int status;

	start(&w, event, stop);
	ck_assert_int_ne(child = fork(), -1);
	if (child == 0) {
		DWORD rc = WaitForSingleObject(event, INFINITE);

		_exit(rc == WAIT_OBJECT_0 && WSASetEvent(stop) ? 0 : 1);
	}
	ck_assert_int_eq(winsock_send(pair[0], "x", 1, 0), 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0);
	ck_assert(WSACloseEvent(stop));
}
END_TEST

/* No descriptor is left for what wakes a thread: it looks from time to time. */
START_TEST(no_descriptor)
{
	HANDLE other = WSACreateEvent();
	struct rlimit limit, none;
	struct waiter w;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	start(&w, event, other);
	ck_assert(WSASetEvent(other));
	ck_assert_uint_eq(result_of(&w), WSA_WAIT_EVENT_0 + 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert(WSACloseEvent(other));
}
END_TEST

/* The program closed it by other means, and its number is another socket now. */
START_TEST(another_socket)
{
	SOCKET other[2];

	ck_assert_int_eq(close(pair[1]), 0);
	windows_tcp_pair(other);
	ck_assert_int_eq(dup2(other[1], pair[1]), pair[1]);
	ck_assert_int_eq(winsock_send(other[0], "x", 1, 0), 1);
	ck_assert_uint_eq(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
	ck_assert_int_eq(WSAEnumNetworkEvents(pair[1], event, &told), 0);
	ck_assert_int_eq(told.lNetworkEvents, 0);
	closesocket(other[0]);
	closesocket(other[1]);
}
END_TEST

/* ---- a server of one thread, and clients ---- */

#define CLIENTS 6
#define ROUNDS 40

static SOCKADDR_IN server;
static atomic_int n_failed;

static void *
be_client(void *unused)
{
	char in[4];
	int ok = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		SOCKET s = winsock_socket(AF_INET, SOCK_STREAM, 0);
		HANDLE e = WSACreateEvent();
		WSANETWORKEVENTS is = { 0 };
		int n = 0;

		(void)WSAEventSelect(s, e, FD_CONNECT | FD_READ | FD_CLOSE);
		(void)winsock_connect(s, (SOCKADDR *)&server, sizeof(server));
		while (WaitForSingleObject(e, INFINITE) == WAIT_OBJECT_0) {
			(void)WSAEnumNetworkEvents(s, e, &is);
			if ((is.lNetworkEvents & FD_CONNECT) != 0 &&
			    (is.iErrorCode[FD_CONNECT_BIT] != 0 ||
				winsock_send(s, "ping", 4, 0) != 4))
				break;
			if ((is.lNetworkEvents & FD_READ) != 0 &&
			    (n += (int)winsock_recv(s, in, 2, 0)) == 4)
				(void)winsock_shutdown(s, SD_SEND);
			if ((is.lNetworkEvents & FD_CLOSE) != 0) {
				ok += n == 4;
				break;
			}
		}
		(void)closesocket(s);
		(void)CloseHandle(e);
	}
	atomic_fetch_add(&n_failed, ROUNDS - ok);
	return NULL;
}

static bool
answer(SOCKET s, HANDLE e)
{
	WSANETWORKEVENTS is = { 0 };
	char data[8];
	ssize_t n;

	(void)WSAEnumNetworkEvents(s, e, &is);
	if ((is.lNetworkEvents & FD_READ) != 0 &&
	    (n = winsock_recv(s, data, sizeof(data), 0)) > 0)
		(void)winsock_send(s, data, (size_t)n, 0);
	if ((is.lNetworkEvents & FD_CLOSE) == 0)
		return true;
	(void)closesocket(s);
	(void)CloseHandle(e);
	return false;
}

/* The loop of servers for Windows: the event of each socket at the same place. */
static void
serve(SOCKET listener, HANDLE stop)
{
	HANDLE events[WSA_MAXIMUM_WAIT_EVENTS] = { stop, WSACreateEvent() };
	SOCKET sockets[WSA_MAXIMUM_WAIT_EVENTS] = { INVALID_SOCKET, listener };
	DWORD n = 2, i;

	ck_assert_int_eq(WSAEventSelect(listener, events[1], FD_ACCEPT), 0);
	while ((i = WSAWaitForMultipleEvents(n, events, FALSE, WSA_INFINITE, FALSE)) !=
	       0) {
		ck_assert_uint_lt(i, n);
		if (i == 1) {
			(void)WSAEnumNetworkEvents(listener, events[1], &told);
			sockets[n] = winsock_accept(listener, NULL, NULL);
			events[n] = WSACreateEvent();
			if (sockets[n] != INVALID_SOCKET)
				(void)WSAEventSelect(
				    sockets[n], events[n], FD_READ | FD_CLOSE);
			n += sockets[n] != INVALID_SOCKET;
		} else if (!answer(sockets[i], events[i])) {
			n--;
			memmove(&sockets[i], &sockets[i + 1], (n - i) * sizeof(SOCKET));
			memmove(&events[i], &events[i + 1], (n - i) * sizeof(HANDLE));
		}
	}
	ck_assert_uint_eq(n, 2);
	ck_assert(CloseHandle(events[1]));
}

static void *
be_server(void *stop)
{
	SOCKET listener = windows_bound(SOCK_STREAM, &server);

	ck_assert_int_eq(winsock_listen(listener, CLIENTS), 0);
	ck_assert(SetEvent(event));
	serve(listener, stop);
	closesocket(listener);
	return NULL;
}

START_TEST(many)
{
	HANDLE stop = WSACreateEvent();
	pthread_t thread[CLIENTS + 1];

	ck_assert_int_eq(pthread_create(&thread[CLIENTS], NULL, be_server, stop), 0);
	ck_assert_uint_eq(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
	for (int i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, be_client, NULL), 0);
	for (int i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	ck_assert(SetEvent(stop));
	ck_assert_int_eq(pthread_join(thread[CLIENTS], NULL), 0);
	ck_assert_int_eq(n_failed, 0);
	ck_assert(CloseHandle(stop));
}
END_TEST

TCase *
windows_sleeper_case(void)
{
	TCase *t = tcase_create("sleeper");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, by_data);
	tcase_add_test(t, by_another_object);
	tcase_add_test(t, by_selecting);
	tcase_add_test(t, by_enabling);
	tcase_add_test(t, by_listening_and_connecting);
	tcase_add_test(t, close_is_no_wait);
	tcase_add_test(t, cancelled);
	tcase_add_test(t, forked);
	tcase_add_test(t, no_descriptor);
	tcase_add_test(t, another_socket);
	tcase_add_test(t, many);
	return t;
}
