/* What an earlier daemon has left in the kernel. */
#include <linux/xfrm.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/xfrm_state.h"

struct leftovers {
	const struct config *config;
	struct xfrm *x; /* NULL: nothing is in use */
	struct xfrm_netlink *nl;
	struct xfrm_event *found;
	size_t n;
};

static bool
is_our_reqid(uint32_t reqid)
{
	return xfrm_reqid_class(reqid) != 0;
}

static void
note(struct leftovers *l, const struct xfrm_event *e)
{
	struct xfrm_event *more = realloc(l->found, (l->n + 1) * sizeof(*more));

	if (more == NULL)
		return;
	l->found = more;
	l->found[l->n++] = *e;
}

static void
on_state(void *ctx, const struct xfrm_event *e)
{
	if (e->type == XFRM_EVENT_SA && is_our_reqid(e->reqid))
		note(ctx, e);
}

static void
on_policy(void *ctx, const struct xfrm_event *e)
{
	struct leftovers *l = ctx;

	if (e->type == XFRM_EVENT_POLICY && xfrm_rule_is_ours(l->config, &e->rule) &&
	    (l->x == NULL || xfrm_policy_find(l->x, &e->rule) == NULL))
		note(l, e);
}

/* A larval state would keep the kernel from asking us for its pair of addresses. */
static void
leftover_remove(struct xfrm_netlink *nl, const struct xfrm_event *e)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];

	if (e->type == XFRM_EVENT_POLICY)
		(void)xfrm_netlink_talk(nl, xfrm_message_policy_delete(buf, &e->rule));
	else if (e->sa.spi == 0)
		xfrm_larval_end(nl, &e->sa, e->reqid, 0, e->mark);
	else
		(void)xfrm_netlink_talk(nl, xfrm_message_sa_delete(buf, &e->sa, e->mark));
}

static void
leftovers_remove(struct leftovers *l)
{
	for (size_t i = 0; i < l->n; i++)
		leftover_remove(l->nl, &l->found[i]);
	if (l->n > 0)
		log_info("xfrm",
		    "removed %zu SAs and policies that an earlier authipd left", l->n);
	free(l->found);
}

void
xfrm_leftovers_remove(const struct config *c, struct xfrm *in_use)
{
	struct leftovers l = { .config = c, .x = in_use, .nl = xfrm_netlink_open() };

	if (l.nl == NULL)
		return;
	/* Deleting while a dump runs would skip some. */
	(void)xfrm_netlink_dump(XFRM_MSG_GETSA, on_state, &l);
	(void)xfrm_netlink_dump(XFRM_MSG_GETPOLICY, on_policy, &l);
	leftovers_remove(&l);
	xfrm_netlink_close(l.nl);
}
