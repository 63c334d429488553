/* Accounts for peers, as keeper finds them: with the accounts that every Debian has. */
#include <string.h>

#include "daemon/account.h"
#include "tests/unit/check_daemon.h"

static struct config_identity c;
static struct proto_identity_ask ask;
static struct proto_identity_reply reply;

/* A rule for the peer "user@R", asked for by a program of root. */
static void
setup(void)
{
	memset(&c, 0, sizeof(c));
	memset(&ask, 0, sizeof(ask));
	c.enabled = 1;
	c.min_uid = 1;
	c.n_map = 1;
	strcpy(c.map[0].peer, "user@R");
	strcpy(c.map[0].account, "nobody");
	ask.method = AUTH_KERBEROS;
	strcpy(ask.peer, "user@R");
}

static void
look(void)
{
	struct account_found found;

	account_look(&c, &ask, &found);
	reply = found.reply;
	ck_assert((found.why[0] == '\0') == (reply.winsock_error == 0));
}

static void
expect_refused(void)
{
	look();
	ck_assert_uint_eq(reply.winsock_error, 10013);
	ck_assert_uint_eq(reply.uid + reply.gid + reply.n_groups, 0);
	ck_assert_str_eq(reply.account, "");
}

START_TEST(account_by_rule)
{
	look();
	ck_assert_uint_eq(reply.winsock_error, 0);
	ck_assert_uint_eq(reply.uid, 65534);
	ck_assert_uint_eq(reply.gid, 65534);
	ck_assert_uint_ge(reply.n_groups, 1);
	ck_assert_uint_eq(reply.groups[0], 65534);
	ck_assert_str_eq(reply.account, "nobody");
}
END_TEST

START_TEST(no_such_account)
{
	strcpy(c.map[0].account, "no-such-account");
	expect_refused();
}
END_TEST

START_TEST(below_min_uid)
{
	strcpy(c.map[0].account, "daemon");
	c.min_uid = 1000;
	expect_refused();
	c.min_uid = 1;
	look();
	ck_assert_uint_eq(reply.winsock_error, 0);
	ck_assert_uint_eq(reply.uid, 1);
}
END_TEST

/* Root is nobody's account, unless a rule names it. */
START_TEST(root_only_by_rule)
{
	c.n_map = 0;
	strcpy(c.realm, "R");
	strcpy(ask.peer, "root@R");
	expect_refused();
	strcpy(c.machine_account, "root");
	strcpy(ask.peer, "host/h@R");
	expect_refused();
	c.n_map = 1;
	strcpy(c.map[0].peer, "admin@R");
	strcpy(c.map[0].account, "root");
	strcpy(ask.peer, "admin@R");
	look();
	ck_assert_uint_eq(reply.winsock_error, 0);
	ck_assert_uint_eq(reply.uid, 0);
}
END_TEST

/* Programs of others than root need to be listed, or to be that user already. */
START_TEST(services)
{
	ask.uid = 2; /* bin */
	expect_refused();
	c.n_service = 1;
	strcpy(c.service[0], "daemon");
	expect_refused();
	strcpy(c.service[0], "bin");
	look();
	ck_assert_uint_eq(reply.winsock_error, 0);
	strcpy(c.service[0], "2");
	look();
	ck_assert_uint_eq(reply.winsock_error, 0);
	c.n_service = 0;
	ask.uid = 65534;
	look();
	ck_assert_uint_eq(reply.winsock_error, 0);
}
END_TEST

START_TEST(off_and_unknown)
{
	strcpy(ask.peer, "other@R");
	expect_refused();
	strcpy(ask.peer, "user@R");
	ask.method = AUTH_ANONYMOUS;
	expect_refused();
	ask.method = AUTH_KERBEROS;
	c.enabled = 0;
	expect_refused();
}
END_TEST

void
daemon_account_tests(Suite *s)
{
	TCase *t = tcase_create("account");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, account_by_rule);
	tcase_add_test(t, no_such_account);
	tcase_add_test(t, below_min_uid);
	tcase_add_test(t, root_only_by_rule);
	tcase_add_test(t, services);
	tcase_add_test(t, off_and_unknown);
	suite_add_tcase(s, t);
}
