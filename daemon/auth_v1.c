/*
 * One main mode of IKEv1 with signatures, as a dialogue: who we are, our signature, and the
 * peer's. The responder signs only for a peer that has proved who it is (H41).
 */
#include "daemon/auth_v1.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "ike/auth_part.h"

struct v1_dialogue {
	struct auth_dialogue base; /* first */
	const struct auth_tls *tls;
	enum auth_method method;
	enum hash_id hash;
	bool initiator;
	bool is_started;
	bool is_signed;
	bool is_verified;
	bool is_ended;
	uint32_t credential;
	SSL_CTX *own; /* whose certificate is ours; tls's */
	char peer_name[256];
	struct writer w; /* over token */
	uint8_t token[AUTH_MAX_TOKEN_BYTES];
};

static const char *
method_word(enum auth_method method)
{
	return method == AUTH_V1_RSA	  ? "RSA" :
	       method == AUTH_V1_ECDSA256 ? "ECDSA P-256" :
					    "ECDSA P-384";
}

/* ---- START: who we are ---- */

static STACK_OF(X509_NAME) * read_authorities(const struct auth_part_list *parts)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	const struct auth_part *p;

	for (size_t i = 0; (p = auth_part_find(parts, AUTH_PART_AUTHORITY, i)) != NULL;
	     i++) {
		const uint8_t *at = p->data.p;
		X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)p->data.n);

		if (name != NULL &&
		    (names == NULL || sk_X509_NAME_push(names, name) <= 0))
			X509_NAME_free(name);
	}
	ERR_clear_error();
	return names;
}

/* Our credential-th certificate whose key the method takes; those that fit come first. */
static SSL_CTX *
choose(const struct v1_dialogue *d, const STACK_OF(X509_NAME) * names)
{
	uint32_t left = d->credential;
	const char *why;

	for (int wanted = 1; wanted >= 0; wanted--)
		for (uint32_t i = 0; i < d->tls->n_cert; i++) {
			SSL_CTX *ctx = d->tls->ctx[i];

			if (auth_cert_fits(ctx, names) == (wanted != 0) &&
			    v1_key_fits(
				d->method, SSL_CTX_get0_privatekey(ctx), &why) &&
			    left-- == 0)
				return ctx;
		}
	return NULL;
}

static void
write_cert(struct v1_dialogue *d, X509 *x)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	size_t at = d->w.n;

	if (n <= 0) {
		d->w.failed = true;
		return;
	}
	auth_part_write(&d->w, AUTH_PART_CERT, SPAN_NONE);
	writer_u8(&d->w, 4); /* X.509 certificate for signatures */
	writer_bytes(&d->w, span_of(der, (size_t)n));
	if (n >= UINT16_MAX)
		d->w.failed = true;
	else
		writer_patch_u16(&d->w, at + 1, (uint16_t)(n + 1));
	OPENSSL_free(der);
}

/* Nothing when there are too many to name: every certificate may help then. */
static void
write_authorities(struct v1_dialogue *d)
{
	const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(d->tls->trust);

	if (auth_tls_count_trusted(d->tls) > AUTH_NAMED_AUTHORITIES_MAX)
		return;
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		uint8_t *der = NULL;
		int n = ca == NULL ? 0 : i2d_X509_NAME(X509_get_subject_name(ca), &der);

		if (n > 0)
			auth_part_write(
			    &d->w, AUTH_PART_AUTHORITY, span_of(der, (size_t)n));
		OPENSSL_free(der);
	}
}

static void
introduce(struct v1_dialogue *d, const struct auth_part_list *parts,
    struct engine_auth_reply *out)
{
	STACK_OF(X509_NAME) *names = read_authorities(parts);
	STACK_OF(X509) *chain = NULL;
	uint8_t id[2048];
	size_t id_n;
	X509 *cert;

	d->own = choose(d, names);
	sk_X509_NAME_pop_free(names, X509_NAME_free);
	if (d->own == NULL) {
		auth_fail(out, SEC_E_NO_CREDENTIALS,
		    d->credential == 0 ? "this host has no certificate for %s "
					 "signatures: set `certificate` "
					 "and `key`" :
					 "the peer accepted none of our certificates "
					 "for %s: see its log",
		    method_word(d->method));
		return;
	}
	cert = SSL_CTX_get0_certificate(d->own);
	if ((id_n = v1_id_own(cert, id, sizeof(id))) == 0) {
		auth_fail(out, SEC_E_NO_CREDENTIALS,
		    "our certificate has neither a subject nor a DNS name: peers would "
		    "not "
		    "know who we are");
		return;
	}
	auth_part_write(&d->w, AUTH_PART_ID, span_of(id, id_n));
	write_cert(d, cert);
	SSL_CTX_get0_chain_certs(d->own, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++)
		write_cert(d, sk_X509_value(chain, i));
	write_authorities(d);
}

/* ---- STEP: signatures ---- */

static void
sign(struct v1_dialogue *d, struct span hash, struct engine_auth_reply *out)
{
	uint8_t sig[2048];
	size_t n;

	if (d->is_signed || d->own == NULL || (!d->initiator && !d->is_verified)) {
		auth_fail(out, SEC_E_INVALID_TOKEN, "no signature is due now");
		return;
	}
	n = v1_sign(d->method, SSL_CTX_get0_privatekey(d->own), hash, sig, sizeof(sig));
	if (n == 0) {
		auth_fail(out, SEC_E_INTERNAL_ERROR, "our key does not sign");
		return;
	}
	auth_part_write(&d->w, AUTH_PART_SIGNATURE, span_of(sig, n));
	d->is_signed = true;
}

static void
verify(struct v1_dialogue *d, const struct auth_part_list *parts, struct span hash,
    struct engine_auth_reply *out)
{
	struct v1_peer p = { .id = auth_part_data(parts, AUTH_PART_ID),
		.target_name = d->base.target_name };
	struct span sig = auth_part_data(parts, AUTH_PART_SIGNATURE);
	const struct auth_part *cert;
	bool ok = true;

	if (d->is_verified || (d->initiator && !d->is_signed)) {
		auth_fail(
		    out, SEC_E_INVALID_TOKEN, "no signature of the peer is due now");
		return;
	}
	for (size_t i = 0;
	     ok && (cert = auth_part_find(parts, AUTH_PART_CERT, i)) != NULL; i++)
		ok = v1_peer_add_cert(&p, cert->data, out);
	ok = ok && v1_peer_check(&p, d->tls, d->method, out);
	if (ok && !v1_verify(d->method, p.key, hash, sig)) {
		auth_fail(out, SEC_E_MESSAGE_ALTERED,
		    "the signature of the peer is wrong: its certificate and its key "
		    "do not "
		    "belong together, or somebody is between us");
		ok = false;
	}
	if (ok) {
		auth_subject_text(p.leaf, d->peer_name, sizeof(d->peer_name));
		d->is_verified = true;
	} else {
		out->retry_possible = false;
	}
	v1_peer_clear(&p);
}

/* ---- the dialogue ---- */

/* RFC 4754 ties the hash to the curve. */
static bool
hash_fits(const struct v1_dialogue *d)
{
	if (d->method == AUTH_V1_ECDSA256)
		return d->hash == HASH_SHA256;
	if (d->method == AUTH_V1_ECDSA384)
		return d->hash == HASH_SHA384;
	return hash_len_bytes(d->hash) > 0;
}

static void
run(struct v1_dialogue *d, const struct auth_part_list *parts,
    struct engine_auth_reply *out)
{
	struct span hash = auth_part_data(parts, AUTH_PART_HASH);

	/* The initiator learns only later for whom its certificate has to be. */
	if (!d->is_started ||
	    (d->initiator && !d->is_signed &&
		auth_part_find(parts, AUTH_PART_AUTHORITY, 0) != NULL))
		introduce(d, parts, out);
	else if (hash.n != hash_len_bytes(d->hash))
		auth_fail(out, SEC_E_INVALID_TOKEN, "a hash of %zu bytes", hash.n);
	else if (auth_part_find(parts, AUTH_PART_SIGNATURE, 0) != NULL)
		verify(d, parts, hash, out);
	else
		sign(d, hash, out);
}

static void
v1_step(struct auth_dialogue *base, struct span token, struct engine_auth_reply *out)
{
	struct v1_dialogue *d = (struct v1_dialogue *)base;
	struct auth_part_list parts;

	memset(out, 0, sizeof(*out));
	out->status = AUTH_CONTINUE;
	writer_init(&d->w, d->token, sizeof(d->token));
	if (d->is_ended || !auth_parts_read(token, &parts))
		auth_fail(
		    out, SEC_E_INVALID_TOKEN, "signatures: a step that cannot be");
	else if (!hash_fits(d))
		auth_fail(out, SEC_E_ALGORITHM_MISMATCH,
		    "%s does not go with %s in main mode: take the SHA-2 of its size",
		    method_word(d->method), hash_name(d->hash));
	else
		run(d, &parts, out);
	if (out->status != AUTH_FAILED && !writer_ok(&d->w))
		auth_fail(out, SEC_E_INTERNAL_ERROR,
		    "our certificates are too long: shorten the chain");
	d->is_started = true;
	if (out->status == AUTH_CONTINUE) {
		out->token = span_of(d->token, d->w.n);
		memcpy(out->peer_name, d->peer_name, sizeof(out->peer_name));
		if (d->is_signed && d->is_verified)
			out->status = AUTH_DONE;
	}
	d->is_ended = out->status != AUTH_CONTINUE;
}

static void
v1_free(struct auth_dialogue *base)
{
	free(base);
}

struct auth_dialogue *
v1_dialogue_new(const struct auth_tls *tls, enum auth_method method, enum hash_id hash,
    bool initiator, uint32_t credential)
{
	static const struct auth_dialogue_ops ops = { v1_step, v1_free };
	struct v1_dialogue *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->base.ops = &ops;
	d->tls = tls;
	d->method = method;
	d->hash = hash;
	d->initiator = initiator;
	d->credential = credential;
	return &d->base;
}
