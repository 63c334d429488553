/* Objects behind a HANDLE. */
#include "winsock/handle.h"

#include <pthread.h>
#include <stddef.h>

#include "handleapi.h"
#include "winsock2.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, handle) handles = LIST_HEAD_INITIALIZER(handles);

HANDLE
handle_open(struct handle *h, enum handle_kind kind, void (*destroy)(struct handle *h))
{
	h->kind = kind;
	h->n_refs = 1;
	h->destroy = destroy;
	pthread_mutex_lock(&lock);
	LIST_INSERT_HEAD(&handles, h, link);
	pthread_mutex_unlock(&lock);
	return h;
}

/* Under lock. Whatever the caller holds is compared, never followed. */
static struct handle *
find(const void *p)
{
	struct handle *h;

	LIST_FOREACH (h, &handles, link)
		if (h == p)
			break;
	return h;
}

struct handle *
handle_get(HANDLE p, unsigned int kinds)
{
	struct handle *h;

	pthread_mutex_lock(&lock);
	h = find(p);
	if (h != NULL && (h->kind & kinds) == 0)
		h = NULL;
	if (h != NULL)
		h->n_refs++;
	pthread_mutex_unlock(&lock);
	return h;
}

void
handle_ref(struct handle *h)
{
	pthread_mutex_lock(&lock);
	h->n_refs++;
	pthread_mutex_unlock(&lock);
}

void
handle_put(struct handle *h)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = --h->n_refs == 0;
	pthread_mutex_unlock(&lock);
	if (last)
		h->destroy(h);
}

bool
handle_close(HANDLE p, unsigned int kinds)
{
	struct handle *h;

	pthread_mutex_lock(&lock);
	h = find(p);
	if (h != NULL && (h->kind & kinds) == 0)
		h = NULL;
	if (h != NULL)
		LIST_REMOVE(h, link);
	pthread_mutex_unlock(&lock);
	if (h != NULL)
		handle_put(h);
	return h != NULL;
}

/*
 * Closes a handle of this library. Windows: CloseHandle (handleapi.h). FALSE, with
 * ERROR_INVALID_HANDLE in GetLastError, if it is none, or closed already.
 */
BOOL WINAPI
CloseHandle(HANDLE hObject)
{
	if (handle_close(hObject, HANDLE_TOKEN | HANDLE_EVENT | HANDLE_THREAD))
		return 1;
	WSASetLastError(WSA_INVALID_HANDLE);
	return 0;
}
