/* Authentications as they should go, and certificates that must not be accepted. */
#include <stdlib.h>

#include "ike/payload.h"
#include "tests/unit/check_auth.h"
#include "tests/unit/run_suite.h"

_Static_assert(AUTH_MAX_TOKEN_BYTES == PLD_MAX_TOKEN_BYTES, "one limit in both layers");

static struct side a, b;
static struct talk t;

/* Both sides trust all CAs, unless the test says otherwise. */
static void
begin(const char *cert_a, const char *cert_b)
{
	side_init(&a, "both", cert_a);
	side_init(&b, "both", cert_b);
}

static bool
run(uint32_t credential)
{
	side_open(&a);
	side_open(&b);
	talk_begin(&t, &a, &b, credential);
	return talk_run(&t);
}

static void
end(void)
{
	talk_end(&t);
	side_close(&a);
	side_close(&b);
}

static const struct {
	const char *cert[2];
	const char *name[2];
} pairs[] = {
	{ { "rsa1", "rsa1" }, { "CN=rsa1", "CN=rsa1" } },
	{ { "ec1", "ec2" }, { "CN=ec1", "CN=ec2" } },
	{ { "rsa2", "ec1" }, { "CN=rsa2", "CN=ec1" } },
	{ { "ec2", "rsa1" }, { "CN=ec2", "CN=rsa1" } },
	{ { "chain", "chain" }, { "CN=chain", "CN=chain" } },
	{ { "san", "rsa1" }, { "DNS:a.example", "CN=rsa1" } },
	{ { "evil", "rsa1" }, { "CN=x\\0A\\1B[2J\\,CN=root\\C3\\A9", "CN=rsa1" } },
};

START_TEST(both_sides_succeed)
{
	begin(pairs[_i].cert[0], pairs[_i].cert[1]);
	ck_assert(run(0));
	ck_assert_int_eq(t.flights, 4);
	talk_expect_secret(&t, 48);
	ck_assert_str_eq(t.r[0].peer_name, pairs[_i].name[1]);
	ck_assert_str_eq(t.r[1].peer_name, pairs[_i].name[0]);
	ck_assert_uint_eq(t.r[0].token.n, 0);
	end();
}
END_TEST

START_TEST(two_dialogues_have_two_secrets)
{
	struct secret first;

	begin("rsa1", "rsa1");
	ck_assert(run(0));
	first = t.r[0].secret;
	talk_end(&t);
	talk_begin(&t, &a, &b, 0);
	ck_assert(talk_run(&t));
	ck_assert_int_eq(t.flights, 4); /* nothing is resumed */
	ck_assert_mem_ne(t.r[0].secret.b, first.b, first.n);
	end();
}
END_TEST

START_TEST(second_credential)
{
	begin("rsa1", "rsa2");
	side_add_cert(&a, "ec2");
	side_add_cert(&b, "ec1");
	ck_assert(run(1));
	ck_assert_str_eq(t.r[0].peer_name, "CN=ec1");
	ck_assert_str_eq(t.r[1].peer_name, "CN=ec2");
	end();
}
END_TEST

START_TEST(responder_with_one_credential_serves_the_second_attempt)
{
	begin("rsa1", "rsa2");
	side_add_cert(&a, "ec2");
	ck_assert(run(1));
	ck_assert_str_eq(t.r[0].peer_name, "CN=rsa2");
	end();
}
END_TEST

START_TEST(initiator_runs_out_of_credentials)
{
	begin("rsa1", "rsa2");
	ck_assert(!run(1));
	talk_expect_failure(
	    &t, 0, SEC_E_NO_CREDENTIALS, "none of the 1 certificates", "its log");
	ck_assert(!t.r[0].retry_possible);
	end();
}
END_TEST

START_TEST(no_credentials)
{
	begin(_i == 0 ? NULL : "rsa1", _i == 0 ? "rsa1" : NULL);
	ck_assert(!run(0));
	talk_expect_failure(&t, _i, SEC_E_NO_CREDENTIALS,
	    "this host has no certificate", "set `certificate` and `key`");
	end();
}
END_TEST

START_TEST(client_certificate_optional)
{
	begin(NULL, "rsa1");
	a.c.dialect.tls_client_cert = b.c.dialect.tls_client_cert =
	    TLS_CLIENT_CERT_OPTIONAL;
	ck_assert(run(0));
	talk_expect_secret(&t, 48);
	ck_assert_str_eq(t.r[0].peer_name, "CN=rsa1");
	ck_assert_str_eq(t.r[1].peer_name, "(peer without certificate)");
	end();
}
END_TEST

/* Optional is not "unverified". */
START_TEST(optional_client_certificate_is_still_verified)
{
	begin("self", "rsa1");
	a.c.dialect.tls_client_cert = b.c.dialect.tls_client_cert =
	    TLS_CLIENT_CERT_OPTIONAL;
	ck_assert(!run(0));
	talk_expect_failure(&t, 1, SEC_E_UNTRUSTED_ROOT, "CN=self", "trust");
	end();
}
END_TEST

START_TEST(client_certificate_required_by_responder_only)
{
	begin(NULL, "rsa1");
	a.c.dialect.tls_client_cert = TLS_CLIENT_CERT_OPTIONAL;
	ck_assert(!run(0));
	talk_expect_failure(&t, 1, SEC_E_NO_CREDENTIALS,
	    "peer did not return a certificate", "tls_client_cert");
	ck_assert(t.r[1].retry_possible);
	end();
}
END_TEST

/* Certificates that the other side refuses. */
static const struct {
	const char *cert;
	const char *trust;
	uint32_t status;
	const char *text;
	const char *hint;
} bad[] = {
	{ "rsa1", "ca2", SEC_E_UNTRUSTED_ROOT,
	    "certificate CN=rsa1 issued by CN=ca1: unable to get local issuer "
	    "certificate",
	    "add that CA to `trust` or give the peer a certificate of a trusted CA" },
	{ "ec2", "ca1", SEC_E_UNTRUSTED_ROOT, "CN=ec2 issued by CN=ca2", "`trust`" },
	{ "self", "ca1", SEC_E_UNTRUSTED_ROOT, "self-signed", "add that certificate" },
	{ "nochain", "ca1", SEC_E_UNTRUSTED_ROOT, "CN=nochain issued by CN=inter",
	    "`trust`" },
	{ "chain", "ca2", SEC_E_UNTRUSTED_ROOT,
	    "certificate CN=chain: its CA CN=inter issued by CN=ca1", "`trust`" },
	{ "expired", "ca1", SEC_E_CERT_EXPIRED, "CN=expired", "renew" },
	{ "future", "ca1", SEC_E_CERT_EXPIRED, "not yet valid", "clock" },
	{ "mail", "ca1", SEC_E_CERT_WRONG_USAGE, "CN=mail", "extended key usage" },
};
#define N_BAD ((int)(sizeof(bad) / sizeof(bad[0])))

START_TEST(initiator_is_refused)
{
	begin(bad[_i].cert, "rsa1");
	side_init(&b, bad[_i].trust, "rsa1");
	ck_assert(!run(0));
	talk_expect_failure(&t, 1, bad[_i].status, bad[_i].text, bad[_i].hint);
	ck_assert(t.r[1].retry_possible);
	ck_assert_uint_ne(t.r[0].status, AUTH_DONE);
	end();
}
END_TEST

START_TEST(responder_is_refused)
{
	begin("rsa1", bad[_i].cert);
	side_init(&a, bad[_i].trust, "rsa1");
	ck_assert(!run(0));
	talk_expect_failure(&t, 0, bad[_i].status, bad[_i].text, bad[_i].hint);
	ck_assert(!t.r[0].retry_possible);
	ck_assert_uint_ne(t.r[1].status, AUTH_DONE);
	end();
}
END_TEST

START_TEST(self_signed_certificate_can_be_trusted)
{
	begin("self", "rsa1");
	side_init(&b, "self", "rsa1");
	ck_assert(run(0));
	ck_assert_str_eq(t.r[1].peer_name, "CN=self");
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("auth");
	TCase *c = tcase_create("tls");
	int status;

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(
	    c, both_sides_succeed, 0, (int)(sizeof(pairs) / sizeof(pairs[0])));
	tcase_add_test(c, two_dialogues_have_two_secrets);
	tcase_add_test(c, second_credential);
	tcase_add_test(c, responder_with_one_credential_serves_the_second_attempt);
	tcase_add_test(c, initiator_runs_out_of_credentials);
	tcase_add_loop_test(c, no_credentials, 0, 2);
	tcase_add_test(c, client_certificate_optional);
	tcase_add_test(c, optional_client_certificate_is_still_verified);
	tcase_add_test(c, client_certificate_required_by_responder_only);
	tcase_add_loop_test(c, initiator_is_refused, 0, N_BAD);
	tcase_add_loop_test(c, responder_is_refused, 0, N_BAD);
	tcase_add_test(c, self_signed_certificate_can_be_trusted);
	suite_add_tcase(s, c);
	suite_add_tcase(s, auth_secret_cases());
	suite_add_tcase(s, auth_hostile_cases());
	suite_add_tcase(s, auth_role_cases());
	suite_add_tcase(s, auth_rules_cases());
	suite_add_tcase(s, auth_choice_cases());
	suite_add_tcase(s, auth_v1_cases());
	suite_add_tcase(s, auth_v1_hostile_cases());
	suite_add_tcase(s, auth_v1_names_cases());
	suite_add_tcase(s, auth_v1_cert_cases());
	suite_add_tcase(s, auth_psk_cases());
	pki_begin();
	status = run_suite(s);
	pki_end();
	return status;
}
