/*
 * A socket that WSAEventSelect() watches: what happened to it, and what was told of that. All of
 * it is under waitable_lock, which the functions for calls of the program take themselves.
 *
 * Nothing runs in the background: who waits looks. That is the same to a program, which sees an
 * event only when it waits for it.
 */
#ifndef AUTHIPD_WINSOCK_WATCH_H
#define AUTHIPD_WINSOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "winsock/waitable.h"
#include "winsock2.h"

enum watch_phase {
	WATCH_IDLE, /* neither listens nor connects: nothing can happen to it */
	WATCH_CONNECTING,
	WATCH_LISTENING,
	WATCH_OPEN,
	WATCH_CLOSED, /* in both directions, or lost */
};

struct watch {
	LIST_ENTRY(watch) link;
	LIST_ENTRY(watch) of_event;
	uint64_t cookie;
	int fd;
	enum watch_phase phase;
	bool is_stream;
	bool is_odd; /* the kernel says what means nothing to us: not to wait for */
	struct waitable *event; /* a reference, or NULL */
	LONG mask;		/* FD_ of what is wanted */
	LONG pending;		/* happened, and not told */
	LONG told;		/* and not again before the program called something */
	int errors[FD_MAX_EVENTS]; /* of Winsock */
	int lost; /* errno that the kernel told us, and not the program */
};

/* ---- under waitable_lock ---- */

/* NULL: nobody watches it. */
struct watch *watch_find(int fd);
/* The same, or a new one; NULL without memory. */
struct watch *watch_make(int fd);
/* event NULL: none. Takes a reference. */
void watch_select(struct watch *w, struct waitable *event, LONG mask);
/* FD_ events happened; sets the event if that is new and wanted. */
void watch_happened(struct watch *w, LONG events);
/* What happened meanwhile; sets the event if that is wanted. */
void watch_look(struct watch *w);
/* The same for all sockets of an event; forgets those that were closed by other means. */
void watch_look_all(struct waitable *event);
enum watch_phase watch_phase_at_first(const struct watch *w);
/* What poll() is to wait for; false: for nothing. */
bool watch_interest(const struct watch *w, short *events);

/* ---- calls of the program; errno stays ---- */

/* A receive ended with this. What that is, if the kernel told the reason us already. */
ssize_t watch_received(int fd, ssize_t got);
/* A send of n bytes ended with this. */
void watch_sent(int fd, size_t n, ssize_t sent);
/* connect() of a watched socket, with its result; false: it is none, or it would block. */
bool watch_connect(int fd, const struct sockaddr *name, socklen_t n, int *result);
void watch_listens(int fd);
/* The child is watched as its listener; it may be INVALID_SOCKET. False without memory. */
bool watch_accepted(int listener, int child);
/* Before its descriptor is closed. */
void watch_closed(int fd);
/* Whether it may not be made to block. */
bool watch_is_selected(int fd);

#endif
