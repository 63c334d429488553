/* The kernel asks for SAs: the negotiator is asked once for each flow. */
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/sockdiag.h"
#include "daemon/xfrm_state.h"

#include <netinet/tcp.h>

#define MAX_ACQUIRES 4096
/* How long a flow whose negotiation failed is left alone: spec secure-sockets 6.5. */
#define HOLD_DOWN_MS 1000
#define CLEAR_HOLD_DOWN_MS 30000

/* ---- who begins? ---- */

struct question {
	const struct flow *flow;
	bool starts;
};

static void
look_at_socket(void *ctx, const struct sockdiag_entry *e)
{
	struct question *q = ctx;

	if (e->state == TCP_SYN_SENT && e->remote.port == q->flow->remote.port &&
	    address_equal(&e->remote.addr, &q->flow->remote.addr))
		q->starts = true;
}

/* UDP always does; TCP while it connects: then the port is chosen later, or just now. */
static bool
flow_starts(const struct flow *f)
{
	struct question q = { f, false };

	if (f->protocol != 6 || f->local.port == 0)
		return true;
	(void)sockdiag_dump(
	    f->local.addr.family, f->protocol, f->local.port, look_at_socket, &q);
	return q.starts;
}

static struct flow
selector_of(const struct xfrm_acquire *a)
{
	struct flow f = a->flow;

	if (a->starts)
		f.local.port = 0;
	return f;
}

/* ---- larval states ---- */

/*
 * The kernel asks no more for this pair of addresses until its larval state is gone, which
 * states without a mark do not replace: it gets an SPI, and is deleted by that.
 */
void
xfrm_larval_end(struct xfrm_netlink *nl, const struct xfrm_sa_name *larval, uint32_t reqid,
    uint32_t seq, struct xfrm_mark_value mark)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct xfrm_sa_name name = *larval;
	struct xfrm_event answer;

	if (xfrm_netlink_ask(
		nl, xfrm_message_spi_alloc(buf, larval, reqid, seq, mark), &answer) != 0)
		return;
	name.spi = answer.sa.spi;
	(void)xfrm_netlink_talk(nl, xfrm_message_sa_delete(buf, &name, mark));
}

static void
larval_end(struct xfrm *x, const struct xfrm_acquire *a)
{
	xfrm_larval_end(x->netlink, &a->larval, a->reqid, a->seq,
	    xfrm_policy_mark(x, a->class_id));
}

/* ---- asked ---- */

/* What the last negotiation means for the flow, or for all to that port; NULL: nothing. */
static const struct xfrm_entry *
entry_of(struct xfrm *x, uint32_t class_id, const struct flow *flow)
{
	const struct xfrm_entry *e = NULL;
	struct flow f = *flow;
	struct xfrm_rule r;

	for (int any = 0; any < 2 && e == NULL; any++) {
		f.local.port = any != 0 ? 0 : flow->local.port;
		r = xfrm_rule_flow(x, class_id, &f, XFRM_LEVEL_ALLOW, 50);
		e = xfrm_policy_find(x, &r);
		if (e != NULL && xfrm_rules_is_base(x, e))
			e = NULL;
	}
	return e;
}

/* Was the turn of clear text, its last choice? */
static bool
fell_back(struct xfrm *x, uint32_t class_id, const struct flow *flow)
{
	const struct xfrm_entry *e = entry_of(x, class_id, flow);

	return (e != NULL && e->rule.level != XFRM_LEVEL_REQUIRED &&
		   e->rule.level != XFRM_LEVEL_BLOCK) ||
	       xfrm_remote_is_clear(x, class_id, flow);
}

bool
xfrm_acquire_waits(struct xfrm *x, uint32_t class_id, const struct flow *flow)
{
	return x->class[class_id].clear_waits && !fell_back(x, class_id, flow);
}

static bool
may_be_clear(struct xfrm *x, const struct xfrm_acquire *a)
{
	struct flow selector = selector_of(a);

	return xfrm_class_level(x, a->class_id) == XFRM_LEVEL_OPTIONAL &&
	       !xfrm_clear_never(x, a->class_id, &selector);
}

static void
tell_clear(struct xfrm *x, const struct xfrm_acquire *a, enum clear_reason why)
{
	struct proto_flow_clear c;

	if (!may_be_clear(x, a))
		return;
	memset(&c, 0, sizeof(c));
	c.class_id = a->class_id;
	c.why = why;
	c.flow = a->flow;
	(void)ipc_send(x->negotiator, PROTO_FLOW_CLEAR, &c, sizeof(c), -1);
}

/* The kernel lets it go meanwhile, and says so of nothing else. */
static void
tell_clear_meanwhile(struct xfrm *x, const struct xfrm_acquire *a)
{
	if (!xfrm_acquire_waits(x, a->class_id, &a->flow))
		tell_clear(x, a, CLEAR_NEGOTIATING);
}

static void
acquire_send(struct xfrm *x, const struct xfrm_acquire *a)
{
	struct proto_acquire m = { a->class_id, a->flow, a->starts, may_be_clear(x, a) };

	(void)ipc_send(x->negotiator,
	    xfrm_guarantee_covers(x, a->class_id, &a->flow) ? PROTO_ACQUIRE_ENCRYPTED :
							      PROTO_ACQUIRE,
	    &m, sizeof(m), -1);
}

static struct xfrm_acquire *
acquire_find(struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	struct xfrm_acquire *a;

	TAILQ_FOREACH (a, &x->acquires, link)
		if (a->class_id == class_id && flow_equal(&a->flow, f))
			return a;
	return NULL;
}

void
xfrm_acquire_new(struct xfrm *x, const struct xfrm_event *e)
{
	uint32_t class_id = xfrm_reqid_class(e->reqid);
	struct xfrm_acquire *a;

	if (class_id == 0 || !x->class[class_id].is_up)
		return; /* another program's */
	if ((a = acquire_find(x, class_id, &e->flow)) != NULL) {
		a->seq = e->seq;
		return;
	}
	if (xfrm_exempt_take(x, class_id, e))
		return;
	if (x->n_acquires >= MAX_ACQUIRES || (a = calloc(1, sizeof(*a))) == NULL) {
		log_debug("xfrm", "an acquire was dropped: too many wait");
		return;
	}
	a->class_id = class_id;
	a->flow = e->flow;
	a->seq = e->seq;
	a->reqid = e->reqid;
	a->larval = e->sa;
	a->starts = flow_starts(&e->flow);
	TAILQ_INSERT_TAIL(&x->acquires, a, link);
	x->n_acquires++;
	xfrm_remote_asked(x, class_id, &e->flow.remote.addr);
	xfrm_answer_begin(x, class_id, 0);
	tell_clear_meanwhile(x, a);
	acquire_send(x, a);
}

static void
on_larval(void *ctx, const struct xfrm_event *e)
{
	if (e->type == XFRM_EVENT_SA && e->sa.spi == 0 && e->flow.remote.addr.family != 0)
		xfrm_acquire_new(ctx, e);
}

void
xfrm_acquire_look(struct xfrm *x)
{
	int error = xfrm_netlink_dump(XFRM_MSG_GETSA, on_larval, x);

	if (error != 0)
		log_warn("xfrm", "cannot look for the kernel's questions: %s",
		    strerror(-error));
}

void
xfrm_acquire_ask_again(struct xfrm *x)
{
	struct xfrm_acquire *a;

	TAILQ_FOREACH (a, &x->acquires, link)
		acquire_send(x, a);
}

/* ---- answered ---- */

static void
acquire_failed(struct xfrm *x, const struct xfrm_acquire *a)
{
	bool is_clear = may_be_clear(x, a), waited = xfrm_acquire_waits(x, a->class_id, &a->flow);
	struct flow selector = selector_of(a);
	struct xfrm_rule r = xfrm_rule_flow(x, a->class_id, &selector,
	    is_clear ? XFRM_LEVEL_ALLOW : XFRM_LEVEL_BLOCK, 50);
	const struct xfrm_entry *e = xfrm_policy_find(x, &r);

	if (xfrm_clear_never(x, a->class_id, &selector) ||
	    (e != NULL && e->until_ms == UINT64_MAX && !xfrm_rules_is_base(x, e)))
		return; /* it was secured once, or has a pair that decides */
	if (!xfrm_policy_has_room(x))
		return; /* in a flood everything asks again */
	(void)xfrm_policy_set(x, a->class_id, &r,
	    x->now_ms + (is_clear ? CLEAR_HOLD_DOWN_MS : HOLD_DOWN_MS));
	if (waited)
		tell_clear(x, a, CLEAR_FAILED);
	/* The kernel asks no more meanwhile; the policy ends at a tick. */
	xfrm_answer_begin(x, a->class_id, CLEAR_HOLD_DOWN_MS + 2000);
}

/*
 * A peer that does not answer has all its traffic clear, whatever the ports: while the kernel
 * has a question to a peer it asks no other one.
 */
static void
clear_now(struct xfrm *x, const struct proto_clear_now *c)
{
	const struct address *remote = &c->flow.remote.addr;
	const struct xfrm_acquire *a, asked = {
		.class_id = c->class_id, .flow = c->flow, .starts = true
	}; /* by the program, before its first packet */

	if (c->class_id == 0 || c->class_id > CLASS_MAX || !x->class[c->class_id].is_up ||
	    xfrm_class_level(x, c->class_id) != XFRM_LEVEL_OPTIONAL)
		return;
	if (c->failed) {
		acquire_failed(x, &asked);
		return;
	}
	TAILQ_FOREACH (a, &x->acquires, link)
		if (a->class_id == c->class_id && address_equal(&a->flow.remote.addr, remote) &&
		    xfrm_acquire_waits(x, a->class_id, &a->flow))
			tell_clear(x, a, CLEAR_NO_ANSWER);
	if (c->ask != 0)
		tell_clear(x, &asked, CLEAR_NO_ANSWER);
	xfrm_remote_clear(x, c->class_id, remote);
	xfrm_answer_now(x, c->class_id);
}

void
xfrm_acquire_clear_now(struct xfrm *x, const struct proto_clear_now *c)
{
	struct proto_clear_done done = { c->ask };

	clear_now(x, c);
	if (c->ask != 0)
		(void)ipc_send(x->negotiator, PROTO_CLEAR_DONE, &done, sizeof(done), -1);
}

static void
acquire_free(struct xfrm *x, struct xfrm_acquire *a)
{
	TAILQ_REMOVE(&x->acquires, a, link);
	x->n_acquires--;
	free(a);
}

bool
xfrm_acquire_asks(const struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	const struct xfrm_acquire *a;

	TAILQ_FOREACH (a, &x->acquires, link)
		if (a->class_id == class_id &&
		    address_equal(&a->flow.remote.addr, remote))
			return true;
	return false;
}

void
xfrm_acquire_done(struct xfrm *x, const struct proto_acquire_done *d)
{
	struct xfrm_acquire *a = acquire_find(x, d->class_id, &d->flow);

	if (a == NULL)
		return;
	if (d->error != IKE_OK)
		acquire_failed(x, a);
	larval_end(x, a);
	acquire_free(x, a);
	if (!xfrm_pair_has_remote(x, d->class_id, &d->flow.remote.addr) &&
	    !xfrm_acquire_asks(x, d->class_id, &d->flow.remote.addr))
		xfrm_remote_idle(x, d->class_id, &d->flow.remote.addr);
}

void
xfrm_acquire_tell(struct xfrm *x, const struct proto_flow_state *ask)
{
	struct proto_flow_state reply = *ask;
	const struct xfrm_entry *e;

	reply.seen = SEEN_NEVER;
	if (ask->class_id != 0 && ask->class_id <= CLASS_MAX && x->class[ask->class_id].is_up) {
		e = entry_of(x, ask->class_id, &ask->flow);
		if (acquire_find(x, ask->class_id, &ask->flow) != NULL)
			reply.seen = SEEN_WAITING;
		else if (e != NULL)
			reply.seen = e->rule.level == XFRM_LEVEL_REQUIRED ||
					     e->rule.level == XFRM_LEVEL_OPTIONAL ?
					 SEEN_OPEN :
			    xfrm_boundary_is_clear(x, ask->class_id, &e->rule.selector) ?
					 SEEN_CLEAR :
					 SEEN_FAILED;
		reply.was_secured = e != NULL && e->rule.level == XFRM_LEVEL_REQUIRED;
		reply.fell_back = fell_back(x, ask->class_id, &ask->flow);
	}
	(void)ipc_send(x->negotiator, PROTO_FLOW_REPLY, &reply, sizeof(reply), -1);
}

void
xfrm_acquire_flush(struct xfrm *x, uint32_t class_id)
{
	struct xfrm_acquire *a, *next;

	for (a = TAILQ_FIRST(&x->acquires); a != NULL; a = next) {
		next = TAILQ_NEXT(a, link);
		if (a->class_id != class_id)
			continue;
		larval_end(x, a);
		acquire_free(x, a);
	}
}
