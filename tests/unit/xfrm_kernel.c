/* A kernel that knows of IPsec nothing but policies, none of them of sockets. */
#include "tests/unit/xfrm_kernel.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "config/rule.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_netlink.h"

#define MAX_POLICIES 4096

static struct kernel_policy there[MAX_POLICIES];
static size_t n_there;

struct xfrm_netlink *
xfrm_netlink_open(void)
{
	return (struct xfrm_netlink *)there;
}

void
xfrm_netlink_close(struct xfrm_netlink *nl)
{
	(void)nl;
}

uint32_t
xfrm_netlink_port_id(const struct xfrm_netlink *nl)
{
	(void)nl;
	return 1;
}

int
xfrm_netlink_listen(const struct xfrm_netlink *own)
{
	(void)own;
	return eventfd(0, EFD_CLOEXEC);
}

bool
xfrm_netlink_read(int fd, xfrm_netlink_each *each, void *ctx, bool *lost)
{
	(void)fd;
	(void)each;
	(void)ctx;
	*lost = false;
	return true;
}

int
xfrm_netlink_dump(uint16_t type, xfrm_netlink_each *each, void *ctx)
{
	(void)type;
	(void)each;
	(void)ctx;
	return 0;
}

int
sockdiag_dump(
    uint8_t family, uint8_t protocol, uint16_t port, sockdiag_each *each, void *ctx)
{
	(void)family;
	(void)protocol;
	(void)port;
	(void)each;
	(void)ctx;
	return 0;
}

int
sockdiag_dump_states(
    uint8_t family, uint8_t protocol, uint32_t states, sockdiag_each *each, void *ctx)
{
	(void)states;
	return sockdiag_dump(family, protocol, 0, each, ctx);
}

static struct kernel_policy *
same_there(const struct kernel_policy *p)
{
	for (size_t i = 0; i < n_there; i++)
		if (there[i].direction == p->direction &&
		    memcmp(&there[i].selector, &p->selector, sizeof(p->selector)) ==
			0 &&
		    memcmp(&there[i].mark, &p->mark, sizeof(p->mark)) == 0)
			return &there[i];
	return NULL;
}

static void
read_attributes(const struct nlmsghdr *nlh, size_t head_n, struct kernel_policy *p)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, head_n)
	{
		const struct xfrm_user_tmpl *t = mnl_attr_get_payload(a);

		if (mnl_attr_get_type(a) == XFRMA_MARK)
			memcpy(&p->mark, t, sizeof(p->mark));
		if (mnl_attr_get_type(a) != XFRMA_TMPL)
			continue;
		p->level = t->optional ? XFRM_LEVEL_OPTIONAL : XFRM_LEVEL_REQUIRED;
		p->reqid = t->reqid;
	}
}

static int
policy_add(const struct nlmsghdr *nlh, bool replace)
{
	const struct xfrm_userpolicy_info *info = mnl_nlmsg_get_payload(nlh);
	struct kernel_policy p = { .selector = info->sel,
		.direction = info->dir,
		.priority = info->priority,
		.is_for_icmp = (info->flags & XFRM_POLICY_ICMP) != 0,
		.level = info->action == XFRM_POLICY_BLOCK ? XFRM_LEVEL_BLOCK :
							     XFRM_LEVEL_ALLOW };
	struct kernel_policy *old;

	read_attributes(nlh, sizeof(*info), &p);
	if ((old = same_there(&p)) == NULL) {
		ck_assert_uint_lt(n_there, MAX_POLICIES);
		there[n_there++] = p;
	} else if (replace) {
		*old = p;
	} else {
		return -EEXIST;
	}
	return 0;
}

static int
policy_delete(const struct nlmsghdr *nlh)
{
	const struct xfrm_userpolicy_id *id = mnl_nlmsg_get_payload(nlh);
	struct kernel_policy p = { .selector = id->sel, .direction = id->dir }, *old;

	read_attributes(nlh, sizeof(*id), &p);
	if ((old = same_there(&p)) == NULL)
		return -ENOENT;
	*old = there[--n_there];
	return 0;
}

/* Enough to see whose it is. */
int
xfrm_netlink_ask(struct xfrm_netlink *nl, struct nlmsghdr *nlh, struct xfrm_event *out)
{
	const struct xfrm_userpolicy_id *id = mnl_nlmsg_get_payload(nlh);
	struct kernel_policy p = { .selector = id->sel, .direction = id->dir };
	const struct kernel_policy *old;

	(void)nl;
	ck_assert_uint_eq(nlh->nlmsg_type, XFRM_MSG_GETPOLICY);
	read_attributes(nlh, sizeof(*id), &p);
	if ((old = same_there(&p)) == NULL)
		return -ENOENT;
	*out = (struct xfrm_event){ .type = XFRM_EVENT_POLICY,
		.rule = { .inbound = old->direction == XFRM_POLICY_IN,
		    .mark = { old->mark.v, old->mark.m },
		    .priority = old->priority,
		    .reqid = old->reqid } };
	return 0;
}

int
xfrm_netlink_talk(struct xfrm_netlink *nl, struct nlmsghdr *nlh)
{
	(void)nl;
	switch (nlh->nlmsg_type) {
	case XFRM_MSG_NEWPOLICY:
		return policy_add(nlh, false);
	case XFRM_MSG_UPDPOLICY:
		return policy_add(nlh, true);
	case XFRM_MSG_DELPOLICY:
		return policy_delete(nlh);
	default:
		return 0;
	}
}

static bool
in_prefix(const xfrm_address_t *p, uint8_t bits, const struct address *a)
{
	struct prefix prefix = { { a->family, { 0 } }, bits };

	memcpy(prefix.addr.b, p, address_len_bytes(a));
	return prefix_contains(&prefix, a);
}

static bool
selects(
    const struct kernel_policy *p, const struct flow *f, bool inbound, uint32_t mark)
{
	const struct xfrm_selector *s = &p->selector;
	const struct endpoint *from = inbound ? &f->remote : &f->local;
	const struct endpoint *to = inbound ? &f->local : &f->remote;

	return p->direction == (inbound ? XFRM_POLICY_IN : XFRM_POLICY_OUT) &&
	       s->family == (f->local.addr.family == 4 ? AF_INET : AF_INET6) &&
	       (mark & p->mark.m) == p->mark.v &&
	       (s->proto == 0 || s->proto == f->protocol) &&
	       ((s->sport ^ htons(from->port)) & s->sport_mask) == 0 &&
	       ((s->dport ^ htons(to->port)) & s->dport_mask) == 0 &&
	       in_prefix(&s->saddr, s->prefixlen_s, &from->addr) &&
	       in_prefix(&s->daddr, s->prefixlen_d, &to->addr);
}

const struct kernel_policy *
kernel_lookup(const struct flow *f, bool inbound, uint32_t mark)
{
	const struct kernel_policy *best = NULL;

	for (size_t i = 0; i < n_there; i++)
		if (selects(&there[i], f, inbound, mark) &&
		    (best == NULL || there[i].priority < best->priority))
			best = &there[i];
	return best;
}

size_t
kernel_policies(void)
{
	return n_there;
}

void
kernel_flush(void)
{
	n_there = 0;
}
