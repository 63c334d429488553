/* Threads that wait for events of sockets. */
#define _GNU_SOURCE /* ppoll */
#include "winsock/sleeper.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "winsock/socket_state.h"
#include "winsock/watch.h"

/*
 * After that everything is looked at again: a program may have closed descriptors that it does
 * not know.
 */
long sleeper_longest_ms = 1000;
/* Where there is nothing that could wake the thread. */
#define SHORTEST_MS 20

struct sleeper {
	LIST_ENTRY(sleeper) link;
	int bell;	 /* a socket that poll() hears being shut down; -1: none */
	uint64_t cookie; /* of it, which nobody else has, unlike its number */
	struct waitable **objects;
	DWORD n;
	struct pollfd *polls;
	nfds_t n_polls;
};

static LIST_HEAD(, sleeper) sleepers = LIST_HEAD_INITIALIZER(sleepers);

static bool
has_bell(const struct sleeper *s)
{
	return s->bell != -1 && socket_state_cookie(s->bell) == s->cookie;
}

static bool
waits_for(const struct sleeper *s, const struct waitable *w)
{
	for (DWORD i = 0; i < s->n; i++)
		if (s->objects[i] == w)
			return true;
	return false;
}

void
sleepers_wake(const struct waitable *w)
{
	struct sleeper *s;
	int saved = errno;

	LIST_FOREACH (s, &sleepers, link)
		if (waits_for(s, w) && has_bell(s))
			(void)shutdown(s->bell, SHUT_RD);
	errno = saved;
}

void
sleepers_forget(void)
{
	struct sleeper *s;

	LIST_FOREACH (s, &sleepers, link)
		if (has_bell(s))
			(void)close(s->bell);
	LIST_INIT(&sleepers);
}

bool
sleeper_is_needed(struct waitable **objects, DWORD n)
{
	for (DWORD i = 0; i < n; i++)
		if (!LIST_EMPTY(&objects[i]->watches))
			return true;
	return false;
}

/* ---- sleeping ---- */

/* What to wait for; without memory nothing but time. */
static void
fill(struct sleeper *s)
{
	struct watch *w;
	size_t most = 1;
	short events;

	for (DWORD i = 0; i < s->n; i++)
		LIST_FOREACH (w, &s->objects[i]->watches, of_event)
			most++;
	if ((s->polls = calloc(most, sizeof(*s->polls))) == NULL)
		return;
	if (s->bell != -1)
		s->polls[s->n_polls++] =
		    (struct pollfd){ .fd = s->bell, .events = POLLIN };
	for (DWORD i = 0; i < s->n; i++)
		LIST_FOREACH (w, &s->objects[i]->watches, of_event)
			if (watch_interest(w, &events))
				s->polls[s->n_polls++] =
				    (struct pollfd){ .fd = w->fd, .events = events };
}

/* Also of a thread that is cancelled. */
static void
wake_up(void *p)
{
	struct sleeper *s = p;
	int cancel;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&waitable_lock);
	LIST_REMOVE(s, link);
	if (has_bell(s))
		(void)close(s->bell);
	free(s->polls);
	(void)pthread_setcancelstate(cancel, NULL);
}

/* The time that is left, but not longer than that. */
static struct timespec
patience(const struct timespec *deadline, long longest_ms)
{
	struct timespec now, left = { longest_ms / 1000, longest_ms % 1000 * 1000000 };
	long long ns;

	if (deadline == NULL)
		return left;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (long long)(deadline->tv_sec - now.tv_sec) * 1000000000 +
	     (deadline->tv_nsec - now.tv_nsec);
	if (ns < 0)
		ns = 0;
	if (ns < longest_ms * 1000000LL)
		left = (struct timespec){ ns / 1000000000, ns % 1000000000 };
	return left;
}

void
sleeper_sleep(struct waitable **objects, DWORD n, const struct timespec *deadline)
{
	struct sleeper s = { .bell = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		.objects = objects,
		.n = n };
	struct timespec left;

	s.cookie = s.bell != -1 ? socket_state_cookie(s.bell) : 0;
	fill(&s);
	left = patience(deadline,
	    s.bell != -1 && s.polls != NULL ? sleeper_longest_ms : SHORTEST_MS);
	LIST_INSERT_HEAD(&sleepers, &s, link);
	pthread_mutex_unlock(&waitable_lock);
	pthread_cleanup_push(wake_up, &s);
	(void)ppoll(s.polls, s.n_polls, &left, NULL);
	pthread_cleanup_pop(1);
}
