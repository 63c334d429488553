/*
 * A peer with a boundary policy behind a NAT: there is an SA, and what was not secured yet
 * stays in clear all the same, as MS-IKEE 3.7.4.1 has it. The kernel sends by the SA whatever
 * fits: a policy lets it out meanwhile. What comes from the peer protected secures the traffic.
 */
#include <string.h>

#include "daemon/xfrm_state.h"

static struct xfrm_rule
clear_rule(const struct xfrm *x, const struct xfrm_pair *p)
{
	return xfrm_rule_flow(
	    x, p->sa.class_id, &p->sa.selector, XFRM_LEVEL_ALLOW, p->sa.protocol);
}

void
xfrm_boundary_begin(struct xfrm *x, struct xfrm_pair *p)
{
	const struct action_sa_add *a = &p->sa;
	struct xfrm_rule r = clear_rule(x, p);

	p->stays_clear = a->nat.local.port != 0 && a->peer_boundary &&
			 xfrm_class_level(x, a->class_id) == XFRM_LEVEL_OPTIONAL &&
			 !xfrm_clear_never(x, a->class_id, &a->selector) &&
			 xfrm_policy_set(x, a->class_id, &r, UINT64_MAX);
}

void
xfrm_boundary_tell(struct xfrm *x, const struct xfrm_pair *p)
{
	struct proto_flow_clear c;

	memset(&c, 0, sizeof(c));
	c.class_id = p->sa.class_id;
	c.why = CLEAR_PEER_NAT;
	c.flow = p->sa.selector;
	(void)ipc_send(x->negotiator, PROTO_FLOW_CLEAR, &c, sizeof(c), -1);
}

void
xfrm_boundary_tick(struct xfrm *x, struct xfrm_pair *p)
{
	if (!p->stays_clear || p->packets[1] == 0)
		return;
	p->stays_clear = false;
	xfrm_clear_secured(x, p);
}

bool
xfrm_boundary_is_clear(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	const struct xfrm_pair *p;

	if (xfrm_clear_never(x, class_id, selector))
		return false; /* another pair has secured it */
	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&selector->remote.addr)], by_peer)
		if (p->stays_clear && p->sa.class_id == class_id &&
		    flow_equal(&p->sa.selector, selector))
			return true;
	return false;
}

void
xfrm_boundary_end(struct xfrm *x, struct xfrm_pair *p)
{
	struct xfrm_rule r = clear_rule(x, p);

	if (!p->stays_clear)
		return;
	p->stays_clear = false;
	if (!xfrm_boundary_is_clear(x, p->sa.class_id, &p->sa.selector) &&
	    !xfrm_clear_never(x, p->sa.class_id, &p->sa.selector))
		xfrm_policy_unset(x, &r);
}
