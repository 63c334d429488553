/* Who the peer of a socket is: an answer of the daemon, and the handle that holds it. */
#ifndef AUTHIPD_WINSOCK_TOKEN_H
#define AUTHIPD_WINSOCK_TOKEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "windef.h"
#include "winsock/wire.h"

/*
 * Asks who the peer is: the one that the socket is connected to, or peer (NULL: none).
 * Numbers in *out are in host order. 0 or a Winsock error.
 */
int token_ask(int fd, const struct sockaddr *peer, struct aip_api_identity_reply *out);
/* A handle of it; NULL: no memory. */
HANDLE token_open(const struct aip_api_identity_reply *id);
/* What a handle holds; false and an error if it is no token. */
bool token_read(HANDLE h, struct aip_api_identity_reply *out);
/* The body of a peer for the daemon, from an address that was checked. NULL: none. */
void token_fill_peer(const struct sockaddr *peer, struct aip_api_peer *out);

#endif
