/* What the daemon knows about the traffic of a socket that a program holds. */
#ifndef AUTHIPD_DAEMON_API_SOCKET_H
#define AUTHIPD_DAEMON_API_SOCKET_H

#include <sys/socket.h>

#include "daemon/negotiator.h"

/* The SAs that protect a flow now. */
struct api_socket_sa {
	bool is_secured; /* the rest is set */
	struct engine_qm_status qm;
};

/*
 * Finds the SA pair of the traffic between the socket and its peer: the one it is connected
 * to, or, of a UDP socket, the given one (family 0: none). fd is only asked, never used. 0, or
 * a Winsock error.
 */
uint32_t api_socket_find(struct negotiator *n, int fd, const struct endpoint *peer,
    struct api_socket_sa *out);

/*
 * The traffic that the socket will have when it connects to peer, with the address that the
 * host would send from, and the class of the socket: 0 if its traffic is not protected, or
 * stays on this host. 0, or a Winsock error.
 */
uint32_t api_socket_plan(struct negotiator *n, int fd, const struct endpoint *peer,
    uint32_t *class_id, struct flow *f);

/* Takes the descriptors of a message: the first in *fd, how many there were. */
size_t api_socket_take(struct msghdr *mh, int *fd);

/* Was the other end of this Unix socket in the group when it connected? */
bool api_socket_is_in_group(int fd, gid_t group);

/* SO_COOKIE; 0: it has none. */
uint64_t api_socket_cookie(int fd);

#endif
