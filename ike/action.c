/* The queue of actions: what the engine wants its host to do, in order. */
#include <stdlib.h>
#include <string.h>

#include "ike/state.h"

static void
action_node_free(struct engine *e, struct action_node *n)
{
	if (n == NULL)
		return;
	if (n == &e->quick.node) {
		e->quick.queued = false;
		return;
	}
	secret_wipe_bytes(n->owned, n->owned_n);
	free(n->owned);
	secret_wipe_bytes(n, sizeof(*n));
	free(n);
}

struct engine_action *
action_push(struct engine *e, enum engine_action_type type, struct span owned)
{
	struct action_node *n = calloc(1, sizeof(*n));

	if (n != NULL && owned.n > 0 && (n->owned = malloc(owned.n)) == NULL) {
		free(n);
		n = NULL;
	}
	if (n == NULL) {
		e->error_count[IKE_ERR_NO_MEMORY]++;
		return NULL;
	}
	if (owned.n > 0)
		memcpy(n->owned, owned.p, owned.n);
	n->owned_n = owned.n;
	n->action.type = type;
	if (type == ACTION_SEND)
		n->action.send.data = span_of(n->owned, owned.n);
	else if (type == ACTION_AUTH)
		n->action.auth.token = span_of(n->owned, owned.n);
	STAILQ_INSERT_TAIL(&e->actions, n, next);
	return &n->action;
}

void
action_send_to(struct engine *e, const struct mm_sa *mm, struct span data)
{
	struct engine_action *a = action_push(e, ACTION_SEND, data);

	if (a == NULL)
		return;
	a->send.local = mm->local;
	a->send.remote = mm->remote;
}

void
action_send_quick(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, struct span data)
{
	struct quick_send *q = &e->quick;

	if (q->queued || data.n > sizeof(q->b))
		return;
	memcpy(q->b, data.p, data.n);
	q->node.action.type = ACTION_SEND;
	q->node.action.send.local = *local;
	q->node.action.send.remote = *remote;
	q->node.action.send.data = span_of(q->b, data.n);
	q->queued = true;
	STAILQ_INSERT_TAIL(&e->actions, &q->node, next);
}

const struct engine_action *
engine_next_action(struct engine *e)
{
	action_node_free(e, e->current);
	e->current = STAILQ_FIRST(&e->actions);
	if (e->current == NULL)
		return NULL;
	STAILQ_REMOVE_HEAD(&e->actions, next);
	return &e->current->action;
}
