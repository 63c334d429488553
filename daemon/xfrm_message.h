/*
 * Requests of the kernel's IPsec (NETLINK_XFRM), built in the caller's buffer. Nothing is
 * sent here.
 */
#ifndef AUTHIPD_DAEMON_XFRM_MESSAGE_H
#define AUTHIPD_DAEMON_XFRM_MESSAGE_H

#include "config/address.h"
#include "ike/engine.h"

#define XFRM_MESSAGE_BYTES 4096

struct nlmsghdr;

/* One state of the kernel: what names it. */
struct xfrm_sa_name {
	uint8_t protocol; /* 50 ESP, 51 AH */
	uint32_t spi;	  /* host order */
	struct address from;
	struct address to;
};

struct xfrm_mark_value {
	uint32_t value;
	uint32_t mask;
};

enum xfrm_level {
	XFRM_LEVEL_ALLOW,    /* passes as it is */
	XFRM_LEVEL_BLOCK,    /* never passes */
	XFRM_LEVEL_REQUIRED, /* protected, or it waits */
	XFRM_LEVEL_OPTIONAL, /* protected if there is an SA */
};

/* One of our policies. Wildcards: prefix 0, protocol 0, port 0. */
struct xfrm_rule {
	bool inbound;
	uint8_t family;	      /* 4 or 6 */
	struct flow selector; /* addresses may be unset where the prefix is 0 */
	uint8_t local_prefix;
	uint8_t remote_prefix;
	struct xfrm_mark_value mark; /* mask 0: any */
	uint32_t priority;	     /* lower comes first */
	enum xfrm_level level;
	uint8_t protocol; /* of the template; unused for allow and block */
	uint32_t reqid;
};

/* The names of the states of an SA_ADD: addresses on the wire, not of the selector. */
void xfrm_sa_name_of(const struct action_sa_add *a, struct xfrm_sa_name *out);
/* Keys of the right lengths, for where it does not matter which. */
void xfrm_message_any_keys(struct action_sa_add *a);
/* update: only addresses of the encapsulation and lifetimes of an existing state change. */
struct nlmsghdr *xfrm_message_sa_add(void *buf, const struct action_sa_add *a,
    uint32_t reqid, struct xfrm_mark_value mark, bool update);
struct nlmsghdr *xfrm_message_sa_delete(
    void *buf, const struct xfrm_sa_name *s, struct xfrm_mark_value mark);
struct nlmsghdr *xfrm_message_sa_get(void *buf, const struct xfrm_sa_name *s);
/* Gives the larval state of an acquire an SPI, so that it can be deleted. */
struct nlmsghdr *xfrm_message_spi_alloc(void *buf, const struct xfrm_sa_name *s,
    uint32_t reqid, uint32_t seq, struct xfrm_mark_value mark);
/* One of the same selector, mark and direction is replaced, or it is an error. */
struct nlmsghdr *xfrm_message_policy_add(
    void *buf, const struct xfrm_rule *r, bool replace);
struct nlmsghdr *xfrm_message_policy_delete(void *buf, const struct xfrm_rule *r);
struct nlmsghdr *xfrm_message_policy_get(void *buf, const struct xfrm_rule *r);
/* type: XFRM_MSG_GETSA or XFRM_MSG_GETPOLICY: all of them. */
struct nlmsghdr *xfrm_message_dump(void *buf, uint16_t type);
/* The value of IP_XFRM_POLICY and IPV6_XFRM_POLICY for r; its bytes. */
size_t xfrm_message_socket_policy(void *buf, const struct xfrm_rule *r);

#endif
