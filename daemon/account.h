/* Accounts of this host, for impersonation: keeper looks them up, as root. */
#ifndef AUTHIPD_DAEMON_ACCOUNT_H
#define AUTHIPD_DAEMON_ACCOUNT_H

#include <stdbool.h>

#include "config/identity.h"
#include "daemon/proto.h"

/*
 * Answers who the peer is on this host, for a service of user ask->uid: fills everything of
 * *reply but request. A refusal is logged with what to change.
 */
void account_answer(const struct config_identity *c,
    const struct proto_identity_ask *ask, struct proto_identity_reply *reply);

#endif
