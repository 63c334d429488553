/* Channels between roles: peers that break the framing, and ends of all kinds. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/ipc_ends.h"

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
daemon_ipc_broken_tests(Suite *s)
{
	TCase *t = tcase_create("ipc-broken");

	tcase_add_checked_fixture(t, rig_setup, rig_teardown);
	tcase_add_loop_test(t, broken_frames_close, 0, 10);
	tcase_add_test(t, truncated_frame_closes);
	tcase_add_loop_test(t, too_many_descriptors, 1, 9);
	tcase_add_test(t, freed_inside_the_handler);
	tcase_add_loop_test(t, other_end_goes, 0, 2);
	suite_add_tcase(s, t);
}
