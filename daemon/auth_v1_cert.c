/* Certificates of an IKEv1 peer: read, and verified before its signature counts. */
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "daemon/auth_v1.h"

#define CERTS_MAX 8
#define CERT_MAX_BYTES 16384

/* Encodings of RFC 2408 3.9 that bring certificates; what brings none is passed over. */
enum {
	CERT_PKCS7 = 1, /* Windows wraps chains in it */
	CERT_X509_SIGNATURE = 4,
};

static const uint8_t signed_data_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7,
	2 };

/* Asked before anything is parsed: what is too much costs nothing (H62). */
static bool
has_room(const struct v1_peer *p, size_t n, struct engine_auth_reply *out)
{
	size_t held = p->leaf == NULL ? 0 : 1 + (size_t)sk_X509_num(p->others);

	if (held + n <= CERTS_MAX)
		return true;
	auth_fail(out, SEC_E_INSUFFICIENT_MEMORY,
	    "the peer sent more than %d certificates: have it send its chain alone",
	    CERTS_MAX);
	return false;
}

/* Takes x, for which there is room. */
static bool
keep_cert(struct v1_peer *p, X509 *x, struct engine_auth_reply *out)
{
	if (p->others == NULL && (p->others = sk_X509_new_null()) == NULL)
		goto no_memory;
	if (p->leaf == NULL) {
		p->leaf = x;
		return true;
	}
	if (sk_X509_push(p->others, x) > 0)
		return true;
no_memory:
	X509_free(x);
	auth_fail(out, SEC_E_INSUFFICIENT_MEMORY, "no memory for certificates");
	return false;
}

static bool
take_x509(struct v1_peer *p, struct span der, struct engine_auth_reply *out)
{
	const uint8_t *at = der.p;
	X509 *x;

	if (!has_room(p, 1, out))
		return false;
	x = d2i_X509(NULL, &at, (long)der.n);
	if (x != NULL && at == der.p + der.n)
		return keep_cert(p, x, out);
	X509_free(x);
	ERR_clear_error();
	auth_fail(out, SEC_E_CERT_UNKNOWN, "the peer sent a certificate that is none");
	return false;
}

/* ---- PKCS#7 (RFC 2315): signed data alone, and of it the certificates alone ---- */

/* Takes the first element off; false: it is not of this kind, or not DER. */
static bool
der_take(struct span *from, int class, int tag, struct span *content)
{
	const uint8_t *at = from->p;
	int form, is_class = 0, is_tag = 0;
	long n = 0;

	if (from->n == 0)
		return false;
	form = ASN1_get_object(&at, &n, &is_tag, &is_class, (long)from->n);
	if ((form != 0 && form != V_ASN1_CONSTRUCTED) || is_class != class ||
	    is_tag != tag)
		return false;
	*content = span_of(at, (size_t)n);
	from->n -= (size_t)(at - from->p) + (size_t)n;
	from->p = at + n;
	return true;
}

/* Its certificates, one behind the other. */
static bool
pkcs7_certs(struct span der, struct span *certs)
{
	struct span info, oid, explicit, data, skipped;

	return der_take(&der, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info) && der.n == 0 &&
	       der_take(&info, V_ASN1_UNIVERSAL, V_ASN1_OBJECT, &oid) &&
	       oid.n == sizeof(signed_data_oid) &&
	       memcmp(oid.p, signed_data_oid, oid.n) == 0 &&
	       der_take(&info, V_ASN1_CONTEXT_SPECIFIC, 0, &explicit) &&
	       der_take(&explicit, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &data) &&
	       der_take(&data, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &skipped) &&
	       der_take(&data, V_ASN1_UNIVERSAL, V_ASN1_SET, &skipped) &&
	       der_take(&data, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &skipped) &&
	       der_take(&data, V_ASN1_CONTEXT_SPECIFIC, 0, certs) && certs->n > 0;
}

/* One more than may be is as good as all of them. */
static size_t
count_certs(struct span certs)
{
	struct span cert;
	size_t n = 0;

	while (n <= CERTS_MAX &&
	       der_take(&certs, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &cert))
		n++;
	return n;
}

static bool
take_pkcs7(struct v1_peer *p, struct span der, struct engine_auth_reply *out)
{
	struct span certs, rest, cert;
	bool ok = true;

	if (!pkcs7_certs(der, &certs)) {
		ERR_clear_error();
		auth_fail(out, SEC_E_CERT_UNKNOWN,
		    "the peer sent a PKCS#7 object without certificates");
		return false;
	}
	if (!has_room(p, count_certs(certs), out))
		return false;
	while (ok && certs.n > 0) {
		rest = certs;
		if (!der_take(&rest, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &cert))
			rest.n = 0; /* no certificate: all that is left says so */
		ok = take_x509(p, span_of(certs.p, certs.n - rest.n), out);
		certs = rest;
	}
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
