/* When a quick mode is for one connection only: see ike/narrow.h. */
#include "ike/narrow.h"

#include <stdlib.h>

#include "ike/rekey.h"

static bool
is_same_or_any(uint16_t a, uint16_t b)
{
	return a == 0 || b == 0 || a == b;
}

static bool
overlap(const struct flow *a, const struct flow *b)
{
	return is_same_or_any(a->protocol, b->protocol) &&
	    is_same_or_any(a->local.port, b->local.port) &&
	    is_same_or_any(a->remote.port, b->remote.port) &&
	    address_equal(&a->local.addr, &b->local.addr) &&
	    address_equal(&a->remote.addr, &b->remote.addr);
}

/* Does the peer have, or get, a pair of another class that looks like this one? */
static bool
has_double(const struct engine *e, uint32_t class_id, const struct flow *flow)
{
	const struct qm_sa *other;

	for (other = sadb_qm_first(e, &flow->remote.addr); other != NULL;
	    other = LIST_NEXT(other, peer_link))
		if (other->state != QM_PENDING && other->policy.class_id != class_id &&
		    overlap(&other->selector, flow))
			return true;
	return false;
}

static bool
has_too_many(const struct engine *e, const struct qm_sa *qm)
{
	const struct qm_sa *other;
	size_t n = 0;

	for (other = sadb_qm_first(e, &qm->selector.remote.addr); other != NULL;
	    other = LIST_NEXT(other, peer_link))
		n += other->policy.class_id == qm->policy.class_id &&
		    other->selector.local.port != 0 &&
		    address_equal(&other->selector.remote.addr, &qm->selector.remote.addr);
	return n >= NARROW_MAX;
}

static bool
is_wanted(const struct engine *e, const struct mm_sa *mm, uint32_t class_id,
    const struct flow *flow, bool is_shared)
{
	switch (mm->dialect->selector_port) {
	case SELECTOR_PORT_ANY:
		return false;
	case SELECTOR_PORT_FLOW:
		return true;
	default:
		return is_shared || (mm->floated && mm->nat_local) ||
		    has_double(e, class_id, flow);
	}
}

bool
engine_wants_port(const struct engine *e, uint32_t class_id, const struct flow *flow)
{
	const struct mm_sa *mm;
	bool is_known = false;

	for (mm = sadb_mm_first(e, &flow->remote.addr); mm != NULL;
	    mm = LIST_NEXT(mm, peer_link)) {
		if (!address_equal(&mm->remote.addr, &flow->remote.addr))
			continue;
		if (is_wanted(e, mm, class_id, flow, false))
			return true;
		is_known = is_known || mm->state == MM_ESTABLISHED;
	}
	/* Who does not know the peer yet does not know of a NAT. */
	return !is_known || has_double(e, class_id, flow);
}

/* The port of the first one that asked; 0 if anybody asks for a flow whose port is not known. */
static uint16_t
port_of(const struct qm_sa *qm)
{
	const struct ticket *t;
	uint16_t port = 0;

	SLIST_FOREACH (t, &qm->tickets, next) {
		if (t->local_port == 0)
			return 0;
		port = t->local_port;
	}
	return port;
}

/* The same for another flow: joins one that has begun, or waits for its turn. */
static void
ask_again(struct engine *e, const struct qm_sa *qm, struct ticket *t)
{
	struct flow flow = qm->selector;
	struct qm_sa *other;

	flow.local.port = t->local_port;
	for (other = LIST_FIRST(&qm->mm->quick_modes); other != NULL;
	    other = LIST_NEXT(other, mm_link))
		if (other != qm && other->initiator && !qm_is_usable(other) && !other->is_doubted &&
		    other->policy.class_id == qm->policy.class_id &&
		    flow_equal(&other->selector, &flow))
			break;
	if (other == NULL && (other = acquire_new(e, &qm->policy, &flow)) == NULL) {
		acquire_refuse(e, t->id, IKE_ERR_NO_MEMORY);
		free(t);
		return;
	}
	other->is_shared = other->is_shared || qm->is_shared;
	SLIST_INSERT_HEAD(&other->tickets, t, next);
	if (other->mm != qm->mm) /* else qm_start_pending() comes to it */
		acquire_go(e, other->mm);
}

static void
send_others_away(struct engine *e, struct qm_sa *qm)
{
	SLIST_HEAD(, ticket) others = SLIST_HEAD_INITIALIZER(others);
	struct ticket *t, *next;

	for (t = SLIST_FIRST(&qm->tickets); t != NULL; t = next) {
		next = SLIST_NEXT(t, next);
		if (t->local_port == qm->selector.local.port)
			continue;
		SLIST_REMOVE(&qm->tickets, t, ticket, next);
		SLIST_INSERT_HEAD(&others, t, next);
	}
	while ((t = SLIST_FIRST(&others)) != NULL) {
		SLIST_REMOVE_HEAD(&others, next);
		ask_again(e, qm, t);
	}
}

void
narrow_begin(struct engine *e, struct qm_sa *qm)
{
	bool is_narrow = qm->selector.local.port != 0;
	struct flow flow = qm->selector;

	if ((!is_narrow && (flow.local.port = port_of(qm)) == 0) ||
	    !is_wanted(e, qm->mm, qm->policy.class_id, &flow, qm->is_shared) ||
	    (!is_narrow && has_too_many(e, qm)))
		return;
	qm->is_kept = qm->is_kept || flow.remote.port != 0;
	if (is_narrow)
		return;
	qm->selector = flow;
	qm->rekeyed_from = qm->n_rekeys = 0;
	rekey_begun(e, qm);
	send_others_away(e, qm);
}

bool
narrow_is_renewed(struct engine *e, const struct qm_sa *qm, enum ike_err why)
{
	switch (why) {
	case IKE_ERR_QM_EXPIRED:
	case IKE_ERR_PEER_DELETED:
	case IKE_ERR_STALE:
	case IKE_ERR_POLICY_CHANGED:
	case IKE_ERR_PLANE_GONE:
		return qm->is_kept && qm_is_usable(qm) && !qm->is_replaced &&
		    !e->shutting_down && !rekey_has_other(e, qm);
	default:
		return false;
	}
}
