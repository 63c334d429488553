/* Acting as a peer. */
#ifndef AUTHIPD_WINSOCK_IMPERSONATE_H
#define AUTHIPD_WINSOCK_IMPERSONATE_H

#include "winsock/wire.h"

/* The thread becomes the account of this peer. 0 or the error of Winsock. */
int impersonate_identity(const struct aip_api_identity_reply *id);

#endif
