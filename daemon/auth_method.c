/* The credentials of each method, and the dialogue that begins with them. */
#include "daemon/auth_method.h"

#include "daemon/auth_status.h"
#include "daemon/auth_v1.h"
#include "daemon/log.h"

static bool
is_signature(uint32_t method)
{
	return method == AUTH_V1_RSA || method == AUTH_V1_ECDSA256 ||
	       method == AUTH_V1_ECDSA384;
}

bool
auth_method_is_kerberos(uint32_t method)
{
	return method == AUTH_KERBEROS || method == AUTH_V1_KERBEROS;
}

struct auth_dialogue *
auth_method_dialogue(const struct auth_methods *a, const struct proto_auth_ask *ask)
{
	enum auth_method method = (enum auth_method)ask->method;
	enum hash_id hash = (enum hash_id)ask->hash;

	if (method == AUTH_TLS)
		return auth_dialogue_new(a->tls, ask->initiator, ask->credential);
	if (is_signature(ask->method))
		return v1_dialogue_new(
		    a->tls, method, hash, ask->initiator, ask->credential);
	if (method == AUTH_V1_KERBEROS)
		return krb_v1_dialogue_new(a->krb, ask->initiator, hash);
	return krb_dialogue_new(a->krb, NULL);
}

bool
auth_method_fits(const struct auth_methods *a, const struct proto_auth_ask *ask,
    struct engine_auth_reply *out)
{
	if (ask->method == AUTH_TLS || is_signature(ask->method))
		return true;
	if (!auth_method_is_kerberos(ask->method))
		auth_fail(out, SEC_E_UNSUPPORTED_FUNCTION,
		    "authentication method %u is not built in: use tls or kerberos",
		    ask->method);
	else if (a->krb == NULL)
		auth_fail(out, SEC_E_NO_CREDENTIALS,
		    "this host has no keytab: set `keytab` in section kerberos");
	else if (ask->initiator && ask->credential > 0)
		auth_fail(out, SEC_E_NO_CREDENTIALS,
		    "the peer did not accept our only Kerberos principal: see its log");
	else
		return true;
	return false;
}

static void
tell_log(const char *line)
{
	log_warn("auth", "%s", line);
}

void
auth_methods_log(const struct auth_methods *a, const struct config *c)
{
	const char *trust =
	    c->trust_file[0] != '\0' ? c->trust_file : "the system's bundle";
	uint32_t n_own = auth_tls_count_own(a->tls);

	log_info("auth",
	    "%u certificates of this host, %u trusted ones in %s, %u revocation lists",
	    n_own, auth_tls_count_trusted(a->tls), trust, auth_tls_count_crls(a->tls));
	if (auth_psk_count(a->psk) > 0)
		log_info(
		    "auth", "%u pre-shared keys for IKEv1", auth_psk_count(a->psk));
	if (a->krb != NULL)
		log_info("auth", "Kerberos as %s, keytab %s",
		    auth_krb_principal(a->krb), c->kerberos.keytab);
	if (n_own == 0 && a->krb == NULL)
		log_warn("auth",
		    "no certificate: TLS authentication will fail; set `certificate` "
		    "and `key`");
	if (auth_tls_count_trusted(a->tls) == 0 && a->krb == NULL)
		log_warn("auth",
		    "no trusted certificates: every peer will be refused; set "
		    "`trust`");
	auth_own_check(a->tls, c, tell_log);
}

bool
auth_methods_start(
    struct auth_methods *a, const struct config *c, char *err, size_t cap)
{
	if ((a->tls = auth_tls_new(c, err, cap)) == NULL)
		return false;
	return (a->psk = auth_psk_new(c, err, cap)) != NULL;
}

void
auth_methods_end(struct auth_methods *a)
{
	auth_tls_free(a->tls);
	auth_psk_free(a->psk);
}

bool
auth_methods_check(const struct config *c, config_tell *tell, char *err, size_t cap)
{
	struct auth_methods a = { 0 };
	bool ok = auth_methods_start(&a, c, err, cap);

	if (ok && c->kerberos.keytab[0] != '\0')
		ok = (a.krb = auth_krb_new(c, err, cap)) != NULL;
	if (ok && tell != NULL)
		auth_own_check(a.tls, c, tell);
	if (a.krb != NULL)
		auth_krb_free(a.krb);
	auth_methods_end(&a);
	return ok;
}
