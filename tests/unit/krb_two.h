/* Two hosts with keytabs of the realm, and a Kerberos dialogue between them. */
#ifndef AUTHIPD_TESTS_KRB_TWO_H
#define AUTHIPD_TESTS_KRB_TWO_H

#include "tests/unit/check_auth_krb.h"

/* The initiator a and the responder b, and what their dialogues said last. */
extern struct krb_two {
	struct config ca, cb;
	struct auth_krb *ka, *kb;
	struct auth_dialogue *a, *b;
	struct engine_auth_reply ra, rb;
} two;

void two_begin(const char *keytab_a, const char *keytab_b);
/* Our first token; false: two.ra says why there is none. */
bool two_start(const char *gss_id);
/* True: that side is done. */
bool two_answer(void);
bool two_finish(void);
void two_end(void);
/* That it failed so, and says nothing else. */
void two_expect(const struct engine_auth_reply *r, uint32_t status, const char *text,
    const char *hint);

#endif
