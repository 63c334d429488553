/* Certificates of an IKEv1 peer: read, and verified before its signature counts. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "daemon/auth_v1.h"

#define CERTS_MAX 8
#define CERT_MAX_BYTES 16384

/* Encodings of RFC 2408 3.9 that bring certificates; what brings none is passed over. */
enum {
	CERT_PKCS7 = 1, /* Windows wraps chains in it */
	CERT_X509_SIGNATURE = 4,
};

/* Takes x. */
static bool
take_cert(struct v1_peer *p, X509 *x, struct engine_auth_reply *out)
{
	if (p->others == NULL && (p->others = sk_X509_new_null()) == NULL)
		goto full;
	if (p->leaf == NULL) {
		p->leaf = x;
		return true;
	}
	if (sk_X509_num(p->others) < CERTS_MAX - 1 && sk_X509_push(p->others, x) > 0)
		return true;
full:
	X509_free(x);
	auth_fail(out, SEC_E_INSUFFICIENT_MEMORY,
	    "the peer sent more than %d certificates: have it send its chain alone",
	    CERTS_MAX);
	return false;
}

static bool
take_x509(struct v1_peer *p, struct span der, struct engine_auth_reply *out)
{
	const uint8_t *at = der.p;
	X509 *x = d2i_X509(NULL, &at, (long)der.n);

	if (x != NULL && at == der.p + der.n)
		return take_cert(p, x, out);
	X509_free(x);
	ERR_clear_error();
	auth_fail(out, SEC_E_CERT_UNKNOWN, "the peer sent a certificate that is none");
	return false;
}

/* Signed data alone, and of it the certificates alone. */
static bool
take_pkcs7(struct v1_peer *p, struct span der, struct engine_auth_reply *out)
{
	const uint8_t *at = der.p;
	PKCS7 *bag = d2i_PKCS7(NULL, &at, (long)der.n);
	const STACK_OF(X509) *certs = NULL;
	bool ok = true;

	if (bag != NULL && at == der.p + der.n && PKCS7_type_is_signed(bag) &&
	    bag->d.sign != NULL)
		certs = bag->d.sign->cert;
	if (sk_X509_num(certs) <= 0) {
		auth_fail(out, SEC_E_CERT_UNKNOWN,
		    "the peer sent a PKCS#7 object without certificates");
		ok = false;
	}
	for (int i = 0; ok && i < sk_X509_num(certs); i++) {
		X509 *x = sk_X509_value(certs, i);

		ok = X509_up_ref(x) == 1 && take_cert(p, x, out);
	}
	PKCS7_free(bag);
	ERR_clear_error();
	return ok;
}

bool
v1_peer_add_cert(struct v1_peer *p, struct span cert, struct engine_auth_reply *out)
{
	struct span der;

	if (cert.n < 2 || cert.n > CERT_MAX_BYTES) {
		auth_fail(
		    out, SEC_E_CERT_UNKNOWN, "a certificate of %zu bytes", cert.n);
		return false;
	}
	der = span_of(cert.p + 1, cert.n - 1);
	if (cert.p[0] == CERT_X509_SIGNATURE)
		return take_x509(p, der, out);
	return cert.p[0] != CERT_PKCS7 || take_pkcs7(p, der, out);
}

void
v1_peer_clear(struct v1_peer *p)
{
	X509_free(p->leaf);
	sk_X509_pop_free(p->others, X509_free);
	memset(p, 0, sizeof(*p));
}

/* A key that only costs time is no better in an authority (H56, H70). */
static bool
keys_are_small(const struct v1_peer *p)
{
	for (int i = 0; i < sk_X509_num(p->others); i++) {
		EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(p->others, i));

		if (key == NULL || EVP_PKEY_get_bits(key) > 8192)
			return false;
	}
	return true;
}

/* RFC 4945 5.1.3.2: signatures are what the key is for. */
static bool
usage_allows(X509 *cert)
{
	return (X509_get_key_usage(cert) &
		   (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

bool
v1_peer_check(struct v1_peer *p, const struct auth_tls *tls, enum auth_method method,
    struct engine_auth_reply *out)
{
	struct auth_bad_cert bad = { .error = X509_V_OK };
	char subject[200], id[200];
	const char *why = NULL;

	if (p->leaf == NULL) {
		auth_fail(out, SEC_E_CERT_UNKNOWN,
		    "the peer sent no certificate: have it always send its own");
		return false;
	}
	auth_subject_text(p->leaf, subject, sizeof(subject));
	if ((p->key = X509_get0_pubkey(p->leaf)) == NULL || !keys_are_small(p) ||
	    !v1_key_fits(method, p->key, &why)) {
		auth_fail(out, SEC_E_CERT_UNKNOWN, "the certificate of %.100s: %s",
		    subject,
		    why != NULL ? why : "no key that can be used in its chain");
		ERR_clear_error();
		return false;
	}
	if (!auth_verify_chain(tls, p->target_name, p->leaf, p->others, &bad)) {
		auth_fail_cert(out, &bad);
		return false;
	}
	if (!usage_allows(p->leaf)) {
		auth_fail(out, SEC_E_CERT_WRONG_USAGE,
		    "the certificate of %.150s is not for signatures: issue one with "
		    "digitalSignature",
		    subject);
		return false;
	}
	if (!v1_id_fits(p->leaf, p->id, id, sizeof(id))) {
		auth_fail(out, SEC_E_WRONG_PRINCIPAL,
		    "the peer calls itself %.90s, and its certificate is for %.90s: "
		    "have it "
		    "use its subject as identity",
		    id, subject);
		return false;
	}
	return true;
}
