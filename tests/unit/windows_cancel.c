/* Threads that are cancelled in a call: nothing is left behind, which LeakSanitizer sees. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "tests/unit/windows_pair.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BUFFERS 17 /* one more than need no memory */

/*
 * AddressSanitizer does not know that the frames of a cancelled thread are gone: none of them
 * may be where the thread's own end has its frames.
 */
#define FAR_DOWN volatile char far_down[32768] __attribute__((__unused__)) = { 0 }
#define UNCHECKED __attribute__((__no_sanitize__("address")))

/* ---- a resolver in which a thread can be cancelled ---- */

typedef int (*getaddrinfo_function)(
    const char *, const char *, const struct addrinfo *, struct addrinfo **);

static atomic_bool cancels;

int
getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
	static getaddrinfo_function real;

	if (atomic_load(&cancels)) {
		pthread_testcancel();
		return EAI_AGAIN;
	}
	if (real == NULL)
		real = (getaddrinfo_function)(uintptr_t)dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, result);
}

/* ---- cases ---- */

UNCHECKED static void *
receive_many(void *socket)
{
	FAR_DOWN;
	char byte[BUFFERS];
	WSABUF buffers[BUFFERS];
	DWORD n, flags = 0;

	for (int i = 0; i < BUFFERS; i++)
		buffers[i] = (WSABUF){ 1, &byte[i] };
	(void)WSARecv(
	    *(SOCKET *)socket, buffers, BUFFERS, &n, &flags, NULL, NULL);
	return NULL;
}

START_TEST(in_receive)
{
	SOCKET pair[2];
	pthread_t t;
	void *end;

	windows_tcp_pair(pair);
	ck_assert_int_eq(pthread_create(&t, NULL, receive_many, &pair[0]), 0);
	ck_assert_int_eq(pthread_cancel(t), 0);
	ck_assert_int_eq(pthread_join(t, &end), 0);
	ck_assert_ptr_eq(end, PTHREAD_CANCELED);
	closesocket(pair[0]);
	closesocket(pair[1]);
}
END_TEST

UNCHECKED static void *
look_up(void *unused)
{
	FAR_DOWN;
	PADDRINFOW list = NULL;

	(void)unused;
	(void)pthread_cancel(pthread_self());
	if (GetAddrInfoW(L"host.test", L"80", NULL, &list) == 0)
		FreeAddrInfoW(list);
	pthread_testcancel();
	return NULL;
}

/* It is not cancelled in the resolver, which would leave things of its own behind. */
START_TEST(in_look_up)
{
	pthread_t t;
	void *end;

	atomic_store(&cancels, true);
	ck_assert_int_eq(pthread_create(&t, NULL, look_up, NULL), 0);
	ck_assert_int_eq(pthread_join(t, &end), 0);
	ck_assert_ptr_eq(end, PTHREAD_CANCELED);
	atomic_store(&cancels, false);
}
END_TEST

TCase *
windows_cancel_case(void)
{
	TCase *t = tcase_create("cancel");

	tcase_add_test(t, in_receive);
	tcase_add_test(t, in_look_up);
	return t;
}
