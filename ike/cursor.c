/* Bounded reading and writing. All pointer arithmetic on messages is in this file. */
#include "ike/cursor.h"

#include <string.h>

void
cursor_init(struct cursor *c, struct span s)
{
	c->p = s.p;
	c->left = s.n;
	c->failed = false;
}

struct span
cursor_take(struct cursor *c, size_t n)
{
	struct span s;

	if (c->failed || n > c->left) {
		c->failed = true;
		return SPAN_NONE;
	}
	s = span_of(c->p, n);
	if (n > 0)
		c->p += n;
	c->left -= n;
	return s;
}

struct span
cursor_rest(struct cursor *c)
{
	return cursor_take(c, c->left);
}

void
cursor_skip(struct cursor *c, size_t n)
{
	(void)cursor_take(c, n);
}

uint8_t
cursor_u8(struct cursor *c)
{
	struct span s = cursor_take(c, 1);

	return s.p != NULL ? s.p[0] : 0;
}

uint16_t
cursor_u16(struct cursor *c)
{
	struct span s = cursor_take(c, 2);

	return s.p != NULL ? (uint16_t)(s.p[0] << 8 | s.p[1]) : 0;
}

uint32_t
cursor_u32(struct cursor *c)
{
	struct span s = cursor_take(c, 4);

	return s.p != NULL ? (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 |
		(uint32_t)s.p[2] << 8 | s.p[3] :
			     0;
}

bool
cursor_ok(const struct cursor *c)
{
	return !c->failed;
}

uint32_t
span_u32(struct span s)
{
	struct cursor c;

	cursor_init(&c, s);
	return cursor_u32(&c);
}

void
writer_init(struct writer *w, uint8_t *p, size_t cap)
{
	w->p = p;
	w->cap = cap;
	w->n = 0;
	w->failed = false;
}

void
writer_bytes(struct writer *w, struct span s)
{
	if (w->failed || s.n > w->cap - w->n) {
		w->failed = true;
		return;
	}
	if (s.n > 0)
		memcpy(w->p + w->n, s.p, s.n);
	w->n += s.n;
}

void
writer_u8(struct writer *w, uint8_t v)
{
	writer_bytes(w, span_of(&v, 1));
}

void
writer_u16(struct writer *w, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	writer_bytes(w, SPAN_ARRAY(b));
}

void
writer_u32(struct writer *w, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	writer_bytes(w, SPAN_ARRAY(b));
}

size_t
writer_reserve(struct writer *w, size_t n)
{
	size_t at = w->n;

	if (w->failed || n > w->cap - w->n) {
		w->failed = true;
		return at;
	}
	memset(w->p + w->n, 0, n);
	w->n += n;
	return at;
}

static bool
writer_inside(struct writer *w, size_t at, size_t n)
{
	if (w->failed || at > w->n || n > w->n - at)
		w->failed = true;
	return !w->failed;
}

void
writer_patch_u8(struct writer *w, size_t at, uint8_t v)
{
	if (writer_inside(w, at, 1))
		w->p[at] = v;
}

void
writer_patch_u16(struct writer *w, size_t at, uint16_t v)
{
	if (writer_inside(w, at, 2)) {
		w->p[at] = (uint8_t)(v >> 8);
		w->p[at + 1] = (uint8_t)v;
	}
}

void
writer_patch_u32(struct writer *w, size_t at, uint32_t v)
{
	writer_patch_u16(w, at, (uint16_t)(v >> 16));
	writer_patch_u16(w, at + 2, (uint16_t)v);
}

bool
writer_ok(const struct writer *w)
{
	return !w->failed;
}
