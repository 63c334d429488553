/* Accounts of this host, for impersonation: keeper looks them up, as root. */
#ifndef AUTHIPD_DAEMON_ACCOUNT_H
#define AUTHIPD_DAEMON_ACCOUNT_H

#include <stdbool.h>

#include "config/config.h"
#include "daemon/proto.h"

struct account_found {
	struct proto_identity_reply reply; /* without its request */
	char why[192];			   /* refused: what to change */
};

/* account_look() will ask for an account, perhaps of a directory that answers late. */
bool account_may_wait(
    const struct config_identity *c, const struct proto_identity_ask *ask);
/* Who the peer is on this host, for a service of user ask->uid. */
void account_look(const struct config_identity *c, const struct proto_identity_ask *ask,
    struct account_found *out);
/* It is nobody. why NULL: as out->why says. */
void account_refuse(struct account_found *out, const char *why);
/* Logs the answer. */
void account_tell(const struct proto_identity_ask *ask, const struct account_found *found);

/* The number of a group; CONFIG_NO_GROUP: there is none. It may wait for a directory. */
uint32_t account_group(const char *name);

#endif
