/* SOCK_PRECONNECT of the daemon. */
#include "winsock/preconnect.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "winsock/connection.h"
#include "winsock/lock.h"
#include "winsock/socket_state.h"
#include "winsock/wire.h"
#include "winsock2.h"

#define NEGOTIATION_MS 60000
#define PEERS 64
/* Much less than it takes an unused SA to end: what comes later asks again. */
#define PEER_KNOWN_S 30

/* Whom UDP sockets have sent to. */
struct peer {
	uint64_t cookie;	/* SO_COOKIE */
	int mark;		/* of the class: names of peers may change that */
	struct sockaddr_in6 to; /* or a sockaddr_in at its beginning */
};

static struct peer peers[PEERS];
static time_t asked[PEERS];
static unsigned next_peer;

/* 0: it is not secured. Only the daemon can set it, or who may do worse. */
static int
mark_of(int fd)
{
	int mark = 0;
	socklen_t n = sizeof(mark);

	return getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &n) == 0 ? mark : 0;
}

static bool
read_peer(const struct sockaddr *to, socklen_t n, struct aip_api_peer *out)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)to;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)to;

	memset(out, 0, sizeof(*out));
	if (to != NULL && n >= sizeof(*in) && to->sa_family == AF_INET) {
		out->family = htole16(4);
		out->port = in->sin_port;
		memcpy(out->address, &in->sin_addr, 4);
	} else if (to != NULL && n >= sizeof(*in6) && to->sa_family == AF_INET6) {
		out->family = htole16(6);
		out->port = in6->sin6_port;
		memcpy(out->address, &in6->sin6_addr, 16);
	} else {
		return false;
	}
	return out->port != 0;
}

static bool
is_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

static int
patience_ms(int fd)
{
	struct timeval t;
	socklen_t n = sizeof(t);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, &n) != 0 ||
	    (t.tv_sec == 0 && t.tv_usec == 0) || t.tv_sec >= NEGOTIATION_MS / 1000)
		return NEGOTIATION_MS;
	return (int)(t.tv_sec * 1000 + t.tv_usec / 1000);
}

static int
negotiate(struct connection *c, int fd, const struct aip_api_peer *peer)
{
	struct aip_api_preconnect body = { .peer = *peer };
	struct aip_api_preconnect_reply reply;
	int error = connection_open(c);

	if (error != 0)
		return error;
	if (!is_blocking(fd))
		return connection_tell(
		    c, AIP_API_SOCK_PRECONNECT, &body, sizeof(body), fd);
	connection_extend(c, patience_ms(fd));
	error = connection_ask(
	    c, AIP_API_SOCK_PRECONNECT, &body, sizeof(body), fd, &reply, sizeof(reply));
	if (error == WSAENETDOWN && connection_is_late(c))
		return WSAETIMEDOUT;
	return error;
}

int
socket_preconnect(int fd, const struct sockaddr *to, socklen_t n)
{
	int saved = errno, cancel, error;
	struct aip_api_peer peer;
	struct connection c;

	if (mark_of(fd) == 0 || !read_peer(to, n, &peer)) {
		errno = saved;
		return 0;
	}
	/* A thread that is cancelled in here would leave the connection open. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = negotiate(&c, fd, &peer);
	connection_close(&c);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return error;
}

/* ---- UDP ---- */

static time_t
now_s(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static bool
is_known(const struct peer *p)
{
	time_t now = now_s();
	bool found = false;
	struct lock_before before;

	lock_take(&before);
	for (unsigned i = 0; i < PEERS && !found; i++)
		found = peers[i].cookie == p->cookie && peers[i].mark == p->mark &&
			memcmp(&peers[i].to, &p->to, sizeof(p->to)) == 0 &&
			now - asked[i] < PEER_KNOWN_S;
	lock_give(&before);
	return found;
}

static void
remember(const struct peer *p)
{
	time_t now = now_s();
	struct lock_before before;

	lock_take(&before);
	asked[next_peer % PEERS] = now;
	peers[next_peer++ % PEERS] = *p;
	lock_give(&before);
}

int
socket_preconnect_once(int fd, const struct sockaddr *to, socklen_t n)
{
	struct peer p = { .cookie = 0 };
	int error;

	if (to == NULL || n > sizeof(p.to) || (p.mark = mark_of(fd)) == 0 ||
	    (p.cookie = socket_state_cookie(fd)) == 0)
		return 0;
	memcpy(&p.to, to, n);
	if (is_known(&p))
		return 0;
	error = socket_preconnect(fd, to, n);
	if (error == 0)
		remember(&p);
	return error;
}
