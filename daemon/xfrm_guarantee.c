/*
 * Traffic that was guaranteed encryption, because one side insisted on it: no pair that does
 * not guarantee it sends it any more. The kernel knows no flows: it is remembered by the
 * selector of the SA, as long as there is such an SA, or a connection that it was for. What one
 * connection alone had keeps its policy, which no other pair satisfies.
 */
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#define TCP_LINGER_MS 2000 /* until connections were looked at */
#define LINGER_MS 60000

struct xfrm_guaranteed {
	LIST_ENTRY(xfrm_guaranteed) link;
	uint32_t class_id;
	struct flow selector;
	uint8_t protocol;
	size_t n_pairs;	  /* that guarantee it */
	uint64_t seen_ms; /* when there was one, or a connection */
};

static struct xfrm_guaranteed *
find(const struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	struct xfrm_guaranteed *g;

	LIST_FOREACH (g, &x->guaranteed[xfrm_bucket(&selector->remote.addr)], link)
		if (g->class_id == class_id && flow_equal(&g->selector, selector))
			return g;
	return NULL;
}

bool
xfrm_guarantee_covers(const struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	const struct xfrm_guaranteed *g;
	const struct xfrm_pair *p;

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
	const struct xfrm_guaranteed *g;

	if (find(x, class_id, selector) == NULL)
		return false;
	LIST_FOREACH (g, &x->guaranteed[xfrm_bucket(&selector->remote.addr)], link)
		if (g->class_id == class_id && flow_matches(&g->selector, selector) &&
		    !flow_equal(&g->selector, selector))
			return false; /* pairs of that will do */
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

	LIST_FOREACH (g, &x->guaranteed[xfrm_bucket(&a->selector.remote.addr)], link)
		if (may_not_send(x, a, g->class_id, &g->selector))
			return true;
	return false;
}

static struct xfrm_guaranteed *
guaranteed_new(struct xfrm *x, const struct action_sa_add *a)
{
	struct xfrm_guaranteed *g =
	    x->n_guaranteed < XFRM_MAX_SECURED ? calloc(1, sizeof(*g)) : NULL;

	if (g == NULL) {
		log_error("xfrm", "too much traffic is guaranteed encryption");
		return NULL;
	}
	g->class_id = a->class_id;
	g->selector = a->selector;
	g->protocol = a->protocol;
	LIST_INSERT_HEAD(&x->guaranteed[xfrm_bucket(&a->selector.remote.addr)], g, link);
	x->n_guaranteed++;
	return g;
}

bool
xfrm_guarantee_note(struct xfrm *x, struct xfrm_pair *p)
{
	struct xfrm_guaranteed *g;

	if (p->guaranteed != NULL || !p->sa.guaranteed_encryption ||
	    x->class[p->sa.class_id].guarantee_encryption)
		return true;
	if ((g = find(x, p->sa.class_id, &p->sa.selector)) == NULL &&
	    (g = guaranteed_new(x, &p->sa)) == NULL)
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

void
xfrm_guarantee_serve(struct xfrm *x, const struct action_sa_add *a)
{
	const struct xfrm_guaranteed *g;
	struct xfrm_pair *p;

	if (!a->guaranteed_encryption)
		return;
	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&a->selector.remote.addr)], by_peer)
		if (may_not_send(x, &p->sa, a->class_id, &a->selector))
			xfrm_pair_stop_sending(x, p);
	LIST_FOREACH (g, &x->guaranteed[xfrm_bucket(&a->selector.remote.addr)], link)
		if (g->class_id == a->class_id && xfrm_is_connection(&g->selector) &&
		    flow_matches(&a->selector, &g->selector) &&
		    !flow_equal(&a->selector, &g->selector))
			xfrm_pair_connection_end(x, g->class_id, &g->selector, g->protocol);
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

/* A connection with a pair of its own that guarantees nothing is another one. */
static void
look_at_socket(void *ctx, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	uint32_t class_id = net_mark_class(((struct xfrm *)ctx)->config, e->mark);
	struct xfrm *x = ctx;
	struct xfrm_guaranteed *g;

	if (e->remote.port == 0 || e->state == TCP_TIME_WAIT)
		return;
	LIST_FOREACH (g, &x->guaranteed[xfrm_bucket(&f.remote.addr)], link)
		if (g->n_pairs == 0 &&
		    (x->class[g->class_id].is_rule ? 0 : g->class_id) == class_id &&
		    flow_matches(&g->selector, &f) &&
		    (flow_equal(&g->selector, &f) ||
			!xfrm_pair_is_of_connection(x, g->class_id, &f)))
			g->seen_ms = x->now_ms;
}

static bool
waits_for_pair(const struct xfrm *x)
{
	const struct xfrm_guaranteed *g;

	for (size_t i = 0; i < XFRM_BUCKETS && x->n_guaranteed > 0; i++)
		LIST_FOREACH (g, &x->guaranteed[i], link)
			if (g->n_pairs == 0)
				return true;
	return false;
}

static void
end_unused(struct xfrm *x, struct xfrm_guaranteed *g)
{
	uint64_t linger_ms =
	    g->selector.protocol == IPPROTO_TCP ? TCP_LINGER_MS : LINGER_MS;

	if (g->n_pairs == 0 && x->now_ms - g->seen_ms >= linger_ms)
		end(x, g);
}

void
xfrm_guarantee_tick(struct xfrm *x)
{
	struct xfrm_guaranteed *g, *next;

	if (!waits_for_pair(x))
		return;
	for (uint8_t family = 4; family <= 6; family += 2)
		(void)sockdiag_dump(family, IPPROTO_TCP, 0, look_at_socket, x);
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		for (g = LIST_FIRST(&x->guaranteed[i]); g != NULL; g = next) {
			next = LIST_NEXT(g, link);
			end_unused(x, g);
		}
}
