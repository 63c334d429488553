/* A packet to the network: whole, in pieces, or told to be too big. */
#define _GNU_SOURCE
#include "config.h"

#include <sys/socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/plane.h"

#define IPV6_MIN_MTU 1280

/* Fills in the destination of raw; the socket that it goes by. */
static int
destination(
    const struct plane *p, struct span raw, struct sockaddr_in6 *to, socklen_t *to_n)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	bool v4 = raw.p[0] >> 4 == 4;

	*to = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	*to_n = v4 ? sizeof(to4) : sizeof(*to);
	memcpy(&to4.sin_addr, raw.p + 16, 4);
	if (v4)
		memcpy(to, &to4, sizeof(to4));
	else
		memcpy(&to->sin6_addr, raw.p + 24, 16);
	return p->raw_out_fd[v4 ? 0 : 1];
}

int
plane_raw_send(struct plane *p, struct span raw)
{
	struct sockaddr_in6 to;
	socklen_t to_n;
	int fd = destination(p, raw, &to, &to_n);

	if (fd < 0)
		return -ENETDOWN;
	if (sendto(fd, raw.p, raw.n, MSG_DONTWAIT, (struct sockaddr *)&to, to_n) < 0)
		return -errno;
	return 0;
}

size_t
plane_send_many(struct plane *p, const struct span *wire, size_t n)
{
	struct mmsghdr m[BURST_PACKETS];
	struct iovec iov[BURST_PACKETS];
	struct sockaddr_in6 to;
	socklen_t to_n;
	int fd = destination(p, wire[0], &to, &to_n), sent;
	size_t i;

	memset(m, 0, sizeof(m));
	for (i = 0; i < n && i < BURST_PACKETS && wire[i].n <= p->outer_mtu; i++) {
		iov[i] = (struct iovec){ (void *)(uintptr_t)wire[i].p, wire[i].n };
		m[i].msg_hdr.msg_name = &to;
		m[i].msg_hdr.msg_namelen = to_n;
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	sent = fd < 0 || i == 0 ? 0 : sendmmsg(fd, m, (unsigned)i, MSG_DONTWAIT);
	return sent < 0 ? 0 : (size_t)sent;
}

void
plane_tell_sender(struct plane *p, uint32_t class_id, struct span raw, uint32_t mtu)
{
	uint8_t icmp[1280];
	size_t n = packet_icmp_error(raw, mtu, icmp);

	if (n > 0)
		plane_to_tun(p, class_id, span_of(icmp, n));
}

/* What the path to the destination of raw takes, as far as the kernel knows. */
static uint32_t
path_mtu(struct span raw)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	bool v4 = raw.p[0] >> 4 == 4;
	int mtu = 0, fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(mtu);

	memcpy(&to4.sin_addr, raw.p + 16, 4);
	if (!v4)
		memcpy(&to6.sin6_addr, raw.p + 24, 16);
	if (fd < 0 ||
	    connect(fd, v4 ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6,
		v4 ? sizeof(to4) : sizeof(to6)) != 0 ||
	    getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu,
		&n) != 0)
		mtu = IPV6_MIN_MTU;
	if (fd >= 0)
		close(fd);
	return (uint32_t)mtu;
}

/* room: what was added to raw before it was sent. */
void
plane_send_result(
    struct plane *p, uint32_t class_id, struct span raw, uint32_t room, int r)
{
	uint32_t mtu;

	if (r == -EMSGSIZE) {
		p->count[PC_TOO_BIG]++;
		mtu = path_mtu(raw);
		mtu = mtu > 2 * room ? mtu - room : mtu;
		if (raw.p[0] >> 4 == 6 && mtu < IPV6_MIN_MTU)
			mtu = IPV6_MIN_MTU;
		plane_tell_sender(p, class_id, raw, mtu);
	} else if (r != 0) {
		p->count[PC_SEND_FAILED]++;
	}
}

/*
 * May it be cut? IPv4 without "don't fragment"; IPv6 what the kernel had cut already, and a
 * packet of the smallest MTU: it has no room for what protects it.
 */
static bool
may_be_cut(struct span raw, uint32_t mtu)
{
	return raw.p[0] >> 4 == 4 ? (raw.p[6] & 0x40) == 0 :
				    raw.n <= IPV6_MIN_MTU || raw.n > mtu;
}

/* Sends wire, which is raw or raw protected, in pieces if it must be and may be. */
int
plane_send_fitting(struct plane *p, struct span raw, struct span wire)
{
	int r = -EMSGSIZE;

	if (wire.n <= p->outer_mtu)
		r = plane_raw_send(p, wire);
	else if (may_be_cut(raw, p->outer_mtu))
		r = plane_frag_send(p, wire, p->outer_mtu);
	if (r == -EMSGSIZE && may_be_cut(raw, p->outer_mtu))
		r = plane_frag_send(p, wire, path_mtu(raw));
	return r;
}
