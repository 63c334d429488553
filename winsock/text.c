/* A growing text. */
#include "winsock/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)INT32_MAX) /* printf() returns an int */

static bool
make_room(struct text *t, size_t n)
{
	size_t wanted;
	char *s;

	if (t->is_broken || n >= MOST_BYTES - t->n) {
		t->is_broken = true;
		return false;
	}
	if (t->n + n < t->size)
		return true;
	wanted = (t->n + n + 1) * 2;
	if ((s = realloc(t->s, wanted)) == NULL) {
		t->is_broken = true;
		return false;
	}
	t->s = s;
	t->size = wanted;
	return true;
}

void
text_add(struct text *t, const char *s, size_t n)
{
	if (!make_room(t, n))
		return;
	if (n > 0)
		memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = '\0';
}

void
text_pad(struct text *t, char c, size_t n)
{
	if (!make_room(t, n))
		return;
	memset(t->s + t->n, c, n);
	t->n += n;
	t->s[t->n] = '\0';
}

void
text_free(struct text *t)
{
	free(t->s);
	memset(t, 0, sizeof(*t));
}
