/* From errors of Kerberos to a status for the peer and a line for a person. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"
#include "daemon/auth_status.h"

#define HINT_CLOCK "set the clocks of both hosts and the KDC (NTP)"
#define HINT_KEYS "export the keytab from the KDC again, and reload"
#define HINT_KDC "is the KDC running, is kdc in krb5.conf right, does a firewall drop it?"
#define HINT_REALM "name a kdc for the realm in krb5.conf"
#define HINT_TOKEN "the peer does not speak Kerberos here, or the token was changed"
#define HINT_ENTRY "that principal is not in our keytab: add it, or correct our gss_id"
#define HINT_SERVER "create it in the KDC, or correct gss_id of the peer"
#define HINT_CLIENT "create it in the KDC, or name another principal in section kerberos"
#define HINT_TYPES "the KDC and the keytabs need a common key type, such as aes256-cts"
#define HINT_KINIT "run kinit as that user"
#define HINT_POLICY "ask the administrator of the KDC"

/* E(code, status, what to change) */
#define KRB_ERRORS(E)                                                             \
	/* the KDC and the way to it */                                           \
	E(KRB5_KDC_UNREACH, SEC_E_NO_AUTHENTICATING_AUTHORITY, HINT_KDC)          \
	E(KRB5_REALM_CANT_RESOLVE, SEC_E_NO_AUTHENTICATING_AUTHORITY, HINT_KDC)   \
	E(KRB5_REALM_UNKNOWN, SEC_E_NO_AUTHENTICATING_AUTHORITY, HINT_REALM)      \
	E(KRB5KDC_ERR_SVC_UNAVAILABLE, SEC_E_NO_AUTHENTICATING_AUTHORITY, HINT_KDC) \
	/* what the KDC says */                                                   \
	E(KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, SEC_E_NO_CREDENTIALS, HINT_CLIENT)     \
	E(KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, SEC_E_TARGET_UNKNOWN, HINT_SERVER)     \
	E(KRB5KDC_ERR_PREAUTH_FAILED, SEC_E_NO_CREDENTIALS, HINT_KEYS)            \
	E(KRB5_PREAUTH_FAILED, SEC_E_NO_CREDENTIALS, HINT_KEYS)                   \
	E(KRB5KDC_ERR_CLIENT_REVOKED, SEC_E_LOGON_DENIED, HINT_POLICY)            \
	E(KRB5KDC_ERR_NAME_EXP, SEC_E_LOGON_DENIED, HINT_POLICY)                  \
	E(KRB5KDC_ERR_SERVICE_EXP, SEC_E_LOGON_DENIED, HINT_POLICY)               \
	E(KRB5KDC_ERR_KEY_EXP, SEC_E_LOGON_DENIED, HINT_POLICY)                   \
	E(KRB5KDC_ERR_POLICY, SEC_E_LOGON_DENIED, HINT_POLICY)                    \
	E(KRB5KDC_ERR_ETYPE_NOSUPP, SEC_E_ALGORITHM_MISMATCH, HINT_TYPES)         \
	E(KRB5_PROG_ETYPE_NOSUPP, SEC_E_ALGORITHM_MISMATCH, HINT_TYPES)           \
	/* the cache of a user */                                                 \
	E(KRB5_CC_NOTFOUND, SEC_E_NO_CREDENTIALS, HINT_KINIT)                     \
	E(KRB5_CC_FORMAT, SEC_E_NO_CREDENTIALS, HINT_KINIT)                       \
	E(KRB5_CC_BADNAME, SEC_E_NO_CREDENTIALS, HINT_KINIT)                      \
	E(KRB5_CCACHE_BADVNO, SEC_E_NO_CREDENTIALS, HINT_KINIT)                   \
	E(KRB5_FCC_NOFILE, SEC_E_NO_CREDENTIALS, HINT_KINIT)                      \
	E(KRB5KDC_ERR_NEVER_VALID, SEC_E_TIME_SKEW, HINT_CLOCK)                   \
	E(KRB5_KDCREP_SKEW, SEC_E_TIME_SKEW, HINT_CLOCK)                          \
	/* our keytab */                                                          \
	E(KRB5_KT_NOTFOUND, SEC_E_NO_KERB_KEY, HINT_ENTRY)                        \
	E(KRB5KRB_AP_WRONG_PRINC, SEC_E_WRONG_PRINCIPAL, HINT_ENTRY)              \
	E(KRB5KRB_AP_ERR_NOT_US, SEC_E_WRONG_PRINCIPAL, HINT_ENTRY)               \
	E(KRB5KRB_AP_ERR_NOKEY, SEC_E_NO_KERB_KEY, HINT_KEYS)                     \
	E(KRB5_KT_KVNONOTFOUND, SEC_E_NO_KERB_KEY, HINT_KEYS)                     \
	E(KRB5KRB_AP_ERR_BADKEYVER, SEC_E_NO_KERB_KEY, HINT_KEYS)                 \
	E(KRB5KRB_AP_ERR_BAD_INTEGRITY, SEC_E_NO_KERB_KEY, HINT_KEYS)             \
	/* the ticket of the peer */                                              \
	E(KRB5KRB_AP_ERR_SKEW, SEC_E_TIME_SKEW, HINT_CLOCK)                       \
	E(KRB5KRB_AP_ERR_TKT_NYV, SEC_E_TIME_SKEW, HINT_CLOCK)                    \
	E(KRB5KRB_AP_ERR_TKT_EXPIRED, SEC_E_CONTEXT_EXPIRED,                      \
	    "get a new one; if it is new, set the clocks of both hosts and the KDC") \
	E(KRB5KRB_AP_ERR_MODIFIED, SEC_E_MESSAGE_ALTERED, HINT_TOKEN)             \
	E(KRB5KRB_AP_ERR_MUT_FAIL, SEC_E_MESSAGE_ALTERED,                         \
	    "the peer does not prove its name: do not trust this network")        \
	E(KRB5KRB_AP_ERR_MSG_TYPE, SEC_E_INVALID_TOKEN, HINT_TOKEN)               \
	E(KRB5KRB_AP_ERR_BADVERSION, SEC_E_INVALID_TOKEN, HINT_TOKEN)             \
	E(ENOMEM, SEC_E_INSUFFICIENT_MEMORY, "free memory on this host")

static const struct cause {
	krb5_error_code code;
	uint32_t gss_status;
	const char *hint;
} causes[] = {
#define E(code, status, hint) { code, status, hint },
	KRB_ERRORS(E)
#undef E
};

static const struct cause *
find_cause(krb5_error_code code)
{
	static const struct cause other = { 0, SEC_E_LOGON_DENIED, HINT_POLICY };

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].code == code)
			return &causes[i];
	return &other;
}

/* Names and reasons are cut so that what to change is never cut. */
static void
fail_with(struct engine_auth_reply *out, const struct cause *c, const char *what,
    const char *name, const char *why)
{
	char head[96], line[160];
	int room;

	snprintf(head, sizeof(head), "%.32s%s%.48s", what, name[0] != '\0' ? " " : "",
	    name);
	room = (int)(sizeof(out->text) - sizeof(": ; ") - strlen(head) - strlen(c->hint));
	snprintf(line, sizeof(line), "%s", why);
	line[strcspn(line, "\r\n")] = '\0';
	auth_fail(out, c->gss_status, "%s: %.*s; %s", head, room, line, c->hint);
}

void
krb_fail(struct engine_auth_reply *out, krb5_context ctx, krb5_error_code code,
    const char *what, const char *name)
{
	const char *why = krb5_get_error_message(ctx, code);

	fail_with(out, find_cause(code), what, name, why);
	krb5_free_error_message(ctx, why);
}

void
krb_fail_gss(struct engine_auth_reply *out, OM_uint32 major, OM_uint32 minor,
    const char *what, const char *name)
{
	static const struct cause defective = { 0, SEC_E_INVALID_TOKEN, HINT_TOKEN };
	const struct cause *c = find_cause((krb5_error_code)minor);
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 ignored, more = 0;
	char why[160] = "";
	bool by_minor = minor != 0;

	if (c->code == 0 && (GSS_ROUTINE_ERROR(major) == GSS_S_DEFECTIVE_TOKEN ||
				GSS_ROUTINE_ERROR(major) == GSS_S_BAD_MECH))
		c = &defective;
	if (gss_display_status(&ignored, by_minor ? minor : major,
		by_minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, gss_mech_krb5, &more,
		&text) == GSS_S_COMPLETE)
		snprintf(why, sizeof(why), "%.*s", (int)text.length, (char *)text.value);
	gss_release_buffer(&ignored, &text);
	fail_with(out, c, what, name, why);
}
