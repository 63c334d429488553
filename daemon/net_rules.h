/*
 * Connection-security rules in the kernel. Local packets that a rule selects are routed
 * into the device of its class: by rules of the routing policy, so that sockets learn
 * source address and MTU of that route, and once more by nftables, which sees the packet
 * as it is (a socket that is not bound has no source address when it is routed first) and
 * marks it. Clear packets that a rule forbids to come in are dropped by nftables. It also
 * remembers flows, where a rule lets clear packets out: what came in protected once comes in
 * clear no more (after the grace that the policy gives), and what left in clear may be
 * answered in clear. (With backend kernel: xfrm_rules.c.)
 *
 * Our own packets carry a mark that no rule catches (net_bypass_mark()). Loopback is local,
 * not routed by these rules; ICMP, and with it neighbour discovery, is neither TCP nor UDP.
 */
#ifndef AUTHIPD_DAEMON_NET_RULES_H
#define AUTHIPD_DAEMON_NET_RULES_H

#include "config/config.h"

struct net_rule {
	uint32_t class_id;
	const struct rule *rule; /* borrowed */
	bool is_exempt;		 /* what it selects goes and comes as without any rule */
	bool clear_out;		 /* while there is no SA */
	bool clear_in;		 /* of flows that the peer begins */
	uint32_t allow_clear_s;	 /* clear packets of a flow still come in, once it is secured */
};

/* These rules, in this order, and no others. False after logging what is missing. */
bool net_rules_set(const struct config *c, const struct net_rule *list, size_t n);

#endif
