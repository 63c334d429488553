/* Authentications with tickets of a user, while keeper looks for them. */
#ifndef AUTHIPD_DAEMON_AUTH_USER_H
#define AUTHIPD_DAEMON_AUTH_USER_H

#include <sys/queue.h>

#include "daemon/proto.h"
#include "daemon/role.h"
#include "ike/engine.h"

struct auth_user_ask;
LIST_HEAD(auth_users, auth_user_ask);

/* Asks keeper for the cache of ask->uid. False: out of memory, or keeper is gone. */
bool auth_user_begin(
    struct auth_users *u, struct ipc *keeper, const struct proto_auth_ask *ask);
/* Whose question keeper's answer is about; false: nobody's any more. */
bool auth_user_take(struct auth_users *u, uint64_t handle, struct proto_auth_ask *ask);
void auth_user_forget(struct auth_users *u, uint64_t handle);
void auth_user_forget_all(struct auth_users *u);
/* Why there is no cache, and what to change. */
void auth_user_fail(
    struct engine_auth_reply *out, const char *pattern, uint32_t uid, uint32_t error);

#endif
