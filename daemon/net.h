/*
 * The network objects of the plane: one persistent TUN device per class, and the rules and
 * routes that send marked packets into it. All operations are idempotent: what a killed
 * daemon left behind is taken over or removed.
 */
#ifndef AUTHIPD_DAEMON_NET_H
#define AUTHIPD_DAEMON_NET_H

#include "config/config.h"
#include "daemon/proto.h"

struct net_tun {
	int fd;
	uint32_t ifindex;
};

struct nlmsghdr;

/* Sends one rtnetlink request and waits for its acknowledgement: 0 or -errno. */
int net_talk(struct nlmsghdr *nlh);
/* The packet mark of a class under config mark_mask. */
uint32_t net_mark(const struct config *c, uint32_t class_id);
/* The class of a mark, 0 = not ours. */
uint32_t net_mark_class(const struct config *c, uint32_t mark);
/* The highest class that mark_mask has room for. */
uint32_t net_class_limit(const struct config *c);
/* The mark of our own packets, which no rule may catch; 0: no room. */
uint32_t net_bypass_mark(const struct config *c);
/*
 * TUN up, rule and routes of both families. Marked packets have nowhere else to go: when
 * the device is missing they are prohibited, never clear. False after logging why.
 */
bool net_class_up(const struct config *c, uint32_t class_id, struct net_tun *tun);
/* Removes what a class of a killed plane left, if anything is there. */
void net_class_remove(const struct config *c, uint32_t class_id);
/*
 * keep: live sockets still carry the mark: rules, routes and device stay, and their
 * traffic waits. Otherwise everything goes.
 */
void net_class_down(const struct config *c, uint32_t class_id, struct net_tun *tun, bool keep);

#endif
