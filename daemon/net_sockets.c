/* The sockets that need privilege to open. */
#define _GNU_SOURCE
#include "daemon/net_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)

static int
fail(int fd, const char *what)
{
	int saved = errno;

	log_error("net", "cannot open %s: %s", what, strerror(saved));
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static bool
set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static void
set_buffers(int fd)
{
	/* As much as we may; without the privilege the system's limit counts. */
	if (!set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER_BYTES))
		(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER_BYTES);
	if (!set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER_BYTES))
		(void)set_int(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER_BYTES);
}

int
net_socket_udp(int family, uint16_t port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr *a = family == AF_INET ? (const struct sockaddr *)&a4 :
						       (const struct sockaddr *)&a6;
	socklen_t n = family == AF_INET ? sizeof(a4) : sizeof(a6);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ok;

	if (fd < 0)
		return fail(fd, family == AF_INET ? "UDP socket" : "UDP socket (IPv6)");
	if (family == AF_INET)
		ok = set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
	else
		ok = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
		    set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set_buffers(fd);
	if (ok && bind(fd, a, n) == 0)
		return fd;
	if (errno == EADDRINUSE)
		log_error("net",
		    "UDP port %u is in use: another IKE daemon (strongSwan, libreswan, authipd) "
		    "runs here; stop it first",
		    port);
	return fail(fd, "UDP port for IKE");
}

bool
net_socket_decapsulate(int fd)
{
	return set_int(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
}

int
net_socket_raw_in(int family, int protocol)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return fail(fd, "raw socket for ESP and AH");
	/* Without RECVERR the kernel ignores what routers say about the path MTU. */
	if (family == AF_INET6 &&
	    (!set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1) ||
		!set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) ||
		!set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) ||
		!set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)))
		return fail(fd, "raw IPv6 socket");
	set_buffers(fd);
	return fd;
}

int
net_socket_raw_out(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);

	if (fd < 0)
		return fail(fd, "raw socket for sending");
	if (family == AF_INET6 && !set_int(fd, IPPROTO_IPV6, IPV6_HDRINCL, 1))
		return fail(fd, "raw IPv6 socket for sending");
	set_buffers(fd);
	return fd;
}

int
net_socket_diag_destroy(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

	for (int g = SKNLGRP_INET_TCP_DESTROY; g <= SKNLGRP_INET6_UDP_DESTROY; g++)
		a.nl_groups |= 1u << (g - 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		return fail(fd, "netlink socket for socket ends");
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER_BYTES);
	return fd;
}

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define INSN(code, k) { code, 0, 0, k }
#define JUMP(code, k, t, f) { code, t, f, k }
#define LOAD_AD(field) INSN(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + (field)))

bool
net_socket_packet_skip(int fd, const uint32_t *skip, size_t n_skip)
{
	static const struct sock_filter head[] = {
		LOAD_AD(SKF_AD_PKTTYPE),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 1, 0),
		INSN(BPF_RET | BPF_K, 0),
		LOAD_AD(SKF_AD_IFINDEX),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
		INSN(BPF_RET | BPF_K, 0),
	};
	/* Jump offsets count instructions; the last two are "drop" and "keep". */
	static const struct sock_filter tail[] = {
		LOAD_AD(SKF_AD_PROTOCOL),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 3),
		INSN(BPF_LD | BPF_B | BPF_ABS, 9),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 6, 0),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 5, 4),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 3),
		INSN(BPF_LD | BPF_B | BPF_ABS, 6),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 2, 0),
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
		INSN(BPF_RET | BPF_K, 0),
		INSN(BPF_RET | BPF_K, 65535),
	};
	static struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog prog = { 0, code };
	size_t n = COUNT_OF(head);

	if (COUNT_OF(head) + 2 * n_skip + COUNT_OF(tail) > BPF_MAXINSNS)
		return false;
	memcpy(code, head, sizeof(head));
	for (size_t i = 0; i < n_skip; i++) {
		code[n++] = (struct sock_filter)JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, skip[i], 0, 1);
		code[n++] = (struct sock_filter)INSN(BPF_RET | BPF_K, 0);
	}
	memcpy(code + n, tail, sizeof(tail));
	prog.len = (unsigned short)(n + COUNT_OF(tail));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

int
net_socket_packet(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || !net_socket_packet_skip(fd, NULL, 0) ||
	    !set_int(fd, SOL_PACKET, PACKET_AUXDATA, 1))
		return fail(fd, "packet socket");
	set_buffers(fd);
	return fd; /* hears nothing until its role binds it to a protocol */
}

int
net_socket_listen(const char *dir, const char *name, int type, mode_t mode)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", dir, name);
	(void)unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    chmod(a.sun_path, mode) != 0 || listen(fd, 128) != 0)
		return fail(fd, a.sun_path);
	return fd;
}
