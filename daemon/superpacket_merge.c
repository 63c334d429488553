/* Segments that follow each other, merged before the kernel gets them (GRO). */
#include <linux/virtio_net.h>
#include <string.h>

#include "daemon/checksum.h"
#include "daemon/octets.h"
#include "daemon/superpacket.h"

#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define TCP_HEADER_BYTES 20
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define DONT_FRAGMENT 0x40
#define LONGEST_BYTES 65535 /* that an IPv4 header can tell */

/* A TCP segment with data and nothing unusual. */
struct segment {
	struct span raw;
	size_t tcp_at;
	size_t data_at;
	uint32_t seq;
};

/* No options, no fragment, no extension headers; 0: something else. */
static size_t
tcp_offset(struct span raw)
{
	if (raw.n >= IPV4_HEADER_BYTES && raw.p[0] == 0x45)
		return raw.p[9] == 6 && (raw.p[6] & ~DONT_FRAGMENT) == 0 &&
			       raw.p[7] == 0 &&
			       ((size_t)raw.p[2] << 8 | raw.p[3]) == raw.n ?
			   IPV4_HEADER_BYTES :
			   0;
	return raw.n >= IPV6_HEADER_BYTES && raw.p[0] >> 4 == 6 && raw.p[6] == 6 &&
		       ((size_t)raw.p[4] << 8 | raw.p[5]) + IPV6_HEADER_BYTES == raw.n ?
		   IPV6_HEADER_BYTES :
		   0;
}

/* The kernel does not look at the checksums of merged segments: they must be right here. */
static bool
segment_parse(struct span raw, struct segment *s)
{
	const uint8_t *tcp;
	size_t upper_n;

	s->raw = raw;
	s->tcp_at = tcp_offset(raw);
	if (s->tcp_at == 0 || raw.n < s->tcp_at + TCP_HEADER_BYTES)
		return false;
	tcp = raw.p + s->tcp_at;
	upper_n = raw.n - s->tcp_at;
	s->data_at = s->tcp_at + (size_t)(tcp[12] >> 4) * 4;
	s->seq = be32(tcp + 4);
	return s->data_at >= s->tcp_at + TCP_HEADER_BYTES && s->data_at < raw.n &&
	       (tcp[12] & 15) == 0 && (tcp[13] & ~TCP_PSH) == TCP_ACK &&
	       checksum_finish(
		   checksum_add(checksum_pseudo(raw.p, 6, upper_n), tcp, upper_n)) == 0;
}

/* Everything but lengths, IPv4 identification, checksums, sequence number and PSH. */
static bool
headers_agree(const struct merger *m, const struct segment *s)
{
	const uint8_t *a = m->b + SUPER_HEAD_BYTES, *b = s->raw.p;
	const uint8_t *ta = a + m->tcp_at, *tb = b + s->tcp_at;

	if (m->tcp_at != s->tcp_at || m->data_at != s->data_at)
		return false;
	if (a[0] >> 4 == 4 ? memcmp(a, b, 2) != 0 || memcmp(a + 6, b + 6, 4) != 0 ||
				 memcmp(a + 12, b + 12, 8) != 0 :
			     memcmp(a, b, 4) != 0 || memcmp(a + 6, b + 6, 34) != 0)
		return false;
	return memcmp(ta, tb, 4) == 0 && memcmp(ta + 8, tb + 8, 5) == 0 &&
	       memcmp(ta + 14, tb + 14, 2) == 0 &&
	       memcmp(ta + 18, tb + 18, m->data_at - m->tcp_at - 18) == 0;
}

static void
merger_append(struct merger *m, const struct segment *s, size_t from)
{
	size_t data_n = s->raw.n - s->data_at;
	bool pushes = (s->raw.p[s->tcp_at + 13] & TCP_PSH) != 0;

	memcpy(m->b + SUPER_HEAD_BYTES + m->n, s->raw.p + from, s->raw.n - from);
	m->n += s->raw.n - from;
	m->next_seq = s->seq + (uint32_t)data_n;
	m->n_segments++;
	if (pushes)
		m->b[SUPER_HEAD_BYTES + m->tcp_at + 13] |= TCP_PSH;
	m->is_complete = pushes || data_n < m->mss_bytes;
}

bool
merger_add(struct merger *m, struct span raw)
{
	struct segment s;

	if ((m->n > 0 && m->is_complete) || !segment_parse(raw, &s))
		return false;
	if (m->n == 0) {
		m->tcp_at = s.tcp_at;
		m->data_at = s.data_at;
		m->mss_bytes = raw.n - s.data_at;
		m->n_segments = 0;
		merger_append(m, &s, 0);
		return true;
	}
	if (s.seq != m->next_seq || raw.n - s.data_at > m->mss_bytes ||
	    m->n + raw.n - s.data_at > LONGEST_BYTES || !headers_agree(m, &s))
		return false;
	merger_append(m, &s, s.data_at);
	return true;
}

static void
write_lengths(struct merger *m)
{
	uint8_t *p = m->b + SUPER_HEAD_BYTES;

	if (p[0] >> 4 == 6) {
		put16(p + 4, m->n - IPV6_HEADER_BYTES);
	} else {
		put16(p + 2, m->n);
		put16(p + 10, 0);
		put16(p + 10, checksum_finish(checksum_add(0, p, IPV4_HEADER_BYTES)));
	}
	/* The pseudo-header only: the kernel sums on, if anyone ever looks. */
	put16(
	    p + m->tcp_at + 16, checksum_fold(checksum_pseudo(p, 6, m->n - m->tcp_at)));
}

struct span
merger_take(struct merger *m)
{
	struct virtio_net_hdr h = { .flags = 0 };
	size_t n = m->n;

	if (n == 0)
		return SPAN_NONE;
	if (m->n_segments > 1) {
		bool v4 = m->b[SUPER_HEAD_BYTES] >> 4 == 4;

		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.gso_type = v4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
		h.gso_size = (uint16_t)m->mss_bytes;
		h.hdr_len = (uint16_t)m->data_at;
		h.csum_start = (uint16_t)m->tcp_at;
		h.csum_offset = 16;
		write_lengths(m);
	}
	memcpy(m->b, &h, SUPER_HEAD_BYTES);
	m->n = 0;
	return span_of(m->b, SUPER_HEAD_BYTES + n);
}
