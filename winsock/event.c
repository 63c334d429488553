/* Events, and waiting for them and for threads. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "winsock/overlapped.h"
#include "winsock/sleeper.h"
#include "winsock/waitable.h"
#include "winsock/watch.h"
#include "winsock2.h"

pthread_mutex_t waitable_lock = PTHREAD_MUTEX_INITIALIZER;

/* One condition for all objects: programs have few, and wait seldom. */
static pthread_cond_t something_happened;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_condition(void)
{
	pthread_condattr_t attributes;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&something_happened, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

void
waitable_changed(struct waitable *w)
{
	(void)pthread_once(&once, make_condition);
	(void)pthread_cond_broadcast(&something_happened);
	sleepers_wake(w);
}

void
waitable_signal(struct waitable *w)
{
	w->is_signalled = true;
	waitable_changed(w);
}

/* ---- fork: the threads that wait are not in the child ---- */

static void
before_fork(void)
{
	pthread_mutex_lock(&waitable_lock);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&waitable_lock);
}

static void
after_fork_in_child(void)
{
	make_condition();
	sleepers_forget();
	pthread_mutex_unlock(&waitable_lock);
}

__attribute__((constructor)) static void
watch_forks(void)
{
	(void)pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* ---- objects ---- */

struct waitable *
waitable_get(HANDLE h, unsigned int kinds)
{
	struct waitable *w = (struct waitable *)(void *)handle_get(h, kinds);

	if (w == NULL)
		SetLastError(ERROR_INVALID_HANDLE);
	return w;
}

/* ---- events ---- */

static void
event_destroy(struct handle *h)
{
	free(h);
}

/* Windows: CreateEventW (winbase.h). lpName: NULL, names would be of the whole system. */
HANDLE WINAPI
CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset,
    BOOL bInitialState, LPCWSTR lpName)
{
	struct waitable *w;

	(void)lpEventAttributes;
	if (lpName != NULL) {
		SetLastError(ERROR_NOT_SUPPORTED);
		return NULL;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL) {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	w->is_manual = bManualReset != FALSE;
	w->is_signalled = bInitialState != FALSE;
	return handle_open(&w->handle, HANDLE_EVENT, event_destroy);
}

HANDLE WINAPI
CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset,
    BOOL bInitialState, LPCSTR lpName)
{
	return CreateEventW(lpEventAttributes, bManualReset, bInitialState,
	    lpName == NULL ? NULL : L"?");
}

static BOOL
set_event(HANDLE h, bool is_signalled)
{
	struct waitable *w = waitable_get(h, HANDLE_EVENT);

	if (w == NULL)
		return FALSE;
	pthread_mutex_lock(&waitable_lock);
	w->is_signalled = is_signalled;
	if (is_signalled)
		waitable_signal(w);
	pthread_mutex_unlock(&waitable_lock);
	handle_put(&w->handle);
	return TRUE;
}

BOOL WINAPI
SetEvent(HANDLE hEvent)
{
	return set_event(hEvent, true);
}

BOOL WINAPI
ResetEvent(HANDLE hEvent)
{
	return set_event(hEvent, false);
}

/* ---- waiting ---- */

static void
deadline_in(struct timespec *t, DWORD ms)
{
	(void)clock_gettime(CLOCK_MONOTONIC, t);
	t->tv_sec += ms / 1000;
	t->tv_nsec += (long)(ms % 1000) * 1000000;
	if (t->tv_nsec >= 1000000000) {
		t->tv_sec++;
		t->tv_nsec -= 1000000000;
	}
}

static void
consume(struct waitable *w)
{
	if (!w->is_manual)
		w->is_signalled = false;
}

/* The result of a wait that is over, or WAIT_TIMEOUT. Under waitable_lock. */
static DWORD
try_wait(struct waitable **objects, DWORD n, bool all)
{
	DWORD n_ready = 0;

	for (DWORD i = 0; i < n; i++) {
		if (!objects[i]->is_signalled)
			continue;
		if (!all) {
			consume(objects[i]);
			return WAIT_OBJECT_0 + i;
		}
		n_ready++;
	}
	if (!all || n_ready < n)
		return WAIT_TIMEOUT;
	for (DWORD i = 0; i < n; i++)
		consume(objects[i]);
	return WAIT_OBJECT_0;
}

static void
unlock(void *unused)
{
	(void)unused;
	pthread_mutex_unlock(&waitable_lock);
}

static bool
is_past(const struct timespec *t)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > t->tv_sec ||
	       (now.tv_sec == t->tv_sec && now.tv_nsec >= t->tv_nsec);
}

/* Until one may be signalled. False: the time is over; deadline NULL: never. */
static bool
wait_once(struct waitable **objects, DWORD n, const struct timespec *deadline)
{
	if (deadline != NULL && is_past(deadline))
		return false;
	if (sleeper_is_needed(objects, n))
		sleeper_sleep(objects, n, deadline);
	else if (deadline == NULL)
		(void)pthread_cond_wait(&something_happened, &waitable_lock);
	else
		(void)pthread_cond_timedwait(
		    &something_happened, &waitable_lock, deadline);
	return true;
}

/* A thread that is cancelled while it waits gives the lock back, too. */
static DWORD
wait_objects(struct waitable **objects, DWORD n, bool all, DWORD ms)
{
	struct timespec deadline;
	DWORD result;

	(void)pthread_once(&once, make_condition);
	if (ms != INFINITE)
		deadline_in(&deadline, ms);
	pthread_mutex_lock(&waitable_lock);
	pthread_cleanup_push(unlock, NULL);
	do {
		for (DWORD i = 0; i < n; i++)
			watch_look_all(objects[i]);
		result = try_wait(objects, n, all);
	} while (result == WAIT_TIMEOUT &&
		 wait_once(objects, n, ms != INFINITE ? &deadline : NULL));
	pthread_cleanup_pop(1);
	return result;
}

struct wait_list {
	struct waitable *objects[MAXIMUM_WAIT_OBJECTS];
	DWORD n;
};

static void
put_all(void *p)
{
	struct wait_list *l = p;

	while (l->n > 0)
		handle_put(&l->objects[--l->n]->handle);
}

/*
 * WAIT_OBJECT_0 and the index, WAIT_TIMEOUT, or WAIT_FAILED.
 * Windows: WaitForMultipleObjects (winbase.h).
 */
DWORD WINAPI
WaitForMultipleObjects(
    DWORD nCount, const HANDLE *lpHandles, BOOL bWaitAll, DWORD dwMilliseconds)
{
	struct wait_list l = { .n = 0 };
	volatile DWORD result = WAIT_FAILED; /* a cleanup handler is a setjmp() */

	if (nCount == 0 || nCount > MAXIMUM_WAIT_OBJECTS || lpHandles == NULL) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return WAIT_FAILED;
	}
	pthread_cleanup_push(put_all, &l);
	while (l.n < nCount &&
	       (l.objects[l.n] = waitable_get(lpHandles[l.n], HANDLE_WAITABLE)) != NULL)
		l.n++;
	if (l.n == nCount)
		result = wait_objects(l.objects, l.n, bWaitAll != FALSE, dwMilliseconds);
	pthread_cleanup_pop(1);
	return result;
}

DWORD WINAPI
WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds)
{
	return WaitForMultipleObjects(1, &hHandle, FALSE, dwMilliseconds);
}

/* The routines of this thread are due before it waits: none can come due meanwhile. */
DWORD WINAPI
WaitForSingleObjectEx(HANDLE hHandle, DWORD dwMilliseconds, BOOL bAlertable)
{
	if (bAlertable && overlapped_run_routines())
		return WAIT_IO_COMPLETION;
	return WaitForMultipleObjects(1, &hHandle, FALSE, dwMilliseconds);
}

/* ---- the names of Winsock ---- */

WSAEVENT WSAAPI
WSACreateEvent(void)
{
	return CreateEventW(NULL, TRUE, FALSE, NULL);
}

BOOL WSAAPI
WSACloseEvent(WSAEVENT hEvent)
{
	struct waitable *w = waitable_get(hEvent, HANDLE_EVENT);

	if (w == NULL)
		return FALSE;
	handle_put(&w->handle);
	return CloseHandle(hEvent);
}

BOOL WSAAPI
WSASetEvent(WSAEVENT hEvent)
{
	return set_event(hEvent, true);
}

BOOL WSAAPI
WSAResetEvent(WSAEVENT hEvent)
{
	return set_event(hEvent, false);
}

DWORD WSAAPI
WSAWaitForMultipleEvents(DWORD cEvents, const WSAEVENT *lphEvents, BOOL fWaitAll,
    DWORD dwTimeout, BOOL fAlertable)
{
	if (fAlertable && overlapped_run_routines())
		return WAIT_IO_COMPLETION;
	return WaitForMultipleObjects(cEvents, lphEvents, fWaitAll, dwTimeout);
}
