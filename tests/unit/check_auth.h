/* What the tests of the auth role share. */
#ifndef AUTHIPD_TESTS_CHECK_AUTH_H
#define AUTHIPD_TESTS_CHECK_AUTH_H

#include <check.h>

#include "daemon/auth_status.h"
#include "daemon/auth_tls.h"

/* A host: its configuration and what was read from it. */
struct side {
	struct config c;
	struct auth_tls *tls;
};

/*
 * The files that all tests use, made once: roots "ca1" and "ca2" (and "both"), and the
 * certificates NAME.pem with NAME.key: see pki_begin().
 */
void pki_begin(void);
void pki_end(void);

/* A side that trusts `trust` and shows `cert` (NULL: none). Not read yet. */
void side_init(struct side *s, const char *trust, const char *cert);
void side_add_cert(struct side *s, const char *cert);
void side_add_crl(struct side *s, const char *crl);
/* Reads it; fails the test if that is impossible. */
void side_open(struct side *s);
/* The authorities in `ca` are named to clients; NULL: none. After side_open(). */
void side_name_authorities(struct side *s, const char *ca);
void side_close(struct side *s);

/* One conversation: [0] is the initiator, [1] the responder. */
struct talk {
	struct auth_dialogue *d[2];
	struct engine_auth_reply r[2];
	int flights; /* tokens passed on so far */
	/* Called for each token before it arrives; may change it in place. */
	void (*tamper)(struct talk *t, uint8_t *token, size_t *n);
	int tamper_flight;
	size_t tamper_at;
	size_t tamper_n; /* length of that flight, found out */
};

void talk_begin(struct talk *t, const struct side *initiator,
    const struct side *responder, uint32_t credential);
/* Feeds tokens until one side fails or both are done. True: both are done. */
bool talk_run(struct talk *t);
void talk_end(struct talk *t);
/* Checks that both have the same secret of n bytes. */
void talk_expect_secret(const struct talk *t, size_t n);
/* Checks that side i failed with this status, and that its text holds each of these. */
void talk_expect_failure(
    const struct talk *t, int i, uint32_t status, const char *text, const char *hint);

TCase *auth_choice_cases(void);
TCase *auth_hostile_cases(void);
TCase *auth_role_cases(void);
TCase *auth_rules_cases(void);
TCase *auth_secret_cases(void);
TCase *auth_v1_cases(void);
TCase *auth_v1_hostile_cases(void);
TCase *auth_v1_names_cases(void);
TCase *auth_v1_cert_cases(void);
TCase *auth_psk_cases(void);
/* A file of pki_begin(): "NAME.SUFFIX". */
const char *pki_path(const char *name, const char *suffix);

#endif
