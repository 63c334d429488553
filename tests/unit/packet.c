/* Making IP packets. */
#include "tests/unit/packet.h"

#include <string.h>

static const uint8_t v4_options[] = { 148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1 };
/* PadN of two bytes; option 0x3e may change en route */
static const uint8_t hop_options[] = { 1, 2, 0, 0, 0x3e, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t dest_options[] = { 1, 4, 0, 0, 0, 0 };
/* type 2, one segment left, an address */
static const uint8_t routing_rest[22] = { 2, 1, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 9 };

#define HOP_OPTION_AT 46 /* of option 0x3e in PACKET_V6_HOP */

bool
packet_form_is_v4(enum packet_form form)
{
	return form == PACKET_V4 || form == PACKET_V4_OPTIONS;
}

static uint16_t
v4_sum(const uint8_t *p)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < (size_t)(p[0] & 15) * 4; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

bool
packet_checksum_holds(const uint8_t *p)
{
	return p[0] >> 4 != 4 || v4_sum(p) == 0;
}

void
packet_set_length(uint8_t *p, size_t n)
{
	bool v4 = p[0] >> 4 == 4;
	size_t at = v4 ? 2 : 4, value = v4 ? n : n - 40;
	uint16_t sum;

	p[at] = (uint8_t)(value >> 8);
	p[at + 1] = (uint8_t)value;
	if (!v4)
		return;
	p[10] = p[11] = 0;
	sum = v4_sum(p);
	p[10] = (uint8_t)(sum >> 8);
	p[11] = (uint8_t)sum;
}

static size_t
make_v4(bool options, uint8_t *out)
{
	static const uint8_t head[20] = { 0x45, 0x10, 0, 0, 0x12, 0x34, 0x40, 0, 63,
		PACKET_PROTOCOL, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2 };

	memcpy(out, head, sizeof(head));
	if (!options)
		return sizeof(head);
	out[0] = 0x45 + sizeof(v4_options) / 4;
	memcpy(out + sizeof(head), v4_options, sizeof(v4_options));
	return sizeof(head) + sizeof(v4_options);
}

/* Adds an extension header; *next_at is the byte that has to name it. */
static size_t
add_extension(uint8_t *out, size_t at, size_t *next_at, uint8_t type,
    const uint8_t *body, size_t body_n)
{
	out[*next_at] = type;
	*next_at = at;
	out[at] = PACKET_PROTOCOL;
	out[at + 1] = (uint8_t)((body_n + 2) / 8 - 1);
	memcpy(out + at + 2, body, body_n);
	return at + 2 + body_n;
}

static size_t
make_v6(enum packet_form form, uint8_t *out)
{
	size_t at = 40, next_at = 6;

	memset(out, 0, 40);
	out[0] = 0x60;
	out[1] = 0x12;
	out[3] = 0x34;
	out[6] = PACKET_PROTOCOL;
	out[7] = 63;
	memcpy(out + 8, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(out + 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	if (form == PACKET_V6_HOP || form == PACKET_V6_ALL)
		at = add_extension(
		    out, at, &next_at, 0, hop_options, sizeof(hop_options));
	if (form == PACKET_V6_DEST || form == PACKET_V6_ALL)
		at = add_extension(
		    out, at, &next_at, 60, dest_options, sizeof(dest_options));
	if (form == PACKET_V6_ROUTING || form == PACKET_V6_ALL)
		at = add_extension(
		    out, at, &next_at, 43, routing_rest, sizeof(routing_rest));
	return at;
}

size_t
packet_make(enum packet_form form, size_t payload_n, uint8_t *out)
{
	size_t at = packet_form_is_v4(form) ? make_v4(form == PACKET_V4_OPTIONS, out) :
					      make_v6(form, out);

	for (size_t i = 0; i < payload_n; i++)
		out[at + i] = (uint8_t)(7 * i + 3);
	packet_set_length(out, at + payload_n);
	return at + payload_n;
}

size_t
packet_front_bytes(enum packet_form form)
{
	static const size_t n[PACKET_FORM_COUNT] = { 20, 32, 40, 56, 64, 40, 88 };

	return n[form];
}

size_t
packet_protocol_at(enum packet_form form)
{
	static const size_t at[PACKET_FORM_COUNT] = { 9, 9, 6, 40, 40, 6, 64 };

	return at[form];
}

static enum packet_bit
v4_bit(enum packet_form form, size_t at, uint8_t mask)
{
	if (at == 1 || at == 8 || at == 10 || at == 11)
		return BIT_MUTABLE;
	if (at == 6)
		return (mask & 0xc0) != 0 ? BIT_MUTABLE : BIT_FRAGMENT;
	if (at == 7)
		return BIT_FRAGMENT;
	if (form == PACKET_V4_OPTIONS && at >= 24 && at < 31)
		return BIT_OPTION;
	return BIT_FIXED;
}

static enum packet_bit
v6_bit(enum packet_form form, size_t at, uint8_t mask)
{
	if (at == 0)
		return (mask & 0x0f) != 0 ? BIT_MUTABLE : BIT_FIXED;
	if (at <= 3 || at == 7)
		return BIT_MUTABLE;
	/* Type and length of the option are fixed, its data is not. */
	if (form == PACKET_V6_HOP && at >= HOP_OPTION_AT + 2 && at < HOP_OPTION_AT + 10)
		return BIT_MUTABLE;
	return BIT_FIXED;
}

enum packet_bit
packet_bit_of(enum packet_form form, size_t bit)
{
	uint8_t mask = (uint8_t)(1 << bit % 8);

	return packet_form_is_v4(form) ? v4_bit(form, bit / 8, mask) :
					 v6_bit(form, bit / 8, mask);
}
