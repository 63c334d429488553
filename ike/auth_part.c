/* Parts of the tokens between engine and auth. */
#include "ike/auth_part.h"

void
auth_part_write(struct writer *w, enum auth_part_kind kind, struct span data)
{
	if (data.n > UINT16_MAX) {
		w->failed = true;
		return;
	}
	writer_u8(w, (uint8_t)kind);
	writer_u16(w, (uint16_t)data.n);
	writer_bytes(w, data);
}

const char *
auth_part_name(unsigned kind)
{
	switch (kind) {
#define X(id, number, name) \
	case id:            \
		return name;
		AUTH_PARTS(X)
#undef X
	default:
		return NULL;
	}
}

bool
auth_parts_read(struct span token, struct auth_part_list *out)
{
	struct cursor c;

	cursor_init(&c, token);
	for (out->n = 0; c.left > 0; out->n++) {
		struct auth_part *p = &out->part[out->n];

		if (out->n == AUTH_PARTS_MAX)
			return false;
		p->kind = cursor_u8(&c);
		p->data = cursor_take(&c, cursor_u16(&c));
		if (!cursor_ok(&c) || auth_part_name(p->kind) == NULL)
			return false;
	}
	return true;
}

const struct auth_part *
auth_part_find(
    const struct auth_part_list *list, enum auth_part_kind kind, size_t index)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->part[i].kind == kind && index-- == 0)
			return &list->part[i];
	return NULL;
}

struct span
auth_part_data(const struct auth_part_list *list, enum auth_part_kind kind)
{
	const struct auth_part *p = auth_part_find(list, kind, 0);

	return p == NULL ? SPAN_NONE : p->data;
}
