/* Channels between roles: frames, descriptors, queues, and ends of all kinds. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_daemon.h"

struct seen {
	struct ipc *ipc; /* NULL: freed */
	size_t n;
	uint16_t type;
	size_t body_n;
	uint8_t body[IPC_MAX_BYTES];
	int fd; /* the last one, open */
	size_t n_closed;
	bool in_order;
	uint32_t next;
	bool free_in_handler;
	bool free_in_closed;
};
static struct seen seen[2];

static void
on_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct seen *s = ctx;
	uint32_t number;

	s->n++;
	s->type = type;
	s->body_n = body.n;
	memcpy(s->body, body.p, body.n);
	if (fd >= 0) {
		if (s->fd >= 0)
			close(s->fd);
		s->fd = fd;
	}
	if (body.n >= sizeof(number)) {
		memcpy(&number, body.p, sizeof(number));
		s->in_order = s->in_order && number == s->next++;
	}
	if (s->free_in_handler) {
		ipc_free(s->ipc);
		s->ipc = NULL;
	}
}

static void
on_closed(void *ctx)
{
	struct seen *s = ctx;

	s->n_closed++;
	if (s->free_in_closed) {
		ipc_free(s->ipc);
		s->ipc = NULL;
	}
}

static void
seen_init(struct seen *s, int fd)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->in_order = true;
	s->ipc = fd >= 0 ? ipc_new(rig.base, fd, on_message, on_closed, s) : NULL;
}

/* Two ends, both the daemon's. */
static void
both_ends(void)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	seen_init(&seen[0], fd[0]);
	seen_init(&seen[1], fd[1]);
}

/* One end; the other is the test's. */
static int
one_end(void)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	seen_init(&seen[0], fd[0]);
	seen_init(&seen[1], -1);
	return fd[1];
}

static void
free_ends(void)
{
	for (int i = 0; i < 2; i++) {
		ipc_free(seen[i].ipc);
		if (seen[i].fd >= 0)
			close(seen[i].fd);
	}
}

START_TEST(frames_both_ways)
{
	static uint8_t big[IPC_MAX_BYTES + 1];

	both_ends();
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ipc_send(seen[i].ipc, 7, "abc", 3, -1), 0);
		rig_turn();
		ck_assert_uint_eq(seen[1 - i].n, 1);
		ck_assert_uint_eq(seen[1 - i].type, 7);
		ck_assert_uint_eq(seen[1 - i].body_n, 3);
		ck_assert_mem_eq(seen[1 - i].body, "abc", 3);
		ck_assert_int_eq(seen[1 - i].fd, -1);
	}
	ck_assert_int_eq(ipc_send(seen[0].ipc, 8, NULL, 0, -1), 0);
	rig_turn();
	ck_assert_uint_eq(seen[1].body_n, 0);
	memset(big, 0x5a, sizeof(big));
	ck_assert_int_eq(
	    ipc_send2(seen[0].ipc, 9, big, 1000, big, sizeof(big) - 1001, -1), 0);
	rig_turn();
	ck_assert_uint_eq(seen[1].body_n, IPC_MAX_BYTES);
	ck_assert_mem_eq(seen[1].body, big, IPC_MAX_BYTES);
	ck_assert_int_eq(ipc_send(seen[0].ipc, 9, big, sizeof(big), -1), -EMSGSIZE);
	ck_assert_int_eq(ipc_send(NULL, 9, big, 1, -1), -ENOTCONN);
	free_ends();
}
END_TEST

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

START_TEST(descriptor_is_passed)
{
	size_t before = open_descriptors();
	int p[2];

	both_ends();
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(ipc_send(seen[0].ipc, 1, "x", 1, p[0]), 0);
	rig_turn();
	ck_assert_int_ge(seen[1].fd, 0);
	ck_assert_int_ne(seen[1].fd, p[0]);
	ck_assert(same_file(seen[1].fd, p[0]));
	ck_assert_int_eq(fcntl(seen[1].fd, F_GETFD), FD_CLOEXEC);
	close(p[0]);
	close(p[1]);
	free_ends();
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* The peer does not read for a while: everything comes later, in order, with its fd. */
START_TEST(queued_and_delivered_in_order)
{
	size_t before = open_descriptors();
	uint32_t body[1000];
	int p[2];

	both_ends();
	ck_assert_int_eq(pipe(p), 0);
	for (uint32_t i = 0; i < 2000; i++) {
		body[0] = i;
		ck_assert_int_eq(
		    ipc_send(seen[0].ipc, 1, body, sizeof(body), i == 1999 ? p[0] : -1),
		    0);
	}
	close(p[0]);
	for (int i = 0; i < 2000 && seen[1].n < 2000; i++)
		rig_turn();
	ck_assert_uint_eq(seen[1].n, 2000);
	ck_assert(seen[1].in_order);
	ck_assert_int_ge(seen[1].fd, 0);
	ck_assert_int_eq(write(p[1], "!", 1), 1);
	ck_assert_int_eq(read(seen[1].fd, body, 1), 1);
	close(p[1]);
	free_ends();
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* Fills the queue; returns what the last ipc_send() said. */
static int
fill_queue(struct ipc *ipc)
{
	static uint8_t body[IPC_MAX_BYTES];
	int r = 0;

	for (int i = 0; i < 1000 && r == 0; i++)
		r = ipc_send(ipc, 1, body, sizeof(body), 0);
	return r;
}

START_TEST(queue_is_bounded)
{
	size_t before = open_descriptors();
	int peer = one_end();

	seen[0].free_in_closed = _i == 0;
	ck_assert_int_eq(fill_queue(seen[0].ipc), -ENOBUFS);
	ck_assert_uint_eq(seen[0].n_closed, 0); /* never inside ipc_send() */
	rig_turn();
	ck_assert_uint_eq(seen[0].n_closed, 1);
	close(peer);
	rig_turn();
	ck_assert_uint_eq(seen[0].n_closed, 1);
	free_ends();
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* A message must not go without the descriptor that belongs to it. */
START_TEST(no_descriptor_left_for_the_queue)
{
	int peer = one_end();
	struct rlimit limit;
	uint8_t body[4096] = { 0 };

	for (int i = 0; i < 1000; i++) /* more than the kernel takes */
		ck_assert_int_eq(ipc_send(seen[0].ipc, 1, body, sizeof(body), -1), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_lt(ipc_send(seen[0].ipc, 1, body, sizeof(body), 0), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(peer);
	free_ends();
}
END_TEST

struct frame {
	uint16_t type;
	uint16_t zero;
	uint32_t length;
	uint8_t body[64];
};

START_TEST(broken_frames_close)
{
	static const struct {
		size_t n;
		struct frame f;
	} broken[] = {
		{ 0, { 0 } },
		{ 1, { 0 } },
		{ 7, { 0 } },
		{ 8, { 1, 1, 0, { 0 } } },
		{ 8, { 1, 0, 1, { 0 } } },
		{ 9, { 1, 0, 0, { 0 } } },
		{ 12, { 1, 0, 3, { 0 } } },
		{ 12, { 1, 0, 5, { 0 } } },
		{ 12, { 1, 0, 0xffffffff, { 0 } } },
		{ 12, { 1, 0, 12, { 0 } } },
	};
	int peer = one_end();

	seen[0].free_in_closed = true;
	ck_assert_int_ge(send(peer, &broken[_i].f, broken[_i].n, 0), 0);
	rig_turn();
	ck_assert_uint_eq(seen[0].n, 0);
	ck_assert_uint_eq(seen[0].n_closed, 1);
	close(peer);
	free_ends();
}
END_TEST

START_TEST(truncated_frame_closes)
{
	static uint8_t b[IPC_MAX_BYTES + 100];
	int peer = one_end();
	uint32_t length = IPC_MAX_BYTES;

	memcpy(b + 4, &length, 4);
	ck_assert_int_gt(send(peer, b, sizeof(b), 0), 0);
	rig_turn();
	ck_assert_uint_eq(seen[0].n, 0);
	ck_assert_uint_eq(seen[0].n_closed, 1);
	close(peer);
	free_ends();
}
END_TEST

/* Sends count descriptors with a frame of n bytes. */
static void
send_descriptors(int peer, size_t n, size_t count)
{
	struct frame f = { .type = 1 };
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(16 * sizeof(int))];
	} control = { .b = { 0 } };
	struct iovec iov = { &f, n };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &peer, sizeof(int));
	ck_assert_int_gt(sendmsg(peer, &mh, 0), 0);
}

/* At most one descriptor arrives; no other stays open. */
START_TEST(too_many_descriptors)
{
	size_t before = open_descriptors();
	int peer = one_end();

	send_descriptors(peer, 8, (size_t)_i);
	rig_turn();
	ck_assert_uint_eq(seen[0].n, 1);
	ck_assert_uint_eq(open_descriptors(), before + 3);
	send_descriptors(peer, 7, (size_t)_i); /* with a broken frame */
	rig_turn();
	ck_assert_uint_eq(seen[0].n_closed, 1);
	close(peer);
	free_ends();
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(freed_inside_the_handler)
{
	struct frame f = { .type = 1 };
	int peer = one_end();

	seen[0].free_in_handler = true;
	for (int i = 0; i < 3; i++)
		ck_assert_int_gt(send(peer, &f, 8, 0), 0);
	rig_turn();
	ck_assert_uint_eq(seen[0].n, 1);
	ck_assert_uint_eq(seen[0].n_closed, 0);
	close(peer);
	free_ends();
}
END_TEST

START_TEST(other_end_goes)
{
	struct frame f = { .type = 1 };
	int peer = one_end();

	seen[0].free_in_closed = _i == 0;
	ck_assert_int_gt(send(peer, &f, 8, 0), 0);
	close(peer);
	rig_turn();
	ck_assert_uint_eq(seen[0].n, 1); /* what was sent before still counts */
	ck_assert_uint_eq(seen[0].n_closed, 1);
	if (_i == 1)
		ck_assert_int_eq(ipc_send(seen[0].ipc, 1, NULL, 0, -1), -EPIPE);
	free_ends();
}
END_TEST

void
daemon_ipc_tests(Suite *s)
{
	TCase *t = tcase_create("ipc");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, frames_both_ways);
	tcase_add_test(t, descriptor_is_passed);
	tcase_add_test(t, queued_and_delivered_in_order);
	tcase_add_loop_test(t, queue_is_bounded, 0, 2);
	tcase_add_test(t, no_descriptor_left_for_the_queue);
	tcase_add_loop_test(t, broken_frames_close, 0, 10);
	tcase_add_test(t, truncated_frame_closes);
	tcase_add_loop_test(t, too_many_descriptors, 1, 9);
	tcase_add_test(t, freed_inside_the_handler);
	tcase_add_loop_test(t, other_end_goes, 0, 2);
	suite_add_tcase(s, t);
}
