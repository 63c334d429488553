/* Handles that can be waited for: events and threads. */
#ifndef AUTHIPD_WINSOCK_WAITABLE_H
#define AUTHIPD_WINSOCK_WAITABLE_H

#include <pthread.h>
#include <stdbool.h>

#include "winsock/handle.h"

#define HANDLE_WAITABLE (HANDLE_EVENT | HANDLE_THREAD)

struct watch;

/* The first member of every such object. */
struct waitable {
	struct handle handle;
	bool is_signalled; /* under waitable_lock */
	bool is_manual;	   /* stays signalled after a wait */
	LIST_HEAD(, watch) watches; /* sockets that set it; under waitable_lock */
};

/* Of all of them. */
extern pthread_mutex_t waitable_lock;
/* Under the lock. */
void waitable_signal(struct waitable *w);
/* Who waits for it looks again. Under the lock. */
void waitable_changed(struct waitable *w);
/* For handle_put(&w->handle); NULL and ERROR_INVALID_HANDLE. */
struct waitable *waitable_get(HANDLE h, unsigned int kinds);

#endif
