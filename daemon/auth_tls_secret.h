/* The session key of a TLS handshake, in every reading (A14). */
#ifndef AUTHIPD_DAEMON_AUTH_TLS_SECRET_H
#define AUTHIPD_DAEMON_AUTH_TLS_SECRET_H

#include "daemon/auth_tls_ssl.h"
#include "ike/engine.h"

/* After the handshake; index is enum dialect_gss_secret_tls. Empty: it could not be had. */
void auth_tls_secrets(SSL *ssl, struct secret form[AUTH_SECRET_FORMS]);

#endif
