/*
 * Traffic that was guaranteed encryption, because one side insisted on it: no pair that does
 * not guarantee it sends it any more. The kernel knows no flows: it is remembered by the
 * selector of the SA, as long as there is such an SA. After the last one it is remembered by
 * connection, as in xfrm_narrow.c: what a connection had alone, or has been seen to live, keeps
 * a policy that no other pair satisfies. Until all of them have one the selector keeps its
 * guarantee, and so it does with too many, and of datagrams for a time.
 */
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#define SETTLE_MS 2000 /* what the last SA has opened has a socket by then, and was looked at */

struct xfrm_guaranteed {
	LIST_ENTRY(xfrm_guaranteed) link;
	uint32_t class_id;
	struct flow selector;
	uint8_t protocol;
	size_t n_pairs;	  /* that guarantee it */
	uint64_t seen_ms; /* when there was one, or a connection without its own */
	uint32_t n_live;  /* connections, at this look */
};

static struct xfrm_guaranteed *
find(const struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	struct xfrm_guaranteed *g;

	LIST_FOREACH (g, &x->guaranteed[xfrm_selector_bucket(selector)], link)
		if (g->class_id == class_id && flow_equal(&g->selector, selector))
			return g;
	return NULL;
}

bool
xfrm_guarantee_covers(const struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	const struct xfrm_guaranteed *g;
	const struct xfrm_pair *p;

	if (find(x, class_id, f) != NULL)
		return true;
	LIST_FOREACH (g, &x->guaranteed[xfrm_bucket(&f->remote.addr)], link)
		if (g->class_id == class_id && flow_matches(&g->selector, f))
			return true;
	/* The negotiator takes this one for a whole one, unless it is asked for more. */
	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&f->remote.addr)], by_peer)
		if (p->receives_only && p->sa.class_id == class_id &&
		    flow_matches(&p->sa.selector, f))
			return true;
	return false;
}

bool
xfrm_guarantee_of_connection(
    const struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	const struct xfrm_pair *p;

	if (find(x, class_id, selector) == NULL)
		return false;
	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&selector->remote.addr)], by_peer)
		if (p->guaranteed != NULL && p->exists[0] && p->exists[1] &&
		    p->sa.class_id == class_id && flow_matches(&p->sa.selector, selector) &&
		    !flow_equal(&p->sa.selector, selector))
			return false; /* that one will do */
	return true;
}

static bool
guarantees(const struct xfrm *x, const struct action_sa_add *a)
{
	return a->guaranteed_encryption || x->class[a->class_id].guarantee_encryption;
}

/* Does a carry this traffic, for which other pairs are there? */
static bool
may_not_send(const struct xfrm *x, const struct action_sa_add *a, uint32_t class_id,
    const struct flow *guaranteed)
{
	return a->class_id == class_id && !guarantees(x, a) &&
	       flow_matches(&a->selector, guaranteed) &&
	       (!xfrm_is_connection(guaranteed) || xfrm_is_connection(&a->selector));
}

bool
xfrm_guarantee_forbids(const struct xfrm *x, const struct action_sa_add *a)
{
	const struct xfrm_guaranteed *g;

	LIST_FOREACH (g, &x->guaranteed[xfrm_selector_bucket(&a->selector)], link)
		if (may_not_send(x, a, g->class_id, &g->selector))
			return true;
	return false;
}

static struct xfrm_guaranteed *
guaranteed_new(struct xfrm *x, uint32_t class_id, const struct flow *f, uint8_t protocol)
{
	struct xfrm_guaranteed *g =
	    x->n_guaranteed < XFRM_MAX_SECURED ? calloc(1, sizeof(*g)) : NULL;

	if (g == NULL) {
		log_error("xfrm", "too much traffic is guaranteed encryption");
		return NULL;
	}
	g->class_id = class_id;
	g->selector = *f;
	g->protocol = protocol;
	g->seen_ms = x->now_ms;
	LIST_INSERT_HEAD(&x->guaranteed[xfrm_selector_bucket(f)], g, link);
	x->n_guaranteed++;
	return g;
}

bool
xfrm_guarantee_note(struct xfrm *x, struct xfrm_pair *p)
{
	const struct action_sa_add *a = &p->sa;
	struct xfrm_guaranteed *g;

	if (p->guaranteed != NULL || !a->guaranteed_encryption ||
	    x->class[a->class_id].guarantee_encryption)
		return true;
	if ((g = find(x, a->class_id, &a->selector)) == NULL &&
	    (g = guaranteed_new(x, a->class_id, &a->selector, a->protocol)) == NULL)
		return false;
	g->n_pairs++;
	p->guaranteed = g;
	return true;
}

void
xfrm_guarantee_leave(struct xfrm *x, struct xfrm_pair *p)
{
	if (p->guaranteed == NULL)
		return;
	p->guaranteed->n_pairs--;
	p->guaranteed->seen_ms = x->now_ms;
	p->guaranteed = NULL;
}

/* A pair for more than one connection serves those that had a policy of their own. */
static void
serve_connections(struct xfrm *x, const struct action_sa_add *a)
{
	const struct xfrm_guaranteed *g;

	for (size_t i = 0; i < XFRM_BUCKETS && x->n_guaranteed > 0; i++)
		LIST_FOREACH (g, &x->guaranteed[i], link)
			if (g->class_id == a->class_id && xfrm_is_connection(&g->selector) &&
			    flow_matches(&a->selector, &g->selector))
				xfrm_pair_connection_end(
				    x, g->class_id, &g->selector, g->protocol);
}

void
xfrm_guarantee_serve(struct xfrm *x, const struct action_sa_add *a)
{
	struct xfrm_pair *p;

	if (!a->guaranteed_encryption)
		return;
	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&a->selector.remote.addr)], by_peer)
		if (may_not_send(x, &p->sa, a->class_id, &a->selector))
			xfrm_pair_stop_sending(x, p);
	if (!xfrm_is_connection(&a->selector))
		serve_connections(x, a);
}

/* ---- the end ---- */

/* What was made to receive only may send again: the negotiator makes another one. */
static void
renew(struct xfrm *x, const struct xfrm_guaranteed *g)
{
	struct xfrm_pair *p;

	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&g->selector.remote.addr)], by_peer)
		if (p->receives_only && !xfrm_guarantee_forbids(x, &p->sa))
			xfrm_pair_expire(x, p, EXPIRY_PLANE_GONE);
}

static void
end(struct xfrm *x, struct xfrm_guaranteed *g)
{
	struct xfrm_guaranteed was = *g;

	LIST_REMOVE(g, link);
	x->n_guaranteed--;
	free(g);
	if (xfrm_is_connection(&was.selector))
		xfrm_pair_connection_end(x, was.class_id, &was.selector, was.protocol);
	renew(x, &was);
}

void
xfrm_guarantee_forget(struct xfrm *x, uint32_t class_id)
{
	struct xfrm_guaranteed *g, *next;

	for (size_t i = 0; i < XFRM_BUCKETS && x->n_guaranteed > 0; i++)
		for (g = LIST_FIRST(&x->guaranteed[i]); g != NULL; g = next) {
			next = LIST_NEXT(g, link);
			if (g->class_id == class_id)
				end(x, g);
		}
}

/* Has this connection a guarantee of its own now? */
static bool
remember(struct xfrm *x, const struct xfrm_guaranteed *g, const struct flow *f)
{
	bool is_known = find(x, g->class_id, f) != NULL;
	struct xfrm_rule r;

	if (!is_known && xfrm_pair_is_of_connection(x, g->class_id, f))
		return true; /* by a pair of its own that guarantees nothing: it is another one */
	if (!is_known && (x->n_guaranteed >= XFRM_MAX_SECURED / 2 || !xfrm_policy_has_room(x) ||
			     guaranteed_new(x, g->class_id, f, g->protocol) == NULL))
		return false;
	r = xfrm_rule_flow(x, g->class_id, f, XFRM_LEVEL_REQUIRED, g->protocol);
	return xfrm_policy_set(x, g->class_id, &r, UINT64_MAX);
}

static void
look_in(struct xfrm *x, size_t bucket, const struct sockdiag_entry *e, const struct flow *f)
{
	struct xfrm_guaranteed *g;

	LIST_FOREACH (g, &x->guaranteed[bucket], link)
		if (g->n_pairs == 0 && flow_matches(&g->selector, f) &&
		    xfrm_socket_is_of(x, g->class_id, e) &&
		    (flow_equal(&g->selector, f) || ++g->n_live > XFRM_MAX_LIVE ||
			!remember(x, g, f)))
			g->seen_ms = x->now_ms;
}

static void
look_at_socket(void *ctx, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	size_t any = xfrm_bucket(&f.remote.addr), own = xfrm_selector_bucket(&f);

	if (e->remote.port == 0)
		return;
	look_in(ctx, any, e, &f);
	if (own != any)
		look_in(ctx, own, e, &f);
}

static bool
waits_for_pair(struct xfrm *x)
{
	struct xfrm_guaranteed *g;
	bool waits = false;

	for (size_t i = 0; i < XFRM_BUCKETS && x->n_guaranteed > 0; i++)
		LIST_FOREACH (g, &x->guaranteed[i], link) {
			g->n_live = 0;
			waits = waits || g->n_pairs == 0;
		}
	return waits;
}

/* Unless they were all seen, every connection may live. */
static void
end_unused(struct xfrm *x, struct xfrm_guaranteed *g, bool saw_all)
{
	bool is_tcp = g->selector.protocol == IPPROTO_TCP;

	if (is_tcp && !saw_all)
		g->seen_ms = x->now_ms;
	if (g->n_pairs == 0 && x->now_ms - g->seen_ms >= (is_tcp ? SETTLE_MS : XFRM_CLEAR_MS))
		end(x, g);
}

void
xfrm_guarantee_tick(struct xfrm *x)
{
	struct xfrm_guaranteed *g, *next;
	bool saw_all = true;

	if (!waits_for_pair(x))
		return;
	for (uint8_t family = 4; family <= 6; family += 2)
		if (sockdiag_dump(family, IPPROTO_TCP, 0, look_at_socket, x) != 0)
			saw_all = false;
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		for (g = LIST_FIRST(&x->guaranteed[i]); g != NULL; g = next) {
			next = LIST_NEXT(g, link);
			end_unused(x, g, saw_all);
		}
}
