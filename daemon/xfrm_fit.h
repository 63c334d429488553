/* Which proposals of a policy the kernel's IPsec can do for sockets. */
#ifndef AUTHIPD_DAEMON_XFRM_FIT_H
#define AUTHIPD_DAEMON_XFRM_FIT_H

#include "config/policy.h"

bool xfrm_policy_has_esp(const struct policy *p);
/*
 * Takes out of a policy what the kernel cannot do: AH beside ESP (a socket has one policy for
 * what comes in), and AH with GMAC. The number of proposals that were taken out.
 */
uint32_t xfrm_fit_policy(struct policy *p);

#endif
