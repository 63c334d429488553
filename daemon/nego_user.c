/*
 * Whose packets wait for negotiations. Any program may send to as many addresses as it likes:
 * one user must not take what all negotiations of this host share.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/sockdiag.h"

#define UNASKED 256		    /* while so few wait, nobody asks for whom */
#define NOBODY (UINT32_MAX - 1) /* the socket is gone already */

struct user_load {
	LIST_ENTRY(user_load) next;
	uint32_t uid;
	uint32_t n;
};

static struct user_load *
load_find(const struct negotiator *n, uint32_t uid)
{
	struct user_load *l;

	LIST_FOREACH (l, &n->loads, next)
		if (l->uid == uid)
			break;
	return l;
}

static bool
load_add(struct negotiator *n, uint32_t uid)
{
	struct user_load *l = load_find(n, uid);

	if (l == NULL) {
		if ((l = calloc(1, sizeof(*l))) == NULL)
			return false;
		l->uid = uid;
		LIST_INSERT_HEAD(&n->loads, l, next);
	}
	l->n++;
	return true;
}

/* Peers that begin have the other half of the main modes, whatever users there are. */
static bool
has_too_many(const struct negotiator *n, uint32_t uid)
{
	const struct user_load *l = load_find(n, uid);

	return uid != 0 && (n->n_plane_waiters >= n->config->limits.mm_sa_total / 2 ||
			       (l != NULL &&
				   l->n >= n->config->limits.negotiations_per_user));
}

static void
refuse(struct negotiator *n, uint32_t uid)
{
	char who[32] = "sockets that are closed";

	if (uid != NOBODY)
		snprintf(who, sizeof(who), "user %u", uid);
	if (nego_may_log(&n->users_waiting, uid))
		log_warn("acquire",
		    "packets of %s wait for too many negotiations: refused another; if that "
		    "is meant, raise negotiations_per_user or main_modes_total",
		    who);
}

bool
nego_user_begin(struct negotiator *n, struct waiter *w)
{
	w->is_counted = n->n_plane_waiters >= UNASKED;
	if (w->is_counted) {
		if (!sockdiag_owner(&w->flow, &w->uid))
			w->uid = NOBODY;
		if (has_too_many(n, w->uid)) {
			refuse(n, w->uid);
			return false;
		}
		if (!load_add(n, w->uid))
			return false;
	}
	n->n_plane_waiters++;
	return true;
}

void
nego_user_end(struct negotiator *n, const struct waiter *w)
{
	struct user_load *l = w->is_counted ? load_find(n, w->uid) : NULL;

	if (n->n_plane_waiters > 0)
		n->n_plane_waiters--;
	if (l == NULL || --l->n > 0)
		return;
	LIST_REMOVE(l, next);
	free(l);
}

void
nego_user_free(struct negotiator *n)
{
	struct user_load *l;

	while ((l = LIST_FIRST(&n->loads)) != NULL) {
		LIST_REMOVE(l, next);
		free(l);
	}
}
