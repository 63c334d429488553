/*
 * Where the parts of an IP packet are, as ESP and AH need it: the headers that stay in
 * front, the byte that names what follows, and the upper part.
 */
#ifndef AUTHIPD_CRYPTO_IP_PACKET_H
#define AUTHIPD_CRYPTO_IP_PACKET_H

#include "crypto/esp.h"

/* Longest chain of headers in front that is dealt with. */
#define IP_PACKET_MAX_FRONT_BYTES 512

struct ip_packet {
	uint8_t version;    /* 4 or 6 */
	uint8_t protocol;   /* what follows the front */
	size_t protocol_at; /* offset of the byte that says so */
	size_t front_n;	    /* IP header, options and extension headers that stay in front */
	size_t total_n;	    /* length of the packet by its own header */
};

/*
 * Finds the parts. find_ipsec false: the front ends where ESP or AH is to be inserted
 * (RFC 4303 3.1.1); true: it ends before an ESP or AH header, or fails if there is none.
 */
enum esp_error ip_packet_parse(const uint8_t *p, size_t n, bool find_ipsec,
    struct ip_packet *out);
/* Sets protocol, length and (IPv4) header checksum of a packet that was rebuilt in place. */
bool ip_packet_finish(uint8_t *p, const struct ip_packet *ip, uint8_t protocol,
    size_t total_n);
/*
 * Zeroes in a copy of the front what routers may change (RFC 4302 3.3.3.1). False: the
 * packet has a header whose final form we cannot know (source routing).
 */
bool ip_packet_mute(uint8_t *front, const struct ip_packet *ip);

#endif
