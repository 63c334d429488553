/* A flow needs an SA: use one, join a negotiation, or start one. */
#include <stdlib.h>
#include <string.h>

#include "ike/policy_pool.h"
#include "ike/rekey.h"
#include "ike/v1.h"

#define MM_LAST_MS 5000

static bool
qm_covers(const struct qm_sa *qm, uint32_t class_id, const struct flow *flow)
{
	return qm->policy.class_id == class_id && flow_matches(&qm->selector, flow);
}

/* What wants encryption to be guaranteed takes a pair that does so (MS-IKEE 3.7.4.1). */
static bool
qm_guarantees(const struct qm_sa *qm, const struct class_policy *policy)
{
	return !policy->guarantee_encryption || qm->guaranteed_encryption ||
	    qm->policy.guarantee_encryption;
}

uint32_t
engine_find_qm(const struct engine *e, uint32_t class_id, const struct flow *flow)
{
	const struct qm_sa *qm;

	for (qm = sadb_qm_first(e, &flow->remote.addr); qm != NULL; qm = LIST_NEXT(qm, peer_link))
		if (qm_is_usable(qm) && qm_covers(qm, class_id, flow))
			return qm->id;
	return 0;
}

uint32_t
engine_flow_class(const struct engine *e, const struct flow *flow)
{
	const struct qm_sa *qm;

	for (qm = sadb_qm_first(e, &flow->remote.addr); qm != NULL; qm = LIST_NEXT(qm, peer_link))
		if (qm_is_usable(qm) && flow_matches(&qm->selector, flow))
			return qm->policy.class_id;
	return 0;
}

static bool
mm_is_answered(const struct mm_sa *mm)
{
	static const uint8_t none[COOKIE_BYTES];

	return memcmp(mm->rcookie, none, COOKIE_BYTES) != 0 || mm->peer_status != 0;
}

bool
engine_peer_speaks(const struct engine *e, const struct address *peer)
{
	const struct mm_sa *mm;
	bool speaks = false;

	for (mm = sadb_mm_first(e, peer); mm != NULL; mm = LIST_NEXT(mm, peer_link)) {
		if (!address_equal(&mm->remote.addr, peer) || mm->expired ||
		    mm->state == MM_DYING)
			continue;
		if (mm_is_answered(mm))
			speaks = true;
		else if (mm->request.n_sent > 1 &&
		    (mm->twin == NULL || !mm_is_answered(mm->twin)))
			return false;
	}
	return speaks;
}

/* With its port, if that is known: there may be pairs for it alone (ike/narrow.h). */
static struct flow
flow_of(const struct engine_acquire *a)
{
	struct flow f = a->selector;

	if (f.local.port == 0)
		f.local.port = a->local_port;
	return f;
}

static struct qm_sa *
acquire_find_qm(struct engine *e, const struct engine_acquire *a, bool usable)
{
	struct flow flow = flow_of(a);
	struct qm_sa *qm;

	for (qm = sadb_qm_first(e, &flow.remote.addr); qm != NULL;
	    qm = LIST_NEXT(qm, peer_link))
		if (qm_is_usable(qm) == usable && (usable || !qm->is_doubted) &&
		    (usable || qm->initiator || (qm->is_fast && qm->in_installed)) &&
		    qm_covers(qm, a->policy.class_id, &flow) &&
		    qm_guarantees(qm, &a->policy))
			return qm;
	return NULL;
}

/* Its last seconds are not enough for a quick mode. */
static bool
mm_is_over(const struct engine *e, const struct mm_sa *mm)
{
	return mm->expired || mm->state == MM_DYING ||
	    (mm->state == MM_ESTABLISHED && mm->lifetime.place != 0 &&
		mm->lifetime.at_ms < e->now_ms + MM_LAST_MS);
}

/* Only the initiator of a main mode starts quick modes on it (A70); with IKEv1 both may. */
static bool
may_start(const struct mm_sa *mm)
{
	return mm->initiator || (mm->v1 != NULL && mm->state == MM_ESTABLISHED);
}

/* A main mode for those who would have negotiated the same with the same peer. */
static struct mm_sa *
acquire_find_mm(struct engine *e, const struct class_policy *policy, const struct flow *selector)
{
	struct mm_sa *mm;

	for (mm = sadb_mm_first(e, &selector->remote.addr); mm != NULL;
	    mm = LIST_NEXT(mm, peer_link))
		if (may_start(mm) && !mm_is_over(e, mm) &&
		    policy_same_peer(&mm->policy_of, policy) &&
		    address_equal(&mm->remote.addr, &selector->remote.addr) &&
		    address_equal(&mm->local.addr, &selector->local.addr))
			return mm;
	return NULL;
}

bool
acquire_has_mm(struct engine *e, const struct class_policy *policy, const struct flow *selector)
{
	return acquire_find_mm(e, policy, selector) != NULL;
}

void
acquire_refuse(struct engine *e, uint64_t ticket, enum ike_err err)
{
	struct engine_action *r = action_push(e, ACTION_RESULT, SPAN_NONE);
	struct text t;

	e->error_count[err]++;
	if (r == NULL)
		return;
	r->result.ticket = ticket;
	r->result.error = err;
	r->result.win32 = ike_err_win32(err);
	text_init(&t, r->result.text, sizeof(r->result.text));
	text_str(&t, ike_err_text(err));
}

static bool
acquire_add_ticket(struct qm_sa *qm, const struct engine_acquire *a)
{
	struct ticket *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return false;
	t->id = a->ticket;
	t->local_port = flow_of(a).local.port;
	qm->is_shared = qm->is_shared || a->is_shared;
	SLIST_INSERT_HEAD(&qm->tickets, t, next);
	return true;
}

/* With whatever the policy negotiates; with both, AuthIP first (spec authip.md 6.8). */
static struct mm_sa *
acquire_main_mode(struct engine *e, const struct class_policy *policy,
    const struct endpoint *local, const struct endpoint *remote)
{
	enum keying keying = policy->policy->keying;
	struct mm_sa *mm, *v1;

	if (e->n_mm >= e->p.max_mm_total)
		return NULL;
	if (keying == KEYING_IKEV1)
		return v1_init_start(e, local, remote, policy, NULL);
	mm = mm_init_start(e, local, remote, policy, 0);
	if (keying != KEYING_BOTH)
		return mm;
	v1 = v1_init_start(e, local, remote, policy, mm);
	return mm != NULL ? mm : v1;
}

struct qm_sa *
acquire_new(struct engine *e, const struct class_policy *policy, const struct flow *selector)
{
	struct endpoint local = { selector->local.addr, 500 };
	struct endpoint remote = { selector->remote.addr, 500 };
	struct mm_sa *mm = acquire_find_mm(e, policy, selector);
	struct qm_sa *qm;

	if (mm != NULL)
		mm_init_hurry(e, mm);
	else
		mm = acquire_main_mode(e, policy, &local, &remote);
	if (mm == NULL || (qm = sadb_qm_new(e, mm, true)) == NULL)
		return NULL;
	qm->state = QM_PENDING;
	qm->policy = *policy;
	if (!policy_hold(e, &qm->policy)) {
		sadb_qm_free(e, qm);
		return NULL;
	}
	qm->selector = *selector;
	rekey_begun(e, qm);
	return qm;
}

void
acquire_go(struct engine *e, struct mm_sa *mm)
{
	/* It may have lost the quick mode that it was made for; before its keys nothing can go. */
	if (mm->state == MM_ESTABLISHED || (mm->state == MM_INIT_FIRST_DONE &&
					       mm->keys.ready && mm->n_quick_modes == 0))
		qm_start_pending(e, mm);
}

static void
acquire_start(struct engine *e, const struct engine_acquire *a)
{
	struct qm_sa *qm = acquire_new(e, &a->policy, &a->selector);

	if (qm == NULL) {
		acquire_refuse(e, a->ticket,
		    e->n_mm >= e->p.max_mm_total ? IKE_ERR_TOTAL_LIMIT : IKE_ERR_NO_MEMORY);
		return;
	}
	qm->is_kept = qm->is_kept || a->renews;
	if (!acquire_add_ticket(qm, a))
		acquire_refuse(e, a->ticket, IKE_ERR_NO_MEMORY);
	acquire_go(e, qm->mm);
}

void
engine_acquire(struct engine *e, uint64_t now_ms, const struct engine_acquire *a)
{
	struct qm_sa *qm;

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	if (e->shutting_down) {
		acquire_refuse(e, a->ticket, IKE_ERR_SHUTDOWN);
		return;
	}
	if ((qm = acquire_find_qm(e, a, true)) != NULL) {
		if (acquire_add_ticket(qm, a))
			qm_results(e, qm, IKE_OK, 0, "");
		return;
	}
	if ((qm = acquire_find_qm(e, a, false)) != NULL) {
		if (!acquire_add_ticket(qm, a))
			acquire_refuse(e, a->ticket, IKE_ERR_NO_MEMORY);
		if (qm->mm != NULL)
			mm_init_hurry(e, qm->mm);
		return;
	}
	acquire_start(e, a);
}
