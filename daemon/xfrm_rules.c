/*
 * Connection-security rules of the configuration: policies that select traffic by its
 * addresses, protocol and ports, whatever its socket is. Their mark is that of traffic
 * without a class, so that secured sockets keep to their own. The first rule that selects
 * counts: the order is in the priorities.
 */
#include "daemon/log.h"
#include "daemon/xfrm_state.h"

#define FIRST_LOOK_MS 2000 /* a tick comes within that */

static const uint8_t families[] = { 4, 6 };
static const uint8_t protocols[] = { 6, 17 };

static bool
is_rule_itself(const struct xfrm_entry *e)
{
	return e->generation != 0 && e->rule.priority == e->base.priority;
}

bool
xfrm_rules_is_base(const struct xfrm *x, const struct xfrm_entry *e)
{
	return e->generation == x->generation && is_rule_itself(e);
}

/* A flow with a policy of its own for the very same traffic keeps that, until it ends. */
static bool
base_set(struct xfrm *x, uint32_t class_id, const struct xfrm_rule *r)
{
	struct xfrm_entry *e = xfrm_policy_find(x, r);

	if ((e == NULL || e->class_id != class_id || is_rule_itself(e)) &&
	    !xfrm_policy_set(x, class_id, r, UINT64_MAX))
		return false;
	if ((e = xfrm_policy_find(x, r)) == NULL)
		return false;
	e->base = *r;
	e->generation = x->generation;
	return true;
}

struct xfrm_rule
xfrm_rules_out(const struct xfrm *x, uint32_t class_id, uint8_t family, uint8_t protocol)
{
	const struct rule *rule = &x->class[class_id].rule;
	struct xfrm_rule r = xfrm_rule_new(x, class_id, family, XFRM_PRIORITY_CLASS,
	    xfrm_class_level_out(x, class_id));

	r.selector.protocol = protocol;
	r.selector.local = (struct endpoint){ rule->local.addr, rule->local_port };
	r.selector.remote = (struct endpoint){ rule->remote.addr, rule->remote_port };
	r.local_prefix = rule->local.bits;
	r.remote_prefix = rule->remote.bits;
	return r;
}

static bool
set_both(struct xfrm *x, uint32_t class_id, uint8_t family, uint8_t protocol)
{
	struct xfrm_rule out = xfrm_rules_out(x, class_id, family, protocol), in;

	if (rule_is_exempt(&x->class[class_id].rule))
		out.level = XFRM_LEVEL_ALLOW;
	in = out;
	in.inbound = true;
	if (in.level != XFRM_LEVEL_ALLOW)
		in.level = x->class[class_id].takes_clear ? XFRM_LEVEL_OPTIONAL :
							    XFRM_LEVEL_REQUIRED;
	return base_set(x, class_id, &out) && base_set(x, class_id, &in);
}

static bool
set_rule(struct xfrm *x, uint32_t class_id)
{
	const struct rule *r = &x->class[class_id].rule;
	bool ok = true;

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++) {
			if ((rule_family(r) != 0 && rule_family(r) != families[i]) ||
			    (r->protocol != 0 && r->protocol != protocols[k]) ||
			    (families[i] == 6 && !xfrm_has_ipv6()))
				continue;
			ok = set_both(x, class_id, families[i], protocols[k]) && ok;
		}
	return ok;
}

/* What goes to groups has no peer that could have an SA. What comes in is as any other. */
static bool
set_exempt(struct xfrm *x, uint32_t class_id)
{
	bool ok = true;

	for (int i = 0; i < 3; i++) {
		struct xfrm_rule r = xfrm_rule_exempt(x, class_id, i == 1 ? 6 : 4, i == 2);

		if (i != 1 || xfrm_has_ipv6())
			ok = base_set(x, class_id, &r) && ok;
	}
	return ok;
}

/*
 * IPv6 knows no device without IPsec, as IPv4 has it. From elsewhere nothing comes with this
 * address. (Others of this host: net_exempt.c.)
 */
static bool
set_loopback(struct xfrm *x, uint32_t class_id)
{
	struct xfrm_rule r = xfrm_rule_exempt(x, class_id, 6, false);
	bool ok = true;

	r.selector.remote.addr = (struct address){ 6, { [15] = 1 } };
	r.remote_prefix = 128;
	for (int inbound = 0; inbound < 2 && xfrm_has_ipv6(); inbound++) {
		r.inbound = inbound == 1;
		ok = base_set(x, class_id, &r) && ok;
	}
	return ok;
}

static void
remove_old(struct xfrm *x)
{
	struct xfrm_entry *e, *next;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		for (e = LIST_FIRST(&x->entry[i]); e != NULL; e = next) {
			bool was_rule = is_rule_itself(e);

			next = LIST_NEXT(e, link);
			if (e->generation == 0 || e->generation == x->generation)
				continue;
			e->generation = 0;
			if (was_rule)
				xfrm_policy_end(x, e);
		}
}

/*
 * Policies of flows have their places among the rules, as their rule has: where that comes later
 * now, they must not decide before another one; where it comes earlier, not after it.
 */
static void
move_flows(struct xfrm *x, bool up)
{
	const uint32_t first = XFRM_PRIORITY_FIRST + XFRM_PRIORITY_RULES;
	struct xfrm_entry *e;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link) {
			struct xfrm_rule r = e->rule;

			if (!x->class[e->class_id].is_rule || r.priority < first ||
			    is_rule_itself(e))
				continue;
			r.priority = xfrm_rule_priority(x, e->class_id,
			    (r.priority - first) % (XFRM_PRIORITY_CLASS + 1));
			if (up ? r.priority < e->rule.priority : r.priority > e->rule.priority)
				(void)xfrm_policy_set(x, e->class_id, &r, e->until_ms);
		}
}

bool
xfrm_rules_set(struct xfrm *x, const uint32_t *class_id, size_t n)
{
	bool ok = true;

	x->generation++;
	x->n_rules = n;
	for (size_t i = 0; i < n; i++) {
		x->rules[i] = class_id[i];
		x->class[class_id[i]].order = (uint32_t)i;
	}
	/* Nothing that was secured is clear in between. */
	move_flows(x, true);
	/* Of two for the very same traffic the kernel keeps the last one: the first rule. */
	for (size_t i = n; i-- > 0;)
		ok = set_rule(x, class_id[i]) && ok;
	if (n > 0)
		ok = set_exempt(x, class_id[0]) && set_loopback(x, class_id[0]) && ok;
	move_flows(x, false);
	remove_old(x);
	/* What is connected in clear already may be answered, whoever speaks next. */
	for (size_t i = 0; i < n; i++)
		xfrm_answer_begin(x, class_id[i], FIRST_LOOK_MS);
	xfrm_answer_begin(x, CLASS_INSECURE, FIRST_LOOK_MS);
	if (!ok)
		log_error("xfrm",
		    "not every rule of the configuration is in force: what "
		    "it protects may be clear");
	return ok;
}
