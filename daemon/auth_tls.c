/* Trust store, certificates and TLS parameters of this host. */
#include "daemon/auth_tls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "daemon/auth_tls_ssl.h"


/*
 * Forward secret suites only. The CBC ones are for peers from Windows Server 2008 R2 to
 * 2012 R2, which have AES-GCM with RSA certificates only together with finite field DH.
 */
#define SUITES                                                       \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"         \
	"ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"         \
	"ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"               \
	"ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"

#define GROUPS "P-256:P-384:X25519:P-521"

/* Where systems keep their bundle, for a configuration that names none. */
static const char *const system_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

/* The error is "what: reason of the library". Always false. */
static bool fail(char *err, size_t cap, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
fail(char *err, size_t cap, const char *fmt, ...)
{
	unsigned long e = ERR_peek_error();
	const char *why = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) :
						ERR_reason_error_string(e);
	char what[2 * CONFIG_PATH_MAX + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(err, cap, "%s: %s", what, why != NULL ? why : "TLS library error");
	ERR_clear_error();
	return false;
}

/* Keys with a passphrase are refused: a daemon has nobody to ask. */
static int
no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static bool
load_trust(struct auth_tls *tls, const char *file, char *err, size_t cap)
{
	size_t n = sizeof(system_bundles) / sizeof(system_bundles[0]);

	if ((tls->trust = X509_STORE_new()) == NULL)
		return fail(err, cap, "trust store");
	for (size_t i = 0; file[0] == '\0' && i < n; i++)
		if (access(system_bundles[i], R_OK) == 0)
			file = system_bundles[i];
	if (file[0] != '\0' && X509_STORE_load_file(tls->trust, file) != 1)
		return fail(err, cap, "cannot read trusted certificates from %s", file);
	return true;
}

static bool
load_crl(struct auth_tls *tls, const char *file, char *err, size_t cap)
{
	X509_LOOKUP *l = X509_STORE_add_lookup(tls->trust, X509_LOOKUP_file());
	int n = l == NULL ? 0 : X509_load_crl_file(l, file, X509_FILETYPE_PEM);

	if (n <= 0)
		return fail(err, cap, "cannot read revocation lists from %s", file);
	tls->n_crl += (uint32_t)n;
	return true;
}

/* Without files no revocation is checked, even if the trust file holds a CRL. */
static bool
load_crls(struct auth_tls *tls, char *err, size_t cap)
{
	const struct config_tls *r = &tls->rules;

	for (uint32_t i = 0; i < r->n_crl && i < CONFIG_MAX_CRLS; i++)
		if (!load_crl(tls, r->crl[i], err, cap))
			return false;
	if (tls->n_crl == 0)
		return true;
	return X509_STORE_set_flags(tls->trust,
		   X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1 ||
	       fail(err, cap, "trust store");
}

static bool
load_cert(SSL_CTX *ctx, const struct config_cert *cert, char *err, size_t cap)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, cert->certificate) != 1)
		return fail(err, cap, "cannot use %s, which must be a certificate in PEM",
		    cert->certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, cert->key, SSL_FILETYPE_PEM) != 1)
		return fail(err, cap,
		    "cannot use %s, which must be the private key of %s, in PEM and without "
		    "passphrase",
		    cert->key, cert->certificate);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail(err, cap, "key %s is not that of certificate %s", cert->key,
		    cert->certificate);
	return true;
}

/* The same parameters as client and as server. */
static bool
set_parameters(SSL_CTX *ctx, X509_STORE *trust)
{
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_security_level(ctx, AUTH_SECURITY_LEVEL);
	SSL_CTX_set_verify_depth(ctx, AUTH_VERIFY_DEPTH_MAX);
	SSL_CTX_set_max_cert_list(ctx, AUTH_MAX_TOKEN_BYTES);
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
				     SSL_OP_NO_RENEGOTIATION |
				     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set1_cert_store(ctx, trust);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, SUITES) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, GROUPS) == 1;
}

/* Tells peers with several certificates which one can help. */
static bool
name_authorities(SSL_CTX *ctx, const struct auth_tls *tls)
{
	const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(tls->trust);

	if (auth_tls_count_trusted(tls) > AUTH_NAMED_AUTHORITIES_MAX)
		return true;
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));

		if (ca != NULL && SSL_CTX_add_client_CA(ctx, ca) != 1)
			return false;
	}
	return true;
}

/* cert NULL: a context without certificate. */
static bool
add_context(struct auth_tls *tls, uint32_t i, const struct config_cert *cert, char *err,
    size_t cap)
{
	tls->ctx[i] = SSL_CTX_new(TLS_method());
	if (tls->ctx[i] == NULL || !set_parameters(tls->ctx[i], tls->trust) ||
	    !name_authorities(tls->ctx[i], tls))
		return fail(err, cap, "TLS parameters");
	auth_verify_prepare(tls->ctx[i], tls);
	return cert == NULL || load_cert(tls->ctx[i], cert, err, cap);
}

static bool
load_all(struct auth_tls *tls, const struct config *c, char *err, size_t cap)
{
	if (!load_trust(tls, c->trust_file, err, cap) || !load_crls(tls, err, cap))
		return false;
	for (uint32_t i = 0; i < tls->n_cert; i++)
		if (!add_context(tls, i, &c->cert[i], err, cap))
			return false;
	return tls->n_cert > 0 || add_context(tls, 0, NULL, err, cap);
}

struct auth_tls *
auth_tls_new(const struct config *c, char *err, size_t cap)
{
	struct auth_tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL) {
		snprintf(err, cap, "out of memory");
		return NULL;
	}
	tls->n_cert = c->n_cert < CONFIG_MAX_CERTS ? c->n_cert : CONFIG_MAX_CERTS;
	tls->secret_form = c->dialect.gss_secret_tls;
	tls->client_cert = c->dialect.tls_client_cert;
	tls->rules = c->tls;
	ERR_clear_error();
	if (!load_all(tls, c, err, cap)) {
		auth_tls_free(tls);
		return NULL;
	}
	/* Reading a bundle leaves "no more certificates" behind. */
	ERR_clear_error();
	return tls;
}

void
auth_tls_free(struct auth_tls *tls)
{
	if (tls == NULL)
		return;
	for (size_t i = 0; i < CONFIG_MAX_CERTS; i++)
		SSL_CTX_free(tls->ctx[i]);
	X509_STORE_free(tls->trust);
	free(tls);
}

uint32_t
auth_tls_count_own(const struct auth_tls *tls)
{
	return tls->n_cert;
}

uint32_t
auth_tls_count_trusted(const struct auth_tls *tls)
{
	const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(tls->trust);
	uint32_t n = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++)
		n += X509_OBJECT_get_type(sk_X509_OBJECT_value(all, i)) == X509_LU_X509;
	return n;
}

uint32_t
auth_tls_count_crls(const struct auth_tls *tls)
{
	return tls->n_crl;
}
