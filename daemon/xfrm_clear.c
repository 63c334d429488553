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

typedef void secured_each(struct xfrm *x, struct xfrm_secured *s);

/* Each may be freed. */
static void
walk(struct xfrm *x, secured_each *each)
{
	struct xfrm_secured *s, *next;

	for (size_t i = 0; i < XFRM_BUCKETS && x->n_secured > 0; i++)
		for (s = LIST_FIRST(&x->secured[i]); s != NULL; s = next) {
			next = LIST_NEXT(s, link);
			each(x, s);
		}
}

static size_t
bucket_of(const struct flow *f)
{
	return xfrm_bucket(&f->remote.addr);
}

/* Of a flow, or of more than it. */
static struct xfrm_secured *
secured_find(struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured[bucket_of(f)], link)
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
	x->n_secured_of[bucket_of(&s->selector)]--;
	x->n_secured--;
	LIST_REMOVE(s, link);
	free(s);
}

static void
secured_end(struct xfrm *x, struct xfrm_secured *s)
{
	struct xfrm_rule r = xfrm_rule_flow(
	    x, s->class_id, &s->selector, XFRM_LEVEL_REQUIRED, s->protocol);

	secured_free(x, s);
	xfrm_policy_unset(x, &r);
}

static struct xfrm_secured *
secured_new(struct xfrm *x, uint32_t class_id, const struct flow *f, uint8_t protocol)
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
	LIST_INSERT_HEAD(&x->secured[bucket_of(f)], s, link);
	x->n_secured_of[bucket_of(f)]++;
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
	    secured_find(x, m->class_id, &m->flow) != NULL)
		return;
	s = secured_new(x, m->class_id, &m->flow, x->class[m->class_id].protocol);
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
	struct xfrm_secured *s, *last = NULL;
	size_t most = 0;

	for (size_t i = 1; i < XFRM_BUCKETS; i++)
		if (x->n_secured_of[i] > x->n_secured_of[most])
			most = i;
	LIST_FOREACH (s, &x->secured[most], link)
		last = s;
	return last;
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
		secured_end(x, old); /* every address has one only */
		return;
	}
	log_warn("xfrm",
	    "too many secured flows of sockets that allow clear text: the address with "
	    "most of them has to use IPsec for all its traffic with class %u",
	    was.class_id);
	if ((s = secured_new(x, was.class_id, &wide, was.protocol)) != NULL)
		s->closes_ms = was.closes_ms;
	for (s = LIST_FIRST(&x->secured[bucket_of(&wide)]); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (s->class_id == was.class_id && !flow_equal(&s->selector, &wide) &&
		    flow_matches(&wide, &s->selector))
			secured_end(x, s);
	}
}

/* ---- secured ---- */

bool
xfrm_clear_never(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	return secured_find(x, class_id, selector) != NULL;
}

bool
xfrm_clear_is_secured(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured[bucket_of(selector)], link)
		if (s->class_id == class_id && flow_equal(&s->selector, selector))
			return true;
	return false;
}

void
xfrm_clear_secured(struct xfrm *x, const struct xfrm_pair *p)
{
	const struct action_sa_add *a = &p->sa;
	struct xfrm_secured *s;
	struct xfrm_rule r;

	if (xfrm_class_level(x, a->class_id) != XFRM_LEVEL_OPTIONAL)
		return;
	if ((s = secured_find(x, a->class_id, &a->selector)) != NULL) {
		s->protocol = a->protocol;
		r = xfrm_rule_flow(
		    x, s->class_id, &s->selector, XFRM_LEVEL_REQUIRED, s->protocol);
		(void)xfrm_policy_set(x, s->class_id, &r, UINT64_MAX);
		return;
	}
	if (x->n_secured >= XFRM_MAX_SECURED)
		widen(x);
	s = secured_new(x, a->class_id, &a->selector, a->protocol);
	if (s != NULL)
		s->closes_ms = x->now_ms + a->allow_clear_ms;
	else
		log_error("xfrm", "the flows of quick mode %u may be clear again: %s",
		    p->qm_id, "no memory, or the kernel refuses a policy");
}

/* ---- gates ---- */

static void
gate_set(struct xfrm *x, const struct xfrm_secured *s, const struct flow *f)
{
	struct xfrm_rule r =
	    xfrm_rule_flow(x, s->class_id, f, XFRM_LEVEL_REQUIRED, s->protocol);

	r.inbound = true;
	r.reqid = xfrm_reqid(s->class_id);
	if (!x->class[s->class_id].is_rule)
		r.mark = (struct xfrm_mark_value){ 0, 0 }; /* clear packets have none */
	/* There may be one for each pair of a socket and a peer: programs can have many. */
	if (x->n_entries >= XFRM_MAX_POLICIES && xfrm_policy_find(x, &r) == NULL) {
		if (log_limit_pass(&x->refused, "xfrm", x->now_ms))
			log_warn("xfrm",
			    "class %u has too many sockets and peers: some sockets still take "
			    "clear packets of peers that have an SA",
			    s->class_id);
		return;
	}
	(void)xfrm_policy_set(x, s->class_id, &r, x->now_ms + GATE_MS);
}

/* The socket's part of secured traffic, if it has one. */
static void
gate_socket_of(struct xfrm *x, const struct xfrm_secured *s, uint32_t class_id,
    const struct sockdiag_entry *e)
{
	struct flow f = s->selector;

	if (s->class_id != class_id || f.protocol != e->protocol ||
	    x->now_ms < s->closes_ms ||
	    (f.local.port != 0 && f.local.port != e->local.port))
		return;
	f.local.port = e->local.port;
	if (e->remote.port != 0) {
		f.remote = e->remote;
		if (!flow_matches(&s->selector, &f))
			return;
	}
	gate_set(x, s, &f);
}

/* Never back while a connection lives: its rule goes on to require what was secured. */
static void
keep_rules(struct xfrm *x, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured[bucket_of(&f)], link)
		if (x->class[s->class_id].is_rule && flow_matches(&s->selector, &f))
			s->seen_ms = x->now_ms;
}

static void
gate_bucket(struct xfrm *x, size_t i, uint32_t class_id, const struct sockdiag_entry *e)
{
	const struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured[i], link)
		gate_socket_of(x, s, class_id, e);
}

static void
look_at_socket(void *ctx, const struct sockdiag_entry *e)
{
	struct xfrm *x = ctx;
	uint32_t class_id = net_mark_class(x->config, e->mark);

	if (e->local.port == 0 || e->state == TCP_TIME_WAIT)
		return;
	if (class_id == 0 && e->remote.port != 0)
		keep_rules(x, e);
	if (class_id == 0 || !x->class[class_id].allow_insecure)
		return;
	if (e->remote.port != 0) /* connected: to one address */
		gate_bucket(x, xfrm_bucket(&e->remote.addr), class_id, e);
	else
		for (size_t i = 0; i < XFRM_BUCKETS; i++)
			gate_bucket(x, i, class_id, e);
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
end_unused(struct xfrm *x, struct xfrm_secured *s)
{
	if (is_unused(x, s))
		secured_end(x, s);
}

/* Programs of a rule know nothing of it: all their traffic is meant. */
static void
gate_rule(struct xfrm *x, struct xfrm_secured *s)
{
	if (x->class[s->class_id].is_rule && x->now_ms >= s->closes_ms)
		gate_set(x, s, &s->selector);
}

void
xfrm_clear_tick(struct xfrm *x)
{
	for (uint8_t family = 4; family <= 6 && x->n_secured > 0; family += 2) {
		(void)sockdiag_dump(family, 6, 0, look_at_socket, x);
		(void)sockdiag_dump(family, 17, 0, look_at_socket, x);
	}
	walk(x, gate_rule);
	walk(x, end_unused);
}
