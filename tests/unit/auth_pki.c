/* Certificates for tests, made in this process. */
#include "tests/unit/auth_pki.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY_S (24 * 60 * 60L)

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "auth_pki: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static void
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	need(e != NULL && X509_add_ext(x, e, -1) == 1, value);
	X509_EXTENSION_free(e);
}

static void
add_extensions(X509 *x, X509 *issuer, const struct pki_wish *w)
{
	add_extension(x, issuer, NID_basic_constraints,
	    w->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_extension(x, issuer, NID_key_usage,
	    w->usage != NULL ? w->usage :
	    w->is_ca	     ? "critical,keyCertSign,cRLSign" :
			       "critical,digitalSignature");
	add_extension(x, issuer, NID_subject_key_identifier, "hash");
	add_extension(x, issuer, NID_authority_key_identifier, "keyid");
	if (w->san != NULL)
		add_extension(x, issuer, NID_subject_alt_name, w->san);
	if (w->eku != NULL)
		add_extension(x, issuer, NID_ext_key_usage, w->eku);
}

static void
add_name(X509_NAME *name, const char *field, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (text != NULL)
		need(X509_NAME_add_entry_by_txt(
			 name, field, MBSTRING_UTF8, p, -1, -1, 0) == 1,
		    "name");
}

struct pki_cert
pki_make(const struct pki_wish *w, const struct pki_cert *issuer)
{
	static long serial = 1;
	struct pki_cert c = { .x = X509_new() };
	const struct pki_cert *by = issuer != NULL ? issuer : &c;
	X509_NAME *name = X509_get_subject_name(c.x);

	c.key = w->is_p384 ? EVP_EC_gen("P-384") :
	    w->is_ec	 ? EVP_EC_gen("P-256") :
			   EVP_RSA_gen(w->rsa_bits != 0 ? (unsigned)w->rsa_bits : 2048u);
	need(c.key != NULL, "key");
	X509_set_version(c.x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(c.x), w->from_days * DAY_S - 3600);
	X509_gmtime_adj(
	    X509_getm_notAfter(c.x), (w->to_days != 0 ? w->to_days : 30) * DAY_S);
	add_name(name, "O", w->o);
	add_name(name, "CN", w->cn);
	X509_set_issuer_name(c.x, X509_get_subject_name(by->x));
	X509_set_pubkey(c.x, c.key);
	add_extensions(c.x, by->x, w);
	need(X509_sign(c.x, by->key, EVP_sha256()) > 0, "signature");
	return c;
}

void
pki_free(struct pki_cert *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
	memset(c, 0, sizeof(*c));
}

static FILE *
open_file(
    const char *dir, const char *name, const char *suffix, const char *mode)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);
	f = fopen(path, mode);
	need(f != NULL, path);
	return f;
}

void
pki_write_certs(const char *dir, const char *name, const struct pki_cert *first, ...)
{
	FILE *f = open_file(dir, name, "pem", "w");
	va_list ap;

	va_start(ap, first);
	for (const struct pki_cert *c = first; c != NULL; c = va_arg(ap, void *))
		need(PEM_write_X509(f, c->x) == 1, name);
	va_end(ap);
	need(fclose(f) == 0, name);
}

void
pki_write_key(
    const char *dir, const char *name, const struct pki_cert *c, char *passphrase)
{
	FILE *f = open_file(dir, name, "key", "w");
	const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_128_cbc() : NULL;

	need(PEM_write_PKCS8PrivateKey(f, c->key, cipher, NULL, 0, NULL, passphrase) ==
		 1,
	    name);
	need(fclose(f) == 0, name);
}

static void
revoke(X509_CRL *crl, const struct pki_cert *c)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -60);

	need(X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(c->x)) == 1 &&
		 X509_REVOKED_set_revocationDate(r, now) == 1 &&
		 X509_CRL_add0_revoked(crl, r) == 1,
	    "revocation");
	ASN1_TIME_free(now);
}

void
pki_add_crl(const char *dir, const char *name, const struct pki_cert *issuer,
    const struct pki_cert *revoked, int days)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, -99 * DAY_S);
	ASN1_TIME *to = X509_gmtime_adj(NULL, days * DAY_S);
	FILE *f = open_file(dir, name, "pem", "a");

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x));
	X509_CRL_set1_lastUpdate(crl, from);
	X509_CRL_set1_nextUpdate(crl, to);
	if (revoked != NULL)
		revoke(crl, revoked);
	need(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0, "CRL");
	need(PEM_write_X509_CRL(f, crl) == 1 && fclose(f) == 0, name);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
}
