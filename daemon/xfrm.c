/* The data plane in the kernel: its life, its channel to the negotiator, its clock. */
#include "daemon/xfrm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/xfrm_fit.h"
#include "daemon/xfrm_state.h"

#define TICK_MS 1000

void
xfrm_clock_read(struct xfrm *x)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	x->now_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool
xfrm_has_ipv6(void)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0;
}

/* FNV-1a; the kernel's tables know the same addresses. */
size_t
xfrm_bucket(const struct address *a)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof(a->b); i++)
		h = (h ^ a->b[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32) % XFRM_BUCKETS;
}

/* ---- classes ---- */

struct xfrm_mark_value
xfrm_mark(const struct xfrm *x, uint32_t class_id)
{
	return (struct xfrm_mark_value){ net_mark(x->config, class_id),
		x->config->mark_mask };
}

struct xfrm_mark_value
xfrm_policy_mark(const struct xfrm *x, uint32_t class_id)
{
	if (x->class[class_id].is_rule)
		return (struct xfrm_mark_value){ 0, x->config->mark_mask };
	return xfrm_mark(x, class_id);
}

struct xfrm_mark_value
xfrm_state_mark(const struct xfrm *x, uint32_t class_id)
{
	if (x->class[class_id].is_rule)
		return (struct xfrm_mark_value){ 0, 0 };
	return xfrm_mark(x, class_id);
}

uint32_t
xfrm_reqid(uint32_t class_id)
{
	return XFRM_REQID_FIRST + class_id;
}

uint32_t
xfrm_reqid_connection(uint32_t class_id)
{
	return XFRM_REQID_FIRST + CLASS_MAX + 1 + class_id;
}

uint32_t
xfrm_reqid_class(uint32_t reqid)
{
	uint32_t n = reqid - XFRM_REQID_FIRST;

	return reqid >= XFRM_REQID_FIRST && n < 2 * (CLASS_MAX + 1) ?
		   n % (CLASS_MAX + 1) :
		   0;
}

enum xfrm_level
xfrm_class_level(const struct xfrm *x, uint32_t class_id)
{
	return x->class[class_id].allow_insecure ? XFRM_LEVEL_OPTIONAL :
						   XFRM_LEVEL_REQUIRED;
}

enum xfrm_level
xfrm_class_level_out(const struct xfrm *x, uint32_t class_id)
{
	return x->class[class_id].clear_waits ? XFRM_LEVEL_REQUIRED :
						xfrm_class_level(x, class_id);
}

bool
xfrm_class_up(struct xfrm *x, uint32_t class_id, const struct class_spec *spec)
{
	const struct policy *p = spec != NULL ? &spec->policy : &x->config->policy;
	struct xfrm_class *c = &x->class[class_id];

	*c = (struct xfrm_class){
		.allow_insecure =
		    spec != NULL ? spec->allow_insecure : class_id == CLASS_INSECURE,
		.guarantee_encryption = spec != NULL ? spec->guarantee_encryption :
						       class_id == CLASS_ENCRYPT,
		.protocol = xfrm_policy_has_esp(p) ? 50 : 51,
		.is_rule = spec != NULL && spec->kind == CLASS_OF_RULE,
		.order = CONFIG_MAX_RULES,
	};
	c->clear_waits = c->allow_insecure && policy_clear_waits(p);
	if (c->is_rule) {
		c->rule = spec->rule;
		c->takes_clear = class_spec_takes_clear(spec);
		c->is_up = true; /* xfrm_rules_set() comes when all are up */
		return true;
	}
	c->is_up = xfrm_policy_class_up(x, class_id);
	if (!c->is_up) /* the daemon before this one may have left sockets of it */
		xfrm_policy_class_down(x, class_id, true);
	return c->is_up;
}

bool
xfrm_class_is_up(const struct xfrm *x, uint32_t class_id)
{
	return x->class[class_id].is_up;
}

void
xfrm_class_down(struct xfrm *x, uint32_t class_id, bool keep)
{
	xfrm_clock_read(x);
	x->class[class_id].is_up = false;
	xfrm_pair_flush(x, class_id);
	xfrm_acquire_flush(x, class_id);
	xfrm_clear_forget(x, class_id);
	xfrm_guarantee_forget(x, class_id);
	xfrm_policy_class_down(x, class_id, keep);
}

void
xfrm_class_guard(struct xfrm *x, uint32_t class_id)
{
	(void)xfrm_policy_guard(x, class_id);
}

size_t
xfrm_socket_policy(
    const struct xfrm *x, uint32_t class_id, uint8_t family, uint8_t *buf, size_t cap)
{
	struct xfrm_rule r = {
		.inbound = true,
		.family = family,
		.level = XFRM_LEVEL_REQUIRED,
		.protocol = x->class[class_id].protocol,
		.reqid = xfrm_reqid(class_id),
	};

	if (xfrm_class_level(x, class_id) == XFRM_LEVEL_OPTIONAL ||
	    cap < XFRM_SOCKET_POLICY_BYTES)
		return 0;
	return xfrm_message_socket_policy(buf, &r);
}

size_t
xfrm_socket_exempt(uint8_t family, bool inbound, uint8_t *buf, size_t cap)
{
	struct xfrm_rule r = {
		.inbound = inbound,
		.family = family,
		.level = XFRM_LEVEL_ALLOW,
	};

	return cap < XFRM_SOCKET_POLICY_BYTES ? 0 : xfrm_message_socket_policy(buf, &r);
}

/* ---- the negotiator ---- */

static void
sa_add(struct xfrm *x, struct span body)
{
	struct action_sa_add a;

	if (!proto_sa_add(body, &a))
		log_warn(
		    "xfrm", "an SA of the wrong size, or with a bool that is none");
	else
		xfrm_pair_add(x, &a);
	secret_wipe_bytes(&a, sizeof(a));
	(void)ipc_send(x->negotiator, PROTO_SA_ADDED, NULL, 0, -1);
}

static void
sa_move(struct xfrm *x, const struct proto_move *m)
{
	struct xfrm_pair *p = xfrm_pair_by_id(x, m->qm_id);

	if (p != NULL && m->remote.addr.family == 4)
		xfrm_pair_move(x, p, &m->remote);
}

/* The policy of a rule is for ever: a new one makes a new class. */
static void
class_waits(struct xfrm *x, uint32_t class_id, bool waits)
{
	struct xfrm_class *c = &x->class[class_id];

	if (!c->is_up || c->is_rule || c->clear_waits == waits ||
	    xfrm_class_level(x, class_id) != XFRM_LEVEL_OPTIONAL)
		return;
	c->clear_waits = waits;
	xfrm_policy_class_changed(x, class_id);
}

static void
class_message(struct xfrm *x, const struct proto_class *c)
{
	if (c->class_id == 0 || c->class_id > CLASS_MAX)
		return;
	xfrm_clear_in_use(x, c->class_id, c->in_use);
	if (c->allow_insecure) /* else it has ended */
		class_waits(x, c->class_id, c->clear_waits);
}

static void
negotiator_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct xfrm *x = ctx;
	struct proto_acquire_done done;
	struct proto_clear_now clear;
	struct proto_sa_delete del;
	struct proto_flow_state ask;
	struct proto_class class;
	struct proto_move move;

	if (fd >= 0)
		close(fd);
	xfrm_clock_read(x);
	if (type == PROTO_SA_ADD)
		sa_add(x, body);
	else if (type == PROTO_SA_DELETE && proto_body(body, &del, sizeof(del)))
		xfrm_pair_delete(x, del.qm_id);
	else if (type == PROTO_ACQUIRE_DONE && proto_body(body, &done, sizeof(done)))
		xfrm_acquire_done(x, &done);
	else if (type == PROTO_CLEAR_NOW && proto_body(body, &clear, sizeof(clear)))
		xfrm_acquire_clear_now(x, &clear);
	else if (type == PROTO_CLASS && proto_body(body, &class, sizeof(class)))
		class_message(x, &class);
	else if (type == PROTO_FLOW_ASK && proto_body(body, &ask, sizeof(ask)))
		xfrm_acquire_tell(x, &ask);
	else if (type == PROTO_SA_MOVE && proto_body(body, &move, sizeof(move)))
		sa_move(x, &move);
	else
		log_warn("xfrm", "unexpected message %s", proto_name(type));
}

/* Whoever knew about these SAs is gone. */
static void
negotiator_closed(void *ctx)
{
	struct xfrm *x = ctx;

	ipc_free(x->negotiator);
	x->negotiator = NULL;
	xfrm_pair_flush(x, 0);
}

void
xfrm_connect(struct xfrm *x, int fd)
{
	if (x->negotiator != NULL)
		negotiator_closed(x);
	x->negotiator = ipc_new(x->base, fd, negotiator_message, negotiator_closed, x);
	xfrm_counters_again(x);
	xfrm_acquire_ask_again(x);
}

/* ---- life ---- */

static void
on_kernel(evutil_socket_t fd, short what, void *ctx)
{
	struct xfrm *x = ctx;

	(void)fd;
	(void)what;
	xfrm_clock_read(x);
	xfrm_event_read(x);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct xfrm *x = ctx;

	(void)fd;
	(void)what;
	xfrm_clock_read(x);
	xfrm_event_read(x); /* nothing wakes us where it was read empty by chance */
	xfrm_usage_tick(x);
	xfrm_clear_tick(x);
	xfrm_guarantee_tick(x);
	xfrm_answer_tick(x);
	xfrm_exempt_tick(x);
	xfrm_policy_tick(x);
	xfrm_counters_tick(x);
}

static bool
begin(struct xfrm *x)
{
	struct timeval tick = { TICK_MS / 1000, TICK_MS % 1000 * 1000 };

	if ((x->netlink = xfrm_netlink_open()) == NULL ||
	    (x->events_fd = xfrm_netlink_listen(x->netlink)) < 0) {
		log_error(
		    "xfrm", "cannot talk to the kernel's IPsec: %s", strerror(errno));
		return false;
	}
	x->on_event =
	    event_new(x->base, x->events_fd, EV_READ | EV_PERSIST, on_kernel, x);
	x->tick = event_new(x->base, -1, EV_PERSIST, on_tick, x);
	if (!xfrm_answer_new(x) || x->on_event == NULL ||
	    event_add(x->on_event, NULL) != 0 || x->tick == NULL ||
	    event_add(x->tick, &tick) != 0)
		return false;
	return true;
}

struct xfrm *
xfrm_new(struct event_base *base, const struct config *c, int nat_fd)
{
	struct xfrm *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->base = base;
	x->config = c;
	x->nat_fd = nat_fd;
	x->events_fd = -1;
	TAILQ_INIT(&x->acquires);
	xfrm_clock_read(x);
	if (begin(x))
		return x;
	xfrm_free(x);
	return NULL;
}

void
xfrm_free(struct xfrm *x)
{
	if (x == NULL)
		return;
	ipc_free(x->negotiator);
	x->negotiator = NULL;
	if (x->on_event != NULL)
		event_free(x->on_event);
	if (x->tick != NULL)
		event_free(x->tick);
	xfrm_answer_free(x);
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		if (x->class[id].is_up)
			xfrm_class_down(x, id, true);
	xfrm_policy_forget(x);
	xfrm_netlink_close(x->netlink);
	if (x->events_fd >= 0)
		close(x->events_fd);
	free(x);
}
