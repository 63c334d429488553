/* What is remembered of peers. */
#include "ike/peer.h"

#include <stdlib.h>
#include <string.h>

#include "ike/state.h"

static struct peer *
peer_set(const struct engine *e, const struct address *a)
{
	uint8_t key[17];

	memcpy(key, a->b, sizeof(a->b));
	key[16] = a->family;
	return e->peers->peer[sadb_hash_bytes(e, key, sizeof(key)) % PEER_SETS];
}

struct peer *
peer_find(struct engine *e, const struct address *a)
{
	struct peer *set;

	if (e->peers == NULL)
		return NULL;
	set = peer_set(e, a);
	for (size_t i = 0; i < PEER_WAYS; i++)
		if (address_equal(&set[i].addr, a)) {
			set[i].seen_ms = e->now_ms;
			return &set[i];
		}
	return NULL;
}

struct peer *
peer_get(struct engine *e, const struct address *a)
{
	struct peer *p = peer_find(e, a), *set;

	if (p != NULL)
		return p;
	if (e->peers == NULL && (e->peers = calloc(1, sizeof(*e->peers))) == NULL)
		return NULL;
	p = set = peer_set(e, a);
	for (size_t i = 1; i < PEER_WAYS && p->addr.family != 0; i++)
		if (set[i].addr.family == 0 || set[i].seen_ms < p->seen_ms)
			p = &set[i];
	memset(p, 0, sizeof(*p));
	p->addr = *a;
	p->seen_ms = e->now_ms;
	return p;
}

bool
peer_recall_name(struct engine *e, const struct address *a, char *out)
{
	const struct peer *p = peer_find(e, a);

	if (p == NULL || p->gss_id[0] == '\0')
		return false;
	memcpy(out, p->gss_id, sizeof(p->gss_id));
	return true;
}

void
peer_remember_name(struct engine *e, const struct address *a, const char *gss_id)
{
	struct peer *p = gss_id[0] != '\0' ? peer_get(e, a) : NULL;
	struct text t;

	if (p == NULL)
		return;
	text_init(&t, p->gss_id, sizeof(p->gss_id));
	text_str(&t, gss_id);
}
