/* Channels between roles: frames, descriptors, queues. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/ipc_ends.h"

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

/* Who only answers hears nothing while the answers are not read; what comes then waits. */
START_TEST(paced_by_its_reader)
{
	static const struct {
		uint16_t type, zero;
		uint32_t length;
	} question = { .type = 5 };
	static uint8_t answer[IPC_MAX_BYTES], b[IPC_MAX_BYTES + 100];
	int peer = one_end();

	ipc_pace(seen[0].ipc);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(
		    ipc_send(seen[0].ipc, 1, answer, sizeof(answer), -1), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
		    send(peer, &question, sizeof(question), 0), sizeof(question));
	rig_turn();
	ck_assert_uint_eq(seen[0].n, 0);
	if (_i == 0) {
		for (int i = 0; i < 20; i++, rig_turn())
			ck_assert_int_gt(recv(peer, b, sizeof(b), 0), 0);
		ck_assert_uint_eq(seen[0].n, 3);
		ck_assert_uint_eq(seen[0].n_closed, 0);
	}
	seen[0].free_in_closed = true;
	close(peer);
	rig_turn();
	rig_turn();
	ck_assert_uint_eq(seen[0].n, 3);
	ck_assert_uint_eq(seen[0].n_closed, 1);
	free_ends();
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

void
daemon_ipc_tests(Suite *s)
{
	TCase *t = tcase_create("ipc");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_test(t, frames_both_ways);
	tcase_add_test(t, descriptor_is_passed);
	tcase_add_test(t, queued_and_delivered_in_order);
	tcase_add_loop_test(t, queue_is_bounded, 0, 2);
	tcase_add_loop_test(t, paced_by_its_reader, 0, 2);
	tcase_add_test(t, no_descriptor_left_for_the_queue);
	suite_add_tcase(s, t);
}
