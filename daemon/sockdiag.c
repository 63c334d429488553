/* inet_diag through libmnl. */
#include "daemon/sockdiag.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>

struct dump {
	sockdiag_each *each;
	void *ctx;
	uint8_t protocol;
	bool is_local;
	uint16_t port;
};

static uint64_t
cookie_of(const struct inet_diag_msg *m)
{
	return (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0];
}

static void
endpoint_of(struct endpoint *e, uint8_t family, const void *addr, uint16_t port_be)
{
	*e = (struct endpoint){ .addr.family = family, .port = ntohs(port_be) };
	memcpy(e->addr.b, addr, address_len_bytes(&e->addr));
}

/* False: too short. */
static bool
entry_of(const struct nlmsghdr *nlh, struct sockdiag_entry *e)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*m))
		return false;
	e->family = m->idiag_family == AF_INET ? 4 : 6;
	e->cookie = cookie_of(m);
	e->uid = m->idiag_uid;
	e->state = m->idiag_state;
	endpoint_of(&e->local, e->family, m->id.idiag_src, m->id.idiag_sport);
	endpoint_of(&e->remote, e->family, m->id.idiag_dst, m->id.idiag_dport);
	return true;
}

static int
dump_one(const struct nlmsghdr *nlh, void *ctx)
{
	const struct dump *d = ctx;
	struct sockdiag_entry e = { .protocol = d->protocol };
	const struct nlattr *a;

	if (!entry_of(nlh, &e))
		return MNL_CB_OK;
	mnl_attr_for_each (a, nlh, sizeof(struct inet_diag_msg))
		if (mnl_attr_get_type(a) == INET_DIAG_MARK &&
		    mnl_attr_validate(a, MNL_TYPE_U32) == 0)
			e.mark = mnl_attr_get_u32(a);
	if (d->port == 0 || (d->is_local ? e.local.port : e.remote.port) == d->port)
		d->each(d->ctx, &e);
	return MNL_CB_OK;
}

/* Lets the kernel filter by a port: port >= p and port <= p, else reject. */
static void
put_port_filter(struct nlmsghdr *nlh, bool is_local, uint16_t port)
{
	uint8_t at_least = is_local ? INET_DIAG_BC_S_GE : INET_DIAG_BC_D_GE;
	uint8_t at_most = is_local ? INET_DIAG_BC_S_LE : INET_DIAG_BC_D_LE;
	/* {code, yes, no} with the operand in the following slot's "no" field */
	struct inet_diag_bc_op op[4] = {
		{ at_least, 2 * sizeof(op[0]), 4 * sizeof(op[0]) + 4 },
		{ 0, 0, port },
		{ at_most, 2 * sizeof(op[0]), 2 * sizeof(op[0]) + 4 },
		{ 0, 0, port },
	};

	mnl_attr_put(nlh, INET_DIAG_REQ_BYTECODE, sizeof(op), op);
}

/* port: of the local or the remote end; 0: any. */
static int
dump(uint8_t family, uint8_t protocol, uint32_t states, bool is_local, uint16_t port,
    sockdiag_each *each, void *ctx)
{
	struct dump d = { each, ctx, protocol, is_local, port };
	char buf[16384];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct mnl_socket *s = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	struct inet_diag_req_v2 *req;
	int r = -1;
	ssize_t n;

	if (s == NULL)
		return -errno;
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = family == 4 ? AF_INET : AF_INET6;
	req->sdiag_protocol = protocol;
	req->idiag_states = states;
	if (port != 0)
		put_port_filter(nlh, is_local, port);
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) >= 0)
		r = MNL_CB_OK;
	while (r == MNL_CB_OK) {
		n = mnl_socket_recvfrom(s, buf, sizeof(buf));
		r = n < 0 ? -1 :
			    mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(s), dump_one,
				&d);
	}
	r = r < 0 ? -errno : 0;
	mnl_socket_close(s);
	return r;
}

int
sockdiag_dump(uint8_t family, uint8_t protocol, uint16_t local_port, sockdiag_each *each,
    void *ctx)
{
	return dump(family, protocol, UINT32_MAX, true, local_port, each, ctx);
}

int
sockdiag_dump_states(
    uint8_t family, uint8_t protocol, uint32_t states, sockdiag_each *each, void *ctx)
{
	return dump(family, protocol, states, true, 0, each, ctx);
}

int
sockdiag_dump_to(uint8_t family, uint8_t protocol, uint32_t states, uint16_t remote_port,
    sockdiag_each *each, void *ctx)
{
	return dump(family, protocol, states, false, remote_port, each, ctx);
}

/* ---- one socket ---- */

static int
take_owner(const struct nlmsghdr *nlh, void *ctx)
{
	struct sockdiag_entry *e = ctx, got = { .protocol = e->protocol };

	if (entry_of(nlh, &got))
		*e = got;
	return MNL_CB_OK;
}

static void
put_end(const struct endpoint *e, __be32 addr[4], __be16 *port)
{
	memcpy(addr, e->addr.b, address_len_bytes(&e->addr));
	*port = htons(e->port);
}

/* No dump: the kernel looks into its tables as for a packet. */
bool
sockdiag_owner(const struct flow *f, uint32_t *uid)
{
	struct sockdiag_entry e = { .protocol = f->protocol, .uid = UINT32_MAX };
	struct mnl_socket *s = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	/* The kernel has the ends of UDP the other way round. */
	bool swapped = f->protocol == IPPROTO_UDP;
	char buf[4096];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;
	ssize_t n = -1;

	if (s == NULL)
		return false;
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = 1;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = f->local.addr.family == 4 ? AF_INET : AF_INET6;
	req->sdiag_protocol = f->protocol;
	req->idiag_states = UINT32_MAX;
	req->id.idiag_cookie[0] = req->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	put_end(swapped ? &f->remote : &f->local, req->id.idiag_src, &req->id.idiag_sport);
	put_end(swapped ? &f->local : &f->remote, req->id.idiag_dst, &req->id.idiag_dport);
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) >= 0)
		n = mnl_socket_recvfrom(s, buf, sizeof(buf));
	if (n > 0)
		(void)mnl_cb_run(
		    buf, (size_t)n, 1, mnl_socket_get_portid(s), take_owner, &e);
	mnl_socket_close(s);
	*uid = e.uid;
	return e.local.port != 0 && e.local.port == f->local.port;
}

/* ---- ends ---- */

bool
sockdiag_read_destroyed(int fd, sockdiag_each *each, void *ctx)
{
	char buf[16384];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
		int left = (int)n;

		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			struct sockdiag_entry e = { .protocol = 0 }; /* it does not say */

			if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY && entry_of(nlh, &e))
				each(ctx, &e);
		}
	}
	return errno != ENOBUFS;
}
