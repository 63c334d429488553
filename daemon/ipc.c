/* Channels between roles. */
#include "daemon/ipc.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"

#define IPC_QUEUE_MAX_BYTES (16 * 1024 * 1024)
#define IPC_QUEUE_BEHIND_BYTES (1024 * 1024)
#define IPC_MESSAGES_PER_EVENT 64

struct ipc_head {
	uint16_t type;
	uint16_t zero;
	uint32_t length; /* of the body */
};

struct ipc_frame {
	STAILQ_ENTRY(ipc_frame) next;
	int fd; /* owned, or -1 */
	size_t n;
	uint8_t b[];
};

struct ipc {
	int fd;
	struct event *read;
	struct event *write;
	ipc_handler *handler;
	ipc_closed *closed;
	void *ctx;
	bool dispatching;
	bool freed; /* by a handler: the memory goes when the dispatch is over */
	bool broken;
	bool is_paced;
	bool is_deaf; /* is_paced, and the other end is far behind */
	STAILQ_HEAD(, ipc_frame) queue;
	size_t queued_bytes;
	uint8_t buf[sizeof(struct ipc_head) + IPC_MAX_BYTES];
};

static void
ipc_release(struct ipc *ipc)
{
	struct ipc_frame *f;

	while ((f = STAILQ_FIRST(&ipc->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&ipc->queue, next);
		if (f->fd >= 0)
			close(f->fd);
		secret_wipe_bytes(f->b, f->n);
		free(f);
	}
	secret_wipe_bytes(ipc->buf, sizeof(ipc->buf));
	free(ipc);
}

void
ipc_free(struct ipc *ipc)
{
	if (ipc == NULL || ipc->freed)
		return;
	event_free(ipc->read);
	event_free(ipc->write);
	close(ipc->fd);
	ipc->freed = true;
	if (!ipc->dispatching)
		ipc_release(ipc);
}

/* ---- receiving ---- */

static int
ipc_take_fd(struct msghdr *mh)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(got));
			if (fd < 0)
				fd = got;
			else
				close(got);
		}
	}
	return fd;
}

/* 1: handled one, 0: nothing there, -1: the other end is gone or talks nonsense. */
static int
ipc_receive_one(struct ipc *ipc)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { ipc->buf, sizeof(ipc->buf) };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct ipc_head head;
	ssize_t n = recvmsg(ipc->fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int fd;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	fd = ipc_take_fd(&mh);
	if ((size_t)n < sizeof(head))
		goto bad;
	memcpy(&head, ipc->buf, sizeof(head));
	if (head.zero != 0 || head.length != (size_t)n - sizeof(head) ||
	    (mh.msg_flags & MSG_TRUNC) != 0)
		goto bad;
	ipc->handler(ipc->ctx, head.type, span_of(ipc->buf + sizeof(head), head.length), fd);
	return 1;
bad:
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
ipc_must_wait(const struct ipc *ipc)
{
	return ipc->is_paced && ipc_is_behind(ipc);
}

static void
ipc_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct ipc *ipc = ctx;
	int r = 1;

	(void)fd;
	(void)what;
	ipc->dispatching = true;
	for (int i = 0; i < IPC_MESSAGES_PER_EVENT && r > 0 && !ipc->freed &&
			!ipc_must_wait(ipc);
	     i++)
		r = ipc_receive_one(ipc);
	if (!ipc->freed && (r < 0 || ipc->broken)) {
		event_del(ipc->read);
		ipc->closed(ipc->ctx);
	} else if (!ipc->freed && ipc_must_wait(ipc)) {
		event_del(ipc->read);
		ipc->is_deaf = true;
	}
	ipc->dispatching = false;
	if (ipc->freed)
		ipc_release(ipc);
}

void
ipc_poll(struct ipc *ipc)
{
	if (!ipc->dispatching)
		ipc_on_read(ipc->fd, EV_READ, ipc);
}

/* ---- sending ---- */

static int
ipc_write(struct ipc *ipc, const struct iovec *iov, size_t n_iov, int fd)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(sizeof(int))];
	} control = { .b = { 0 } };
	struct msghdr mh = { .msg_iov = (struct iovec *)iov, .msg_iovlen = n_iov };

	if (fd >= 0) {
		struct cmsghdr *c;

		mh.msg_control = &control;
		mh.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(ipc->fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 0 : -errno;
}

static void
ipc_on_write(evutil_socket_t fd, short what, void *ctx)
{
	struct ipc *ipc = ctx;
	struct ipc_frame *f;

	(void)fd;
	(void)what;
	while ((f = STAILQ_FIRST(&ipc->queue)) != NULL) {
		struct iovec iov = { f->b, f->n };
		int r = ipc_write(ipc, &iov, 1, f->fd);

		if (r == -EAGAIN || r == -ENOBUFS) {
			event_add(ipc->write, NULL);
			return;
		}
		STAILQ_REMOVE_HEAD(&ipc->queue, next);
		ipc->queued_bytes -= f->n;
		if (f->fd >= 0)
			close(f->fd);
		secret_wipe_bytes(f->b, f->n);
		free(f);
		/* A dead peer is seen by the read side. */
		if (ipc->is_deaf && !ipc_must_wait(ipc)) {
			ipc->is_deaf = false;
			event_add(ipc->read, NULL);
		}
	}
}

static int
ipc_enqueue(struct ipc *ipc, const struct iovec *iov, size_t n_iov, int fd)
{
	size_t n = 0, at = 0;
	struct ipc_frame *f;

	for (size_t i = 0; i < n_iov; i++)
		n += iov[i].iov_len;
	if (ipc->queued_bytes + n > IPC_QUEUE_MAX_BYTES) {
		ipc->broken = true;
		event_active(ipc->read, EV_READ, 0);
		return -ENOBUFS;
	}
	if ((f = malloc(sizeof(*f) + n)) == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n_iov; i++) {
		if (iov[i].iov_len > 0)
			memcpy(f->b + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	f->n = n;
	f->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (fd >= 0 && f->fd < 0) { /* never without what belongs to it */
		int err = errno;

		secret_wipe_bytes(f->b, f->n);
		free(f);
		return -err;
	}
	STAILQ_INSERT_TAIL(&ipc->queue, f, next);
	ipc->queued_bytes += n;
	event_add(ipc->write, NULL);
	return 0;
}

int
ipc_send2(struct ipc *ipc, uint16_t type, const void *head, size_t head_n, const void *tail,
    size_t tail_n, int fd)
{
	struct ipc_head h = { .type = type, .length = (uint32_t)(head_n + tail_n) };
	struct iovec iov[3] = {
		{ &h, sizeof(h) },
		{ (void *)head, head_n },
		{ (void *)tail, tail_n },
	};
	int r;

	if (ipc == NULL || ipc->freed)
		return -ENOTCONN;
	if (head_n + tail_n > IPC_MAX_BYTES)
		return -EMSGSIZE;
	if (STAILQ_EMPTY(&ipc->queue)) {
		r = ipc_write(ipc, iov, 3, fd);
		if (r != -EAGAIN && r != -ENOBUFS)
			return r;
	}
	return ipc_enqueue(ipc, iov, 3, fd);
}

int
ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t n, int fd)
{
	return ipc_send2(ipc, type, body, n, NULL, 0, fd);
}

bool
ipc_is_behind(const struct ipc *ipc)
{
	return ipc != NULL && ipc->queued_bytes > IPC_QUEUE_BEHIND_BYTES;
}

void
ipc_pace(struct ipc *ipc)
{
	if (ipc != NULL)
		ipc->is_paced = true;
}

struct ipc *
ipc_new(struct event_base *base, int fd, ipc_handler *handler, ipc_closed *closed, void *ctx)
{
	struct ipc *ipc = calloc(1, sizeof(*ipc));

	if (ipc == NULL) {
		close(fd);
		return NULL;
	}
	STAILQ_INIT(&ipc->queue);
	ipc->fd = fd;
	ipc->handler = handler;
	ipc->closed = closed;
	ipc->ctx = ctx;
	evutil_make_socket_nonblocking(fd);
	ipc->read = event_new(base, fd, EV_READ | EV_PERSIST, ipc_on_read, ipc);
	ipc->write = event_new(base, fd, EV_WRITE, ipc_on_write, ipc);
	if (ipc->read == NULL || ipc->write == NULL || event_add(ipc->read, NULL) != 0) {
		if (ipc->read != NULL)
			event_free(ipc->read);
		if (ipc->write != NULL)
			event_free(ipc->write);
		close(fd);
		free(ipc);
		return NULL;
	}
	return ipc;
}
