/* Which of our certificates is shown: those that the peer's authorities vouch for first. */
#include "daemon/auth_tls_ssl.h"

static bool
is_named(const STACK_OF(X509_NAME) *names, X509 *cert)
{
	const X509_NAME *issuer = X509_get_issuer_name(cert);

	for (int i = 0; i < sk_X509_NAME_num(names); i++)
		if (X509_NAME_cmp(sk_X509_NAME_value(names, i), issuer) == 0)
			return true;
	return false;
}

bool
auth_cert_fits(SSL_CTX *ctx, const STACK_OF(X509_NAME) *names)
{
	X509 *cert = SSL_CTX_get0_certificate(ctx);
	STACK_OF(X509) *chain = NULL;

	if (cert != NULL && is_named(names, cert))
		return true;
	SSL_CTX_get0_chain_certs(ctx, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (is_named(names, sk_X509_value(chain, i)))
			return true;
	return false;
}

/* The context of a credential: fitting ones first, else in the order of the file. */
static SSL_CTX *
nth(const struct auth_tls *tls, const STACK_OF(X509_NAME) *names, uint32_t credential)
{
	for (int wanted = 1; wanted >= 0; wanted--)
		for (uint32_t i = 0; i < tls->n_cert; i++)
			if (auth_cert_fits(tls->ctx[i], names) == wanted && credential-- == 0)
				return tls->ctx[i];
	return NULL;
}

int
auth_choose(SSL *ssl, void *arg)
{
	const struct auth_tls *tls = arg;
	const struct auth_verify *v = SSL_get_app_data(ssl);
	const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
	STACK_OF(X509) *chain = NULL;
	SSL_CTX *ctx;

	if (SSL_is_server(ssl) || tls->n_cert < 2 || sk_X509_NAME_num(names) <= 0)
		return 1;
	if ((ctx = nth(tls, names, v->credential)) == NULL)
		return 1;
	SSL_CTX_get0_chain_certs(ctx, &chain);
	SSL_certs_clear(ssl);
	return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(ctx),
	    SSL_CTX_get0_privatekey(ctx), chain, 1);
}
