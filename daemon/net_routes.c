/* The main table, mirrored. */
#include "daemon/net_routes.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "daemon/log.h"

#define MAX_ROUTES 1024
#define METRIC_MIRROR 5
#define PROTOCOL_MIRROR 195 /* marks our routes; none of rt_protos */
#define SETTLE_MS 200

struct mirrored {
	uint32_t dst; /* network order */
	uint32_t src;
	uint8_t len;
};

struct route_list {
	struct mirrored r[MAX_ROUTES];
	size_t n;
};

struct net_routes {
	const struct config *config;
	const struct net_tun *tun;
	struct mnl_socket *watch;
	struct event *on_change;
	struct event *settle;
	struct route_list now; /* what the class tables hold */
	struct route_list next;
};

/* ---- reading the main table ---- */

/* The address that the kernel would send from; 0 = none. */
static uint32_t
source_for(uint32_t dst)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t src = 0;

	a.sin_addr.s_addr = dst;
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		src = a.sin_addr.s_addr;
	if (fd >= 0)
		close(fd);
	return src;
}

/* What the kernel says of a route, as far as it matters here. */
struct route {
	struct mirrored m; /* its source, if the route names one */
	uint32_t table;
	uint32_t gateway;
};

static struct route
route_read(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct route r = { .m = { .len = rt->rtm_dst_len }, .table = rt->rtm_table };
	const struct nlattr *a;

	mnl_attr_for_each (a, nlh, sizeof(*rt)) {
		if (mnl_attr_get_payload_len(a) != 4)
			continue;
		if (mnl_attr_get_type(a) == RTA_TABLE)
			r.table = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_DST)
			r.m.dst = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_PREFSRC)
			r.m.src = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_GATEWAY)
			r.gateway = mnl_attr_get_u32(a);
	}
	return r;
}

static bool
has_network(const struct route_list *list, const struct mirrored *m)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->r[i].dst == m->dst && list->r[i].len == m->len)
			return true;
	return false;
}

/*
 * Groups are no business of a class: what is sent to them takes the main table. With a route of
 * them here the kernel would also take what it remembers of a group for hosts: connections to
 * those fail with ENETUNREACH.
 */
static bool
is_groups(const struct mirrored *m)
{
	return m->len >= 4 && IN_MULTICAST(ntohl(m->dst));
}

/* Of several ways to a network the kernel tells the best one first, and it alone counts. */
static int
note_main(const struct nlmsghdr *nlh, void *ctx)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct route_list *list = ctx;
	struct route r = route_read(nlh);

	if (r.table != RT_TABLE_MAIN || rt->rtm_type != RTN_UNICAST || rt->rtm_tos != 0 ||
	    is_groups(&r.m) || list->n == MAX_ROUTES || has_network(list, &r.m))
		return MNL_CB_OK;
	if (r.m.src == 0)
		r.m.src = source_for(r.gateway != 0 ? r.gateway : r.m.dst);
	if (r.m.src != 0)
		list->r[list->n++] = r.m;
	return MNL_CB_OK;
}

static bool
dump_routes(mnl_cb_t each, void *ctx)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char buf[16384];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rt;
	int r = -1;
	ssize_t n;

	if (s == NULL)
		return false;
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = AF_INET;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) >= 0)
		r = MNL_CB_OK;
	while (r == MNL_CB_OK && (n = mnl_socket_recvfrom(s, buf, sizeof(buf))) > 0)
		r = mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(s), each, ctx);
	mnl_socket_close(s);
	return r == MNL_CB_STOP; /* else its end is missing */
}

static bool
read_main_table(struct route_list *list)
{
	memset(list, 0, sizeof(*list));
	return dump_routes(note_main, list);
}

/* ---- writing the class tables ---- */

static void
mirror_change(const struct net_routes *r, uint32_t class_id, const struct mirrored *m, bool add)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rt;
	int err;

	nlh->nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
	nlh->nlmsg_flags = add ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = AF_INET;
	rt->rtm_type = RTN_UNICAST;
	rt->rtm_protocol = PROTOCOL_MIRROR;
	rt->rtm_scope = RT_SCOPE_LINK;
	rt->rtm_dst_len = m->len;
	mnl_attr_put_u32(nlh, RTA_TABLE, r->config->route_table + class_id);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, METRIC_MIRROR);
	if (add) /* what a killed daemon left may name a device that this one does not know yet */
		mnl_attr_put_u32(nlh, RTA_OIF, r->tun[class_id].ifindex);
	if (m->len != 0)
		mnl_attr_put_u32(nlh, RTA_DST, m->dst);
	if (add)
		mnl_attr_put_u32(nlh, RTA_PREFSRC, m->src);
	if ((err = net_talk(nlh)) != 0 && add)
		log_debug("net", "route of aip%u: %s", class_id, strerror(-err));
}

static bool
list_has(const struct route_list *list, const struct mirrored *m)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->r[i].dst == m->dst && list->r[i].len == m->len &&
		    list->r[i].src == m->src)
			return true;
	return false;
}

static void
mirror_change_all(const struct net_routes *r, const struct mirrored *m, bool add)
{
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		if (r->tun[id].fd >= 0)
			mirror_change(r, id, m, add);
}

/* What goes is deleted before what comes is added: the same prefix may change its source. */
static void
mirror_update(struct net_routes *r)
{
	for (size_t i = 0; i < r->now.n; i++)
		if (!list_has(&r->next, &r->now.r[i]))
			mirror_change_all(r, &r->now.r[i], false);
	for (size_t i = 0; i < r->next.n; i++)
		if (!list_has(&r->now, &r->next.r[i]))
			mirror_change_all(r, &r->next.r[i], true);
	r->now = r->next;
}

void
net_routes_add_class(struct net_routes *r, uint32_t class_id)
{
	for (size_t i = 0; i < r->now.n; i++)
		mirror_change(r, class_id, &r->now.r[i], true);
}

/* ---- what a killed daemon left ---- */

struct leftover {
	uint32_t class_id;
	struct mirrored m;
};

struct leftover_list {
	const struct config *config;
	struct leftover r[MAX_ROUTES];
	size_t n;
};

static int
note_leftover(const struct nlmsghdr *nlh, void *ctx)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct leftover_list *list = ctx;
	struct route r = route_read(nlh);
	uint32_t class_id = r.table - list->config->route_table;

	if (rt->rtm_protocol == PROTOCOL_MIRROR && class_id >= 1 && class_id <= CLASS_MAX &&
	    list->n < MAX_ROUTES)
		list->r[list->n++] = (struct leftover){ class_id, r.m };
	return MNL_CB_OK;
}

/* An address that is gone meanwhile would be the source of what its class sends. */
static void
delete_leftovers(const struct net_routes *r)
{
	struct leftover_list *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return;
	list->config = r->config;
	if (dump_routes(note_leftover, list))
		for (size_t i = 0; i < list->n; i++)
			if (!list_has(&r->now, &list->r[i].m))
				mirror_change(
				    r, list->r[i].class_id, &list->r[i].m, false);
	free(list);
}

/* ---- following changes ---- */

static void
routes_settled(evutil_socket_t fd, short what, void *ctx)
{
	struct net_routes *r = ctx;

	(void)fd;
	(void)what;
	if (read_main_table(&r->next))
		mirror_update(r);
}

static void
routes_changed(evutil_socket_t fd, short what, void *ctx)
{
	struct timeval settle = { 0, SETTLE_MS * 1000 };
	struct net_routes *r = ctx;
	char buf[16384];

	(void)what;
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	evtimer_add(r->settle, &settle);
}

struct net_routes *
net_routes_new(struct event_base *base, const struct config *c, const struct net_tun *tun)
{
	struct net_routes *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->config = c;
	r->tun = tun;
	r->watch = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (r->watch == NULL || mnl_socket_bind(r->watch,
				    RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_LINK,
				    MNL_SOCKET_AUTOPID) != 0) {
		log_error("net", "cannot follow routes: %s", strerror(errno));
		net_routes_free(r);
		return NULL;
	}
	r->on_change = event_new(base, mnl_socket_get_fd(r->watch), EV_READ | EV_PERSIST,
	    routes_changed, r);
	r->settle = evtimer_new(base, routes_settled, r);
	if (r->on_change == NULL || r->settle == NULL) {
		net_routes_free(r);
		return NULL;
	}
	event_add(r->on_change, NULL);
	routes_settled(-1, 0, r);
	delete_leftovers(r);
	return r;
}

void
net_routes_free(struct net_routes *r)
{
	if (r == NULL)
		return;
	if (r->on_change != NULL)
		event_free(r->on_change);
	if (r->settle != NULL)
		event_free(r->settle);
	if (r->watch != NULL)
		mnl_socket_close(r->watch);
	free(r);
}
