/*
 * Structures of the Windows Filtering Platform as bytes, and back: for the requests and
 * answers of ENGINE_* (doc/api-protocol.md), on both sides. What a structure looks like is
 * in tables (wfp_types_*.c); versions 0 and 1 of one structure have the same bytes.
 */
#ifndef AUTHIPD_WINSOCK_WFP_CODEC_H
#define AUTHIPD_WINSOCK_WFP_CODEC_H

#include <stddef.h>
#include <stdint.h>

/* How a field becomes bytes. Integers are little-endian. */
enum wfp_kind {
	WFP_NUMBER,  /* of extra bytes: 1, 2, 4 or 8 */
	WFP_NUMBERS, /* as many 32-bit numbers as extra says */
	WFP_LONGS,   /* same, of 64 bits */
	WFP_BYTES,   /* extra bytes as they are */
	WFP_GUID,
	WFP_STRING, /* wchar_t *: 0 for NULL, or 1 + its length, and 32 bits a character */
	WFP_BLOB,    /* FWP_BYTE_BLOB: its size and its bytes */
	WFP_STRUCT,  /* inside */
	WFP_POINTER, /* a byte, 0 for NULL or 1, and what it points to */
	WFP_ARRAY, /* the same; its count is the 32-bit field at offset extra, before it */
	WFP_ABSENT, /* extra bytes that another version uses: written as 0, read over */
};

#define WFP_ALWAYS 0xffffu

/* A field of a union is there if the number at guard_at is between low and high. */
struct wfp_field {
	uint8_t kind;
	uint16_t at;
	uint16_t extra;
	uint16_t guard_at;
	uint16_t low;
	uint16_t high;
	const struct wfp_type *type;
};

struct wfp_type {
	uint16_t size;
	uint16_t n;
	const struct wfp_field *field;
};

/* The bytes of *value in out; how many, or 0 if they are more than n. */
size_t wfp_encode(const struct wfp_type *t, const void *value, uint8_t *out, size_t n);
/*
 * How much memory the structure in bytes takes with all that it points to; 0: these n
 * bytes are no such structure, or there are more of them.
 */
size_t wfp_decoded_size(const struct wfp_type *t, const uint8_t *bytes, size_t n);
/*
 * Puts it there. block has the size of wfp_decoded_size(), and is aligned as by malloc.
 * The structure is at its beginning; everything that it points to is inside.
 */
void wfp_decode_into(
    const struct wfp_type *t, const uint8_t *bytes, size_t n, void *block);
/* The same in a block of its own, to be freed; NULL: no structure, or no memory. */
void *wfp_decode(const struct wfp_type *t, const uint8_t *bytes, size_t n);

#endif
