/* The lock of the library, and what a fork does to it. */
#include "winsock/lock.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lock_before before_fork; /* under the lock */

void
lock_take(struct lock_before *before)
{
	sigset_t all;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before->signals);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel);
	(void)pthread_mutex_lock(&lock);
}

void
lock_give(const struct lock_before *before)
{
	(void)pthread_mutex_unlock(&lock);
	(void)pthread_setcancelstate(before->cancel, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before->signals, NULL);
}

/* ---- fork: the child has nobody who would give back what other threads held ---- */

static void
prepare(void)
{
	struct lock_before before;

	lock_take(&before);
	before_fork = before;
}

static void
after(void)
{
	struct lock_before before = before_fork;

	lock_give(&before);
}

/*
 * Once, before the program has threads of ours, and before event.c: what is registered first is
 * called last before a fork, and this is the lock that is taken under the other one.
 */
__attribute__((constructor(1000))) static void
watch_forks(void)
{
	(void)pthread_atfork(prepare, after, after);
}
