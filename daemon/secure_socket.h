/*
 * The one privileged thing that is done to an application's socket: from then on the
 * kernel sends its packets into the TUN of its class, or by the IPsec policies of its mark,
 * and gives it nothing that did not come out of there (spec secure-sockets 6.3, 6.11).
 */
#ifndef AUTHIPD_DAEMON_SECURE_SOCKET_H
#define AUTHIPD_DAEMON_SECURE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secure_socket_result {
	uint64_t cookie;  /* SO_COOKIE */
	uint8_t family;	  /* 4 or 6 */
	uint8_t protocol; /* 6 or 17 */
};

/* What lets packets in. Neither a device nor a policy: everything. */
struct secure_gate {
	uint32_t mark; /* of the class; what else the mark has outside mask stays */
	uint32_t mask;
	uint32_t ifindex;   /* the TUN of the class; 0: none */
	const void *policy; /* value of IP_XFRM_POLICY and IPV6_XFRM_POLICY by family */
	const void *policy6;
	size_t policy_n; /* bytes of each; 0: none */
};

/*
 * fd: the application's descriptor, any kind of file; stays open. All or nothing. 0, or a
 * Winsock error: WSAENOTSOCK, WSAEAFNOSUPPORT (not IPv4/IPv6 stream or datagram),
 * WSAEISCONN, WSAEINVAL (bound, listening, already secured, SO_REUSEADDR/PORT, other
 * network namespace), WSAENOBUFS.
 */
uint32_t secure_socket(int fd, const struct secure_gate *gate,
    struct secure_socket_result *out);
/*
 * A secured socket that is not connected gets another class. WSAEISCONN, WSAEINVAL (not of the
 * class of from), WSAEOPNOTSUPP (this kernel moves no gates); then it is as it was.
 */
uint32_t secure_socket_move(int fd, const struct secure_gate *from,
    const struct secure_gate *to, struct secure_socket_result *out);
/* Sets the policy of a socket, or with n = 0 takes it away. */
bool secure_socket_policy(int fd, uint8_t family, const void *policy, size_t n);

#endif
