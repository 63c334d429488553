/*
 * The peers of a class. One that is asked for has a policy of its own: should the kernel hold
 * packets, then not in one queue with those to other peers. Where clear text waits for a
 * negotiation first (without discovery), this is also the memory of who does not answer: such
 * a peer is sent clear text at once from then on, until there is an SA. It is asked again
 * meanwhile, but nothing waits for that.
 */
#include "daemon/xfrm_state.h"

static const uint8_t protocols[] = { 6, 17 };

/* One policy for all traffic to the peer; of a rule one for each protocol that it selects. */
static bool
has_one_for(const struct xfrm_class *c, uint8_t protocol)
{
	if (!c->is_rule)
		return protocol == protocols[0];
	return c->rule.protocol == 0 || c->rule.protocol == protocol;
}

static struct xfrm_rule
remote_rule(const struct xfrm *x, uint32_t class_id, const struct address *remote,
    uint8_t protocol)
{
	struct xfrm_rule any = xfrm_rule_remote(x, class_id, remote), r;

	if (!x->class[class_id].is_rule)
		return any;
	r = xfrm_rules_out(x, class_id, remote->family, protocol);
	r.priority = any.priority;
	r.selector.remote.addr = any.selector.remote.addr;
	r.remote_prefix = any.remote_prefix;
	return r;
}

/* Nothing else of a peer has an end. */
static bool
is_clear(const struct xfrm_entry *e)
{
	return e != NULL && e->until_ms != UINT64_MAX;
}

void
xfrm_remote_asked(struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	struct xfrm_rule r = xfrm_rule_remote(x, class_id, remote);

	if (!x->class[class_id].is_rule && !is_clear(xfrm_policy_find(x, &r)))
		(void)xfrm_policy_set(x, class_id, &r, UINT64_MAX);
}

void
xfrm_remote_secured(struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	const struct xfrm_class *c = &x->class[class_id];

	for (size_t i = 0; i < sizeof(protocols); i++) {
		struct xfrm_rule r = remote_rule(x, class_id, remote, protocols[i]);

		if (!has_one_for(c, protocols[i]))
			continue;
		if (!c->is_rule)
			(void)xfrm_policy_set(x, class_id, &r, UINT64_MAX);
		else if (is_clear(xfrm_policy_find(x, &r)))
			xfrm_policy_unset(x, &r);
	}
}

void
xfrm_remote_idle(struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	struct xfrm_rule r = xfrm_rule_remote(x, class_id, remote);

	if (!x->class[class_id].is_rule && !is_clear(xfrm_policy_find(x, &r)))
		xfrm_policy_unset(x, &r);
}

void
xfrm_remote_clear(struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	for (size_t i = 0; i < sizeof(protocols); i++) {
		struct xfrm_rule r = remote_rule(x, class_id, remote, protocols[i]);

		r.level = XFRM_LEVEL_OPTIONAL;
		if (has_one_for(&x->class[class_id], protocols[i]) &&
		    (xfrm_policy_find(x, &r) != NULL || xfrm_policy_has_room(x)))
			(void)xfrm_policy_set(x, class_id, &r, x->now_ms + XFRM_CLEAR_MS);
	}
}

bool
xfrm_remote_is_clear(struct xfrm *x, uint32_t class_id, const struct flow *flow)
{
	struct xfrm_rule r = remote_rule(x, class_id, &flow->remote.addr, flow->protocol);

	return is_clear(xfrm_policy_find(x, &r));
}
