/*
 * Each function and each error that it documents, in the order in which they are checked: every
 * row alone gives its error, any two rows at once give that of the first, and WSAIoctl gives
 * the same. The rows are in errors_table.c.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/errors_table.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/run_suite.h"
#include "winsock/shim.h"

static const struct error_row *
row(enum function f, size_t i)
{
	for (size_t k = 0; k < n_error_rows; k++)
		if (error_rows[k].f == f && i-- == 0)
			return &error_rows[k];
	return NULL;
}

static bool
fits(const struct error_row *r, bool by_ioctl)
{
	return !by_ioctl || r->op != NO_LENGTH;
}

static void
check_pairs(enum function f, bool by_ioctl, size_t i)
{
	const struct error_row *a = row(f, i), *b;
	int error;

	for (size_t k = i + 1; (b = row(f, k)) != NULL; k++) {
		if ((a->slots & b->slots) != 0 || !fits(b, by_ioctl))
			continue;
		error = call_error(f, by_ioctl, a, b);
		ck_assert_msg(error == a->error, "%s: \"%s\" and \"%s\"%s: %d, not %d",
		    function_names[f], a->what, b->what, by_ioctl ? " by WSAIoctl" : "",
		    error, a->error);
	}
}

static void
check_function(enum function f, bool by_ioctl)
{
	const struct error_row *a;
	int error = call_error(f, by_ioctl, NULL, NULL);

	ck_assert_msg(error == 0, "%s: nothing is wrong: %d", function_names[f], error);
	ck_assert_ptr_nonnull(row(f, 0));
	for (size_t i = 0; (a = row(f, i)) != NULL; i++) {
		if (!fits(a, by_ioctl))
			continue;
		error = call_error(f, by_ioctl, a, NULL);
		ck_assert_msg(error == a->error, "%s: \"%s\"%s: %d, not %d",
		    function_names[f], a->what, by_ioctl ? " by WSAIoctl" : "", error,
		    a->error);
		check_pairs(f, by_ioctl, i);
	}
}

START_TEST(every_error_in_order)
{
	check_function((enum function)_i, false);
}
END_TEST

START_TEST(the_same_by_ioctl)
{
	check_function((enum function)_i, true);
}
END_TEST

/* It always works: who cleans up may be somebody else at that moment. */
START_TEST(revert_has_no_conditions)
{
	WSADATA d;

	ck_assert_int_eq(WSARevertImpersonation(), 0);
	ck_assert_int_eq(WSAStartup(MAKEWORD(2, 2), &d), 0);
	ck_assert_int_eq(WSACleanup(), 0);
	ck_assert_int_eq(WSARevertImpersonation(), 0);
}
END_TEST

/* A native program does not begin, and may call. */
START_TEST(without_startup)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	WSADATA d;

	fake_start(0, NONE, 0);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, NULL), 0);
	ck_assert_int_eq(WSAStartup(MAKEWORD(2, 2), &d), 0);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, NULL), 0);
	ck_assert_int_eq(WSACleanup(), 0);
	ck_assert_int_eq(WSASetSocketSecurity(s, NULL, 0, NULL, NULL), SOCKET_ERROR);
	ck_assert_int_eq(WSAGetLastError(), WSANOTINITIALISED);
	fake_stop();
	close(s);
}
END_TEST

static void
setup(void)
{
	strcpy(fake.dir, "/tmp/check_errors.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/" AIP_API_SOCKET, fake.dir);
	ck_assert_int_eq(setenv("AUTHIPD_RUN_DIR", fake.dir, 1), 0);
	memset(&fake.identity_reply, 0, sizeof(fake.identity_reply));
	memset(&fake.query_reply, 0, sizeof(fake.query_reply));
}

static void
teardown(void)
{
	unlink(fake.path);
	rmdir(fake.dir);
}

int
main(void)
{
	Suite *suite = suite_create("errors");
	TCase *t = tcase_create("errors");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, every_error_in_order, 0, FUNCTIONS);
	tcase_add_loop_test(t, the_same_by_ioctl, 0, IMPERSONATE);
	tcase_add_test(t, revert_has_no_conditions);
	tcase_add_test(t, without_startup);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
