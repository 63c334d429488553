/* Objects behind a HANDLE: only what is in the list can be used or closed. */
#ifndef AUTHIPD_WINSOCK_HANDLE_H
#define AUTHIPD_WINSOCK_HANDLE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "windef.h"

/* Bits, so that a caller can take several. */
enum handle_kind {
	HANDLE_TOKEN = 0x1,
	HANDLE_EVENT = 0x2,
	HANDLE_THREAD = 0x4,
	HANDLE_ENGINE = 0x8, /* not for CloseHandle() */
};

/* The first member of every such object. */
struct handle {
	LIST_ENTRY(handle) link;
	enum handle_kind kind;
	unsigned int n_refs;
	void (*destroy)(struct handle *h);
};

/* Makes h usable; destroy is called when it is closed and nobody uses it any more. */
HANDLE handle_open(
    struct handle *h, enum handle_kind kind, void (*destroy)(struct handle *h));
/* The object, with a reference for handle_put(); NULL: not a handle of these kinds. */
struct handle *handle_get(HANDLE h, unsigned int kinds);
void handle_ref(struct handle *h);
/* Closes a handle of these kinds; false: it is none. */
bool handle_close(HANDLE h, unsigned int kinds);
void handle_put(struct handle *h);

#endif
