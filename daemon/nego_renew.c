/*
 * Pairs for one connection that have ended, unused perhaps, while their connection lives: they
 * are negotiated again, so that the peer finds one when it has something to say (ike/narrow.h).
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/sockdiag.h"

#define RENEWALS_MAX 4096
#define AGAIN_MS 120000 /* after a negotiation that failed */
#define SHORT_MS 1000	/* what lived no longer than this has failed, too */
#define PLANE_MS 1000

struct renewal {
	TAILQ_ENTRY(renewal) next;
	uint32_t class_id;
	bool guarantee_encryption;
	struct flow flow;
	uint64_t at_ms;
};

/* ---- is there somebody who wants it? ---- */

struct look {
	const struct flow *flow;
	bool found;
};

static bool
is_open(uint8_t state)
{
	/* A connected UDP socket is ESTABLISHED, too; who has only shut down may still be told. */
	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT2;
}

static void
look_at(void *ctx, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	struct look *l = ctx;

	l->found = l->found || (is_open(e->state) && flow_equal(&f, l->flow));
}

static bool
connection_lives(const struct flow *f)
{
	struct look l = { f, false };

	if (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP)
		return false;
	(void)sockdiag_dump(f->local.addr.family, f->protocol, f->local.port, look_at, &l);
	if (!l.found && f->local.addr.family == 4) /* of programs that rules secure */
		(void)sockdiag_dump(6, f->protocol, f->local.port, look_at, &l);
	return l.found;
}

/* ---- when? ---- */

static void
arm(struct negotiator *n)
{
	uint64_t now = nego_now_ms(), at = UINT64_MAX, ms;
	const struct renewal *r;
	struct timeval tv;

	TAILQ_FOREACH (r, &n->renewals, next)
		if (r->at_ms < at)
			at = r->at_ms;
	if (at == UINT64_MAX) {
		evtimer_del(n->renew_timer);
		return;
	}
	ms = at > now ? at - now : 0;
	tv = (struct timeval){ (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };
	evtimer_add(n->renew_timer, &tv);
}

static void
add(struct negotiator *n, const struct renewal *what, uint64_t in_ms)
{
	struct renewal *r = NULL;

	if (n->n_renewals < RENEWALS_MAX && !n->is_stopping)
		r = malloc(sizeof(*r));
	if (r == NULL)
		return; /* the next packet of the side that connected makes it */
	*r = *what;
	r->at_ms = nego_now_ms() + in_ms;
	TAILQ_INSERT_TAIL(&n->renewals, r, next);
	n->n_renewals++;
	arm(n);
}

void
nego_renew_ended(struct negotiator *n, const struct action_sa_delete *a)
{
	struct renewal r = { .class_id = a->class_id,
		.guarantee_encryption = a->guarantee_encryption, .flow = a->selector };

	if (a->renew)
		add(n, &r, a->lived_ms > SHORT_MS ? 0 : AGAIN_MS);
}

void
nego_renew_result(struct negotiator *n, const struct waiter *w, enum ike_err error)
{
	struct renewal r = { .class_id = w->class_id,
		.guarantee_encryption = w->guarantee_encryption, .flow = w->flow };

	if (error != IKE_OK)
		add(n, &r, AGAIN_MS);
}

/* ---- then ---- */

static void
renew(struct negotiator *n, const struct renewal *r)
{
	struct waiter w = { .is_renewal = true, .flow = r->flow,
		.guarantee_encryption = r->guarantee_encryption };

	if (!connection_lives(&r->flow) || nego_flow_class(n, &r->flow) != r->class_id)
		return;
	if (n->plane == NULL)
		add(n, r, PLANE_MS); /* another one comes */
	else
		(void)nego_acquire(n, &r->flow, r->class_id, &w);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	TAILQ_HEAD(, renewal) due = TAILQ_HEAD_INITIALIZER(due);
	struct negotiator *n = ctx;
	struct renewal *r, *next;
	uint64_t now = nego_now_ms();

	(void)fd;
	(void)what;
	for (r = TAILQ_FIRST(&n->renewals); r != NULL; r = next) {
		next = TAILQ_NEXT(r, next);
		if (r->at_ms > now)
			continue;
		TAILQ_REMOVE(&n->renewals, r, next);
		n->n_renewals--;
		TAILQ_INSERT_TAIL(&due, r, next);
	}
	while ((r = TAILQ_FIRST(&due)) != NULL) {
		TAILQ_REMOVE(&due, r, next);
		renew(n, r);
		free(r);
	}
	arm(n);
}

bool
nego_renew_new(struct negotiator *n)
{
	TAILQ_INIT(&n->renewals);
	n->renew_timer = evtimer_new(n->base, on_timer, n);
	return n->renew_timer != NULL;
}

void
nego_renew_free(struct negotiator *n)
{
	struct renewal *r;

	while ((r = TAILQ_FIRST(&n->renewals)) != NULL) {
		TAILQ_REMOVE(&n->renewals, r, next);
		free(r);
	}
	if (n->renew_timer != NULL)
		event_free(n->renew_timer);
}
