/*
 * Whose packets wait for negotiations. Any program may send to as many addresses as it likes:
 * one user must not take what all negotiations of this host share.
 */
#include "config.h"

#include <stdio.h>

#include "daemon/log.h"
#include "daemon/negotiator.h"

#define UNASKED 256 /* while so few wait, nobody asks for whom */

/* Peers that begin have the other half of the main modes, whatever users there are. */
static bool
has_too_many(const struct negotiator *n, uint32_t uid)
{
	return uid != 0 && (n->n_plane_waiters >= n->config->limits.mm_sa_total / 2 ||
			       user_load_of(&n->loads, uid) >=
				   n->config->limits.negotiations_per_user);
}

static void
refuse(struct negotiator *n, uint32_t uid)
{
	char who[32] = "sockets that are closed";

	if (uid != USER_NOBODY)
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
		w->uid = user_load_owner(&w->flow);
		if (has_too_many(n, w->uid)) {
			refuse(n, w->uid);
			return false;
		}
		if (!user_load_add(&n->loads, w->uid, 1))
			return false;
	}
	n->n_plane_waiters++;
	return true;
}

void
nego_user_end(struct negotiator *n, const struct waiter *w)
{
	if (n->n_plane_waiters > 0)
		n->n_plane_waiters--;
	if (w->is_counted)
		user_load_sub(&n->loads, w->uid, 1);
}

void
nego_user_free(struct negotiator *n)
{
	user_load_free(&n->loads);
}
