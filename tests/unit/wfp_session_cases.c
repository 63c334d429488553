/* Engines, transactions and dynamic sessions. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/wfp_rig.h"

#define BUILTIN 3

static DWORD
open_with(const wchar_t *name, UINT32 authn, const FWPM_SESSION0 *s, HANDLE *h)
{
	return FwpmEngineOpen0(name, authn, NULL, s, h);
}

START_TEST(engine_arguments)
{
	FWPM_SESSION0 s = { .sessionKey = { 1, 0, 0, { 0 } } };
	HANDLE h, again;

	ck_assert_uint_eq(open_with(NULL, 10, NULL, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(
	    open_with(L"elsewhere", 10, NULL, &h), ERROR_INVALID_PARAMETER);
	ck_assert_uint_eq(open_with(NULL, 9, NULL, &h), RPC_S_UNKNOWN_AUTHN_SERVICE);
	ck_assert_ptr_null(h);
	ck_assert_uint_eq(open_with(NULL, RPC_C_AUTHN_WINNT, &s, &h), 0);
	ck_assert_uint_eq(open_with(NULL, 10, &s, &again), FWP_E_ALREADY_EXISTS);
	s.sessionKey.Data1 = 2;
	s.flags = 2;
	ck_assert_uint_eq(open_with(NULL, 10, &s, &again), FWP_E_INVALID_FLAGS);
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
	ck_assert_uint_eq(FwpmEngineClose0(h), ERROR_INVALID_HANDLE);
	ck_assert_uint_eq(FwpmEngineClose0(NULL), ERROR_INVALID_HANDLE);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), ERROR_INVALID_HANDLE);
	ck_assert_uint_eq(FwpmEngineClose0((HANDLE)&h), ERROR_INVALID_HANDLE);
}
END_TEST

START_TEST(no_daemon)
{
	HANDLE h;

	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", "/nonexistent", 1), 0);
	ck_assert_uint_eq(open_with(NULL, 10, NULL, &h), RPC_S_SERVER_UNAVAILABLE);
	ck_assert_ptr_null(h);
}
END_TEST

static DWORD
add(HANDLE h)
{
	struct mm_sample s;

	wfp_sample_mm(&s);
	return FwpmProviderContextAdd0(h, &s.context, NULL, NULL);
}

static UINT32
count(HANDLE h)
{
	FWPM_PROVIDER_CONTEXT0 **list;
	UINT32 n;
	HANDLE e;

	ck_assert_uint_eq(FwpmProviderContextCreateEnumHandle0(h, NULL, &e), 0);
	ck_assert_uint_eq(FwpmProviderContextEnum0(h, e, 0xffffffff, &list, &n), 0);
	ck_assert_uint_eq(FwpmProviderContextDestroyEnumHandle0(h, e), 0);
	FwpmFreeMemory0((void **)&list);
	return n - BUILTIN;
}

START_TEST(transaction_states)
{
	HANDLE h = wfp_open(0);

	ck_assert_uint_eq(FwpmTransactionCommit0(h), FWP_E_NO_TXN_IN_PROGRESS);
	ck_assert_uint_eq(FwpmTransactionAbort0(h), FWP_E_NO_TXN_IN_PROGRESS);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 2), FWP_E_INVALID_FLAGS);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), FWP_E_TXN_IN_PROGRESS);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 1), FWP_E_TXN_IN_PROGRESS);
	/* a failing call does not end it */
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteById0(h, 4711), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(FwpmTransactionCommit0(h), 0);
	ck_assert_uint_eq(FwpmTransactionCommit0(h), FWP_E_NO_TXN_IN_PROGRESS);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(abort_removes_and_commit_publishes)
{
	HANDLE h = wfp_open(0), other = wfp_open(0);

	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(add(h), 0);
	ck_assert_uint_eq(count(h), 1);
	ck_assert_uint_eq(count(other), 0);
	ck_assert_uint_eq(FwpmTransactionAbort0(h), 0);
	ck_assert_uint_eq(count(h), 0);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(add(h), 0);
	ck_assert_uint_eq(FwpmTransactionCommit0(h), 0);
	ck_assert_uint_eq(count(other), 1);
	FwpmEngineClose0(h);
	FwpmEngineClose0(other);
}
END_TEST

START_TEST(deleted_until_abort)
{
	HANDLE h = wfp_open(0), other = wfp_open(0);
	struct mm_sample s;
	UINT64 id;

	wfp_sample_mm(&s);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(FwpmProviderContextDeleteById0(h, id), 0);
	ck_assert_uint_eq(count(h), 0);
	ck_assert_uint_eq(count(other), 1);
	ck_assert_uint_eq(FwpmTransactionAbort0(h), 0);
	ck_assert_uint_eq(count(h), 1);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(FwpmProviderContextDeleteById0(h, id), 0);
	ck_assert_uint_eq(FwpmTransactionCommit0(h), 0);
	ck_assert_uint_eq(count(other), 0);
	FwpmEngineClose0(h);
	FwpmEngineClose0(other);
}
END_TEST

START_TEST(reading_transactions_do_not_write)
{
	HANDLE h = wfp_open(0);

	ck_assert_uint_eq(FwpmTransactionBegin0(h, FWPM_TXN_READ_ONLY), 0);
	ck_assert_uint_eq(add(h), FWP_E_INCOMPATIBLE_TXN);
	ck_assert_uint_eq(FwpmProviderContextDeleteById0(h, 1), FWP_E_INCOMPATIBLE_TXN);
	ck_assert_uint_eq(count(h), 0);
	ck_assert_uint_eq(FwpmTransactionCommit0(h), 0);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(writers_wait_and_give_up)
{
	HANDLE h = wfp_open(0), other = wfp_open(0);

	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(FwpmTransactionBegin0(other, 0), FWP_E_TIMEOUT);
	ck_assert_uint_eq(add(other), FWP_E_TIMEOUT);
	ck_assert_uint_eq(FwpmTransactionBegin0(other, 1), FWP_E_TIMEOUT);
	ck_assert_uint_eq(count(other), 0); /* readers do not wait */
	ck_assert_uint_eq(FwpmTransactionCommit0(h), 0);
	/* two readers exclude no one but writers */
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 1), 0);
	ck_assert_uint_eq(FwpmTransactionBegin0(other, 1), 0);
	ck_assert_uint_eq(FwpmTransactionCommit0(other), 0);
	ck_assert_uint_eq(add(other), FWP_E_TIMEOUT);
	FwpmEngineClose0(h);
	ck_assert_uint_eq(add(other), 0);
	FwpmEngineClose0(other);
}
END_TEST

static void *
commit_soon(void *h)
{
	usleep(50000);
	ck_assert_uint_eq(FwpmTransactionCommit0(h), 0);
	return NULL;
}

START_TEST(who_waits_is_served)
{
	FWPM_SESSION0 patient = { .txnWaitTimeoutInMSec = 20000 };
	HANDLE h = wfp_open(0), other;
	pthread_t t;

	ck_assert_uint_eq(open_with(NULL, 10, &patient, &other), 0);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(add(h), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, commit_soon, h), 0);
	ck_assert_uint_eq(FwpmTransactionBegin0(other, 0), 0);
	ck_assert_uint_eq(count(other), 1);
	ck_assert_uint_eq(FwpmTransactionCommit0(other), 0);
	pthread_join(t, NULL);
	FwpmEngineClose0(h);
	FwpmEngineClose0(other);
}
END_TEST

START_TEST(closing_aborts)
{
	HANDLE h = wfp_open(0);

	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(add(h), 0);
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
	wfp_wait_contexts(BUILTIN);
}
END_TEST

START_TEST(statistics_not_in_a_transaction)
{
	HANDLE h = wfp_open(0);
	IPSEC_STATISTICS0 ipsec;
	IKEEXT_STATISTICS0 ike;

	ck_assert_uint_eq(IPsecGetStatistics0(h, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(IkeextGetStatistics0(h, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 1), 0);
	ck_assert_uint_eq(IPsecGetStatistics0(h, &ipsec), FWP_E_TXN_IN_PROGRESS);
	ck_assert_uint_eq(IkeextGetStatistics0(h, &ike), FWP_E_TXN_IN_PROGRESS);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(dynamic_objects_go)
{
	HANDLE h = wfp_open(FWPM_SESSION_FLAG_DYNAMIC), other = wfp_open(0);
	struct mm_sample s;
	UINT64 id;

	wfp_sample_mm(&s);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
	ck_assert_uint_eq(count(other), 1);
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteById0(other, id), FWP_E_WRONG_SESSION);
	ck_assert_uint_eq(FwpmProviderContextAdd0(other, &s.context, NULL, &id), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteById0(h, id), FWP_E_DYNAMIC_SESSION_IN_PROGRESS);
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
	wfp_wait_contexts(BUILTIN + 1);
	FwpmEngineClose0(other);
}
END_TEST

START_TEST(killed_process)
{
	int p[2], status;
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		c = (char)(add(wfp_open(FWPM_SESSION_FLAG_DYNAMIC)) == 0);
		(void)!write(p[1], &c, 1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(p[0], &c, 1), 1);
	ck_assert_int_eq(c, 1);
	wfp_wait_contexts(BUILTIN + 1);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	wfp_wait_contexts(BUILTIN);
	close(p[0]);
	close(p[1]);
}
END_TEST

/* The child has no part in its parent's session, and does not keep it open. */
START_TEST(forked_child)
{
	HANDLE h = wfp_open(FWPM_SESSION_FLAG_DYNAMIC);
	int p[2], status;
	pid_t pid;

	ck_assert_uint_eq(add(h), 0);
	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		char c;
		bool dead = add(h) == FWP_E_SESSION_ABORTED && FwpmEngineClose0(h) == 0;

		close(p[1]);
		(void)!read(p[0], &c, 1); /* until the parent has closed */
		_exit(dead ? 0 : 1);
	}
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
	wfp_wait_contexts(BUILTIN);
	close(p[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(p[0]);
}
END_TEST

static void *
begin(void *h)
{
	return FwpmTransactionBegin0(h, 0) == 0 ? h : NULL;
}

/* Another thread waits for the daemon meanwhile, and has the engine. */
START_TEST(forked_child_of_a_busy_engine)
{
	HANDLE first = wfp_open(0), busy = wfp_open(0);
	int status;
	void *result;
	pthread_t t;
	pid_t pid;

	ck_assert_uint_eq(FwpmTransactionBegin0(first, 0), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, begin, busy), 0);
	usleep(50000); /* until it waits: otherwise there is nothing to see */
	pid = fork();
	if (pid == 0) {
		(void)alarm(5);
		_exit(add(busy) == FWP_E_SESSION_ABORTED && FwpmEngineClose0(busy) == 0 ?
			  0 :
			  1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(FwpmTransactionAbort0(first), 0);
	pthread_join(t, &result);
	ck_assert_ptr_eq(result, busy);
	ck_assert_uint_eq(FwpmTransactionAbort0(busy), 0);
	FwpmEngineClose0(first);
	FwpmEngineClose0(busy);
}
END_TEST

static DWORD
nine_sessions(void)
{
	HANDLE h;

	for (int i = 0; i < 8; i++)
		(void)wfp_open(0);
	return open_with(NULL, 10, NULL, &h);
}

START_TEST(quota_of_sessions)
{
	ck_assert_uint_eq(wfp_as_user(NOBODY, nine_sessions), FWP_E_OUT_OF_BOUNDS);
}
END_TEST

START_TEST(quota_of_enumerations)
{
	HANDLE h = wfp_open(0), e;

	for (int i = 0; i < 16; i++)
		ck_assert_uint_eq(FwpmProviderContextCreateEnumHandle0(h, NULL, &e), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextCreateEnumHandle0(h, NULL, &e), RPC_S_OUT_OF_RESOURCES);
	FwpmEngineClose0(h);
}
END_TEST

/* One engine, many threads. */
static void *
hammer(void *h)
{
	for (int i = 0; i < 50; i++) {
		struct mm_sample s;
		UINT64 id;

		wfp_sample_mm(&s);
		ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
		ck_assert_uint_eq(FwpmProviderContextDeleteById0(h, id), 0);
	}
	return NULL;
}

START_TEST(threads_share_an_engine)
{
	HANDLE h = wfp_open(0);
	pthread_t t[8];

	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, hammer, h), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(count(h), 0);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(not_supported)
{
	ck_assert_uint_eq(FwpmFilterAdd0(NULL, NULL, NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(FwpmFilterDeleteById0(NULL, 1), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(FwpmFilterDeleteByKey0(NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(FwpmProviderAdd0(NULL, NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(FwpmProviderDeleteByKey0(NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(FwpmSubLayerAdd0(NULL, NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(FwpmSubLayerDeleteByKey0(NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(
	    IPsecSaContextCreate0(NULL, NULL, NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(
	    IPsecSaContextGetSpi0(NULL, 1, NULL, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(
	    IPsecSaContextAddInbound0(NULL, 1, NULL), ERROR_NOT_SUPPORTED);
	ck_assert_uint_eq(
	    IPsecSaContextAddOutbound0(NULL, 1, NULL), ERROR_NOT_SUPPORTED);
}
END_TEST

void
wfp_session_tests(Suite *s)
{
	TCase *t = tcase_create("sessions");

	tcase_add_checked_fixture(t, wfp_setup, wfp_teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, engine_arguments);
	tcase_add_test(t, no_daemon);
	tcase_add_test(t, transaction_states);
	tcase_add_test(t, abort_removes_and_commit_publishes);
	tcase_add_test(t, deleted_until_abort);
	tcase_add_test(t, reading_transactions_do_not_write);
	tcase_add_test(t, writers_wait_and_give_up);
	tcase_add_test(t, who_waits_is_served);
	tcase_add_test(t, closing_aborts);
	tcase_add_test(t, statistics_not_in_a_transaction);
	tcase_add_test(t, dynamic_objects_go);
	tcase_add_test(t, killed_process);
	tcase_add_test(t, forked_child);
	tcase_add_test(t, forked_child_of_a_busy_engine);
	if (is_root())
		tcase_add_test(t, quota_of_sessions);
	tcase_add_test(t, quota_of_enumerations);
	tcase_add_test(t, threads_share_an_engine);
	tcase_add_test(t, not_supported);
	suite_add_tcase(s, t);
}
