/* Kerberos dialogues with tickets of a real KDC: as they should go, and refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/auth_krb_mit.h"
#include "tests/unit/krb_two.h"
#include "tests/unit/run_suite.h"

START_TEST(both_sides_succeed)
{
	struct secret first;

	two_begin("a", "b");
	ck_assert_msg(two_start("host/b.test"), "%s", two.ra.text);
	ck_assert_uint_eq(two.ra.token.p[0], 0x60);
	ck_assert_msg(two_answer(), "%s", two.rb.text);
	ck_assert_uint_gt(two.rb.token.n, 0);
	ck_assert_msg(two_finish(), "%s", two.ra.text);
	ck_assert_uint_eq(two.ra.token.n, 0);
	ck_assert_uint_eq(two.ra.secret.n, 32);
	ck_assert_uint_eq(two.rb.secret.n, 32);
	ck_assert_mem_eq(two.ra.secret.b, two.rb.secret.b, 32);
	ck_assert_str_eq(two.ra.peer_name, "host/b.test@TEST");
	ck_assert_str_eq(two.rb.peer_name, "host/a.test@TEST");
	first = two.ra.secret;
	two_end();
	ck_assert(two_start("host/b.test@TEST") && two_answer() && two_finish());
	ck_assert_mem_ne(two.ra.secret.b, first.b, 32);
	two_end();
}
END_TEST

/* Both ends know both readings of the session key, and take the one of the dialect (A13). */
START_TEST(session_key_of_the_dialect)
{
	static const enum dialect_gss_secret_krb other = GSS_SECRET_KRB_INITIATOR_SUBKEY;

	two_begin("a", "b");
	two.ca.dialect.gss_secret_krb = two.cb.dialect.gss_secret_krb = other;
	ck_assert(two_start("host/b.test") && two_answer() && two_finish());
	ck_assert_uint_eq(two.ra.form[other].n, 32);
	ck_assert_mem_eq(two.ra.form[other].b, two.rb.form[other].b, 32);
	ck_assert_mem_eq(two.ra.secret.b, two.ra.form[other].b, 32);
	ck_assert_mem_eq(two.rb.secret.b, two.ra.form[other].b, 32);
	ck_assert_mem_eq(
	    two.ra.form[GSS_SECRET_KRB_SSPI].b, two.rb.form[GSS_SECRET_KRB_SSPI].b, 32);
	ck_assert_mem_ne(two.ra.form[GSS_SECRET_KRB_SSPI].b, two.ra.form[other].b, 32);
	two_end();
}
END_TEST

/* The account of a machine in Active Directory. */
START_TEST(machine_account)
{
	two_begin("machine", "b");
	ck_assert(two_start("host/b.test") && two_answer() && two_finish());
	ck_assert_str_eq(two.rb.peer_name, "PC1$@TEST");
	two_end();
	two_begin("b", "machine");
	ck_assert(two_start("PC1$@TEST") && two_answer() && two_finish());
	ck_assert_str_eq(two.ra.peer_name, "PC1$@TEST");
	two_end();
}
END_TEST

/* The second dialogue of a host needs no ticket-granting ticket of its own. */
START_TEST(ticket_granting_ticket_is_shared)
{
	struct krb_ticket *t;
	krb5_creds *tgt;

	two_begin("a", "b");
	ck_assert(two_start("host/b.test"));
	ck_assert_ptr_nonnull(tgt = two.ka->tgt);
	t = krb_ticket_fetch(two.ka, "host/c.test", -1, &two.ra);
	ck_assert_ptr_nonnull(t);
	ck_assert_ptr_eq(two.ka->tgt, tgt);
	krb_ticket_free(t);
	/* A bad one is replaced. */
	memset(tgt->keyblock.contents, 0, tgt->keyblock.length);
	t = krb_ticket_fetch(two.ka, "host/c.test", -1, &two.ra);
	ck_assert_msg(t != NULL, "%s", two.ra.text);
	krb_ticket_free(t);
	two_end();
}
END_TEST

/* ---- failures of the initiator ---- */

static const struct {
	const char *keytab, *gss_id;
	uint32_t status;
	const char *text, *hint;
} starts[] = {
	{ "a", "host/nobody.test", SEC_E_TARGET_UNKNOWN, "host/nobody.test@TEST",
	    "gss_id of the peer" },
	{ "gone", "host/b.test", SEC_E_NO_CREDENTIALS, "host/gone.test@TEST",
	    "create it in the KDC" },
	{ "stale", "host/b.test", SEC_E_NO_KERB_KEY, "host/stale.test@TEST",
	    "export the keytab" },
	{ "a", "", SEC_E_TARGET_UNKNOWN, "did not say", "set gss_id" },
	{ "a", "mallory", SEC_E_WRONG_PRINCIPAL, "mallory@TEST", "`peer_names`" },
	{ "a", "krbtgt/TEST", SEC_E_WRONG_PRINCIPAL, "krbtgt/TEST@TEST", "`peer_names`" },
	{ "a", "host/b.test@OTHER", SEC_E_WRONG_PRINCIPAL, "@OTHER", "`realms`" },
	{ "a", "host/b.test@TEST@OTHER", SEC_E_WRONG_PRINCIPAL, "@OTHER", "`realms`" },
	{ "a", "host/b\\@TEST", SEC_E_WRONG_PRINCIPAL, "form", "host/NAME" },
	{ "a", "host/b\n@TEST", SEC_E_WRONG_PRINCIPAL, "form", "host/NAME" },
	{ "a", "host/\xc3\xa9", SEC_E_WRONG_PRINCIPAL, "form", "host/NAME" },
};

START_TEST(initiator_cannot_start)
{
	two_begin(starts[_i].keytab, "b");
	ck_assert(!two_start(starts[_i].gss_id));
	two_expect(&two.ra, starts[_i].status, starts[_i].text, starts[_i].hint);
	two_end();
}
END_TEST

START_TEST(kdc_is_down)
{
	realm_use(1, 300);
	two_begin("a", "b");
	ck_assert(!two_start("host/b.test"));
	two_expect(&two.ra, SEC_E_NO_AUTHENTICATING_AUTHORITY, "host/a.test@TEST",
	    "is the KDC running");
	two_end();
}
END_TEST

/* ---- failures of the responder ---- */

/* The first bytes of a token around an AP-REQ of less than 64 KB. */
static size_t
frame_token(const krb5_data *req, uint8_t *out)
{
	static const uint8_t oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12,
		0x01, 0x02, 0x02, 0x01, 0x00 };
	size_t n = sizeof(oid) + req->length;

	out[0] = 0x60;
	out[1] = 0x82;
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	memcpy(out + 4, oid, sizeof(oid));
	memcpy(out + 4 + sizeof(oid), req->data, req->length);
	return 4 + n;
}

/* An initiator that does not look at its clock: the ticket is old, the request is new. */
START_TEST(ticket_has_expired)
{
	krb5_auth_context auth = NULL;
	krb5_principal server;
	krb5_creds in = { 0 }, *creds;
	struct krb_ticket *t;
	krb5_data req = { 0 };
	uint8_t token[4096];

	two_begin("a", "short");
	/* It is no good for its last 5 seconds: on a busy machine it may be too late. */
	while (!two_start("host/short.test") ||
	       (t = krb_ticket_fetch(two.ka, "host/short.test", -1, &two.ra)) == NULL) {
		ck_assert_msg(two.ra.gss_status == SEC_E_CONTEXT_EXPIRED, "%s", two.ra.text);
		two_end();
	}
	realm_use(0, 1); /* the responder's */
	ck_assert_int_eq(krb5_parse_name(t->ctx, t->server, &server), 0);
	in.server = server;
	ck_assert_int_eq(krb5_cc_get_principal(t->ctx, t->cache, &in.client), 0);
	ck_assert_int_eq(krb5_get_credentials(t->ctx, 0, t->cache, &in, &creds), 0);
	creds->times.endtime += 3600; /* what we believe; the ticket itself stays */
	sleep(10);
	ck_assert_int_eq(krb5_mk_req_extended(t->ctx, &auth, 0, NULL, creds, &req), 0);
	ck_assert_uint_lt(req.length, sizeof(token) - 32);
	auth_dialogue_step(two.b, span_of(token, frame_token(&req, token)), &two.rb);
	two_expect(&two.rb, SEC_E_CONTEXT_EXPIRED, "expired", "get a new one");
	krb5_free_data_contents(t->ctx, &req);
	krb5_auth_con_free(t->ctx, auth);
	krb5_free_creds(t->ctx, creds);
	krb5_free_cred_contents(t->ctx, &in);
	krb_ticket_free(t);
	two_end();
}
END_TEST

/* What the KDC gives us is over at once. */
START_TEST(ticket_of_the_kdc_has_expired)
{
	two_begin("a", "b");
	ck_assert(!two_start("host/instant.test"));
	two_expect(&two.ra, SEC_E_CONTEXT_EXPIRED, "host/instant.test@TEST", "get a new one");
	two_end();
}
END_TEST

START_TEST(clocks_differ)
{
	two_begin("a", "b");
	ck_assert_msg(two_start("host/b.test"), "%s", two.ra.text);
	realm_use(0, 1); /* the responder's */
	sleep(3);
	ck_assert(!two_answer());
	two_expect(&two.rb, SEC_E_TIME_SKEW, "kew", "set the clocks");
	two_end();
}
END_TEST

START_TEST(key_version_differs)
{
	two_begin("a", "rekeyed");
	ck_assert_msg(two_start("host/rekeyed.test"), "%s", two.ra.text);
	ck_assert(!two_answer());
	two_expect(&two.rb, SEC_E_NO_KERB_KEY, "kvno", "export the keytab");
	two_end();
}
END_TEST

START_TEST(ticket_is_for_another_host)
{
	two_begin("a", "b");
	ck_assert(two_start("host/c.test"));
	ck_assert(!two_answer());
	two_expect(&two.rb, SEC_E_WRONG_PRINCIPAL, "host/c.test", "not in our keytab");
	two_end();
}
END_TEST

START_TEST(users_are_no_machines)
{
	two_begin("mallory", "b");
	ck_assert(two_start("host/b.test"));
	ck_assert(!two_answer());
	two_expect(&two.rb, SEC_E_WRONG_PRINCIPAL, "mallory@TEST", "`peer_names`");
	two_end();
	strcpy(two.cb.kerberos.peer_name[0], "mall*");
	two.cb.kerberos.n_peer_name = 1;
	ck_assert(two_start("host/b.test") && two_answer() && two_finish());
	two_end();
}
END_TEST

START_TEST(names_and_realms_are_pinned)
{
	two_begin("a", "b");
	strcpy(two.ca.kerberos.peer_name[0], "host/c.*");
	strcpy(two.ca.kerberos.peer_name[1], "host/b.test");
	two.ca.kerberos.n_peer_name = 1;
	ck_assert(!two_start("host/b.test"));
	two_expect(&two.ra, SEC_E_WRONG_PRINCIPAL, "host/b.test@TEST", "`peer_names`");
	two_end();
	two.ca.kerberos.n_peer_name = 2;
	ck_assert(two_start("host/b.test") && two_answer() && two_finish());
	two_end();
	strcpy(two.cb.kerberos.realm[0], "OTHER");
	two.cb.kerberos.n_realm = 1;
	ck_assert(two_start("host/b.test"));
	ck_assert(!two_answer());
	two_expect(&two.rb, SEC_E_WRONG_PRINCIPAL, "host/a.test@TEST", "`realms`");
	two_end();
}
END_TEST

/* ---- keytabs ---- */

static void
expect_no_keytab(const char *text)
{
	char err[600] = "";

	ck_assert_ptr_null(auth_krb_new(&two.ca, err, sizeof(err)));
	ck_assert_msg(strstr(err, text) != NULL, "\"%s\" not in: %s", text, err);
}

START_TEST(unusable_keytabs)
{
	krb_config(&two.ca, "absent");
	expect_no_keytab("absent.keytab");
	strcpy(two.ca.kerberos.keytab, "/etc/passwd");
	expect_no_keytab("/etc/passwd");
	krb_config(&two.ca, "a");
	strcpy(two.ca.kerberos.principal, "host/b.test");
	expect_no_keytab("no key of host/b.test@TEST");
}
END_TEST

START_TEST(who_we_are)
{
	krb_config(&two.ca, "a");
	strcpy(two.ca.gss_id, "host/other.test");
	two.ka = krb_open(&two.ca);
	ck_assert_str_eq(auth_krb_principal(two.ka), "host/a.test@TEST");
	auth_krb_free(two.ka);
}
END_TEST

static TCase *
krb_cases(void)
{
	TCase *c = tcase_create("kerberos");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, both_sides_succeed);
	tcase_add_test(c, session_key_of_the_dialect);
	tcase_add_test(c, machine_account);
	tcase_add_test(c, ticket_granting_ticket_is_shared);
	tcase_add_loop_test(c, initiator_cannot_start, 0,
	    (int)(sizeof(starts) / sizeof(starts[0])));
	tcase_add_test(c, kdc_is_down);
	tcase_add_test(c, ticket_has_expired);
	tcase_add_test(c, ticket_of_the_kdc_has_expired);
	tcase_add_test(c, clocks_differ);
	tcase_add_test(c, key_version_differs);
	tcase_add_test(c, ticket_is_for_another_host);
	tcase_add_test(c, users_are_no_machines);
	tcase_add_test(c, names_and_realms_are_pinned);
	tcase_add_test(c, unusable_keytabs);
	tcase_add_test(c, who_we_are);
	return c;
}

int
main(void)
{
	Suite *s = suite_create("kerberos");
	int status;

	if (!realm_begin())
		return 77;
	suite_add_tcase(s, krb_cases());
	suite_add_tcase(s, krb_hostile_cases());
	suite_add_tcase(s, krb_role_cases());
	suite_add_tcase(s, krb_v1_cases());
	status = run_suite(s);
	realm_end();
	return status;
}
