/*
 * Flows in clear text: an event for each, and what they wait for. A peer that has not answered
 * anything when the patience of the policy is over does not speak IKE.
 */
#include "config.h"

#include <string.h>

#include "daemon/api_server.h"
#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "ike/text.h"

#define LOG_LINES 10 /* in LOG_MS; events tell of all */
#define LOG_MS 10000
#define AGAIN_MS 1000 /* who spoke once may have stopped */
#define SILENT_MS (10 * 60 * 1000) /* like the memory of the data planes */

void
nego_clear_flow(struct negotiator *n, const struct proto_flow_clear *c)
{
	static const char *const reason[] = {
#define X(id, text) text,
		CLEAR_REASONS(X)
#undef X
	};
	char buf[256];
	struct text t;

	if (c->why >= CLEAR_REASON_COUNT)
		return;
	n->clear_flows[c->why] += 1 + (uint64_t)c->untold;
	text_init(&t, buf, sizeof(buf));
	text_flow(&t, &c->flow);
	text_str(&t, " ");
	text_str(&t, reason[c->why]);
	engine_report(n->engine, EVENT_FLOW_CLEAR, &c->flow, buf);
	nego_pump(n);
}

uint32_t
nego_clear_owner(struct negotiator *n, const struct flow *flow)
{
	uint32_t class_id = nego_flow_class(n, flow);

	/* A socket without an address has the port of what is forwarded, and no more. */
	return class_id != 0 && nego_address_is_own(&flow->local.addr) ? class_id : 0;
}

uint32_t
nego_clear_patience_ms(const struct negotiator *n, uint32_t class_id)
{
	const struct class_spec *s = class_by_id(n->classes, class_id);

	return s != NULL && s->allow_insecure ? s->policy.nd_fallback_ms : 0;
}

/* Whoever sends much to many peers fills no log. */
static bool
may_log(struct negotiator *n, uint64_t now)
{
	if (now - n->clear_log_ms >= LOG_MS) {
		n->clear_log_ms = now;
		n->clear_log_n = 0;
	}
	return n->clear_log_n++ < LOG_LINES;
}

void
nego_clear_now(struct negotiator *n, uint32_t class_id, const struct flow *flow, bool failed,
    uint64_t ask)
{
	struct proto_clear_now c;

	memset(&c, 0, sizeof(c));
	c.class_id = class_id;
	c.flow = *flow;
	c.failed = failed;
	c.ask = ask;
	if (ipc_send(n->plane, PROTO_CLEAR_NOW, &c, sizeof(c), -1) != 0 && ask != 0)
		api_server_negotiated(n->api, ask, IKE_OK);
}

static struct silent_peer *
silent_find(struct negotiator *n, uint32_t class_id, const struct address *remote)
{
	for (size_t i = 0; i < NEGO_SILENT; i++)
		if (n->silent[i].class_id == class_id &&
		    address_equal(&n->silent[i].remote, remote))
			return &n->silent[i];
	return NULL;
}

static void
silent_note(struct negotiator *n, uint32_t class_id, const struct address *remote)
{
	struct silent_peer *s = silent_find(n, class_id, remote);

	if (s == NULL)
		s = &n->silent[n->next_silent++ % NEGO_SILENT];
	*s = (struct silent_peer){ nego_now_ms(), class_id, *remote };
}

bool
nego_clear_is_silent(
    struct negotiator *n, uint32_t class_id, const struct address *remote)
{
	struct silent_peer *s = silent_find(n, class_id, remote);
	uint64_t now = nego_now_ms();

	if (s == NULL || now - s->at_ms >= SILENT_MS ||
	    engine_peer_speaks(n->engine, remote))
		return false;
	s->at_ms = now;
	return true;
}

void
nego_clear_forget(struct negotiator *n, const struct address *remote)
{
	for (size_t i = 0; i < NEGO_SILENT; i++)
		if (address_equal(&n->silent[i].remote, remote))
			n->silent[i].class_id = 0;
}

static void
fall_back(struct negotiator *n, struct waiter *w, uint64_t now)
{
	char buf[256];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_address(&t, &w->flow.remote.addr);
	text_str(&t, " does not speak IKE: no answer for ");
	text_u32(&t, nego_clear_patience_ms(n, w->class_id));
	text_str(&t, " ms; ");
	text_flow(&t, &w->flow);
	text_str(&t, " goes on in clear");
	if (may_log(n, now))
		log_info("clear", "%s", buf);
	n->clear_fallbacks++;
	engine_report(n->engine, EVENT_CLEAR_FALLBACK, &w->flow, buf);
	silent_note(n, w->class_id, &w->flow.remote.addr);
	nego_clear_now(n, w->class_id, &w->flow, false, w->may_be_clear ? w->api_ask : 0);
	if (w->may_be_clear) /* the program goes on, and the negotiation does, too */
		w->api_ask = NEGO_NOBODY;
	w->may_be_clear = false;
}

void
nego_clear_arm(struct negotiator *n)
{
	uint64_t now = nego_now_ms(), at = UINT64_MAX, ms;
	const struct waiter *w;
	struct timeval tv;

	TAILQ_FOREACH (w, &n->waiters, next)
		if (w->fallback_ms != 0 && w->fallback_ms < at)
			at = w->fallback_ms;
	if (at == UINT64_MAX) {
		evtimer_del(n->clear_timer);
		return;
	}
	ms = at > now ? at - now : 0;
	tv = (struct timeval){ (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };
	evtimer_add(n->clear_timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct negotiator *n = ctx;
	uint64_t now = nego_now_ms();
	struct waiter *w;

	(void)fd;
	(void)what;
	TAILQ_FOREACH (w, &n->waiters, next)
		if (w->fallback_ms != 0 && w->fallback_ms <= now) {
			w->fallback_ms = now + AGAIN_MS;
			if (engine_peer_speaks(n->engine, &w->flow.remote.addr))
				continue;
			w->fallback_ms = 0;
			fall_back(n, w, now);
		}
	nego_clear_arm(n);
	nego_pump(n);
}

bool
nego_clear_new(struct negotiator *n)
{
	n->clear_timer = evtimer_new(n->base, on_timer, n);
	return n->clear_timer != NULL;
}

void
nego_clear_free(struct negotiator *n)
{
	if (n->clear_timer != NULL)
		event_free(n->clear_timer);
}
