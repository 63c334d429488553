/* Socket options as Winsock has them. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

#include "winsock/error_map.h"
#include "winsock/shim.h"
#include "winsock/socket_fact.h"
#include "winsock2.h"

static bool
is_timeout(int level, int option)
{
	return level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO);
}

/* Windows gives milliseconds in a DWORD, Linux a struct timeval: the length tells. */
static int
set_timeout(int s, int option, const void *value)
{
	struct timeval t;
	uint32_t ms;

	memcpy(&ms, value, sizeof(ms));
	t.tv_sec = ms / 1000;
	t.tv_usec = ms % 1000 * 1000;
	return setsockopt(s, SOL_SOCKET, option, &t, sizeof(t));
}

static int
get_timeout(int s, int option, void *value)
{
	struct timeval t;
	socklen_t n = sizeof(t);
	uint64_t ms;
	uint32_t short_ms;

	if (getsockopt(s, SOL_SOCKET, option, &t, &n) != 0)
		return -1;
	ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_usec / 1000;
	short_ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
	memcpy(value, &short_ms, sizeof(short_ms));
	return 0;
}

/* SO_EXCLUSIVEADDRUSE: what Linux does anyway as long as SO_REUSEADDR is off. */
static int
set_exclusive(int s, const void *value, socklen_t n)
{
	int on, off = 0;

	if (value == NULL || n < sizeof(on)) {
		errno = EFAULT;
		return -1;
	}
	memcpy(&on, value, sizeof(on));
	return on == 0 ? 0 : setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off));
}

static int
get_exclusive(int s, void *value)
{
	int reuse;
	socklen_t n = sizeof(reuse);

	if (getsockopt(s, SOL_SOCKET, SO_REUSEADDR, &reuse, &n) != 0)
		return -1;
	reuse = !reuse;
	memcpy(value, &reuse, sizeof(reuse));
	return 0;
}

static int
set_dont_linger(int s)
{
	struct linger off = { .l_onoff = 0 };

	return setsockopt(s, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
}

/* The port of a secured socket is its own: WSASetSocketSecurity(3). */
static bool
would_share_port(int s, int level, int option)
{
	return level == SOL_SOCKET &&
	       (option == SO_REUSEADDR || option == SO_REUSEPORT) &&
	       socket_fact_has(s, SOCKET_SECURED);
}

/* On Windows one option is both: to be told, and (a structure here) what to send with. */
static int
linux_option(int level, int option, socklen_t n)
{
	return level == IPPROTO_IPV6 && option == IPV6_PKTINFO && n == sizeof(int) ?
		   IPV6_RECVPKTINFO :
		   option;
}

int
winsock_setsockopt(int s, int level, int option, const void *value, socklen_t n)
{
	int rc;

	if (would_share_port(s, level, option)) {
		errno = EINVAL;
		rc = -1;
	} else if (is_timeout(level, option) && value != NULL &&
		   n == sizeof(uint32_t)) {
		rc = set_timeout(s, option, value);
	} else if (level == SOL_SOCKET && option == SO_EXCLUSIVEADDRUSE) {
		rc = set_exclusive(s, value, n);
	} else if (level == SOL_SOCKET && option == SO_DONTLINGER) {
		rc = set_dont_linger(s);
	} else if (level == SOL_SOCKET && (option == SO_UPDATE_ACCEPT_CONTEXT ||
					      option == SO_UPDATE_CONNECT_CONTEXT)) {
		rc = 0;
	} else {
		rc = setsockopt(s, level, linux_option(level, option, n), value, n);
	}
	return rc == 0 ? 0 : error_fail(ERROR_CALL_OTHER, s, 0);
}

/* SO_ERROR has numbers of Winsock. */
static int
get_error(int s, void *value, socklen_t *n)
{
	int error;

	if (getsockopt(s, SOL_SOCKET, SO_ERROR, value, n) != 0)
		return -1;
	memcpy(&error, value, sizeof(error));
	if (error != 0)
		error = error_of_call(ERROR_CALL_OTHER, s, 0, error);
	memcpy(value, &error, sizeof(error));
	return 0;
}

int
winsock_getsockopt(int s, int level, int option, void *value, socklen_t *n)
{
	bool has_room = value != NULL && n != NULL && *n >= sizeof(int);
	int rc;

	if (is_timeout(level, option) && has_room && *n == sizeof(uint32_t))
		rc = get_timeout(s, option, value);
	else if (level == SOL_SOCKET && option == SO_EXCLUSIVEADDRUSE && has_room)
		rc = get_exclusive(s, value);
	else if (level == SOL_SOCKET && option == SO_ERROR && has_room)
		rc = get_error(s, value, n);
	else
		rc = getsockopt(s, level,
		    linux_option(level, option, has_room ? *n : 0), value, n);
	return rc == 0 ? 0 : error_fail(ERROR_CALL_OTHER, s, 0);
}
