/*
 * Kerberos authentication (AuthIP method 2): the keytab of this host, and dialogues of
 * raw RFC 4121 tokens without SPNEGO (spec authip.md 2.15, A84). The keytab is read
 * once, while files may be opened, and kept in memory.
 */
#ifndef AUTHIPD_DAEMON_AUTH_KRB_H
#define AUTHIPD_DAEMON_AUTH_KRB_H

#include "config/config.h"
#include "daemon/auth_dialogue.h"

struct auth_krb;
struct krb_ticket;

/* NULL: err says why. c has to name a keytab. */
struct auth_krb *auth_krb_new(const struct config *c, char *err, size_t cap);
void auth_krb_free(struct auth_krb *k);
/* Who we are when we begin: NAME@REALM. */
const char *auth_krb_principal(const struct auth_krb *k);

/*
 * A ticket for the peer that calls itself gss_id (not authenticated, not trusted). Asks
 * the KDC, and waits for it: not for the event loop. May run on several threads.
 * user_cache: a file with the tickets of the user who asks; -1: this host asks. NULL:
 * *failure says why.
 */
struct krb_ticket *krb_ticket_fetch(struct auth_krb *k, const char *gss_id,
    int user_cache, struct engine_auth_reply *failure);
void krb_ticket_free(struct krb_ticket *t);

/*
 * ticket (taken, even on failure): we begin; NULL: the peer does. NULL: out of memory.
 * k must outlive it.
 */
struct auth_dialogue *krb_dialogue_new(struct auth_krb *k, struct krb_ticket *ticket);

/*
 * The same for main mode of IKEv1 (see struct action_auth): the initiator's gets its ticket
 * before its first step. hash: that of main mode.
 */
struct auth_dialogue *krb_v1_dialogue_new(
    struct auth_krb *k, bool initiator, enum hash_id hash);
/* ticket is taken, also on failure: no memory, or not such a dialogue. */
bool krb_v1_take_ticket(struct auth_dialogue *d, struct krb_ticket *ticket);

#endif
