/* libssl objects behind auth_tls.h, for the other files of auth only. */
#ifndef AUTHIPD_DAEMON_AUTH_TLS_SSL_H
#define AUTHIPD_DAEMON_AUTH_TLS_SSL_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "daemon/auth_status.h"
#include "daemon/auth_tls.h"

#define AUTH_DNS_NAME_MAX 253
#define AUTH_VERIFY_DEPTH_MAX 8
#define AUTH_SECURITY_LEVEL 2 /* of libssl: no keys below 112 bits, no SHA-1 signatures */
/* More authorities are not named to peers: a bundle of the system makes 20 KB. */
#define AUTH_NAMED_AUTHORITIES_MAX 32

struct auth_tls {
	/* One per certificate; without any, ctx[0] has none. */
	SSL_CTX *ctx[CONFIG_MAX_CERTS];
	uint32_t n_cert;
	X509_STORE *trust;
	enum dialect_gss_secret_tls secret_form;
	enum dialect_tls_client_cert client_cert;
	struct config_tls rules;
	uint32_t n_crl; /* revocation lists in the files of rules.crl */
};

/* Of one handshake: the application data of its SSL. */
struct auth_verify {
	const struct auth_tls *tls;
	uint32_t credential; /* of the initiator: 0, 1, ... */
	const char *target_name; /* empty: any */
	struct auth_bad_cert bad;
};

/* Whether a rule of the configuration can only be met by a peer with a certificate. */
bool auth_rules_need_cert(const struct config_tls *rules);
/* Names and usages of a verified certificate; false: *bad says what is wrong. */
bool auth_rules_check(
    const struct config_tls *rules, X509 *cert, struct auth_bad_cert *bad);
/* Is this the certificate of target (auth_target.c)? False: *bad says whose it is. */
bool auth_target_check(const char *target, X509 *cert, struct auth_bad_cert *bad);
/* Adds to a list for people: "a, b, c", cut with "..." */
void auth_list_add(char *out, size_t cap, const char *prefix, const char *text);
/* A DNS name as text; false for what cannot be one. */
bool auth_dns_name(const GENERAL_NAME *g, char out[AUTH_DNS_NAME_MAX + 1]);

/* Lets ctx verify peers and choose our certificate by what they ask for. */
void auth_verify_prepare(SSL_CTX *ctx, const struct auth_tls *tls);
/*
 * The same without TLS: a chain of the trust store to cert, revocation, then the rules, and
 * the target name (empty: any). False: *bad says what is wrong.
 */
bool auth_verify_chain(const struct auth_tls *tls, const char *target, X509 *cert,
    STACK_OF(X509) *others, struct auth_bad_cert *bad);
/* Whether the certificate of ctx, or one behind it, is issued by one of the names. */
bool auth_cert_fits(SSL_CTX *ctx, const STACK_OF(X509_NAME) *names);
/* The callback of SSL_set_verify(). */
int auth_verify_note(int ok, X509_STORE_CTX *ctx);
/* The callback of SSL_CTX_set_cert_cb(). */
int auth_choose(SSL *ssl, void *tls);

#endif
