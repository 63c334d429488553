/* libssl objects behind auth_tls.h, for the other files of auth only. */
#ifndef AUTHIPD_DAEMON_AUTH_TLS_SSL_H
#define AUTHIPD_DAEMON_AUTH_TLS_SSL_H

#include <openssl/ssl.h>

#include "daemon/auth_tls.h"

struct auth_tls {
	/* One per certificate; without any, ctx[0] has none. */
	SSL_CTX *ctx[CONFIG_MAX_CERTS];
	uint32_t n_cert;
	X509_STORE *trust;
	enum dialect_gss_secret_tls secret_form;
	enum dialect_tls_client_cert client_cert;
};

#endif
