/*
 * What was secured once, of sockets and rules that allow clear text until then. The kernel
 * remembers nothing about flows: once an SA exists, a policy of its own requires it for what
 * goes out. What comes in, and how long it is remembered, is xfrm_clear.c.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/xfrm_state.h"

#define LINGER_MS 60000

void
xfrm_secured_walk(struct xfrm *x, xfrm_secured_each *each)
{
	struct xfrm_secured *s, *next;

	for (size_t i = 0; i < XFRM_BUCKETS && x->n_secured > 0; i++)
		for (s = LIST_FIRST(&x->secured[i]); s != NULL; s = next) {
			next = LIST_NEXT(s, link);
			each(x, s);
		}
}

size_t
xfrm_selector_bucket(const struct flow *f)
{
	uint32_t ports = (uint32_t)f->local.port << 16 | f->remote.port;

	if (!xfrm_is_connection(f))
		return xfrm_bucket(&f->remote.addr);
	return (xfrm_bucket(&f->remote.addr) + (ports * 2654435761u >> 16)) % XFRM_BUCKETS;
}

struct xfrm_secured *
xfrm_secured_of(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured[xfrm_selector_bucket(selector)], link)
		if (s->class_id == class_id && flow_equal(&s->selector, selector))
			return s;
	return NULL;
}

/* Of a flow, or of more than it. */
static struct xfrm_secured *
find(struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	struct xfrm_secured *s = xfrm_secured_of(x, class_id, f);

	if (s != NULL)
		return s;
	LIST_FOREACH (s, &x->secured[xfrm_bucket(&f->remote.addr)], link)
		if (s->class_id == class_id && flow_matches(&s->selector, f))
			return s;
	return NULL;
}

static void
tell(struct xfrm *x, const struct xfrm_secured *s, bool secured)
{
	struct proto_flow_secured m;

	if (x->told == NULL)
		return;
	memset(&m, 0, sizeof(m));
	m.class_id = s->class_id;
	m.flow = s->selector;
	x->told(x->told_ctx, &m, secured);
}

static void
secured_free(struct xfrm *x, struct xfrm_secured *s)
{
	tell(x, s, false);
	x->n_secured_of[xfrm_bucket(&s->selector.remote.addr)]--;
	x->n_secured--;
	LIST_REMOVE(s, link);
	free(s);
}

void
xfrm_secured_end(struct xfrm *x, struct xfrm_secured *s)
{
	struct xfrm_secured was = *s;

	secured_free(x, s);
	/* Where a pair or a guarantee is for this connection alone, its policy is theirs now. */
	xfrm_pair_connection_end(x, was.class_id, &was.selector, was.protocol);
}

struct xfrm_secured *
xfrm_secured_new(struct xfrm *x, uint32_t class_id, const struct flow *f, uint8_t protocol)
{
	struct xfrm_secured *s = calloc(1, sizeof(*s));
	struct xfrm_rule r =
	    xfrm_rule_flow(x, class_id, f, XFRM_LEVEL_REQUIRED, protocol);

	if (s == NULL || !xfrm_policy_set(x, class_id, &r, UINT64_MAX)) {
		free(s);
		return NULL;
	}
	s->class_id = class_id;
	s->selector = *f;
	s->protocol = protocol;
	s->seen_ms = x->now_ms;
	LIST_INSERT_HEAD(&x->secured[xfrm_selector_bucket(f)], s, link);
	x->n_secured_of[xfrm_bucket(&f->remote.addr)]++;
	x->n_secured++;
	xfrm_policy_end_clear(x, class_id, f);
	tell(x, s, true);
	return s;
}

void
xfrm_secured_watch(struct xfrm *x, xfrm_secured_told *told, void *ctx)
{
	x->told = told;
	x->told_ctx = ctx;
}

void
xfrm_secured_restore(struct xfrm *x, const struct proto_flow_secured *m)
{
	struct xfrm_secured *s;

	if (m->class_id == 0 || m->class_id > CLASS_MAX || !x->class[m->class_id].is_up ||
	    xfrm_class_level(x, m->class_id) != XFRM_LEVEL_OPTIONAL ||
	    find(x, m->class_id, &m->flow) != NULL)
		return;
	s = xfrm_secured_new(x, m->class_id, &m->flow, x->class[m->class_id].protocol);
	if (s == NULL)
		return;
	s->closes_ms = x->now_ms;
	/* The negotiator will say which classes have sockets. */
	x->class[m->class_id].end_ms = x->now_ms + LINGER_MS;
}

/* ---- room ---- */

static struct xfrm_secured *
oldest_of_most(struct xfrm *x)
{
	struct xfrm_secured *s, *oldest = NULL;
	size_t most = 0;

	for (size_t i = 1; i < XFRM_BUCKETS; i++)
		if (x->n_secured_of[i] > x->n_secured_of[most])
			most = i;
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (s, &x->secured[i], link)
			if (xfrm_bucket(&s->selector.remote.addr) == most &&
			    (oldest == NULL || s->seen_ms <= oldest->seen_ms))
				oldest = s;
	return oldest;
}

/*
 * The table is full: the address with most flows gets one entry for all of them, whatever
 * their ports. Nothing that was secured is clear because of that: what was not, to that
 * address, is secured from now on, too. Other addresses notice nothing.
 */
static void
widen(struct xfrm *x)
{
	struct xfrm_secured *s, *next, *old = oldest_of_most(x);
	struct xfrm_secured was = *old;
	struct flow wide = was.selector;

	x->count[PC_FLOWS_FULL]++;
	wide.local.port = wide.remote.port = 0;
	if (flow_equal(&wide, &was.selector)) {
		xfrm_secured_end(x, old); /* every address has one only */
		return;
	}
	log_warn("xfrm",
	    "too many secured flows of sockets that allow clear text: the address with "
	    "most of them has to use IPsec for all its traffic with class %u",
	    was.class_id);
	if ((s = xfrm_secured_new(x, was.class_id, &wide, was.protocol)) != NULL)
		s->closes_ms = was.closes_ms;
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		for (s = LIST_FIRST(&x->secured[i]); s != NULL; s = next) {
			next = LIST_NEXT(s, link);
			if (s->class_id == was.class_id && !flow_equal(&s->selector, &wide) &&
			    flow_matches(&wide, &s->selector))
				xfrm_secured_end(x, s);
		}
}

/* ---- secured ---- */

bool
xfrm_clear_never(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	return find(x, class_id, selector) != NULL;
}

bool
xfrm_clear_is_secured(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	return xfrm_secured_of(x, class_id, selector) != NULL;
}

/* There is a pair that carries this: its policy has to ask for such a one. */
static void
serve(struct xfrm *x, struct xfrm_secured *s, uint8_t protocol)
{
	struct xfrm_rule r;

	s->protocol = protocol;
	r = xfrm_rule_flow(x, s->class_id, &s->selector, XFRM_LEVEL_REQUIRED, protocol);
	(void)xfrm_policy_set(x, s->class_id, &r, UINT64_MAX);
}

void
xfrm_secured_serve(struct xfrm *x, const struct action_sa_add *a)
{
	struct xfrm_secured *s;

	for (size_t i = 0; i < XFRM_BUCKETS && x->n_secured > 0; i++)
		LIST_FOREACH (s, &x->secured[i], link)
			if (s->class_id == a->class_id && xfrm_is_connection(&s->selector) &&
			    flow_matches(&a->selector, &s->selector))
				serve(x, s, a->protocol);
}

void
xfrm_clear_secured(struct xfrm *x, const struct xfrm_pair *p)
{
	const struct action_sa_add *a = &p->sa;
	struct xfrm_secured *s;

	if (xfrm_class_level(x, a->class_id) != XFRM_LEVEL_OPTIONAL)
		return;
	if ((s = find(x, a->class_id, &a->selector)) != NULL) {
		serve(x, s, a->protocol);
		return;
	}
	if (x->n_secured >= XFRM_MAX_SECURED)
		widen(x);
	s = xfrm_secured_new(x, a->class_id, &a->selector, a->protocol);
	if (s != NULL)
		s->closes_ms = x->now_ms + a->allow_clear_ms;
	else
		log_error("xfrm", "the flows of quick mode %u may be clear again: %s",
		    p->qm_id, "no memory, or the kernel refuses a policy");
}

/* ---- life ---- */

void
xfrm_clear_forget(struct xfrm *x, uint32_t class_id)
{
	struct xfrm_secured *s, *next;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		for (s = LIST_FIRST(&x->secured[i]); s != NULL; s = next) {
			next = LIST_NEXT(s, link);
			if (s->class_id == class_id)
				xfrm_secured_end(x, s);
		}
}

