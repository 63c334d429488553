/* Threads: their errors, their signals, their end; and what is left of a call. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/check_winsock.h"
#include "winsock/connection.h"

static void *
other_thread(void *arg)
{
	int *before = arg;

	*before = WSAGetLastError();
	WSASetLastError(WSAENOBUFS);
	ck_assert_int_eq(WSAGetLastError(), WSAENOBUFS);
	return NULL;
}

START_TEST(test_last_error_of_a_thread)
{
	pthread_t t;
	int before = -1;

	WSASetLastError(WSAEINTR);
	ck_assert_int_eq(pthread_create(&t, NULL, other_thread, &before), 0);
	pthread_join(t, NULL);
	ck_assert_int_eq(before, 0);
	ck_assert_int_eq(WSAGetLastError(), WSAEINTR);
	ck_assert_int_eq(secure_default(-1), WSAENOTSOCK);
}
END_TEST

START_TEST(test_errno_preserved)
{
	int s = tcp_socket();

	errno = ELOOP;
	ck_assert_int_eq(WSASetSocketSecurity(-1, NULL, 0, NULL, NULL), SOCKET_ERROR);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, NULL), SOCKET_ERROR);
	ck_assert_int_eq(errno, ELOOP);
	fake_start(0, NONE, 0);
	errno = ELOOP;
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, NULL), 0);
	ck_assert_int_eq(errno, ELOOP);
	fake_stop();
	close(s);
}
END_TEST

#define THREADS 16
#define ROUNDS 20

static void *
secure_often(void *arg)
{
	unsigned int *good = arg;
	int i, s;

	for (i = 0; i < ROUNDS; i++) {
		s = tcp_socket();
		*good += secure_default(s) == 0;
		close(s);
	}
	return NULL;
}

START_TEST(test_threads)
{
	unsigned int good[THREADS] = { 0 }, all = 0;
	pthread_t t[THREADS];
	int i;

	fake_start(0, NONE, 0);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, secure_often, &good[i]), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		all += good[i];
	}
	fake_stop();
	ck_assert_uint_eq(all, THREADS * ROUNDS);
	ck_assert_uint_eq(fake.secures, THREADS * ROUNDS);
}
END_TEST

START_TEST(test_no_leak)
{
	unsigned int before = descriptors();
	int i, f, s = tcp_socket();

	connection_timeout_ms = 20;
	for (i = 0; i < 20; i++)
		(void)secure_default(s);
	for (f = NONE; f <= SILENT; f++) {
		fake_start(f % 2 ? AIP_API_HELLO : AIP_API_SOCK_SECURE, f, 0);
		for (i = 0; i < 5; i++)
			(void)secure_default(s);
		fake_stop();
	}
	close(s);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* No descriptor left for the connection. */
START_TEST(test_no_descriptor_left)
{
	int s = tcp_socket(), d[1024], n = 0;

	while (n < 1024 && (d[n] = dup(s)) != -1)
		n++;
	if (n < 1024)
		ck_assert_int_eq(secure_default(s), WSAEMFILE);
	while (n > 0)
		close(d[--n]);
	close(s);
}
END_TEST

static void *
secure_cancelled(void *arg)
{
	int *s = arg;

	/* Not secure_default: Check itself leaks if it is cancelled. */
	(void)WSASetSocketSecurity(*s, NULL, 0, NULL, NULL);
	for (;;)
		pause();
	return NULL;
}

/* A cancelled thread leaves no connection behind. */
START_TEST(test_cancel)
{
	unsigned int before = descriptors();
	int s = tcp_socket();
	pthread_t t;

	fake_start(AIP_API_SOCK_SECURE, LATE, 0);
	ck_assert_int_eq(pthread_create(&t, NULL, secure_cancelled, &s), 0);
	usleep(30000);
	pthread_cancel(t);
	pthread_join(t, NULL);
	fake_stop();
	close(s);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

TCase *
winsock_thread_cases(void)
{
	TCase *t = winsock_case("threads");

	tcase_add_test(t, test_last_error_of_a_thread);
	tcase_add_test(t, test_errno_preserved);
	tcase_add_test(t, test_threads);
	tcase_add_test(t, test_no_leak);
	tcase_add_test(t, test_no_descriptor_left);
	tcase_add_test(t, test_cancel);
	return t;
}
