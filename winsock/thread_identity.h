/*
 * The credentials of one thread. Linux keeps them per thread; only the wrappers of libc change
 * all threads at once, so that raw system calls are used here.
 */
#ifndef AUTHIPD_WINSOCK_THREAD_IDENTITY_H
#define AUTHIPD_WINSOCK_THREAD_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define IDENTITY_MAX_GROUPS 256

struct identity {
	uid_t uid;
	gid_t gid;
	size_t n_groups;
	gid_t groups[IDENTITY_MAX_GROUPS];
};

int thread_identity_take(const struct identity *id);
int thread_identity_revert(void);
/* Is the calling thread somebody else now? */
bool thread_identity_is_taken(void);

/*
 * For a thread that the calling one makes: it begins as the process is, as on Windows, not as
 * the peer. NULL with true: nothing is to be done. NULL with false: no memory. What is returned
 * has to go to one of the two that follow.
 */
struct thread_origin *thread_identity_origin(bool *ok);
/* In the new thread, before all else; false: it still is the peer, and must not go on. */
bool thread_identity_begin(struct thread_origin *o);
/* There is no new thread. */
void thread_identity_drop(struct thread_origin *o);

#endif
