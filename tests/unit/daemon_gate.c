/* The gate: what it lets in, and how a socket gets another one. Packets of Unix sockets have
 * device 0. */
#include <netinet/in.h>
#include <unistd.h>

#include "daemon/gate.h"
#include "tests/unit/secure_rig.h"

#define WSAEOPNOTSUPP 10045
#define OTHER_MARK 0x00300000u
#define OTHER_TUN 78u

static const struct secure_gate here = { .mark = MARK, .mask = MASK, .ifindex = TUN };
static const struct secure_gate there = {
	.mark = OTHER_MARK, .mask = MASK, .ifindex = OTHER_TUN
};

static bool
lets_in(const int fd[2])
{
	char b;

	ck_assert_int_eq(send(fd[1], "x", 1, 0), 1);
	return recv(fd[0], &b, 1, MSG_DONTWAIT) == 1;
}

START_TEST(gate_of_a_device)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	ck_assert(lets_in(fd));
	ck_assert(gate_attach(fd[0], TUN));
	ck_assert(!lets_in(fd));
	ck_assert(gate_attach(fd[0], 0));
	ck_assert(lets_in(fd));
	close(fd[0]);
	close(fd[1]);
}
END_TEST

START_TEST(gate_moves)
{
	uint64_t cookie;
	int fd[2];

	if (!is_root())
		return;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	cookie = socket_cookie(fd[0]);
	ck_assert(gate_attach(fd[0], 0));
	set_option(fd[0], SOL_SOCKET, SO_LOCK_FILTER, 1);
	ck_assert(gate_move(cookie + 1, TUN)); /* another socket */
	ck_assert(lets_in(fd));
	ck_assert(gate_move(cookie, TUN));
	ck_assert(!lets_in(fd));
	ck_assert(gate_move(cookie, 0));
	ck_assert(lets_in(fd));
	/* a device that goes takes its entries with it, and no others */
	ck_assert(gate_move(cookie, TUN));
	gate_forget(OTHER_TUN);
	ck_assert(!lets_in(fd));
	gate_forget(TUN);
	ck_assert(lets_in(fd));
	/* so does a socket that ends */
	ck_assert(gate_move(cookie, TUN));
	gate_end(cookie + 1);
	ck_assert(!lets_in(fd));
	gate_end(cookie);
	ck_assert(lets_in(fd));
	close(fd[0]);
	close(fd[1]);
	gate_close();
}
END_TEST

/* More than there is room for, one after the other. */
START_TEST(gates_of_many)
{
	if (!is_root())
		return;
	for (uint64_t cookie = 1; cookie < 70000; cookie++) {
		ck_assert(gate_move(cookie, TUN));
		gate_end(cookie);
	}
	gate_close();
}
END_TEST

START_TEST(socket_moves)
{
	int fd;

	if (!own_network())
		return;
	fd =
	    socket(_i == 0 ? AF_INET : AF_INET6, _i == 0 ? SOCK_STREAM : SOCK_DGRAM, 0);
	ck_assert_uint_eq(secure_socket_move(fd, &here, &there, &secured), WSAEINVAL);
	ck_assert_uint_eq(secure(fd), 0);
	ck_assert_uint_eq(secure_socket_move(fd, &there, &here, &secured), WSAEINVAL);
	assert_secured(fd, MARK);
	ck_assert_uint_eq(secure_socket_move(fd, &here, &there, &secured), 0);
	ck_assert_uint_eq(secured.cookie, socket_cookie(fd));
	assert_secured(fd, OTHER_MARK);
	ck_assert_uint_eq(secure_socket_move(fd, &there, &here, &secured), 0);
	assert_secured(fd, MARK);
	close(fd);
}
END_TEST

START_TEST(connected_socket_stays)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = 9 };
	int fd;

	if (!own_network())
		return;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_uint_eq(secure(fd), 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	/* marked packets have no route in here: the socket is connected by hand */
	set_option(fd, SOL_SOCKET, SO_MARK, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	set_option(fd, SOL_SOCKET, SO_MARK, (int)MARK);
	ck_assert_uint_eq(secure_socket_move(fd, &here, &there, &secured), WSAEISCONN);
	assert_secured(fd, MARK);
	ck_assert_uint_eq(secure_socket_move(0, &here, &there, &secured), WSAENOTSOCK);
	close(fd);
}
END_TEST

void
daemon_gate_tests(Suite *s)
{
	TCase *t = tcase_create("gate");

	tcase_add_test(t, gate_of_a_device);
	tcase_add_test(t, gate_moves);
	tcase_add_test(t, gates_of_many);
	tcase_add_loop_test(t, socket_moves, 0, 2);
	tcase_add_test(t, connected_socket_stays);
	suite_add_tcase(s, t);
}
