/* Taking and reverting another identity in one thread (Windows: impersonation). */
#define _GNU_SOURCE
#include "winsock/thread_identity.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "winsock/lock.h"
#include "winsock2.h"

#define KEEP ((uid_t)-1)
#define MOST_GROUPS 65536 /* the kernel's own limit */

struct capabilities {
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];
};

/* What a thread was. */
struct saved {
	uid_t euid;
	gid_t egid;
	int n_groups;
	gid_t *groups; /* owned */
	struct capabilities caps;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* struct saved of a thread that is somebody else */
static unsigned int n_taken; /* threads, under the lock */
static int dumpable;	     /* of the process before the first of them */

/* ---- the system calls, without libc's broadcast to other threads ---- */

static bool
raw_setgroups(size_t n, const gid_t *groups)
{
#ifdef SYS_setgroups32
	return syscall(SYS_setgroups32, n, groups) == 0;
#else
	return syscall(SYS_setgroups, n, groups) == 0;
#endif
}

static bool
raw_setegid(gid_t gid)
{
#ifdef SYS_setresgid32
	return syscall(SYS_setresgid32, KEEP, gid, KEEP) == 0;
#else
	return syscall(SYS_setresgid, KEEP, gid, KEEP) == 0;
#endif
}

static bool
raw_seteuid(uid_t uid)
{
#ifdef SYS_setresuid32
	return syscall(SYS_setresuid32, KEEP, uid, KEEP) == 0;
#else
	return syscall(SYS_setresuid, KEEP, uid, KEEP) == 0;
#endif
}

static bool
caps_get(struct capabilities *c)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capget, &h, c->set) == 0;
}

static bool
caps_set(const struct capabilities *c)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capset, &h, c->set) == 0;
}

/* Keeps what is permitted, so that the way back stays open. */
static bool
caps_clear_effective(void)
{
	struct capabilities c;

	if (!caps_get(&c))
		return false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		c.set[i].effective = 0;
	return caps_set(&c);
}

/* ---- the dumpable flag, which is the process's, not the thread's ---- */

static void
dumpable_begin(void)
{
	struct lock_before before;

	lock_take(&before);
	if (n_taken++ == 0)
		dumpable = prctl(PR_GET_DUMPABLE);
	lock_give(&before);
}

/* The kernel clears it with each change of identity; it comes back after the last one. */
static void
dumpable_end(void)
{
	struct lock_before before;

	lock_take(&before);
	if (--n_taken == 0 && dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1);
	lock_give(&before);
}

/* In a forked child the other threads are not there. */
static void
end_others(void)
{
	if (n_taken == 0)
		return;
	n_taken = pthread_getspecific(key) != NULL;
	if (n_taken == 0 && dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1);
}

__attribute__((constructor)) static void
watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, end_others);
}

/* ---- what the thread is ---- */

static int
compare_gid(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

/* The kernel sorts its list. */
static bool
groups_are(const gid_t *wanted, size_t n)
{
	gid_t *now = malloc((n + 1) * sizeof(*now)),
	      *sorted = malloc((n + 1) * sizeof(*sorted));
	bool same = false;

	if (now != NULL && sorted != NULL &&
	    getgroups((int)n + 1, now) == (int)n) { /* more: EINVAL */
		if (n > 0)
			memcpy(sorted, wanted, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), compare_gid);
		qsort(now, n, sizeof(*now), compare_gid);
		same = n == 0 || memcmp(now, sorted, n * sizeof(*now)) == 0;
	}
	free(now);
	free(sorted);
	return same;
}

static bool
is_now(uid_t euid, gid_t egid, const gid_t *groups, size_t n)
{
	return geteuid() == euid && getegid() == egid && groups_are(groups, n);
}

static void
saved_free(struct saved *s)
{
	free(s->groups);
	free(s);
}

static struct saved *
saved_new(void)
{
	struct saved *s = calloc(1, sizeof(*s));
	int n = getgroups(0, NULL);

	if (s == NULL)
		return NULL;
	s->euid = geteuid();
	s->egid = getegid();
	s->n_groups = n;
	if (n >= 0 && n <= MOST_GROUPS)
		s->groups = malloc(((size_t)n + 1) * sizeof(*s->groups));
	if (s->groups == NULL || getgroups(n, s->groups) != n || !caps_get(&s->caps)) {
		saved_free(s);
		return NULL;
	}
	return s;
}

/* ---- there and back ---- */

/* Capabilities come first: without them there is no way back to the groups. */
static bool
restore(const struct saved *s)
{
	bool ok;

	(void)caps_set(&s->caps);
	ok = raw_seteuid(s->euid);
	/* The change of user may have taken them again. */
	ok = caps_set(&s->caps) && ok;
	ok = raw_setegid(s->egid) && ok;
	/* Who could not change the groups has not changed them either. */
	if (!raw_setgroups((size_t)s->n_groups, s->groups))
		ok = ok && groups_are(s->groups, (size_t)s->n_groups);
	return ok && is_now(s->euid, s->egid, s->groups, (size_t)s->n_groups);
}

static bool
change(const struct identity *id)
{
	return raw_setgroups(id->n_groups, id->groups) && raw_setegid(id->gid) &&
	       raw_seteuid(id->uid) && caps_clear_effective() &&
	       is_now(id->uid, id->gid, id->groups, id->n_groups);
}

/* A thread that ends as somebody else: nothing of it is left but this. */
static void
on_thread_end(void *p)
{
	saved_free(p);
	dumpable_end();
}

static void
make_key(void)
{
	(void)pthread_key_create(&key, on_thread_end);
}

/*
 * Everybody may become who he is, also without the right to set groups; what he may do beyond
 * that account is dropped all the same.
 */
static bool
change_or_stay(const struct identity *id, const struct saved *s)
{
	return change(id) || (id->uid == s->euid && id->gid == s->egid &&
				 caps_clear_effective());
}

static int
take(const struct identity *id)
{
	struct saved *s = saved_new();
	bool denied;

	if (s == NULL)
		return WSAENOBUFS;
	dumpable_begin();
	if (pthread_setspecific(key, s) != 0) {
		saved_free(s);
		dumpable_end();
		return WSAENOBUFS;
	}
	if (change_or_stay(id, s))
		return 0;
	denied = errno == EPERM || errno == EINVAL;
	if (restore(s)) {
		(void)pthread_setspecific(key, NULL);
		saved_free(s);
		dumpable_end();
		return denied ? WSAEACCES : WSASYSCALLFAILURE;
	}
	/* Stuck in between: thread_identity_revert() may try again. */
	return WSASYSCALLFAILURE;
}

static int
revert(struct saved *s)
{
	if (!restore(s))
		return WSASYSCALLFAILURE;
	(void)pthread_setspecific(key, NULL);
	saved_free(s);
	dumpable_end();
	return 0;
}

bool
thread_identity_is_taken(void)
{
	(void)pthread_once(&once, make_key);
	return pthread_getspecific(key) != NULL;
}

/*
 * The calling thread becomes this user for all checks of access, until the revert: effective
 * user and group, supplementary groups, no effective capability. Other threads stay what they
 * are. A thread that is somebody else already reverts first.
 *
 * 0, or: WSAEACCES if the process may not become that user; WSAENOBUFS; WSASYSCALLFAILURE if
 * a system call failed halfway. Then the thread is what it was.
 */
int
thread_identity_take(const struct identity *id)
{
	sigset_t all, before;
	int error;

	if (id->n_groups > IDENTITY_MAX_GROUPS)
		return WSAEACCES;
	error = thread_identity_revert();
	if (error != 0)
		return error;
	/* No handler may run as two users at once. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	error = take(id);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/*
 * Back to what the thread was; 0 also if it was nobody else. WSASYSCALLFAILURE: it still is
 * somebody else, and another try may help.
 */
int
thread_identity_revert(void)
{
	sigset_t all, before;
	struct saved *s;
	int error;

	(void)pthread_once(&once, make_key);
	if ((s = pthread_getspecific(key)) == NULL)
		return 0;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	error = revert(s);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* ---- threads that are made meanwhile ---- */

struct thread_origin {
	struct saved saved;
};

struct thread_origin *
thread_identity_origin(bool *ok)
{
	const struct saved *s;
	struct thread_origin *o;

	(void)pthread_once(&once, make_key);
	*ok = true;
	if ((s = pthread_getspecific(key)) == NULL)
		return NULL;
	*ok = false;
	if ((o = malloc(sizeof(*o))) == NULL)
		return NULL;
	o->saved = *s;
	o->saved.groups = malloc(((size_t)s->n_groups + 1) * sizeof(*s->groups));
	if (o->saved.groups == NULL) {
		free(o);
		return NULL;
	}
	memcpy(o->saved.groups, s->groups, (size_t)s->n_groups * sizeof(*s->groups));
	*ok = true;
	dumpable_begin();
	return o;
}

void
thread_identity_drop(struct thread_origin *o)
{
	if (o == NULL)
		return;
	free(o->saved.groups);
	free(o);
	dumpable_end();
}

bool
thread_identity_begin(struct thread_origin *o)
{
	sigset_t all, before;
	bool done = true;

	if (o == NULL)
		return true;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	done = restore(&o->saved);
	thread_identity_drop(o);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return done;
}
