/* What the kernel tells: acquires, ends of states, and what others do to ours. */
#include "daemon/log.h"
#include "daemon/xfrm_state.h"

static bool
is_our_doing(const struct xfrm *x, const struct xfrm_event *e)
{
	return e->port_id == xfrm_netlink_port_id(x->netlink);
}

static void
on_expire(struct xfrm *x, const struct xfrm_event *e)
{
	struct xfrm_pair *p;
	bool inbound;

	if (xfrm_reqid_class(e->reqid) == 0 || e->sa.spi == 0 ||
	    (p = xfrm_pair_find(x, &e->sa, &inbound)) == NULL)
		return;
	if (!e->is_hard) {
		xfrm_pair_soft(x, p);
		return;
	}
	p->exists[inbound ? 1 : 0] = false; /* the kernel has deleted it */
	xfrm_pair_expire(x, p, EXPIRY_BYTES);
}

static void
on_state_deleted(struct xfrm *x, const struct xfrm_event *e)
{
	struct xfrm_pair *p;
	bool inbound;

	if (is_our_doing(x, e) || (p = xfrm_pair_find(x, &e->sa, &inbound)) == NULL)
		return;
	if (log_limit_pass(&x->alarms, "xfrm", x->now_ms))
		log_warn("xfrm",
		    "another program deleted the SA of quick mode %u: negotiating anew",
		    p->qm_id);
	p->exists[inbound ? 1 : 0] = false;
	xfrm_pair_expire(x, p, EXPIRY_PLANE_GONE);
}

static bool
is_flushed(const struct xfrm_pair *p, const struct xfrm_event *e)
{
	return e->sa.protocol == 0 || e->sa.protocol == p->sa.protocol;
}

static size_t
count_flushed(const struct xfrm *x, const struct xfrm_event *e)
{
	const struct xfrm_pair *p;
	size_t n = 0;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (p, &x->by_id[i], by_id)
			n += is_flushed(p, e);
	return n;
}

static void
on_states_flushed(struct xfrm *x, const struct xfrm_event *e)
{
	struct proto_qm_expired all = { 0, EXPIRY_PLANE_GONE };
	size_t n = is_our_doing(x, e) ? 0 : count_flushed(x, e);
	struct xfrm_pair *p;

	if (n == 0)
		return;
	if (log_limit_pass(&x->alarms, "xfrm", x->now_ms))
		log_warn("xfrm",
		    "another program flushed the SAs of this host: negotiating anew");
	if (n == x->n_pairs) {
		(void)ipc_send(
		    x->negotiator, PROTO_QM_EXPIRED, &all, sizeof(all), -1);
		return;
	}
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (p, &x->by_id[i], by_id)
			if (is_flushed(p, e)) {
				p->exists[0] = p->exists[1] = false;
				xfrm_pair_expire(x, p, EXPIRY_PLANE_GONE);
			}
}

static void
on_policy_changed(struct xfrm *x, const struct xfrm_event *e)
{
	struct xfrm_entry *ours;

	if (is_our_doing(x, e) || (ours = xfrm_policy_find(x, &e->rule)) == NULL)
		return;
	xfrm_policy_repair(x, ours);
	if (log_limit_pass(&x->alarms, "xfrm", x->now_ms))
		log_error("xfrm",
		    "ALARM: another program changed an IPsec policy of class %u; it was %s, "
		    "and packets may have left in clear meanwhile",
		    ours->class_id, ours->is_missing ? "not put back" : "put back");
}

static void
on_policies_flushed(struct xfrm *x, const struct xfrm_event *e)
{
	if (is_our_doing(x, e) || xfrm_policy_repair_all(x) == 0)
		return;
	if (log_limit_pass(&x->alarms, "xfrm", x->now_ms))
		log_error("xfrm",
		    "ALARM: another program flushed the IPsec policies of this host; ours "
		    "were put back, and packets may have left in clear meanwhile");
}

static void
on_mapping(struct xfrm *x, const struct xfrm_event *e)
{
	struct proto_move m = { .remote = e->remote };
	struct xfrm_pair *p;
	bool inbound;

	if (xfrm_reqid_class(e->reqid) == 0 ||
	    (p = xfrm_pair_find(x, &e->sa, &inbound)) == NULL || !p->sa.nat.peer_moves)
		return;
	m.qm_id = p->qm_id;
	xfrm_pair_move(x, p, &e->remote);
	(void)ipc_send(x->negotiator, PROTO_PEER_MOVED, &m, sizeof(m), -1);
}

static void
on_event(void *ctx, const struct xfrm_event *e)
{
	struct xfrm *x = ctx;

	switch (e->type) {
	case XFRM_EVENT_ACQUIRE:
		xfrm_acquire_new(x, e);
		break;
	case XFRM_EVENT_EXPIRE:
		on_expire(x, e);
		break;
	case XFRM_EVENT_SA_DELETED:
		on_state_deleted(x, e);
		break;
	case XFRM_EVENT_SA_FLUSHED:
		on_states_flushed(x, e);
		break;
	case XFRM_EVENT_POLICY:
	case XFRM_EVENT_POLICY_DELETED:
		on_policy_changed(x, e);
		break;
	case XFRM_EVENT_POLICY_FLUSHED:
		on_policies_flushed(x, e);
		break;
	case XFRM_EVENT_MAPPING:
		on_mapping(x, e);
		break;
	case XFRM_EVENT_SA:
	case XFRM_EVENT_OTHER:
		break;
	}
}

void
xfrm_event_read(struct xfrm *x)
{
	if (!xfrm_netlink_read(x->events_fd, on_event, x, &x->events_lost) ||
	    !x->events_lost)
		return;
	/* What was lost may be the end of a policy, or a question; SAs are for the tick. */
	x->events_lost = false;
	if (log_limit_pass(&x->alarms, "xfrm", x->now_ms))
		log_warn("xfrm",
		    "notifications of the kernel were lost: looking at every policy and "
		    "question");
	xfrm_policy_repair_all(x);
	xfrm_acquire_look(x);
}
