/* Limits of the registration API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/socket_table.h"
#include "tests/unit/api_client.h"

#define WSAENOBUFS 10055
#define SOME_USER 65534

START_TEST(sockets_of_a_user)
{
	int c = api_hello();

	rig.config.limits.sockets_per_user = 3;
	for (uint64_t cookie = 1; cookie <= 3; cookie++) {
		api_secure(c, 0, 0);
		ck_assert(keeper_asked());
		keeper_says(0, cookie);
		ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), 0);
	}
	api_secure(c, 0, 0);
	ck_assert(!keeper_asked());
	ck_assert_uint_eq(api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), WSAENOBUFS);
	close(c);
}
END_TEST

/* How many lines with this word the daemon logged into f. */
static size_t
count_lines(FILE *f, const char *word)
{
	char line[512];
	size_t n = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, word) != NULL;
	return n;
}

/* A user who asks again and again fills no log. */
START_TEST(log_lines_of_a_user)
{
	int before, c;
	FILE *f;

	if (!is_root())
		return; /* what root does is told */
	ck_assert_ptr_nonnull(f = tmpfile());
	before = dup(STDERR_FILENO);
	rig.config.limits.sockets_per_user = 0;
	ck_assert_int_eq(seteuid(SOME_USER), 0);
	c = api_hello();
	ck_assert_int_eq(seteuid(0), 0);
	fflush(stderr);
	ck_assert_int_ge(dup2(fileno(f), STDERR_FILENO), 0);
	for (int i = 0; i < 50; i++) {
		api_secure(c, 0, 0);
		ck_assert_uint_eq(
		    api_answer(c, AIP_API_SOCK_SECURE, 2, 16, NULL), WSAENOBUFS);
	}
	fflush(stderr);
	ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
	close(before);
	ck_assert_uint_eq(count_lines(f, "refused another"), LOG_LIMIT_LINES);
	ck_assert_uint_eq(count_lines(f, "is not logged"), 1);
	fclose(f);
	close(c);
}
END_TEST

/* Dials until the server closes at once; returns how many it took. */
static size_t
dial_until_refused(int *fd, size_t most)
{
	size_t n = 0;

	do
		fd[n++] = api_dial();
	while (n < most && api_is_silent(fd[n - 1]));
	if (api_is_silent(fd[n - 1]))
		return n;
	close(fd[--n]);
	return n;
}

static void
many_descriptors(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(clients_of_a_user)
{
	int fd[100], root[10];
	size_t n;

	if (is_root())
		ck_assert_int_eq(seteuid(SOME_USER), 0);
	n = dial_until_refused(fd, 100);
	ck_assert_uint_eq(n, 64);
	if (getuid() == 0) {
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_uint_eq(
		    dial_until_refused(root, 10), 10); /* not root's limit */
		for (size_t i = 0; i < 10; i++)
			close(root[i]);
	}
	/* one goes, one may come */
	close(fd[0]);
	rig_turn();
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(SOME_USER), 0);
	fd[0] = api_dial();
	ck_assert(api_is_silent(fd[0]));
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	for (size_t i = 0; i < n; i++)
		close(fd[i]);
}
END_TEST

START_TEST(clients_of_all_users)
{
	static int fd[600];
	size_t n;

	if (!is_root())
		return; /* no user without a limit of its own */
	many_descriptors();
	n = dial_until_refused(fd, 600);
	ck_assert_uint_eq(n, 512);
	while (n > 0)
		close(fd[--n]);
}
END_TEST

/* A user with subordinate ids is many: services of root can secure sockets all the same. */
START_TEST(users_leave_room_for_root)
{
	static int fd[600];
	size_t n = 0, more;

	if (!is_root())
		return;
	many_descriptors();
	for (uid_t uid = 4000; uid < 4009; uid++) {
		ck_assert_int_eq(seteuid(uid), 0);
		more = dial_until_refused(fd + n, 64);
		ck_assert_int_eq(seteuid(0), 0);
		n += more;
	}
	ck_assert_uint_ge(n, 400);
	more = dial_until_refused(fd + n, 10);
	ck_assert_uint_eq(more, 10);
	n += more;
	while (n > 0)
		close(fd[--n]);
}
END_TEST

/* Some say nothing, some greet, some ask, well or not; all of them go. */
static void
clients_come_and_go(int n)
{
	for (int i = 0; i < n; i++) {
		int c = i % 2 == 0 ? api_dial() : api_hello();

		if (i % 4 == 1)
			api_secure(c, 3, 0);
		else if (i % 4 == 3)
			api_secure(c, 0, 0);
		close(c);
		rig_turn();
		(void)keeper_asked();
	}
	for (int i = 0; i < 10; i++)
		rig_turn();
	if (api.asked_fd >= 0)
		close(api.asked_fd);
	api.asked_fd = -1;
}

START_TEST(many_clients_leave_nothing)
{
	size_t before = open_descriptors(), bytes;

	clients_come_and_go(100);
	bytes = allocated_bytes();
	clients_come_and_go(1000);
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert_uint_le(allocated_bytes(), bytes + 16384);
	ck_assert(api_is_silent(api_hello()));
}
END_TEST

START_TEST(second_listener_is_refused)
{
	int fd = dup(0);

	api_server_listen(api.server, fd);
	ck_assert_int_eq(close(fd), -1);
	api_server_free(NULL);
}
END_TEST

void
daemon_api_limit_tests(Suite *s)
{
	TCase *t = tcase_create("api-limit");

	tcase_add_checked_fixture(t, api_setup, api_teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, sockets_of_a_user);
	tcase_add_test(t, log_lines_of_a_user);
	tcase_add_test(t, clients_of_a_user);
	tcase_add_test(t, clients_of_all_users);
	tcase_add_test(t, users_leave_room_for_root);
	tcase_add_test(t, many_clients_leave_nothing);
	tcase_add_test(t, second_listener_is_refused);
	suite_add_tcase(s, t);
}
