/* Requests of NETLINK_XFRM: policies. */
#include <sys/socket.h>
#include <linux/xfrm.h>

#include <libmnl/libmnl.h>

#include "daemon/xfrm_message.h"
#include "daemon/xfrm_part.h"

static bool
has_template(const struct xfrm_rule *r)
{
	return r->level == XFRM_LEVEL_REQUIRED || r->level == XFRM_LEVEL_OPTIONAL;
}

static void
fill_selector(struct xfrm_selector *out, const struct xfrm_rule *r)
{
	struct flow f = r->selector;

	f.local.addr.family = f.remote.addr.family = r->family;
	xfrm_part_selector(out, &f, r->inbound, r->local_prefix, r->remote_prefix);
}

static void
fill_policy(struct xfrm_userpolicy_info *p, const struct xfrm_rule *r)
{
	memset(p, 0, sizeof(*p));
	fill_selector(&p->sel, r);
	p->lft = xfrm_part_lifetime_none();
	p->priority = r->priority;
	p->dir = r->inbound ? XFRM_POLICY_IN : XFRM_POLICY_OUT;
	p->action =
	    r->level == XFRM_LEVEL_BLOCK ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW;
	/* Of ICMP errors, too: they quote what came in protected. */
	p->flags = r->inbound ? 0 : XFRM_POLICY_ICMP;
}

struct nlmsghdr *
xfrm_message_policy_add(void *buf, const struct xfrm_rule *r, bool replace)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct xfrm_userpolicy_info *p = mnl_nlmsg_put_extra_header(nlh, sizeof(*p));
	struct xfrm_user_tmpl t = xfrm_part_template(
	    r->protocol, r->family, r->reqid, r->level == XFRM_LEVEL_OPTIONAL);

	nlh->nlmsg_type = replace ? XFRM_MSG_UPDPOLICY : XFRM_MSG_NEWPOLICY;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	fill_policy(p, r);
	if (has_template(r))
		mnl_attr_put(nlh, XFRMA_TMPL, sizeof(t), &t);
	xfrm_part_mark(nlh, r->mark);
	return nlh;
}

static struct nlmsghdr *
policy_named(void *buf, uint16_t type, const struct xfrm_rule *r)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct xfrm_userpolicy_id *id = mnl_nlmsg_put_extra_header(nlh, sizeof(*id));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	fill_selector(&id->sel, r);
	id->dir = r->inbound ? XFRM_POLICY_IN : XFRM_POLICY_OUT;
	xfrm_part_mark(nlh, r->mark);
	return nlh;
}

struct nlmsghdr *
xfrm_message_policy_delete(void *buf, const struct xfrm_rule *r)
{
	return policy_named(buf, XFRM_MSG_DELPOLICY, r);
}

struct nlmsghdr *
xfrm_message_policy_get(void *buf, const struct xfrm_rule *r)
{
	return policy_named(buf, XFRM_MSG_GETPOLICY, r);
}

size_t
xfrm_message_socket_policy(void *buf, const struct xfrm_rule *r)
{
	struct xfrm_userpolicy_info p;
	struct xfrm_user_tmpl t = xfrm_part_template(
	    r->protocol, r->family, r->reqid, r->level == XFRM_LEVEL_OPTIONAL);

	fill_policy(&p, r);
	memcpy(buf, &p, sizeof(p));
	if (!has_template(r))
		return sizeof(p);
	memcpy((uint8_t *)buf + sizeof(p), &t, sizeof(t));
	return sizeof(p) + sizeof(t);
}
