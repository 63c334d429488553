/* How a peer is verified, in TLS and without: the checks of the library, then our rules. */
#include "daemon/auth_tls_ssl.h"

#include <openssl/err.h>

/*
 * Notes the first certificate that does not verify. Changes a result only where a CRL
 * is not there and need not be.
 */
static int
note(int ok, X509_STORE_CTX *ctx, const struct auth_tls *tls, struct auth_bad_cert *bad)
{
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	X509 *own = X509_STORE_CTX_get0_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx);

	if (ok || bad->error != X509_V_OK)
		return ok;
	if (error == X509_V_ERR_UNABLE_TO_GET_CRL && !tls->rules.crl_strict) {
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

int
auth_verify_note(int ok, X509_STORE_CTX *ctx)
{
	int index = SSL_get_ex_data_X509_STORE_CTX_idx();
	struct auth_verify *v = SSL_get_app_data(X509_STORE_CTX_get_ex_data(ctx, index));

	return note(ok, ctx, v->tls, &v->bad);
}

/* The rules about names and usages come after the library's checks. */
static bool
rules_hold(struct auth_verify *v, X509 *cert)
{
	if (auth_rules_check(&v->tls->rules, cert, &v->bad) &&
	    auth_target_check(v->target_name, cert, &v->bad))
		return true;
	v->bad.error = X509_V_ERR_APPLICATION_VERIFICATION;
	auth_subject_text(cert, v->bad.peer, sizeof(v->bad.peer));
	return false;
}

/* Instead of X509_verify_cert(): the rules are part of the handshake, for both roles. */
static int
verify(X509_STORE_CTX *ctx, void *arg)
{
	int index = SSL_get_ex_data_X509_STORE_CTX_idx();
	struct auth_verify *v = SSL_get_app_data(X509_STORE_CTX_get_ex_data(ctx, index));
	X509 *cert = X509_STORE_CTX_get0_cert(ctx);

	(void)arg;
	if (X509_verify_cert(ctx) <= 0)
		return 0;
	if (rules_hold(v, cert))
		return 1;
	X509_STORE_CTX_set_error(ctx, v->bad.error);
	return 0;
}

static int
note_without_tls(int ok, X509_STORE_CTX *ctx)
{
	struct auth_verify *v = X509_STORE_CTX_get_app_data(ctx);

	return note(ok, ctx, v->tls, &v->bad);
}

bool
auth_verify_chain(const struct auth_tls *tls, const char *target, X509 *cert,
    STACK_OF(X509) *others, struct auth_bad_cert *bad)
{
	struct auth_verify v = { .tls = tls, .target_name = target };
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	bool ok = ctx != NULL && X509_STORE_CTX_init(ctx, tls->trust, cert, others) == 1;

	v.bad.error = X509_V_OK;
	if (ok) {
		param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_depth(param, AUTH_VERIFY_DEPTH_MAX);
		X509_VERIFY_PARAM_set_auth_level(param, AUTH_SECURITY_LEVEL);
		X509_STORE_CTX_set_app_data(ctx, &v);
		X509_STORE_CTX_set_verify_cb(ctx, note_without_tls);
		ok = X509_verify_cert(ctx) == 1 && rules_hold(&v, cert);
	}
	if (!ok && v.bad.error == X509_V_OK)
		v.bad.error = X509_V_ERR_UNSPECIFIED;
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	*bad = v.bad;
	return ok;
}

void
auth_verify_prepare(SSL_CTX *ctx, const struct auth_tls *tls)
{
	/* Neither callback changes it. */
	SSL_CTX_set_cert_verify_callback(ctx, verify, (void *)tls);
	SSL_CTX_set_cert_cb(ctx, auth_choose, (void *)tls);
}
