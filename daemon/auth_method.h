/* The methods of the auth role: their credentials, and who begins a dialogue. */
#ifndef AUTHIPD_DAEMON_AUTH_METHOD_H
#define AUTHIPD_DAEMON_AUTH_METHOD_H

#include "daemon/auth_krb.h"
#include "daemon/auth_psk.h"
#include "daemon/auth_tls.h"
#include "daemon/proto.h"

struct auth_methods {
	struct auth_tls *tls;
	struct auth_psk *psk;
	struct auth_krb *krb; /* NULL: no keytab; not owned */
};

/* Reads what c names, but for the keytab. False: err says why. */
bool auth_methods_start(
    struct auth_methods *m, const struct config *c, char *err, size_t cap);
void auth_methods_end(struct auth_methods *m);
/*
 * Can a host work with what c names, keytab included? Nothing of it is kept. False: err says why
 * not. tell: what peers would find wrong; NULL: nobody is told.
 */
bool auth_methods_check(const struct config *c, config_tell *tell, char *err, size_t cap);
void auth_methods_log(const struct auth_methods *m, const struct config *c);

bool auth_method_is_kerberos(uint32_t method);
/* Is the method there, and are its credentials? False: *out says what is missing. */
bool auth_method_fits(const struct auth_methods *m, const struct proto_auth_ask *ask,
    struct engine_auth_reply *out);
/* The dialogue that begins now, of a method that fits; NULL: no memory. */
struct auth_dialogue *auth_method_dialogue(
    const struct auth_methods *m, const struct proto_auth_ask *ask);

#endif
