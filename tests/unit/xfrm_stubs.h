/*
 * What the files of the kernel plane lean on, for the tests that do not care. A test that does
 * has a function of its own: those here are weak. Programs that ask the kernel of this host
 * (check_xfrm_netlink) must not have them: nobody would notice.
 */
#ifndef AUTHIPD_TESTS_UNIT_XFRM_STUBS_H
#define AUTHIPD_TESTS_UNIT_XFRM_STUBS_H

#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#define OF_CONNECTION 0x1000 /* added to a reqid */

#define MAX_SOCKETS 3000

/* Sockets of this host; or it does not say. */
extern struct sockdiag_entry sockets[MAX_SOCKETS];
extern size_t n_sockets;
extern bool sockets_fail;
/* With whichever address is asked for. */
extern bool has_pair;

/* 1000 s after boot, there is nothing. */
struct xfrm *xfrm_empty(void);

#endif
