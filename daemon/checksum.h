/* The internet checksum of RFC 1071. Pure. */
#ifndef AUTHIPD_DAEMON_CHECKSUM_H
#define AUTHIPD_DAEMON_CHECKSUM_H

#include "crypto/span.h"

/* Adds bytes that begin at an even offset of what is summed; begin with 0. */
uint32_t checksum_add(uint32_t sum, const uint8_t *p, size_t n);
/* The pseudo-header of an IPv4 or IPv6 packet whose upper layer has upper_n bytes. */
uint32_t checksum_pseudo(const uint8_t *raw, uint8_t protocol, size_t upper_n);
/* Folded to 16 bits: what a card that sums on needs in the field. */
uint16_t checksum_fold(uint32_t sum);
/* What belongs into the field. */
uint16_t checksum_finish(uint32_t sum);

#endif
