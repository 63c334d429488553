/*
 * What an earlier daemon has left in the kernel. Its mark_mask may have been another one: each
 * of its classes has guards, which no other program has, and they tell its mask.
 */
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#define MAX_MASKS 8

struct leftovers {
	const struct config *config;
	struct xfrm *x; /* NULL: nothing is in use */
	struct xfrm_netlink *nl;
	struct xfrm_event *found;
	size_t n, n_kept;
	uint32_t mask[MAX_MASKS];
	size_t n_masks;
};

/* ---- whose is it? ---- */

static bool
is_guard(const struct xfrm_rule *r)
{
	return !r->inbound && r->level == XFRM_LEVEL_BLOCK && r->mark.mask != 0 &&
	       r->priority == XFRM_PRIORITY_FIRST + XFRM_PRIORITY_GUARD &&
	       r->local_prefix == 0 && r->remote_prefix == 1;
}

static bool
has_mask(const struct leftovers *l, uint32_t mask)
{
	for (size_t i = 0; i < l->n_masks; i++)
		if (l->mask[i] == mask)
			return true;
	return false;
}

static bool
is_ours(const struct leftovers *l, const struct xfrm_rule *r)
{
	if (xfrm_rule_is_ours(l->config, r))
		return true;
	return has_mask(l, r->mark.mask) && r->priority >= XFRM_PRIORITY_FIRST &&
	       r->priority < XFRM_PRIORITY_FIRST + XFRM_PRIORITY_COUNT;
}

static void
note_mask(void *ctx, const struct xfrm_event *e)
{
	struct leftovers *l = ctx;

	if (e->type == XFRM_EVENT_POLICY && is_guard(&e->rule) &&
	    l->n_masks < MAX_MASKS && !has_mask(l, e->rule.mark.mask))
		l->mask[l->n_masks++] = e->rule.mark.mask;
}

static void
note(struct leftovers *l, const struct xfrm_event *e)
{
	struct xfrm_event *more = realloc(l->found, (l->n + 1) * sizeof(*more));

	if (more == NULL)
		return;
	l->found = more;
	l->found[l->n++] = *e;
}

static void
on_state(void *ctx, const struct xfrm_event *e)
{
	if (e->type == XFRM_EVENT_SA && xfrm_reqid_class(e->reqid) != 0)
		note(ctx, e);
}

static void
on_policy(void *ctx, const struct xfrm_event *e)
{
	struct leftovers *l = ctx;

	if (e->type == XFRM_EVENT_POLICY && is_ours(l, &e->rule) &&
	    (l->x == NULL || xfrm_policy_find(l->x, &e->rule) == NULL))
		note(l, e);
}

/* ---- live sockets ---- */

/*
 * A mark that means nothing any more blocks as long as a socket has it. What carries the
 * classes of now is there before leftovers go.
 */
static void
keep_guard_of(void *ctx, const struct sockdiag_entry *s)
{
	struct leftovers *l = ctx;

	if (s->mark == 0 || s->state == TCP_TIME_WAIT)
		return;
	for (size_t i = 0; i < l->n; i++) {
		struct xfrm_event *e = &l->found[i];
		const struct xfrm_mark_value *m = &e->rule.mark;

		if (e->type != XFRM_EVENT_POLICY || !is_guard(&e->rule) ||
		    (s->mark & m->mask) != m->value ||
		    (m->mask == l->config->mark_mask &&
			net_mark_class(l->config, m->value) != 0))
			continue;
		e->type = XFRM_EVENT_OTHER;
		l->n_kept++;
	}
}

static void
keep_guards(struct leftovers *l)
{
	for (uint8_t family = 4; family <= 6 && l->n > 0; family += 2) {
		(void)sockdiag_dump(family, IPPROTO_TCP, 0, keep_guard_of, l);
		(void)sockdiag_dump(family, IPPROTO_UDP, 0, keep_guard_of, l);
	}
	if (l->n_kept > 0)
		log_warn("xfrm",
		    "sockets are open that an authipd with another mark_mask or mark_value has "
		    "secured: their traffic is blocked until they are closed");
}

/* ---- removal ---- */

/* A larval state would keep the kernel from asking us for its pair of addresses. */
static void
leftover_remove(struct xfrm_netlink *nl, const struct xfrm_event *e)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];

	if (e->type == XFRM_EVENT_POLICY)
		(void)xfrm_netlink_talk(nl, xfrm_message_policy_delete(buf, &e->rule));
	else if (e->type == XFRM_EVENT_SA && e->sa.spi == 0)
		xfrm_larval_end(nl, &e->sa, e->reqid, 0, e->mark);
	else if (e->type == XFRM_EVENT_SA)
		(void)xfrm_netlink_talk(nl, xfrm_message_sa_delete(buf, &e->sa, e->mark));
}

static void
leftovers_remove(struct leftovers *l)
{
	for (size_t i = 0; i < l->n; i++)
		leftover_remove(l->nl, &l->found[i]);
	if (l->n > l->n_kept)
		log_info("xfrm", "removed %zu SAs and policies that an earlier authipd left",
		    l->n - l->n_kept);
	free(l->found);
}

void
xfrm_leftovers_remove(const struct config *c, struct xfrm *in_use)
{
	struct leftovers l = { .config = c, .x = in_use, .nl = xfrm_netlink_open() };

	if (l.nl == NULL)
		return;
	/* Deleting while a dump runs would skip some. */
	(void)xfrm_netlink_dump(XFRM_MSG_GETPOLICY, note_mask, &l);
	(void)xfrm_netlink_dump(XFRM_MSG_GETSA, on_state, &l);
	(void)xfrm_netlink_dump(XFRM_MSG_GETPOLICY, on_policy, &l);
	keep_guards(&l);
	leftovers_remove(&l);
	xfrm_netlink_close(l.nl);
	if (in_use != NULL) /* what they have refused is not our doing */
		xfrm_counters_begin(in_use);
}
