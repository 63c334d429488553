/*
 * The one privileged thing that is done to an application's socket: from then on the
 * kernel sends its packets into the TUN of its class, and gives it nothing that did not
 * come out of there (spec secure-sockets 6.3, 6.11).
 */
#ifndef AUTHIPD_DAEMON_SECURE_SOCKET_H
#define AUTHIPD_DAEMON_SECURE_SOCKET_H

#include <stdint.h>

struct secure_socket_result {
	uint64_t cookie;  /* SO_COOKIE */
	uint8_t family;	  /* 4 or 6 */
	uint8_t protocol; /* 6 or 17 */
};

/*
 * fd: the application's descriptor, any kind of file; stays open. mark, mask: of the
 * class; ifindex: of its TUN. All or nothing. 0, or a Winsock error: WSAENOTSOCK,
 * WSAEAFNOSUPPORT (not IPv4/IPv6 stream or datagram), WSAEISCONN, WSAEINVAL (bound,
 * listening, already secured, SO_REUSEADDR/PORT, other network namespace), WSAENOBUFS.
 */
uint32_t secure_socket(int fd, uint32_t mark, uint32_t mask, uint32_t ifindex,
    struct secure_socket_result *out);

#endif
