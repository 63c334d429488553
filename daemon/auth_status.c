/* From X.509 and TLS errors to a status for the peer and a line for a person. */
#include "daemon/auth_status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define HINT_TRUST \
	"add that CA to `trust` or give the peer a certificate of a trusted CA"
#define HINT_RENEW "renew that certificate, or correct the clock of this host"
#define HINT_STRONG "give the peer a certificate with RSA-2048 or P-256 and SHA-256"
#define HINT_ISSUE "give the peer another certificate"
#define HINT_CRL "put a new CRL of that issuer into `crl` and reload"

/* V(X509_V_ERR_ number, status, what to change) */
#define VERIFY_ERRORS(V)                                                            \
	V(UNABLE_TO_GET_ISSUER_CERT, SEC_E_UNTRUSTED_ROOT, HINT_TRUST)              \
	V(UNABLE_TO_GET_ISSUER_CERT_LOCALLY, SEC_E_UNTRUSTED_ROOT, HINT_TRUST)      \
	V(UNABLE_TO_VERIFY_LEAF_SIGNATURE, SEC_E_UNTRUSTED_ROOT, HINT_TRUST)        \
	V(SELF_SIGNED_CERT_IN_CHAIN, SEC_E_UNTRUSTED_ROOT, HINT_TRUST)              \
	V(DEPTH_ZERO_SELF_SIGNED_CERT, SEC_E_UNTRUSTED_ROOT,                        \
	    "add that certificate to `trust` or give the peer one of a trusted CA") \
	V(CERT_UNTRUSTED, SEC_E_UNTRUSTED_ROOT, HINT_TRUST)                         \
	V(CERT_HAS_EXPIRED, SEC_E_CERT_EXPIRED, HINT_RENEW)                         \
	V(CERT_NOT_YET_VALID, SEC_E_CERT_EXPIRED, HINT_RENEW)                       \
	V(INVALID_PURPOSE, SEC_E_CERT_WRONG_USAGE,                                  \
	    "the extended key usage must hold serverAuth and clientAuth")           \
	V(INVALID_CA, SEC_E_CERT_UNKNOWN, "its issuer is not a CA certificate")     \
	V(CERT_REVOKED, CRYPT_E_REVOKED, HINT_ISSUE)                                \
	V(UNABLE_TO_GET_CRL, CRYPT_E_NO_REVOCATION_CHECK,                           \
	    "add a CRL of that issuer to `crl`, or remove `crl_strict`")            \
	V(CRL_HAS_EXPIRED, CRYPT_E_REVOCATION_OFFLINE, HINT_CRL)                    \
	V(CRL_NOT_YET_VALID, CRYPT_E_REVOCATION_OFFLINE, HINT_CRL)                  \
	V(CRL_SIGNATURE_FAILURE, CRYPT_E_REVOCATION_OFFLINE, HINT_CRL)              \
	V(UNABLE_TO_GET_CRL_ISSUER, CRYPT_E_REVOCATION_OFFLINE, HINT_CRL)           \
	V(KEYUSAGE_NO_CRL_SIGN, CRYPT_E_REVOCATION_OFFLINE,                         \
	    "that issuer must be allowed to sign CRLs (key usage cRLSign)")         \
	V(EE_KEY_TOO_SMALL, SEC_E_ALGORITHM_MISMATCH, HINT_STRONG)                  \
	V(CA_KEY_TOO_SMALL, SEC_E_ALGORITHM_MISMATCH, HINT_STRONG)                  \
	V(CA_MD_TOO_WEAK, SEC_E_ALGORITHM_MISMATCH, HINT_STRONG)                    \
	V(OUT_OF_MEM, SEC_E_INSUFFICIENT_MEMORY, "free memory on this host")

#define HINT_VERSION "let the peer use TLS 1.2"
#define HINT_SUITE                                                                  \
	"let the peer use ECDHE with AES and a certificate type (RSA, ECDSA) that " \
	"both have"
#define HINT_PEER_CERT \
	"give the peer a certificate, or set `tls_client_cert = optional` without " \
	"`peer_names` and `eku`"
#define HINT_TLS "the peer's TLS is not understood, or the token was changed"
#define HINT_NOT_TLS "the peer does not speak TLS here: compare the lists of methods"

/* L(SSL_R_ reason, status, whose other certificate may help, what to change) */
#define LIBRARY_ERRORS(L)                                                        \
	L(UNSUPPORTED_PROTOCOL, SEC_E_ALGORITHM_MISMATCH, NOBODY, HINT_VERSION)  \
	L(WRONG_SSL_VERSION, SEC_E_ALGORITHM_MISMATCH, NOBODY, HINT_VERSION)     \
	L(VERSION_TOO_LOW, SEC_E_ALGORITHM_MISMATCH, NOBODY, HINT_VERSION)       \
	L(VERSION_TOO_HIGH, SEC_E_ALGORITHM_MISMATCH, NOBODY, HINT_VERSION)      \
	L(NO_SHARED_CIPHER, SEC_E_ALGORITHM_MISMATCH, OUR_CERT, HINT_SUITE)      \
	L(NO_SHARED_GROUPS, SEC_E_ALGORITHM_MISMATCH, OUR_CERT, HINT_SUITE)      \
	L(NO_SHARED_SIGNATURE_ALGORITHMS, SEC_E_ALGORITHM_MISMATCH, OUR_CERT,    \
	    HINT_SUITE)                                                          \
	L(NO_SUITABLE_SIGNATURE_ALGORITHM, SEC_E_ALGORITHM_MISMATCH, OUR_CERT,   \
	    HINT_SUITE)                                                          \
	L(UNKNOWN_CIPHER_RETURNED, SEC_E_ALGORITHM_MISMATCH, NOBODY, HINT_SUITE) \
	L(WRONG_CIPHER_RETURNED, SEC_E_ALGORITHM_MISMATCH, NOBODY, HINT_SUITE)   \
	L(WRONG_CURVE, SEC_E_ALGORITHM_MISMATCH, PEER_CERT, HINT_STRONG)         \
	L(BAD_ECC_CERT, SEC_E_ALGORITHM_MISMATCH, PEER_CERT, HINT_STRONG)        \
	L(PEER_DID_NOT_RETURN_A_CERTIFICATE, SEC_E_NO_CREDENTIALS, PEER_CERT,    \
	    HINT_PEER_CERT)                                                      \
	L(WRONG_VERSION_NUMBER, SEC_E_INVALID_TOKEN, NOBODY, HINT_NOT_TLS)       \
	L(HTTP_REQUEST, SEC_E_INVALID_TOKEN, NOBODY, HINT_NOT_TLS)               \
	L(DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SEC_E_MESSAGE_ALTERED, NOBODY,    \
	    HINT_TLS)                                                            \
	L(DIGEST_CHECK_FAILED, SEC_E_MESSAGE_ALTERED, NOBODY, HINT_TLS)          \
	L(BAD_SIGNATURE, SEC_E_MESSAGE_ALTERED, NOBODY, HINT_TLS)

#define HINT_THEIR_TRUST "have the peer trust the CA of our certificate; see its log"
#define HINT_THEIR_LOG "see the log of the peer"
#define HINT_OUR_RENEW "renew our certificate, or correct the clock of the peer"

/* A(SSL_AD_ alert that the peer sent, status, whose, what to change) */
#define PEER_ALERTS(A)                                                             \
	A(UNKNOWN_CA, SEC_E_UNTRUSTED_ROOT, OUR_CERT, HINT_THEIR_TRUST)            \
	A(BAD_CERTIFICATE, SEC_E_CERT_UNKNOWN, OUR_CERT, HINT_THEIR_TRUST)         \
	A(UNSUPPORTED_CERTIFICATE, SEC_E_CERT_UNKNOWN, OUR_CERT, HINT_THEIR_TRUST) \
	A(CERTIFICATE_UNKNOWN, SEC_E_CERT_UNKNOWN, OUR_CERT, HINT_THEIR_TRUST)     \
	A(ACCESS_DENIED, SEC_E_CERT_UNKNOWN, OUR_CERT, HINT_THEIR_TRUST)           \
	A(CERTIFICATE_REVOKED, CRYPT_E_REVOKED, OUR_CERT, "get a new certificate") \
	A(CERTIFICATE_EXPIRED, SEC_E_CERT_EXPIRED, OUR_CERT, HINT_OUR_RENEW)       \
	A(HANDSHAKE_FAILURE, SEC_E_ALGORITHM_MISMATCH, OUR_CERT, HINT_SUITE)       \
	A(INSUFFICIENT_SECURITY, SEC_E_ALGORITHM_MISMATCH, OUR_CERT, HINT_SUITE)   \
	A(PROTOCOL_VERSION, SEC_E_ALGORITHM_MISMATCH, NOBODY, HINT_VERSION)

struct cause {
	int number;
	uint32_t gss_status;
	enum auth_blame blame;
	const char *hint;
};

#define CAUSE_VERIFY(id, status, hint) \
	{ X509_V_ERR_##id, status, BLAME_PEER_CERT, hint },
#define CAUSE_LIBRARY(id, status, blame, hint) \
	{ SSL_R_##id, status, BLAME_##blame, hint },
#define CAUSE_ALERT(id, status, blame, hint) \
	{ SSL_AD_##id, status, BLAME_##blame, hint },
#define CAUSE_OTHER(status, blame, hint) { -1, status, BLAME_##blame, hint },
/* Each table ends with what holds for every other number. */
static const struct cause verify_causes[] = { VERIFY_ERRORS(CAUSE_VERIFY)
	    CAUSE_OTHER(SEC_E_CERT_UNKNOWN, PEER_CERT, HINT_ISSUE) };
static const struct cause library_causes[] = { LIBRARY_ERRORS(CAUSE_LIBRARY)
	    CAUSE_OTHER(SEC_E_ILLEGAL_MESSAGE, NOBODY, HINT_TLS) };
static const struct cause alert_causes[] = { PEER_ALERTS(CAUSE_ALERT)
	    CAUSE_OTHER(SEC_E_ILLEGAL_MESSAGE, NOBODY, HINT_THEIR_LOG) };

static const struct cause *
find_cause(const struct cause *c, int number)
{
	while (c->number != number && c->number != -1)
		c++;
	return c;
}

void
auth_fail(struct engine_auth_reply *out, uint32_t gss_status, const char *fmt, ...)
{
	va_list ap;

	secret_wipe(&out->secret);
	out->status = AUTH_FAILED;
	out->token = SPAN_NONE;
	out->peer_name[0] = '\0';
	out->gss_status = gss_status;
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
}

void
auth_fail_target(struct engine_auth_reply *out, const char *found, const char *wanted)
{
	auth_fail(out, SEC_E_WRONG_PRINCIPAL,
	    "the peer is %.79s, and the target name that the program set is %.71s: correct "
	    "that name, or find out who answers instead",
	    found, wanted);
	out->wrong_target = true;
}

static void
fail_rule(struct engine_auth_reply *out, const struct auth_bad_cert *bad)
{
	if (bad->rule == RULE_TARGET_NAME)
		auth_fail_target(out, bad->found, bad->wanted);
	else if (bad->rule == RULE_PEER_NAMES)
		auth_fail(out, SEC_E_WRONG_PRINCIPAL,
		    "certificate of %.79s matches none of `peer_names` (%.71s); correct "
		    "that list or give the peer another certificate",
		    bad->found, bad->wanted);
	else
		auth_fail(out, SEC_E_CERT_WRONG_USAGE,
		    "certificate %.40s: extended key usage (%.60s) has none of `eku` "
		    "(%.60s); " HINT_ISSUE,
		    bad->peer, bad->found, bad->wanted);
}

/* Names are cut so that what to change is never cut. */
void
auth_fail_cert(struct engine_auth_reply *out, const struct auth_bad_cert *bad)
{
	const struct cause *c = find_cause(verify_causes, bad->error);
	const char *why = X509_verify_cert_error_string(bad->error);

	if (bad->rule != RULE_NONE)
		fail_rule(out, bad);
	else if (bad->depth == 0)
		auth_fail(out, c->gss_status,
		    "certificate %.48s issued by %.48s: %.60s; %.80s", bad->subject,
		    bad->issuer, why, c->hint);
	else
		auth_fail(out, c->gss_status,
		    "certificate %.30s: its CA %.26s issued by %.26s: %.50s; %.80s",
		    bad->peer, bad->subject, bad->issuer, why, c->hint);
}

/* The first error of libssl is the cause; what follows it are consequences. */
static unsigned long
pop_cause(void)
{
	unsigned long first = ERR_peek_error(), e;

	while ((e = ERR_get_error()) != 0)
		if (ERR_GET_LIB(e) == ERR_LIB_SSL)
			break;
	ERR_clear_error();
	return e != 0 ? e : first;
}

enum auth_blame
auth_fail_library(struct engine_auth_reply *out)
{
	unsigned long e = pop_cause();
	int reason = ERR_GET_REASON(e), alert = reason - SSL_AD_REASON_OFFSET;
	const char *why = ERR_reason_error_string(e);
	const struct cause *c;

	if (reason == ERR_R_MALLOC_FAILURE) {
		auth_fail(out, SEC_E_INSUFFICIENT_MEMORY, "TLS: out of memory");
		return BLAME_NOBODY;
	}
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && alert >= 0 && alert <= UINT8_MAX) {
		c = find_cause(alert_causes, alert);
		auth_fail(out, c->gss_status, "the peer refused: %s (TLS alert %d); %s",
		    SSL_alert_desc_string_long(alert), alert, c->hint);
		return c->blame;
	}
	c = find_cause(library_causes, ERR_GET_LIB(e) == ERR_LIB_SSL ? reason : -1);
	auth_fail(out, c->gss_status, "TLS: %.80s; %s",
	    why != NULL ? why : "handshake failed", c->hint);
	return c->blame;
}
