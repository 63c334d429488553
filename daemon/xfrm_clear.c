/*
 * Flows of sockets that allow clear text until they were secured. The kernel remembers
 * nothing about flows: once an SA exists, a policy of its own requires it for what goes out,
 * and after the grace period policies for the sockets of that traffic require it for what
 * comes in (spec secure-sockets 6.5).
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#include <netinet/tcp.h>

#define LINGER_MS 60000 /* TIME_WAIT still speaks */
#define MAX_SECURED 4096
#define GATE_MS 5000 /* a gate ends so long after its socket */

/* Traffic that was secured once, seen as the selector of its SA. */
struct xfrm_secured {
	LIST_ENTRY(xfrm_secured) link;
	uint32_t class_id;
	struct flow selector;
	uint8_t protocol;
	uint64_t closes_ms; /* to clear packets */
	uint64_t seen_ms;   /* when there was an SA, for traffic of a rule */
};

void
xfrm_clear_secured(struct xfrm *x, const struct xfrm_pair *p)
{
	const struct action_sa_add *a = &p->sa;
	struct xfrm_secured *s;
	struct xfrm_rule r;

	if (xfrm_class_level(x, a->class_id) != XFRM_LEVEL_OPTIONAL)
		return;
	r = xfrm_rule_flow(
	    x, a->class_id, &a->selector, XFRM_LEVEL_REQUIRED, a->protocol);
	(void)xfrm_policy_set(x, a->class_id, &r, UINT64_MAX);
	LIST_FOREACH (s, &x->secured, link)
		if (s->class_id == a->class_id &&
		    flow_equal(&s->selector, &a->selector)) {
			s->protocol = a->protocol;
			return;
		}
	if (x->n_secured >= MAX_SECURED || (s = calloc(1, sizeof(*s))) == NULL) {
		log_warn("xfrm",
		    "too many secured flows of sockets that allow clear text: "
		    "clear packets will not be refused for the newest");
		return;
	}
	s->class_id = a->class_id;
	s->selector = a->selector;
	s->protocol = a->protocol;
	s->closes_ms = x->now_ms + a->allow_clear_ms;
	s->seen_ms = x->now_ms;
	LIST_INSERT_HEAD(&x->secured, s, link);
	x->n_secured++;
}

/* ---- gates ---- */

static void
gate_set(struct xfrm *x, const struct xfrm_secured *s, const struct flow *f)
{
	struct xfrm_rule r =
	    xfrm_rule_flow(x, s->class_id, f, XFRM_LEVEL_REQUIRED, s->protocol);

	r.inbound = true;
	if (!x->class[s->class_id].is_rule)
		r.mark = (struct xfrm_mark_value){ 0, 0 }; /* clear packets have none */
	(void)xfrm_policy_set(x, s->class_id, &r, x->now_ms + GATE_MS);
}

/* For each socket of the class the secured traffic that it may be part of. */
static void
gate_socket(void *ctx, const struct sockdiag_entry *e)
{
	const struct xfrm_secured *s;
	struct xfrm *x = ctx;
	uint32_t class_id = net_mark_class(x->config, e->mark);

	if (class_id == 0 || !x->class[class_id].allow_insecure || e->local.port == 0 ||
	    e->state == TCP_TIME_WAIT)
		return;
	LIST_FOREACH (s, &x->secured, link) {
		struct flow f = s->selector;

		if (s->class_id != class_id || f.protocol != e->protocol ||
		    x->now_ms < s->closes_ms ||
		    (f.local.port != 0 && f.local.port != e->local.port))
			continue;
		f.local.port = e->local.port;
		if (e->remote.port != 0) {
			f.remote = e->remote;
			if (!flow_matches(&s->selector, &f))
				continue;
		}
		gate_set(x, s, &f);
	}
}

static bool
any_is_closed(const struct xfrm *x)
{
	const struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured, link)
		if (x->now_ms >= s->closes_ms)
			return true;
	return false;
}

/* ---- life ---- */

static void
secured_end(struct xfrm *x, struct xfrm_secured *s)
{
	struct xfrm_rule r = xfrm_rule_flow(
	    x, s->class_id, &s->selector, XFRM_LEVEL_REQUIRED, s->protocol);

	LIST_REMOVE(s, link);
	free(s);
	x->n_secured--;
	xfrm_policy_unset(x, &r);
}

void
xfrm_clear_forget(struct xfrm *x, uint32_t class_id)
{
	struct xfrm_secured *s, *next;

	for (s = LIST_FIRST(&x->secured); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (s->class_id == class_id)
			secured_end(x, s);
	}
}

void
xfrm_clear_in_use(struct xfrm *x, uint32_t class_id, bool in_use)
{
	x->class[class_id].in_use = in_use;
	x->class[class_id].end_ms = x->now_ms + LINGER_MS;
}

/* Sockets say how long they live; traffic of a rule lives as long as its SAs. */
static bool
is_unused(struct xfrm *x, struct xfrm_secured *s)
{
	const struct xfrm_class *c = &x->class[s->class_id];

	if (!c->is_rule)
		return !c->in_use && x->now_ms >= c->end_ms;
	if (xfrm_pair_has_remote(x, s->class_id, &s->selector.remote.addr))
		s->seen_ms = x->now_ms;
	return x->now_ms - s->seen_ms >= LINGER_MS;
}

static void
forget_unused(struct xfrm *x)
{
	struct xfrm_secured *s, *next;

	for (s = LIST_FIRST(&x->secured); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (is_unused(x, s))
			secured_end(x, s);
	}
}

/* Programs of a rule know nothing of it: all their traffic is meant. */
static void
gate_rules(struct xfrm *x)
{
	const struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured, link)
		if (x->class[s->class_id].is_rule && x->now_ms >= s->closes_ms)
			gate_set(x, s, &s->selector);
}

void
xfrm_clear_tick(struct xfrm *x)
{
	forget_unused(x);
	if (!any_is_closed(x))
		return;
	gate_rules(x);
	for (uint8_t family = 4; family <= 6; family += 2) {
		(void)sockdiag_dump(family, 6, 0, gate_socket, x);
		(void)sockdiag_dump(family, 17, 0, gate_socket, x);
	}
}
