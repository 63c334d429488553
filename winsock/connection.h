/*
 * A connection to the daemon (doc/api-protocol.md), made for one call and closed at its
 * end: threads share nothing and a forked child inherits nothing.
 */
#ifndef AUTHIPD_WINSOCK_CONNECTION_H
#define AUTHIPD_WINSOCK_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
	int fd;
	uint32_t request_id;
	int64_t deadline_ms; /* of all requests together */
	bool in_doubt;	     /* the last request was sent and has no valid answer */
};

/* How long a call may wait for the daemon; tests make it shorter. */
extern int connection_timeout_ms;

int connection_open(struct connection *c);
int connection_ask(struct connection *c, uint16_t verb, const void *body, size_t body_n,
    int fd, void *reply, size_t reply_n);
void connection_close(struct connection *c);

#endif
