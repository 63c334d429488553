/*
 * Super-packets: many TCP segments of a flow in one, as the kernel gives them to network
 * cards that cut and takes them from cards that merge. A TUN with IFF_VNET_HDR is such a
 * card: a struct virtio_net_hdr before each packet says what is left to do. Pure.
 */
#ifndef AUTHIPD_DAEMON_SUPERPACKET_H
#define AUTHIPD_DAEMON_SUPERPACKET_H

#include <stdbool.h>

#include "crypto/span.h"
#include "daemon/packet.h"

#define SUPER_HEAD_BYTES 10 /* struct virtio_net_hdr */

/* ---- superpacket_cut.c ---- */

struct cutter {
	struct span raw; /* the packet, without what was before it */
	size_t tcp_at;
	size_t data_at;
	size_t mss_bytes;
	size_t n_segments; /* 1: raw is a packet like any other, and complete */
};

/*
 * b: what the TUN gave, n bytes. A checksum that was left to the card is filled in there.
 * False: lengths or offsets do not fit.
 */
bool cutter_init(struct cutter *c, uint8_t *b, size_t n);
/* Writes segment i, a whole packet of at most data_at + mss_bytes; its length. */
size_t cutter_write(const struct cutter *c, size_t i, uint8_t *out);

/* ---- superpacket_merge.c ---- */

struct merger {
	size_t n; /* of the packet; 0: nothing there */
	size_t tcp_at;
	size_t data_at;
	size_t mss_bytes;
	size_t n_segments;
	uint32_t next_seq;
	bool is_complete; /* nothing may follow */
	uint8_t b[SUPER_HEAD_BYTES + PACKET_MAX_BYTES];
};

/*
 * Takes a packet that follows what is there, or any TCP segment with data when nothing is.
 * False: what is there must be taken out before this packet is delivered or added.
 */
bool merger_add(struct merger *m, struct span raw);
/* Empties it: what the TUN gets, n 0 if there was nothing. Valid until the next call. */
struct span merger_take(struct merger *m);

#endif
