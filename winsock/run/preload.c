/*
 * Loaded into an unmodified program by authip-run: every TCP and UDP socket that the program
 * makes is secured before the program has it. A socket that cannot be secured is none, and so is
 * one of another transport, such as MPTCP, whose packets would be in clear.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "winsock/connection.h"
#include "winsock/run/run.h"
#include "winsock/target.h"
#include "winsock/wire.h"
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

/*
 * What authip-run said, read before the program runs: programs change their environment, and
 * call socket() in handlers of signals.
 */
static struct {
	bool is_read;
	ULONG flags;
	bool has_peer;
	char peer[AIP_API_TARGET_BYTES + 1]; /* one too long is refused as such */
	int (*next)(int, int, int);
} run;

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

/* Or with the first socket, which may be that of another library. */
__attribute__((constructor)) static void
read_options(void)
{
	const char *peer = getenv(RUN_PEER_VARIABLE);

	if (run.is_read)
		return;
	run.flags = security_flags();
	run.has_peer = peer != NULL;
	if (peer != NULL)
		(void)snprintf(run.peer, sizeof(run.peer), "%s", peer);
	run.next = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	winsock_fix_daemon();
	run.is_read = true;
}

/* The name that every peer has to prove. */
static bool
name_peers(int fd)
{
	int error = run.has_peer ? winsock_set_any_target(fd, run.peer) : 0;

	if (error != 0)
		WSASetLastError(error == WSAEINVAL ? WSAEACCES : error);
	return error == 0;
}

static bool
secure(int fd)
{
	SOCKET_SECURITY_SETTINGS settings = { SOCKET_SECURITY_PROTOCOL_DEFAULT,
		run.flags };

	return WSASetSocketSecurity(fd, &settings, sizeof(settings), NULL, NULL) == 0 &&
	       name_peers(fd);
}

static int
native_socket(int domain, int type, int protocol)
{
	read_options();
	if (run.next == NULL) {
		errno = ENOSYS;
		return -1;
	}
	return run.next(domain, type, protocol);
}

static int
secured_socket(int domain, int type, int protocol)
{
	int fd = native_socket(domain, type, protocol), error;

	if (fd == -1 || secure(fd))
		return fd;
	error = errno_of(WSAGetLastError());
	(void)close(fd);
	errno = error;
	return -1;
}

/* The program's socket(), in which no thread is ever cancelled. */
int
socket(int domain, int type, int protocol)
{
	enum kind kind = kind_of(domain, type, protocol);
	int fd, cancel;

	if (kind == KIND_REFUSED) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	if (kind == KIND_OTHER)
		return native_socket(domain, type, protocol);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fd = secured_socket(domain, type, protocol);
	(void)pthread_setcancelstate(cancel, NULL);
	return fd;
}
