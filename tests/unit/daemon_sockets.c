/* Registered sockets and the kernel's view of them: real sockets of this process. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

#include "daemon/net_sockets.h"
#include "tests/unit/socket_rig.h"

/* What the kernel says of a socket that ends. */
static void
say_ended(int to, uint64_t cookie)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_msg m;
	} msg;

	memset(&msg, 0, sizeof(msg));
	msg.h.nlmsg_len = sizeof(msg);
	msg.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	msg.m.idiag_family = AF_INET;
	msg.m.id.idiag_cookie[0] = (uint32_t)cookie;
	msg.m.id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
	ck_assert_int_eq(send(to, &msg, sizeof(msg), 0), (ssize_t)sizeof(msg));
	rig_turn();
}

/* Its program was killed: the kernel told it before keeper did. */
START_TEST(ended_before_it_was_registered)
{
	struct secured_socket s = { 0, 0x123456789abcull, CLASS_DEFAULT, 1000, 4, 6, 0, false,
		0 };
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	socket_table_watch(table, fd[0]);
	for (uint64_t i = 0; i < 1000; i++) /* others end, too */
		say_ended(fd[1], 1000000 + i);
	say_ended(fd[1], s.cookie);
	ck_assert_uint_eq(socket_table_add(table, &s), 0);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
	ck_assert_uint_eq(n_changed[CLASS_DEFAULT], 0);
	s.cookie++;
	ck_assert_uint_ne(socket_table_add(table, &s), 0);
	say_ended(fd[1], s.cookie);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
	close(fd[1]);
}
END_TEST

static uint64_t moved_cookie;

static void
on_moved_end(void *ctx, uint64_t cookie)
{
	(void)ctx;
	moved_cookie = cookie;
}

/* Keeper has something to forget of those that may have moved, and is told of no other. */
START_TEST(end_of_a_socket_that_moves)
{
	struct secured_socket s = { 0, 6, CLASS_DEFAULT, 1000, 4, 6, 0, false, 0 };
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	socket_table_watch(table, fd[0]);
	socket_table_on_moved_end(table, on_moved_end);
	moved_cookie = 0;
	(void)socket_table_add(table, &s);
	s.cookie = 7;
	(void)socket_table_add(table, &s);
	ck_assert(!socket_table_moves(table, 8));
	ck_assert(socket_table_moves(table, 7));
	say_ended(fd[1], 6);
	ck_assert_uint_eq(moved_cookie, 0);
	say_ended(fd[1], 7);
	ck_assert_uint_eq(moved_cookie, 7);
	close(fd[1]);
}
END_TEST

/* 10,000 sockets come and end: the memory is what it was. */
START_TEST(memory_of_many_sockets)
{
	struct secured_socket s = { 0, 0, CLASS_DEFAULT, 1000, 4, 6, 0, false, 0 };
	size_t bytes = 0;
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	socket_table_watch(table, fd[0]);
	for (int round = 0; round < 3; round++) {
		for (uint64_t i = 1; i <= 5000; i++) {
			s.cookie = (uint64_t)round << 32 | i;
			ck_assert_uint_ne(socket_table_add(table, &s), 0);
		}
		ck_assert_uint_eq(socket_table_count_uid(table, 1000), 5000);
		for (uint64_t i = 1; i <= 5000; i++)
			say_ended(fd[1], (uint64_t)round << 32 | i);
		ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
		if (round == 0)
			bytes = allocated_bytes();
	}
	ck_assert_uint_le(allocated_bytes(), bytes + 16384);
	close(fd[1]);
}
END_TEST

START_TEST(counts_and_replacement)
{
	struct secured_socket s = { 0, 5, CLASS_DEFAULT, 1000, 4, 6, 0, false, 0 };
	uint64_t id = socket_table_add(table, &s);

	s.class_id = CLASS_INSECURE;
	ck_assert_uint_gt(socket_table_add(table, &s), id);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 1);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_DEFAULT), 0);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 1);
	ck_assert_uint_eq(n_changed[CLASS_DEFAULT], 2);
	ck_assert_uint_eq(n_changed[CLASS_INSECURE], 1);
	s.cookie += 4096; /* the same bucket */
	s.uid = 1001;
	(void)socket_table_add(table, &s);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 1);
	ck_assert_uint_eq(socket_table_count_uid(table, 1001), 1);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 2);
}
END_TEST

START_TEST(end_of_a_socket)
{
	uint16_t port = 0;
	int fd, watch = net_socket_diag_destroy(), twice = dup(0);

	if (watch < 0)
		return; /* not root */
	socket_table_watch(table, watch);
	socket_table_watch(table, twice);
	ck_assert_int_eq(close(twice), -1);
	fd = bound_socket(4, SOCK_DGRAM, "127.0.0.1", &port);
	socket_rig_add(fd, CLASS_INSECURE, 4, 17);
	rig_turn();
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 1);
	close(fd);
	wait_changed(CLASS_INSECURE, 2);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_INSECURE), 0);
	ck_assert_uint_eq(n_changed[CLASS_INSECURE], 2);
}
END_TEST

/* Accepted connections keep the port of their listener when it goes. */
START_TEST(heirs_of_a_listener)
{
	int l, c, a, watch = net_socket_diag_destroy();
	uint16_t port = 0;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct flow f;

	if (watch < 0)
		return; /* not root */
	socket_table_watch(table, watch);
	l = bound_socket(4, SOCK_STREAM, "127.0.0.1", &port);
	ck_assert_int_eq(listen(l, 1), 0);
	socket_rig_add(l, CLASS_ENCRYPT, 4, 6);
	to.sin_port = htons(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(c, (struct sockaddr *)&to, sizeof(to)), 0);
	a = accept(l, NULL, NULL);
	ck_assert_int_ge(a, 0);
	close(l);
	wait_changed(CLASS_ENCRYPT, 3);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_ENCRYPT), 1);
	ck_assert_uint_eq(socket_table_count_uid(table, 1000), 0);
	f = flow_to(6, "127.0.0.1", port);
	f.remote.addr = f.local.addr;
	f.remote.port = 0; /* any */
	ck_assert_uint_eq(socket_table_owner(table, &f), CLASS_ENCRYPT);
	close(c);
	close(a);
	wait_changed(CLASS_ENCRYPT, 4);
	ck_assert_uint_eq(socket_table_count_class(table, CLASS_ENCRYPT), 0);
}
END_TEST

void
daemon_sockets_tests(Suite *s)
{
	TCase *t = tcase_create("sockets");

	tcase_add_checked_fixture(t, socket_rig_begin, socket_rig_end);
	tcase_add_test(t, ended_before_it_was_registered);
	tcase_add_test(t, memory_of_many_sockets);
	tcase_add_test(t, counts_and_replacement);
	tcase_add_test(t, end_of_a_socket_that_moves);
	tcase_add_test(t, end_of_a_socket);
	tcase_add_test(t, heirs_of_a_listener);
	suite_add_tcase(s, t);
}
