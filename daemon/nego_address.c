/* Local addresses that go away take their SAs with them (MS-AIPS 3.1.7). */
#include "config.h"

#include <sys/socket.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "daemon/log.h"
#include "daemon/negotiator.h"

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
