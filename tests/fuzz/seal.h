/* A raw payload chain as a sealed message: what stands behind the ICV, at will. */
#ifndef AUTHIPD_TESTS_SEAL_H
#define AUTHIPD_TESTS_SEAL_H

#include "ike/message.h"

#define SEAL_MAX_CHAIN_BYTES 4096
#define SEAL_MAX_BYTES (SEAL_MAX_CHAIN_BYTES + 256)

/* out holds SEAL_MAX_BYTES; returns the length. The header's flags and length are set. */
size_t fuzz_seal(const struct message_keys *k, const struct isakmp_header *h, uint32_t seq,
    uint8_t first, struct span chain, uint8_t *out);

#endif
