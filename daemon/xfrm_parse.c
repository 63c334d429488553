/* Notifications and answers of NETLINK_XFRM. */
#include "daemon/xfrm_parse.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/ipsec.h>

#include <libmnl/libmnl.h>

#include "daemon/xfrm_part.h"

/*
 * The attribute of this type if it has at least n bytes, or NULL. mnl_attr_for_each() takes
 * the end of the message for aligned: the last attribute of a cut one would be too long.
 */
static const void *
attribute(const struct nlmsghdr *nlh, size_t head_n, uint16_t type, size_t n)
{
	const uint8_t *p = mnl_nlmsg_get_payload(nlh);
	size_t at = MNL_ALIGN(head_n), end = mnl_nlmsg_get_payload_len(nlh);

	while (
	    at < end && mnl_attr_ok((const struct nlattr *)(p + at), (int)(end - at))) {
		const struct nlattr *a = (const struct nlattr *)(p + at);

		if (mnl_attr_get_type(a) == type)
			return mnl_attr_get_payload_len(a) >= n ?
				   mnl_attr_get_payload(a) :
				   NULL;
		at += MNL_ALIGN(a->nla_len);
	}
	return NULL;
}

static void
read_mark(const struct nlmsghdr *nlh, size_t head_n, struct xfrm_mark_value *out)
{
	const void *p = attribute(nlh, head_n, XFRMA_MARK, sizeof(struct xfrm_mark));
	struct xfrm_mark m = { 0, 0 };

	if (p != NULL)
		memcpy(&m, p, sizeof(m));
	*out = (struct xfrm_mark_value){ m.v, m.m };
}

/* The first template; all zero if there is none. */
static struct xfrm_user_tmpl
read_template(const struct nlmsghdr *nlh, size_t head_n)
{
	const void *p =
	    attribute(nlh, head_n, XFRMA_TMPL, sizeof(struct xfrm_user_tmpl));
	struct xfrm_user_tmpl t;

	memset(&t, 0, sizeof(t));
	if (p != NULL)
		memcpy(&t, p, sizeof(t));
	return t;
}

static bool
read_selector(const struct xfrm_selector *s, bool inbound, struct flow *f)
{
	struct endpoint *from = inbound ? &f->remote : &f->local;
	struct endpoint *to = inbound ? &f->local : &f->remote;

	f->protocol = s->proto;
	from->port = s->sport_mask == 0xffff ? ntohs(s->sport) : 0;
	to->port = s->dport_mask == 0xffff ? ntohs(s->dport) : 0;
	return xfrm_part_address_read(&from->addr, &s->saddr, s->family) &&
	       xfrm_part_address_read(&to->addr, &s->daddr, s->family);
}

static bool
parse_acquire(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	struct xfrm_user_acquire a;

	memcpy(&a, mnl_nlmsg_get_payload(nlh), sizeof(a));
	e->sa.protocol = a.id.proto;
	e->seq = a.seq;
	e->reqid = read_template(nlh, sizeof(a)).reqid;
	read_mark(nlh, sizeof(a), &e->mark);
	return xfrm_part_address_read(&e->sa.from, &a.saddr, a.sel.family) &&
	       xfrm_part_address_read(&e->sa.to, &a.id.daddr, a.sel.family) &&
	       read_selector(&a.sel, false, &e->flow);
}

static bool
read_state(const struct xfrm_usersa_info *x, struct xfrm_event *e)
{
	e->sa.protocol = x->id.proto;
	e->sa.spi = ntohl(x->id.spi);
	e->reqid = x->reqid;
	e->bytes = x->curlft.bytes;
	e->packets = x->curlft.packets;
	e->replayed = x->stats.replay + x->stats.replay_window;
	e->integrity_failed = x->stats.integrity_failed;
	return xfrm_part_address_read(&e->sa.from, &x->saddr, x->family) &&
	       xfrm_part_address_read(&e->sa.to, &x->id.daddr, x->family);
}

static bool
parse_expire(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	struct xfrm_user_expire x;

	memcpy(&x, mnl_nlmsg_get_payload(nlh), sizeof(x));
	e->is_hard = x.hard != 0;
	return read_state(&x.state, e);
}

static bool
parse_state(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	struct xfrm_usersa_info x;

	memcpy(&x, mnl_nlmsg_get_payload(nlh), sizeof(x));
	e->seq = x.seq;
	read_mark(nlh, sizeof(x), &e->mark);
	/* Without an SPI it stands for a question, and its selector is the flow. */
	if (x.id.spi == 0 && !read_selector(&x.sel, false, &e->flow))
		memset(&e->flow, 0, sizeof(e->flow));
	return read_state(&x, e);
}

/* The whole state is in an attribute; without it the name is known all the same. */
static bool
parse_state_deleted(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	const void *p = attribute(nlh, sizeof(struct xfrm_usersa_id), XFRMA_SA,
	    sizeof(struct xfrm_usersa_info));
	struct xfrm_usersa_info x;
	struct xfrm_usersa_id id;

	if (p != NULL) {
		memcpy(&x, p, sizeof(x));
		return read_state(&x, e);
	}
	memcpy(&id, mnl_nlmsg_get_payload(nlh), sizeof(id));
	e->sa.protocol = id.proto;
	e->sa.spi = ntohl(id.spi);
	return xfrm_part_address_read(&e->sa.to, &id.daddr, id.family);
}

/* Of an xfrm interface, or of the sub type: another table, whatever else they look like. */
static bool
is_of_another_table(const struct nlmsghdr *nlh, size_t head_n)
{
	const void *p;
	struct xfrm_userpolicy_type t;
	uint32_t if_id;

	if ((p = attribute(nlh, head_n, XFRMA_IF_ID, sizeof(if_id))) != NULL) {
		memcpy(&if_id, p, sizeof(if_id));
		if (if_id != 0)
			return true;
	}
	if ((p = attribute(nlh, head_n, XFRMA_POLICY_TYPE, sizeof(t))) == NULL)
		return false;
	memcpy(&t, p, sizeof(t));
	return t.type != XFRM_POLICY_TYPE_MAIN;
}

static bool
read_policy(const struct nlmsghdr *nlh, size_t head_n,
    const struct xfrm_userpolicy_info *p, struct xfrm_event *e)
{
	struct xfrm_user_tmpl t = read_template(nlh, head_n);
	struct xfrm_rule *r = &e->rule;

	r->inbound = p->dir == XFRM_POLICY_IN;
	r->family = p->sel.family == AF_INET ? 4 : 6;
	r->local_prefix = r->inbound ? p->sel.prefixlen_d : p->sel.prefixlen_s;
	r->remote_prefix = r->inbound ? p->sel.prefixlen_s : p->sel.prefixlen_d;
	r->priority = p->priority;
	r->protocol = t.id.proto;
	r->reqid = e->reqid = t.reqid;
	r->level = p->action == XFRM_POLICY_BLOCK ? XFRM_LEVEL_BLOCK :
		   t.id.proto == 0		  ? XFRM_LEVEL_ALLOW :
		   t.optional			  ? XFRM_LEVEL_OPTIONAL :
						    XFRM_LEVEL_REQUIRED;
	read_mark(nlh, head_n, &r->mark);
	return read_selector(&p->sel, r->inbound, &r->selector) &&
	       !is_of_another_table(nlh, head_n) &&
	       (p->dir == XFRM_POLICY_IN || p->dir == XFRM_POLICY_OUT);
}

static bool
parse_policy(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	struct xfrm_userpolicy_info p;

	memcpy(&p, mnl_nlmsg_get_payload(nlh), sizeof(p));
	return read_policy(nlh, sizeof(p), &p, e);
}

static bool
parse_policy_deleted(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	const size_t head_n = sizeof(struct xfrm_userpolicy_id);
	struct xfrm_userpolicy_info p;
	const void *at = attribute(nlh, head_n, XFRMA_POLICY, sizeof(p));

	if (at == NULL)
		return false;
	memcpy(&p, at, sizeof(p));
	return read_policy(nlh, head_n, &p, e);
}

static bool
parse_mapping(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	struct xfrm_user_mapping m;

	memcpy(&m, mnl_nlmsg_get_payload(nlh), sizeof(m));
	e->sa.protocol = m.id.proto;
	e->sa.spi = ntohl(m.id.spi);
	e->reqid = m.reqid;
	e->remote.port = ntohs(m.new_sport);
	return xfrm_part_address_read(&e->sa.to, &m.id.daddr, m.id.family) &&
	       xfrm_part_address_read(&e->remote.addr, &m.new_saddr, m.id.family);
}

static bool
parse_flush(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	struct xfrm_usersa_flush f;

	memcpy(&f, mnl_nlmsg_get_payload(nlh), sizeof(f));
	e->sa.protocol = f.proto == IPSEC_PROTO_ANY ? 0 : f.proto;
	return true;
}

static bool
parse_nothing(const struct nlmsghdr *nlh, struct xfrm_event *e)
{
	(void)nlh;
	(void)e;
	return true;
}

/* X(message, event, bytes of its fixed part, parser) */
#define KERNEL_MESSAGES(X)                                                             \
	X(XFRM_MSG_ACQUIRE, XFRM_EVENT_ACQUIRE, sizeof(struct xfrm_user_acquire),      \
	    parse_acquire)                                                             \
	X(XFRM_MSG_EXPIRE, XFRM_EVENT_EXPIRE, sizeof(struct xfrm_user_expire),         \
	    parse_expire)                                                              \
	X(XFRM_MSG_NEWSA, XFRM_EVENT_SA, sizeof(struct xfrm_usersa_info), parse_state) \
	X(XFRM_MSG_DELSA, XFRM_EVENT_SA_DELETED, sizeof(struct xfrm_usersa_id),        \
	    parse_state_deleted)                                                       \
	X(XFRM_MSG_FLUSHSA, XFRM_EVENT_SA_FLUSHED, sizeof(struct xfrm_usersa_flush),   \
	    parse_flush)                                                               \
	X(XFRM_MSG_NEWPOLICY, XFRM_EVENT_POLICY, sizeof(struct xfrm_userpolicy_info),  \
	    parse_policy)                                                              \
	X(XFRM_MSG_UPDPOLICY, XFRM_EVENT_POLICY, sizeof(struct xfrm_userpolicy_info),  \
	    parse_policy)                                                              \
	X(XFRM_MSG_DELPOLICY, XFRM_EVENT_POLICY_DELETED,                               \
	    sizeof(struct xfrm_userpolicy_id), parse_policy_deleted)                   \
	X(XFRM_MSG_FLUSHPOLICY, XFRM_EVENT_POLICY_FLUSHED, 0, parse_nothing)           \
	X(XFRM_MSG_MAPPING, XFRM_EVENT_MAPPING, sizeof(struct xfrm_user_mapping),      \
	    parse_mapping)

bool
xfrm_parse(const struct nlmsghdr *nlh, struct xfrm_event *out)
{
	static const struct {
		uint16_t message;
		enum xfrm_event_type event;
		size_t n;
		bool (*parse)(const struct nlmsghdr *nlh, struct xfrm_event *e);
	} table[] = {
#define X(message, event, n, parse) { message, event, n, parse },
		KERNEL_MESSAGES(X)
#undef X
	};

	*out =
	    (struct xfrm_event){ .type = XFRM_EVENT_OTHER, .port_id = nlh->nlmsg_pid };
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].message == nlh->nlmsg_type) {
			out->type = table[i].event;
			return mnl_nlmsg_get_payload_len(nlh) >= table[i].n &&
			       table[i].parse(nlh, out);
		}
	return true;
}
