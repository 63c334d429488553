/* Securing an application's socket. */
#define _GNU_SOURCE
#include "daemon/secure_socket.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "daemon/gate.h"

#define WSAEINVAL 10022
#define WSAENOTSOCK 10038
#define WSAEAFNOSUPPORT 10047
#define WSAEOPNOTSUPP 10045
#define WSAENOBUFS 10055
#define WSAEISCONN 10056

static bool
get_int(int fd, int level, int name, int *value)
{
	socklen_t n = sizeof(*value);

	return getsockopt(fd, level, name, value, &n) == 0;
}

static bool
set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* IPv4/IPv6 TCP or UDP, and nothing that only looks like it. */
static uint32_t
check_kind(int fd, struct secure_socket_result *out)
{
	int domain, type, protocol;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
		return WSAENOTSOCK;
	if (!get_int(fd, SOL_SOCKET, SO_DOMAIN, &domain) ||
	    !get_int(fd, SOL_SOCKET, SO_TYPE, &type) ||
	    !get_int(fd, SOL_SOCKET, SO_PROTOCOL, &protocol) ||
	    (domain != AF_INET && domain != AF_INET6))
		return WSAEAFNOSUPPORT;
	if (!(type == SOCK_STREAM && protocol == IPPROTO_TCP) &&
	    !(type == SOCK_DGRAM && protocol == IPPROTO_UDP))
		return WSAEAFNOSUPPORT;
	out->family = domain == AF_INET ? 4 : 6;
	out->protocol = (uint8_t)protocol;
	return 0;
}

/* Neither connected nor bound nor listening; the port will be its own. */
static uint32_t
check_state(int fd, const struct secure_socket_result *s)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	struct tcp_info info;
	in_port_t port;
	int value;

	if (getpeername(fd, (struct sockaddr *)&a, &n) == 0)
		return WSAEISCONN;
	n = sizeof(info);
	if (s->protocol == IPPROTO_TCP) {
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
			return WSAEINVAL;
		if (info.tcpi_state != TCP_CLOSE)
			return info.tcpi_state == TCP_LISTEN ? WSAEINVAL : WSAEISCONN;
	}
	n = sizeof(a);
	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return WSAEINVAL;
	port = s->family == 4 ? ((struct sockaddr_in *)&a)->sin_port :
				((struct sockaddr_in6 *)&a)->sin6_port;
	if (port != 0)
		return WSAEINVAL;
	if (!get_int(fd, SOL_SOCKET, SO_REUSEADDR, &value) || value != 0 ||
	    !get_int(fd, SOL_SOCKET, SO_REUSEPORT, &value) || value != 0)
		return WSAEINVAL;
	return 0;
}

/* The socket's network namespace must be the one that this daemon serves. */
static bool
same_namespace(int fd)
{
	struct stat theirs, ours;
	int ns = ioctl(fd, SIOCGSKNS);
	bool same;

	if (ns < 0)
		return false;
	same = fstat(ns, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
	    theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
	close(ns);
	return same;
}

/* IP_XFRM_POLICY is not in every libc. */
#define SOCKET_POLICY_4 17
#define SOCKET_POLICY_6 35

bool
secure_socket_policy(int fd, uint8_t family, const void *policy, size_t n)
{
	return setsockopt(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6,
		   family == 4 ? SOCKET_POLICY_4 : SOCKET_POLICY_6, n > 0 ? policy : NULL,
		   (socklen_t)n) == 0;
}

/* Of the device; or of the family that the policy is for. */
static bool
has_filter(const struct secure_gate *g, const struct secure_socket_result *s)
{
	return g->ifindex != 0 || (g->policy_n > 0 && s->family == 6);
}

static bool
set_gate(int fd, const struct secure_gate *g, const struct secure_socket_result *s)
{
	if (has_filter(g, s) &&
	    !(g->ifindex != 0 ? gate_attach(fd, g->ifindex) : gate_attach_ipv6(fd)))
		return false;
	return g->policy_n == 0 ||
	    secure_socket_policy(fd, s->family, s->family == 4 ? g->policy : g->policy6,
		g->policy_n);
}

static uint32_t
apply(int fd, const struct secure_gate *g, uint32_t mark, const struct secure_socket_result *s)
{
	uint32_t err;

	if (!set_int(fd, SOL_SOCKET, SO_MARK, (int)mark) || !set_gate(fd, g, s))
		return WSAENOBUFS;
	if (s->family == 6 && !set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return WSAEINVAL;
	/* The owner may have acted in between: then nothing is promised. */
	if ((err = check_state(fd, s)) != 0)
		return err;
	return !has_filter(g, s) || set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 1) ? 0 : WSAENOBUFS;
}

/* What apply() did, as far as the owner's own doing allows. */
static void
undo(int fd, const struct secure_gate *g, int old_mark, int old_v6only,
    const struct secure_socket_result *s)
{
	int none = 0;

	if (has_filter(g, s))
		(void)setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
	if (g->policy_n > 0)
		(void)secure_socket_policy(fd, s->family, NULL, 0);
	(void)set_int(fd, SOL_SOCKET, SO_MARK, old_mark);
	if (s->family == 6)
		(void)set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, old_v6only);
}

uint32_t
secure_socket(int fd, const struct secure_gate *gate, struct secure_socket_result *out)
{
	socklen_t n = sizeof(out->cookie);
	int old_mark, locked, old_v6only = 0;
	uint32_t err;

	if ((err = check_kind(fd, out)) != 0 || (err = check_state(fd, out)) != 0)
		return err;
	if (!same_namespace(fd))
		return WSAEINVAL;
	if (!get_int(fd, SOL_SOCKET, SO_MARK, &old_mark) ||
	    !get_int(fd, SOL_SOCKET, SO_LOCK_FILTER, &locked) ||
	    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &out->cookie, &n) != 0 ||
	    (out->family == 6 && !get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, &old_v6only)))
		return WSAENOBUFS;
	if (((uint32_t)old_mark & gate->mask) != 0 || locked != 0)
		return WSAEINVAL; /* already secured */
	err = apply(fd, gate, ((uint32_t)old_mark & ~gate->mask) | gate->mark, out);
	if (err != 0)
		undo(fd, gate, old_mark, old_v6only, out);
	return err;
}

/* A peer that is there already has proved what it has proved. */
static bool
is_connected(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	return getpeername(fd, (struct sockaddr *)&a, &n) == 0;
}

static bool
move_gate(int fd, const struct secure_gate *to, const struct secure_socket_result *s)
{
	if (to->policy_n > 0)
		return secure_socket_policy(fd, s->family,
		    s->family == 4 ? to->policy : to->policy6, to->policy_n);
	return to->ifindex == 0 || gate_move(s->cookie, to->ifindex);
}

uint32_t
secure_socket_move(int fd, const struct secure_gate *from, const struct secure_gate *to,
    struct secure_socket_result *out)
{
	socklen_t n = sizeof(out->cookie);
	uint32_t err, mark;
	int old_mark;

	if ((err = check_kind(fd, out)) != 0)
		return err;
	if (!same_namespace(fd) || !get_int(fd, SOL_SOCKET, SO_MARK, &old_mark) ||
	    ((uint32_t)old_mark & from->mask) != from->mark ||
	    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &out->cookie, &n) != 0)
		return WSAEINVAL;
	if (is_connected(fd))
		return WSAEISCONN;
	/* Between the two steps packets go the new way and come the old one: not in clear. */
	mark = ((uint32_t)old_mark & ~to->mask) | to->mark;
	if (!set_int(fd, SOL_SOCKET, SO_MARK, (int)mark))
		return WSAENOBUFS;
	if (move_gate(fd, to, out) && !is_connected(fd))
		return 0;
	(void)move_gate(fd, from, out);
	(void)set_int(fd, SOL_SOCKET, SO_MARK, old_mark);
	return is_connected(fd) ? WSAEISCONN : WSAEOPNOTSUPP;
}
