/* Control data of a datagram to send. */
#ifndef AUTHIPD_WINSOCK_CONTROL_H
#define AUTHIPD_WINSOCK_CONTROL_H

#include <stdbool.h>
#include <sys/socket.h>

#include "winsock2.h"

/* Much more than addresses, time to live and the like. */
#define CONTROL_MAX_BYTES 1024

union control {
	struct cmsghdr align;
	unsigned char bytes[CONTROL_MAX_BYTES];
};

/* What Windows has there as Linux wants it, in c, for m. False: it is too long. */
bool control_to_send(union control *c, const WSABUF *from, struct msghdr *m);

#endif
