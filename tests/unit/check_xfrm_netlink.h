/* Cases with the policies of this kernel, in a network namespace for each. */
#ifndef AUTHIPD_TESTS_CHECK_XFRM_NETLINK_H
#define AUTHIPD_TESTS_CHECK_XFRM_NETLINK_H

#include <check.h>

void xfrm_netns_enter(void);
TCase *xfrm_install_cases(void);
TCase *xfrm_leftovers_cases(void);

#endif
