/* One Kerberos context of the GSS-API: AP-REQ, AP-REP, and the session key of both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"
#include "daemon/auth_status.h"
#include "daemon/auth_target.h"

/* Of the spec (2.15): confidentiality always, mutual always for Kerberos; no more. */
#define REQUEST_FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)

struct krb_dialogue {
	struct auth_dialogue base; /* first */
	struct auth_krb *krb;
	struct krb_ticket *ticket; /* NULL: we are the responder */
	gss_ctx_id_t ctx;
	gss_cred_id_t cred;
	gss_name_t target;
	gss_buffer_desc token; /* of the last step */
	bool is_started;
	bool is_ended;
	bool keeps_context; /* somebody uses it after the end */
};

/* The mechanism and no other: libgssapi would also take SPNEGO, NTLM and more. */
static gss_OID_set_desc
kerberos_only(void)
{
	return (gss_OID_set_desc){ 1, gss_mech_krb5 };
}

static OM_uint32
acquire(struct krb_dialogue *d, OM_uint32 *minor)
{
	gss_OID_set_desc mechs = kerberos_only();
	gss_key_value_element_desc from_cache[] = {
		{ "ccache", d->ticket != NULL ? d->ticket->cache_name : NULL },
	};
	/* A token that is replayed yields a key that its sender does not know. */
	gss_key_value_element_desc from_keytab[] = {
		{ "keytab", d->krb->keytab_name },
		{ "rcache", "none:" },
	};
	gss_key_value_set_desc store = {
		d->ticket != NULL ? 1 : 2,
		d->ticket != NULL ? from_cache : from_keytab,
	};

	return gss_acquire_cred_from(minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechs,
	    d->ticket != NULL ? GSS_C_INITIATE : GSS_C_ACCEPT, &store, &d->cred, NULL,
	    NULL);
}

static OM_uint32
name_target(struct krb_dialogue *d, OM_uint32 *minor)
{
	gss_buffer_desc name = { strlen(d->ticket->server), d->ticket->server };

	return gss_import_name(
	    minor, &name, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &d->target);
}

/* Credentials and name: what the first step needs. */
static bool
set_up(struct krb_dialogue *d, struct engine_auth_reply *out)
{
	OM_uint32 minor, major = acquire(d, &minor);

	if (major == GSS_S_COMPLETE && d->ticket != NULL)
		major = name_target(d, &minor);
	if (major != GSS_S_COMPLETE)
		krb_fail_gss(out, major, minor, "our Kerberos credentials", "");
	return major == GSS_S_COMPLETE;
}

/* RFC 4121: 60 length 06 09 OID; a length of up to four bytes. */
static bool
is_kerberos(struct span token)
{
	static const uint8_t oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12,
		0x01, 0x02, 0x02 };
	size_t at = 2;

	if (token.n < 2 || token.p[0] != 0x60)
		return false;
	if (token.p[1] > 0x80 && token.p[1] <= 0x84)
		at += token.p[1] & 0x0f;
	return token.n > at + sizeof(oid) && memcmp(token.p + at, oid, sizeof(oid)) == 0;
}

/* The SSPI session key (A13): the acceptor's subkey if there is one. */
static bool
take_sspi_key(struct krb_dialogue *d, struct secret *s)
{
	gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
	OM_uint32 minor, major = gss_inquire_sec_context_by_oid(
			     &minor, d->ctx, GSS_C_INQ_SSPI_SESSION_KEY, &set);
	bool ok = major == GSS_S_COMPLETE && set != GSS_C_NO_BUFFER_SET &&
		  set->count > 0 && set->elements[0].length > 0 &&
		  set->elements[0].length <= SECRET_MAX_BYTES;

	if (ok)
		secret_set(
		    s, span_of(set->elements[0].value, set->elements[0].length));
	if (set != GSS_C_NO_BUFFER_SET)
		for (size_t i = 0; i < set->count; i++)
			explicit_bzero(
			    set->elements[i].value, set->elements[i].length);
	(void)gss_release_buffer_set(&minor, &set);
	return ok;
}

/* The initiator's subkey, whatever the acceptor said. The context is gone afterwards. */
static void
take_subkey(struct krb_dialogue *d, struct secret *s)
{
	const gss_krb5_lucid_key_t *key;
	gss_krb5_lucid_context_v1_t *lucid;
	OM_uint32 minor;
	void *copy = NULL;

	if (gss_krb5_export_lucid_sec_context(&minor, &d->ctx, 1, &copy) != GSS_S_COMPLETE)
		return;
	lucid = copy;
	key = lucid->protocol == 1 ? &lucid->cfx_kd.ctx_key : &lucid->rfc1964_kd.ctx_key;
	(void)secret_set(s, span_of(key->data, key->length));
	(void)gss_krb5_free_lucid_sec_context(&minor, copy);
}

/* The session key of the dialect, and the other that it may be (A13). */
static bool
take_secret(struct krb_dialogue *d, struct engine_auth_reply *out)
{
	struct secret *form = out->form;

	if (!take_sspi_key(d, &form[GSS_SECRET_KRB_SSPI]))
		return false;
	if (!d->keeps_context)
		take_subkey(d, &form[GSS_SECRET_KRB_INITIATOR_SUBKEY]);
	out->secret = form[d->krb->secret_form];
	if (out->secret.n == 0)
		out->secret = form[GSS_SECRET_KRB_SSPI];
	return true;
}

/* NAME@REALM of the other end; false if that is no text. */
static bool
take_name(gss_name_t peer, char *out, size_t cap)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor, major = gss_display_name(&minor, peer, &text, NULL);
	bool ok = major == GSS_S_COMPLETE && text.length < cap &&
		  memchr(text.value, '\0', text.length) == NULL;

	if (ok) {
		memcpy(out, text.value, text.length);
		out[text.length] = '\0';
	}
	(void)gss_release_buffer(&minor, &text);
	return ok;
}

/* The context is complete: who is it, may it be, and what is the key? */
static void
finish(struct krb_dialogue *d, struct engine_auth_reply *out)
{
	gss_name_t source = GSS_C_NO_NAME, target = GSS_C_NO_NAME;
	OM_uint32 minor, flags = 0;
	gss_OID mech = GSS_C_NO_OID;
	char name[sizeof(out->peer_name)];
	int is_open = 0;
	OM_uint32 major = gss_inquire_context(&minor, d->ctx, &source, &target, NULL,
	    &mech, &flags, NULL, &is_open);

	if (major != GSS_S_COMPLETE || !is_open || !gss_oid_equal(mech, gss_mech_krb5) ||
	    !take_name(d->ticket != NULL ? target : source, name, sizeof(name)))
		auth_fail(out, SEC_E_INTERNAL_ERROR,
		    "Kerberos is complete but does not say who the peer is");
	else if ((flags & GSS_C_MUTUAL_FLAG) == 0)
		auth_fail(out, SEC_E_LOGON_DENIED,
		    "the peer did not ask for mutual authentication, which AuthIP "
		    "requires");
	else if (!krb_name_check(d->krb, name, out))
		;
	else if (d->base.target_name[0] != '\0' &&
		 !auth_target_is_principal(d->base.target_name, name))
		auth_fail_target(out, name, d->base.target_name);
	else if (!take_secret(d, out))
		auth_fail(out, SEC_E_INTERNAL_ERROR,
		    "Kerberos is complete but yields no session key");
	else {
		out->status = AUTH_DONE;
		strcpy(out->peer_name, name);
	}
	(void)gss_release_name(&minor, &source);
	(void)gss_release_name(&minor, &target);
}

static OM_uint32
run_gss(struct krb_dialogue *d, struct span token, OM_uint32 *minor)
{
	gss_buffer_desc in = { token.n, (void *)token.p };

	if (d->ticket != NULL)
		return gss_init_sec_context(minor, d->cred, &d->ctx, d->target,
		    (gss_OID)gss_mech_krb5, REQUEST_FLAGS, 0, GSS_C_NO_CHANNEL_BINDINGS,
		    &in, NULL, &d->token, NULL, NULL);
	return gss_accept_sec_context(minor, &d->ctx, d->cred, &in,
	    GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &d->token, NULL, NULL, NULL);
}

static void
run(struct krb_dialogue *d, struct span token, struct engine_auth_reply *out)
{
	OM_uint32 minor = 0, major;

	if (!d->is_started && !set_up(d, out))
		return;
	major = run_gss(d, token, &minor);
	if (GSS_ERROR(major))
		krb_fail_gss(out, major, minor,
		    d->ticket == NULL ? "Kerberos of the peer" :
		    d->is_started     ? "the answer of" :
					"our Kerberos token for",
		    d->ticket != NULL ? d->ticket->server : "");
	else if (major == GSS_S_COMPLETE)
		finish(d, out);
	if (out->status == AUTH_FAILED)
		return;
	if (d->token.length > AUTH_MAX_TOKEN_BYTES)
		auth_fail(out, SEC_E_INTERNAL_ERROR,
		    "our token of %zu bytes is too long: remove groups from our account",
		    d->token.length);
	else if (out->status == AUTH_CONTINUE && d->token.length == 0)
		auth_fail(out, SEC_E_INCOMPLETE_MESSAGE, "the peer's token is not whole");
	else
		out->token = span_of(d->token.value, d->token.length);
}

/* Only we begin without a token; everything else has one, and it is of Kerberos. */
static bool
token_fits(const struct krb_dialogue *d, struct span token)
{
	if (d->is_ended || token.n > AUTH_MAX_TOKEN_BYTES)
		return false;
	if (d->ticket != NULL && !d->is_started)
		return token.n == 0;
	return is_kerberos(token);
}

static void
krb_step(struct auth_dialogue *base, struct span token, struct engine_auth_reply *out)
{
	struct krb_dialogue *d = (struct krb_dialogue *)base;
	OM_uint32 minor;

	memset(out, 0, sizeof(*out));
	out->status = AUTH_CONTINUE;
	(void)gss_release_buffer(&minor, &d->token);
	if (!token_fits(d, token))
		auth_fail(out, SEC_E_INVALID_TOKEN,
		    "Kerberos token of %zu bytes: %s; compare the lists of methods",
		    token.n, d->is_ended ? "after the end" : "it is none, or out of place");
	else
		run(d, token, out);
	d->is_started = true;
	d->is_ended = out->status != AUTH_CONTINUE;
}

static void
krb_free(struct auth_dialogue *base)
{
	struct krb_dialogue *d = (struct krb_dialogue *)base;
	OM_uint32 minor;

	(void)gss_release_buffer(&minor, &d->token);
	(void)gss_delete_sec_context(&minor, &d->ctx, GSS_C_NO_BUFFER);
	(void)gss_release_name(&minor, &d->target);
	(void)gss_release_cred(&minor, &d->cred);
	krb_ticket_free(d->ticket);
	free(d);
}

struct auth_dialogue *
krb_dialogue_new(struct auth_krb *k, struct krb_ticket *ticket)
{
	static const struct auth_dialogue_ops ops = { krb_step, krb_free };
	struct krb_dialogue *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		krb_ticket_free(ticket);
		return NULL;
	}
	d->base.ops = &ops;
	d->krb = k;
	d->ticket = ticket;
	d->ctx = GSS_C_NO_CONTEXT;
	d->cred = GSS_C_NO_CREDENTIAL;
	return &d->base;
}

void
krb_dialogue_keep_context(struct auth_dialogue *d)
{
	((struct krb_dialogue *)d)->keeps_context = true;
}

gss_ctx_id_t
krb_dialogue_context(const struct auth_dialogue *d)
{
	return ((const struct krb_dialogue *)d)->ctx;
}
