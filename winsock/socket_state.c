/*
 * Kind and state of the application's socket. The daemon checks all of it again on its
 * copy: this is for the right error, not for security.
 */
#include "winsock/socket_state.h"

#include <errno.h>
#include <string.h>

#include "winsock2.h"

static bool
option_get(int fd, int level, int option, int *value)
{
	socklen_t n = sizeof(*value);

	*value = 0;
	return getsockopt(fd, level, option, value, &n) == 0;
}

uint64_t
socket_state_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

/*
 * 0 if fd is a TCP or UDP socket of IPv4 or IPv6. WSAENOTSOCK if it is not open or no
 * socket, WSAEINVAL for another socket (also MPTCP, UDP-Lite and raw).
 */
int
socket_check_kind(int fd)
{
	int domain, type, protocol;

	if (!option_get(fd, SOL_SOCKET, SO_DOMAIN, &domain))
		return errno == EBADF || errno == ENOTSOCK ? WSAENOTSOCK : WSAEINVAL;
	if (!option_get(fd, SOL_SOCKET, SO_TYPE, &type) ||
	    !option_get(fd, SOL_SOCKET, SO_PROTOCOL, &protocol))
		return WSAEINVAL;
	if (domain != AF_INET && domain != AF_INET6)
		return WSAEINVAL;
	if (type == SOCK_STREAM && protocol == IPPROTO_TCP)
		return 0;
	if (type == SOCK_DGRAM && protocol == IPPROTO_UDP)
		return 0;
	return WSAEINVAL;
}

/* Of a socket that socket_check_kind() liked. */
bool
socket_is_tcp(int fd)
{
	int type;

	return option_get(fd, SOL_SOCKET, SO_TYPE, &type) && type == SOCK_STREAM;
}

/* 0, or WSAEAFNOSUPPORT if the family of this address is not that of the socket. */
int
socket_check_family(int fd, const struct sockaddr *peer)
{
	int domain;

	return option_get(fd, SOL_SOCKET, SO_DOMAIN, &domain) && peer->sa_family == domain ?
		   0 :
		   WSAEAFNOSUPPORT;
}

/*
 * A peer that a caller names. 0; WSAEAFNOSUPPORT if its family is not that of the socket;
 * WSAEINVAL if it has neither address nor port.
 */
int
socket_check_peer(int fd, const struct sockaddr *peer)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)(const void *)peer;

	if (socket_check_family(fd, peer) != 0)
		return WSAEAFNOSUPPORT;
	if (peer->sa_family == AF_INET)
		return in->sin_port == 0 || in->sin_addr.s_addr == INADDR_ANY ?
			   WSAEINVAL :
			   0;
	return in6->sin6_port == 0 || IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) ?
		   WSAEINVAL :
		   0;
}

bool
socket_is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &n) == 0;
}

/* Has a local port or address: after bind, listen, or the start of a connect. */
static bool
is_bound(int fd)
{
	struct sockaddr_storage local;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&local;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&local;
	socklen_t n = sizeof(local);

	memset(&local, 0, sizeof(local));
	if (getsockname(fd, (struct sockaddr *)&local, &n) != 0)
		return true;
	if (local.ss_family == AF_INET6)
		return in6->sin6_port != 0 || !IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
	return in->sin_port != 0 || in->sin_addr.s_addr != INADDR_ANY;
}

/*
 * 0 if the socket may still be secured. WSAEISCONN if it is connected; WSAEINVAL if it is
 * bound, or if others may bind its port (SO_REUSEADDR, SO_REUSEPORT): a secured port is
 * exclusive, like with SO_EXCLUSIVEADDRUSE on Windows.
 */
int
socket_check_fresh(int fd)
{
	int address, port;

	if (socket_is_connected(fd))
		return WSAEISCONN;
	if (is_bound(fd))
		return WSAEINVAL;
	if (!option_get(fd, SOL_SOCKET, SO_REUSEADDR, &address) ||
	    !option_get(fd, SOL_SOCKET, SO_REUSEPORT, &port))
		return WSAEINVAL;
	return address != 0 || port != 0 ? WSAEINVAL : 0;
}

/*
 * Confines an IPv6 socket to IPv6 (the default of Windows, not of Linux): a mapped IPv4
 * address would bypass the policy of its family. changed: whether it was not so before.
 * 0 or WSAEINVAL.
 */
int
socket_ipv6_only(int fd, bool *changed)
{
	int domain, only, on = 1;

	*changed = false;
	if (!option_get(fd, SOL_SOCKET, SO_DOMAIN, &domain))
		return WSAEINVAL;
	if (domain != AF_INET6)
		return 0;
	if (!option_get(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only))
		return WSAEINVAL;
	if (only != 0)
		return 0;
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return WSAEINVAL;
	*changed = true;
	return 0;
}

/* Undoes socket_ipv6_only. */
void
socket_ipv6_dual(int fd)
{
	int off = 0;

	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
}
