/* Notifications of nftables about our table. */
#include "daemon/net_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "daemon/log.h"
#include "daemon/net_reply.h"

#define TABLE_TYPE(message) (NFNL_SUBSYS_NFTABLES << 8 | (message))
#define BUFFER_BYTES 32768
#define ANSWER_TIMEOUT_S 5
#define READ_AT_ONCE 256 /* then it is the turn of others */

struct net_table {
	struct mnl_socket *watch;
	struct event *on_change;
	uint64_t handle; /* 0: there is none */
	net_table_lost *lost;
	void *ctx;
};

/* ---- asking ---- */

static int
read_handle(const struct nlmsghdr *nlh, void *ctx)
{
	const struct nlattr *a;
	uint64_t *out = ctx;

	if (nlh->nlmsg_type != TABLE_TYPE(NFT_MSG_NEWTABLE))
		return MNL_CB_OK;
	mnl_attr_for_each (a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_TABLE_HANDLE &&
		    mnl_attr_validate(a, MNL_TYPE_U64) == 0)
			*out = mnl_attr_get_u64(a);
	return MNL_CB_OK;
}

static struct nlmsghdr *
question(char *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	nlh->nlmsg_type = TABLE_TYPE(NFT_MSG_GETTABLE);
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = NFPROTO_INET;
	g->version = NFNETLINK_V0;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NET_NFT_NAME);
	return nlh;
}

/* False: no answer. No table: handle 0. */
static bool
ask(uint64_t *handle)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	struct timeval patience = { ANSWER_TIMEOUT_S, 0 };
	char buf[BUFFER_BYTES];
	struct nlmsghdr *nlh = question(buf);
	int status = MNL_CB_ERROR;
	ssize_t n = -1;

	*handle = 0;
	if (s == NULL)
		return false;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) == 0 &&
	    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) >= 0)
		status = MNL_CB_OK;
	while (status == MNL_CB_OK && (n = mnl_socket_recvfrom(s, buf, sizeof(buf))) > 0)
		status = mnl_cb_run(
		    buf, (size_t)n, 1, mnl_socket_get_portid(s), read_handle, handle);
	if (status == MNL_CB_ERROR && n > 0 && errno == ENOENT)
		status = MNL_CB_STOP;
	mnl_socket_close(s);
	return status == MNL_CB_STOP;
}

/* ---- hearing ---- */

/* Somebody deleted a table with our name. */
static bool
is_about_us(const struct nlmsghdr *nlh, ssize_t n)
{
	const struct nlattr *a;
	int left;

	for (left = (int)n; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);

		if (nlh->nlmsg_type != TABLE_TYPE(NFT_MSG_DELTABLE) ||
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(*g) ||
		    g->nfgen_family != NFPROTO_INET)
			continue;
		mnl_attr_for_each (a, nlh, sizeof(*g))
			if (mnl_attr_get_type(a) == NFTA_TABLE_NAME &&
			    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0 &&
			    strcmp(mnl_attr_get_str(a), NET_NFT_NAME) == 0)
				return true;
	}
	return false;
}

static void
on_change(evutil_socket_t fd, short what, void *ctx)
{
	struct net_table *t = ctx;
	char buf[BUFFER_BYTES];
	bool look = false;
	uint64_t handle;
	ssize_t n;

	(void)fd;
	(void)what;
	for (int i = 0; i < READ_AT_ONCE; i++) {
		n = mnl_socket_recvfrom(t->watch, buf, sizeof(buf));
		if (n <= 0 && errno != ENOBUFS && errno != ENOSPC)
			break;
		look = look || n <= 0 || is_about_us((struct nlmsghdr *)buf, n);
	}
	if (look && t->handle != 0 && ask(&handle) && handle != t->handle)
		t->lost(t->ctx);
}

void
net_table_note(struct net_table *t)
{
	if (t != NULL && !ask(&t->handle))
		t->handle = 0;
}

struct net_table *
net_table_watch(struct event_base *base, net_table_lost *lost, void *ctx)
{
	struct net_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->lost = lost;
	t->ctx = ctx;
	t->watch = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (t->watch == NULL || mnl_socket_bind(t->watch, 1u << (NFNLGRP_NFTABLES - 1),
				    MNL_SOCKET_AUTOPID) != 0) {
		log_debug("net", "cannot follow nftables: %s", strerror(errno));
		net_table_free(t);
		return NULL;
	}
	t->on_change = event_new(
	    base, mnl_socket_get_fd(t->watch), EV_READ | EV_PERSIST, on_change, t);
	if (t->on_change == NULL || event_add(t->on_change, NULL) != 0) {
		net_table_free(t);
		return NULL;
	}
	return t;
}

void
net_table_free(struct net_table *t)
{
	if (t == NULL)
		return;
	if (t->on_change != NULL)
		event_free(t->on_change);
	if (t->watch != NULL)
		mnl_socket_close(t->watch);
	free(t);
}
