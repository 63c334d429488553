/* Parts of XFRM structures. */
#include "daemon/xfrm_part.h"

#include <sys/socket.h>
#include <arpa/inet.h>

#include <libmnl/libmnl.h>

void
xfrm_part_address(xfrm_address_t *out, const struct address *a)
{
	memset(out, 0, sizeof(*out));
	memcpy(out, a->b, address_len_bytes(a));
}

bool
xfrm_part_address_read(struct address *out, const xfrm_address_t *a, uint16_t family)
{
	*out = (struct address){ .family = family == AF_INET ? 4 : 6 };
	memcpy(out->b, a, address_len_bytes(out));
	return family == AF_INET || family == AF_INET6;
}

static uint8_t
prefix_of(const struct address *a, uint8_t prefix)
{
	uint8_t whole = (uint8_t)(8 * address_len_bytes(a));

	return prefix > whole ? whole : prefix;
}

void
xfrm_part_selector(struct xfrm_selector *out, const struct flow *f, bool inbound,
    uint8_t local_prefix, uint8_t remote_prefix)
{
	const struct endpoint *from = inbound ? &f->remote : &f->local;
	const struct endpoint *to = inbound ? &f->local : &f->remote;

	memset(out, 0, sizeof(*out));
	xfrm_part_address(&out->saddr, &from->addr);
	xfrm_part_address(&out->daddr, &to->addr);
	out->prefixlen_s =
	    prefix_of(&from->addr, inbound ? remote_prefix : local_prefix);
	out->prefixlen_d = prefix_of(&to->addr, inbound ? local_prefix : remote_prefix);
	out->sport = htons(from->port);
	out->sport_mask = from->port != 0 ? 0xffff : 0;
	out->dport = htons(to->port);
	out->dport_mask = to->port != 0 ? 0xffff : 0;
	out->family = f->remote.addr.family == 4 ? AF_INET : AF_INET6;
	out->proto = f->protocol;
}

void
xfrm_part_mark(struct nlmsghdr *nlh, struct xfrm_mark_value mark)
{
	struct xfrm_mark m = { mark.value, mark.mask };

	if (mark.mask != 0)
		mnl_attr_put(nlh, XFRMA_MARK, sizeof(m), &m);
}

struct xfrm_lifetime_cfg
xfrm_part_lifetime_none(void)
{
	return (struct xfrm_lifetime_cfg){
		.soft_byte_limit = XFRM_INF,
		.hard_byte_limit = XFRM_INF,
		.soft_packet_limit = XFRM_INF,
		.hard_packet_limit = XFRM_INF,
	};
}

struct xfrm_user_tmpl
xfrm_part_template(uint8_t protocol, uint8_t family, uint32_t reqid, bool optional)
{
	return (struct xfrm_user_tmpl){
		.id.proto = protocol,
		.family = family == 4 ? AF_INET : AF_INET6,
		.reqid = reqid,
		.mode = XFRM_MODE_TRANSPORT,
		.optional = optional,
		.aalgos = UINT32_MAX,
		.ealgos = UINT32_MAX,
		.calgos = UINT32_MAX,
	};
}
