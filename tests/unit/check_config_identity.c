/* The section impersonation: reading it, and who a peer is by it. */
#include "tests/unit/check_config.h"

#include <string.h>

#define RULES                                                 \
	"impersonation {\n"                                   \
	"enabled = true min_uid = 500 realm = EXAMPLE\n"      \
	"machine_account = machines services = { www, 33 }\n" \
	"map \"bob@EXAMPLE\" { account = robert }\n"          \
	"map \"root@EXAMPLE\" { account = deny }\n"           \
	"map \"*@OTHER\" { account = guest }\n"               \
	"map \"CN=alice,O=Corp\" { account = alice }\n"       \
	"map \"CN=*,O=Corp\" { account = deny }\n"            \
	"}\n"

START_TEST(test_identity_options)
{
	struct config c;

	config_set_default(&c);
	ck_assert_uint_eq(c.identity.enabled, 0);
	ck_assert_uint_eq(c.identity.min_uid, 1000);
	load_good(&c, RULES);
	ck_assert_uint_eq(c.identity.enabled, 1);
	ck_assert_uint_eq(c.identity.min_uid, 500);
	ck_assert_str_eq(c.identity.realm, "EXAMPLE");
	ck_assert_str_eq(c.identity.machine_account, "machines");
	ck_assert_uint_eq(c.identity.n_service, 2);
	ck_assert_str_eq(c.identity.service[1], "33");
	ck_assert_uint_eq(c.identity.n_map, 5);
	ck_assert_str_eq(c.identity.map[2].peer, "*@OTHER");
	ck_assert_str_eq(c.identity.map[2].account, "guest");
}
END_TEST

static const struct {
	enum auth_method method;
	const char *peer;
	enum identity_verdict verdict;
	const char *account;
	bool by_rule;
} find_table[] = {
	{ AUTH_KERBEROS, "bob@EXAMPLE", IDENTITY_MAPPED, "robert", true },
	/* principals differ by case */
	{ AUTH_KERBEROS, "Bob@EXAMPLE", IDENTITY_MAPPED, "Bob", false },
	{ AUTH_KERBEROS, "root@EXAMPLE", IDENTITY_DENIED, "", false },
	{ AUTH_KERBEROS, "carol@EXAMPLE", IDENTITY_MAPPED, "carol", false },
	{ AUTH_KERBEROS, "carol@EXAMPLE.ORG", IDENTITY_UNKNOWN, "", false },
	{ AUTH_KERBEROS, "carol@OTHER", IDENTITY_MAPPED, "guest", true },
	{ AUTH_KERBEROS, "carol/admin@EXAMPLE", IDENTITY_UNKNOWN, "", false },
	{ AUTH_KERBEROS, "carol", IDENTITY_UNKNOWN, "", false },
	{ AUTH_KERBEROS, "@EXAMPLE", IDENTITY_UNKNOWN, "", false },
	{ AUTH_KERBEROS, "host/h.example@EXAMPLE", IDENTITY_MAPPED, "machines", false },
	{ AUTH_KERBEROS, "HOST/h.example@NOWHERE", IDENTITY_MAPPED, "machines", false },
	{ AUTH_KERBEROS, "PC7$@EXAMPLE", IDENTITY_MAPPED, "machines", false },
	{ AUTH_TLS, "CN=alice,O=Corp", IDENTITY_MAPPED, "alice", true },
	{ AUTH_TLS, "cn=Alice,o=corp", IDENTITY_MAPPED, "alice", true },
	{ AUTH_TLS, "CN=eve,O=Corp", IDENTITY_DENIED, "", false },
	/* an escaped comma does not end an attribute: the rule about O=Corp is not for it */
	{ AUTH_TLS, "CN=alice\\,O=Corp", IDENTITY_MAPPED, "machines", false },
	/* a principal's rules are for principals, but the names of others do not look so */
	{ AUTH_TLS, "DNS:h.example", IDENTITY_MAPPED, "machines", false },
	/* nobody, and names that were cut or changed */
	{ AUTH_ANONYMOUS, "bob@EXAMPLE", IDENTITY_NAMELESS, "", false },
	{ AUTH_TLS, "", IDENTITY_NAMELESS, "", false },
	{ AUTH_TLS, "(peer without certificate)", IDENTITY_NAMELESS, "", false },
	{ AUTH_TLS, "CN=alic?,O=Corp", IDENTITY_NAMELESS, "", false },
	{ AUTH_TLS, "CN=alice,O=...", IDENTITY_NAMELESS, "", false },
};

START_TEST(test_identity_find)
{
	char account[IDENTITY_ACCOUNT_MAX];
	struct config c;
	bool by_rule;

	load_good(&c, RULES);
	ck_assert_msg(
	    identity_find(&c.identity, find_table[_i].method, find_table[_i].peer,
		account, &by_rule) == find_table[_i].verdict,
	    "%s: wrong verdict", find_table[_i].peer);
	ck_assert_str_eq(account, find_table[_i].account);
	ck_assert(by_rule == find_table[_i].by_rule);
}
END_TEST

START_TEST(test_identity_off)
{
	char account[IDENTITY_ACCOUNT_MAX];
	struct config c;
	bool by_rule;

	load_good(&c, "impersonation { realm = EXAMPLE }");
	ck_assert_int_eq(
	    identity_find(&c.identity, AUTH_KERBEROS, "bob@EXAMPLE", account, &by_rule),
	    IDENTITY_OFF);
	/* on, but without a machine account and a realm: nobody */
	load_good(&c, "impersonation { enabled = true }");
	ck_assert_int_eq(
	    identity_find(&c.identity, AUTH_KERBEROS, "bob@EXAMPLE", account, &by_rule),
	    IDENTITY_UNKNOWN);
	ck_assert_int_eq(
	    identity_find(&c.identity, AUTH_TLS, "CN=b", account, &by_rule),
	    IDENTITY_UNKNOWN);
	for (int v = IDENTITY_OFF; v <= IDENTITY_UNKNOWN; v++)
		ck_assert_uint_gt(strlen(identity_advice((enum identity_verdict)v)), 0);
}
END_TEST

TCase *
tcase_config_identity(void)
{
	TCase *t = tcase_create("identity");

	tcase_add_test(t, test_identity_options);
	tcase_add_loop_test(
	    t, test_identity_find, 0, sizeof(find_table) / sizeof(find_table[0]));
	tcase_add_test(t, test_identity_off);
	return t;
}
