/* Is a peer the one that a program named? See also auth_target_check() in auth_tls_ssl.h. */
#ifndef AUTHIPD_DAEMON_AUTH_TARGET_H
#define AUTHIPD_DAEMON_AUTH_TARGET_H

#include <stdbool.h>

/* name: an authenticated Kerberos principal, NAME@REALM. */
bool auth_target_is_principal(const char *target, const char *name);

#endif
