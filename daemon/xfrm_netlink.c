/* NETLINK_XFRM through libmnl. */
#define _GNU_SOURCE
#include "daemon/xfrm_netlink.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#define BUFFER_BYTES 32768
#define ANSWER_TIMEOUT_S 5
#define EVENTS_BUFFER_BYTES (4 * 1024 * 1024)
#define READ_AT_ONCE 256 /* then it is the turn of others */

struct xfrm_netlink {
	struct mnl_socket *s;
	uint32_t seq;
};

struct reader {
	xfrm_netlink_each *each;
	void *ctx;
};

static struct mnl_socket *
open_bound(unsigned groups)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	struct timeval patience = { ANSWER_TIMEOUT_S, 0 };
	int saved;

	if (s == NULL)
		return NULL;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) == 0)
		return s;
	saved = errno;
	mnl_socket_close(s);
	errno = saved;
	return NULL;
}

struct xfrm_netlink *
xfrm_netlink_open(void)
{
	struct xfrm_netlink *nl = calloc(1, sizeof(*nl));

	if (nl != NULL && (nl->s = open_bound(0)) == NULL) {
		free(nl);
		return NULL;
	}
	return nl;
}

void
xfrm_netlink_close(struct xfrm_netlink *nl)
{
	if (nl == NULL)
		return;
	mnl_socket_close(nl->s);
	free(nl);
}

uint32_t
xfrm_netlink_port_id(const struct xfrm_netlink *nl)
{
	return mnl_socket_get_portid(nl->s);
}

static int
each_message(const struct nlmsghdr *nlh, void *ctx)
{
	const struct reader *r = ctx;
	struct xfrm_event e;

	if (xfrm_parse(nlh, &e) && e.type != XFRM_EVENT_OTHER)
		r->each(r->ctx, &e);
	return MNL_CB_OK;
}

/* Until the acknowledgement, the end of a dump, or an error. */
static int
receive_all(struct mnl_socket *s, uint32_t seq, struct reader *r)
{
	uint8_t buf[BUFFER_BYTES];
	int status = MNL_CB_OK;
	ssize_t n;

	while (status == MNL_CB_OK) {
		if ((n = mnl_socket_recvfrom(s, buf, sizeof(buf))) < 0)
			return -errno;
		status = mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(s),
		    r != NULL ? each_message : NULL, r);
	}
	return status < 0 ? -errno : 0;
}

/* The kernel repeats the sender in notifications about what it did. */
static void
sign(struct xfrm_netlink *nl, struct nlmsghdr *nlh)
{
	nlh->nlmsg_seq = ++nl->seq;
	nlh->nlmsg_pid = mnl_socket_get_portid(nl->s);
}

int
xfrm_netlink_talk(struct xfrm_netlink *nl, struct nlmsghdr *nlh)
{
	sign(nl, nlh);
	if (mnl_socket_sendto(nl->s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return receive_all(nl->s, nl->seq, NULL);
}

static void
keep_answer(void *ctx, const struct xfrm_event *e)
{
	*(struct xfrm_event *)ctx = *e;
}

int
xfrm_netlink_ask(struct xfrm_netlink *nl, struct nlmsghdr *nlh, struct xfrm_event *out)
{
	struct reader r = { keep_answer, out };
	int status;

	*out = (struct xfrm_event){ .type = XFRM_EVENT_OTHER };
	sign(nl, nlh);
	nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(nl->s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	status = receive_all(nl->s, nl->seq, &r);
	return status == 0 && out->type == XFRM_EVENT_OTHER ? -ENOENT : status;
}

int
xfrm_netlink_dump(uint16_t type, xfrm_netlink_each *each, void *ctx)
{
	struct reader r = { each, ctx };
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct mnl_socket *s = open_bound(0);
	struct nlmsghdr *nlh = xfrm_message_dump(buf, type);
	int status;

	if (s == NULL)
		return -errno;
	nlh->nlmsg_seq = 1;
	status = mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0 ? -errno :
								 receive_all(s, 1, &r);
	mnl_socket_close(s);
	return status;
}

/* The kernel tells everybody of a change, whoever made it. */
static bool
ignore_own(int fd, uint32_t port_id)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct nlmsghdr, nlmsg_pid) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, htonl(port_id) },
		{ BPF_RET | BPF_K, 0, 0, 0 },
		{ BPF_RET | BPF_K, 0, 0, UINT32_MAX },
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

int
xfrm_netlink_listen(const struct xfrm_netlink *own)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int fd =
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_XFRM);
	int size = EVENTS_BUFFER_BYTES;

	for (int g = XFRMNLGRP_ACQUIRE; g <= XFRMNLGRP_POLICY; g++)
		a.nl_groups |= 1u << (g - 1);
	a.nl_groups |= 1u << (XFRMNLGRP_MAPPING - 1);
	if (fd >= 0 && (!ignore_own(fd, xfrm_netlink_port_id(own)) ||
			   bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

bool
xfrm_netlink_read(int fd, xfrm_netlink_each *each, void *ctx, bool *lost)
{
	struct reader r = { each, ctx };
	uint8_t buf[BUFFER_BYTES];
	struct sockaddr_nl from;
	socklen_t from_n;
	ssize_t n;

	for (int i = 0; i < READ_AT_ONCE; i++) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
		int left;

		from_n = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT,
		    (struct sockaddr *)&from, &from_n);
		if (n < 0 && errno != ENOBUFS)
			return true;
		*lost = *lost || n < 0;
		if (n <= 0 || from.nl_pid != 0)
			continue; /* only the kernel is believed */
		for (left = (int)n; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			(void)each_message(nlh, &r);
	}
	return false;
}
