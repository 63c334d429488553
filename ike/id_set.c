/* Message IDs of a main mode: an exchange that was there once never counts again. */
#include "ike/id_set.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 16

/* Of the first that is not smaller. */
static uint32_t
place_of(const struct id_set *s, uint32_t id)
{
	uint32_t low = 0, high = s->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->id[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
id_set_has(const struct id_set *s, uint32_t id)
{
	uint32_t at = place_of(s, id);

	return at < s->n && s->id[at] == id;
}

static bool
grow(struct id_set *s)
{
	uint32_t cap = s->cap == 0 ? FIRST_CAP : s->cap * 2;
	uint32_t *id;

	if (s->n < s->cap)
		return true;
	if (cap > ID_SET_MAX || (id = realloc(s->id, cap * sizeof(*id))) == NULL)
		return false;
	s->id = id;
	s->cap = cap;
	return true;
}

bool
id_set_add(struct id_set *s, uint32_t id)
{
	uint32_t at = place_of(s, id);

	if (at < s->n && s->id[at] == id)
		return true;
	if (!grow(s))
		return false;
	memmove(s->id + at + 1, s->id + at, (s->n - at) * sizeof(*s->id));
	s->id[at] = id;
	s->n++;
	return true;
}

void
id_set_free(struct id_set *s)
{
	free(s->id);
	*s = (struct id_set){ .id = NULL };
}
