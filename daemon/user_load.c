/* How much each user has of something that all of them share. */
#include "config.h"

#include "daemon/user_load.h"

#include <stdlib.h>

#include "daemon/sockdiag.h"

static struct user_load *
load_find(const struct user_loads *l, uint32_t uid)
{
	struct user_load *u;

	LIST_FOREACH (u, l, next)
		if (u->uid == uid)
			break;
	return u;
}

uint32_t
user_load_owner(const struct flow *f)
{
	uint32_t uid;

	return sockdiag_owner(f, &uid) ? uid : USER_NOBODY;
}

size_t
user_load_of(const struct user_loads *l, uint32_t uid)
{
	const struct user_load *u = load_find(l, uid);

	return u != NULL ? u->n : 0;
}

bool
user_load_add(struct user_loads *l, uint32_t uid, size_t n)
{
	struct user_load *u = load_find(l, uid);

	if (n == 0)
		return true;
	if (u == NULL) {
		if ((u = calloc(1, sizeof(*u))) == NULL)
			return false;
		u->uid = uid;
		LIST_INSERT_HEAD(l, u, next);
	}
	u->n += n;
	return true;
}

void
user_load_sub(struct user_loads *l, uint32_t uid, size_t n)
{
	struct user_load *u = load_find(l, uid);

	if (u == NULL)
		return;
	u->n -= n < u->n ? n : u->n;
	if (u->n > 0)
		return;
	LIST_REMOVE(u, next);
	free(u);
}

void
user_load_free(struct user_loads *l)
{
	struct user_load *u;

	while ((u = LIST_FIRST(l)) != NULL) {
		LIST_REMOVE(u, next);
		free(u);
	}
}
