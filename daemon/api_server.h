/* The API of libfwpuclnt: the registration protocol (doc/api-protocol.md). */
#ifndef AUTHIPD_DAEMON_API_SERVER_H
#define AUTHIPD_DAEMON_API_SERVER_H

#include "daemon/proto.h"
#include "ike/engine.h"

struct negotiator;
struct api_server; /* owned */

struct api_server *api_server_new(struct negotiator *n);
void api_server_free(struct api_server *s);
/* fd: a listening socket, now the server's. */
void api_server_listen(struct api_server *s, int fd);
/* Keeper's answer to a SECURE_ASK. */
void api_server_secured(struct api_server *s, const struct proto_secure_reply *r);
/* Keeper's answer to an IDENTITY_ASK. */
void api_server_identified(struct api_server *s, const struct proto_identity_reply *r);

/* A negotiation that a program waits for is over. */
void api_server_negotiated(struct api_server *s, uint64_t ask, enum ike_err error);

#endif
