/* Two policies that say the same are one: sockets with them may share SAs. */
#include "config/policy.h"

static bool
auth_equal(
    const struct auth_entry *a, uint32_t n_a, const struct auth_entry *b, uint32_t n_b)
{
	for (uint32_t i = 0; n_a == n_b && i < n_a; i++)
		if (a[i].method != b[i].method || a[i].offered != b[i].offered)
			return false;
	return n_a == n_b;
}

static bool
mm_proposals_equal(const struct policy *a, const struct policy *b)
{
	for (uint32_t i = 0;
	     a->n_mm_proposal == b->n_mm_proposal && i < a->n_mm_proposal; i++) {
		const struct mm_proposal *x = &a->mm_proposal[i],
					 *y = &b->mm_proposal[i];

		if (x->cipher != y->cipher || x->integrity != y->integrity ||
		    x->group != y->group || x->lifetime_s != y->lifetime_s)
			return false;
	}
	return a->n_mm_proposal == b->n_mm_proposal;
}

static bool
qm_proposals_equal(const struct policy *a, const struct policy *b)
{
	for (uint32_t i = 0;
	     a->n_qm_proposal == b->n_qm_proposal && i < a->n_qm_proposal; i++) {
		const struct qm_proposal *x = &a->qm_proposal[i],
					 *y = &b->qm_proposal[i];

		if (x->transform != y->transform || x->integrity != y->integrity ||
		    x->cipher != y->cipher || x->pfs != y->pfs ||
		    x->lifetime_s != y->lifetime_s || x->lifetime_kb != y->lifetime_kb)
			return false;
	}
	return a->n_qm_proposal == b->n_qm_proposal;
}

bool
policy_equal_main_mode(const struct policy *a, const struct policy *b)
{
	return a->keying == b->keying && mm_proposals_equal(a, b) &&
	       auth_equal(a->mm_auth, a->n_mm_auth, b->mm_auth, b->n_mm_auth) &&
	       auth_equal(a->em_auth, a->n_em_auth, b->em_auth, b->n_em_auth) &&
	       a->mm_qm_limit == b->mm_qm_limit;
}

bool
policy_equal(const struct policy *a, const struct policy *b)
{
	return policy_equal_main_mode(a, b) && qm_proposals_equal(a, b) &&
	       a->nd == b->nd && a->nd_allow_clear_s == b->nd_allow_clear_s &&
	       a->nd_fallback_ms == b->nd_fallback_ms &&
	       a->idle_s == b->idle_s && a->idle_failover_s == b->idle_failover_s;
}
