/* Certificate authorities and certificates for tests, as PEM files in a new folder. */
#ifndef AUTHIPD_TESTS_AUTH_PKI_H
#define AUTHIPD_TESTS_AUTH_PKI_H

#include <stdbool.h>

#include <openssl/x509.h>

struct pki_cert {
	X509 *x;
	EVP_PKEY *key;
};

/* What a certificate is to say; times in days from now. */
struct pki_wish {
	const char *cn;	 /* NULL: empty subject */
	const char *o;	 /* NULL: no organisation */
	const char *san; /* NULL: none; "DNS:x" */
	const char *eku; /* NULL: none */
	const char *usage; /* NULL: "critical,digitalSignature", or a CA's */
	bool is_ec;	 /* P-256 instead of RSA-2048 */
	bool is_p384;
	int rsa_bits; /* 0: 2048 */
	bool is_ca;
	int from_days;
	int to_days; /* 0: 30 */
};

/* issuer NULL: self-signed. Aborts the test run when libcrypto refuses. */
struct pki_cert pki_make(const struct pki_wish *w, const struct pki_cert *issuer);
void pki_free(struct pki_cert *c);
/* DIR/NAME.pem with these certificates (NULL ends the list). */
void pki_write_certs(
    const char *dir, const char *name, const struct pki_cert *first, ...);
/* Appends a CRL of issuer to DIR/NAME.pem: valid for days (negative: it expired then). */
void pki_add_crl(const char *dir, const char *name, const struct pki_cert *issuer,
    const struct pki_cert *revoked, int days);
/* DIR/NAME.key, encrypted if passphrase is not NULL. */
void pki_write_key(
    const char *dir, const char *name, const struct pki_cert *c, char *passphrase);

#endif
