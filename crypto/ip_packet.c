/* IP header walking for ESP and AH; all lengths are checked here and nowhere else. */
#include "crypto/ip_packet.h"

#include <string.h>

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_DEST_OPTIONS = 60,
};

static uint16_t
get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static bool
is_ipsec(uint8_t protocol)
{
	return protocol == PROTO_ESP || protocol == PROTO_AH;
}

static enum esp_error
parse_ipv4(const uint8_t *p, size_t n, struct ip_packet *out)
{
	if (n < 20)
		return ESP_ERR_SHORT;
	out->front_n = (size_t)(p[0] & 0x0f) * 4;
	out->total_n = get_be16(p + 2);
	if (out->front_n < 20)
		return ESP_ERR_MALFORMED;
	if (out->total_n > n || out->front_n > out->total_n)
		return ESP_ERR_SHORT;
	if ((get_be16(p + 6) & 0x3fff) != 0) /* more fragments, or an offset */
		return ESP_ERR_FRAGMENT;
	out->protocol_at = 9;
	out->protocol = p[9];
	return ESP_OK;
}

/* True when a routing header follows the destination options at `at`. */
static bool
dest_options_before_routing(const uint8_t *p, size_t at)
{
	return p[at] == PROTO_ROUTING;
}

static enum esp_error
parse_ipv6(const uint8_t *p, size_t n, bool find_ipsec, struct ip_packet *out)
{
	size_t at = 40;

	if (n < 40)
		return ESP_ERR_SHORT;
	/* Payload length 0 would be a jumbogram, or nothing to protect. */
	out->total_n = 40 + (size_t)get_be16(p + 4);
	if (out->total_n > n)
		return ESP_ERR_SHORT;
	out->protocol_at = 6;
	out->protocol = p[6];
	for (;;) {
		size_t len;

		out->front_n = at;
		if (out->protocol == PROTO_FRAGMENT)
			return ESP_ERR_FRAGMENT;
		if (out->protocol != PROTO_HOP_BY_HOP && out->protocol != PROTO_ROUTING &&
		    out->protocol != PROTO_DEST_OPTIONS)
			return ESP_OK;
		if (out->total_n - at < 8)
			return ESP_ERR_SHORT;
		if (out->protocol == PROTO_DEST_OPTIONS && !find_ipsec &&
		    !dest_options_before_routing(p, at))
			return ESP_OK;
		len = ((size_t)p[at + 1] + 1) * 8;
		if (len > out->total_n - at)
			return ESP_ERR_SHORT;
		if (at + len > IP_PACKET_MAX_FRONT_BYTES)
			return ESP_ERR_MALFORMED;
		out->protocol_at = at;
		out->protocol = p[at];
		at += len;
	}
}

enum esp_error
ip_packet_parse(const uint8_t *p, size_t n, bool find_ipsec, struct ip_packet *out)
{
	enum esp_error e;

	if (n < 1)
		return ESP_ERR_SHORT;
	out->version = p[0] >> 4;
	if (out->version == 4)
		e = parse_ipv4(p, n, out);
	else if (out->version == 6)
		e = parse_ipv6(p, n, find_ipsec, out);
	else
		e = ESP_ERR_MALFORMED;
	if (e == ESP_OK && find_ipsec && !is_ipsec(out->protocol))
		e = ESP_ERR_MALFORMED;
	return e;
}

bool
ip_packet_finish(uint8_t *p, const struct ip_packet *ip, uint8_t protocol, size_t total_n)
{
	uint32_t sum = 0;

	p[ip->protocol_at] = protocol;
	if (ip->version == 6) {
		if (total_n - 40 > 65535)
			return false;
		put_be16(p + 4, (uint16_t)(total_n - 40));
		return true;
	}
	if (total_n > 65535)
		return false;
	put_be16(p + 2, (uint16_t)total_n);
	put_be16(p + 10, 0);
	for (size_t i = 0; i < ip->front_n; i += 2)
		sum += get_be16(p + i);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	put_be16(p + 10, (uint16_t)~sum);
	return true;
}

/* IPv4 options: what RFC 4302 Appendix A1 lists as immutable stays, the rest is zeroed. */
static bool
mute_ipv4_options(uint8_t *front, size_t front_n)
{
	for (size_t at = 20; at < front_n;) {
		uint8_t type = front[at];
		size_t len;

		if (type == 0)
			return true;
		if (type == 1) {
			at++;
			continue;
		}
		if (front_n - at < 2 || (len = front[at + 1]) < 2 || len > front_n - at)
			return false;
		switch (type) {
		case 131: /* loose and strict source route */
		case 137:
			return false;
		case 130: /* security, extended security, commercial security */
		case 133:
		case 134:
		case 148: /* router alert */
		case 149: /* sender-directed multi-destination */
			break;
		default:
			memset(front + at, 0, len);
		}
		at += len;
	}
	return true;
}

/* Hop-by-hop and destination options whose type says that routers may change the data. */
static bool
mute_ipv6_options(uint8_t *header, size_t n)
{
	for (size_t at = 2; at < n;) {
		size_t len;

		if (header[at] == 0) {
			at++;
			continue;
		}
		if (n - at < 2 || (len = header[at + 1]) > n - at - 2)
			return false;
		if ((header[at] & 0x20) != 0)
			memset(header + at + 2, 0, len);
		at += 2 + len;
	}
	return true;
}

bool
ip_packet_mute(uint8_t *front, const struct ip_packet *ip)
{
	uint8_t type;

	if (ip->version == 4) {
		front[1] = 0;		  /* TOS */
		memset(front + 6, 0, 3);  /* flags, fragment offset, TTL */
		memset(front + 10, 0, 2); /* checksum */
		return mute_ipv4_options(front, ip->front_n);
	}
	front[0] &= 0xf0; /* traffic class, flow label, hop limit */
	memset(front + 1, 0, 3);
	front[7] = 0;
	type = front[6];
	for (size_t at = 40; at < ip->front_n;) {
		size_t len = ((size_t)front[at + 1] + 1) * 8;

		if (type == PROTO_ROUTING || !mute_ipv6_options(front + at, len))
			return false;
		type = front[at];
		at += len;
	}
	return true;
}
