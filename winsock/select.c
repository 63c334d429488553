/* Waiting for sockets. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "winsock/error_map.h"
#include "winsock/shim.h"
#include "winsock2.h"

static bool
is_in(int fd, const fd_set *set)
{
	return set != NULL && FD_ISSET(fd, set);
}

static int
highest(const fd_set *a, const fd_set *b, const fd_set *c)
{
	int fd = FD_SETSIZE - 1;

	while (fd >= 0 && !is_in(fd, a) && !is_in(fd, b) && !is_in(fd, c))
		fd--;
	return fd;
}

/*
 * As on Windows: the number is not used, programs give anything; and the time stays what it is,
 * for the next round.
 */
int
winsock_select(
    int n, fd_set *readable, fd_set *writable, fd_set *errors, struct timeval *timeout)
{
	struct timeval left;

	if (timeout != NULL)
		left = *timeout;
	n = select(highest(readable, writable, errors) + 1, readable, writable, errors,
	    timeout != NULL ? &left : NULL);
	return n >= 0 ? n : error_fail(ERROR_CALL_OTHER, -1, 0);
}

/* timeout: ms; negative: for ever. Windows: WSAPoll (winsock2.h). */
int WSAAPI
WSAPoll(LPWSAPOLLFD fdArray, ULONG fds, INT timeout)
{
	int n;

	if (fdArray == NULL || fds == 0)
		return error_set(fdArray == NULL ? WSAEFAULT : WSAEINVAL);
	n = poll(fdArray, fds, timeout);
	return n >= 0 ? n : error_fail(ERROR_CALL_OTHER, -1, 0);
}
