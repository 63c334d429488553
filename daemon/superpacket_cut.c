/* A super-packet of the kernel, cut into what a network can carry (TSO). */
#include <linux/virtio_net.h>
#include <string.h>

#include "daemon/checksum.h"
#include "daemon/octets.h"
#include "daemon/superpacket.h"

#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define TCP_HEADER_BYTES 20
#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

/* The field has the sum of the pseudo-header already. */
static bool
fill_checksum(uint8_t *packet, size_t n, const struct virtio_net_hdr *h)
{
	size_t at = h->csum_start, field = at + h->csum_offset;
	uint16_t sum;

	if (at > n || field + 2 > n)
		return false;
	sum = checksum_finish(checksum_add(0, packet + at, n - at));
	put16(packet + field, sum == 0 ? 0xffff : sum); /* 0 would mean "none" in UDP */
	return true;
}

static bool
lengths_fit(struct span raw, bool v4)
{
	size_t said = raw.n < IPV6_HEADER_BYTES ? 0 :
		      v4			? (size_t)raw.p[2] << 8 | raw.p[3] :
			   ((size_t)raw.p[4] << 8 | raw.p[5]) + IPV6_HEADER_BYTES;

	return said == raw.n;
}

bool
cutter_init(struct cutter *c, uint8_t *b, size_t n)
{
	struct virtio_net_hdr h;
	bool v4;

	if (n <= SUPER_HEAD_BYTES)
		return false;
	memcpy(&h, b, SUPER_HEAD_BYTES);
	*c = (struct cutter){ .raw = { b + SUPER_HEAD_BYTES, n - SUPER_HEAD_BYTES },
		.n_segments = 1 };
	if (h.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0 ||
		       fill_checksum(b + SUPER_HEAD_BYTES, c->raw.n, &h);
	v4 = h.gso_type == VIRTIO_NET_HDR_GSO_TCPV4;
	c->tcp_at = h.csum_start;
	c->mss_bytes = h.gso_size;
	if ((!v4 && h.gso_type != VIRTIO_NET_HDR_GSO_TCPV6) ||
	    c->raw.p[0] >> 4 != (v4 ? 4 : 6) || !lengths_fit(c->raw, v4) ||
	    c->mss_bytes == 0 ||
	    c->tcp_at < (v4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) ||
	    c->tcp_at + TCP_HEADER_BYTES > c->raw.n)
		return false;
	c->data_at = c->tcp_at + (size_t)(c->raw.p[c->tcp_at + 12] >> 4) * 4;
	if (c->data_at < c->tcp_at + TCP_HEADER_BYTES || c->data_at >= c->raw.n)
		return false;
	c->n_segments = (c->raw.n - c->data_at + c->mss_bytes - 1) / c->mss_bytes;
	/* One with a single segment has no complete checksum: it is cut like the others. */
	return c->n_segments > 1 || fill_checksum(b + SUPER_HEAD_BYTES, c->raw.n, &h);
}

static void
write_ip_header(const struct cutter *c, size_t i, uint8_t *out, size_t n)
{
	size_t id = ((size_t)out[4] << 8 | out[5]) + i;

	if (out[0] >> 4 == 6) {
		put16(out + 4, n - IPV6_HEADER_BYTES);
		return;
	}
	put16(out + 2, n);
	put16(out + 4, id);
	put16(out + 10, 0);
	put16(out + 10, checksum_finish(checksum_add(0, out, c->tcp_at)));
}

size_t
cutter_write(const struct cutter *c, size_t i, uint8_t *out)
{
	size_t at = c->data_at + i * c->mss_bytes, rest = c->raw.n - at;
	size_t n = c->data_at + (rest < c->mss_bytes ? rest : c->mss_bytes);
	uint8_t *tcp = out + c->tcp_at;
	uint32_t seq = be32(c->raw.p + c->tcp_at + 4) + (uint32_t)(i * c->mss_bytes);

	memcpy(out, c->raw.p, c->data_at);
	memcpy(out + c->data_at, c->raw.p + at, n - c->data_at);
	write_ip_header(c, i, out, n);
	put16(tcp + 4, seq >> 16);
	put16(tcp + 6, seq & 0xffff);
	if (i + 1 < c->n_segments)
		tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (i > 0)
		tcp[13] &= (uint8_t)~TCP_CWR;
	put16(tcp + 16, 0);
	put16(
	    tcp + 16, checksum_finish(checksum_add(
			  checksum_pseudo(out, 6, n - c->tcp_at), tcp, n - c->tcp_at)));
	return n;
}
