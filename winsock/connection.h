/*
 * A connection to the daemon (doc/api-protocol.md), made for one call and closed at its
 * end, or for an engine: threads share nothing and a forked child inherits nothing.
 */
#ifndef AUTHIPD_WINSOCK_CONNECTION_H
#define AUTHIPD_WINSOCK_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct connection {
	int fd;
	uint64_t cookie; /* of fd: programs close what they do not know, and use the number */
	uint32_t request_id;
	int64_t deadline_ms; /* of all requests together */
	bool in_doubt;	     /* the last request was sent and has no valid answer */
};

/* How long a call may wait for the daemon; tests make it shorter. */
extern int connection_timeout_ms;

/*
 * The daemon is the one that the environment names now, whatever it says later. For a library
 * that is loaded into the programs of others.
 */
void winsock_fix_daemon(void);
int connection_open(struct connection *c);
/* For a request that may take so long, counted from now. */
void connection_extend(struct connection *c, int timeout_ms);
/* Sends a request whose answer nobody waits for. 0 or WSAE... */
int connection_tell(
    struct connection *c, uint16_t verb, const void *body, size_t body_n, int fd);
int connection_ask(struct connection *c, uint16_t verb, const void *body, size_t body_n,
    int fd, void *reply, size_t reply_n);
/* Another request on an old connection: extra_ms may be waited in addition. */
void connection_renew(struct connection *c, uint32_t extra_ms);
/*
 * The same for a body in two parts and an answer of any length, which is put into whole, of
 * AIP_API_MAX_BYTES. Length of the answer's body, at whole + the header; -1: no good answer.
 */
ssize_t connection_ask_long(struct connection *c, uint16_t verb, const struct iovec body[2],
    uint8_t *whole);
/* Its time is over. */
bool connection_is_late(const struct connection *c);
void connection_close(struct connection *c);

#endif
