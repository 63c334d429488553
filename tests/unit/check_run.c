/* What authip-run loads into a program, in this one: its socket() is that of winsock/run. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "tests/unit/run_suite.h"
#include "winsock/run/run.h"
#include "ws2tcpip.h"

#define NAME "host/peer.example"

static void
setup(void)
{
	snprintf(fake.path, sizeof(fake.path), "%s/" AIP_API_SOCKET,
	    getenv("AUTHIPD_RUN_DIR"));
	(void)unlink(fake.path); /* of a test that failed */
}

START_TEST(test_secured)
{
	int s;

	fake_start(0, NONE, 0);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_ge(s, 0);
	fake_stop();
	ck_assert_uint_eq(fake.secures, 1);
	ck_assert_uint_eq(le32toh(fake.secure.security_flags),
	    SOCKET_SETTINGS_GUARANTEE_ENCRYPTION);
	ck_assert_str_eq(fake.target, NAME);
	close(s);
}
END_TEST

/* A program that cleans its environment has what authip-run was told all the same. */
START_TEST(test_other_environment)
{
	int s;

	fake_start(0, NONE, 0);
	ck_assert_int_eq(clearenv(), 0);
	setenv(RUN_MODE_VARIABLE, RUN_MODE_INSECURE, 1);
	s = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(s, 0);
	fake_stop();
	ck_assert_uint_eq(le32toh(fake.secure.security_flags),
	    SOCKET_SETTINGS_GUARANTEE_ENCRYPTION);
	ck_assert_str_eq(fake.target, NAME);
	close(s);
}
END_TEST

START_TEST(test_refused)
{
	fake_start(AIP_API_SOCK_TARGET, NONE, WSAEINVAL);
	ck_assert_int_eq(socket(AF_INET6, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EACCES);
	fake_stop();
	ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, ENETDOWN);
}
END_TEST

static int last_descriptor;

static void *
make_socket(void *unused)
{
	last_descriptor = socket(AF_INET, SOCK_STREAM, 0);
	pthread_testcancel();
	return unused;
}

static unsigned int
descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 200; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* socket() is no cancellation point, whatever it does: nothing is left behind. */
static void
cancel_in(uint16_t verb)
{
	unsigned int before = descriptors();
	pthread_t t;

	fake_start(verb, LATE, 0);
	last_descriptor = -1;
	ck_assert_int_eq(pthread_create(&t, NULL, make_socket, NULL), 0);
	ck_assert_int_eq(pthread_cancel(t), 0);
	pthread_join(t, NULL);
	fake_stop();
	ck_assert_int_ge(last_descriptor, 0);
	close(last_descriptor);
	ck_assert_uint_eq(descriptors(), before);
}

START_TEST(test_cancel)
{
	cancel_in(AIP_API_SOCK_SECURE);
	cancel_in(AIP_API_SOCK_TARGET);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("run");
	TCase *t = tcase_create("run");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, test_secured);
	tcase_add_test(t, test_other_environment);
	tcase_add_test(t, test_refused);
	tcase_add_test(t, test_cancel);
	suite_add_tcase(s, t);
	return s;
}

/* The options are those of the beginning: this begins again with some. */
int
main(int argc, char **argv)
{
	char dir[] = "/tmp/check_run.XXXXXX";
	int rc;

	if (getenv(RUN_PEER_VARIABLE) == NULL) {
		if (argc != 1 || mkdtemp(dir) == NULL ||
		    setenv("AUTHIPD_RUN_DIR", dir, 1) != 0 ||
		    setenv(RUN_MODE_VARIABLE, RUN_MODE_ENCRYPT, 1) != 0 ||
		    setenv(RUN_PEER_VARIABLE, NAME, 1) != 0)
			return EXIT_FAILURE;
		(void)execv("/proc/self/exe", argv);
		return EXIT_FAILURE;
	}
	rc = run_suite(suite());
	(void)rmdir(getenv("AUTHIPD_RUN_DIR"));
	return rc;
}
