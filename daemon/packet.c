/* IP packets, as far as the plane reads them. */
#include "daemon/packet.h"

#include <netinet/in.h>

#include "daemon/checksum.h"
#include "daemon/octets.h"

#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define MAX_EXTENSIONS 8
#define ICMP_MAX_BYTES 1280
#define ICMP4_QUOTE_BYTES 548
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_ACK 0x10

static void
set_addresses(struct packet *p, uint8_t family, const uint8_t *src, const uint8_t *dst,
    bool outbound)
{
	size_t n = family == 4 ? 4 : 16;

	memset(&p->flow, 0, sizeof(p->flow));
	p->flow.local.addr.family = p->flow.remote.addr.family = family;
	memcpy(p->flow.local.addr.b, outbound ? src : dst, n);
	memcpy(p->flow.remote.addr.b, outbound ? dst : src, n);
}

static enum packet_verdict
parse_upper(struct packet *p, uint8_t protocol, size_t at, bool outbound)
{
	size_t need = protocol == IPPROTO_TCP ? 20 : 8;
	const uint8_t *h = p->raw.p + at;

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return PACKET_OTHER;
	if (p->raw.n < at + need)
		return PACKET_BAD;
	p->flow.protocol = protocol;
	p->upper_at = at;
	p->flow.local.port = be16(outbound ? h : h + 2);
	p->flow.remote.port = be16(outbound ? h + 2 : h);
	p->starts = protocol == IPPROTO_UDP || (h[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	p->wants_answer = protocol == IPPROTO_TCP &&
	    ((h[13] & (TCP_SYN | TCP_FIN)) != 0 ||
		p->raw.n > at + (size_t)(h[12] >> 4) * 4);
	return PACKET_GOOD;
}

static enum packet_verdict
parse_ipv4(struct span raw, bool outbound, struct packet *p)
{
	size_t ihl = raw.n >= IPV4_HEADER_BYTES ? (size_t)(raw.p[0] & 15) * 4 : 0;
	size_t total = ihl != 0 ? be16(raw.p + 2) : 0;

	if (ihl < IPV4_HEADER_BYTES || total < ihl || total > raw.n)
		return PACKET_BAD;
	p->raw = span_of(raw.p, total);
	set_addresses(p, 4, raw.p + 12, raw.p + 16, outbound);
	if ((be16(raw.p + 6) & 0x3fff) != 0) /* more fragments, or an offset */
		return PACKET_FRAGMENT;
	return parse_upper(p, raw.p[9], ihl, outbound);
}

static enum packet_verdict
parse_ipv6(struct span raw, bool outbound, struct packet *p)
{
	size_t at = IPV6_HEADER_BYTES, total;
	uint8_t next;

	if (raw.n < IPV6_HEADER_BYTES)
		return PACKET_BAD;
	total = (size_t)be16(raw.p + 4) + IPV6_HEADER_BYTES;
	if (total > raw.n)
		return PACKET_BAD;
	p->raw = span_of(raw.p, total);
	set_addresses(p, 6, raw.p + 8, raw.p + 24, outbound);
	next = raw.p[6];
	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		if (next == IPPROTO_FRAGMENT)
			return PACKET_FRAGMENT;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
			return parse_upper(p, next, at, outbound);
		if (total < at + 8)
			return PACKET_BAD;
		next = raw.p[at];
		at += ((size_t)raw.p[at + 1] + 1) * 8;
		if (at > total)
			return PACKET_BAD;
	}
	return PACKET_BAD;
}

enum packet_verdict
packet_parse(struct span raw, bool outbound, struct packet *p)
{
	memset(p, 0, sizeof(*p));
	if (raw.n < 1)
		return PACKET_BAD;
	switch (raw.p[0] >> 4) {
	case 4:
		return parse_ipv4(raw, outbound, p);
	case 6:
		return parse_ipv6(raw, outbound, p);
	default:
		return PACKET_BAD;
	}
}

/* ---- checksums ---- */

void
packet_fill_checksum(uint8_t *raw, size_t n, const struct packet *p)
{
	size_t at = p->upper_at, field = at + (p->flow.protocol == IPPROTO_TCP ? 16 : 6);
	uint16_t sum;

	if (field + 2 > n)
		return;
	put16(raw + field, 0);
	sum = checksum_finish(
	    checksum_add(checksum_pseudo(raw, p->flow.protocol, n - at), raw + at, n - at));
	put16(raw + field, sum == 0 && p->flow.protocol == IPPROTO_UDP ? 0xffff : sum);
}

/* ---- ICMP errors ---- */

static size_t
icmp4_error(struct span raw, uint32_t mtu, uint8_t *out)
{
	size_t quote = raw.n < ICMP4_QUOTE_BYTES ? raw.n : ICMP4_QUOTE_BYTES;
	size_t total = IPV4_HEADER_BYTES + 8 + quote;
	uint8_t *icmp = out + IPV4_HEADER_BYTES;

	memset(out, 0, IPV4_HEADER_BYTES + 8);
	out[0] = 0x45;
	put16(out + 2, (uint32_t)total);
	out[8] = 64;
	out[9] = IPPROTO_ICMP;
	memcpy(out + 12, raw.p + 16, 4);
	memcpy(out + 16, raw.p + 12, 4);
	put16(out + 10, checksum_finish(checksum_add(0, out, IPV4_HEADER_BYTES)));
	icmp[0] = 3;
	icmp[1] = mtu != 0 ? 4 : 13;
	put16(icmp + 6, mtu);
	memcpy(icmp + 8, raw.p, quote);
	put16(icmp + 2, checksum_finish(checksum_add(0, icmp, 8 + quote)));
	return total;
}

static size_t
icmp6_error(struct span raw, uint32_t mtu, uint8_t *out)
{
	size_t most = ICMP_MAX_BYTES - IPV6_HEADER_BYTES - 8;
	size_t quote = raw.n < most ? raw.n : most;
	uint8_t *icmp = out + IPV6_HEADER_BYTES;
	uint32_t sum;

	memset(out, 0, IPV6_HEADER_BYTES + 8);
	out[0] = 0x60;
	put16(out + 4, (uint32_t)(8 + quote));
	out[6] = IPPROTO_ICMPV6;
	out[7] = 64;
	memcpy(out + 8, raw.p + 24, 16);
	memcpy(out + 24, raw.p + 8, 16);
	icmp[0] = mtu != 0 ? 2 : 1;
	icmp[1] = mtu != 0 ? 0 : 1;
	put16(icmp + 6, mtu);
	memcpy(icmp + 8, raw.p, quote);
	sum = checksum_pseudo(out, IPPROTO_ICMPV6, 8 + quote);
	put16(icmp + 2, checksum_finish(checksum_add(sum, icmp, 8 + quote)));
	return IPV6_HEADER_BYTES + 8 + quote;
}

size_t
packet_icmp_error(struct span raw, uint32_t mtu, uint8_t *out)
{
	if (raw.n >= IPV4_HEADER_BYTES + 8 && raw.p[0] >> 4 == 4)
		return icmp4_error(raw, mtu, out);
	if (raw.n >= IPV6_HEADER_BYTES + 8 && raw.p[0] >> 4 == 6)
		return icmp6_error(raw, mtu, out);
	return 0;
}
