/*
 * What the kernel says on NETLINK_XFRM: notifications and answers, with every length
 * checked.
 */
#ifndef AUTHIPD_DAEMON_XFRM_PARSE_H
#define AUTHIPD_DAEMON_XFRM_PARSE_H

#include "daemon/xfrm_message.h"

enum xfrm_event_type {
	XFRM_EVENT_OTHER,      /* not for us */
	XFRM_EVENT_ACQUIRE,    /* sa, flow, reqid, mark, seq */
	XFRM_EVENT_EXPIRE,     /* sa, reqid, is_hard */
	/* sa, reqid, mark, bytes, packets, refusals; without an SPI also flow and seq */
	XFRM_EVENT_SA,
	XFRM_EVENT_SA_DELETED, /* sa, reqid */
	XFRM_EVENT_SA_FLUSHED, /* the protocol of sa; 0: of all */
	XFRM_EVENT_POLICY,	   /* rule */
	XFRM_EVENT_POLICY_DELETED, /* rule */
	XFRM_EVENT_POLICY_FLUSHED,
	XFRM_EVENT_MAPPING, /* sa (without its source), reqid, remote */
};

struct xfrm_event {
	enum xfrm_event_type type;
	uint32_t port_id; /* whose request caused it; 0: the kernel's own */
	struct xfrm_sa_name sa;
	struct flow flow;
	uint32_t reqid;
	struct xfrm_mark_value mark;
	uint32_t seq;
	bool is_hard;
	uint64_t bytes;
	uint64_t packets;
	uint32_t replayed;	 /* refused: seen before, or too old to know */
	uint32_t integrity_failed; /* refused: wrong integrity check value */
	struct xfrm_rule rule;
	struct endpoint remote;
};

/* False: shorter than it must be, or contradictory; then it is to be ignored. */
bool xfrm_parse(const struct nlmsghdr *nlh, struct xfrm_event *out);

#endif
