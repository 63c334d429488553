/* Neighbours of the kernel plane that say the same always. */
#include "tests/unit/xfrm_stubs.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/net.h"

#define WEAK __attribute__((weak))

struct sockdiag_entry sockets[MAX_SOCKETS];
size_t n_sockets;
bool sockets_fail;
bool has_pair;

struct xfrm *
xfrm_empty(void)
{
	struct xfrm *x = calloc(1, sizeof(*x));

	ck_assert_ptr_nonnull(x);
	x->now_ms = 1000000;
	n_sockets = 0;
	sockets_fail = has_pair = false;
	return x;
}

/* ---- log.c, net.c, sockdiag.c ---- */

WEAK void
log_info(const char *token, const char *fmt, ...)
{
	(void)token;
	(void)fmt;
}

WEAK void
log_warn(const char *token, const char *fmt, ...)
{
	(void)token;
	(void)fmt;
}

WEAK void
log_error(const char *token, const char *fmt, ...)
{
	(void)token;
	ck_abort_msg("%s", fmt);
}

WEAK uint32_t
net_mark_class(const struct config *c, uint32_t mark)
{
	(void)c;
	return mark;
}

WEAK int
sockdiag_dump(uint8_t family, uint8_t protocol, uint16_t local_port, sockdiag_each *each,
    void *ctx)
{
	(void)local_port;
	return sockdiag_dump_states(family, protocol, UINT32_MAX, each, ctx);
}

WEAK int
sockdiag_dump_states(
    uint8_t family, uint8_t protocol, uint32_t states, sockdiag_each *each, void *ctx)
{
	for (size_t i = 0; i < n_sockets; i++)
		if (sockets[i].family == family && sockets[i].protocol == protocol &&
		    (states >> sockets[i].state & 1) != 0)
			each(ctx, &sockets[i]);
	return sockets_fail ? -ENOBUFS : 0;
}

/* ---- xfrm.c: numbers and levels ---- */

WEAK bool
xfrm_has_ipv6(void)
{
	return true;
}

WEAK size_t
xfrm_bucket(const struct address *a)
{
	return ((size_t)a->b[2] << 8 | a->b[3]) % XFRM_BUCKETS;
}

WEAK struct xfrm_mark_value
xfrm_policy_mark(const struct xfrm *x, uint32_t class_id)
{
	(void)x;
	return (struct xfrm_mark_value){ class_id << 20, 0x7ff00000 };
}

WEAK struct xfrm_mark_value
xfrm_state_mark(const struct xfrm *x, uint32_t class_id)
{
	return xfrm_policy_mark(x, class_id);
}

WEAK uint32_t
xfrm_reqid(uint32_t class_id)
{
	return class_id;
}

WEAK uint32_t
xfrm_reqid_connection(uint32_t class_id)
{
	return OF_CONNECTION + class_id;
}

WEAK uint32_t
xfrm_reqid_class(uint32_t reqid)
{
	return reqid;
}

WEAK enum xfrm_level
xfrm_class_level(const struct xfrm *x, uint32_t class_id)
{
	return x->class[class_id].allow_insecure ? XFRM_LEVEL_OPTIONAL : XFRM_LEVEL_REQUIRED;
}

WEAK enum xfrm_level
xfrm_class_level_out(const struct xfrm *x, uint32_t class_id)
{
	return x->class[class_id].clear_waits ? XFRM_LEVEL_REQUIRED :
						xfrm_class_level(x, class_id);
}

/* ---- pairs and policies ---- */

WEAK bool
xfrm_is_connection(const struct flow *selector)
{
	return selector->local.port != 0 && selector->remote.port != 0;
}

WEAK bool
xfrm_pair_serves(const struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	(void)x;
	(void)class_id;
	(void)f;
	return true;
}

WEAK bool
xfrm_pair_has_remote(struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	(void)x;
	(void)class_id;
	(void)remote;
	return has_pair;
}

WEAK struct xfrm_entry *
xfrm_policy_find(struct xfrm *x, const struct xfrm_rule *r)
{
	(void)x;
	(void)r;
	return NULL;
}

WEAK const char *
xfrm_check_sa(const struct xfrm *x, const struct action_sa_add *a)
{
	(void)x;
	(void)a;
	return NULL;
}

/* ---- messages, which the kernel takes ---- */

WEAK void
xfrm_message_any_keys(struct action_sa_add *a)
{
	(void)a;
}

WEAK struct nlmsghdr *
xfrm_message_sa_add(void *buf, const struct action_sa_add *a, uint32_t reqid,
    struct xfrm_mark_value mark, bool update)
{
	(void)a;
	(void)reqid;
	(void)mark;
	(void)update;
	return buf;
}

WEAK struct nlmsghdr *
xfrm_message_sa_delete(void *buf, const struct xfrm_sa_name *s, struct xfrm_mark_value mark)
{
	(void)s;
	(void)mark;
	return buf;
}

WEAK int
xfrm_netlink_talk(struct xfrm_netlink *nl, struct nlmsghdr *nlh)
{
	(void)nl;
	(void)nlh;
	return 0;
}

WEAK int
xfrm_netlink_dump(uint16_t type, xfrm_netlink_each *each, void *ctx)
{
	(void)type;
	(void)each;
	(void)ctx;
	return 0;
}
