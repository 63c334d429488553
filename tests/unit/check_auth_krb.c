/* Kerberos dialogues with tickets of a real KDC: as they should go, and refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/auth_krb_mit.h"
#include "tests/unit/check_auth_krb.h"
#include "tests/unit/run_suite.h"

static struct config ca, cb;
static struct auth_krb *ka, *kb;
static struct auth_dialogue *a, *b;
static struct engine_auth_reply ra, rb;

static void
begin(const char *keytab_a, const char *keytab_b)
{
	krb_config(&ca, keytab_a);
	krb_config(&cb, keytab_b);
}

/* Our first token; false: *ra says why there is none. */
static bool
start(const char *gss_id)
{
	struct krb_ticket *t;

	ka = krb_open(&ca);
	kb = krb_open(&cb);
	memset(&ra, 0, sizeof(ra));
	if ((t = krb_ticket_fetch(ka, gss_id, -1, &ra)) == NULL)
		return false;
	ck_assert_ptr_nonnull(a = krb_dialogue_new(ka, t));
	ck_assert_ptr_nonnull(b = krb_dialogue_new(kb, NULL));
	auth_dialogue_step(a, SPAN_NONE, &ra);
	return ra.status == AUTH_CONTINUE;
}

static bool
answer(void)
{
	auth_dialogue_step(b, ra.token, &rb);
	return rb.status == AUTH_DONE;
}

static bool
finish(void)
{
	auth_dialogue_step(a, rb.token, &ra);
	return ra.status == AUTH_DONE;
}

static void
end(void)
{
	auth_dialogue_free(a);
	auth_dialogue_free(b);
	a = b = NULL;
	auth_krb_free(ka);
	auth_krb_free(kb);
}

static void
expect(const struct engine_auth_reply *r, uint32_t status, const char *text, const char *hint)
{
	printf("0x%08x %s\n", r->gss_status, r->text);
	ck_assert_uint_eq(r->status, AUTH_FAILED);
	ck_assert_msg(r->gss_status == status, "0x%08x: %s", r->gss_status, r->text);
	ck_assert_msg(strstr(r->text, text) != NULL, "\"%s\" not in: %s", text, r->text);
	ck_assert_msg(strstr(r->text, hint) != NULL, "\"%s\" not in: %s", hint, r->text);
	ck_assert_uint_eq(r->token.n, 0);
	ck_assert_uint_eq(r->secret.n, 0);
	ck_assert_str_eq(r->peer_name, "");
}

START_TEST(both_sides_succeed)
{
	struct secret first;

	begin("a", "b");
	ck_assert_msg(start("host/b.test"), "%s", ra.text);
	ck_assert_uint_eq(ra.token.p[0], 0x60);
	ck_assert_msg(answer(), "%s", rb.text);
	ck_assert_uint_gt(rb.token.n, 0);
	ck_assert_msg(finish(), "%s", ra.text);
	ck_assert_uint_eq(ra.token.n, 0);
	ck_assert_uint_eq(ra.secret.n, 32);
	ck_assert_uint_eq(rb.secret.n, 32);
	ck_assert_mem_eq(ra.secret.b, rb.secret.b, 32);
	ck_assert_str_eq(ra.peer_name, "host/b.test@TEST");
	ck_assert_str_eq(rb.peer_name, "host/a.test@TEST");
	first = ra.secret;
	end();
	ck_assert(start("host/b.test@TEST") && answer() && finish());
	ck_assert_mem_ne(ra.secret.b, first.b, 32);
	end();
}
END_TEST

/* Both ends know both readings of the session key, and take the one of the dialect (A13). */
START_TEST(session_key_of_the_dialect)
{
	static const enum dialect_gss_secret_krb other = GSS_SECRET_KRB_INITIATOR_SUBKEY;

	begin("a", "b");
	ca.dialect.gss_secret_krb = cb.dialect.gss_secret_krb = other;
	ck_assert(start("host/b.test") && answer() && finish());
	ck_assert_uint_eq(ra.form[other].n, 32);
	ck_assert_mem_eq(ra.form[other].b, rb.form[other].b, 32);
	ck_assert_mem_eq(ra.secret.b, ra.form[other].b, 32);
	ck_assert_mem_eq(rb.secret.b, ra.form[other].b, 32);
	ck_assert_mem_eq(
	    ra.form[GSS_SECRET_KRB_SSPI].b, rb.form[GSS_SECRET_KRB_SSPI].b, 32);
	ck_assert_mem_ne(ra.form[GSS_SECRET_KRB_SSPI].b, ra.form[other].b, 32);
	end();
}
END_TEST

/* The account of a machine in Active Directory. */
START_TEST(machine_account)
{
	begin("machine", "b");
	ck_assert(start("host/b.test") && answer() && finish());
	ck_assert_str_eq(rb.peer_name, "PC1$@TEST");
	end();
	begin("b", "machine");
	ck_assert(start("PC1$@TEST") && answer() && finish());
	ck_assert_str_eq(ra.peer_name, "PC1$@TEST");
	end();
}
END_TEST

/* The second dialogue of a host needs no ticket-granting ticket of its own. */
START_TEST(ticket_granting_ticket_is_shared)
{
	struct krb_ticket *t;
	krb5_creds *tgt;

	begin("a", "b");
	ck_assert(start("host/b.test"));
	ck_assert_ptr_nonnull(tgt = ka->tgt);
	t = krb_ticket_fetch(ka, "host/c.test", -1, &ra);
	ck_assert_ptr_nonnull(t);
	ck_assert_ptr_eq(ka->tgt, tgt);
	krb_ticket_free(t);
	/* A bad one is replaced. */
	memset(tgt->keyblock.contents, 0, tgt->keyblock.length);
	t = krb_ticket_fetch(ka, "host/c.test", -1, &ra);
	ck_assert_msg(t != NULL, "%s", ra.text);
	krb_ticket_free(t);
	end();
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
	begin(starts[_i].keytab, "b");
	ck_assert(!start(starts[_i].gss_id));
	expect(&ra, starts[_i].status, starts[_i].text, starts[_i].hint);
	end();
}
END_TEST

START_TEST(kdc_is_down)
{
	realm_use(1, 300);
	begin("a", "b");
	ck_assert(!start("host/b.test"));
	expect(&ra, SEC_E_NO_AUTHENTICATING_AUTHORITY, "host/a.test@TEST",
	    "is the KDC running");
	end();
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

	realm_use(0, 1);
	begin("a", "short");
	ck_assert_msg(start("host/short.test"), "%s", ra.text);
	ck_assert_ptr_nonnull(t = krb_ticket_fetch(ka, "host/short.test", -1, &ra));
	ck_assert_int_eq(krb5_parse_name(t->ctx, t->server, &server), 0);
	in.server = server;
	ck_assert_int_eq(krb5_cc_get_principal(t->ctx, t->cache, &in.client), 0);
	ck_assert_int_eq(krb5_get_credentials(t->ctx, 0, t->cache, &in, &creds), 0);
	creds->times.endtime += 3600; /* what we believe; the ticket itself stays */
	sleep(10);
	ck_assert_int_eq(krb5_mk_req_extended(t->ctx, &auth, 0, NULL, creds, &req), 0);
	ck_assert_uint_lt(req.length, sizeof(token) - 32);
	auth_dialogue_step(b, span_of(token, frame_token(&req, token)), &rb);
	expect(&rb, SEC_E_CONTEXT_EXPIRED, "expired", "get a new one");
	krb5_free_data_contents(t->ctx, &req);
	krb5_auth_con_free(t->ctx, auth);
	krb5_free_creds(t->ctx, creds);
	krb5_free_cred_contents(t->ctx, &in);
	krb_ticket_free(t);
	end();
}
END_TEST

/* What the KDC gives us is over at once. */
START_TEST(ticket_of_the_kdc_has_expired)
{
	begin("a", "b");
	ck_assert(!start("host/instant.test"));
	expect(&ra, SEC_E_CONTEXT_EXPIRED, "host/instant.test@TEST", "get a new one");
	end();
}
END_TEST

START_TEST(clocks_differ)
{
	realm_use(0, 1);
	begin("a", "b");
	ck_assert_msg(start("host/b.test"), "%s", ra.text);
	sleep(3);
	ck_assert(!answer());
	expect(&rb, SEC_E_TIME_SKEW, "kew", "set the clocks");
	end();
}
END_TEST

START_TEST(key_version_differs)
{
	begin("a", "rekeyed");
	ck_assert_msg(start("host/rekeyed.test"), "%s", ra.text);
	ck_assert(!answer());
	expect(&rb, SEC_E_NO_KERB_KEY, "kvno", "export the keytab");
	end();
}
END_TEST

START_TEST(ticket_is_for_another_host)
{
	begin("a", "b");
	ck_assert(start("host/c.test"));
	ck_assert(!answer());
	expect(&rb, SEC_E_WRONG_PRINCIPAL, "host/c.test", "not in our keytab");
	end();
}
END_TEST

START_TEST(users_are_no_machines)
{
	begin("mallory", "b");
	ck_assert(start("host/b.test"));
	ck_assert(!answer());
	expect(&rb, SEC_E_WRONG_PRINCIPAL, "mallory@TEST", "`peer_names`");
	end();
	strcpy(cb.kerberos.peer_name[0], "mall*");
	cb.kerberos.n_peer_name = 1;
	ck_assert(start("host/b.test") && answer() && finish());
	end();
}
END_TEST

START_TEST(names_and_realms_are_pinned)
{
	begin("a", "b");
	strcpy(ca.kerberos.peer_name[0], "host/c.*");
	strcpy(ca.kerberos.peer_name[1], "host/b.test");
	ca.kerberos.n_peer_name = 1;
	ck_assert(!start("host/b.test"));
	expect(&ra, SEC_E_WRONG_PRINCIPAL, "host/b.test@TEST", "`peer_names`");
	end();
	ca.kerberos.n_peer_name = 2;
	ck_assert(start("host/b.test") && answer() && finish());
	end();
	strcpy(cb.kerberos.realm[0], "OTHER");
	cb.kerberos.n_realm = 1;
	ck_assert(start("host/b.test"));
	ck_assert(!answer());
	expect(&rb, SEC_E_WRONG_PRINCIPAL, "host/a.test@TEST", "`realms`");
	end();
}
END_TEST

/* ---- hostile tokens ---- */

/* Tokens of another client: other flags, or another mechanism. */
static void
foreign_token(OM_uint32 flags, gss_OID mech, gss_buffer_t out)
{
	OM_uint32 minor;
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
	gss_name_t target;
	struct krb_ticket *t;
	gss_buffer_desc name;
	gss_key_value_element_desc element = { "ccache", NULL };
	gss_key_value_set_desc store = { 1, &element };

	ck_assert_ptr_nonnull(t = krb_ticket_fetch(ka, "host/b.test", -1, &ra));
	element.value = t->cache_name;
	name = (gss_buffer_desc){ strlen(t->server), t->server };
	ck_assert_uint_eq(gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE,
			      NULL, GSS_C_INITIATE, &store, &cred, NULL, NULL),
	    GSS_S_COMPLETE);
	ck_assert_uint_eq(gss_import_name(&minor, &name,
			      (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &target),
	    GSS_S_COMPLETE);
	ck_assert(!GSS_ERROR(gss_init_sec_context(&minor, cred, &ctx, target, mech, flags,
	    0, GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, out, NULL, NULL)));
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	gss_release_name(&minor, &target);
	gss_release_cred(&minor, &cred);
	krb_ticket_free(t);
}

START_TEST(foreign_clients)
{
	gss_OID_desc spnego = { 6, (void *)"\x2b\x06\x01\x05\x05\x02" };
	gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor;

	begin("a", "b");
	ck_assert(start("host/b.test"));
	foreign_token(_i == 0 ? GSS_C_CONF_FLAG : GSS_C_MUTUAL_FLAG,
	    _i == 0 ? (gss_OID)gss_mech_krb5 : &spnego, &token);
	auth_dialogue_step(b, span_of(token.value, token.length), &rb);
	if (_i == 0)
		expect(&rb, SEC_E_LOGON_DENIED, "mutual", "requires");
	else
		expect(&rb, SEC_E_INVALID_TOKEN, "it is none", "lists of methods");
	gss_release_buffer(&minor, &token);
	end();
}
END_TEST

/* A changed token never makes two sides that agree on something wrong. */
START_TEST(changed_tokens)
{
	uint8_t token[4096];
	size_t n;

	begin("a", "b");
	ck_assert(start("host/b.test"));
	n = ra.token.n;
	ck_assert_uint_lt(n, sizeof(token));
	for (size_t at = 0; at < n; at += 3) {
		memcpy(token, ra.token.p, n);
		token[at] ^= (uint8_t)(1 << at % 8);
		auth_dialogue_free(b);
		ck_assert_ptr_nonnull(b = krb_dialogue_new(kb, NULL));
		auth_dialogue_step(b, span_of(token, n), &rb);
		ck_assert(rb.status == AUTH_FAILED ||
			  strcmp(rb.peer_name, "host/a.test@TEST") == 0);
		auth_dialogue_free(b);
		ck_assert_ptr_nonnull(b = krb_dialogue_new(kb, NULL));
		auth_dialogue_step(b, span_of(token, at), &rb);
		ck_assert_uint_eq(rb.status, AUTH_FAILED);
	}
	end();
}
END_TEST

START_TEST(changed_answers)
{
	uint8_t token[1024];

	begin("a", "b");
	for (size_t at = 0, n = 1; at < n; at += 7) {
		ck_assert(start("host/b.test") && answer());
		n = rb.token.n;
		memcpy(token, rb.token.p, n);
		token[at] ^= 0x10;
		auth_dialogue_step(a, span_of(token, n), &ra);
		ck_assert(ra.status != AUTH_DONE ||
			  memcmp(ra.secret.b, rb.secret.b, 32) == 0);
		end();
	}
}
END_TEST

START_TEST(tokens_out_of_place)
{
	begin("a", "b");
	ck_assert(start("host/b.test") && answer() && finish());
	auth_dialogue_step(a, rb.token, &ra);
	expect(&ra, SEC_E_INVALID_TOKEN, "after the end", "");
	auth_dialogue_step(b, SPAN_NONE, &rb);
	expect(&rb, SEC_E_INVALID_TOKEN, "after the end", "");
	end();
	ck_assert(start("host/b.test"));
	auth_dialogue_step(b, span_of("\x16\x03\x01", 3), &rb);
	expect(&rb, SEC_E_INVALID_TOKEN, "it is none", "lists of methods");
	end();
}
END_TEST

/* ---- keytabs ---- */

static void
expect_no_keytab(const char *text)
{
	char err[600] = "";

	ck_assert_ptr_null(auth_krb_new(&ca, err, sizeof(err)));
	ck_assert_msg(strstr(err, text) != NULL, "\"%s\" not in: %s", text, err);
}

START_TEST(unusable_keytabs)
{
	krb_config(&ca, "absent");
	expect_no_keytab("absent.keytab");
	strcpy(ca.kerberos.keytab, "/etc/passwd");
	expect_no_keytab("/etc/passwd");
	krb_config(&ca, "a");
	strcpy(ca.kerberos.principal, "host/b.test");
	expect_no_keytab("no key of host/b.test@TEST");
}
END_TEST

START_TEST(who_we_are)
{
	krb_config(&ca, "a");
	strcpy(ca.gss_id, "host/other.test");
	ka = krb_open(&ca);
	ck_assert_str_eq(auth_krb_principal(ka), "host/a.test@TEST");
	auth_krb_free(ka);
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
	tcase_add_loop_test(c, foreign_clients, 0, 2);
	tcase_add_test(c, changed_tokens);
	tcase_add_test(c, changed_answers);
	tcase_add_test(c, tokens_out_of_place);
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
	suite_add_tcase(s, krb_role_cases());
	suite_add_tcase(s, krb_v1_cases());
	status = run_suite(s);
	realm_end();
	return status;
}
