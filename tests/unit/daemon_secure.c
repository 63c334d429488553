/* Securing a socket: what is refused untouched, and what a secured socket is like. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/secure_socket.h"
#include "tests/unit/check_daemon.h"

#define WSAEINVAL 10022
#define WSAENOTSOCK 10038
#define WSAEAFNOSUPPORT 10047
#define WSAENOBUFS 10055
#define WSAEISCONN 10056

#define MASK 0x7ff00000u
#define MARK 0x00200000u
#define TUN 77u

static struct secure_socket_result result;

static uint32_t
secure(int fd)
{
	memset(&result, 0, sizeof(result));
	return secure_socket(fd, MARK, MASK, TUN, &result);
}

/* A network of our own, with a loopback device. False: not root. */
static bool
own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (!is_root() || unshare(CLONE_NEWNET) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
	return true;
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &n), 0);
	return value;
}

static void
set_option(int fd, int level, int name, int value)
{
	ck_assert_int_eq(setsockopt(fd, level, name, &value, sizeof(value)), 0);
}

static socklen_t
filter_length(int fd, struct sock_filter *code)
{
	socklen_t n = 16;

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &n), 0);
	return n;
}

static void
assert_secured(int fd, uint32_t mark)
{
	struct sock_filter code[16];
	int none = 0;

	ck_assert_uint_eq((uint32_t)option(fd, SOL_SOCKET, SO_MARK), mark);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_LOCK_FILTER), 1);
	ck_assert_uint_eq(filter_length(fd, code), 5);
	ck_assert_uint_eq(code[0].k, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
	ck_assert_uint_eq(code[1].k, TUN);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)), -1);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &none, sizeof(none)), -1);
}

static void
assert_untouched(int fd)
{
	struct sock_filter code[16];

	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_MARK), 0);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_LOCK_FILTER), 0);
	ck_assert_uint_eq(filter_length(fd, code), 0);
}

static const int kinds[][2] = { { AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM },
	{ AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM } };

START_TEST(success)
{
	int fd;

	if (!own_network())
		return;
	fd = socket(kinds[_i][0], kinds[_i][1], 0);
	if (_i >= 2)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	set_option(fd, SOL_SOCKET, SO_MARK, 0x80000005); /* the bits of others stay */
	ck_assert_uint_eq(secure(fd), 0);
	ck_assert_uint_eq(result.family, _i < 2 ? 4 : 6);
	ck_assert_uint_eq(result.protocol, _i % 2 == 0 ? 6 : 17);
	ck_assert_uint_eq(result.cookie, socket_cookie(fd));
	assert_secured(fd, MARK | 0x80000005);
	if (_i >= 2)
		ck_assert_int_eq(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	ck_assert_uint_eq(secure(fd), WSAEINVAL); /* already */
	assert_secured(fd, MARK | 0x80000005);
	close(fd);
}
END_TEST

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

START_TEST(locked_or_marked_before)
{
	struct sock_filter all = { BPF_RET | BPF_K, 0, 0, 0xffffffff };
	struct sock_fprog prog = { 1, &all };
	int fd;

	if (!own_network())
		return;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), 0);
	if (_i == 0) {
		set_option(fd, SOL_SOCKET, SO_LOCK_FILTER, 1);
		ck_assert_uint_eq(secure(fd), WSAEINVAL);
		ck_assert_int_eq(option(fd, SOL_SOCKET, SO_MARK), 0);
	} else if (_i == 1) {
		set_option(fd, SOL_SOCKET, SO_MARK, 0x40000000);
		ck_assert_uint_eq(secure(fd), WSAEINVAL);
	} else {
		ck_assert_uint_eq(secure(fd), 0); /* takes the place of its filter */
		assert_secured(fd, MARK);
	}
	close(fd);
}
END_TEST

/* Without the right to set marks nothing is left half done. */
START_TEST(all_or_nothing)
{
	int fd;

	if (!own_network())
		return;
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_uint_ne(secure(fd), 0);
	ck_assert_int_eq(seteuid(0), 0);
	assert_untouched(fd);
	ck_assert_int_eq(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	close(fd);
}
END_TEST

START_TEST(accepted_socket_inherits)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd, c, child;
	char b[2];

	if (!own_network())
		return;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_uint_eq(secure(fd), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	c = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	child = accept(fd, NULL, NULL);
	ck_assert_int_ge(child, 0);
	assert_secured(child, MARK);
	ck_assert_uint_ne(socket_cookie(child), result.cookie);
	ck_assert_int_eq(send(c, "ok", 2, 0), 2); /* the host itself is let in */
	ck_assert_int_eq(recv(child, b, 2, 0), 2);
	close(child);
	close(c);
	close(fd);
}
END_TEST

void
daemon_secure_tests(Suite *s)
{
	TCase *t = tcase_create("secure");

	tcase_add_loop_test(t, success, 0, 4);
	tcase_add_test(t, no_socket);
	tcase_add_loop_test(t, wrong_kind, 0, 11);
	tcase_add_loop_test(t, bound_listening_connected, 0, 4);
	tcase_add_test(t, listening_without_bind);
	tcase_add_loop_test(t, reused_addresses, 0, 2);
	tcase_add_test(t, other_network_namespace);
	tcase_add_loop_test(t, locked_or_marked_before, 0, 3);
	tcase_add_test(t, all_or_nothing);
	tcase_add_test(t, accepted_socket_inherits);
	suite_add_tcase(s, t);
}
