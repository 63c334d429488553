/*
 * Bytes as structures, by their tables. Nothing here recurses deeper than the tables do,
 * and all lengths of what is read are checked in reader_take().
 */
#include <stdlib.h>

#include "fwptypes.h"
#include "winsock/wfp_field.h"

#define ELEMENT_MAX 256 /* of what a pointer points to */
#define WHOLE_MAX 2048	/* of what is asked for */

static uint64_t
number_get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static void
field_store(uint8_t *p, uint64_t v, size_t n)
{
	uint16_t v2 = (uint16_t)v;
	uint32_t v4 = (uint32_t)v;

	switch (n) {
	case 1:
		*p = (uint8_t)v;
		break;
	case 2:
		memcpy(p, &v2, n);
		break;
	case 4:
		memcpy(p, &v4, n);
		break;
	default:
		memcpy(p, &v, n);
	}
}

/* Without a block, the reader only counts what it would need of one. */
struct reader {
	const uint8_t *p;
	size_t n;
	bool is_bad;
	uint8_t *block;
	size_t used;
};

/* The next n bytes; NULL: there are not so many. */
static const uint8_t *
reader_take(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->is_bad || n > r->n) {
		r->is_bad = true;
		return NULL;
	}
	r->p += n;
	r->n -= n;
	return p;
}

static uint64_t
read_number(struct reader *r, size_t n)
{
	const uint8_t *p = reader_take(r, n);

	return p != NULL ? number_get(p, n) : 0;
}

/* Room in the block for what a field points to; NULL: only counting. */
static uint8_t *
reader_room(struct reader *r, size_t n)
{
	uint8_t *p = r->block != NULL ? r->block + r->used : NULL;

	r->used += (n + 7) & ~(size_t)7;
	return p;
}

static void
read_numbers(struct reader *r, uint8_t *out, size_t count, size_t n)
{
	for (size_t i = 0; i < count; i++)
		field_store(out + i * n, read_number(r, n), n);
}

static void
read_bytes(struct reader *r, uint8_t *out, size_t n)
{
	const uint8_t *p = reader_take(r, n);

	if (p != NULL)
		memcpy(out, p, n);
}

static void
read_guid(struct reader *r, uint8_t *out)
{
	read_numbers(r, out, 1, 4);
	read_numbers(r, out + 4, 2, 2);
	read_bytes(r, out + 8, 8);
}

static void *
read_string(struct reader *r)
{
	uint64_t n = read_number(r, 4);
	const uint8_t *p;
	wchar_t *s;

	if (n == 0 || (p = reader_take(r, (n - 1) * 4)) == NULL)
		return NULL;
	s = (void *)reader_room(r, n * sizeof(*s));
	for (size_t i = 0; i + 1 < n; i++) {
		uint32_t c = (uint32_t)number_get(p + 4 * i, 4);

		if (c == 0)
			r->is_bad = true;
		if (s != NULL)
			s[i] = (wchar_t)c;
	}
	if (s != NULL)
		s[n - 1] = L'\0';
	return s;
}

static void
read_blob(struct reader *r, FWP_BYTE_BLOB *b)
{
	uint32_t n = (uint32_t)read_number(r, 4);
	const uint8_t *p = reader_take(r, n);
	uint8_t *room = p != NULL && n > 0 ? reader_room(r, n) : NULL;

	b->size = p != NULL ? n : 0;
	b->data = room;
	if (room != NULL)
		memcpy(room, p, n);
}

static void read_fields(struct reader *r, const struct wfp_type *t, uint8_t *out);

/* Every element takes at least a byte, so that a count cannot be much larger than true. */
static void *
read_pointed(struct reader *r, const struct wfp_type *t, uint64_t count)
{
	uint64_t scratch[ELEMENT_MAX / 8] = { 0 };
	uint64_t there = read_number(r, 1);
	uint8_t *room;

	if (there > 1 || count > r->n || t->size > ELEMENT_MAX)
		r->is_bad = r->is_bad || there != 0;
	if (there == 0 || r->is_bad)
		return NULL;
	room = reader_room(r, count * t->size);
	for (size_t i = 0; i < count && !r->is_bad; i++) {
		uint8_t *out = room != NULL ? room + i * t->size : (uint8_t *)scratch;

		memset(out, 0, t->size);
		read_fields(r, t, out);
	}
	return room;
}

static void
read_field(struct reader *r, const struct wfp_field *f, uint8_t *out)
{
	void *pointer = NULL;

	switch ((enum wfp_kind)f->kind) {
	case WFP_NUMBER:
		read_numbers(r, out + f->at, 1, f->extra);
		return;
	case WFP_NUMBERS:
		read_numbers(r, out + f->at, f->extra, 4);
		return;
	case WFP_LONGS:
		read_numbers(r, out + f->at, f->extra, 8);
		return;
	case WFP_BYTES:
		read_bytes(r, out + f->at, f->extra);
		return;
	case WFP_GUID:
		read_guid(r, out + f->at);
		return;
	case WFP_BLOB:
		read_blob(r, (void *)(out + f->at));
		return;
	case WFP_STRUCT:
		read_fields(r, f->type, out + f->at);
		return;
	case WFP_ABSENT:
		(void)reader_take(r, f->extra);
		return;
	case WFP_STRING:
		pointer = read_string(r);
		break;
	case WFP_POINTER:
		pointer = read_pointed(r, f->type, 1);
		break;
	case WFP_ARRAY:
		pointer = read_pointed(r, f->type, wfp_field_load(out + f->extra, 4));
		break;
	}
	memcpy(out + f->at, &pointer, sizeof(pointer));
}

static void
read_fields(struct reader *r, const struct wfp_type *t, uint8_t *out)
{
	for (size_t i = 0; i < t->n && !r->is_bad; i++)
		if (wfp_field_is_there(&t->field[i], out))
			read_field(r, &t->field[i], out);
}

size_t
wfp_decoded_size(const struct wfp_type *t, const uint8_t *bytes, size_t n)
{
	uint64_t scratch[WHOLE_MAX / 8];
	struct reader r = { .p = bytes, .n = n };

	if (t->size > sizeof(scratch))
		return 0;
	memset(scratch, 0, t->size);
	(void)reader_room(&r, t->size);
	read_fields(&r, t, (uint8_t *)scratch);
	return r.is_bad || r.n != 0 ? 0 : r.used;
}

void
wfp_decode_into(const struct wfp_type *t, const uint8_t *bytes, size_t n, void *block)
{
	struct reader r = { .p = bytes, .n = n, .block = block };

	memset(block, 0, t->size);
	read_fields(&r, t, reader_room(&r, t->size));
}

void *
wfp_decode(const struct wfp_type *t, const uint8_t *bytes, size_t n)
{
	size_t size = wfp_decoded_size(t, bytes, n);
	void *block = size > 0 ? malloc(size) : NULL;

	if (block != NULL)
		wfp_decode_into(t, bytes, n, block);
	return block;
}
