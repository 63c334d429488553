/* Structures as bytes, by their tables. Nothing here recurses deeper than the tables do. */
#include "config.h"

#include "fwptypes.h"
#include "winsock/wfp_field.h"

static void
number_put(uint8_t *out, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> 8 * i);
}

static const void *
pointer_load(const uint8_t *p)
{
	const void *v;

	memcpy(&v, p, sizeof(v));
	return v;
}

struct writer {
	uint8_t *p;
	size_t n;
	size_t used;
	bool is_full;
};

static void
write_bytes(struct writer *w, const void *p, size_t n)
{
	if (w->is_full || n > w->n - w->used) {
		w->is_full = true;
		return;
	}
	if (n > 0)
		memcpy(w->p + w->used, p, n);
	w->used += n;
}

static void
write_number(struct writer *w, uint64_t v, size_t n)
{
	uint8_t b[8];

	number_put(b, v, n);
	write_bytes(w, b, n);
}

static void
write_numbers(struct writer *w, const uint8_t *p, size_t count, size_t n)
{
	for (size_t i = 0; i < count; i++)
		write_number(w, wfp_field_load(p + i * n, n), n);
}

static void
write_zeroes(struct writer *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_number(w, 0, 1);
}

static void
write_guid(struct writer *w, const uint8_t *p)
{
	write_numbers(w, p, 1, 4);
	write_numbers(w, p + 4, 2, 2);
	write_bytes(w, p + 8, 8);
}

static void
write_string(struct writer *w, const wchar_t *s)
{
	size_t n = s != NULL ? wcsnlen(s, w->n) : 0;

	write_number(w, s != NULL ? n + 1 : 0, 4);
	for (size_t i = 0; i < n && !w->is_full; i++)
		write_number(w, (uint32_t)s[i], 4);
}

static void
write_blob(struct writer *w, const FWP_BYTE_BLOB *b)
{
	uint32_t n = b->data != NULL ? b->size : 0;

	write_number(w, n, 4);
	write_bytes(w, b->data, n);
}

static void write_fields(struct writer *w, const struct wfp_type *t, const uint8_t *in);

static void
write_pointed(struct writer *w, const struct wfp_type *t, const void *p, size_t count)
{
	write_number(w, p != NULL, 1);
	for (size_t i = 0; p != NULL && i < count && !w->is_full; i++)
		write_fields(w, t, (const uint8_t *)p + i * t->size);
}

static void
write_field(struct writer *w, const struct wfp_field *f, const uint8_t *in)
{
	switch ((enum wfp_kind)f->kind) {
	case WFP_NUMBER:
		write_numbers(w, in + f->at, 1, f->extra);
		break;
	case WFP_NUMBERS:
		write_numbers(w, in + f->at, f->extra, 4);
		break;
	case WFP_LONGS:
		write_numbers(w, in + f->at, f->extra, 8);
		break;
	case WFP_BYTES:
		write_bytes(w, in + f->at, f->extra);
		break;
	case WFP_GUID:
		write_guid(w, in + f->at);
		break;
	case WFP_STRING:
		write_string(w, pointer_load(in + f->at));
		break;
	case WFP_BLOB:
		write_blob(w, (const void *)(in + f->at));
		break;
	case WFP_STRUCT:
		write_fields(w, f->type, in + f->at);
		break;
	case WFP_POINTER:
		write_pointed(w, f->type, pointer_load(in + f->at), 1);
		break;
	case WFP_ARRAY:
		write_pointed(w, f->type, pointer_load(in + f->at),
		    wfp_field_load(in + f->extra, 4));
		break;
	case WFP_ABSENT:
		write_zeroes(w, f->extra);
		break;
	}
}

static void
write_fields(struct writer *w, const struct wfp_type *t, const uint8_t *in)
{
	for (size_t i = 0; i < t->n; i++)
		if (wfp_field_is_there(&t->field[i], in))
			write_field(w, &t->field[i], in);
}

size_t
wfp_encode(const struct wfp_type *t, const void *value, uint8_t *out, size_t n)
{
	struct writer w = { .p = out, .n = n };

	write_fields(&w, t, value);
	return w.is_full ? 0 : w.used;
}
