/* The netlink sockets of the kernel's IPsec: requests, dumps and notifications. */
#ifndef AUTHIPD_DAEMON_XFRM_NETLINK_H
#define AUTHIPD_DAEMON_XFRM_NETLINK_H

#include "daemon/xfrm_parse.h"

struct xfrm_netlink; /* owned */

/* NULL with errno set: this kernel has no XFRM netlink, or we lack the privilege. */
struct xfrm_netlink *xfrm_netlink_open(void);
void xfrm_netlink_close(struct xfrm_netlink *nl);
/* Sends a request and waits for its acknowledgement: 0 or -errno. */
int xfrm_netlink_talk(struct xfrm_netlink *nl, struct nlmsghdr *nlh);
/* Same for a request that is answered by a message. */
int xfrm_netlink_ask(
    struct xfrm_netlink *nl, struct nlmsghdr *nlh, struct xfrm_event *out);
/* What our own requests carry as their sender. */
uint32_t xfrm_netlink_port_id(const struct xfrm_netlink *nl);

typedef void xfrm_netlink_each(void *ctx, const struct xfrm_event *e);
/* type: XFRM_MSG_GETSA, XFRM_MSG_GETPOLICY. 0 or -errno. */
int xfrm_netlink_dump(uint16_t type, xfrm_netlink_each *each, void *ctx);

/*
 * A socket that hears acquires, expiries, and changes of states and policies, but not those
 * that `own` has made: thousands at once would leave no room for others. -1: errno.
 */
int xfrm_netlink_listen(const struct xfrm_netlink *own);
/*
 * Reads what is there, but not without end; false: there is more. *lost becomes true if
 * notifications were lost: once that is known, the kernel loses all until it is read empty.
 */
bool xfrm_netlink_read(int fd, xfrm_netlink_each *each, void *ctx, bool *lost);

#endif
