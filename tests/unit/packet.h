/* IP packets for the tests of ESP and AH. */
#ifndef AUTHIPD_TESTS_PACKET_H
#define AUTHIPD_TESTS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_form {
	PACKET_V4,
	PACKET_V4_OPTIONS, /* router alert (immutable), record route (mutable), no-op */
	PACKET_V6,
	PACKET_V6_HOP, /* hop-by-hop header with a mutable option */
	PACKET_V6_ROUTING,
	PACKET_V6_DEST, /* destination options, which ESP protects */
	PACKET_V6_ALL,	/* hop-by-hop, destination options, routing */
	PACKET_FORM_COUNT,
};

#define PACKET_MAX_FRONT 96
#define PACKET_PROTOCOL 17

/* Writes a packet with payload_n bytes behind the headers; returns its length. */
size_t packet_make(enum packet_form form, size_t payload_n, uint8_t *out);
/* Length of what stays in front of ESP or AH. */
size_t packet_front_bytes(enum packet_form form);
/* Where the byte is that names what follows the front. */
size_t packet_protocol_at(enum packet_form form);
/* Sets the length field to n, and the checksum of an IPv4 header. */
void packet_set_length(uint8_t *p, size_t n);
bool packet_checksum_holds(const uint8_t *p);
bool packet_form_is_v4(enum packet_form form);

/* What a router may do to this bit of a packet under AH. */
enum packet_bit {
	BIT_FIXED,
	BIT_MUTABLE,
	BIT_FRAGMENT, /* makes it a fragment */
	BIT_OPTION,   /* of a mutable option: the result is left open */
};
enum packet_bit packet_bit_of(enum packet_form form, size_t bit);

#endif
