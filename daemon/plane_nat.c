/*
 * The NAT port (RFC 3948): ESP in UDP is opened and sent here; IKE messages go to the
 * negotiator and come from it; peers whose NAT gave them another port are followed.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/nat_datagram.h"
#include "daemon/plane.h"

#define PACKETS_PER_EVENT 64
#define KEEPALIVE_MS 20000 /* spec authip.md 2.1 */
#define IPV4_HEADER_BYTES 20

union nat_control {
	struct cmsghdr align;
	char b[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* ---- out ---- */

static int
nat_sendv(struct plane *p, const struct endpoint *local, const struct endpoint *remote,
    struct span head, struct span tail)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(remote->port) };
	struct iovec iov[2] = { { (void *)(uintptr_t)head.p, head.n },
		{ (void *)(uintptr_t)tail.p, tail.n } };
	union nat_control control = { .b = { 0 } };
	struct in_pktinfo info = { .ipi_ifindex = 0 };
	struct msghdr mh = { &to, sizeof(to), iov, 2, &control, sizeof(control), 0 };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

	if (p->nat_fd < 0)
		return -ENETDOWN;
	memcpy(&to.sin_addr, remote->addr.b, 4);
	memcpy(&info.ipi_spec_dst, local->addr.b, 4);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	/* A pending ICMP error is reported instead of sending: try once more. */
	for (int i = 0; i < 2; i++)
		if (sendmsg(p->nat_fd, &mh, MSG_DONTWAIT) >= 0)
			return 0;
	return -errno;
}

int
plane_nat_send(struct plane *p, struct pair *s, struct span wire)
{
	size_t head_n = (size_t)(wire.p[0] & 15) * 4;

	s->nat_sent_ms = p->now_ms;
	return nat_sendv(p, &s->nat.local, &s->nat.remote,
	    span_of(wire.p + head_n, wire.n - head_n), SPAN_NONE);
}

void
plane_nat_ike(struct plane *p, struct span body)
{
	static const uint8_t marker[NAT_MARKER_BYTES];
	struct proto_nat nat;

	if (body.n < sizeof(nat))
		return;
	memcpy(&nat, body.p, sizeof(nat));
	if (nat_sendv(p, &nat.local, &nat.remote, SPAN_ARRAY(marker),
		span_of(body.p + sizeof(nat), body.n - sizeof(nat))) != 0)
		p->count[PC_SEND_FAILED]++;
}

void
plane_nat_keepalive(struct plane *p, struct pair *s)
{
	static const uint8_t keepalive[1] = { NAT_KEEPALIVE };

	if (!s->nat.keepalive || s->is_expired || p->now_ms - s->nat_sent_ms < KEEPALIVE_MS)
		return;
	s->nat_sent_ms = p->now_ms;
	if (nat_sendv(p, &s->nat.local, &s->nat.remote, SPAN_ARRAY(keepalive), SPAN_NONE) == 0)
		p->count[PC_NAT_KEEPALIVE]++;
}

/* ---- the peer's end changes ---- */

void
plane_nat_move(struct plane *p, const struct proto_move *m)
{
	struct pair *s = plane_sa_by_id(p, m->qm_id);

	if (s != NULL && s->nat.local.port != 0)
		s->nat.remote = m->remote;
}

void
plane_nat_follow(struct plane *p, struct pair *s, const struct endpoint *remote)
{
	struct proto_move m = { s->qm_id, *remote };

	if (!s->nat.peer_moves || endpoint_equal(&s->nat.remote, remote))
		return;
	s->nat.remote = *remote;
	(void)ipc_send(p->negotiator, PROTO_PEER_MOVED, &m, sizeof(m), -1);
}

/* ---- in ---- */

/* Made up: what the peer would have sent without a NAT, addresses as negotiated. */
static void
write_header(uint8_t *h, size_t n, const struct flow *selector)
{
	memset(h, 0, IPV4_HEADER_BYTES);
	h[0] = 0x45;
	h[2] = (uint8_t)(n >> 8);
	h[3] = (uint8_t)n;
	h[8] = 64;
	h[9] = IPPROTO_ESP;
	memcpy(h + 12, selector->remote.addr.b, 4);
	memcpy(h + 16, selector->local.addr.b, 4);
}

/* esp lies in p->in, with room for an IP header in front. */
static void
nat_in_esp(struct plane *p, const struct endpoint *local, const struct endpoint *remote,
    struct span esp)
{
	uint32_t spi = (uint32_t)esp.p[0] << 24 | (uint32_t)esp.p[1] << 16 |
	    (uint32_t)esp.p[2] << 8 | esp.p[3];
	uint32_t seq = (uint32_t)esp.p[4] << 24 | (uint32_t)esp.p[5] << 16 |
	    (uint32_t)esp.p[6] << 8 | esp.p[7];
	struct pair *s = plane_in_find(p, IPPROTO_ESP, spi);
	size_t n = esp.n + IPV4_HEADER_BYTES;

	if (s == NULL)
		return;
	if (s->nat.local.port == 0 || !address_equal(&s->nat.local.addr, &local->addr) ||
	    (!s->nat.peer_moves && !address_equal(&s->nat.remote.addr, &remote->addr))) {
		p->count[PC_WRONG_PEER]++;
		return;
	}
	write_header(p->in, n, &s->selector);
	plane_in_pair(p, s, span_of(p->in, n), seq, remote);
}

static void
nat_in(struct plane *p, const struct endpoint *local, const struct endpoint *remote,
    struct span datagram)
{
	struct proto_nat nat = { *local, *remote };
	struct span body;

	switch (nat_datagram_kind(datagram, &body)) {
	case NAT_KIND_KEEPALIVE:
		break;
	case NAT_KIND_IKE:
		if (ipc_is_behind(p->negotiator)) {
			p->count[PC_NAT_DROPPED]++;
			break;
		}
		(void)ipc_send2(p->negotiator, PROTO_NAT_IN, &nat, sizeof(nat), body.p, body.n,
		    -1);
		break;
	case NAT_KIND_ESP:
		nat_in_esp(p, local, remote, body);
		break;
	case NAT_KIND_NOTHING:
		p->count[PC_NAT_DATAGRAM]++;
		break;
	}
}

static bool
local_of_control(struct msghdr *mh, struct endpoint *local)
{
	struct in_pktinfo info;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		local->addr.family = 4;
		memcpy(local->addr.b, &info.ipi_addr, 4);
		return true;
	}
	return false;
}

static bool
nat_read_one(struct plane *p)
{
	struct endpoint local = { .port = p->config->nat_port }, remote = { .addr.family = 4 };
	uint8_t *at = p->in + IPV4_HEADER_BYTES;
	struct iovec iov = { at, PACKET_MAX_BYTES - IPV4_HEADER_BYTES };
	union nat_control control;
	struct sockaddr_in from;
	struct msghdr mh = { &from, sizeof(from), &iov, 1, &control, sizeof(control), 0 };
	ssize_t n = recvmsg(p->nat_fd, &mh, MSG_DONTWAIT);

	if (n < 0) /* an ICMP error is told once and is not the end */
		return errno != EAGAIN && errno != EBADF;
	if (!local_of_control(&mh, &local) || (mh.msg_flags & MSG_TRUNC) != 0)
		return true;
	remote.port = ntohs(from.sin_port);
	memcpy(remote.addr.b, &from.sin_addr, 4);
	nat_in(p, &local, &remote, span_of(at, (size_t)n));
	return true;
}

void
plane_nat_read(struct plane *p)
{
	for (int i = 0; i < PACKETS_PER_EVENT && nat_read_one(p); i++)
		;
}
