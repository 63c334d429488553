/* Overlapped operation that completes at once. */
#include "winsock/overlapped.h"

#include <pthread.h>
#include <stdlib.h>

#include "winsock/error_map.h"
#include "winsock/socket_fact.h"

LPWSAOVERLAPPED
overlapped_of(SOCKET s, LPWSAOVERLAPPED o)
{
	return socket_fact_has(s, SOCKET_NOT_OVERLAPPED) ? NULL : o;
}

/* ---- completion routines, which wait for their thread ---- */

struct call {
	struct call *next;
	LPWSAOVERLAPPED_COMPLETION_ROUTINE routine;
	LPWSAOVERLAPPED overlapped;
	size_t bytes;
};

/* Of one thread. */
struct queue {
	struct call *first;
	struct call *spare; /* for the call that runs */
};

static pthread_key_t queue_key;
static pthread_once_t queue_once = PTHREAD_ONCE_INIT;
static bool queue_works;

/* The thread ends, and never waits again. */
static void
queue_free(void *p)
{
	struct queue *q = p;
	struct call *c;

	while ((c = q->first) != NULL) {
		q->first = c->next;
		free(c);
	}
	free(q->spare);
	free(q);
}

static void
queue_init(void)
{
	queue_works = pthread_key_create(&queue_key, queue_free) == 0;
}

static struct queue *
queue_of_thread(bool may_make)
{
	struct queue *q;

	(void)pthread_once(&queue_once, queue_init);
	if (!queue_works)
		return NULL;
	q = pthread_getspecific(queue_key);
	if (q != NULL || !may_make || (q = calloc(1, sizeof(*q))) == NULL)
		return q;
	if (pthread_setspecific(queue_key, q) == 0)
		return q;
	free(q);
	return NULL;
}

int
overlapped_expect(
    SOCKET s, LPWSAOVERLAPPED o, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
	struct queue *q;

	if (routine == NULL || overlapped_of(s, o) == NULL)
		return 0;
	if ((q = queue_of_thread(true)) == NULL)
		return WSAENOBUFS;
	if (q->spare == NULL)
		q->spare = calloc(1, sizeof(*q->spare));
	return q->spare != NULL ? 0 : WSAENOBUFS;
}

void
overlapped_finish(SOCKET s, LPWSAOVERLAPPED o,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine, size_t bytes)
{
	struct queue *q = routine != NULL ? queue_of_thread(false) : NULL;
	struct call **at, *c;

	o = overlapped_of(s, o);
	if (o == NULL || q == NULL || q->spare == NULL) {
		overlapped_complete(o, 0, bytes);
		return;
	}
	o->Internal = 0;
	o->InternalHigh = bytes;
	c = q->spare;
	q->spare = NULL;
	*c = (struct call){ .routine = routine, .overlapped = o, .bytes = bytes };
	for (at = &q->first; *at != NULL; at = &(*at)->next)
		;
	*at = c;
}

/* A routine may begin the next operation: its turn comes in this wait, too. */
bool
overlapped_run_routines(void)
{
	struct queue *q = queue_of_thread(false);
	struct call *c;
	bool any = false;

	while (q != NULL && (c = q->first) != NULL) {
		struct call due = *c;

		q->first = c->next;
		free(c);
		due.routine(0, (DWORD)due.bytes, due.overlapped, 0);
		any = true;
	}
	return any;
}

/* ---- results ---- */

void
overlapped_begin(LPWSAOVERLAPPED o)
{
	if (o == NULL)
		return;
	o->Internal = WSA_IO_PENDING;
	o->InternalHigh = 0;
	if (o->hEvent != NULL)
		(void)ResetEvent(o->hEvent);
}

void
overlapped_complete(LPWSAOVERLAPPED o, int error, size_t bytes)
{
	if (o == NULL)
		return;
	o->Internal = (ULONG_PTR)error;
	o->InternalHigh = bytes;
	if (o->hEvent != NULL)
		(void)SetEvent(o->hEvent);
}

/*
 * What a call with this structure came to. Windows: WSAGetOverlappedResult (winsock2.h).
 * FALSE with the error of that call, or WSA_IO_INCOMPLETE if it was never used.
 */
BOOL WSAAPI
WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED lpOverlapped, LPDWORD lpcbTransfer,
    BOOL fWait, LPDWORD lpdwFlags)
{
	(void)s;
	(void)fWait;
	if (lpOverlapped == NULL || lpcbTransfer == NULL || lpdwFlags == NULL) {
		(void)error_set(WSAEFAULT);
		return FALSE;
	}
	*lpcbTransfer = (DWORD)lpOverlapped->InternalHigh;
	*lpdwFlags = 0;
	if (lpOverlapped->Internal == 0)
		return TRUE;
	(void)error_set(lpOverlapped->Internal == WSA_IO_PENDING ?
			    WSA_IO_INCOMPLETE :
			    (int)lpOverlapped->Internal);
	return FALSE;
}
