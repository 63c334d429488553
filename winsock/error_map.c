/* Errors of Linux as numbers of Winsock. */
#include "winsock/error_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>

#include "winsock/socket_fact.h"
#include "winsock2.h"

/* E(errno, Winsock); first match wins where Linux has two names for a number. */
#define ERRORS(E)                              \
	E(EINTR, WSAEINTR)                     \
	E(EBADF, WSAENOTSOCK)                  \
	E(ENOTSOCK, WSAENOTSOCK)               \
	E(EACCES, WSAEACCES)                   \
	E(EPERM, WSAEACCES)                    \
	E(EFAULT, WSAEFAULT)                   \
	E(EINVAL, WSAEINVAL)                   \
	E(EMFILE, WSAEMFILE)                   \
	E(ENFILE, WSAEMFILE)                   \
	E(EAGAIN, WSAEWOULDBLOCK)              \
	E(EINPROGRESS, WSAEINPROGRESS)         \
	E(EALREADY, WSAEALREADY)               \
	E(EDESTADDRREQ, WSAEDESTADDRREQ)       \
	E(EMSGSIZE, WSAEMSGSIZE)               \
	E(EPROTOTYPE, WSAEPROTOTYPE)           \
	E(ENOPROTOOPT, WSAENOPROTOOPT)         \
	E(EPROTONOSUPPORT, WSAEPROTONOSUPPORT) \
	E(ESOCKTNOSUPPORT, WSAESOCKTNOSUPPORT) \
	E(EOPNOTSUPP, WSAEOPNOTSUPP)           \
	E(EPFNOSUPPORT, WSAEPFNOSUPPORT)       \
	E(EAFNOSUPPORT, WSAEAFNOSUPPORT)       \
	E(EADDRINUSE, WSAEADDRINUSE)           \
	E(EADDRNOTAVAIL, WSAEADDRNOTAVAIL)     \
	E(ENODEV, WSAEADDRNOTAVAIL)            \
	E(ENETDOWN, WSAENETDOWN)               \
	E(ENETUNREACH, WSAENETUNREACH)         \
	E(ENETRESET, WSAENETRESET)             \
	E(ECONNABORTED, WSAECONNABORTED)       \
	E(ECONNRESET, WSAECONNRESET)           \
	E(ENOBUFS, WSAENOBUFS)                 \
	E(ENOMEM, WSAENOBUFS)                  \
	E(EISCONN, WSAEISCONN)                 \
	E(ENOTCONN, WSAENOTCONN)               \
	E(ESHUTDOWN, WSAESHUTDOWN)             \
	E(EPIPE, WSAECONNABORTED)              \
	E(ETIMEDOUT, WSAETIMEDOUT)             \
	E(ECONNREFUSED, WSAECONNREFUSED)       \
	E(EHOSTUNREACH, WSAEHOSTUNREACH)       \
	E(EHOSTDOWN, WSAEHOSTUNREACH)          \
	E(EPROTO, WSAECONNABORTED)

static const struct {
	int number, winsock;
} rows[] = {
#define ERROR_ROW(n, w) { n, w },
	ERRORS(ERROR_ROW)
};

int
error_to_errno(int winsock_error)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].winsock == winsock_error)
			return rows[i].number;
	return EIO;
}

int
error_from_errno(int number)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].number == number)
			return rows[i].winsock;
	return WSASYSCALLFAILURE;
}

static bool
is_blocking(int fd, int flags)
{
	int status = fcntl(fd, F_GETFL);

	return (flags & MSG_DONTWAIT) == 0 && status != -1 &&
	       (status & O_NONBLOCK) == 0;
}

static bool
is_datagram(int fd)
{
	int type = 0;
	socklen_t n = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_DGRAM;
}

/* flags: MSG_ of the call. */
int
error_of_call(enum error_call call, int fd, int flags, int number)
{
	bool transfers = call == ERROR_CALL_SEND || call == ERROR_CALL_RECEIVE;

	/* SO_RCVTIMEO and SO_SNDTIMEO, or a kernel that has no SA: never shown as such. */
	if ((transfers || call == ERROR_CALL_CONNECT) &&
	    (number == EAGAIN || number == EINPROGRESS) && is_blocking(fd, flags))
		return WSAETIMEDOUT;
	if (call == ERROR_CALL_CONNECT && number == EINPROGRESS)
		return WSAEWOULDBLOCK;
	if (number == EPIPE && socket_fact_has(fd, SOCKET_SHUT_BY_US))
		return WSAESHUTDOWN;
	/* ICMP port unreachable for an earlier datagram. */
	if (transfers && number == ECONNREFUSED && is_datagram(fd))
		return WSAECONNRESET;
	return error_from_errno(number);
}

int
error_set(int winsock_error)
{
	WSASetLastError(winsock_error);
	return SOCKET_ERROR;
}

int
error_fail(enum error_call call, int fd, int flags)
{
	int saved = errno;

	WSASetLastError(error_of_call(call, fd, flags, saved));
	errno = saved;
	return SOCKET_ERROR;
}
