/* One TLS handshake over memory buffers, and the session key that it yields. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "config/target.h"
#include "daemon/auth_status.h"
#include "daemon/auth_tls_secret.h"

struct tls_dialogue {
	struct auth_dialogue base; /* first */
	const struct auth_tls *tls;
	SSL *ssl; /* NULL: there is no certificate to begin with */
	BIO *in;  /* both are ssl's */
	BIO *out;
	bool initiator;
	bool is_started;
	bool is_ended;
	struct auth_verify verify;
};

/* Whether the peer has to show a certificate. */
static bool
peer_cert_required(const struct tls_dialogue *d)
{
	return d->initiator || d->tls->client_cert != TLS_CLIENT_CERT_OPTIONAL ||
	       auth_rules_need_cert(&d->tls->rules) ||
	       target_is_demanded(d->base.target_name);
}

/* The context to use, or NULL if no certificate is left (see auth_tls.h). */
static SSL_CTX *
pick_context(const struct tls_dialogue *d)
{
	const struct auth_tls *tls = d->tls;
	bool may_be_bare = d->initiator && tls->client_cert == TLS_CLIENT_CERT_OPTIONAL;

	if (tls->n_cert == 0)
		return may_be_bare && d->verify.credential == 0 ? tls->ctx[0] : NULL;
	if (d->initiator && d->verify.credential >= tls->n_cert)
		return NULL;
	return tls->ctx[d->verify.credential % tls->n_cert];
}

static bool
set_up(struct tls_dialogue *d, SSL_CTX *ctx)
{
	int verify = SSL_VERIFY_PEER;

	if (peer_cert_required(d))
		verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	d->ssl = SSL_new(ctx);
	d->in = BIO_new(BIO_s_mem());
	d->out = BIO_new(BIO_s_mem());
	if (d->ssl == NULL || d->in == NULL || d->out == NULL) {
		BIO_free(d->in);
		BIO_free(d->out);
		return false;
	}
	SSL_set_bio(d->ssl, d->in, d->out);
	SSL_set_app_data(d->ssl, &d->verify);
	SSL_set_verify(d->ssl, verify, auth_verify_note);
	if (d->initiator)
		SSL_set_connect_state(d->ssl);
	else
		SSL_set_accept_state(d->ssl);
	return true;
}

/* The session key of the dialect, and the others that it may be (A14). */
static bool
take_secret(struct tls_dialogue *d, struct engine_auth_reply *out)
{
	auth_tls_secrets(d->ssl, out->form);
	out->secret = out->form[d->tls->secret_form];
	return out->secret.n > 0;
}

/* The handshake is complete: checks once more what makes it an authentication. */
static void
finish(struct tls_dialogue *d, struct engine_auth_reply *out)
{
	X509 *cert = SSL_get0_peer_certificate(d->ssl);

	if (SSL_has_pending(d->ssl) || BIO_ctrl_pending(d->in) > 0) {
		auth_fail(out, SEC_E_ILLEGAL_MESSAGE,
		    "the peer's token goes on behind the end of the TLS handshake");
		return;
	}
	if (SSL_version(d->ssl) != TLS1_2_VERSION ||
	    SSL_get_verify_result(d->ssl) != X509_V_OK ||
	    (cert == NULL && peer_cert_required(d)) || !take_secret(d, out)) {
		auth_fail(out, SEC_E_INTERNAL_ERROR,
		    "TLS is complete but yields no verified certificate or no key");
		return;
	}
	out->status = AUTH_DONE;
	if (cert != NULL)
		auth_subject_text(cert, out->peer_name, sizeof(out->peer_name));
	else
		strcpy(out->peer_name, "(peer without certificate)");
}

static void
fail_handshake(struct tls_dialogue *d, struct engine_auth_reply *out)
{
	bool have_another = d->verify.credential + 1 < d->tls->n_cert;
	enum auth_blame blame = BLAME_PEER_CERT;

	if (d->verify.bad.error != X509_V_OK) {
		auth_fail_cert(out, &d->verify.bad);
		ERR_clear_error();
	} else {
		blame = auth_fail_library(out);
	}
	/* Only a responder can make the peer try another of its certificates. */
	out->retry_possible = (blame == BLAME_PEER_CERT && !d->initiator) ||
			      (blame == BLAME_OUR_CERT && have_another);
}

static void
fail_without_cert(const struct tls_dialogue *d, struct engine_auth_reply *out)
{
	if (d->tls->n_cert == 0)
		auth_fail(out, SEC_E_NO_CREDENTIALS,
		    "this host has no certificate: set `certificate` and `key` in the "
		    "configuration");
	else
		auth_fail(out, SEC_E_NO_CREDENTIALS,
		    "the peer accepted none of the %u certificates configured: see its "
		    "log, and have it trust the CA of one of them",
		    d->tls->n_cert);
}

/* Runs libssl; false: out holds the failure. */
static void
run_handshake(struct tls_dialogue *d, struct engine_auth_reply *out)
{
	int r = SSL_do_handshake(d->ssl);
	char *p;
	long n;

	if (r == 1) {
		finish(d, out);
	} else if (SSL_get_error(d->ssl, r) != SSL_ERROR_WANT_READ) {
		fail_handshake(d, out);
	} else if (BIO_ctrl_pending(d->out) == 0) {
		auth_fail(out, SEC_E_INCOMPLETE_MESSAGE,
		    "the peer's token ends inside a flight of TLS records");
	}
	if (out->status == AUTH_FAILED)
		return;
	n = BIO_get_mem_data(d->out, &p);
	if (n > AUTH_MAX_TOKEN_BYTES)
		auth_fail(out, SEC_E_INTERNAL_ERROR,
		    "our token of %ld bytes is too long: shorten the certificate chain",
		    n);
	else
		out->token = span_of(p, (size_t)n);
}

/* Only an initiator begins, without token; everything else has one. */
static bool
token_fits(const struct tls_dialogue *d, struct span token)
{
	bool is_first = d->initiator && !d->is_started;

	return !d->is_ended && token.n <= AUTH_MAX_TOKEN_BYTES &&
	       is_first == (token.n == 0);
}

static void
tls_step(struct auth_dialogue *base, struct span token, struct engine_auth_reply *out)
{
	struct tls_dialogue *d = (struct tls_dialogue *)base;

	memset(out, 0, sizeof(*out));
	out->status = AUTH_CONTINUE;
	if (d->ssl == NULL) {
		fail_without_cert(d, out);
	} else if (!token_fits(d, token)) {
		auth_fail(out, SEC_E_INVALID_TOKEN,
		    "TLS token of %zu bytes: empty, too long or %s", token.n,
		    d->is_ended ? "after the end of the handshake" : "out of place");
	} else {
		ERR_clear_error();
		(void)BIO_reset(d->out);
		if (token.n > 0 &&
		    BIO_write(d->in, token.p, (int)token.n) != (int)token.n)
			auth_fail(out, SEC_E_INSUFFICIENT_MEMORY, "TLS: out of memory");
		else
			run_handshake(d, out);
	}
	d->is_started = true;
	d->is_ended = out->status != AUTH_CONTINUE;
}

static void
tls_free(struct auth_dialogue *base)
{
	struct tls_dialogue *d = (struct tls_dialogue *)base;

	SSL_free(d->ssl);
	free(d);
}

static const struct auth_dialogue_ops tls_ops = { tls_step, tls_free };

struct auth_dialogue *
auth_dialogue_new(const struct auth_tls *tls, bool initiator, uint32_t credential)
{
	struct tls_dialogue *d = calloc(1, sizeof(*d));
	SSL_CTX *ctx;

	if (d == NULL)
		return NULL;
	d->base.ops = &tls_ops;
	d->tls = tls;
	d->initiator = initiator;
	d->verify.tls = tls;
	d->verify.credential = credential;
	d->verify.target_name = d->base.target_name;
	d->verify.bad.error = X509_V_OK;
	ctx = pick_context(d);
	if (ctx != NULL && !set_up(d, ctx)) {
		tls_free(&d->base);
		return NULL;
	}
	return &d->base;
}
