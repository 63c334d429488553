/*
 * Answers in clear. What a rule `require-in-request-out` lets out in clear may be answered so,
 * and nothing else comes in without IPsec. Sockets that allow clear text are no business of
 * rules, but clear packets do not show whose they are: any rule that requires refuses them. The
 * kernel's policies know no connections: to them an answer is a clear packet like any other.
 * Who knows is the socket: for each that this host connects a policy lets in what comes from
 * exactly its peer to exactly its own port, as long as it lives. The kernel asks about the first
 * connection to a peer only, and tells of no other: while others may leave in clear, too,
 * sockets are looked at so often that the answer to the first SYN that is sent again comes in.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#define LOOK_MS 200    /* a SYN is sent again after a second */
#define ANSWER_MS 5000 /* a policy ends so long after its socket */
#define MAX_ANSWERS 16384

#define STATE(tcp) (1u << (tcp))
#define NOT_CONNECTED (STATE(TCP_LISTEN) | STATE(TCP_CLOSE) | STATE(TCP_TIME_WAIT))

struct look {
	struct xfrm *x;
	bool is_whole;
	uint8_t listens[65536 / 8]; /* TCP ports of this host; only if it is whole */
};

static bool
is_ring(const struct xfrm_class *c)
{
	return c->is_up && c->is_rule && c->allow_insecure && !c->takes_clear;
}

/* Its sockets may be clear, whatever rules say. */
static bool
is_insecure(const struct xfrm_class *c)
{
	return c->is_up && !c->is_rule && c->allow_insecure;
}

static bool
has_answers(const struct xfrm *x, uint32_t class_id)
{
	return is_ring(&x->class[class_id]) ||
	       (x->n_rules > 0 && is_insecure(&x->class[class_id]));
}

/*
 * The class whose answers these are; 0: none. The first rule that selects counts. of_socket: 0,
 * or the socket's own class.
 */
static uint32_t
class_of(const struct xfrm *x, uint32_t of_socket, const struct flow *f)
{
	const struct xfrm_class *c;

	for (size_t i = 0; i < x->n_rules; i++) {
		c = &x->class[x->rules[i]];
		if (!rule_selects(&c->rule, f))
			continue;
		if (of_socket == 0)
			return is_ring(c) ? x->rules[i] : 0;
		return !c->takes_clear && is_insecure(&x->class[of_socket]) ? of_socket : 0;
	}
	return 0;
}

static struct xfrm_rule
answer_to(const struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	struct xfrm_rule r = xfrm_rule_flow(x, class_id, f, XFRM_LEVEL_ALLOW, 50);

	r.inbound = true;
	r.mark = xfrm_policy_mark(x, x->rules[0]); /* none: that of clear packets */
	return r;
}

static bool
is_open(struct xfrm *x, const struct xfrm_rule *r)
{
	const struct xfrm_entry *e = xfrm_policy_find(x, r);

	return e != NULL && e->rule.level == XFRM_LEVEL_ALLOW;
}

/* The negotiator was told of what it is asked for; of other connections nobody told it. */
static void
tell(struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	const struct xfrm_acquire *a;
	struct proto_flow_clear c;

	TAILQ_FOREACH (a, &x->acquires, link)
		if (a->class_id == class_id && flow_matches(&a->flow, f))
			return;
	memset(&c, 0, sizeof(c));
	c.class_id = class_id;
	c.why = xfrm_acquire_asks(x, class_id, &f->remote.addr) ? CLEAR_NEGOTIATING :
								  CLEAR_FAILED;
	c.flow = *f;
	(void)ipc_send(x->negotiator, PROTO_FLOW_CLEAR, &c, sizeof(c), -1);
}

/* A server may have accepted what is connected with a port that listens: not our question. */
static bool
is_our_call(const struct look *l, const struct sockdiag_entry *e)
{
	uint16_t port = e->local.port;

	if (e->protocol == IPPROTO_UDP || e->state == TCP_SYN_SENT)
		return true;
	return l->is_whole && e->state == TCP_ESTABLISHED &&
	       (l->listens[port / 8] >> port % 8 & 1) == 0;
}

static void
look_at_socket(void *ctx, const struct sockdiag_entry *e)
{
	struct flow f = { e->protocol, endpoint_unmapped(&e->local),
		endpoint_unmapped(&e->remote) };
	struct look *l = ctx;
	struct xfrm *x = l->x;
	struct xfrm_rule r;
	uint32_t class_id;
	bool is_known;

	if (f.remote.port == 0 || address_equal(&f.local.addr, &f.remote.addr) ||
	    (class_id = class_of(x, net_mark_class(x->config, e->mark), &f)) == 0 ||
	    xfrm_clear_never(x, class_id, &f) || xfrm_acquire_waits(x, class_id, &f))
		return;
	r = answer_to(x, class_id, &f);
	is_known = is_open(x, &r);
	if (!is_known && (!is_our_call(l, e) || x->answers.n >= MAX_ANSWERS))
		return;
	if (!xfrm_policy_set(x, class_id, &r, x->now_ms + ANSWER_MS))
		return;
	if (!is_known)
		tell(x, class_id, &f);
	if (!is_known || l->is_whole)
		x->answers.n++;
}

static void
note_listener(void *ctx, const struct sockdiag_entry *e)
{
	struct look *l = ctx;

	l->listens[e->local.port / 8] |= (uint8_t)(1 << e->local.port % 8);
}

/* Those that connect just now; whole: all that are connected, too. */
static void
look(struct xfrm *x, bool is_whole)
{
	struct look l = { .x = x, .is_whole = is_whole };
	uint32_t states = is_whole ? ~NOT_CONNECTED : STATE(TCP_SYN_SENT);

	for (uint8_t family = 4; family <= 6 && is_whole; family += 2)
		(void)sockdiag_dump_states(
		    family, IPPROTO_TCP, STATE(TCP_LISTEN), note_listener, &l);
	for (uint8_t family = 4; family <= 6; family += 2) {
		(void)sockdiag_dump_states(family, IPPROTO_TCP, states, look_at_socket, &l);
		(void)sockdiag_dump_states(
		    family, IPPROTO_UDP, STATE(TCP_ESTABLISHED), look_at_socket, &l);
	}
}

/* ---- when ---- */

static bool
is_wanted(const struct xfrm *x)
{
	const struct xfrm_acquire *a;

	if (x->now_ms < x->answers.until_ms)
		return true;
	TAILQ_FOREACH (a, &x->acquires, link)
		if (has_answers(x, a->class_id))
			return true;
	return false;
}

static void
on_look(evutil_socket_t fd, short what, void *ctx)
{
	const struct timeval again = { 0, LOOK_MS * 1000 };
	struct xfrm *x = ctx;

	(void)fd;
	(void)what;
	xfrm_clock_read(x);
	look(x, false);
	if (is_wanted(x))
		(void)evtimer_add(x->answers.look, &again);
}

void
xfrm_answer_begin(struct xfrm *x, uint32_t class_id, uint64_t ms)
{
	const struct timeval now = { 0, 0 };

	if (!has_answers(x, class_id))
		return;
	if (x->now_ms + ms > x->answers.until_ms)
		x->answers.until_ms = x->now_ms + ms;
	if (evtimer_pending(x->answers.look, NULL) == 0)
		(void)evtimer_add(x->answers.look, &now);
}

void
xfrm_answer_now(struct xfrm *x, uint32_t class_id)
{
	const struct timeval now = { 0, 0 };

	if (has_answers(x, class_id))
		(void)evtimer_add(x->answers.look, &now);
}

void
xfrm_answer_tick(struct xfrm *x)
{
	if (x->answers.n == 0 && !is_wanted(x))
		return;
	x->answers.n = 0;
	look(x, true);
}

/* ---- life ---- */

bool
xfrm_answer_new(struct xfrm *x)
{
	x->answers.look = evtimer_new(x->base, on_look, x);
	return x->answers.look != NULL;
}

void
xfrm_answer_free(struct xfrm *x)
{
	if (x->answers.look != NULL)
		event_free(x->answers.look);
	x->answers.look = NULL;
}
