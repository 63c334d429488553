/* What the files of the API share: the server, and its connections. */
#ifndef AUTHIPD_DAEMON_API_CLIENT_H
#define AUTHIPD_DAEMON_API_CLIENT_H

#include <sys/queue.h>

#include "daemon/api_engine.h"
#include "daemon/api_frame.h"
#include "daemon/api_server.h"
#include "daemon/negotiator.h"

struct client {
	LIST_ENTRY(client) link;
	struct api_server *server;
	struct event *event;
	int fd;
	uid_t uid;
	bool said_hello;
	bool is_waiting; /* for keeper, or for a negotiation */
	uint64_t ask;
	struct aip_api_identity_reply
	    identity; /* SOCK_IDENTITY: what is known already */
	struct api_request request;
	struct api_engine engine; /* ENGINE_*: a session, from ENGINE_OPEN to the end */
};

struct api_server {
	struct negotiator *n;
	struct event *accept;
	int fd;
	LIST_HEAD(, client) clients;
	size_t n_clients;
	uint64_t next_ask;
};

/* api_server.c: the answer to the request of this client; error 0: the body. */
void client_reply(struct client *c, uint32_t error, const void *body, size_t n);
/* Who waits for this answer of keeper; NULL: it has gone. */
struct client *client_of_ask(const struct api_server *s, uint64_t ask);

/* api_peer.c: SOCK_QUERY, SOCK_IDENTITY */
void client_query(struct client *c, int fd);
void client_identity(struct client *c, int fd);

/* api_target.c: SOCK_TARGET, and keeper's answer to it; c may be NULL */
void client_target(struct client *c, int fd);
void client_moved(
    struct api_server *s, struct client *c, const struct proto_secure_reply *r);

#endif
