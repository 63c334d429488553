/* How TLS verifies a peer: the library's checks, revocation, then the rules of `tls`. */
#include "daemon/auth_tls_ssl.h"

/*
 * Notes the first certificate that does not verify. Changes a result only where a CRL
 * is not there and need not be.
 */
int
auth_verify_note(int ok, X509_STORE_CTX *ctx)
{
	int index = SSL_get_ex_data_X509_STORE_CTX_idx();
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, index);
	struct auth_verify *v = SSL_get_app_data(ssl);
	struct auth_bad_cert *bad = &v->bad;
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	X509 *own = X509_STORE_CTX_get0_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx);

	if (ok || bad->error != X509_V_OK)
		return ok;
	if (error == X509_V_ERR_UNABLE_TO_GET_CRL && !v->tls->rules.crl_strict) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	bad->error = error;
	bad->depth = X509_STORE_CTX_get_error_depth(ctx);
	if (at == NULL)
		at = own;
	auth_subject_text(own, bad->peer, sizeof(bad->peer));
	auth_subject_text(at, bad->subject, sizeof(bad->subject));
	auth_issuer_text(at, bad->issuer, sizeof(bad->issuer));
	return ok;
}

/* Instead of X509_verify_cert(): the rules are part of the handshake, for both roles. */
static int
verify(X509_STORE_CTX *ctx, void *arg)
{
	const struct auth_tls *tls = arg;
	int index = SSL_get_ex_data_X509_STORE_CTX_idx();
	struct auth_verify *v = SSL_get_app_data(X509_STORE_CTX_get_ex_data(ctx, index));
	X509 *cert = X509_STORE_CTX_get0_cert(ctx);

	if (X509_verify_cert(ctx) <= 0)
		return 0;
	if (auth_rules_check(&tls->rules, cert, &v->bad) &&
	    auth_target_check(v->target_name, cert, &v->bad))
		return 1;
	v->bad.error = X509_V_ERR_APPLICATION_VERIFICATION;
	auth_subject_text(cert, v->bad.peer, sizeof(v->bad.peer));
	X509_STORE_CTX_set_error(ctx, v->bad.error);
	return 0;
}

void
auth_verify_prepare(SSL_CTX *ctx, const struct auth_tls *tls)
{
	/* Neither callback changes it. */
	SSL_CTX_set_cert_verify_callback(ctx, verify, (void *)tls);
	SSL_CTX_set_cert_cb(ctx, auth_choose, (void *)tls);
}
