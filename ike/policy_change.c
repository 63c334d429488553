/* The policy changed: what no longer matches it ends (MS-AIPS 3.1.7.3; spec authip.md 4.8). */
#include "ike/policy_pool.h"

static bool
qm_satisfies(const struct qm_sa *qm, const struct class_policy *now)
{
	const struct qm_proposal *had = &qm->choice.proposal;

	if (now->guarantee_encryption && !cipher_encrypts(had->cipher))
		return false;
	for (uint32_t i = 0; i < now->policy->n_qm_proposal; i++) {
		const struct qm_proposal *p = &now->policy->qm_proposal[i];

		if (p->transform == had->transform && p->integrity == had->integrity &&
		    p->cipher == had->cipher && p->pfs == had->pfs)
			return true;
	}
	return false;
}

/* A negotiation that runs is for what was wanted when it began. */
static bool
is_still_right(const struct qm_sa *qm, const struct class_policy *now)
{
	const struct class_policy *had = &qm->policy;

	if (policy_equal(had->policy, now->policy) && policy_same_peer(had, now) &&
	    had->guarantee_encryption == now->guarantee_encryption)
		return true;
	return qm_is_usable(qm) && policy_same_target(had, now) &&
	       qm_satisfies(qm, now) && qm->mm != NULL &&
	       policy_mm_satisfies(qm->mm, now->policy);
}

/* False: it was deleted, and others may be, too. */
static bool
qm_revalidates(struct engine *e, struct qm_sa *qm, class_lookup *lookup, void *ctx)
{
	struct mm_sa *mm = qm->mm;
	struct class_policy now;

	if (lookup(ctx, qm->policy.class_id, &qm->selector.remote, &now) &&
	    is_still_right(qm, &now) && policy_hold(e, &now)) {
		policy_release(
		    &qm->policy); /* the next one is negotiated as it is now */
		qm->policy = now;
		return true;
	}
	/* Without its first quick mode nothing would become of a main mode. */
	if (mm != NULL && qm->is_first && !qm_is_usable(qm) && mm->state != MM_DYING) {
		mm_end(e, mm, IKE_ERR_POLICY_CHANGED);
		return false;
	}
	qm_delete(e, qm, IKE_ERR_POLICY_CHANGED, true);
	return false;
}

/* One that carries nothing is kept only for what would be negotiated again. */
static bool
mm_is_wanted(struct engine *e, const struct mm_sa *mm)
{
	const struct policy *now =
	    e->p.host.mm_policy(e->p.host.ctx, &mm->local, &mm->remote);

	return now != NULL && policy_equal_main_mode(mm->policy, now);
}

void
engine_policy_changed(
    struct engine *e, uint64_t now_ms, class_lookup *lookup, void *ctx)
{
	struct qm_sa *qm, *next_qm;
	struct mm_sa *mm, *next_mm;

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	e->policy_round++;
	for (qm = LIST_FIRST(&e->qm_all); qm != NULL; qm = next_qm) {
		next_qm = LIST_NEXT(qm, all_link);
		if (qm->policy_round == e->policy_round)
			continue;
		qm->policy_round = e->policy_round;
		if (!qm_revalidates(e, qm, lookup, ctx))
			next_qm =
			    LIST_FIRST(&e->qm_all); /* others may have gone with it */
	}
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next_mm) {
		next_mm = LIST_NEXT(mm, all_link);
		if (mm->state != MM_DYING && LIST_EMPTY(&mm->quick_modes) &&
		    !mm_is_wanted(e, mm))
			mm_end(e, mm, IKE_ERR_POLICY_CHANGED);
	}
}
