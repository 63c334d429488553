/* Which proposals of a policy the kernel's IPsec can do for sockets. */
#ifndef AUTHIPD_DAEMON_XFRM_FIT_H
#define AUTHIPD_DAEMON_XFRM_FIT_H

#include <stddef.h>

#include "config/policy.h"

/*
 * All that a kernel may have. One that a kernel lacks is bit 1 << i of config.kernel_lacks.
 * NULL: there are not so many.
 */
const struct qm_proposal *xfrm_fit_kind(size_t i);
bool xfrm_policy_has_esp(const struct policy *p);
/*
 * Takes out of a policy what the kernel cannot do: what it lacks, AH with GMAC, and AH beside
 * ESP (a socket has one policy for what comes in). The number of proposals that were taken out.
 */
uint32_t xfrm_fit_policy(struct policy *p, uint32_t lacks);
/* Would proposals be left, and some that encrypt if there are such now? */
bool xfrm_fit_serves(const struct policy *p, uint32_t lacks);

#endif
