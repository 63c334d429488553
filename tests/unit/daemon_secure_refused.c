/* Sockets that are not secured, and stay as they were. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "tests/unit/secure_rig.h"

static const int kinds[][2] = { { AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM },
	{ AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM } };

START_TEST(no_socket)
{
	int ends[2], file = open("/dev/null", O_RDWR), path = open("/", O_PATH);

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_uint_eq(secure(-1), WSAENOTSOCK);
	ck_assert_uint_eq(secure(1 << 20), WSAENOTSOCK);
	ck_assert_uint_eq(secure(file), WSAENOTSOCK);
	ck_assert_uint_eq(secure(path), WSAENOTSOCK);
	ck_assert_uint_eq(secure(ends[0]), WSAENOTSOCK);
	close(ends[0]);
	close(ends[1]);
	close(file);
	close(path);
}
END_TEST

START_TEST(wrong_kind)
{
	static const int wrong[][3] = { { AF_UNIX, SOCK_STREAM, 0 },
		{ AF_UNIX, SOCK_SEQPACKET, 0 }, { AF_NETLINK, SOCK_RAW, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_UDP }, { AF_INET, SOCK_RAW, IPPROTO_TCP },
		{ AF_INET6, SOCK_RAW, IPPROTO_UDP },
		{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP }, { AF_INET, SOCK_DGRAM, 136 },
		{ AF_INET, SOCK_STREAM, 262 }, { AF_INET6, SOCK_STREAM, 262 },
		{ AF_PACKET, SOCK_DGRAM, 0 } };
	int fd = socket(wrong[_i][0], wrong[_i][1], wrong[_i][2]);

	if (fd < 0)
		return; /* not root, or the kernel has none */
	ck_assert_uint_eq(secure(fd), WSAEAFNOSUPPORT);
	close(fd);
}
END_TEST

START_TEST(bound_listening_connected)
{
	static const struct {
		int family;
		int type;
	} k[] = { { 4, SOCK_STREAM }, { 4, SOCK_DGRAM }, { 6, SOCK_STREAM },
		{ 6, SOCK_DGRAM } };
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	uint16_t port = 0;
	int fd, c;

	if (!own_network())
		return;
	fd =
	    bound_socket(k[_i].family, k[_i].type, _i < 2 ? "127.0.0.1" : "::1", &port);
	ck_assert_uint_eq(secure(fd), WSAEINVAL);
	if (k[_i].type == SOCK_STREAM) {
		ck_assert_int_eq(listen(fd, 1), 0);
		ck_assert_uint_eq(secure(fd), WSAEINVAL);
	}
	assert_untouched(fd);
	c = socket(kinds[_i][0], kinds[_i][1], 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	ck_assert_int_eq(connect(c, (struct sockaddr *)&a, n), 0);
	ck_assert_uint_eq(secure(c), WSAEISCONN);
	assert_untouched(c);
	close(fd);
	if (k[_i].type == SOCK_STREAM) {
		/* the other end is gone; it was connected all the same */
		ck_assert_uint_ne(secure(c), 0);
		assert_untouched(c);
	}
	close(c);
}
END_TEST

START_TEST(listening_without_bind)
{
	int fd;

	if (!own_network())
		return;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_uint_eq(secure(fd), WSAEINVAL);
	assert_untouched(fd);
	close(fd);
}
END_TEST

START_TEST(reused_addresses)
{
	int fd;

	if (!own_network())
		return;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	set_option(fd, SOL_SOCKET, _i == 0 ? SO_REUSEADDR : SO_REUSEPORT, 1);
	ck_assert_uint_eq(secure(fd), WSAEINVAL);
	assert_untouched(fd);
	close(fd);
}
END_TEST

START_TEST(other_network_namespace)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!own_network())
		return;
	ck_assert_uint_eq(secure(fd), WSAEINVAL);
	assert_untouched(fd);
	close(fd);
}
END_TEST

void
daemon_secure_refused_tests(Suite *s)
{
	TCase *t = tcase_create("secure-refused");

	tcase_add_test(t, no_socket);
	tcase_add_loop_test(t, wrong_kind, 0, 11);
	tcase_add_loop_test(t, bound_listening_connected, 0, 4);
	tcase_add_test(t, listening_without_bind);
	tcase_add_loop_test(t, reused_addresses, 0, 2);
	tcase_add_test(t, other_network_namespace);
	suite_add_tcase(s, t);
}
