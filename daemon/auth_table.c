/* The dialogues of the auth role: a short list is all that 256 of them need. */
#include "daemon/auth_table.h"

#include <stdlib.h>
#include <string.h>

struct auth_slot {
	LIST_ENTRY(auth_slot) link;
	uint64_t handle;
	uint64_t used_ms;
	struct auth_dialogue *dialogue;
	struct address peer; /* that began it; family 0: we did */
};

static struct auth_slot *
find_slot(const struct auth_table *t, uint64_t handle)
{
	struct auth_slot *s;

	LIST_FOREACH (s, &t->slots, link)
		if (s->handle == handle)
			return s;
	return NULL;
}

static void
drop_slot(struct auth_table *t, struct auth_slot *s)
{
	LIST_REMOVE(s, link);
	t->n--;
	auth_dialogue_free(s->dialogue);
	free(s);
}

void
auth_table_init(struct auth_table *t)
{
	LIST_INIT(&t->slots);
	t->n = 0;
}

static bool
has_share(const struct auth_table *t, const struct address *peer)
{
	size_t n = 0, bytes = peer->family == 4 ? 4 : 8;
	const struct auth_slot *s;

	LIST_FOREACH (s, &t->slots, link)
		n += s->peer.family == peer->family && memcmp(s->peer.b, peer->b, bytes) == 0;
	return n < AUTH_TABLE_PER_PEER;
}

bool
auth_table_add(struct auth_table *t, uint64_t handle, struct auth_dialogue *d,
    const struct address *peer, uint64_t now_ms)
{
	struct auth_slot *s;

	if (t->n >= AUTH_TABLE_MAX || (peer != NULL && !has_share(t, peer)) ||
	    (s = calloc(1, sizeof(*s))) == NULL)
		return false;
	s->handle = handle;
	s->used_ms = now_ms;
	s->dialogue = d;
	if (peer != NULL)
		s->peer = *peer;
	LIST_INSERT_HEAD(&t->slots, s, link);
	t->n++;
	return true;
}

struct auth_dialogue *
auth_table_find(struct auth_table *t, uint64_t handle, uint64_t now_ms)
{
	struct auth_slot *s = find_slot(t, handle);

	if (s == NULL)
		return NULL;
	s->used_ms = now_ms;
	return s->dialogue;
}

void
auth_table_remove(struct auth_table *t, uint64_t handle)
{
	struct auth_slot *s = find_slot(t, handle);

	if (s != NULL)
		drop_slot(t, s);
}

size_t
auth_table_expire(struct auth_table *t, uint64_t now_ms)
{
	struct auth_slot *s, *next;
	size_t before = t->n;

	for (s = LIST_FIRST(&t->slots); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (now_ms - s->used_ms > AUTH_TABLE_AGE_MS)
			drop_slot(t, s);
	}
	return before - t->n;
}

void
auth_table_clear(struct auth_table *t)
{
	while (!LIST_EMPTY(&t->slots))
		drop_slot(t, LIST_FIRST(&t->slots));
}
