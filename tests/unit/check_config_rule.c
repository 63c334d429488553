/* Configuration: rules and the policies with names that they use. */
#include "tests/unit/check_config.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#define TWO_POLICIES                                                               \
	"default_policy { quick_mode { proposal esp-null-sha1 { } idle = 77 } }\n" \
	"policy \"strong\" {\n"                                                    \
	"	main_mode { proposal aes256-sha384-ecp384 { lifetime = 600 } }\n"        \
	"	quick_mode { proposal esp-aes256-gcm { } }\n"                            \
	"}\n"                                                                      \
	"policy \"certificates\" { extended_mode { auth = { tls } } }\n"

static struct config c;

static struct flow
flow(uint8_t protocol, const char *local, uint16_t lport, const char *remote,
    uint16_t rport)
{
	struct flow f = { .protocol = protocol };
	uint8_t family = strchr(local, ':') != NULL ? 6 : 4;
	int af = family == 6 ? AF_INET6 : AF_INET;

	f.local.addr.family = f.remote.addr.family = family;
	ck_assert_int_eq(inet_pton(af, local, f.local.addr.b), 1);
	ck_assert_int_eq(inet_pton(af, remote, f.remote.addr.b), 1);
	f.local.port = lport;
	f.remote.port = rport;
	return f;
}

START_TEST(test_whole_rule)
{
	struct policy p;

	load_good(&c, TWO_POLICIES
	    "rule \"web server\" { local = 10.0.0.0/8 remote = 10.1.2.3 protocol = "
	    "tcp\n"
	    "local_port = 80 remote_port = 4000 action = \"require-in-request-out\"\n"
	    "policy = strong authentication = certificates target_name = \"host/web\"\n"
	    "encryption = true }");
	ck_assert_uint_eq(c.n_rule, 1);
	ck_assert_str_eq(c.rule[0].rule.name, "web server");
	ck_assert_uint_eq(c.rule[0].rule.local.bits, 8);
	ck_assert_uint_eq(c.rule[0].rule.remote.bits, 32);
	ck_assert_uint_eq(c.rule[0].rule.protocol, 6);
	ck_assert_uint_eq(c.rule[0].rule.local_port, 80);
	ck_assert_uint_eq(c.rule[0].rule.remote_port, 4000);
	ck_assert_int_eq(c.rule[0].rule.action, RULE_REQUIRE_IN);
	ck_assert_str_eq(c.rule[0].target_name, "host/web");
	ck_assert_uint_eq(c.rule[0].encryption, 1);
	config_rule_policy(&c, &c.rule[0], &p);
	ck_assert_int_eq(
	    p.qm_proposal[0].cipher, c.named_policy[0].policy.qm_proposal[0].cipher);
	ck_assert_uint_eq(p.mm_proposal[0].lifetime_s, 600);
	ck_assert_uint_eq(p.n_em_auth, 1); /* of the other policy */
	ck_assert_int_eq(p.nd, ND_OFF);
	c.rule[0].encryption = 0;
	config_rule_policy(&c, &c.rule[0], &p);
	ck_assert_int_eq(p.nd, ND_OUTBOUND);
}
END_TEST

START_TEST(test_named_policies)
{
	load_good(&c, TWO_POLICIES);
	ck_assert_uint_eq(c.n_named_policy, 2);
	ck_assert_str_eq(c.named_policy[1].name, "certificates");
	/* What is not written is the default policy's. */
	ck_assert_uint_eq(c.named_policy[0].policy.idle_s, 77);
	ck_assert(policy_equal(&c.policy, &c.policy));
	ck_assert(!policy_equal(&c.policy, &c.named_policy[0].policy));
	ck_assert(!policy_equal_main_mode(&c.policy, &c.named_policy[0].policy));
	load_good(&c, "policy a { quick_mode { idle = 5 proposal ah-sha1 { } } }");
	ck_assert(policy_equal_main_mode(&c.policy, &c.named_policy[0].policy));
}
END_TEST

struct part {
	size_t from, to;
};
#define SLOTS(field, count)                                              \
	{ offsetof(struct policy, field) + (count) * sizeof(p.field[0]), \
		offsetof(struct policy, field) + sizeof(p.field) }
#define UNTIL(first, last)                      \
	{ offsetof(struct policy, first),       \
		offsetof(struct policy, last) + sizeof(p.last) }

static bool
is_in(const struct part *part, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (at >= part[i].from && at < part[i].to)
			return true;
	return false;
}

/* Every field counts, one that is new, too; what is beyond the end of a list does not. */
START_TEST(test_policies_that_differ)
{
	struct policy p, other;

	policy_set_default(&p);
	p.n_mm_auth = 1;
	p.n_em_auth = 2;
	{
		const struct part unused[] = { SLOTS(mm_proposal, p.n_mm_proposal),
			SLOTS(mm_auth, p.n_mm_auth), SLOTS(qm_proposal, p.n_qm_proposal),
			SLOTS(em_auth, p.n_em_auth) };
		const struct part main_mode[] = { UNTIL(keying, mm_qm_limit),
			UNTIL(em_auth, n_em_auth) };

		for (size_t at = 0; at < sizeof(p); at += sizeof(uint32_t)) {
			bool used = !is_in(unused, 4, at);

			memcpy(&other, &p, sizeof(p));
			((uint8_t *)&other)[at] ^= 1;
			ck_assert_msg(policy_equal(&p, &other) == !used, "byte %zu", at);
			ck_assert_msg(policy_equal_main_mode(&p, &other) ==
					  !(used && is_in(main_mode, 2, at)),
			    "main mode, byte %zu", at);
		}
	}
}
END_TEST

START_TEST(test_shortest_rule)
{
	struct policy p;

	load_good(&c, "rule all { action = require-in-out }");
	config_rule_policy(&c, &c.rule[0], &p);
	ck_assert_int_eq(p.nd, ND_OFF);
	p.nd = c.policy.nd;
	ck_assert(policy_equal(&p, &c.policy));
	ck_assert_uint_eq(rule_family(&c.rule[0].rule), 0);
	load_good(
	    &c, "rule all { action = request-in-out remote = any local = fd00::/8 }");
	ck_assert_uint_eq(rule_family(&c.rule[0].rule), 6);
}
END_TEST

START_TEST(test_exempt)
{
	load_good(&c, "rule x { remote_port = 22 action = exempt }");
	ck_assert(rule_is_exempt(&c.rule[0].rule));
	ck_assert(rule_allows_clear_in(&c.rule[0].rule));
	ck_assert(rule_allows_clear_out(&c.rule[0].rule));
}
END_TEST

static char told[4096];

static void
tell(const char *line)
{
	size_t n = strlen(told);

	snprintf(told + n, sizeof(told) - n, "%s\n", line);
}

#define KERBEROS "kerberos { keytab = \"/k\" } "
#define FOR_ALL "rule all { action = require-in-out } "
/* What is said of the order of rules; NULL: nothing. */
static const struct {
	const char *text;
	const char *says;
} order_table[] = {
	{ "rule one { local_port = 22 action = exempt } " FOR_ALL, NULL },
	{ FOR_ALL "rule one { local_port = 22 action = exempt }",
	    "rule \"one\" does nothing: rule \"all\" before it" },
	{ FOR_ALL "rule one { local = fd00::/8 action = exempt }", "\"one\" does nothing" },
	{ "rule tcp { protocol = tcp action = exempt } " FOR_ALL, NULL },
	{ "rule a { remote = 10.0.0.0/9 action = request-in-out } "
	  "rule b { remote = 10.0.0.0/8 action = request-in-out } ",
	    NULL },
	{ "rule a { remote = 10.0.0.0/8 action = request-in-out } "
	  "rule b { remote = 10.0.0.0/9 remote_port = 9 action = request-in-out } ",
	    "\"b\" does nothing" },
	{ "rule a { remote = 10.0.0.0/8 remote_port = 8 action = request-in-out } "
	  "rule b { remote = 10.0.0.0/9 remote_port = 9 action = request-in-out } ",
	    NULL },
	{ "rule a { local = 10.0.0.0/8 action = request-in-out } "
	  "rule b { local = fd00::/8 action = request-in-out } ",
	    NULL },
	{ KERBEROS FOR_ALL, "rule \"all\" selects the way to the KDC" },
	{ KERBEROS "rule all { action = require-in-request-out }", NULL },
	{ KERBEROS "rule all { action = request-in-out encryption = true }", "way to the KDC" },
	{ KERBEROS "rule all { protocol = udp action = require-in-out }", NULL },
	{ KERBEROS "rule dc { remote = 10.0.0.9 action = exempt } " FOR_ALL, NULL },
	{ KERBEROS "rule web { remote_port = 80 action = exempt } " FOR_ALL, "way to the KDC" },
};

START_TEST(test_order)
{
	struct config_error err;

	told[0] = '\0';
	ck_assert_msg(config_load_text(&c, "x", order_table[_i].text, false, &err) == 0, "%s",
	    err.text);
	config_warn(&c, NULL, tell);
	if (order_table[_i].says == NULL)
		ck_assert_str_eq(told, "");
	else
		ck_assert_msg(strstr(told, order_table[_i].says) != NULL, "%s", told);
}
END_TEST

static const struct {
	const char *rule;
	uint8_t protocol;
	const char *local;
	uint16_t lport;
	const char *remote;
	uint16_t rport;
	bool selects;
} select_table[] = {
	{ "", 6, "10.0.0.1", 1, "10.0.0.2", 2, true },
	{ "", 17, "fd00::1", 1, "fd00::2", 2, true },
	{ "", 1, "10.0.0.1", 0, "10.0.0.2", 0, false },
	{ "", 0, "10.0.0.1", 0, "10.0.0.2", 0, true },
	{ "protocol = tcp", 0, "10.0.0.1", 0, "10.0.0.2", 0, false },
	{ "protocol = tcp", 6, "10.0.0.1", 1, "10.0.0.2", 2, true },
	{ "protocol = tcp", 17, "10.0.0.1", 1, "10.0.0.2", 2, false },
	{ "local = 10.0.0.0/31", 6, "10.0.0.1", 1, "10.0.0.2", 2, true },
	{ "local = 10.0.0.0/31", 6, "10.0.0.2", 1, "10.0.0.1", 2, false },
	{ "local = 10.0.0.0/31", 6, "fd00::1", 1, "fd00::2", 2, false },
	{ "remote = fd00::/9", 6, "fd00::1", 1, "fd7f::2", 2, true },
	{ "remote = fd00::/9", 6, "fd00::1", 1, "fd80::2", 2, false },
	{ "remote = 0.0.0.0/0", 6, "10.0.0.1", 1, "10.0.0.2", 2, true },
	{ "remote = 10.0.0.2", 6, "10.0.0.1", 1, "10.0.0.2", 2, true },
	{ "remote = 10.0.0.2", 6, "10.0.0.1", 1, "10.0.0.3", 2, false },
	{ "local_port = 1", 6, "10.0.0.1", 1, "10.0.0.2", 2, true },
	{ "local_port = 1", 6, "10.0.0.1", 2, "10.0.0.2", 1, false },
	{ "local_port = 1", 6, "10.0.0.1", 0, "10.0.0.2", 0, false },
	{ "remote_port = 2", 6, "10.0.0.1", 0, "10.0.0.2", 2, true },
};

START_TEST(test_selects)
{
	char text[200];
	struct flow f = flow(select_table[_i].protocol, select_table[_i].local,
	    select_table[_i].lport, select_table[_i].remote, select_table[_i].rport);

	snprintf(text, sizeof(text), "rule x { action = require-in-out %s }",
	    select_table[_i].rule);
	load_good(&c, text);
	ck_assert_int_eq(rule_selects(&c.rule[0].rule, &f), select_table[_i].selects);
}
END_TEST

#define RULE(text) "\nrule \"x\" {\n" text "\n}"
static const struct {
	int line;
	const char *says;
	const char *text;
} bad_table[] = {
	{ 2, "says no action: write action = require-in-out", RULE("") },
	{ 3, "action: unknown value 'deny': write one of require-in-out",
	    RULE("action = deny") },
	{ 3, "protocol: unknown value 'icmp'", RULE("protocol = icmp") },
	{ 3, "local = '10.0.0.300' is no address", RULE("local = 10.0.0.300") },
	{ 3, "local = '10.0.0.0/33' is no address", RULE("local = 10.0.0.0/33") },
	{ 3, "remote = 'fd00::/129' is no address", RULE("remote = \"fd00::/129\"") },
	{ 3, "remote = '10.0.0.0/' is no address", RULE("remote = 10.0.0.0/") },
	{ 3, "has bits behind the first 8", RULE("remote = 10.1.0.0/8") },
	{ 3, "has bits behind the first 31", RULE("remote = 10.1.0.1/31") },
	{ 3, "from 0 to 65535", RULE("local_port = 65536") },
	{ 3, "there is no policy \"strong\"",
	    RULE("action = request-in-out policy = strong") },
	{ 3, "there is no policy \"x\"",
	    RULE("action = request-in-out authentication = x") },
	{ 3, "target_name is empty",
	    RULE("action = request-in-out target_name = \"\"") },
	{ 3, "write true or false",
	    RULE("action = request-in-out encryption = maybe") },
	{ 4, "rule \"x\" is exempt, so that nothing is negotiated: remove encryption",
	    RULE("action = exempt\nencryption = false") },
	{ 1, "remove policy", "policy p { } rule x { action = exempt policy = p }" },
	{ 2, "different families: write two rules",
	    RULE("action = request-in-out local = 10.0.0.1 remote = \"::1\"") },
	{ 4, "wants encryption, and no quick-mode proposal",
	    "default_policy { quick_mode { proposal ah-sha1 { } } }\n\n"
	    "\nrule x { action = require-in-out encryption = true }" },
	{ 1, "duplicate title", "rule x { action = require-in-out } rule x { }" },
	{ 1, "write a name first", "rule { action = require-in-out }" },
	{ 1, "a name has 1 to 63 characters", "policy \"\" { }" },
	{ 1, "quote or control character", "policy \"a\\nb\" { }" },
	{ 2, "no room for 1 rules",
	    "plane { mark_mask = 0x30 }\nrule x { action = "
	    "require-in-out }" },
	{ 2, "leaves no room for 1 rules",
	    "plane { rule_priority = 32765 }\nrule x { action = "
	    "require-in-out }" },
	{ 2, "duplicate title",
	    "policy x { quick_mode {\nproposal ah-sha1 { } proposal ah-sha1 { } } }" },
	{ 1, "auth is empty", "policy x { extended_mode { auth = { } } }" },
};

START_TEST(test_bad_rule)
{
	struct config_error err;

	ck_assert_int_eq(
	    config_load_text(&c, "x", bad_table[_i].text, false, &err), -1);
	ck_assert_msg(strstr(err.text, bad_table[_i].says) != NULL, "%s", err.text);
	ck_assert_int_eq(err.line, bad_table[_i].line);
}
END_TEST

START_TEST(test_too_many)
{
	static char text[20000];
	struct config_error err;
	size_t n = 0;

	for (int i = 0; i <= CONFIG_MAX_RULES; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "rule r%d { action = request-in-out }\n", i);
	ck_assert_int_eq(config_load_text(&c, "x", text, false, &err), -1);
	ck_assert_int_eq(err.line, CONFIG_MAX_RULES + 1);
	n = 0;
	for (int i = 0; i <= CONFIG_MAX_POLICIES; i++)
		n +=
		    (size_t)snprintf(text + n, sizeof(text) - n, "policy p%d { }\n", i);
	ck_assert_int_eq(config_load_text(&c, "x", text, false, &err), -1);
	ck_assert_int_eq(err.line, CONFIG_MAX_POLICIES + 1);
}
END_TEST

TCase *
tcase_config_rule(void)
{
	TCase *t = tcase_create("rule");

	tcase_add_test(t, test_whole_rule);
	tcase_add_test(t, test_named_policies);
	tcase_add_test(t, test_policies_that_differ);
	tcase_add_test(t, test_shortest_rule);
	tcase_add_test(t, test_exempt);
	tcase_add_loop_test(
	    t, test_order, 0, sizeof(order_table) / sizeof(order_table[0]));
	tcase_add_loop_test(
	    t, test_selects, 0, sizeof(select_table) / sizeof(select_table[0]));
	tcase_add_loop_test(
	    t, test_bad_rule, 0, sizeof(bad_table) / sizeof(bad_table[0]));
	tcase_add_test(t, test_too_many);
	return t;
}
