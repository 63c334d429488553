/* A connection to the daemon: requests, answers, and the time that they may take. */
#include "config.h"

#include "winsock/connection.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "winsock/lock.h"
#include "winsock/socket_state.h"
#include "winsock/wire.h"
#include "winsock2.h"

#define LIBRARY_VERSION (0u << 16 | 1u)
#define BODY_MAX 2048 /* no body that the library knows is longer */

int connection_timeout_ms = 10000;

/*
 * Those that are open, for a forked child. Not on the stacks of their callers: a handler may
 * jump out of a call.
 */
#define MOST_NOTED 256
static struct {
	uint64_t cookie; /* 0: unused */
	int fd;
} noted[MOST_NOTED]; /* under the lock */

struct message {
	struct aip_api_header header;
	uint8_t body[BODY_MAX];
};
_Static_assert(sizeof(struct message) == sizeof(struct aip_api_header) + BODY_MAX,
    "a message has no padding");

/*
 * Everything that is not the caller's own shortage or lack of right means that there is no
 * working daemon.
 */
static int
error_from_errno(int number)
{
	switch (number) {
	case EBADF:
		return WSAENOTSOCK;
	case EACCES:
	case EPERM:
		return WSAEACCES;
	case EMFILE:
	case ENFILE:
		return WSAEMFILE;
	case ENOMEM:
	case ENOBUFS:
	case ETOOMANYREFS:
		return WSAENOBUFS;
	default:
		return WSAENETDOWN;
	}
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A descriptor that was closed behind our back is somebody else's, or nobody's. */
static bool
is_ours(const struct connection *c)
{
	return c->fd != -1 && socket_state_cookie(c->fd) == c->cookie;
}

/* Under the lock. Beyond the most it stays in a child, and nothing else. */
static void
renote(uint64_t was, uint64_t is, int fd)
{
	for (int i = 0; i < MOST_NOTED; i++)
		if (noted[i].cookie == was) {
			noted[i].cookie = is;
			noted[i].fd = fd;
			return;
		}
}

/* The next call may take what is left of the time. option: SO_SNDTIMEO or SO_RCVTIMEO. */
static bool
limit_time(const struct connection *c, int option)
{
	int64_t left = c->deadline_ms - now_ms();
	struct timeval t = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };

	if (left <= 0) {
		errno = ETIMEDOUT;
		return false;
	}
	if (!is_ours(c)) {
		errno = ENOTCONN;
		return false;
	}
	return setsockopt(c->fd, SOL_SOCKET, option, &t, sizeof(t)) == 0;
}

/* A set-uid program does not let its caller choose the daemon. */
static bool
daemon_address(struct sockaddr_un *address)
{
	const char *dir = secure_getenv("AUTHIPD_RUN_DIR");
	int n;

	if (dir == NULL || dir[0] == '\0')
		dir = AUTHIPD_RUNDIR;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	n = snprintf(
	    address->sun_path, sizeof(address->sun_path), "%s/" AIP_API_SOCKET, dir);
	return n > 0 && (size_t)n < sizeof(address->sun_path);
}

static struct sockaddr_un fixed; /* sun_family 0: it is not */

void
winsock_fix_daemon(void)
{
	if (!daemon_address(&fixed))
		fixed.sun_family = 0;
}

/* Not 0, 1 or 2: a program that closed these may print there all the same. */
static int
open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), higher;

	if (fd == -1 || fd > STDERR_FILENO)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(fd);
	return higher;
}

static int
connect_daemon(struct connection *c)
{
	struct sockaddr_un address;
	struct lock_before before;
	int rc;

	if (fixed.sun_family != 0)
		address = fixed;
	else if (!daemon_address(&address))
		return WSAENETDOWN;
	lock_take(&before);
	c->fd = open_socket();
	if (c->fd != -1) {
		c->cookie = socket_state_cookie(c->fd);
		renote(0, c->cookie, c->fd);
	}
	lock_give(&before);
	if (c->fd == -1)
		return error_from_errno(errno);
	do {
		if (!limit_time(c, SO_SNDTIMEO))
			return WSAENETDOWN;
		rc = connect(c->fd, (const struct sockaddr *)&address, sizeof(address));
	} while (rc == -1 && errno == EINTR);
	return rc == -1 ? error_from_errno(errno) : 0;
}

static void
attach_descriptor(struct msghdr *m, struct cmsghdr *control, size_t control_n, int fd)
{
	memset(control, 0, control_n);
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	m->msg_control = control;
	m->msg_controllen = control_n;
}

/* fd: -1 or a descriptor to pass. 0 or WSAE...; then nothing was sent. */
static int
send_parts(struct connection *c, struct iovec *iov, size_t n_iov, int fd)
{
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n_iov };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	ssize_t sent;

	if (fd != -1)
		attach_descriptor(&m, &control.header, sizeof(control), fd);
	do {
		if (!limit_time(c, SO_SNDTIMEO))
			return WSAENETDOWN;
		sent = sendmsg(c->fd, &m, MSG_NOSIGNAL);
	} while (sent == -1 && errno == EINTR);
	return sent == -1 ? error_from_errno(errno) : 0;
}

static int
send_message(struct connection *c, struct message *message, size_t n, int fd)
{
	struct iovec iov = { .iov_base = message, .iov_len = n };

	return send_parts(c, &iov, 1, fd);
}

/* Length of the answer, or -1: none in time, cut off, or with a descriptor. */
static ssize_t
receive_bytes(struct connection *c, void *p, size_t n)
{
	struct iovec iov = { .iov_base = p, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t got;

	do {
		if (!limit_time(c, SO_RCVTIMEO))
			return -1;
		got = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	} while (got == -1 && errno == EINTR);
	return (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? -1 : got;
}

static ssize_t
receive_message(struct connection *c, struct message *message)
{
	return receive_bytes(c, message, sizeof(*message));
}

static bool
is_answer(const struct aip_api_header *h, ssize_t got, uint16_t verb,
    uint32_t request_id, size_t body_n)
{
	size_t n = sizeof(*h) + body_n;

	return got == (ssize_t)n && le32toh(h->magic) == AIP_API_MAGIC &&
	       le16toh(h->verb) == verb && le16toh(h->flags) == AIP_API_REPLY &&
	       le32toh(h->request_id) == request_id && le32toh(h->length) == n;
}

/* Every answer begins with its error; a number that is none of Winsock is a broken one. */
static int
answer_error(const void *body)
{
	uint32_t error;

	memcpy(&error, body, sizeof(error));
	error = le32toh(error);
	if (error == 0 || (error >= 10000 && error < 12000))
		return (int)error;
	return WSAENETDOWN;
}

static void
fill_header(struct aip_api_header *h, uint16_t verb, uint32_t request_id, size_t n)
{
	h->magic = htole32(AIP_API_MAGIC);
	h->verb = htole16(verb);
	h->flags = 0;
	h->request_id = htole32(request_id);
	h->length = htole32((uint32_t)n);
}

/*
 * Sends a request and waits for its answer. body and reply are little-endian structures of
 * wire.h; fd is -1 or the descriptor to pass. Returns 0, the error that the daemon
 * answered, or: WSAENETDOWN if the daemon went away, took too long or answered nonsense;
 * WSAENOTSOCK, WSAENOBUFS for a descriptor that cannot be sent. c->in_doubt tells whether
 * the daemon may have obeyed although this failed.
 */
int
connection_ask(struct connection *c, uint16_t verb, const void *body, size_t body_n,
    int fd, void *reply, size_t reply_n)
{
	struct message m;
	size_t n = sizeof(m.header) + body_n;
	ssize_t got;
	int error;

	if (body_n > BODY_MAX || reply_n > BODY_MAX || reply_n < sizeof(uint32_t))
		return WSAENETDOWN;
	memset(&m, 0, sizeof(m));
	fill_header(&m.header, verb, ++c->request_id, n);
	memcpy(m.body, body, body_n);
	error = send_message(c, &m, n, fd);
	if (error != 0)
		return error;
	c->in_doubt = true;
	got = receive_message(c, &m);
	if (!is_answer(&m.header, got, verb, c->request_id, reply_n))
		return WSAENETDOWN;
	c->in_doubt = false;
	memcpy(reply, m.body, reply_n);
	return answer_error(m.body);
}

int
connection_tell(
    struct connection *c, uint16_t verb, const void *body, size_t body_n, int fd)
{
	struct message m;
	size_t n = sizeof(m.header) + body_n;

	if (body_n > BODY_MAX)
		return WSAENETDOWN;
	memset(&m, 0, sizeof(m));
	fill_header(&m.header, verb, ++c->request_id, n);
	memcpy(m.body, body, body_n);
	return send_message(c, &m, n, fd);
}

static int
hello(struct connection *c)
{
	struct aip_api_hello body = { .library_version = htole32(LIBRARY_VERSION) };
	struct aip_api_hello_reply reply;

	return connection_ask(
	    c, AIP_API_HELLO, &body, sizeof(body), -1, &reply, sizeof(reply));
}

/*
 * Connects to the daemon and greets it; the time for all that follows starts here. To be
 * closed also after a failure. 0 or: WSAENETDOWN without a daemon, WSAEACCES if the caller
 * may not use it, WSAEMFILE, WSAENOBUFS.
 */
int
connection_open(struct connection *c)
{
	int error;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->deadline_ms = now_ms() + connection_timeout_ms;
	error = connect_daemon(c);
	if (error == 0)
		error = hello(c);
	c->in_doubt = false; /* a greeting changes nothing */
	return error;
}

void
connection_renew(struct connection *c, uint32_t extra_ms)
{
	c->deadline_ms = now_ms() + connection_timeout_ms + extra_ms;
}

ssize_t
connection_ask_long(struct connection *c, uint16_t verb, const struct iovec body[2],
    uint8_t *whole)
{
	struct aip_api_header h;
	struct iovec iov[3] = { { &h, sizeof(h) }, body[0], body[1] };
	ssize_t got;

	fill_header(&h, verb, ++c->request_id,
	    sizeof(h) + body[0].iov_len + body[1].iov_len);
	if (send_parts(c, iov, 3, -1) != 0)
		return -1;
	got = receive_bytes(c, whole, AIP_API_MAX_BYTES);
	if (got < (ssize_t)sizeof(h))
		return -1;
	memcpy(&h, whole, sizeof(h));
	if (!is_answer(&h, got, verb, c->request_id, (size_t)got - sizeof(h)))
		return -1;
	return got - (ssize_t)sizeof(h);
}

void
connection_extend(struct connection *c, int timeout_ms)
{
	c->deadline_ms = now_ms() + timeout_ms;
}

bool
connection_is_late(const struct connection *c)
{
	return now_ms() >= c->deadline_ms;
}

void
connection_close(struct connection *c)
{
	struct lock_before before;

	lock_take(&before);
	if (is_ours(c))
		(void)close(c->fd);
	if (c->fd != -1)
		renote(c->cookie, 0, -1);
	c->fd = -1;
	lock_give(&before);
}

/* In a forked child: they are its parent's. */
static void
close_noted(void)
{
	for (int i = 0; i < MOST_NOTED; i++) {
		if (noted[i].cookie == 0)
			continue;
		if (socket_state_cookie(noted[i].fd) == noted[i].cookie)
			(void)close(noted[i].fd);
		noted[i].cookie = 0;
	}
}

__attribute__((constructor)) static void
watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, close_noted);
}
