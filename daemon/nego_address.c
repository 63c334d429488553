/* Local addresses: those that go away take their SAs with them (MS-AIPS 3.1.7). */
#include "config.h"

#include <sys/socket.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "daemon/log.h"
#include "daemon/negotiator.h"

/* ---- which are ours? ---- */

static int
note_type(const struct nlmsghdr *nlh, void *ctx)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);

	*(uint8_t *)ctx = rt->rtm_type;
	return MNL_CB_STOP;
}

static struct nlmsghdr *
route_question(char *buf, const struct address *a)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rt;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = a->family == 4 ? AF_INET : AF_INET6;
	rt->rtm_dst_len = (uint8_t)(8 * address_len_bytes(a));
	mnl_attr_put(nlh, RTA_DST, address_len_bytes(a), a->b);
	return nlh;
}

/* Whose they are depends on the link, and nobody forwards what is for them. */
static bool
is_of_link(const struct address *a)
{
	return a->family == 6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool
nego_address_is_own(const struct address *a)
{
	struct mnl_socket *s;
	uint8_t type = RTN_UNSPEC;
	char buf[4096];
	struct nlmsghdr *nlh = route_question(buf, a);
	ssize_t n;

	if (is_of_link(a) || (s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) == NULL)
		return true;
	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) >= 0 &&
	    (n = mnl_socket_recvfrom(s, buf, sizeof(buf))) > 0)
		(void)mnl_cb_run(buf, (size_t)n, 0, 0, note_type, &type);
	mnl_socket_close(s);
	return type == RTN_LOCAL;
}

/* ---- which go? ---- */

static int
address_message(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct address a = { .family = ifa->ifa_family == AF_INET ? 4 : 6 };
	struct negotiator *n = ctx;
	const struct nlattr *attr;
	bool found = false;

	if (nlh->nlmsg_type != RTM_DELADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return MNL_CB_OK;
	/* IFA_LOCAL comes behind IFA_ADDRESS, which is the peer's on point-to-point links. */
	mnl_attr_for_each (attr, nlh, sizeof(*ifa)) {
		uint16_t type = mnl_attr_get_type(attr);

		if ((type != IFA_ADDRESS && type != IFA_LOCAL) ||
		    mnl_attr_get_payload_len(attr) != address_len_bytes(&a))
			continue;
		memcpy(a.b, mnl_attr_get_payload(attr), address_len_bytes(&a));
		found = true;
	}
	if (found) {
		engine_address_removed(n->engine, nego_now_ms(), &a);
		nego_pump(n);
	}
	return MNL_CB_OK;
}

static void
address_on_read(evutil_socket_t fd, short what, void *ctx)
{
	char buf[16384];
	ssize_t len;

	(void)what;
	while ((len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		(void)mnl_cb_run(buf, (size_t)len, 0, 0, address_message, ctx);
}

void
nego_address_watch(struct negotiator *n)
{
	struct sockaddr_nl a = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};

	n->address_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_ROUTE);
	if (n->address_fd >= 0 && bind(n->address_fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		n->address_event = event_new(n->base, n->address_fd, EV_READ | EV_PERSIST,
		    address_on_read, n);
	if (n->address_event == NULL || event_add(n->address_event, NULL) != 0)
		log_warn("net", "cannot follow local addresses: %s", strerror(errno));
}

void
nego_address_free(struct negotiator *n)
{
	if (n->address_event != NULL)
		event_free(n->address_event);
	if (n->address_fd >= 0)
		close(n->address_fd);
}
