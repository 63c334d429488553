/* What a secured socket is like. */
#include <linux/filter.h>
#include <netinet/in.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/secure_rig.h"

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
	ck_assert_uint_eq(secured.family, _i < 2 ? 4 : 6);
	ck_assert_uint_eq(secured.protocol, _i % 2 == 0 ? 6 : 17);
	ck_assert_uint_eq(secured.cookie, socket_cookie(fd));
	assert_secured(fd, MARK | 0x80000005);
	if (_i >= 2)
		ck_assert_int_eq(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	ck_assert_uint_eq(secure(fd), WSAEINVAL); /* already */
	assert_secured(fd, MARK | 0x80000005);
	close(fd);
}
END_TEST

static void *
bind_it(void *fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	(void)bind(*(int *)fd, (struct sockaddr *)&a, sizeof(a));
	return NULL;
}

/* Secured from its first packet on, or as it was: never anything between. */
START_TEST(bind_at_the_same_time)
{
	if (!own_network())
		return;
	for (int i = 0; i < 200; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		pthread_t t;
		uint32_t error;

		ck_assert_int_eq(pthread_create(&t, NULL, bind_it, &fd), 0);
		error = secure(fd);
		(void)pthread_join(t, NULL);
		if (error == 0)
			assert_secured(fd, MARK);
		else
			ck_assert_int_eq(option(fd, SOL_SOCKET, SO_MARK), 0);
		close(fd);
	}
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
	ck_assert_uint_ne(socket_cookie(child), secured.cookie);
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
	tcase_add_test(t, bind_at_the_same_time);
	tcase_add_loop_test(t, locked_or_marked_before, 0, 3);
	tcase_add_test(t, all_or_nothing);
	tcase_add_test(t, accepted_socket_inherits);
	suite_add_tcase(s, t);
}
