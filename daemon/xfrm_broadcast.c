/*
 * Broadcasts of a subnet have no peer that could have an SA: they leave in clear, as with the
 * plane, where the kernel's own routes for them come first. The kernel asks about the first
 * one, which is lost; then a policy lets them pass, as long as the address is one of a subnet.
 */
#include <sys/socket.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "daemon/xfrm_state.h"

#define ALLOW_MS 2000 /* a tick comes within that */

/* The last address of its subnet is a broadcast for the kernel, whatever else is configured. */
static bool
is_last_of(const struct ifaddrs *i, uint32_t address)
{
	struct sockaddr_in own, mask;

	if (i->ifa_addr == NULL || i->ifa_netmask == NULL || i->ifa_addr->sa_family != AF_INET)
		return false;
	memcpy(&own, i->ifa_addr, sizeof(own));
	memcpy(&mask, i->ifa_netmask, sizeof(mask));
	if (ntohl(mask.sin_addr.s_addr) >= 0xfffffffeu) /* two hosts, or one */
		return false;
	return address == (own.sin_addr.s_addr | ~mask.sin_addr.s_addr);
}

static bool
is_broadcast(const struct address *a)
{
	struct ifaddrs *all, *i;
	bool found = false;
	uint32_t address;

	if (a->family != 4 || getifaddrs(&all) != 0)
		return false;
	memcpy(&address, a->b, sizeof(address));
	for (i = all; i != NULL && !found; i = i->ifa_next)
		found = is_last_of(i, address);
	freeifaddrs(all);
	return found;
}

bool
xfrm_broadcast_take(struct xfrm *x, uint32_t class_id, const struct xfrm_event *e)
{
	struct xfrm_rule r = xfrm_rule_exempt(x, class_id, 4, true);

	if (!is_broadcast(&e->flow.remote.addr))
		return false;
	r.selector.remote.addr = e->flow.remote.addr;
	(void)xfrm_policy_set(x, class_id, &r, x->now_ms + ALLOW_MS);
	xfrm_larval_end(
	    x->netlink, &e->sa, e->reqid, e->seq, xfrm_policy_mark(x, class_id));
	return true;
}

static bool
is_of_subnet(const struct xfrm_entry *e)
{
	return !e->rule.inbound && e->until_ms != UINT64_MAX &&
	       e->rule.priority == XFRM_PRIORITY_FIRST + XFRM_PRIORITY_EXEMPT;
}

void
xfrm_broadcast_tick(struct xfrm *x)
{
	struct xfrm_entry *e;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link)
			if (is_of_subnet(e) && is_broadcast(&e->rule.selector.remote.addr))
				e->until_ms = x->now_ms + ALLOW_MS;
}
