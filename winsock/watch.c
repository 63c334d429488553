/* Sockets that WSAEventSelect() watches. */
#include "winsock/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "winsock/error_map.h"
#include "winsock/sleeper.h"
#include "winsock/socket_fact.h"
#include "winsock/socket_state.h"

#define ROWS 64
#define LEVEL_TRIGGERED (FD_READ | FD_OOB | FD_ACCEPT)

static LIST_HEAD(, watch) table[ROWS];
/* Most programs have none, and take no lock for that. */
static atomic_uint n_watches;

/* ---- the table ---- */

struct watch *
watch_find(int fd)
{
	uint64_t cookie = socket_state_cookie(fd);
	struct watch *w;

	LIST_FOREACH (w, &table[cookie % ROWS], link)
		if (w->cookie == cookie)
			break;
	return w;
}

static void
watch_free(struct watch *w)
{
	watch_select(w, NULL, 0);
	LIST_REMOVE(w, link);
	atomic_fetch_sub(&n_watches, 1);
	free(w);
}

void
watch_select(struct watch *w, struct waitable *event, LONG mask)
{
	struct waitable *before = w->event;

	if (event != NULL)
		handle_ref(&event->handle);
	if (before != NULL)
		LIST_REMOVE(w, of_event);
	w->event = event;
	w->mask = mask;
	if (event != NULL) {
		LIST_INSERT_HEAD(&event->watches, w, of_event);
		waitable_changed(event);
	}
	if (before != NULL) {
		sleepers_wake(before);
		handle_put(&before->handle);
	}
	/* What is still so is told again; that a connection began or ended is not. */
	w->told &= ~LEVEL_TRIGGERED;
	if (event != NULL && (w->pending & mask) != 0)
		waitable_signal(event);
}

static bool
has_type(int fd, int type)
{
	int is = 0;
	socklen_t n = sizeof(is);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &is, &n) == 0 && is == type;
}

struct watch *
watch_make(int fd)
{
	struct watch *w = watch_find(fd);

	if (w != NULL || (w = calloc(1, sizeof(*w))) == NULL)
		return w;
	w->fd = fd;
	w->cookie = socket_state_cookie(fd);
	w->is_stream = has_type(fd, SOCK_STREAM);
	w->phase = watch_phase_at_first(w);
	if (socket_is_connected(fd) && !socket_fact_has(fd, SOCKET_ACCEPTED))
		w->pending = FD_CONNECT;
	else if (w->phase == WATCH_OPEN && w->is_stream)
		w->told = FD_CONNECT;
	LIST_INSERT_HEAD(&table[w->cookie % ROWS], w, link);
	atomic_fetch_add(&n_watches, 1);
	return w;
}

void
watch_look_all(struct waitable *event)
{
	struct watch *w, *next;

	for (w = LIST_FIRST(&event->watches); w != NULL; w = next) {
		next = LIST_NEXT(w, of_event);
		if (socket_state_cookie(w->fd) != w->cookie)
			watch_free(w);
		else
			watch_look(w);
	}
}

/* ---- calls of the program ---- */

/* With waitable_lock if it is not NULL. Few programs come beyond the first line. */
static struct watch *
enter(int fd)
{
	struct watch *w;

	if (atomic_load(&n_watches) == 0)
		return NULL;
	pthread_mutex_lock(&waitable_lock);
	if ((w = watch_find(fd)) == NULL)
		pthread_mutex_unlock(&waitable_lock);
	return w;
}

/* The program did what enables these events again: other threads may wait for them. */
static void
leave(struct watch *w, LONG enabled)
{
	w->pending &= ~enabled;
	w->told &= ~enabled;
	w->is_odd = false;
	if (w->event != NULL)
		sleepers_wake(w->event);
	pthread_mutex_unlock(&waitable_lock);
}

ssize_t
watch_received(int fd, ssize_t got)
{
	int saved = errno;
	struct watch *w = enter(fd);

	if (w != NULL && w->lost != 0 && got == 0) {
		saved = w->lost;
		w->lost = 0;
		got = -1;
	}
	if (w != NULL)
		leave(w, FD_READ | FD_OOB);
	errno = saved;
	return got;
}

void
watch_sent(int fd, size_t n, ssize_t sent)
{
	int saved = errno;
	bool is_full = sent < 0 ? errno == EAGAIN : (size_t)sent < n;
	struct watch *w = is_full ? enter(fd) : NULL;

	if (w != NULL)
		leave(w, FD_WRITE);
	errno = saved;
}

static bool
blocks(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 || (flags & O_NONBLOCK) == 0;
}

/* Under the lock: another thread that looked before the end would see a failure. */
bool
watch_connect(int fd, const struct sockaddr *name, socklen_t n, int *result)
{
	struct watch *w = enter(fd);
	bool goes_on;
	int cancel, saved;

	if (w == NULL)
		return false;
	if (w->event == NULL || blocks(fd)) {
		watch_free(w); /* the next one sees how it is then */
		pthread_mutex_unlock(&waitable_lock);
		return false;
	}
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	*result = connect(fd, name, n);
	saved = errno;
	if (*result == 0 && w->is_stream && w->phase != WATCH_IDLE) {
		/* Linux says once more that it is connected; Windows that it was. */
		*result = -1;
		saved = EISCONN;
	}
	goes_on = *result == 0 || saved == EINPROGRESS;
	if (goes_on && w->is_stream)
		w->phase = WATCH_CONNECTING;
	if (goes_on) {
		w->pending &= ~(FD_CONNECT | FD_WRITE | FD_CLOSE);
		w->told &= ~(FD_CONNECT | FD_WRITE | FD_CLOSE);
	}
	if (goes_on && !w->is_stream)
		watch_happened(w, FD_CONNECT);
	leave(w, 0);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return true;
}

void
watch_listens(int fd)
{
	struct watch *w = enter(fd);

	if (w != NULL)
		leave(w, 0);
}

bool
watch_accepted(int listener, int child)
{
	int saved = errno;
	struct watch *w = enter(listener), *of_child = NULL;
	bool ok = true;

	if (w == NULL)
		return true;
	if (child != INVALID_SOCKET && w->event != NULL) {
		ok = (of_child = watch_make(child)) != NULL;
		if (ok)
			watch_select(of_child, w->event, w->mask);
	}
	leave(w, FD_ACCEPT);
	errno = saved;
	return ok;
}

void
watch_closed(int fd)
{
	struct watch *w = enter(fd);

	if (w == NULL)
		return;
	watch_free(w);
	pthread_mutex_unlock(&waitable_lock);
}

bool
watch_is_selected(int fd)
{
	struct watch *w = enter(fd);
	bool is = w != NULL && w->mask != 0;

	if (w != NULL)
		pthread_mutex_unlock(&waitable_lock);
	return is;
}
