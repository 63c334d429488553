/* A realm with a real KDC, and hosts in it. */
#ifndef AUTHIPD_TESTS_CHECK_AUTH_KRB_H
#define AUTHIPD_TESTS_CHECK_AUTH_KRB_H

#include <check.h>

#include "daemon/auth_krb.h"
#include "daemon/auth_status.h"

/* Makes the realm and its hosts, starts the KDC; false after saying why it cannot. */
bool realm_begin(void);
void realm_end(void);
/* A command of kadmin.local. */
void realm_admin(const char *command);
/* From now on: a KDC at this port of 127.0.0.1 (0: the real one), this clock skew. */
void realm_use(uint16_t kdc_port, int clockskew_s);
/* "NAME.keytab" in the folder of the realm. */
const char *realm_keytab(const char *name);
/* A TCP listener and UDP socket that never answer; their port. */
uint16_t realm_silent_port(void);
/* A UDP socket that asks the real KDC so much later; it ends with its test. */
uint16_t realm_slow_port(unsigned delay_ms);

/* A configuration with that keytab (NULL: none). */
void krb_config(struct config *c, const char *keytab);
/* Fails the test if it cannot be read. */
struct auth_krb *krb_open(const struct config *c);

TCase *krb_hostile_cases(void);
TCase *krb_role_cases(void);
TCase *krb_v1_cases(void);

#endif
