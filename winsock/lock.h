/*
 * The lock of what the library remembers for the whole process: names, handles, connections.
 *
 * It is held for moments, by code that neither waits nor calls what is not ours. Meanwhile the
 * thread takes no signal and is not cancelled, and no other thread forks. So what libc lets
 * signal handlers and forked children call (socket(), connect(), sendto() ...) stays that.
 */
#ifndef AUTHIPD_WINSOCK_LOCK_H
#define AUTHIPD_WINSOCK_LOCK_H

#include <signal.h>

/* What the thread was before it took the lock. */
struct lock_before {
	sigset_t signals;
	int cancel;
};

void lock_take(struct lock_before *before);
void lock_give(const struct lock_before *before);

#endif
