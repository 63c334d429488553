/* Two hosts with keytabs of the realm, and a Kerberos dialogue between them. */
#include "tests/unit/krb_two.h"

#include <stdio.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"

struct krb_two two;

void
two_begin(const char *keytab_a, const char *keytab_b)
{
	krb_config(&two.ca, keytab_a);
	krb_config(&two.cb, keytab_b);
}

bool
two_start(const char *gss_id)
{
	struct krb_ticket *t;

	two.ka = krb_open(&two.ca);
	two.kb = krb_open(&two.cb);
	memset(&two.ra, 0, sizeof(two.ra));
	if ((t = krb_ticket_fetch(two.ka, gss_id, -1, &two.ra)) == NULL)
		return false;
	ck_assert_ptr_nonnull(two.a = krb_dialogue_new(two.ka, t));
	ck_assert_ptr_nonnull(two.b = krb_dialogue_new(two.kb, NULL));
	auth_dialogue_step(two.a, SPAN_NONE, &two.ra);
	return two.ra.status == AUTH_CONTINUE;
}

bool
two_answer(void)
{
	auth_dialogue_step(two.b, two.ra.token, &two.rb);
	return two.rb.status == AUTH_DONE;
}

bool
two_finish(void)
{
	auth_dialogue_step(two.a, two.rb.token, &two.ra);
	return two.ra.status == AUTH_DONE;
}

void
two_end(void)
{
	auth_dialogue_free(two.a);
	auth_dialogue_free(two.b);
	two.a = two.b = NULL;
	auth_krb_free(two.ka);
	auth_krb_free(two.kb);
}

void
two_expect(const struct engine_auth_reply *r, uint32_t status, const char *text,
    const char *hint)
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
