/* TUN devices, policy rules and routes of the classes (rtnetlink through libmnl). */
#include "daemon/net.h"

#include <sys/ioctl.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "daemon/log.h"
#include "daemon/packet.h"

#define MTU_MAX_BYTES 1500
#define MTU_MIN_BYTES 1280
#define METRIC_DEVICE 10
#define METRIC_PROHIBIT 1000

uint32_t
net_mark(const struct config *c, uint32_t class_id)
{
	return (c->mark_value + class_id - 1) << __builtin_ctz(c->mark_mask) & c->mark_mask;
}

uint32_t
net_mark_class(const struct config *c, uint32_t mark)
{
	uint32_t value = (mark & c->mark_mask) >> __builtin_ctz(c->mark_mask);

	return value >= c->mark_value && value < c->mark_value + net_class_limit(c) ?
	    value - c->mark_value + 1 :
	    0;
}

uint32_t
net_class_limit(const struct config *c)
{
	uint32_t most = c->mark_mask >> __builtin_ctz(c->mark_mask);
	uint32_t room = most - c->mark_value + 1;

	/* One is kept for net_bypass_mark(). */
	return room > CLASS_MAX ? CLASS_MAX : room > CLASS_PREDEFINED ? room - 1 : room;
}

uint32_t
net_bypass_mark(const struct config *c)
{
	uint32_t most = c->mark_mask >> __builtin_ctz(c->mark_mask);
	uint32_t limit = net_class_limit(c);

	return c->mark_value + limit <= most ? net_mark(c, limit + 1) : 0;
}

/* ---- rtnetlink ---- */

int
net_talk(struct nlmsghdr *nlh)
{
	char buf[4096];
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	ssize_t n;
	int r = -EIO;

	if (s == NULL)
		return -errno;
	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) >= 0 &&
	    (n = mnl_socket_recvfrom(s, buf, sizeof(buf))) >= 0)
		r = mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(s), NULL, NULL) < 0 ?
		    -errno :
		    0;
	mnl_socket_close(s);
	return r;
}

static int
link_set(uint32_t ifindex, bool up, uint32_t mtu)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = RTM_NEWLINK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = up ? IFF_UP : 0;
	if (mtu != 0)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	if (up) { /* no link-local address, no router solicitations */
		struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
		struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

		mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		mnl_attr_nest_end(nlh, inet6);
		mnl_attr_nest_end(nlh, spec);
	}
	return net_talk(nlh);
}

static int
rule_change(const struct config *c, uint32_t class_id, uint8_t family, bool add)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct fib_rule_hdr *r;

	nlh->nlmsg_type = add ? RTM_NEWRULE : RTM_DELRULE;
	nlh->nlmsg_flags = add ? NLM_F_CREATE | NLM_F_EXCL : 0;
	r = mnl_nlmsg_put_extra_header(nlh, sizeof(*r));
	r->family = family;
	r->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, c->rule_priority);
	mnl_attr_put_u32(nlh, FRA_FWMARK, net_mark(c, class_id));
	mnl_attr_put_u32(nlh, FRA_FWMASK, c->mark_mask);
	mnl_attr_put_u32(nlh, FRA_TABLE, c->route_table + class_id);
	return net_talk(nlh);
}

/* One route of a class table. ifindex 0: none; multicast: its prefix instead of default. */
static int
route_change(const struct config *c, uint32_t class_id, uint8_t family, uint8_t type,
    uint32_t ifindex, uint32_t metric, bool multicast, bool add)
{
	uint8_t prefix[16] = { family == AF_INET ? 224 : 0xff };
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rt;

	nlh->nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
	nlh->nlmsg_flags = add ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = family;
	rt->rtm_type = type;
	rt->rtm_protocol = RTPROT_STATIC;
	rt->rtm_scope = RT_SCOPE_UNIVERSE;
	mnl_attr_put_u32(nlh, RTA_TABLE, c->route_table + class_id);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	if (multicast) {
		rt->rtm_dst_len = family == AF_INET ? 4 : 8;
		mnl_attr_put(nlh, RTA_DST, family == AF_INET ? 4 : 16, prefix);
	}
	if (ifindex != 0)
		mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	return net_talk(nlh);
}

/* ---- devices ---- */

static void
tun_name(uint32_t class_id, char *name)
{
	snprintf(name, IFNAMSIZ, "aip%u", class_id);
}

static int
ifreq_ioctl(unsigned long request, struct ifreq *ifr)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = s >= 0 ? ioctl(s, request, ifr) : -1;

	if (s >= 0)
		close(s);
	return r;
}

/* The smallest MTU of the devices that can carry our packets, less what ESP adds. */
static uint32_t
inner_mtu(void)
{
	struct if_nameindex *all = if_nameindex();
	uint32_t mtu = MTU_MAX_BYTES;

	for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++) {
		struct ifreq ifr = { 0 };

		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", i->if_name);
		if (strncmp(i->if_name, "aip", 3) == 0 || ifreq_ioctl(SIOCGIFFLAGS, &ifr) != 0 ||
		    (ifr.ifr_flags & IFF_UP) == 0 || (ifr.ifr_flags & IFF_LOOPBACK) != 0 ||
		    ifreq_ioctl(SIOCGIFMTU, &ifr) != 0)
			continue;
		if ((uint32_t)ifr.ifr_mtu < mtu)
			mtu = (uint32_t)ifr.ifr_mtu;
	}
	if (all != NULL)
		if_freenameindex(all);
	return mtu < MTU_MIN_BYTES + PACKET_ROOM_BYTES ? MTU_MIN_BYTES :
							 mtu - PACKET_ROOM_BYTES;
}

static int
tun_open(const char *name)
{
	/* Super-packets (daemon/superpacket.h): a kernel that refuses them sends small ones. */
	const unsigned long offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) != 0 || ioctl(fd, TUNSETPERSIST, 1) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	(void)ioctl(fd, TUNSETOFFLOAD, offload);
	return fd;
}

/* Reverse-path checks refuse packets of a device without addresses. */
static void
tun_sysctl(const char *name)
{
	char path[96], value = '0';
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		log_error("net", "cannot set %s to 0: %s; received packets may be dropped", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	fd = open("/proc/sys/net/ipv4/conf/all/rp_filter", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &value, 1) == 1 && value != '0')
		log_error("net",
		    "net.ipv4.conf.all.rp_filter is %c: the kernel will drop what peers send; "
		    "set it to 0 and set rp_filter per interface instead",
		    value);
	if (fd >= 0)
		close(fd);
}

static bool
net_fault(const char *what, const char *name, int r)
{
	log_error("net", "cannot %s for %s: %s", what, name, strerror(-r));
	return false;
}

static bool
family_up(const struct config *c, uint32_t class_id, uint8_t family, uint32_t ifindex,
    const char *name)
{
	int r;

	/* The prohibition first: at no time is a marked packet routed in clear. */
	r = route_change(c, class_id, family, RTN_PROHIBIT, 0, METRIC_PROHIBIT, false, true);
	if (r == 0)
		r = route_change(c, class_id, family, RTN_THROW, 0, METRIC_DEVICE, true, true);
	if (r == 0 && (r = rule_change(c, class_id, family, true)) == -EEXIST)
		r = 0;
	if (r == 0)
		r = route_change(c, class_id, family, RTN_UNICAST, ifindex, METRIC_DEVICE, false,
		    true);
	if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT || (r != 0 && family == AF_INET6)) {
		log_warn("net", "no IPv6 for %s: %s", name, strerror(-r));
		return true;
	}
	return r == 0 || net_fault("set rule and routes", name, r);
}

bool
net_class_up(const struct config *c, uint32_t class_id, struct net_tun *tun)
{
	char name[IFNAMSIZ];
	int r;

	tun_name(class_id, name);
	/* A daemon that was stopped a moment ago may still be closing the device. */
	for (int i = 0; (tun->fd = tun_open(name)) < 0 && errno == EBUSY && i < 20; i++) {
		struct timespec t = { 0, 100 * 1000 * 1000 };

		nanosleep(&t, NULL);
	}
	if (tun->fd < 0) {
		log_error("net", "cannot open TUN device %s: %s%s", name, strerror(errno),
		    errno == EBUSY ? " (is another authipd running in this network namespace?)" :
				     "");
		return false;
	}
	tun->ifindex = if_nametoindex(name);
	tun_sysctl(name);
	if ((r = link_set(tun->ifindex, true, inner_mtu())) != 0)
		return net_fault("bring up the device", name, r);
	return family_up(c, class_id, AF_INET, tun->ifindex, name) &&
	    family_up(c, class_id, AF_INET6, tun->ifindex, name);
}

static void
family_down(const struct config *c, uint32_t class_id, uint8_t family)
{
	while (rule_change(c, class_id, family, false) == 0)
		; /* none may be left */
	(void)route_change(c, class_id, family, RTN_UNICAST, 0, METRIC_DEVICE, false, false);
	(void)route_change(c, class_id, family, RTN_THROW, 0, METRIC_DEVICE, true, false);
	(void)route_change(c, class_id, family, RTN_PROHIBIT, 0, METRIC_PROHIBIT, false, false);
}

void
net_class_down(const struct config *c, uint32_t class_id, struct net_tun *tun, bool keep)
{
	if (tun->fd < 0)
		return;
	if (!keep) {
		family_down(c, class_id, AF_INET);
		family_down(c, class_id, AF_INET6);
		(void)ioctl(tun->fd, TUNSETPERSIST, 0);
	}
	close(tun->fd);
	tun->fd = -1;
}

void
net_class_remove(const struct config *c, uint32_t class_id)
{
	struct net_tun tun = { .fd = -1 };
	char name[IFNAMSIZ];

	tun_name(class_id, name);
	family_down(c, class_id, AF_INET);
	family_down(c, class_id, AF_INET6);
	if (if_nametoindex(name) != 0 && (tun.fd = tun_open(name)) >= 0)
		net_class_down(c, class_id, &tun, false);
}
