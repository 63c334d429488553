/*
 * The one bounded reader and the one bounded writer of the engine. Both live on the stack
 * and have a sticky error: after the first failure every read yields zero or an empty span
 * and every write does nothing, so that callers check once, at the end.
 */
#ifndef AUTHIPD_IKE_CURSOR_H
#define AUTHIPD_IKE_CURSOR_H

#include <stdbool.h>

#include "crypto/span.h"

struct cursor {
	const uint8_t *p;
	size_t left;
	bool failed;
};

void cursor_init(struct cursor *c, struct span s);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
struct span cursor_take(struct cursor *c, size_t n);
struct span cursor_rest(struct cursor *c);
void cursor_skip(struct cursor *c, size_t n);
bool cursor_ok(const struct cursor *c);
/* The first four bytes; 0 if there are fewer. */
uint32_t span_u32(struct span s);

struct writer {
	uint8_t *p;
	size_t cap;
	size_t n;
	bool failed;
};

void writer_init(struct writer *w, uint8_t *p, size_t cap);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_bytes(struct writer *w, struct span s);
/* Reserves n zero bytes and returns their offset. */
size_t writer_reserve(struct writer *w, size_t n);
/* Overwrites bytes already written; fails (sticky) outside of them. */
void writer_patch_u8(struct writer *w, size_t at, uint8_t v);
void writer_patch_u16(struct writer *w, size_t at, uint16_t v);
void writer_patch_u32(struct writer *w, size_t at, uint32_t v);
bool writer_ok(const struct writer *w);

#endif
