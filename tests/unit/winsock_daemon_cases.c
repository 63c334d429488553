/* What the daemon may answer, and what happens when it does not. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/check_winsock.h"
#include "winsock/connection.h"

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

START_TEST(test_good_answer)
{
	static const int kinds[][2] = { { AF_INET, SOCK_STREAM },
		{ AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_STREAM },
		{ AF_INET6, SOCK_DGRAM } };
	struct stat own;
	int s;

	fake_start(0, NONE, 0);
	s = socket(kinds[_i][0], kinds[_i][1], 0);
	ck_assert_int_ge(s, 0);
	ck_assert_int_eq(secure_default(s), 0);
	fake_stop();
	ck_assert_uint_eq(fake.hellos, 1);
	ck_assert_uint_eq(fake.secures, 1);
	ck_assert_uint_eq(fake.hello.features, 0);
	ck_assert_uint_eq(le32toh(fake.hello.library_version), 1);
	ck_assert_uint_eq(fake.secure.security_flags, 0);
	ck_assert_uint_eq(fake.secure.ipsec_flags, 0);
	ck_assert(fake.ids_differ);
	/* The very socket was passed. */
	ck_assert(fake.had_fd);
	ck_assert_int_eq(fstat(s, &own), 0);
	ck_assert_uint_eq(fake.fd.st_ino, own.st_ino);
	ck_assert_uint_eq(fake.fd.st_dev, own.st_dev);
	close(s);
}
END_TEST

START_TEST(test_daemon_error)
{
	static const uint32_t errors[] = { WSAEACCES, WSAEINVAL, WSAENOTSOCK,
		WSAEISCONN, WSAENOBUFS, WSAEAFNOSUPPORT, WSAENETDOWN, WSAEOPNOTSUPP,
		WSAEMFILE, WSASYSCALLFAILURE };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_start((uint16_t)_i, NONE, errors[i]);
		ck_assert_int_eq(secure_and_close(tcp_socket()), (int)errors[i]);
		fake_stop();
		ck_assert_uint_eq(fake.secures, _i == AIP_API_SOCK_SECURE);
	}
}
END_TEST

START_TEST(test_nonsense_error)
{
	static const uint32_t errors[] = { 1, 13, 9999, 12000, 0x7fffffff, 0xffffffff,
		0x80000000 };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_start((uint16_t)_i, NONE, errors[i]);
		ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
		fake_stop();
	}
}
END_TEST

START_TEST(test_broken_answer)
{
	enum fault f;

	for (f = MAGIC; f <= CLOSE; f++) {
		fake_start((uint16_t)_i, f, 0);
		ck_assert_msg(
		    secure_and_close(tcp_socket()) == WSAENETDOWN, "fault %d", f);
		fake_stop();
	}
}
END_TEST

static void
on_signal(int number)
{
	(void)number;
}

/* A signal every 5 ms, without restart of system calls. */
static void
signals_on(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } };

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

static void
signals_off(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &never, NULL);
}

/* If each signal began the time anew, this would have no end. */
static void
expect_timeout(void)
{
	int64_t start = clock_ms();

	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	ck_assert_int_ge(clock_ms() - start, 199);
}

START_TEST(test_silent_daemon)
{
	connection_timeout_ms = 200;
	fake_start((uint16_t)_i, SILENT, 0);
	expect_timeout();
	signals_on();
	expect_timeout();
	signals_off();
	fake_stop();
}
END_TEST

START_TEST(test_late_answer)
{
	fake_start((uint16_t)_i, LATE, 0);
	signals_on();
	ck_assert_int_eq(secure_and_close(tcp_socket()), 0);
	signals_off();
	fake_stop();
}
END_TEST

/* The daemon hangs and its backlog is full: the connect is limited, too. */
START_TEST(test_full_backlog)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int i, fill[2];

	fake_listen(0);
	strcpy(a.sun_path, fake.path);
	for (i = 0; i < 2; i++) {
		fill[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&a, sizeof(a));
	}
	connection_timeout_ms = 200;
	signals_on();
	expect_timeout();
	signals_off();
	for (i = 0; i < 2; i++)
		close(fill[i]);
	close(fake.listener);
}
END_TEST

START_TEST(test_no_daemon)
{
	char longer[200];

	/* no socket */
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	/* a socket that nobody listens on */
	fake_listen(1);
	close(fake.listener);
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	/* a path that no socket can have */
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	setenv("AUTHIPD_RUN_DIR", longer, 1);
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
}
END_TEST

/* A daemon of another kind on the path. */
START_TEST(test_wrong_socket_type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(a.sun_path, fake.path);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s, 1), 0);
	ck_assert_int_eq(secure_and_close(tcp_socket()), WSAENETDOWN);
	close(s);
}
END_TEST

TCase *
winsock_daemon_cases(void)
{
	TCase *t = winsock_case("daemon");

	tcase_add_loop_test(t, test_good_answer, 0, 4);
	tcase_add_loop_test(
	    t, test_daemon_error, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_nonsense_error, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_broken_answer, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_silent_daemon, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_loop_test(
	    t, test_late_answer, AIP_API_HELLO, AIP_API_SOCK_SECURE + 1);
	tcase_add_test(t, test_full_backlog);
	tcase_add_test(t, test_no_daemon);
	tcase_add_test(t, test_wrong_socket_type);
	return t;
}
