/* What happened to a socket that WSAEventSelect() watches: what the kernel says, as FD_ events. */
#define _GNU_SOURCE /* POLLRDHUP */
#include <errno.h>
#include <poll.h>

#include "winsock/error_map.h"
#include "winsock/socket_state.h"
#include "winsock/watch.h"

/* ---- what the kernel says ---- */

static bool
is_set(int fd, int option)
{
	int value = 0;
	socklen_t n = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 && value != 0;
}

/* TCP_ESTABLISHED and so on; 0: not TCP. */
static unsigned char
tcp_state(int fd)
{
	unsigned char state = 0; /* the first byte of struct tcp_info */
	socklen_t n = sizeof(state);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &n) == 0 ? state : 0;
}

/* The error that the kernel keeps: it forgets it by that. */
static int
take_error(int fd)
{
	int error = 0;
	socklen_t n = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 ? error : errno;
}

static short
ask(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int cancel, n;

	/* A cancellation point, under the lock. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	n = poll(&p, 1, 0);
	(void)pthread_setcancelstate(cancel, NULL);
	return n == 1 ? p.revents : 0;
}

static bool
has_data(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0;
}

/* The peer said that nothing comes any more, or is gone. Not: we shut it down ourselves. */
static bool
is_peer_done(int fd)
{
	switch (tcp_state(fd)) {
	case 0: /* of another protocol */
	case TCP_CLOSE:
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
	case TCP_TIME_WAIT:
		return true;
	default:
		return false;
	}
}

static enum watch_phase
phase_now(const struct watch *w)
{
	if (!w->is_stream)
		return WATCH_OPEN;
	if (is_set(w->fd, SO_ACCEPTCONN))
		return WATCH_LISTENING;
	switch (tcp_state(w->fd)) {
	case 0:
		return socket_is_connected(w->fd) ? WATCH_OPEN : WATCH_IDLE;
	case TCP_CLOSE:
		return WATCH_IDLE;
	case TCP_SYN_SENT:
		return WATCH_CONNECTING;
	default:
		return WATCH_OPEN;
	}
}

enum watch_phase
watch_phase_at_first(const struct watch *w)
{
	enum watch_phase now = phase_now(w);

	/* It was connected, and lost before anybody watched. */
	if (now == WATCH_IDLE && (ask(w->fd, POLLRDHUP) & POLLRDHUP) != 0)
		return WATCH_OPEN;
	return now;
}

bool
watch_interest(const struct watch *w, short *events)
{
	LONG open = ~(w->pending | w->told);

	*events = 0;
	if (w->phase == WATCH_LISTENING && (open & FD_ACCEPT) != 0)
		*events |= POLLIN;
	if (w->phase == WATCH_CONNECTING)
		*events |= POLLOUT;
	/* After the end of a stream it would always be ready. */
	if (w->phase == WATCH_OPEN && (open & FD_READ) != 0 && (open & FD_CLOSE) != 0)
		*events |= w->is_stream ? POLLIN | POLLRDHUP : POLLIN;
	if (w->phase == WATCH_OPEN && (open & FD_WRITE) != 0)
		*events |= POLLOUT;
	if (w->phase == WATCH_OPEN && w->is_stream && (open & FD_OOB) != 0 &&
	    !is_set(w->fd, SO_OOBINLINE))
		*events |= POLLPRI;
	return *events != 0 && !w->is_odd;
}

/* ---- what that means ---- */

void
watch_happened(struct watch *w, LONG events)
{
	LONG new = events & ~(w->pending | w->told);

	w->pending |= new;
	if (w->event != NULL && (new & w->mask) != 0)
		waitable_signal(w->event);
}

/* A reset or a time-out; 0: it ended as it should. */
static int
winsock_error_of_end(int number)
{
	if (number == 0)
		return 0;
	return number == ECONNRESET || number == EPIPE ? WSAECONNRESET :
							 WSAECONNABORTED;
}

static void
look_at_connecting(struct watch *w, short said)
{
	int error;

	if (said == 0)
		return;
	error = take_error(w->fd);
	if (error == 0 && socket_is_connected(w->fd)) {
		w->phase = WATCH_OPEN;
		w->errors[FD_CONNECT_BIT] = 0;
	} else {
		w->phase = WATCH_IDLE;
		w->errors[FD_CONNECT_BIT] =
		    error_from_errno(error != 0 ? error : ECONNABORTED);
	}
	watch_happened(w, FD_CONNECT);
}

/* Without the data, the end: after that there may still be data, and room to send. */
static void
look_at_stream(struct watch *w, short said)
{
	bool is_lost = (said & (POLLERR | POLLHUP)) != 0,
	     data = (is_lost || (said & POLLIN) != 0) && has_data(w->fd);
	LONG events = data ? FD_READ : 0;

	if ((said & POLLPRI) != 0)
		events |= FD_OOB;
	if ((is_lost || ((said & POLLRDHUP) != 0 && !data)) && is_peer_done(w->fd)) {
		events |= FD_CLOSE;
		if (is_lost)
			w->phase = WATCH_CLOSED;
		w->lost = (said & POLLERR) != 0 ? take_error(w->fd) : 0;
		w->errors[FD_CLOSE_BIT] = winsock_error_of_end(w->lost);
	}
	if ((said & POLLOUT) != 0 && w->phase == WATCH_OPEN)
		events |= FD_WRITE;
	watch_happened(w, events);
}

static void
look_at_datagrams(struct watch *w, short said)
{
	/* An error is that of the next call. */
	if ((said & POLLERR) != 0)
		watch_happened(w, FD_READ | FD_WRITE);
	watch_happened(w, ((said & POLLIN) != 0 ? FD_READ : 0) |
			      ((said & POLLOUT) != 0 ? FD_WRITE : 0));
}

void
watch_look(struct watch *w)
{
	LONG before = w->pending;
	short events, said;

	w->is_odd = false;
	if (w->phase == WATCH_IDLE)
		w->phase = phase_now(w);
	if (((w->pending | w->told) & FD_CLOSE) != 0 && has_data(w->fd))
		watch_happened(w, FD_READ);
	if (!watch_interest(w, &events))
		return;
	said = ask(w->fd, events);
	if (w->phase == WATCH_LISTENING && (said & POLLIN) != 0)
		watch_happened(w, FD_ACCEPT);
	if (w->phase == WATCH_CONNECTING) {
		look_at_connecting(w, said);
		said = w->phase == WATCH_OPEN && watch_interest(w, &events) ?
			   ask(w->fd, events) :
			   0;
	}
	if (w->phase == WATCH_OPEN && w->is_stream)
		look_at_stream(w, said);
	else if (w->phase == WATCH_OPEN)
		look_at_datagrams(w, said);
	w->is_odd = said != 0 && w->pending == before && w->phase != WATCH_CLOSED;
}
