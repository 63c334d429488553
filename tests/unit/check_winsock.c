/* libfwpuclnt against a daemon that answers what the test wants. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_winsock.h"
#include "tests/unit/run_suite.h"

static void
setup(void)
{
	strcpy(fake.dir, "/tmp/check_winsock.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/" AIP_API_SOCKET, fake.dir);
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", fake.dir, 1), 0);
	WSASetLastError(0);
}

static void
teardown(void)
{
	unlink(fake.path);
	rmdir(fake.dir);
}

int
tcp_socket(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(s, 0);
	return s;
}

int
secure_with(int s, const void *settings, ULONG n)
{
	int rc;

	WSASetLastError(-7);
	rc = WSASetSocketSecurity(s, settings, n, NULL, NULL);
	if (rc == 0) {
		ck_assert_int_eq(WSAGetLastError(), -7);
		return 0;
	}
	ck_assert_int_eq(rc, SOCKET_ERROR);
	return WSAGetLastError();
}

int
secure_default(int s)
{
	return secure_with(s, NULL, 0);
}

int
secure_and_close(int s)
{
	int error = secure_default(s);

	close(s);
	return error;
}

unsigned int
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

TCase *
winsock_case(const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	return t;
}

int
main(void)
{
	Suite *suite = suite_create("winsock");

	suite_add_tcase(suite, winsock_daemon_cases());
	suite_add_tcase(suite, winsock_socket_cases());
	suite_add_tcase(suite, winsock_settings_cases());
	suite_add_tcase(suite, winsock_thread_cases());
	suite_add_tcase(suite, winsock_fork_cases());
	return run_suite(suite);
}
