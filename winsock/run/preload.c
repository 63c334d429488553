/*
 * Loaded into an unmodified program by authip-run: every TCP and UDP socket that the program
 * makes is secured before the program has it. A socket that cannot be secured is none, and so is
 * one of another transport, such as MPTCP, whose packets would be in clear.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "winsock/run/run.h"
#include "winsock/target.h"
#include "ws2tcpip.h"

/* What the program sees of an error of Winsock. */
static int
errno_of(int error)
{
	switch (error) {
	case WSAEACCES:
		return EACCES;
	case WSAEMFILE:
		return EMFILE;
	case WSAENOBUFS:
		return ENOBUFS;
	case WSAEAFNOSUPPORT:
		return EAFNOSUPPORT;
	default:
		return ENETDOWN;
	}
}

enum kind {
	KIND_SECURED,
	KIND_REFUSED, /* TCP and UDP in disguise, and other transports */
	KIND_OTHER,   /* not of IP, or not a transport: ping, raw sockets */
};

static enum kind
kind_of(int domain, int type, int protocol)
{
	type &= ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
	if ((domain != AF_INET && domain != AF_INET6) || type == SOCK_RAW ||
	    type == SOCK_PACKET || protocol == IPPROTO_ICMP ||
	    protocol == IPPROTO_ICMPV6)
		return KIND_OTHER;
	if ((type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP)) ||
	    (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP)))
		return KIND_SECURED;
	return KIND_REFUSED;
}

/* Clear text needs a word of the user: without any, or with another one, it is not allowed. */
static ULONG
security_flags(void)
{
	const char *mode = getenv(RUN_MODE_VARIABLE);

	if (mode != NULL && strcmp(mode, RUN_MODE_ENCRYPT) == 0)
		return SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	if (mode != NULL && strcmp(mode, RUN_MODE_INSECURE) == 0)
		return SOCKET_SETTINGS_ALLOW_INSECURE;
	return 0;
}

/* The name that every peer has to prove. */
static bool
name_peers(int fd)
{
	const char *peer = getenv(RUN_PEER_VARIABLE);
	int error = peer != NULL ? winsock_set_any_target(fd, peer) : 0;

	if (error != 0)
		WSASetLastError(error == WSAEINVAL ? WSAEACCES : error);
	return error == 0;
}

static bool
secure(int fd)
{
	SOCKET_SECURITY_SETTINGS settings = { SOCKET_SECURITY_PROTOCOL_DEFAULT,
		security_flags() };

	return WSASetSocketSecurity(fd, &settings, sizeof(settings), NULL, NULL) == 0 &&
	       name_peers(fd);
}

static int
native_socket(int domain, int type, int protocol)
{
	static int (*next)(int, int, int);

	if (next == NULL)
		next = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	if (next == NULL) {
		errno = ENOSYS;
		return -1;
	}
	return next(domain, type, protocol);
}

/* The program's socket(). */
int
socket(int domain, int type, int protocol)
{
	enum kind kind = kind_of(domain, type, protocol);
	int fd, error;

	if (kind == KIND_REFUSED) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	fd = native_socket(domain, type, protocol);
	if (fd == -1 || kind == KIND_OTHER || secure(fd))
		return fd;
	error = errno_of(WSAGetLastError());
	(void)close(fd);
	errno = error;
	return -1;
}
