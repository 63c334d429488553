/* What the raw sockets receive: protected packets, many with one system call. */
#define _GNU_SOURCE
#include "config.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/plane.h"

#define BATCH_PACKETS 32
#define IPV6_HEADER_BYTES 40

union raw_control {
	struct cmsghdr align;
	char b[256];
};

struct raw_batch {
	struct mmsghdr m[BATCH_PACKETS];
	struct iovec iov[BATCH_PACKETS];
	struct sockaddr_in6 from[BATCH_PACKETS];
	union raw_control control[BATCH_PACKETS];
	uint8_t b[BATCH_PACKETS][PACKET_MAX_BYTES];
};

/* IPv6 raw sockets keep the header to themselves: put it together again. */
static void
rebuild_ipv6(
    uint8_t *h, size_t payload_n, const struct sockaddr_in6 *from, struct msghdr *mh)
{
	struct in6_pktinfo info;
	int hops = 64, tclass = 0;

	memset(h, 0, IPV6_HEADER_BYTES);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(h + 24, &info.ipi6_addr, 16);
		} else if (c->cmsg_type == IPV6_HOPLIMIT) {
			memcpy(&hops, CMSG_DATA(c), sizeof(hops));
		} else if (c->cmsg_type == IPV6_TCLASS) {
			memcpy(&tclass, CMSG_DATA(c), sizeof(tclass));
		}
	}
	h[0] = (uint8_t)(0x60 | (tclass >> 4 & 15));
	h[1] = (uint8_t)(tclass << 4);
	h[4] = (uint8_t)(payload_n >> 8);
	h[5] = (uint8_t)payload_n;
	h[7] = (uint8_t)hops;
	memcpy(h + 8, &from->sin6_addr, 16);
}

/* front: room for the header that the kernel keeps. */
static int
batch_receive(struct raw_batch *t, int fd, size_t front)
{
	for (size_t i = 0; i < BATCH_PACKETS; i++) {
		t->iov[i] = (struct iovec){ t->b[i] + front, PACKET_MAX_BYTES - front };
		t->m[i].msg_hdr = (struct msghdr){
			.msg_name = &t->from[i],
			.msg_namelen = sizeof(t->from[i]),
			.msg_iov = &t->iov[i],
			.msg_iovlen = 1,
			.msg_control = &t->control[i],
			.msg_controllen = sizeof(t->control[i]),
		};
	}
	return recvmmsg(fd, t->m, BATCH_PACKETS, MSG_DONTWAIT, NULL);
}

void
plane_raw_read(struct plane *p, int fd, uint8_t family, uint8_t protocol)
{
	size_t front = family == 6 ? IPV6_HEADER_BYTES : 0;
	struct raw_batch *t = p->raw_batch;
	int n;

	if (t == NULL && (t = p->raw_batch = malloc(sizeof(*t))) == NULL) {
		log_error("plane", "out of memory");
		return;
	}
	n = batch_receive(t, fd, front);
	plane_tun_begin(p);
	for (int i = 0; i < n; i++) {
		size_t len = t->m[i].msg_len;

		if (family == 6) {
			rebuild_ipv6(t->b[i], len, &t->from[i], &t->m[i].msg_hdr);
			t->b[i][6] = protocol;
		}
		plane_in_packet(p, span_of(t->b[i], len + front));
	}
	plane_tun_end(p);
	/* ICMP errors: the kernel has used them; unread ones would wake us for ever. */
	while (family == 6 &&
	       recv(fd, p->in, PACKET_MAX_BYTES, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
		;
}

void
plane_raw_free(struct plane *p)
{
	free(p->raw_batch);
	p->raw_batch = NULL;
}
