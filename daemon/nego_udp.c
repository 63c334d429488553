/* UDP port 500: datagrams in and out, with the local address. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/nat_datagram.h"
#include "daemon/negotiator.h"

#define DATAGRAMS_PER_EVENT 64

union pktinfo_control {
	struct cmsghdr align;
	char b[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void
endpoint_of_sockaddr(const struct sockaddr_storage *a, struct endpoint *e)
{
	*e = (struct endpoint){ .port = 0 };
	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)a;

		e->addr.family = 4;
		e->port = ntohs(in->sin_port);
		memcpy(e->addr.b, &in->sin_addr, 4);
	} else {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

		e->addr.family = 6;
		e->port = ntohs(in6->sin6_port);
		memcpy(e->addr.b, &in6->sin6_addr, 16);
	}
}

static bool
local_of_control(struct msghdr *mh, struct endpoint *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo i;

			memcpy(&i, CMSG_DATA(c), sizeof(i));
			local->addr.family = 4;
			memcpy(local->addr.b, &i.ipi_addr, 4);
			return true;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo i;

			memcpy(&i, CMSG_DATA(c), sizeof(i));
			local->addr.family = 6;
			memcpy(local->addr.b, &i.ipi6_addr, 16);
			return true;
		}
	}
	return false;
}

/* On nat_port only what has the non-ESP marker is for us; the kernel took the ESP. */
static bool
udp_message(const struct negotiator *n, int fd, struct span *datagram)
{
	struct span body;

	if (fd != n->nat_fd)
		return true;
	if (nat_datagram_kind(*datagram, &body) != NAT_KIND_IKE)
		return false;
	*datagram = body;
	return true;
}

static bool
udp_receive_one(struct negotiator *n, int fd)
{
	static uint8_t buf[65536];
	struct endpoint local = { .port = fd == n->nat_fd ? n->config->nat_port :
							    n->config->ike_port };
	struct endpoint remote;
	union pktinfo_control control;
	struct sockaddr_storage from;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr mh = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &mh, MSG_DONTWAIT);
	struct span datagram;

	if (len < 0) /* an ICMP error is told once and is not the end */
		return errno != EAGAIN && errno != EBADF;
	datagram = span_of(buf, (size_t)len);
	if (!local_of_control(&mh, &local) || !udp_message(n, fd, &datagram))
		return true;
	endpoint_of_sockaddr(&from, &remote);
	engine_input(n->engine, nego_now_ms(), &local, &remote, datagram);
	return true;
}

static void
udp_on_read(evutil_socket_t fd, short what, void *ctx)
{
	struct negotiator *n = ctx;

	(void)what;
	for (int i = 0; i < DATAGRAMS_PER_EVENT && udp_receive_one(n, fd); i++)
		nego_pump(n);
}

bool
nego_udp_listen_nat(struct negotiator *n, int fd)
{
	if (n->nat_event != NULL) {
		close(fd);
		return false;
	}
	n->nat_fd = fd;
	n->nat_event = event_new(n->base, fd, EV_READ | EV_PERSIST, udp_on_read, n);
	return n->nat_event != NULL && event_add(n->nat_event, NULL) == 0;
}

bool
nego_udp_listen(struct negotiator *n, int family, int fd)
{
	int i = family == 4 ? 0 : 1;

	if (n->udp_event[i] != NULL) {
		close(fd);
		return false;
	}
	n->udp_fd[i] = fd;
	n->udp_event[i] = event_new(n->base, fd, EV_READ | EV_PERSIST, udp_on_read, n);
	return n->udp_event[i] != NULL && event_add(n->udp_event[i], NULL) == 0;
}

static socklen_t
sockaddr_of(const struct endpoint *e, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (e->addr.family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		memcpy(&in->sin_addr, e->addr.b, 4);
		return sizeof(*in);
	}
	((struct sockaddr_in6 *)out)->sin6_family = AF_INET6;
	((struct sockaddr_in6 *)out)->sin6_port = htons(e->port);
	memcpy(&((struct sockaddr_in6 *)out)->sin6_addr, e->addr.b, 16);
	return sizeof(struct sockaddr_in6);
}

static void
control_of(const struct endpoint *local, struct msghdr *mh, union pktinfo_control *control)
{
	struct in6_pktinfo i6 = { .ipi6_ifindex = 0 };
	struct in_pktinfo i4 = { .ipi_ifindex = 0 };
	bool is4 = local->addr.family == 4;
	const void *data = is4 ? (const void *)&i4 : (const void *)&i6;
	size_t n = is4 ? sizeof(i4) : sizeof(i6);
	struct cmsghdr *c;

	memcpy(&i4.ipi_spec_dst, local->addr.b, 4);
	memcpy(&i6.ipi6_addr, local->addr.b, 16);
	memset(control, 0, sizeof(*control));
	mh->msg_control = control;
	mh->msg_controllen = CMSG_SPACE(n);
	c = CMSG_FIRSTHDR(mh);
	c->cmsg_level = is4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = is4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), data, n);
}

/* The plane has that socket, and puts the marker in front. */
static void
nat_send(struct negotiator *n, const struct action_send *s)
{
	struct proto_nat nat = { s->local, s->remote };

	(void)ipc_send2(n->plane, PROTO_NAT_OUT, &nat, sizeof(nat), s->data.p, s->data.n, -1);
}

void
nego_udp_nat(struct negotiator *n, struct span body)
{
	struct proto_nat nat;

	if (body.n < sizeof(nat))
		return;
	memcpy(&nat, body.p, sizeof(nat));
	engine_input(n->engine, nego_now_ms(), &nat.local, &nat.remote,
	    span_of(body.p + sizeof(nat), body.n - sizeof(nat)));
	nego_pump(n);
}

void
nego_udp_send(struct negotiator *n, const struct action_send *s)
{
	static uint8_t marker[NAT_MARKER_BYTES];
	bool is_nat = s->local.port == n->config->nat_port && s->local.port != 0;
	int fd = is_nat ? n->nat_fd : n->udp_fd[s->remote.addr.family == 4 ? 0 : 1];
	union pktinfo_control control;
	struct sockaddr_storage to;
	struct iovec iov[2] = { { marker, sizeof(marker) },
		{ (void *)(uintptr_t)s->data.p, s->data.n } };
	struct msghdr mh = { .msg_name = &to, .msg_iov = iov, .msg_iovlen = 2 };

	if (is_nat && fd < 0) {
		nat_send(n, s);
		return;
	}
	if (fd < 0)
		return;
	if (!is_nat) {
		mh.msg_iov = &iov[1];
		mh.msg_iovlen = 1;
	}
	mh.msg_namelen = sockaddr_of(&s->remote, &to);
	control_of(&s->local, &mh, &control);
	/* A pending ICMP error is reported instead of sending: try once more. */
	for (int i = 0; i < 2; i++)
		if (sendmsg(fd, &mh, MSG_DONTWAIT) >= 0)
			return;
	log_debug("udp", "cannot send: %s", strerror(errno));
}

void
nego_udp_free(struct negotiator *n)
{
	for (int i = 0; i < 2; i++) {
		if (n->udp_event[i] == NULL)
			continue;
		event_free(n->udp_event[i]);
		close(n->udp_fd[i]);
	}	if (n->nat_event != NULL) {
		event_free(n->nat_event);
		close(n->nat_fd);
	}
}
