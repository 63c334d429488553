/*
 * Flows of sockets and rules that allowed clear text until they were secured (xfrm_secured.c):
 * after the grace period policies for the sockets of that traffic require IPsec for what comes
 * in (spec secure-sockets 6.5).
 */
#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#include <netinet/tcp.h>

#define LINGER_MS 60000 /* TIME_WAIT still speaks */
#define GATE_MS 5000 /* a gate ends so long after its socket */

/* ---- gates ---- */

static struct xfrm_rule
gate_of(const struct xfrm *x, const struct xfrm_secured *s, const struct flow *f)
{
	struct xfrm_rule r =
	    xfrm_rule_flow(x, s->class_id, f, XFRM_LEVEL_REQUIRED, s->protocol);

	r.inbound = true;
	r.reqid = xfrm_reqid(s->class_id);
	if (!x->class[s->class_id].is_rule)
		r.mark = (struct xfrm_mark_value){ 0, 0 }; /* clear packets have none */
	return r;
}

static bool
gate_set(struct xfrm *x, const struct xfrm_secured *s, const struct flow *f)
{
	struct xfrm_rule r = gate_of(x, s, f);

	/* There may be one for each pair of a socket and a peer: programs can have many. */
	if (x->n_entries >= XFRM_MAX_POLICIES && xfrm_policy_find(x, &r) == NULL) {
		if (log_limit_pass(&x->refused, "xfrm", x->now_ms))
			log_warn("xfrm",
			    "class %u has too many sockets and peers: some sockets still take "
			    "clear packets of peers that have an SA",
			    s->class_id);
		return false;
	}
	return xfrm_policy_set(x, s->class_id, &r, x->now_ms + GATE_MS);
}

bool
xfrm_clear_gate(struct xfrm *x, const struct xfrm_secured *s)
{
	return gate_set(x, s, &s->selector);
}

void
xfrm_clear_gate_end(struct xfrm *x, const struct xfrm_secured *s)
{
	struct xfrm_rule r = gate_of(x, s, &s->selector);
	struct xfrm_entry *e = xfrm_policy_find(x, &r);

	/* In the same place there may be what the configuration says. */
	if (e != NULL && e->class_id == s->class_id && e->until_ms != UINT64_MAX)
		xfrm_policy_end(x, e);
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
	(void)gate_set(x, s, &f);
}

/*
 * Never back while a connection lives: it goes on to require what was secured, and so does its
 * rule.
 */
static void
keep(struct xfrm *x, uint32_t class_id, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	struct xfrm_secured *s;

	LIST_FOREACH (s, &x->secured[xfrm_selector_bucket(&f)], link)
		if (flow_equal(&s->selector, &f))
			s->seen_ms = x->now_ms;
	LIST_FOREACH (s, &x->secured[xfrm_bucket(&f.remote.addr)], link)
		if (class_id == 0 && x->class[s->class_id].is_rule && flow_matches(&s->selector, &f))
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
	struct flow f = { e->protocol, e->local, e->remote };

	xfrm_narrow_socket(x, e);
	if (e->local.port == 0 || e->state == TCP_TIME_WAIT)
		return;
	if (e->remote.port != 0)
		keep(x, class_id, e);
	if (class_id == 0 || !x->class[class_id].allow_insecure)
		return;
	if (e->remote.port != 0) { /* connected: to one address */
		gate_bucket(x, xfrm_bucket(&e->remote.addr), class_id, e);
		if (xfrm_selector_bucket(&f) != xfrm_bucket(&e->remote.addr))
			gate_bucket(x, xfrm_selector_bucket(&f), class_id, e);
	} else
		for (size_t i = 0; i < XFRM_BUCKETS; i++)
			gate_bucket(x, i, class_id, e);
}

/* ---- life ---- */

void
xfrm_clear_in_use(struct xfrm *x, uint32_t class_id, bool in_use)
{
	x->class[class_id].in_use = in_use;
	x->class[class_id].end_ms = x->now_ms + LINGER_MS;
}

/*
 * Sockets say how long they live; traffic of a rule lives as long as its SAs. Of a connection
 * only its own count.
 */
static bool
is_unused(struct xfrm *x, struct xfrm_secured *s)
{
	const struct xfrm_class *c = &x->class[s->class_id];
	bool is_connection = s->selector.protocol == 6 && xfrm_is_connection(&s->selector);

	if (!c->is_rule && !c->in_use && x->now_ms >= c->end_ms)
		return true;
	if (!c->is_rule && !is_connection)
		return false;
	if (is_connection ? xfrm_pair_is_of_connection(x, s->class_id, &s->selector) :
			    xfrm_pair_has_remote(x, s->class_id, &s->selector.remote.addr))
		s->seen_ms = x->now_ms;
	return x->now_ms - s->seen_ms >= LINGER_MS;
}

static void
end_unused(struct xfrm *x, struct xfrm_secured *s)
{
	if (is_unused(x, s))
		xfrm_secured_end(x, s);
}

/* Programs of a rule know nothing of it: all their traffic is meant. */
static void
gate_rule(struct xfrm *x, struct xfrm_secured *s)
{
	if (x->class[s->class_id].is_rule && x->now_ms >= s->closes_ms)
		(void)xfrm_clear_gate(x, s);
}

/* Nobody knows which connections live: all do. */
static void
keep_one(struct xfrm *x, struct xfrm_secured *s)
{
	if (s->selector.protocol == 6)
		s->seen_ms = x->now_ms;
}

void
xfrm_clear_tick(struct xfrm *x)
{
	bool saw_all = true;

	xfrm_narrow_begin(x);
	for (uint8_t family = 4; family <= 6 && x->n_secured > 0; family += 2) {
		if (sockdiag_dump(family, 6, 0, look_at_socket, x) != 0)
			saw_all = false;
		(void)sockdiag_dump(family, 17, 0, look_at_socket, x);
	}
	if (!saw_all)
		xfrm_secured_walk(x, keep_one);
	xfrm_narrow_end(x, saw_all);
	xfrm_secured_walk(x, gate_rule);
	xfrm_secured_walk(x, end_unused);
}
