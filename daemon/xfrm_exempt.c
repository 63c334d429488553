/*
 * What has no peer that could have an SA is in clear, as with the plane: broadcasts of a subnet,
 * and what this host says to itself by an address of its own (IPv6: of IPv4 the kernel exempts
 * that; what comes in: net_exempt.c). The kernel asks about the first one, which is lost; then a
 * policy lets them pass, as long as the address is one of a subnet, or of this host. Of the latter
 * the policy has that address for both ends: from there it can leave no more when another host
 * has it.
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

static bool
is_own(const struct address *a)
{
	struct ifaddrs *all, *i;
	bool found = false;

	if (a->family != 6 || getifaddrs(&all) != 0)
		return false;
	for (i = all; i != NULL && !found; i = i->ifa_next) {
		struct sockaddr_in6 own;

		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET6)
			continue;
		memcpy(&own, i->ifa_addr, sizeof(own));
		found = memcmp(&own.sin6_addr, a->b, sizeof(own.sin6_addr)) == 0;
	}
	freeifaddrs(all);
	return found;
}

static bool
is_exempt(const struct flow *f)
{
	return is_broadcast(&f->remote.addr) ||
	    (address_equal(&f->local.addr, &f->remote.addr) && is_own(&f->remote.addr));
}

bool
xfrm_exempt_take(struct xfrm *x, uint32_t class_id, const struct xfrm_event *e)
{
	struct xfrm_rule r =
	    xfrm_rule_exempt(x, class_id, e->flow.remote.addr.family, true);

	if (!is_exempt(&e->flow))
		return false;
	r.selector.remote.addr = e->flow.remote.addr;
	r.remote_prefix = 255;
	if (r.family == 6) {
		r.selector.local.addr = e->flow.local.addr;
		r.local_prefix = 255;
	}
	(void)xfrm_policy_set(x, class_id, &r, x->now_ms + ALLOW_MS);
	xfrm_larval_end(
	    x->netlink, &e->sa, e->reqid, e->seq, xfrm_policy_mark(x, class_id));
	return true;
}

static bool
is_for_a_while(const struct xfrm_entry *e)
{
	return !e->rule.inbound && e->until_ms != UINT64_MAX &&
	       e->rule.priority == XFRM_PRIORITY_FIRST + XFRM_PRIORITY_EXEMPT;
}

void
xfrm_exempt_tick(struct xfrm *x)
{
	struct xfrm_entry *e;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (e, &x->entry[i], link)
			if (is_for_a_while(e) && is_exempt(&e->rule.selector))
				e->until_ms = x->now_ms + ALLOW_MS;
}
