/* The rules of the section tls: revocation, names and usages, judged by both roles. */
#include <stdio.h>
#include <string.h>

#include "config/glob.h"
#include "daemon/auth_tls_ssl.h"
#include "tests/unit/check_auth.h"

/* a is the initiator. */
static struct side a, b;
static struct talk t;

static bool
run(void)
{
	side_open(&a);
	side_open(&b);
	talk_begin(&t, &a, &b, 0);
	return talk_run(&t);
}

static void
end(void)
{
	talk_end(&t);
	side_close(&a);
	side_close(&b);
}

/* A peer that shows cert, and the rules of the side that judges it. */
struct row {
	const char *cert;
	const char *crl[2];
	bool strict;
	const char *name[3];
	const char *eku[2];
	uint32_t status; /* 0: accepted */
	const char *text, *hint;
};

#define IPSEC "1.3.6.1.5.5.8.2.2"
#define SERVER "1.3.6.1.5.5.7.3.1"

static const struct row row_table[] = {
	/* revocation */
	{ .cert = "rsa1", .crl = { "crl1" } },
	{ .cert = "rsa2", .crl = { "crl1" } }, /* no CRL of ca2 */
	{ .cert = "chain", .crl = { "crl1" } },
	{ .cert = "revoked", .crl = { "crl2" } },
	{ .cert = "rsa1", /* a CA of the same name, but another key */
	    .crl = { "crl-fake" },
	    .status = CRYPT_E_REVOCATION_OFFLINE,
	    .text = "CN=rsa1 issued by CN=ca1: CRL signature failure",
	    .hint = "put a new CRL" },
	{ .cert = "revoked",
	    .crl = { "crl1" },
	    .status = CRYPT_E_REVOKED,
	    .text = "certificate CN=revoked issued by CN=ca1: certificate revoked",
	    .hint = "give the peer another certificate" },
	{ .cert = "revoked",
	    .crl = { "crl2", "crl1" },
	    .status = CRYPT_E_REVOKED,
	    .text = "CN=revoked",
	    .hint = "another" },
	{ .cert = "revoked",
	    .crl = { "crls" },
	    .status = CRYPT_E_REVOKED,
	    .text = "CN=revoked",
	    .hint = "another" },
	{ .cert = "under",
	    .crl = { "crl-ca" },
	    .status = CRYPT_E_REVOKED,
	    .text = "certificate CN=under: its CA CN=bad-ca issued by CN=ca1: ",
	    .hint = "another" },
	{ .cert = "rsa1",
	    .crl = { "crl-old" },
	    .status = CRYPT_E_REVOCATION_OFFLINE,
	    .text = "CN=rsa1 issued by CN=ca1: CRL has expired",
	    .hint = "put a new CRL of that issuer into `crl` and reload" },
	{ .cert = "rsa1", .crl = { "crl1" }, .strict = true },
	{ .cert = "ec2", .crl = { "crl1", "crl2" }, .strict = true },
	{ .cert = "rsa2",
	    .crl = { "crl1" },
	    .strict = true,
	    .status = CRYPT_E_NO_REVOCATION_CHECK,
	    .text = "CN=rsa2 issued by CN=ca2: unable to get certificate CRL",
	    .hint = "add a CRL of that issuer to `crl`, or remove `crl_strict`" },
	{ .cert = "chain",
	    .crl = { "crl1" },
	    .strict = true,
	    .status = CRYPT_E_NO_REVOCATION_CHECK,
	    .text = "CN=chain issued by CN=inter",
	    .hint = "`crl`" },
	{ .cert = "expired",
	    .crl = { "crl2" },
	    .status = SEC_E_CERT_EXPIRED,
	    .text = "CN=expired",
	    .hint = "renew" },
	/* names */
	{ .cert = "rsa1", .name = { "CN=rsa1" } },
	{ .cert = "rsa1", .name = { "x.test", "CN=rsa*" } },
	{ .cert = "web", .name = { "*.example.com" } },
	{ .cert = "web", .name = { "web.EXAMPLE.com" } },
	{ .cert = "web", .name = { "other.*" } },
	{ .cert = "web", .name = { "CN=host-b,*" } },
	{ .cert = "web", .name = { "*,O=Example" } },
	{ .cert = "san", .name = { "a.example" } },
	{ .cert = "web",
	    .name = { "*.example.org", "CN=host-b" },
	    .status = SEC_E_WRONG_PRINCIPAL,
	    .text = "certificate of CN=host-b,O=Example, DNS:other.test, "
		    "DNS:Web.example.com matches none of `peer_names` "
		    "(*.example.org, CN=host-b)",
	    .hint = "correct that list or give the peer another certificate" },
	{ .cert = "rsa1",
	    .name = { "rsa1", "*", "DNS:*" },
	    .status = SEC_E_WRONG_PRINCIPAL,
	    .text = "certificate of CN=rsa1 matches none",
	    .hint = "(rsa1, *, DNS:*)" },
	{ .cert = "comma",
	    .name = { "*,O=Example", "CN=x,O=Example*" },
	    .status = SEC_E_WRONG_PRINCIPAL,
	    .text = "CN=x\\,O=Example,O=Evil matches none",
	    .hint = "peer_names" },
	{ .cert = "comma", .name = { "CN=x\\,O=Example,*" } },
	{ .cert = "self",
	    .name = { "CN=self" },
	    .status = SEC_E_UNTRUSTED_ROOT,
	    .text = "self-signed",
	    .hint = "`trust`" },
	/* usages */
	{ .cert = "ipsec", .eku = { IPSEC } },
	{ .cert = "web", .eku = { IPSEC, SERVER } },
	{ .cert = "web",
	    .eku = { IPSEC },
	    .status = SEC_E_CERT_WRONG_USAGE,
	    .text = "certificate CN=host-b,O=Example: extended key usage (serverAuth, "
		    "clientAuth) has none of `eku` (",
	    .hint = "give the peer another certificate" },
	{ .cert = "rsa1",
	    .eku = { SERVER, "1.2.3.4" },
	    .status = SEC_E_CERT_WRONG_USAGE,
	    .text = "CN=rsa1: extended key usage (none) has none of `eku` (serverAuth, "
		    "1.2.3.4)",
	    .hint = "another" },
	{ .cert = "ipsec", .name = { "CN=ipsec" }, .eku = { IPSEC }, .crl = { "crl1" },
	    .strict = true },
	{ .cert = "ipsec",
	    .name = { "CN=x" },
	    .eku = { IPSEC },
	    .status = SEC_E_WRONG_PRINCIPAL,
	    .text = "CN=ipsec",
	    .hint = "CN=x" },
	{ .cert = "web",
	    .name = { "*.example.com" },
	    .eku = { "1.2.3" },
	    .status = SEC_E_CERT_WRONG_USAGE,
	    .text = "serverAuth, clientAuth",
	    .hint = "1.2.3" },
};
#define N_ROWS ((int)(sizeof(row_table) / sizeof(row_table[0])))

static void
set_names(struct side *s, const char *const name[3])
{
	struct config_tls *tls = &s->c.tls;

	for (uint32_t i = 0; i < 3 && name[i] != NULL; i++, tls->n_peer_name++)
		snprintf(tls->peer_name[i], sizeof(tls->peer_name[i]), "%s", name[i]);
}

static void
set_rules(struct side *s, const struct row *row)
{
	struct config_tls *tls = &s->c.tls;

	for (int i = 0; i < 2 && row->crl[i] != NULL; i++)
		side_add_crl(s, row->crl[i]);
	tls->crl_strict = row->strict;
	set_names(s, row->name);
	for (uint32_t i = 0; i < 2 && row->eku[i] != NULL; i++, tls->n_eku++)
		snprintf(tls->eku[i], sizeof(tls->eku[i]), "%s", row->eku[i]);
}

static void
check_row(const struct row *row, int judge)
{
	bool ok = run();

	if (row->status == 0) {
		ck_assert_msg(ok, "%s", t.r[judge].text);
		talk_expect_secret(&t, 48);
	} else {
		ck_assert_msg(!ok, "%s is accepted", row->cert);
		talk_expect_failure(&t, judge, row->status, row->text, row->hint);
		ck_assert_uint_ne(t.r[!judge].status, AUTH_DONE);
		ck_assert(t.r[judge].retry_possible == (judge == 1));
	}
	end();
}

START_TEST(responder_judges)
{
	side_init(&a, "both", row_table[_i].cert);
	side_init(&b, "both", "rsa1");
	set_rules(&b, &row_table[_i]);
	check_row(&row_table[_i], 1);
}
END_TEST

START_TEST(initiator_judges)
{
	side_init(&a, "both", "rsa1");
	side_init(&b, "both", row_table[_i].cert);
	set_rules(&a, &row_table[_i]);
	check_row(&row_table[_i], 0);
}
END_TEST

static const struct {
	const char *pattern, *text;
	bool fits;
} glob_table[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "*", "", true },
	{ "**", "abc", true },
	{ "a*c", "aBbC", true },
	{ "a*c", "abcd", false },
	{ "*a*b*", "xxaayybz", true },
	{ "*ab", "aab", true },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "a\\,b", "a\\,b", true },
	{ "a*,b", "a\\,b", false },
	{ "a*,b", "a\\,x,b", true },
	{ "a*\\,b", "a\\\\\\,b", true },
	{ "*.x", ".x", true },
	{ "*.x", "x", false },
};

START_TEST(globs)
{
	for (size_t i = 0; i < sizeof(glob_table) / sizeof(glob_table[0]); i++)
		ck_assert_msg(glob_matches(glob_table[i].pattern, glob_table[i].text, true) ==
				  glob_table[i].fits,
		    "'%s' and '%s'", glob_table[i].pattern, glob_table[i].text);
}
END_TEST

TCase *
auth_rules_cases(void)
{
	TCase *c = tcase_create("rules");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, responder_judges, 0, N_ROWS);
	tcase_add_loop_test(c, initiator_judges, 0, N_ROWS);
	tcase_add_test(c, globs);
	return c;
}
