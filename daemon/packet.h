/* What the plane must know of a clear IP packet. Pure. */
#ifndef AUTHIPD_DAEMON_PACKET_H
#define AUTHIPD_DAEMON_PACKET_H

#include "config/address.h"
#include "crypto/span.h"

#define PACKET_MAX_BYTES 65536

enum packet_verdict {
	PACKET_GOOD,	 /* TCP or UDP, whole */
	PACKET_FRAGMENT, /* TCP or UDP, a part */
	PACKET_OTHER,	 /* another protocol */
	PACKET_BAD,	 /* lengths or headers do not fit */
};

struct packet {
	struct flow flow; /* seen from this host */
	struct span raw;  /* as long as its header says */
	bool starts;	  /* TCP SYN without ACK, or UDP */
	bool wants_answer; /* TCP SYN, FIN or data */
	size_t upper_at;  /* offset of the TCP or UDP header */
};

/* outbound: the source is this host. */
enum packet_verdict packet_parse(struct span raw, bool outbound, struct packet *p);

#define PACKET_ROOM_BYTES 80 /* what ESP or AH adds to a packet, at most */

/*
 * An ICMP error about raw (as if from its destination) for the socket that sent it.
 * mtu 0: "administratively prohibited"; else "too big, use mtu". out holds 1280 bytes;
 * returns the length, 0 if raw is too short to quote.
 */
size_t packet_icmp_error(struct span raw, uint32_t mtu, uint8_t *out);
/* Writes the TCP or UDP checksum that the sender left to its network card. */
void packet_fill_checksum(uint8_t *raw, size_t n, const struct packet *p);

#endif
