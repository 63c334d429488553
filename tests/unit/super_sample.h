/* Super-packets as the kernel gives them to a card, for tests. */
#ifndef AUTHIPD_TESTS_SUPER_SAMPLE_H
#define AUTHIPD_TESTS_SUPER_SAMPLE_H

#include <linux/virtio_net.h>

#include "daemon/superpacket.h"

/* A TCP packet of the flow 10.0.0.1:1000 to 10.0.0.2:80 (or fd00::) with this in it. */
struct super_sample {
	uint8_t family;
	size_t data_n;
	size_t options_n; /* of TCP, a multiple of 4 */
	size_t mss_bytes;
	uint32_t seq;
	uint16_t id;
	uint8_t flags;
	bool inbound; /* the other direction */
};

/* Byte i of the data of every sample. */
uint8_t super_data(uint32_t seq, size_t i);
/* Writes head and packet, checksum left to the card; the length of both. */
size_t super_write(const struct super_sample *s, uint8_t *b);
/* A whole packet, checksum and all, without a head; its length. */
size_t super_write_segment(const struct super_sample *s, uint8_t *b);
/* Writes the checksums of IP and TCP again, after a change. */
void super_fix_sums(uint8_t *packet, size_t n);
/* Is the checksum of the TCP or UDP packet right? */
bool super_sum_is_right(const uint8_t *packet, size_t n);

#endif
