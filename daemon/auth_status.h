/*
 * Why an authentication failed: the SEC_E_* status for the peer (spec authip.md A59)
 * and one line for the person who has to change something.
 */
#ifndef AUTHIPD_DAEMON_AUTH_STATUS_H
#define AUTHIPD_DAEMON_AUTH_STATUS_H

#include <openssl/x509.h>

#include "ike/engine.h"

/* MS-ERREF 2.1.1 */
#define SEC_E_INSUFFICIENT_MEMORY 0x80090300u
#define SEC_E_UNSUPPORTED_FUNCTION 0x80090302u
#define SEC_E_TARGET_UNKNOWN 0x80090303u
#define SEC_E_INTERNAL_ERROR 0x80090304u
#define SEC_E_INVALID_TOKEN 0x80090308u
#define SEC_E_LOGON_DENIED 0x8009030Cu
#define SEC_E_NO_CREDENTIALS 0x8009030Eu
#define SEC_E_MESSAGE_ALTERED 0x8009030Fu
#define SEC_E_NO_AUTHENTICATING_AUTHORITY 0x80090311u
#define SEC_E_CONTEXT_EXPIRED 0x80090317u
#define SEC_E_INCOMPLETE_MESSAGE 0x80090318u
#define SEC_E_WRONG_PRINCIPAL 0x80090322u
#define SEC_E_TIME_SKEW 0x80090324u
#define SEC_E_UNTRUSTED_ROOT 0x80090325u
#define SEC_E_ILLEGAL_MESSAGE 0x80090326u
#define SEC_E_CERT_UNKNOWN 0x80090327u
#define SEC_E_CERT_EXPIRED 0x80090328u
#define SEC_E_ALGORITHM_MISMATCH 0x80090331u
#define SEC_E_NO_KERB_KEY 0x80090348u
#define SEC_E_CERT_WRONG_USAGE 0x80090349u
#define CRYPT_E_REVOKED 0x80092010u
#define CRYPT_E_NO_REVOCATION_CHECK 0x80092012u
#define CRYPT_E_REVOCATION_OFFLINE 0x80092013u

/* Which rule of the configuration a certificate of the peer broke. */
enum auth_rule { RULE_NONE, RULE_PEER_NAMES, RULE_EKU, RULE_TARGET_NAME };

/* A certificate of the peer that did not verify, or that breaks a rule. */
struct auth_bad_cert {
	int error;	/* X509_V_ERR_*, X509_V_OK: none */
	int depth;	/* 0: the peer's own */
	char peer[256]; /* subject of the peer's own */
	char subject[256];
	char issuer[256];
	enum auth_rule rule; /* error is X509_V_ERR_APPLICATION_VERIFICATION */
	char found[80];	     /* what the rule looked at, and what it wants */
	char wanted[72];
};

/* Which certificate could help after a failure. */
enum auth_blame { BLAME_NOBODY, BLAME_OUR_CERT, BLAME_PEER_CERT };

/* Sets status, gss_status and text; token and secret are cleared. */
void auth_fail(struct engine_auth_reply *out, uint32_t gss_status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Same for a certificate that did not verify. */
void auth_fail_cert(struct engine_auth_reply *out, const struct auth_bad_cert *bad);
/* Same for a peer that is good, but not the one that was named. */
void auth_fail_target(struct engine_auth_reply *out, const char *found, const char *wanted);
/* Same from the error queue of the library (emptied), alerts of the peer included. */
enum auth_blame auth_fail_library(struct engine_auth_reply *out);

/* Subject of a certificate in RFC 2253 form; its first DNS name if that is empty. */
void auth_subject_text(X509 *cert, char *out, size_t cap);
/* A distinguished name in that form. */
void auth_name_text(const X509_NAME *name, char *out, size_t cap);
void auth_issuer_text(X509 *cert, char *out, size_t cap);
/* Copies what fits; "..." shows a cut, '?' what is not printable ASCII. */
void auth_copy_printable(char *out, size_t cap, const char *p, size_t n);
/* The whole subject in RFC 2253 form, to be freed; NULL: out of memory. */
char *auth_subject_whole(X509 *cert);

#endif
