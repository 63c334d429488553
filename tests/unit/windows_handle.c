/* Events, threads, critical sections, memory; many threads at once. */
#include "check_windows.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "winbase.h"
#include "winsec.h"
#include "winsock/socket_fact.h"
#include "winsock2.h"

#define N_THREADS 8
#define ROUNDS 300

START_TEST(events)
{
	HANDLE manual = CreateEventW(NULL, TRUE, FALSE, NULL),
	       automatic = CreateEventA(NULL, FALSE, TRUE, NULL), both[2];

	both[0] = manual;
	both[1] = automatic;
	ck_assert_uint_eq(WaitForSingleObject(manual, 0), WAIT_TIMEOUT);
	ck_assert_uint_eq(WaitForMultipleObjects(2, both, TRUE, 0), WAIT_TIMEOUT);
	ck_assert_uint_eq(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_OBJECT_0 + 1);
	ck_assert_uint_eq(WaitForSingleObject(automatic, 0), WAIT_TIMEOUT);
	ck_assert(SetEvent(manual) && SetEvent(automatic));
	ck_assert_uint_eq(WaitForMultipleObjects(2, both, TRUE, 1000), WAIT_OBJECT_0);
	ck_assert_uint_eq(WaitForSingleObject(manual, 0), WAIT_OBJECT_0);
	ck_assert(ResetEvent(manual));
	ck_assert_uint_eq(WaitForSingleObject(manual, 10), WAIT_TIMEOUT);
	ck_assert(CloseHandle(manual));
	ck_assert(!CloseHandle(manual));
	ck_assert_uint_eq(GetLastError(), ERROR_INVALID_HANDLE);
	ck_assert(!SetEvent(manual));
	ck_assert_uint_eq(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_FAILED);
	ck_assert(!CloseHandle((HANDLE)(uintptr_t)0x1234));
	ck_assert(!CloseHandle(NULL));
	ck_assert_uint_eq(WaitForMultipleObjects(0, both, FALSE, 0), WAIT_FAILED);
	ck_assert_uint_eq(WaitForMultipleObjects(65, both, FALSE, 0), WAIT_FAILED);
	ck_assert_ptr_null(CreateEventW(NULL, TRUE, TRUE, L"name"));
	ck_assert_uint_eq(GetLastError(), ERROR_NOT_SUPPORTED);
	ck_assert(CloseHandle(automatic));
}
END_TEST

static DWORD WINAPI
answer(LPVOID p)
{
	(void)WaitForSingleObject((HANDLE)p, INFINITE);
	return 42;
}

static void *
wait_for(void *both)
{
	(void)WaitForMultipleObjects(2, both, TRUE, INFINITE);
	return NULL;
}

START_TEST(threads)
{
	HANDLE go = CreateEventW(NULL, TRUE, FALSE, NULL), t;
	DWORD code = 0, id = 0;

	t = CreateThread(NULL, 1, answer, go, 0, &id);
	ck_assert_ptr_nonnull(t);
	ck_assert_uint_ne(id, 0);
	ck_assert(GetExitCodeThread(t, &code) && code == STILL_ACTIVE);
	ck_assert_uint_eq(WaitForSingleObject(t, 10), WAIT_TIMEOUT);
	ck_assert(!SetEvent(t));
	ck_assert(SetEvent(go));
	ck_assert_uint_eq(WaitForSingleObject(t, 10000), WAIT_OBJECT_0);
	ck_assert(GetExitCodeThread(t, &code) && code == 42);
	ck_assert(CloseHandle(t) && CloseHandle(go));
	ck_assert(!GetExitCodeThread(t, &code));
	ck_assert_ptr_null(CreateThread(NULL, 0, NULL, NULL, 0, NULL));
	ck_assert_ptr_null(CreateThread(NULL, 0, answer, NULL, 4, NULL));
}
END_TEST

/* A thread may be cancelled while it waits: no other one waits for it then. */
START_TEST(cancelled_wait)
{
	HANDLE never = CreateEventW(NULL, TRUE, FALSE, NULL), both[2] = { never, never };
	pthread_t t;
	void *end;

	ck_assert_int_eq(pthread_create(&t, NULL, wait_for, both), 0);
	usleep(20000); /* it waits by now; if not, it finds that it was cancelled */
	ck_assert_int_eq(pthread_cancel(t), 0);
	ck_assert_int_eq(pthread_join(t, &end), 0);
	ck_assert_ptr_eq(end, PTHREAD_CANCELED);
	ck_assert(SetEvent(never));
	ck_assert_uint_eq(WaitForSingleObject(never, 1000), WAIT_OBJECT_0);
	ck_assert(CloseHandle(never));
}
END_TEST

struct shared {
	CRITICAL_SECTION section;
	HANDLE event;
	int n;
};

/* Errors stay in their thread; handles and facts of descriptors are of all. */
static DWORD WINAPI
work(LPVOID p)
{
	struct shared *shared = p;
	DWORD me = GetCurrentThreadId(), wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		HANDLE mine = CreateEventW(NULL, FALSE, TRUE, NULL);

		SetLastError(me);
		EnterCriticalSection(&shared->section);
		EnterCriticalSection(&shared->section);
		shared->n++;
		LeaveCriticalSection(&shared->section);
		LeaveCriticalSection(&shared->section);
		wrong += GetLastError() != me;
		wrong += WaitForSingleObject(mine, 1000) != WAIT_OBJECT_0;
		(void)SetEvent(shared->event);
		(void)WaitForSingleObject(shared->event, 0);
		wrong += !CloseHandle(mine);
		socket_fact_add(i % 100, SOCKET_SECURED);
		(void)socket_fact_has(i % 100, SOCKET_SHUT_BY_US);
		socket_fact_forget(i % 100);
	}
	return wrong;
}

START_TEST(stress)
{
	struct shared shared = { .event = CreateEventW(NULL, FALSE, FALSE, NULL) };
	HANDLE t[N_THREADS];
	DWORD wrong;

	InitializeCriticalSection(&shared.section);
	for (int i = 0; i < N_THREADS; i++)
		ck_assert_ptr_nonnull(
		    t[i] = CreateThread(NULL, 0, work, &shared, 0, NULL));
	ck_assert_uint_eq(
	    WaitForMultipleObjects(N_THREADS, t, TRUE, 60000), WAIT_OBJECT_0);
	for (int i = 0; i < N_THREADS; i++) {
		ck_assert(GetExitCodeThread(t[i], &wrong) && wrong == 0);
		ck_assert(CloseHandle(t[i]));
	}
	ck_assert_int_eq(shared.n, N_THREADS * ROUNDS);
	ck_assert(TryEnterCriticalSection(&shared.section));
	LeaveCriticalSection(&shared.section);
	DeleteCriticalSection(&shared.section);
	ck_assert(CloseHandle(shared.event));
}
END_TEST

START_TEST(memory)
{
	HANDLE heap = GetProcessHeap();
	unsigned char *p = HeapAlloc(heap, HEAP_ZERO_MEMORY, 100);

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(p[i], 0);
	memset(p, 1, 100);
	ck_assert_uint_eq(HeapSize(heap, 0, p), 100);
	p = HeapReAlloc(heap, HEAP_ZERO_MEMORY, p, 200);
	ck_assert(p != NULL && p[99] == 1 && p[100] == 0 && p[199] == 0);
	SecureZeroMemory(p, 200);
	ck_assert_int_eq(p[0], 0);
	ck_assert(HeapFree(heap, 0, p));
	ck_assert(HeapFree(heap, 0, NULL));
	ck_assert_ptr_null(HeapAlloc(NULL, 0, 1));
	ck_assert_uint_eq(GetLastError(), ERROR_INVALID_HANDLE);
	ck_assert(!HeapFree(NULL, 0, NULL));
	ck_assert_ptr_null(HeapAlloc(heap, 0, SIZE_MAX));
	ck_assert_uint_eq(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
	ck_assert_ptr_null(HeapAlloc(heap, 0, SIZE_MAX / 2));
	p = LocalAlloc(LPTR, 8);
	ck_assert(p != NULL && p[7] == 0);
	ck_assert_ptr_null(LocalFree(p));
	ck_assert_ptr_null(LocalFree(NULL));
}
END_TEST

START_TEST(accounts)
{
	BYTE buffer[sizeof(TOKEN_USER) + 64];
	SID root = { 1, 2, { { 0, 0, 0, 0, 0, 22 } }, { 1 } };
	struct {
		SID sid;
		DWORD uid;
	} unix_root = { root, 0 };
	WCHAR name[16], domain[16];
	DWORD n = 16, d = 16;
	SID_NAME_USE use;
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

	ck_assert(RevertToSelf());
	ck_assert(!ImpersonateLoggedOnUser(event));
	ck_assert_uint_eq(GetLastError(), ERROR_INVALID_HANDLE);
	ck_assert(!GetTokenInformation(event, TokenUser, buffer, sizeof(buffer), &n));
	ck_assert(CloseHandle(event));
	n = 16;
	ck_assert(LookupAccountSidW(NULL, &unix_root, name, &n, domain, &d, &use));
	ck_assert(wcscmp(name, L"root") == 0 && n == 4 && use == SidTypeUser);
	n = 4;
	ck_assert(!LookupAccountSidW(NULL, &unix_root, name, &n, domain, &d, &use));
	ck_assert_uint_eq(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
	ck_assert_uint_eq(n, 5);
	unix_root.sid.SubAuthorityCount = 1;
	ck_assert(!LookupAccountSidW(NULL, &unix_root, name, &n, domain, &d, &use));
	ck_assert_uint_eq(GetLastError(), ERROR_NONE_MAPPED);
}
END_TEST

TCase *
windows_handle_case(void)
{
	TCase *t = tcase_create("handle");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, events);
	tcase_add_test(t, threads);
	tcase_add_test(t, cancelled_wait);
	tcase_add_test(t, stress);
	tcase_add_test(t, memory);
	tcase_add_test(t, accounts);
	return t;
}
