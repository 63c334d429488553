/* Objects behind a HANDLE. */
#include "winsock/handle.h"

#include <stddef.h>

#include "winsock/lock.h"

#include "handleapi.h"
#include "winsock2.h"

static LIST_HEAD(, handle) handles = LIST_HEAD_INITIALIZER(handles);

HANDLE
handle_open(struct handle *h, enum handle_kind kind, void (*destroy)(struct handle *h))
{
	struct lock_before before;

	h->kind = kind;
	h->n_refs = 1;
	h->destroy = destroy;
	lock_take(&before);
	LIST_INSERT_HEAD(&handles, h, link);
	lock_give(&before);
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
	struct lock_before before;

	lock_take(&before);
	h = find(p);
	if (h != NULL && (h->kind & kinds) == 0)
		h = NULL;
	if (h != NULL)
		h->n_refs++;
	lock_give(&before);
	return h;
}

void
handle_ref(struct handle *h)
{
	struct lock_before before;

	lock_take(&before);
	h->n_refs++;
	lock_give(&before);
}

void
handle_put(struct handle *h)
{
	struct lock_before before;
	bool last;

	lock_take(&before);
	last = --h->n_refs == 0;
	lock_give(&before);
	if (last)
		h->destroy(h);
}

bool
handle_close(HANDLE p, unsigned int kinds)
{
	struct handle *h;
	struct lock_before before;

	lock_take(&before);
	h = find(p);
	if (h != NULL && (h->kind & kinds) == 0)
		h = NULL;
	if (h != NULL)
		LIST_REMOVE(h, link);
	lock_give(&before);
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
