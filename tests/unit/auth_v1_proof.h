/* A main mode of IKEv1 whose initiator has signed, for what malice makes of that. */
#ifndef AUTHIPD_TESTS_AUTH_V1_PROOF_H
#define AUTHIPD_TESTS_AUTH_V1_PROOF_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tests/unit/auth_v1_talk.h"

extern struct v1_proof {
	struct side a, b;
	struct v1_end i, r;
	struct span hash; /* what the initiator has signed */
} proof;

/* Of the files of pki_begin(). */
X509 *pki_read_cert(const char *name);
EVP_PKEY *pki_read_key(const char *name);

/* The initiator has signed, and the responder waits. */
void proof_begin(const char *cert, enum auth_method method, enum hash_id id);
void proof_end(void);
/* Replaces all parts of a kind; data.p NULL: by nothing. */
void proof_replace(struct v1_token *t, enum auth_part_kind kind, struct span data);
/* The responder does not take it. */
void proof_refused(uint32_t status, const char *text);

#endif
