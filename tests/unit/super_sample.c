/* Super-packets for tests. */
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/check_plane.h"
#include "tests/unit/super_sample.h"

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

uint8_t
super_data(uint32_t seq, size_t i)
{
	uint32_t at = seq + (uint32_t)i;

	return (uint8_t)(at ^ at >> 8 ^ at >> 16);
}

/* Addresses, protocol and length: what TCP and UDP sum on. */
static uint16_t
pseudo_sum(const uint8_t *packet, size_t upper_at, size_t n)
{
	bool v4 = packet[0] >> 4 == 4;
	uint8_t b[40] = { 0 };
	size_t m = v4 ? 8 : 32;

	memcpy(b, packet + (v4 ? 12 : 8), m);
	put16(b + m, packet[v4 ? 9 : 6]);
	put16(b + m + 2, n - upper_at);
	return slow_sum(b, m + 4);
}

bool
super_sum_is_right(const uint8_t *packet, size_t n)
{
	size_t at = packet[0] >> 4 == 4 ? 20 : 40;
	uint32_t sum =
	    (uint32_t)pseudo_sum(packet, at, n) + slow_sum(packet + at, n - at);

	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static size_t
write_packet(const struct super_sample *s, uint8_t *b)
{
	struct sample base = { flow_of(s->family, IPPROTO_TCP, 1000, 80), !s->inbound,
		s->options_n + s->data_n, 0, s->flags };
	size_t n = sample_write(&base, b), at = s->family == 4 ? 20 : 40;

	if (s->family == 4) {
		put16(b + 4, s->id);
		b[6] = 0x40;
	}
	put32(b + at + 4, s->seq);
	put32(b + at + 8, 7);
	b[at + 12] = (uint8_t)((20 + s->options_n) / 4 << 4);
	put16(b + at + 14, 5000);
	memset(b + at + 20, 1, s->options_n); /* no-operations */
	for (size_t i = 0; i < s->data_n; i++)
		b[at + 20 + s->options_n + i] = super_data(s->seq, i);
	return n;
}

size_t
super_write(const struct super_sample *s, uint8_t *b)
{
	size_t at = s->family == 4 ? 20 : 40;
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = s->family == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 :
					     VIRTIO_NET_HDR_GSO_TCPV6,
		.hdr_len = (uint16_t)(at + 20 + s->options_n),
		.gso_size = (uint16_t)s->mss_bytes,
		.csum_start = (uint16_t)at,
		.csum_offset = 16,
	};
	size_t n = write_packet(s, b + SUPER_HEAD_BYTES);

	memcpy(b, &h, SUPER_HEAD_BYTES);
	super_fix_sums(b + SUPER_HEAD_BYTES, n);
	put16(b + SUPER_HEAD_BYTES + at + 16, pseudo_sum(b + SUPER_HEAD_BYTES, at, n));
	return SUPER_HEAD_BYTES + n;
}

void
super_fix_sums(uint8_t *packet, size_t n)
{
	size_t at = packet[0] >> 4 == 6 ? 40 : 20;
	uint32_t sum;

	if (at == 20) {
		put16(packet + 10, 0);
		put16(packet + 10, (uint16_t)~slow_sum(packet, 20));
	}
	put16(packet + at + 16, 0);
	sum = (uint32_t)pseudo_sum(packet, at, n) + slow_sum(packet + at, n - at);
	put16(packet + at + 16, (uint16_t)~((sum & 0xffff) + (sum >> 16)));
}

size_t
super_write_segment(const struct super_sample *s, uint8_t *b)
{
	size_t n = write_packet(s, b);

	super_fix_sums(b, n);
	return n;
}
