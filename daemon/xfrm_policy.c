/* Our policies in the kernel: set, remembered, put back when somebody removes them. */
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/xfrm_state.h"

#define HALVES 2

/* ---- rules ---- */

/* What counts first among rules: their order, then that flows are part of their rule. */
uint32_t
xfrm_rule_priority(const struct xfrm *x, uint32_t class_id, enum xfrm_priority priority)
{
	const struct xfrm_class *c = &x->class[class_id];

	if (!c->is_rule || priority == XFRM_PRIORITY_EXEMPT)
		return XFRM_PRIORITY_FIRST + priority;
	return XFRM_PRIORITY_FIRST + XFRM_PRIORITY_RULES +
	       (XFRM_PRIORITY_CLASS + 1) * c->order + priority;
}

struct xfrm_rule
xfrm_rule_new(const struct xfrm *x, uint32_t class_id, uint8_t family,
    enum xfrm_priority priority, enum xfrm_level level)
{
	return (struct xfrm_rule){
		.family = family,
		.mark = xfrm_policy_mark(x, class_id),
		.priority = xfrm_rule_priority(x, class_id, priority),
		.level = level,
		.protocol = x->class[class_id].protocol,
		.reqid = xfrm_reqid(class_id),
	};
}

struct xfrm_rule
xfrm_rule_flow(const struct xfrm *x, uint32_t class_id, const struct flow *selector,
    enum xfrm_level level, uint8_t protocol)
{
	struct xfrm_rule r = xfrm_rule_new(
	    x, class_id, selector->remote.addr.family, XFRM_PRIORITY_FLOW, level);

	r.selector = *selector;
	r.local_prefix = r.remote_prefix = 255;
	r.protocol = protocol;
	if (level == XFRM_LEVEL_ALLOW)
		r.priority = xfrm_rule_priority(x, class_id, XFRM_PRIORITY_CLEAR);
	else if (xfrm_is_connection(selector))
		r.priority = xfrm_rule_priority(x, class_id, XFRM_PRIORITY_CONNECTION);
	if (xfrm_is_connection(selector) &&
	    (xfrm_pair_is_of_connection(x, class_id, selector) ||
		!xfrm_pair_serves(x, class_id, selector)))
		r.reqid = xfrm_reqid_connection(class_id);
	return r;
}

struct xfrm_rule
xfrm_rule_remote(const struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	struct xfrm_rule r = xfrm_rule_new(x, class_id, remote->family,
	    XFRM_PRIORITY_REMOTE, xfrm_class_level_out(x, class_id));

	r.selector.remote.addr = *remote;
	r.remote_prefix = 255;
	return r;
}

static struct xfrm_rule
rule_class(const struct xfrm *x, uint32_t class_id, uint8_t family)
{
	return xfrm_rule_new(
	    x, class_id, family, XFRM_PRIORITY_CLASS, xfrm_class_level_out(x, class_id));
}

/*
 * The kernel keeps one policy for each selector and mark, whatever its priority: the guard
 * covers the same traffic as the policy of the class with two halves.
 */
static struct xfrm_rule
rule_guard(const struct xfrm *x, uint32_t class_id, uint8_t family, int half)
{
	struct xfrm_rule r =
	    xfrm_rule_new(x, class_id, family, XFRM_PRIORITY_GUARD, XFRM_LEVEL_BLOCK);

	r.remote_prefix = 1;
	r.selector.remote.addr.b[0] = half == 0 ? 0 : 0x80;
	return r;
}

struct xfrm_rule
xfrm_rule_exempt(
    const struct xfrm *x, uint32_t class_id, uint8_t family, bool broadcast)
{
	struct xfrm_rule r =
	    xfrm_rule_new(x, class_id, family, XFRM_PRIORITY_EXEMPT, XFRM_LEVEL_ALLOW);

	r.remote_prefix = broadcast ? 32 : family == 4 ? 4 : 8;
	r.selector.remote.addr.b[0] = family == 4 ? 224 : 0xff;
	if (broadcast)
		memset(r.selector.remote.addr.b, 0xff, 4);
	return r;
}

/* 255 is a whole address. */
static uint8_t
prefix_bits(uint8_t family, uint8_t prefix)
{
	uint8_t whole = family == 4 ? 32 : 128;

	return prefix > whole ? whole : prefix;
}

static bool
rule_is_same(const struct xfrm_rule *a, const struct xfrm_rule *b)
{
	return a->inbound == b->inbound && a->family == b->family &&
	       a->mark.value == b->mark.value && a->mark.mask == b->mark.mask &&
	       a->selector.protocol == b->selector.protocol &&
	       a->selector.local.port == b->selector.local.port &&
	       a->selector.remote.port == b->selector.remote.port &&
	       memcmp(a->selector.local.addr.b, b->selector.local.addr.b, 16) == 0 &&
	       memcmp(a->selector.remote.addr.b, b->selector.remote.addr.b, 16) == 0 &&
	       prefix_bits(a->family, a->local_prefix) ==
		   prefix_bits(a->family, b->local_prefix) &&
	       prefix_bits(a->family, a->remote_prefix) ==
		   prefix_bits(a->family, b->remote_prefix);
}

/* What it does with what it selects. The kernel remembers no template where it needs none. */
static bool
rule_does_the_same(const struct xfrm_rule *a, const struct xfrm_rule *b)
{
	bool has_template = a->level == XFRM_LEVEL_REQUIRED || a->level == XFRM_LEVEL_OPTIONAL;

	return a->level == b->level && a->priority == b->priority &&
	       (!has_template || (a->protocol == b->protocol && a->reqid == b->reqid));
}

struct xfrm_entry *
xfrm_policy_find(struct xfrm *x, const struct xfrm_rule *r)
{
	struct xfrm_entry *e;

	LIST_FOREACH (e, &x->entry[xfrm_bucket(&r->selector.remote.addr)], link)
		if (rule_is_same(&e->rule, r))
			return e;
	return NULL;
}

/* ---- the kernel ---- */

bool
xfrm_policy_has_room(const struct xfrm *x)
{
	return x->n_entries < XFRM_MAX_POLICIES / 2;
}

bool
xfrm_policy_set(
    struct xfrm *x, uint32_t class_id, const struct xfrm_rule *r, uint64_t until_ms)
{
	struct xfrm_entry *e = xfrm_policy_find(x, r);
	int error;

	if (e != NULL) {
		bool is_equal = !e->is_missing && rule_does_the_same(&e->rule, r);

		e->until_ms = until_ms;
		e->class_id = class_id;
		e->rule = *r;
		if (!is_equal)
			xfrm_policy_repair(x, e);
		return !e->is_missing;
	}
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return false;
	if ((error = xfrm_install(x, r, false)) != 0) {
		xfrm_install_failed(x, r, error);
		free(e);
		return false;
	}
	e->rule = *r;
	e->class_id = class_id;
	e->until_ms = until_ms;
	LIST_INSERT_HEAD(&x->entry[xfrm_bucket(&r->selector.remote.addr)], e, link);
	x->n_entries++;
	return true;
}

void
xfrm_policy_end(struct xfrm *x, struct xfrm_entry *e)
{
	struct xfrm_rule r = e->rule;
	bool is_there = !e->is_missing;

	if (e->generation != 0 && e->generation == x->generation &&
	    !xfrm_rules_is_base(x, e)) {
		(void)xfrm_policy_set(x, e->class_id, &e->base, UINT64_MAX);
		return;
	}
	/* Forgotten first: what the kernel tells about it is no alarm. */
	LIST_REMOVE(e, link);
	x->n_entries--;
	free(e);
	xfrm_uninstall(x, &r, is_there);
}

void
xfrm_policy_unset(struct xfrm *x, const struct xfrm_rule *r)
{
	struct xfrm_entry *e = xfrm_policy_find(x, r);

	if (e != NULL)
		xfrm_policy_end(x, e);
}

void
xfrm_policy_end_clear(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	struct xfrm_entry *e, *next;

	for (e = LIST_FIRST(&x->entry[xfrm_bucket(&selector->remote.addr)]); e != NULL;
	     e = next) {
		next = LIST_NEXT(e, link);
		if (e->class_id == class_id && e->until_ms != UINT64_MAX &&
		    (e->rule.level == XFRM_LEVEL_ALLOW ||
			e->rule.level == XFRM_LEVEL_OPTIONAL) &&
		    flow_matches(selector, &e->rule.selector))
			xfrm_policy_end(x, e);
	}
}

void
xfrm_policy_repair(struct xfrm *x, struct xfrm_entry *e)
{
	int error = xfrm_install(x, &e->rule, true);

	e->is_missing = error != 0;
	if (error != 0 && !e->was_refused)
		xfrm_install_failed(x, &e->rule, error);
	e->was_refused = error != 0;
}

static void
note_as_there(void *ctx, const struct xfrm_event *there)
{
	struct xfrm_entry *e =
	    there->type == XFRM_EVENT_POLICY ? xfrm_policy_find(ctx, &there->rule) : NULL;

	if (e != NULL && rule_does_the_same(&e->rule, &there->rule))
		e->is_missing = false;
}

/* The guards first: from then on nothing is clear, and the rest can take its time. */
size_t
xfrm_policy_repair_all(struct xfrm *x)
{
	struct xfrm_entry *e;
	size_t n = 0;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link)
			e->is_missing = true;
	(void)xfrm_netlink_dump(XFRM_MSG_GETPOLICY, note_as_there, x);
	for (int guards = 1; guards >= 0; guards--)
		for (size_t i = 0; i < XFRM_BUCKETS; i++)
			LIST_FOREACH (e, &x->entry[i], link) {
				bool is_guard = e->rule.level == XFRM_LEVEL_BLOCK;

				if (!e->is_missing || is_guard != (guards == 1))
					continue;
				xfrm_policy_repair(x, e);
				n++;
			}
	return n;
}

/*
 * A negotiation failed a while ago. Where clear text waits, the flow goes on in clear while the
 * kernel asks again: it has waited once.
 */
static void
time_is_over(struct xfrm *x, struct xfrm_entry *e)
{
	struct xfrm_rule r = e->rule;

	if (!x->class[e->class_id].clear_waits || r.inbound || r.level != XFRM_LEVEL_ALLOW) {
		xfrm_policy_end(x, e);
		return;
	}
	r.level = XFRM_LEVEL_OPTIONAL;
	(void)xfrm_policy_set(x, e->class_id, &r, x->now_ms + XFRM_CLEAR_MS);
}

void
xfrm_policy_tick(struct xfrm *x)
{
	struct xfrm_entry *e, *next;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		for (e = LIST_FIRST(&x->entry[i]); e != NULL; e = next) {
			next = LIST_NEXT(e, link);
			if (x->now_ms >= e->until_ms)
				time_is_over(x, e);
			else if (e->is_missing)
				xfrm_policy_repair(x, e);
		}
}

/* ---- classes ---- */

static bool
set(struct xfrm *x, uint32_t class_id, struct xfrm_rule r)
{
	return xfrm_policy_set(x, class_id, &r, UINT64_MAX);
}

bool
xfrm_policy_guard(struct xfrm *x, uint32_t class_id)
{
	for (uint8_t family = 4; family <= 6; family += 2)
		for (int half = 0; half < HALVES && (family == 4 || xfrm_has_ipv6());
		     half++)
			if (!set(x, class_id, rule_guard(x, class_id, family, half)))
				return false;
	return true;
}

bool
xfrm_policy_class_up(struct xfrm *x, uint32_t class_id)
{
	if (!xfrm_policy_guard(x, class_id))
		return false;
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (family == 6 && !xfrm_has_ipv6())
			continue;
		if (!set(x, class_id, rule_class(x, class_id, family)) ||
		    !set(x, class_id, xfrm_rule_exempt(x, class_id, family, false)) ||
		    (family == 4 &&
			!set(x, class_id, xfrm_rule_exempt(x, class_id, 4, true))))
			return false;
	}
	return true;
}

void
xfrm_policy_class_changed(struct xfrm *x, uint32_t class_id)
{
	uint32_t remote = xfrm_rule_priority(x, class_id, XFRM_PRIORITY_REMOTE),
		 class = xfrm_rule_priority(x, class_id, XFRM_PRIORITY_CLASS);
	struct xfrm_entry *e;
	struct xfrm_rule r;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link) {
			r = e->rule;
			if (e->class_id != class_id || e->until_ms != UINT64_MAX ||
			    (r.priority != remote && r.priority != class))
				continue;
			r.level = xfrm_class_level_out(x, class_id);
			(void)xfrm_policy_set(x, class_id, &r, UINT64_MAX);
		}
}

void
xfrm_policy_class_down(struct xfrm *x, uint32_t class_id, bool keep_guard)
{
	struct xfrm_entry *e, *next;

	for (int guards = 0; guards <= (keep_guard ? 0 : 1); guards++)
		for (size_t i = 0; i < XFRM_BUCKETS; i++)
			for (e = LIST_FIRST(&x->entry[i]); e != NULL; e = next) {
				bool is_guard =
				    e->rule.priority ==
				    XFRM_PRIORITY_FIRST + XFRM_PRIORITY_GUARD;

				next = LIST_NEXT(e, link);
				if (e->class_id != class_id ||
				    is_guard != (guards == 1))
					continue;
				e->generation = 0;
				xfrm_policy_end(x, e);
			}
}

void
xfrm_policy_forget(struct xfrm *x)
{
	struct xfrm_entry *e;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		while ((e = LIST_FIRST(&x->entry[i])) != NULL) {
			LIST_REMOVE(e, link);
			free(e);
		}
	x->n_entries = 0;
}
