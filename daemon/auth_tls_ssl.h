/* libssl objects behind auth_tls.h, for the other files of auth only. */
#ifndef AUTHIPD_DAEMON_AUTH_TLS_SSL_H
#define AUTHIPD_DAEMON_AUTH_TLS_SSL_H

#include <openssl/ssl.h>

#include "daemon/auth_status.h"
#include "daemon/auth_tls.h"

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
	struct auth_bad_cert bad;
};

/* Whether a rule of the configuration can only be met by a peer with a certificate. */
bool auth_rules_need_cert(const struct config_tls *rules);
/* Names and usages of a verified certificate; false: *bad says what is wrong. */
bool auth_rules_check(
    const struct config_tls *rules, X509 *cert, struct auth_bad_cert *bad);

/* Lets ctx verify peers and choose our certificate by what they ask for. */
void auth_verify_prepare(SSL_CTX *ctx, const struct auth_tls *tls);
/* The callback of SSL_set_verify(). */
int auth_verify_note(int ok, X509_STORE_CTX *ctx);
/* The callback of SSL_CTX_set_cert_cb(). */
int auth_choose(SSL *ssl, void *tls);

#endif
