/* Is a peer the one that a program named? See also auth_target_check() in auth_tls_ssl.h. */
#ifndef AUTHIPD_DAEMON_AUTH_TARGET_H
#define AUTHIPD_DAEMON_AUTH_TARGET_H

#include <stdbool.h>

/* name: an authenticated Kerberos principal, NAME@REALM. */
bool auth_target_is_principal(const char *text, const char *name);
/*
 * Whose ticket to ask for: a peer that must prove the name cannot read any other. says: what it
 * calls itself, unauthenticated.
 */
const char *auth_target_for_ticket(const char *text, const char *says);

#endif
