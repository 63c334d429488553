/*
 * Target names of sockets that are not secured yet: kept here until WSASetSocketSecurity, which
 * hands them to the daemon.
 */
#ifndef AUTHIPD_WINSOCK_EARLY_NAME_H
#define AUTHIPD_WINSOCK_EARLY_NAME_H

#include "winsock/wire.h"

/*
 * Keeps the name of this peer, instead of an earlier one; an empty name forgets it. 0, or
 * WSAENOBUFS: too many are kept.
 */
int early_name_keep(int fd, const struct aip_api_target *name);
/* Takes one of the names of this socket off the list; 0: there is none. */
int early_name_take(int fd, struct aip_api_target *out);

#endif
