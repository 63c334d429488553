/* The engine's host: policies for it, actions from it, its timer. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/random.h"
#include "daemon/api_server.h"
#include "daemon/class_table.h"
#include "daemon/ctl_server.h"
#include "daemon/keylog.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/socket_table.h"
#include "daemon/wfp.h"

uint64_t
nego_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what the engine asks ---- */

static void
host_random(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	if (!crypto_random(p, n))
		abort(); /* without random numbers there is no security */
}

/* ---- what the engine wants ---- */

struct usage *
nego_usage(struct negotiator *n, uint32_t qm_id)
{
	struct usage *u;

	LIST_FOREACH (u, &n->usages[qm_id % NEGO_USAGE_BUCKETS], next)
		if (u->total.qm_id == qm_id)
			return u;
	return NULL;
}

static void
do_auth(struct negotiator *n, const struct action_auth *a)
{
	struct proto_auth_ask ask = {
		.handle = a->handle,
		.step = a->step,
		.method = a->method,
		.credential = a->credential,
		.hash = a->hash,
		.initiator = a->initiator,
		.extended_mode = a->extended_mode,
		.local = a->local,
		.remote = a->remote,
	};

	memcpy(ask.peer_gss_id, a->peer_gss_id, sizeof(ask.peer_gss_id));
	memcpy(ask.target_name, a->target_name, sizeof(ask.target_name));
	ask.uid = a->uid;
	if (n->auth == NULL || ipc_send2(n->auth, PROTO_AUTH_ASK, &ask, sizeof(ask),
				   a->token.p, a->token.n, -1) != 0)
		n->auth_missing = a->step != AUTH_ABORT;
}

static void
do_sa_add(struct negotiator *n, const struct action_sa_add *a)
{
	struct usage *u = nego_usage(n, a->qm_id);

	if (u == NULL && (u = calloc(1, sizeof(*u))) != NULL) {
		u->total.qm_id = a->qm_id;
		u->class_id = a->class_id;
		LIST_INSERT_HEAD(&n->usages[a->qm_id % NEGO_USAGE_BUCKETS], u, next);
	}
	if (ipc_send(n->plane, PROTO_SA_ADD, a, sizeof(*a), -1) == 0 &&
	    n->config->backend == BACKEND_KERNEL)
		n->n_sa_pending++;
	nego_clear_forget(n, &a->selector.remote.addr);
	keylog_sa(n, a);
}

static void
do_sa_delete(struct negotiator *n, const struct action_sa_delete *a)
{
	struct proto_sa_delete d = { a->qm_id };
	struct usage *u = nego_usage(n, a->qm_id);

	(void)ipc_send(n->plane, PROTO_SA_DELETE, &d, sizeof(d), -1);
	nego_renew_ended(n, a);
	if (u == NULL)
		return;
	LIST_REMOVE(u, next);
	free(u);
}

static void
do_sa_move(struct negotiator *n, const struct action_sa_move *a)
{
	struct proto_move m = { a->qm_id, a->remote };

	(void)ipc_send(n->plane, PROTO_SA_MOVE, &m, sizeof(m), -1);
}

static void
remember_failure(struct negotiator *n, const struct waiter *w, const struct action_result *r)
{
	struct failure *f = &n->failure[n->next_failure++ % NEGO_FAILURES];

	f->at_ms = nego_now_ms();
	f->class_id = w->class_id;
	f->selector = w->asked_for;
	memcpy(f->text, r->text, sizeof(f->text));
}

static void
do_result(struct negotiator *n, const struct action_result *r)
{
	struct waiter *w;

	TAILQ_FOREACH (w, &n->waiters, next)
		if (w->ticket == r->ticket)
			break;
	if (w == NULL)
		return;
	TAILQ_REMOVE(&n->waiters, w, next);
	socket_table_negotiated(n->sockets, w->cookie, r->win32);
	if (r->error != IKE_OK)
		remember_failure(n, w, r);
	if (w->is_plane) {
		struct proto_acquire_done d = { w->class_id, w->flow, r->error };

		nego_user_end(n, w);
		/* Before the plane refuses its packets: then the socket may be gone. */
		if (r->win32 != 0)
			socket_table_flow_failed(n->sockets, &w->flow, r->win32);
		(void)ipc_send(n->plane, PROTO_ACQUIRE_DONE, &d, sizeof(d), -1);
	} else if (w->is_renewal) {
		nego_renew_result(n, w, r->error);
	} else if (w->api_ask != 0) {
		if (w->may_be_clear && r->error != IKE_OK)
			nego_clear_now(n, w->class_id, &w->flow, true, w->api_ask);
		else
			api_server_negotiated(n->api, w->api_ask, r->error);
	} else {
		ctl_server_result(n->ctl, w->ctl_client, r);
	}
	free(w);
}

static void
do_event(struct negotiator *n, const struct action_event *e)
{
	const char *name = engine_event_name(e->type);
	int severity = engine_event_severity(e->type);

	if (severity > 0 && e->remote.addr.family != 0 &&
	    !log_limit_pass_peer(&n->peers_logged, &e->remote.addr, nego_now_ms()))
		severity = 0;
	if (e->type == EVENT_DROP)
		log_debug("ike", "dropped a message: %s", e->text);
	else if (severity == 0)
		log_debug("ike", "#%u %s: %s", e->mm_id, name, e->text);
	else if (severity == 1)
		log_info("ike", "#%u %s: %s", e->mm_id, name, e->text);
	else
		log_warn("ike", "#%u %s: %s", e->mm_id, name, e->text);
	ctl_server_event(n->ctl, e);
	if (n->wfp != NULL)
		wfp_note_event(n->wfp, e);
	if (e->type == EVENT_MM_ESTABLISHED)
		keylog_main_mode(n, e);
}

void
nego_perform(struct negotiator *n, const struct engine_action *a)
{
	switch (a->type) {
	case ACTION_SEND:
		nego_udp_send(n, &a->send);
		break;
	case ACTION_AUTH:
		do_auth(n, &a->auth);
		break;
	case ACTION_SA_ADD:
		do_sa_add(n, &a->sa_add);
		break;
	case ACTION_SA_DELETE:
		do_sa_delete(n, &a->sa_delete);
		break;
	case ACTION_SA_MOVE:
		do_sa_move(n, &a->sa_move);
		break;
	case ACTION_RESULT:
		do_result(n, &a->result);
		break;
	case ACTION_EVENT:
		do_event(n, &a->event);
		break;
	}
}

void
nego_pump(struct negotiator *n)
{
	const struct engine_action *a;
	uint64_t at, now;

	do {
		while ((a = engine_next_action(n->engine)) != NULL)
			if (!nego_defer(n, a))
				nego_perform(n, a);
		if (!n->auth_missing)
			break;
		n->auth_missing = false;
		engine_auth_gone(n->engine, nego_now_ms());
	} while (true);
	at = engine_deadline_ms(n->engine);
	now = nego_now_ms();
	if (at == UINT64_MAX) {
		evtimer_del(n->engine_timer);
	} else {
		uint64_t ms = at > now ? at - now : 0;
		struct timeval tv = { (time_t)(ms / 1000),
			(suseconds_t)(ms % 1000 * 1000) };

		evtimer_add(n->engine_timer, &tv);
	}
	if (n->is_stopping && engine_is_idle(n->engine))
		event_active(n->stop_timer, EV_TIMEOUT, 0);
}

static void
nego_on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct negotiator *n = ctx;

	(void)fd;
	(void)what;
	engine_advance(n->engine, nego_now_ms());
	nego_pump(n);
}

bool
nego_acquire(struct negotiator *n, const struct flow *selector, uint32_t class_id,
    const struct waiter *w)
{
	struct engine_acquire a = { .ticket = ++n->next_ticket,
		.selector = *selector,
		.local_port = w->flow.local.port,
		.renews = w->is_renewal,
		.is_shared = nego_port_is_shared(n, class_id, selector) };
	struct waiter *copy = malloc(sizeof(*copy));

	if (copy == NULL ||
	    !class_policy(n->classes, class_id, &selector->remote, &a.policy)) {
		free(copy);
		return false;
	}
	a.policy.guarantee_encryption |= w->guarantee_encryption;
	*copy = *w;
	copy->ticket = a.ticket;
	copy->class_id = class_id;
	copy->asked_for = *selector;
	TAILQ_INSERT_TAIL(&n->waiters, copy, next);
	engine_acquire(n->engine, nego_now_ms(), &a);
	nego_pump(n);
	return true;
}

/* ---- life ---- */

static const struct dialect *
host_peer_dialect(void *ctx, const struct address *peer)
{
	const struct negotiator *n = ctx;

	return config_peer_dialect(n->config, peer);
}

void
nego_engine_params(struct negotiator *n, struct engine_params *p)
{
	*p = (struct engine_params){
		.host = { n, host_random, nego_mm_policy, nego_qm_policy,
		    host_peer_dialect },
	};
	nego_params_set(p, n->config);
}

bool
nego_engine_new(struct negotiator *n)
{
	struct engine_params p;

	nego_engine_params(n, &p);
	n->engine = engine_new(&p);
	n->engine_timer = evtimer_new(n->base, nego_on_timer, n);
	return n->engine != NULL && n->engine_timer != NULL;
}

void
nego_engine_free(struct negotiator *n)
{
	struct waiter *w;
	struct usage *u;

	engine_free(n->engine);
	if (n->engine_timer != NULL)
		event_free(n->engine_timer);
	while ((w = TAILQ_FIRST(&n->waiters)) != NULL) {
		TAILQ_REMOVE(&n->waiters, w, next);
		free(w);
	}
	nego_user_free(n);
	for (size_t i = 0; i < NEGO_USAGE_BUCKETS; i++)
		while ((u = LIST_FIRST(&n->usages[i])) != NULL) {
			LIST_REMOVE(u, next);
			free(u);
		}
}
