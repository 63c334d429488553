/*
 * The end of the last SA of a selector. While there was one, each connection of that traffic
 * used it, and the kernel told of none: what was secured is remembered by the selector. From
 * now on it is remembered by connection, as in the plane: those that live go on to require
 * IPsec, and others may be clear again. Sockets say which ones live. Until all of them have a
 * memory of their own the selector keeps its own, and so it does with too many of them.
 *
 * Sockets are looked at twice. First at once, whatever their state: what just connects may have
 * sent its SYN protected. Then a while later, when what had come in protected has a socket:
 * what only then connects has sent nothing yet, because the selector still requires.
 *
 * Datagrams have no connections: their selectors stay as they are.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#define LOOK_MS 200
#define SETTLE_MS 500
#define MAX_NEW 1024 /* at one look: each costs two policies, and all else waits meanwhile */

static bool
has_connections(const struct xfrm_secured *s)
{
	return s->selector.protocol == IPPROTO_TCP && !xfrm_is_connection(&s->selector);
}

static void
begin_one(struct xfrm *x, struct xfrm_secured *s)
{
	s->n_live = 0;
	if (!has_connections(s) || xfrm_pair_overlaps(x, s->class_id, &s->selector))
		s->ended_ms = 0;
	else if (s->ended_ms == 0)
		s->ended_ms = x->now_ms;
}

void
xfrm_narrow_begin(struct xfrm *x)
{
	x->narrow.n_new = 0;
	xfrm_secured_walk(x, begin_one);
}

/* The kernel does not tell the mark of what is left of a closed socket. */
bool
xfrm_socket_is_of(const struct xfrm *x, uint32_t class_id, const struct sockdiag_entry *e)
{
	uint32_t theirs = net_mark_class(x->config, e->mark);

	return theirs == (x->class[class_id].is_rule ? 0 : class_id) ||
	       (theirs == 0 && (e->state == TCP_TIME_WAIT || e->state == TCP_FIN_WAIT2));
}

/* Has it a memory of its own now? */
static bool
remember(struct xfrm *x, const struct xfrm_secured *s, const struct flow *f)
{
	struct xfrm_secured *c = xfrm_secured_of(x, s->class_id, f);
	struct xfrm_rule r;

	if (c == NULL) {
		if (x->narrow.n_new >= MAX_NEW || x->n_secured >= XFRM_MAX_SECURED / 2 ||
		    !xfrm_policy_has_room(x) ||
		    (c = xfrm_secured_new(x, s->class_id, f, s->protocol)) == NULL)
			return false;
		x->narrow.n_new++;
		c->closes_ms = s->closes_ms;
	}
	r = xfrm_rule_flow(x, c->class_id, f, XFRM_LEVEL_REQUIRED, c->protocol);
	return xfrm_policy_set(x, c->class_id, &r, UINT64_MAX) &&
	       (x->now_ms < c->closes_ms || xfrm_clear_gate(x, c));
}

static void
look_at(struct xfrm *x, struct xfrm_secured *s, const struct sockdiag_entry *e,
    const struct flow *f)
{
	bool is_first = s->ended_ms == x->now_ms;

	if (s->ended_ms == 0 || !flow_matches(&s->selector, f) ||
	    !xfrm_socket_is_of(x, s->class_id, e) || (!is_first && e->state == TCP_SYN_SENT))
		return;
	if (++s->n_live > XFRM_MAX_LIVE || !remember(x, s, f))
		s->ended_ms = 0; /* it begins again */
}

void
xfrm_narrow_socket(struct xfrm *x, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	struct xfrm_secured *s;

	if (e->remote.port == 0 || e->protocol != IPPROTO_TCP)
		return;
	LIST_FOREACH (s, &x->secured[xfrm_bucket(&f.remote.addr)], link)
		look_at(x, s, e, &f);
}

static void
begin_again(struct xfrm *x, struct xfrm_secured *s)
{
	(void)x;
	s->ended_ms = 0;
}

static void
end_one(struct xfrm *x, struct xfrm_secured *s)
{
	if (s->ended_ms == 0 || x->now_ms - s->ended_ms < SETTLE_MS)
		return;
	xfrm_clear_gate_end(x, s);
	xfrm_secured_end(x, s);
}

void
xfrm_narrow_end(struct xfrm *x, bool saw_all)
{
	xfrm_secured_walk(x, saw_all ? end_one : begin_again);
}

/* ---- at once ---- */

static void
on_socket(void *ctx, const struct sockdiag_entry *e)
{
	xfrm_narrow_socket(ctx, e);
}

static void
look(struct xfrm *x)
{
	bool saw_all = true;

	x->narrow.looked_ms = x->now_ms;
	xfrm_narrow_begin(x);
	for (uint8_t family = 4; family <= 6; family += 2)
		if (sockdiag_dump(family, IPPROTO_TCP, 0, on_socket, x) != 0)
			saw_all = false;
	xfrm_narrow_end(x, saw_all);
}

void
xfrm_narrow_pair_gone(struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	struct xfrm_secured *s;
	bool is_last = false;

	if (!x->class[class_id].is_up)
		return;
	LIST_FOREACH (s, &x->secured[xfrm_bucket(&selector->remote.addr)], link) {
		if (s->class_id != class_id || !flow_overlaps(&s->selector, selector))
			continue;
		s->ended_ms = 0;
		if (has_connections(s) && !xfrm_pair_overlaps(x, class_id, &s->selector))
			is_last = true;
	}
	if (is_last && x->now_ms - x->narrow.looked_ms >= LOOK_MS)
		look(x); /* of many at once the tick sees the rest */
}
