/*
 * Kerberos in main mode of IKEv1 as Windows does it (spec authip.md 6.9): one token each
 * way, then each side wraps its hash with the context. The session key is no part of it.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"
#include "daemon/auth_status.h"
#include "ike/auth_part.h"

struct krb_v1 {
	struct auth_dialogue base; /* first */
	struct auth_krb *krb;
	struct auth_dialogue *inner; /* NULL: our ticket is on its way */
	bool initiator;
	bool is_open; /* the context is complete, and its peer may be who it is */
	bool is_signed;
	bool is_verified;
	bool is_ended;
	size_t hash_n;
	char peer_name[256];
	struct writer w; /* over token */
	uint8_t token[AUTH_MAX_TOKEN_BYTES];
};

static void
exchange(
    struct krb_v1 *d, const struct auth_part_list *parts, struct engine_auth_reply *out)
{
	struct span token = auth_part_data(parts, AUTH_PART_GSS);

	memcpy(
	    d->inner->target_name, d->base.target_name, sizeof(d->inner->target_name));
	auth_dialogue_step(d->inner, token, out);
	secret_wipe(&out->secret);
	if (out->status == AUTH_FAILED)
		return;
	if (out->status == AUTH_CONTINUE && (!d->initiator || token.n > 0)) {
		auth_fail(out, SEC_E_INCOMPLETE_MESSAGE,
		    "Kerberos needs more than a token of each side, and IKEv1 has no "
		    "room "
		    "for that");
		return;
	}
	if (out->status == AUTH_DONE) {
		d->is_open = true;
		memcpy(d->peer_name, out->peer_name, sizeof(d->peer_name));
	}
	if (out->token.n > 0)
		auth_part_write(&d->w, AUTH_PART_GSS, out->token);
	out->status = AUTH_CONTINUE;
}

static void
sign(struct krb_v1 *d, struct span hash, struct engine_auth_reply *out)
{
	gss_buffer_desc in = { hash.n, (void *)hash.p }, wrapped = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor = 0, major;

	if (d->is_signed || (!d->initiator && !d->is_verified)) {
		auth_fail(out, SEC_E_INVALID_TOKEN, "no hash of ours is due now");
		return;
	}
	major = gss_wrap(&minor, krb_dialogue_context(d->inner), 1, GSS_C_QOP_DEFAULT,
	    &in, NULL, &wrapped);
	if (major == GSS_S_COMPLETE) {
		auth_part_write(
		    &d->w, AUTH_PART_SIGNATURE, span_of(wrapped.value, wrapped.length));
		d->is_signed = true;
	} else {
		krb_fail_gss(out, major, minor, "wrapping a hash for", d->peer_name);
	}
	(void)gss_release_buffer(&minor, &wrapped);
}

static void
verify(
    struct krb_v1 *d, struct span hash, struct span sig, struct engine_auth_reply *out)
{
	gss_buffer_desc in = { sig.n, (void *)sig.p }, plain = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor = 0, major;
	int is_secret = 0;

	if (d->is_verified || (d->initiator && !d->is_signed)) {
		auth_fail(out, SEC_E_INVALID_TOKEN, "no hash of the peer is due now");
		return;
	}
	major = gss_unwrap(
	    &minor, krb_dialogue_context(d->inner), &in, &plain, &is_secret, NULL);
	if (major != GSS_S_COMPLETE)
		krb_fail_gss(out, major, minor, "the wrapped hash of", d->peer_name);
	else if (plain.length != hash.n || !secret_equal(plain.value, hash.p, hash.n))
		auth_fail(out, SEC_E_MESSAGE_ALTERED,
		    "the hash of %.150s is wrong: somebody is between us",
		    d->peer_name);
	else
		d->is_verified = true;
	(void)gss_release_buffer(&minor, &plain);
}

static void
run(struct krb_v1 *d, const struct auth_part_list *parts, struct engine_auth_reply *out)
{
	struct span hash = auth_part_data(parts, AUTH_PART_HASH);
	const struct auth_part *sig = auth_part_find(parts, AUTH_PART_SIGNATURE, 0);

	if (!d->is_open)
		exchange(d, parts, out);
	else if (d->hash_n == 0 || hash.n != d->hash_n)
		auth_fail(out, SEC_E_INVALID_TOKEN, "a hash of %zu bytes", hash.n);
	else if (sig != NULL)
		verify(d, hash, sig->data, out);
	else
		sign(d, hash, out);
}

static void
krb_v1_step(
    struct auth_dialogue *base, struct span token, struct engine_auth_reply *out)
{
	struct krb_v1 *d = (struct krb_v1 *)base;
	struct auth_part_list parts;

	memset(out, 0, sizeof(*out));
	out->status = AUTH_CONTINUE;
	writer_init(&d->w, d->token, sizeof(d->token));
	if (d->is_ended || d->inner == NULL || !auth_parts_read(token, &parts))
		auth_fail(out, SEC_E_INVALID_TOKEN, "Kerberos: a step that cannot be");
	else
		run(d, &parts, out);
	if (out->status == AUTH_CONTINUE && !writer_ok(&d->w))
		auth_fail(out, SEC_E_INTERNAL_ERROR, "our Kerberos token is too long");
	if (out->status == AUTH_CONTINUE) {
		out->token = span_of(d->token, d->w.n);
		memcpy(out->peer_name, d->peer_name, sizeof(out->peer_name));
		if (d->is_signed && d->is_verified)
			out->status = AUTH_DONE;
	}
	d->is_ended = out->status != AUTH_CONTINUE;
}

static void
krb_v1_free(struct auth_dialogue *base)
{
	struct krb_v1 *d = (struct krb_v1 *)base;

	auth_dialogue_free(d->inner);
	free(d);
}

static const struct auth_dialogue_ops krb_v1_ops = { krb_v1_step, krb_v1_free };

struct auth_dialogue *
krb_v1_dialogue_new(struct auth_krb *k, bool initiator, enum hash_id hash)
{
	struct krb_v1 *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->base.ops = &krb_v1_ops;
	d->krb = k;
	d->initiator = initiator;
	d->hash_n = hash_len_bytes(hash);
	if (!initiator && (d->inner = krb_dialogue_new(k, NULL)) == NULL) {
		free(d);
		return NULL;
	}
	if (d->inner != NULL)
		krb_dialogue_keep_context(d->inner);
	return &d->base;
}

bool
krb_v1_take_ticket(struct auth_dialogue *base, struct krb_ticket *ticket)
{
	struct krb_v1 *d = (struct krb_v1 *)base;

	if (base->ops != &krb_v1_ops || !d->initiator || d->inner != NULL) {
		krb_ticket_free(ticket);
		return false;
	}
	if ((d->inner = krb_dialogue_new(d->krb, ticket)) != NULL)
		krb_dialogue_keep_context(d->inner);
	return d->inner != NULL;
}
