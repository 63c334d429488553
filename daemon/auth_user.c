/* What waits for keeper; see daemon/user_cache.c for what it does then. */
#include "daemon/auth_user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auth_status.h"
#include "daemon/auth_table.h"

struct auth_user_ask {
	LIST_ENTRY(auth_user_ask) link;
	struct proto_auth_ask ask;
};

static struct auth_user_ask *
find(struct auth_users *u, uint64_t handle)
{
	struct auth_user_ask *w;

	LIST_FOREACH (w, u, link)
		if (w->ask.handle == handle)
			break;
	return w;
}

static void
drop(struct auth_user_ask *w)
{
	LIST_REMOVE(w, link);
	free(w);
}

bool
auth_user_begin(
    struct auth_users *u, struct ipc *keeper, const struct proto_auth_ask *ask)
{
	struct proto_cache m;
	struct auth_user_ask *w;
	size_t n = 0;

	LIST_FOREACH (w, u, link)
		n++;
	if (n >= AUTH_TABLE_MAX || (w = malloc(sizeof(*w))) == NULL)
		return false;
	w->ask = *ask;
	memset(&m, 0, sizeof(m));
	m.handle = ask->handle;
	m.uid = ask->uid;
	if (ipc_send2(keeper, PROTO_CACHE_ASK, &m, sizeof(m), NULL, 0, -1) != 0) {
		free(w);
		return false;
	}
	LIST_INSERT_HEAD(u, w, link);
	return true;
}

bool
auth_user_take(struct auth_users *u, uint64_t handle, struct proto_auth_ask *ask)
{
	struct auth_user_ask *w = find(u, handle);

	if (w == NULL)
		return false;
	*ask = w->ask;
	drop(w);
	return true;
}

void
auth_user_forget(struct auth_users *u, uint64_t handle)
{
	struct auth_user_ask *w = find(u, handle);

	if (w != NULL)
		drop(w);
}

void
auth_user_forget_all(struct auth_users *u)
{
	while (!LIST_EMPTY(u))
		drop(LIST_FIRST(u));
}

void
auth_user_fail(
    struct engine_auth_reply *out, const char *pattern, uint32_t uid, uint32_t error)
{
	const char *advice = "let this user run kinit -c with that file; KCM and "
			     "KEYRING are not read";

	if (error == EPERM)
		advice = "it must be a plain file that only this user can write";
	auth_fail(out, SEC_E_NO_CREDENTIALS, "no tickets of user %u in %.80s: %s; %s",
	    uid, pattern, strerror((int)error), advice);
}
