/* The flows of secured sockets. */
#include <stdlib.h>

#include "daemon/plane.h"

#define FLOW_IDLE_MS (10 * 60 * 1000)

struct flow_key {
	uint8_t b[2 + 2 * 16 + 4];
};

static size_t
flow_bucket(const struct plane *p, uint32_t class_id, const struct flow *f)
{
	struct flow_key k = { { (uint8_t)(class_id ^ class_id >> 8), f->protocol } };

	memcpy(k.b + 2, f->local.addr.b, 16);
	memcpy(k.b + 18, f->remote.addr.b, 16);
	memcpy(k.b + 34, &f->local.port, 2);
	memcpy(k.b + 36, &f->remote.port, 2);
	return plane_hash(p, k.b, sizeof(k.b));
}

struct plane_flow *
plane_flow_look(struct plane *p, uint32_t class_id, const struct flow *f)
{
	struct plane_flow *e;

	LIST_FOREACH (e, &p->flow[flow_bucket(p, class_id, f)], by_flow)
		if (e->class_id == class_id && flow_equal(&e->flow, f))
			return e;
	return NULL;
}

struct plane_flow *
plane_flow_find(struct plane *p, uint32_t class_id, const struct flow *f)
{
	struct plane_flow *e = plane_flow_look(p, class_id, f);

	if (e == NULL)
		return NULL;
	e->last_ms = p->now_ms;
	TAILQ_REMOVE(&p->flow_age[e->was_secured], e, by_age);
	TAILQ_INSERT_TAIL(&p->flow_age[e->was_secured], e, by_age);
	return e;
}

void
plane_flow_tell(struct plane *p, const struct proto_flow_state *ask)
{
	const struct plane_flow *f = plane_flow_look(p, ask->class_id, &ask->flow);
	struct proto_flow_state reply = *ask;

	reply.seen = SEEN_NEVER;
	if (f != NULL) {
		reply.seen = f->state == FLOW_WAITING ? SEEN_WAITING :
			     f->state == FLOW_FAILED && p->now_ms < f->retry_ms ?
							SEEN_FAILED :
			     f->state == FLOW_CLEAR ? SEEN_CLEAR :
						      SEEN_OPEN;
		reply.qm_id = f->pair != NULL ? f->pair->qm_id : 0;
		reply.n_held = (uint32_t)f->n_held;
		reply.was_secured = f->was_secured;
		reply.fell_back = f->fell_back;
	}
	(void)ipc_send(p->negotiator, PROTO_FLOW_REPLY, &reply, sizeof(reply), -1);
}

/* Keeper remembers what may never be clear again, should this process end. */
static void
flow_tell_keeper(struct plane *p, const struct plane_flow *f, uint16_t type)
{
	struct proto_flow_secured m;

	memset(&m, 0, sizeof(m));
	m.class_id = f->class_id;
	m.flow = f->flow;
	(void)ipc_send(p->keeper, type, &m, sizeof(m), -1);
}

static void
flow_free(struct plane *p, struct plane_flow *f)
{
	plane_hold_drop(p, f);
	plane_flow_set_pair(f, NULL);
	LIST_REMOVE(f, by_flow);
	TAILQ_REMOVE(&p->flow_age[f->was_secured], f, by_age);
	p->n_flows--;
	free(f);
}

static void
flow_forget(struct plane *p, struct plane_flow *f)
{
	if (f->is_remembered)
		flow_tell_keeper(p, f, PROTO_FLOW_FORGOTTEN);
	flow_free(p, f);
}

/* The one to forget first: strangers who send in clear make nobody forget what was secured. */
static struct plane_flow *
flow_oldest(struct plane *p)
{
	struct plane_flow *f = TAILQ_FIRST(&p->flow_age[false]);

	return f != NULL ? f : TAILQ_FIRST(&p->flow_age[true]);
}

struct plane_flow *
plane_flow_get(struct plane *p, uint32_t class_id, const struct flow *f)
{
	struct plane_flow *e = plane_flow_find(p, class_id, f);

	if (e != NULL)
		return e;
	if (p->n_flows >= PLANE_MAX_FLOWS) {
		p->count[PC_FLOWS_FULL]++;
		flow_forget(p, flow_oldest(p));
	}
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	STAILQ_INIT(&e->held);
	e->class_id = class_id;
	e->flow = *f;
	e->last_ms = p->now_ms;
	LIST_INSERT_HEAD(&p->flow[flow_bucket(p, class_id, f)], e, by_flow);
	TAILQ_INSERT_TAIL(&p->flow_age[false], e, by_age);
	p->n_flows++;
	return e;
}

static void
flow_set_secured(struct plane *p, struct plane_flow *f)
{
	TAILQ_REMOVE(&p->flow_age[false], f, by_age);
	TAILQ_INSERT_TAIL(&p->flow_age[true], f, by_age);
	f->was_secured = true;
	f->secured_ms = p->now_ms;
}

void
plane_flow_secure(struct plane *p, struct plane_flow *f, const struct pair *s)
{
	if (f->was_secured)
		return;
	flow_set_secured(p, f);
	f->allow_clear_ms = s->allow_clear_ms;
	if (!p->class[f->class_id].allow_insecure)
		return;
	f->is_remembered = true;
	flow_tell_keeper(p, f, PROTO_FLOW_SECURED);
}

void
plane_flow_restore(struct plane *p, const struct proto_flow_secured *m)
{
	struct plane_flow *f;

	if (m->class_id == 0 || m->class_id > CLASS_MAX ||
	    (f = plane_flow_get(p, m->class_id, &m->flow)) == NULL)
		return;
	if (!f->was_secured)
		flow_set_secured(p, f);
	f->is_remembered = true;
}

void
plane_flow_set_pair(struct plane_flow *f, struct pair *s)
{
	if (f->pair != NULL)
		LIST_REMOVE(f, by_pair);
	f->pair = s;
	if (s == NULL)
		return;
	LIST_INSERT_HEAD(&s->flows, f, by_pair);
	f->has_peer = s->nat.local.port != 0;
	memcpy(f->peer, s->nat.peer, sizeof(f->peer));
}

void
plane_flow_tick(struct plane *p)
{
	struct plane_flow *f;

	for (int secured = 0; secured < 2; secured++)
		while ((f = TAILQ_FIRST(&p->flow_age[secured])) != NULL &&
		    p->now_ms - f->last_ms > FLOW_IDLE_MS)
			flow_forget(p, f);
}

void
plane_flow_free_all(struct plane *p)
{
	struct plane_flow *f;

	while ((f = flow_oldest(p)) != NULL)
		flow_free(p, f);
}
