/* SOCK_PRECONNECT: negotiating before a socket connects. */
#ifndef AUTHIPD_DAEMON_API_PRECONNECT_H
#define AUTHIPD_DAEMON_API_PRECONNECT_H

#include "daemon/negotiator.h"

#define API_PRECONNECTS_PER_UID 64

/*
 * Begins what the socket will need to talk to peer. True: api_server_negotiated(ask) follows,
 * perhaps before this returns. False: nothing has to be awaited; *winsock_error for the program.
 */
bool api_preconnect(struct negotiator *n, int fd, const struct endpoint *peer, uint64_t ask,
    uint32_t uid, uint32_t *winsock_error);
/* What connect() says after a negotiation that ended so (spec secure-sockets 6.6). */
uint32_t api_preconnect_error(enum ike_err e);

#endif
