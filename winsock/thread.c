/* Threads as handles, critical sections, sleep and time. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "winsock/overlapped.h"
#include "winsock/thread_identity.h"
#include "winsock/waitable.h"
#include "winbase.h"

#define STACK_MIN_BYTES (256 * 1024)

struct thread {
	struct waitable waitable; /* first */
	LPTHREAD_START_ROUTINE start;
	void *argument;
	struct thread_origin *origin; /* until the thread has it */
	DWORD exit_code; /* under waitable_lock */
	DWORD id;	 /* under waitable_lock; 0: not known yet */
};

static pthread_cond_t has_id = PTHREAD_COND_INITIALIZER;

static void
thread_destroy(struct handle *h)
{
	free(h);
}

static void
thread_ended(void *p)
{
	struct thread *t = p;

	pthread_mutex_lock(&waitable_lock);
	waitable_signal(&t->waitable);
	pthread_mutex_unlock(&waitable_lock);
	handle_put(&t->waitable.handle);
}

static void *
thread_run(void *p)
{
	struct thread *t = p;
	DWORD code;

	pthread_cleanup_push(thread_ended, t);
	pthread_mutex_lock(&waitable_lock);
	t->id = GetCurrentThreadId();
	(void)pthread_cond_broadcast(&has_id);
	pthread_mutex_unlock(&waitable_lock);
	code = thread_identity_begin(t->origin) ? t->start(t->argument) :
						  ERROR_ACCESS_DENIED;
	pthread_mutex_lock(&waitable_lock);
	t->exit_code = code;
	pthread_mutex_unlock(&waitable_lock);
	pthread_cleanup_pop(1);
	return NULL;
}

/* 0 or the errno. The thread gets its own reference. */
static int
thread_launch(struct thread *t, size_t stack)
{
	pthread_attr_t attributes;
	pthread_t id;
	int rc;

	handle_ref(&t->waitable.handle);
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (stack != 0)
		(void)pthread_attr_setstacksize(
		    &attributes, stack < STACK_MIN_BYTES ? STACK_MIN_BYTES : stack);
	rc = pthread_create(&id, &attributes, thread_run, t);
	(void)pthread_attr_destroy(&attributes);
	return rc;
}

static DWORD
thread_wait_id(struct thread *t)
{
	int cancel;
	DWORD id;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&waitable_lock);
	while ((id = t->id) == 0)
		(void)pthread_cond_wait(&has_id, &waitable_lock);
	pthread_mutex_unlock(&waitable_lock);
	(void)pthread_setcancelstate(cancel, NULL);
	return id;
}

/*
 * Windows: CreateThread (winbase.h). dwCreationFlags: 0; a thread cannot begin suspended. It
 * begins as the process is, also while its caller impersonates somebody; where that fails, it
 * ends at once, with ERROR_ACCESS_DENIED.
 */
HANDLE WINAPI
CreateThread(LPSECURITY_ATTRIBUTES lpThreadAttributes, SIZE_T dwStackSize,
    LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter, DWORD dwCreationFlags,
    LPDWORD lpThreadId)
{
	struct thread *t;
	bool ok;
	HANDLE h;

	(void)lpThreadAttributes;
	if (lpStartAddress == NULL || dwCreationFlags != 0) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL) {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	t->origin = thread_identity_origin(&ok);
	if (!ok) {
		free(t);
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	t->start = lpStartAddress;
	t->argument = lpParameter;
	t->exit_code = STILL_ACTIVE;
	t->waitable.is_manual = true;
	h = handle_open(&t->waitable.handle, HANDLE_THREAD, thread_destroy);
	handle_ref(&t->waitable.handle);
	if (thread_launch(t, dwStackSize) != 0) {
		thread_identity_drop(t->origin);
		handle_put(&t->waitable.handle); /* the thread's */
		(void)CloseHandle(h);
		handle_put(&t->waitable.handle);
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	if (lpThreadId != NULL)
		*lpThreadId = thread_wait_id(t);
	handle_put(&t->waitable.handle);
	return h;
}

/* Windows: GetExitCodeThread (winbase.h). STILL_ACTIVE while it runs. */
BOOL WINAPI
GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode)
{
	struct thread *t =
	    (struct thread *)(void *)waitable_get(hThread, HANDLE_THREAD);

	if (t == NULL)
		return FALSE;
	pthread_mutex_lock(&waitable_lock);
	if (lpExitCode != NULL)
		*lpExitCode = t->exit_code;
	pthread_mutex_unlock(&waitable_lock);
	handle_put(&t->waitable.handle);
	return TRUE;
}

/* ---- critical sections: recursive mutexes ---- */

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(CRITICAL_SECTION), "a mutex fits");

static pthread_mutex_t *
mutex_of(LPCRITICAL_SECTION s)
{
	return (pthread_mutex_t *)(void *)s;
}

void WINAPI
InitializeCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
	pthread_mutexattr_t attributes;

	(void)pthread_mutexattr_init(&attributes);
	(void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	(void)pthread_mutex_init(mutex_of(lpCriticalSection), &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
}

BOOL WINAPI
InitializeCriticalSectionAndSpinCount(
    LPCRITICAL_SECTION lpCriticalSection, DWORD dwSpinCount)
{
	(void)dwSpinCount;
	InitializeCriticalSection(lpCriticalSection);
	return TRUE;
}

void WINAPI
EnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
	(void)pthread_mutex_lock(mutex_of(lpCriticalSection));
}

BOOL WINAPI
TryEnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
	return pthread_mutex_trylock(mutex_of(lpCriticalSection)) == 0;
}

void WINAPI
LeaveCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
	(void)pthread_mutex_unlock(mutex_of(lpCriticalSection));
}

void WINAPI
DeleteCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
	(void)pthread_mutex_destroy(mutex_of(lpCriticalSection));
}

/* ---- time and process ---- */

void WINAPI
Sleep(DWORD dwMilliseconds)
{
	struct timespec t = { dwMilliseconds / 1000,
		(long)(dwMilliseconds % 1000) * 1000000 };

	if (dwMilliseconds == INFINITE)
		for (;;)
			(void)pause();
	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

DWORD WINAPI
SleepEx(DWORD dwMilliseconds, BOOL bAlertable)
{
	if (bAlertable && overlapped_run_routines())
		return WAIT_IO_COMPLETION;
	Sleep(dwMilliseconds);
	return 0;
}

ULONGLONG WINAPI
GetTickCount64(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (ULONGLONG)t.tv_sec * 1000 + (ULONGLONG)t.tv_nsec / 1000000;
}

DWORD WINAPI
GetTickCount(void)
{
	return (DWORD)GetTickCount64();
}

DWORD WINAPI
GetCurrentProcessId(void)
{
	return (DWORD)getpid();
}

DWORD WINAPI
GetCurrentThreadId(void)
{
	return (DWORD)syscall(SYS_gettid);
}

void WINAPI
ExitProcess(UINT uExitCode)
{
	exit((int)uExitCode);
}
