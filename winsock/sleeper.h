/* Threads that wait for events of sockets: in poll(), not at a condition. */
#ifndef AUTHIPD_WINSOCK_SLEEPER_H
#define AUTHIPD_WINSOCK_SLEEPER_H

#include <stdbool.h>
#include <time.h>

#include "winsock/waitable.h"
#include "windef.h"

/* Tests change it: after that a thread looks again in any case. */
extern long sleeper_longest_ms;

/* All under waitable_lock. */

/* Whether one of these has sockets. */
bool sleeper_is_needed(struct waitable **objects, DWORD n);
/*
 * Gives the lock until something may have happened to the sockets or another object. deadline: of
 * CLOCK_MONOTONIC, or NULL. A thread that is cancelled in here has the lock.
 */
void sleeper_sleep(struct waitable **objects, DWORD n, const struct timespec *deadline);
/* Those that wait for this one look again. */
void sleepers_wake(const struct waitable *w);
/* In a forked child, which has none of them. */
void sleepers_forget(void);

#endif
