/* Policies that the kernel can serve. */
#include "daemon/xfrm_fit.h"

#include "daemon/xfrm_algo.h"

bool
xfrm_policy_has_esp(const struct policy *p)
{
	for (uint32_t i = 0; i < p->n_qm_proposal; i++)
		if (p->qm_proposal[i].transform != QM_AH)
			return true;
	return false;
}

uint32_t
xfrm_fit_policy(struct policy *p)
{
	bool esp = xfrm_policy_has_esp(p);
	uint32_t n = 0, before = p->n_qm_proposal;

	for (uint32_t i = 0; i < before; i++) {
		const struct qm_proposal *q = &p->qm_proposal[i];
		struct xfrm_algo_names names;

		if ((q->transform == QM_AH) != esp &&
		    xfrm_algo_find(esp ? 50 : 51, q->cipher, q->integrity, &names))
			p->qm_proposal[n++] = *q;
	}
	p->n_qm_proposal = n;
	return before - n;
}
