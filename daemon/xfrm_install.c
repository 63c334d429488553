/*
 * Policies into the kernel and out of it, but never over another program's. The kernel has
 * room for one of each selector, mark and direction: whoever comes first has it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/xfrm_state.h"
#include "ike/text.h"

bool
xfrm_rule_is_ours(const struct config *c, const struct xfrm_rule *r)
{
	uint32_t class_of_reqid = xfrm_reqid_class(r->reqid);

	if (r->priority < XFRM_PRIORITY_FIRST ||
	    r->priority >= XFRM_PRIORITY_FIRST + XFRM_PRIORITY_COUNT)
		return false;
	if (r->mark.mask == c->mark_mask &&
	    (r->mark.value == 0 || net_mark_class(c, r->mark.value) != 0))
		return true;
	return r->inbound && r->mark.mask == 0 && class_of_reqid != 0;
}

/* What has the place of this one in the kernel? False: nothing. */
static bool
look(struct xfrm *x, const struct xfrm_rule *r, struct xfrm_rule *there)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct xfrm_event e;

	if (xfrm_netlink_ask(x->netlink, xfrm_message_policy_get(buf, r), &e) != 0 ||
	    e.type != XFRM_EVENT_POLICY)
		return false;
	*there = e.rule;
	return true;
}

/* Marks of classes are ours alone: whoever changes what we did for one gets no say. */
static bool
may_replace(struct xfrm *x, const struct xfrm_rule *r, bool was_there)
{
	struct xfrm_rule there;

	if (was_there && net_mark_class(x->config, r->mark.value) != 0)
		return true;
	return look(x, r, &there) && xfrm_rule_is_ours(x->config, &there);
}

int
xfrm_install(struct xfrm *x, const struct xfrm_rule *r, bool was_there)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];
	int error = xfrm_netlink_talk(x->netlink, xfrm_message_policy_add(buf, r, false));

	if (error == -EEXIST && may_replace(x, r, was_there))
		error = xfrm_netlink_talk(
		    x->netlink, xfrm_message_policy_add(buf, r, true));
	return error;
}

void
xfrm_uninstall(struct xfrm *x, const struct xfrm_rule *r, bool is_there)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct xfrm_rule there;

	if (is_there || (look(x, r, &there) && xfrm_rule_is_ours(x->config, &there)))
		(void)xfrm_netlink_talk(x->netlink, xfrm_message_policy_delete(buf, r));
}

/* ---- what is said ---- */

static void
put_end(struct text *t, const struct endpoint *e, uint8_t family, uint8_t prefix)
{
	struct address a = e->addr;

	a.family = family;
	text_address(t, &a);
	text_str(t, "/");
	text_u32(t, prefix > 8 * address_len_bytes(&a) ? 8 * address_len_bytes(&a) : prefix);
	if (e->port != 0) {
		text_str(t, " port ");
		text_u32(t, e->port);
	}
}

static void
put_rule(struct text *t, const struct xfrm_rule *r)
{
	text_str(t, r->inbound ? "inbound, from " : "outbound, to ");
	put_end(t, &r->selector.remote, r->family, r->remote_prefix);
	text_str(t, r->inbound ? " to " : " from ");
	put_end(t, &r->selector.local, r->family, r->local_prefix);
	text_str(t, ", protocol ");
	text_u32(t, r->selector.protocol);
}

void
xfrm_install_failed(struct xfrm *x, const struct xfrm_rule *r, int error)
{
	uint32_t class_id = xfrm_reqid_class(r->reqid);
	struct text t;
	char what[200];

	if (!log_limit_pass(&x->refused, "xfrm", x->now_ms))
		return;
	text_init(&t, what, sizeof(what));
	put_rule(&t, r);
	if (error == -EEXIST)
		log_error("xfrm",
		    "another program's IPsec policy has the place of one of class %u (%s, mark "
		    "0x%x/0x%x) and stays; until it is deleted, or selects something else, it "
		    "decides about that traffic, and may let it be clear",
		    class_id, what, r->mark.value, r->mark.mask);
	else
		log_error("xfrm", "the kernel refuses a policy of class %u (%s): %s", class_id,
		    what, strerror(-error));
}
