/* Hostile tokens: of another client, changed, and out of place. */
#include <string.h>

#include "daemon/auth_krb_mit.h"
#include "tests/unit/krb_two.h"

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

	ck_assert_ptr_nonnull(t = krb_ticket_fetch(two.ka, "host/b.test", -1, &two.ra));
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

	two_begin("a", "b");
	ck_assert(two_start("host/b.test"));
	foreign_token(_i == 0 ? GSS_C_CONF_FLAG : GSS_C_MUTUAL_FLAG,
	    _i == 0 ? (gss_OID)gss_mech_krb5 : &spnego, &token);
	auth_dialogue_step(two.b, span_of(token.value, token.length), &two.rb);
	if (_i == 0)
		two_expect(&two.rb, SEC_E_LOGON_DENIED, "mutual", "requires");
	else
		two_expect(&two.rb, SEC_E_INVALID_TOKEN, "it is none", "lists of methods");
	gss_release_buffer(&minor, &token);
	two_end();
}
END_TEST

/* A changed token never makes two sides that agree on something wrong. */
START_TEST(changed_tokens)
{
	uint8_t token[4096];
	size_t n;

	two_begin("a", "b");
	ck_assert(two_start("host/b.test"));
	n = two.ra.token.n;
	ck_assert_uint_lt(n, sizeof(token));
	for (size_t at = 0; at < n; at += 3) {
		memcpy(token, two.ra.token.p, n);
		token[at] ^= (uint8_t)(1 << at % 8);
		auth_dialogue_free(two.b);
		ck_assert_ptr_nonnull(two.b = krb_dialogue_new(two.kb, NULL));
		auth_dialogue_step(two.b, span_of(token, n), &two.rb);
		ck_assert(two.rb.status == AUTH_FAILED ||
			  strcmp(two.rb.peer_name, "host/a.test@TEST") == 0);
		auth_dialogue_free(two.b);
		ck_assert_ptr_nonnull(two.b = krb_dialogue_new(two.kb, NULL));
		auth_dialogue_step(two.b, span_of(token, at), &two.rb);
		ck_assert_uint_eq(two.rb.status, AUTH_FAILED);
	}
	two_end();
}
END_TEST

START_TEST(changed_answers)
{
	uint8_t token[1024];

	two_begin("a", "b");
	for (size_t at = 0, n = 1; at < n; at += 7) {
		ck_assert(two_start("host/b.test") && two_answer());
		n = two.rb.token.n;
		memcpy(token, two.rb.token.p, n);
		token[at] ^= 0x10;
		auth_dialogue_step(two.a, span_of(token, n), &two.ra);
		ck_assert(two.ra.status != AUTH_DONE ||
			  memcmp(two.ra.secret.b, two.rb.secret.b, 32) == 0);
		two_end();
	}
}
END_TEST

START_TEST(tokens_out_of_place)
{
	two_begin("a", "b");
	ck_assert(two_start("host/b.test") && two_answer() && two_finish());
	auth_dialogue_step(two.a, two.rb.token, &two.ra);
	two_expect(&two.ra, SEC_E_INVALID_TOKEN, "after the end", "");
	auth_dialogue_step(two.b, SPAN_NONE, &two.rb);
	two_expect(&two.rb, SEC_E_INVALID_TOKEN, "after the end", "");
	two_end();
	ck_assert(two_start("host/b.test"));
	auth_dialogue_step(two.b, span_of("\x16\x03\x01", 3), &two.rb);
	two_expect(&two.rb, SEC_E_INVALID_TOKEN, "it is none", "lists of methods");
	two_end();
}
END_TEST

TCase *
krb_hostile_cases(void)
{
	TCase *c = tcase_create("hostile tokens");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, foreign_clients, 0, 2);
	tcase_add_test(c, changed_tokens);
	tcase_add_test(c, changed_answers);
	tcase_add_test(c, tokens_out_of_place);
	return c;
}
