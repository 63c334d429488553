/* The queue of actions: what the engine wants its host to do, in order. */
#include <stdlib.h>
#include <string.h>

#include "ike/state.h"

static void
action_node_free(struct action_node *n)
{
	if (n == NULL)
		return;
	secret_wipe_bytes(n->owned, n->owned_n);
	free(n->owned);
	secret_wipe_bytes(n, sizeof(*n));
	free(n);
}

/* Appends an action; NULL (counted) when there is no memory. */
static struct engine_action *
action_add(struct engine *e, enum engine_action_type type, struct span owned)
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
	STAILQ_INSERT_TAIL(&e->actions, n, link);
	return &n->action;
}

static struct span
action_owned(const struct engine *e)
{
	struct action_node *n = STAILQ_LAST(&e->actions, action_node, link);

	return span_of(n->owned, n->owned_n);
}

void
action_send_to(struct engine *e, const struct endpoint *local, const struct endpoint *remote,
    struct span data)
{
	struct engine_action *a = action_add(e, ACTION_SEND, data);

	if (a == NULL)
		return;
	a->send.local = *local;
	a->send.remote = *remote;
	a->send.data = action_owned(e);
}

void
action_send(struct engine *e, const struct mm_sa *mm, struct span data)
{
	action_send_to(e, &mm->local, &mm->remote, data);
}

void
action_auth(struct engine *e, struct action_auth *auth, struct span token)
{
	struct engine_action *a = action_add(e, ACTION_AUTH, token);

	if (a == NULL)
		return;
	a->auth = *auth;
	a->auth.token = action_owned(e);
}

void
action_sa_add(struct engine *e, const struct action_sa_add *sa)
{
	struct engine_action *a = action_add(e, ACTION_SA_ADD, SPAN_NONE);

	if (a != NULL)
		a->sa_add = *sa;
}

void
action_sa_delete(struct engine *e, const struct qm_sa *qm, bool replaced)
{
	struct engine_action *a = action_add(e, ACTION_SA_DELETE, SPAN_NONE);

	if (a == NULL)
		return;
	a->sa_delete.qm_id = qm->id;
	a->sa_delete.class_id = qm->policy.class_id;
	a->sa_delete.selector = qm->selector;
	a->sa_delete.replaced = replaced;
}

static void
copy_text(char *dst, size_t cap, const char *src)
{
	struct text t;

	text_init(&t, dst, cap);
	text_str(&t, src != NULL ? src : "");
}

void
action_result(struct engine *e, uint64_t ticket, enum ike_err err, uint32_t win32,
    uint32_t mm_id, uint32_t qm_id, const char *text)
{
	struct engine_action *a = action_add(e, ACTION_RESULT, SPAN_NONE);

	if (a == NULL)
		return;
	a->result.ticket = ticket;
	a->result.error = err;
	a->result.win32 = win32;
	a->result.mm_id = mm_id;
	a->result.qm_id = qm_id;
	copy_text(a->result.text, sizeof(a->result.text), text);
}

void
action_event_at(struct engine *e, enum engine_event_type type, enum ike_err err,
    const struct endpoint *local, const struct endpoint *remote, const uint8_t *icookie,
    const char *text)
{
	struct engine_action *a = action_add(e, ACTION_EVENT, SPAN_NONE);

	e->event_count[type]++;
	if (a == NULL)
		return;
	a->event.type = type;
	a->event.error = err;
	a->event.local = *local;
	a->event.remote = *remote;
	if (icookie != NULL)
		memcpy(a->event.icookie, icookie, COOKIE_BYTES);
	copy_text(a->event.text, sizeof(a->event.text), text);
}

void
action_event(struct engine *e, enum engine_event_type type, enum ike_err err,
    const struct mm_sa *mm, const struct qm_sa *qm, const char *text)
{
	struct action_node *n;
	size_t before = e->error_count[IKE_ERR_NO_MEMORY];

	if (mm != NULL)
		action_event_at(e, type, err, &mm->local, &mm->remote, mm->icookie, text);
	else
		action_event_at(e, type, err, &qm->selector.local, &qm->selector.remote, NULL,
		    text);
	if (e->error_count[IKE_ERR_NO_MEMORY] != before)
		return;
	n = STAILQ_LAST(&e->actions, action_node, link);
	n->action.event.mm_id = mm != NULL ? mm->id : qm->mm_id;
	n->action.event.qm_id = qm != NULL ? qm->id : 0;
}

const struct engine_action *
engine_next_action(struct engine *e)
{
	action_node_free(e->current);
	e->current = STAILQ_FIRST(&e->actions);
	if (e->current == NULL)
		return NULL;
	STAILQ_REMOVE_HEAD(&e->actions, link);
	return &e->current->action;
}

void
action_queue_free(struct engine *e)
{
	while (engine_next_action(e) != NULL)
		;
}
