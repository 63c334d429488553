/* SA pairs: states of the kernel, two for each quick mode. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/xfrm_algo.h"
#include "daemon/xfrm_state.h"

#define MAX_PAIRS 65536
#define SOFT_AGAIN_MS 30000

struct xfrm_pair *
xfrm_pair_by_id(struct xfrm *x, uint32_t qm_id)
{
	struct xfrm_pair *p;

	LIST_FOREACH (p, &x->by_id[qm_id % XFRM_BUCKETS], by_id)
		if (p->qm_id == qm_id)
			return p;
	return NULL;
}

static bool
name_matches(const struct xfrm_sa_name *ours, const struct xfrm_sa_name *theirs)
{
	return ours->spi == theirs->spi && ours->protocol == theirs->protocol &&
	       address_equal(&ours->to, &theirs->to);
}

struct xfrm_pair *
xfrm_pair_find(struct xfrm *x, const struct xfrm_sa_name *name, bool *inbound)
{
	struct xfrm_pair *p;

	for (int d = 0; d < 2; d++)
		LIST_FOREACH (p, &x->by_spi[d][name->spi % XFRM_BUCKETS], by_spi[d])
			if (p->exists[d] && name_matches(&p->name[d], name)) {
				*inbound = d == 1;
				return p;
			}
	return NULL;
}

static void
unname(struct xfrm_pair *p, int d)
{
	if (p->name[d].spi != 0)
		LIST_REMOVE(p, by_spi[d]);
	p->name[d].spi = 0;
}

static void
name_is(struct xfrm *x, struct xfrm_pair *p, int d, const struct action_sa_add *a)
{
	unname(p, d); /* of one that is gone */
	xfrm_sa_name_of(a, &p->name[d]);
	LIST_INSERT_HEAD(
	    &x->by_spi[d][p->name[d].spi % XFRM_BUCKETS], p, by_spi[d]);
}

bool
xfrm_pair_has_remote(struct xfrm *x, uint32_t class_id, const struct address *remote)
{
	struct xfrm_pair *p;

	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(remote)], by_peer)
		if (p->sa.class_id == class_id &&
		    address_equal(&p->sa.selector.remote.addr, remote))
			return true;
	return false;
}

bool
xfrm_pair_overlaps(const struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	const struct xfrm_pair *p;

	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&selector->remote.addr)], by_peer)
		if (p->sa.class_id == class_id && flow_overlaps(&p->sa.selector, selector))
			return true;
	return false;
}

bool
xfrm_pair_serves(const struct xfrm *x, uint32_t class_id, const struct flow *f)
{
	const struct xfrm_pair *p;

	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&f->remote.addr)], by_peer)
		if (p->sa.class_id == class_id && p->exists[0] && p->exists[1] &&
		    flow_matches(&p->sa.selector, f))
			return true;
	return false;
}

/* ---- pairs for one connection ---- */

/*
 * The peer may have several classes, which the kernel cannot tell apart here: then it
 * negotiates by connection (ike/narrow.h). What leaves by such a pair has a policy and a
 * reqid of its own, or the kernel would take the newest pair that selects it, whosever it is.
 * So has a connection that must be protected while no pair carries it: the kernel asks once for
 * each reqid and peer, and nothing else has to wait for that question.
 */
bool
xfrm_is_connection(const struct flow *selector)
{
	return selector->local.port != 0 && selector->remote.port != 0;
}

static uint32_t
reqid_of(const struct action_sa_add *a)
{
	return !a->inbound && xfrm_is_connection(&a->selector) ?
		   xfrm_reqid_connection(a->class_id) :
		   xfrm_reqid(a->class_id);
}

bool
xfrm_pair_is_of_connection(
    const struct xfrm *x, uint32_t class_id, const struct flow *selector)
{
	const struct xfrm_pair *p;

	if (!xfrm_is_connection(selector))
		return false;
	if (xfrm_guarantee_of_connection(x, class_id, selector))
		return true; /* no other pair will do, even while there is none */
	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&selector->remote.addr)], by_peer)
		if (p->sa.class_id == class_id && p->exists[0] && p->exists[1] &&
		    flow_equal(&p->sa.selector, selector))
			return true;
	return false;
}

static void
connection_begin(struct xfrm *x, const struct action_sa_add *a)
{
	struct xfrm_rule r = xfrm_rule_flow(
	    x, a->class_id, &a->selector, XFRM_LEVEL_REQUIRED, a->protocol);

	(void)xfrm_policy_set(x, a->class_id, &r, UINT64_MAX);
}

void
xfrm_pair_connection_end(
    struct xfrm *x, uint32_t class_id, const struct flow *selector, uint8_t protocol)
{
	struct xfrm_rule r =
	    xfrm_rule_flow(x, class_id, selector, XFRM_LEVEL_REQUIRED, protocol);

	if (xfrm_pair_is_of_connection(x, class_id, selector))
		return; /* there is a newer one */
	if (xfrm_clear_is_secured(x, class_id, selector))
		(void)xfrm_policy_set(x, class_id, &r, UINT64_MAX);
	else
		xfrm_policy_unset(x, &r);
}

/* ---- what the negotiator is told ---- */

void
xfrm_pair_expire(struct xfrm *x, struct xfrm_pair *p, enum engine_expiry why)
{
	struct proto_qm_expired e = { p->qm_id, why };

	if (p->is_expired)
		return;
	p->is_expired = true;
	(void)ipc_send(x->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

void
xfrm_pair_soft(struct xfrm *x, struct xfrm_pair *p)
{
	struct proto_qm_expired e = { p->qm_id, EXPIRY_SOFT };

	if (p->is_expired || p->has_newer || x->now_ms < p->again_ms)
		return;
	p->again_ms = x->now_ms + SOFT_AGAIN_MS;
	(void)ipc_send(x->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

/* ---- add ---- */

static struct xfrm_pair *
pair_new(struct xfrm *x, const struct action_sa_add *a)
{
	struct xfrm_pair *p = x->n_pairs < MAX_PAIRS ? calloc(1, sizeof(*p)) : NULL;

	if (p == NULL)
		return NULL;
	p->qm_id = a->qm_id;
	p->sa = *a;
	secret_wipe(&p->sa.cipher_key);
	secret_wipe(&p->sa.integrity_key);
	p->since_ms = p->last_ms = p->nat_sent_ms = x->now_ms;
	p->silence.first_ms = (uint64_t)a->unheard_s * 1000;
	p->soft_ms = a->soft_ms != 0 ? x->now_ms + a->soft_ms : UINT64_MAX;
	LIST_INSERT_HEAD(&x->by_id[a->qm_id % XFRM_BUCKETS], p, by_id);
	LIST_INSERT_HEAD(
	    &x->by_peer[xfrm_bucket(&a->selector.remote.addr)], p, by_peer);
	x->n_pairs++;
	return p;
}

static bool
is_same_pair(const struct action_sa_add *a, const struct action_sa_add *b)
{
	return a->class_id == b->class_id && a->protocol == b->protocol &&
	       flow_equal(&a->selector, &b->selector) &&
	       a->nat.local.port == b->nat.local.port;
}

void
xfrm_pair_stop_sending(struct xfrm *x, struct xfrm_pair *p)
{
	const struct xfrm_mark_value none = { 0, 0 };
	uint8_t buf[XFRM_MESSAGE_BYTES];

	if (!p->exists[0])
		return;
	p->exists[0] = false;
	p->receives_only = true;
	(void)xfrm_netlink_talk(
	    x->netlink, xfrm_message_sa_delete(buf, &p->name[0], none));
}

/* The kernel sends by the newest one of the same traffic, as soon as that exists. */
static void
pair_complete(struct xfrm *x, struct xfrm_pair *p)
{
	const struct action_sa_add *a = &p->sa;
	struct xfrm_pair *old;

	if (!p->exists[0] || !p->exists[1])
		return;
	LIST_FOREACH (old, &x->by_peer[xfrm_bucket(&a->selector.remote.addr)], by_peer)
		if (old != p && is_same_pair(&old->sa, a)) {
			old->has_newer = true;
			silence_inherit(&p->silence, &old->silence);
		}
	p->was_complete = true;
	xfrm_guarantee_serve(x, a);
	xfrm_secured_serve(x, a);
	xfrm_remote_secured(x, a->class_id, &a->selector.remote.addr);
	if (p->stays_clear) {
		xfrm_boundary_tell(x, p);
		return;
	}
	xfrm_clear_secured(x, p);
	if (xfrm_is_connection(&a->selector))
		connection_begin(x, a);
}

static void
pair_free(struct xfrm *x, struct xfrm_pair *p)
{
	LIST_REMOVE(p, by_id);
	LIST_REMOVE(p, by_peer);
	unname(p, 0);
	unname(p, 1);
	xfrm_guarantee_leave(x, p);
	x->n_pairs--;
	free(p);
}

static bool
pair_install(struct xfrm *x, const struct action_sa_add *a)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct nlmsghdr *nlh = xfrm_message_sa_add(
	    buf, a, reqid_of(a), xfrm_state_mark(x, a->class_id), false);
	int error = xfrm_netlink_talk(x->netlink, nlh);

	secret_wipe_bytes(buf, sizeof(buf));
	if (error != 0)
		log_error("xfrm",
		    "the kernel refuses SA %08x of quick mode %u (%s %s): %s", a->spi,
		    a->qm_id, cipher_name(a->cipher), hash_name(a->integrity),
		    error == -EEXIST ? "another program's has its number, and stays" :
				       strerror(-error));
	return error == 0;
}

static void
add_failed(struct xfrm *x, uint32_t qm_id)
{
	struct proto_qm_expired e = { qm_id, EXPIRY_PLANE_GONE };

	if (qm_id != 0)
		(void)ipc_send(x->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

void
xfrm_pair_add(struct xfrm *x, const struct action_sa_add *a)
{
	const char *fault = xfrm_check_sa(x, a);
	struct xfrm_pair *p = xfrm_pair_by_id(x, a->qm_id);
	int d = a->inbound ? 1 : 0;

	if (fault == NULL && p != NULL && (p->exists[d] || !is_same_pair(&p->sa, a)))
		fault = "its quick mode has another one";
	if (fault != NULL) {
		log_error("xfrm", "SA of quick mode %u refused: %s", a->qm_id, fault);
		add_failed(x, a->qm_id);
		return;
	}
	if ((p == NULL && (p = pair_new(x, a)) == NULL) || !xfrm_guarantee_note(x, p)) {
		add_failed(x, a->qm_id);
		return;
	}
	if (!a->inbound && xfrm_guarantee_forbids(x, a)) {
		p->receives_only = true; /* what leaves negotiates another one */
		return;
	}
	if (!a->inbound) {
		p->sa.peer_boundary = a->peer_boundary;
		xfrm_boundary_begin(x, p);
	}
	if (!pair_install(x, a)) {
		add_failed(x, a->qm_id);
		return;
	}
	p->exists[d] = true;
	name_is(x, p, d, a);
	pair_complete(x, p);
}

/* ---- delete ---- */

static void
pair_remove(struct xfrm *x, struct xfrm_pair *p)
{
	const struct xfrm_mark_value none = { 0, 0 };
	uint8_t buf[XFRM_MESSAGE_BYTES];

	for (int d = 0; d < 2; d++)
		if (p->exists[d])
			(void)xfrm_netlink_talk(
			    x->netlink, xfrm_message_sa_delete(buf, &p->name[d], none));
}

void
xfrm_pair_delete(struct xfrm *x, uint32_t qm_id)
{
	struct xfrm_pair *p = xfrm_pair_by_id(x, qm_id);
	struct action_sa_add sa;
	bool was_of_connection;

	if (p == NULL)
		return;
	sa = p->sa;
	was_of_connection = p->was_complete && xfrm_is_connection(&sa.selector);
	xfrm_usage_last(x, p);
	pair_remove(x, p);
	xfrm_boundary_end(x, p);
	pair_free(x, p);
	if (was_of_connection)
		xfrm_pair_connection_end(x, sa.class_id, &sa.selector, sa.protocol);
	xfrm_narrow_pair_gone(x, sa.class_id, &sa.selector);
	if (!xfrm_pair_has_remote(x, sa.class_id, &sa.selector.remote.addr))
		xfrm_remote_idle(x, sa.class_id, &sa.selector.remote.addr);
}

void
xfrm_pair_flush(struct xfrm *x, uint32_t class_id)
{
	struct xfrm_pair *p, *next;

	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		for (p = LIST_FIRST(&x->by_id[i]); p != NULL; p = next) {
			next = LIST_NEXT(p, by_id);
			if (class_id == 0 || p->sa.class_id == class_id)
				xfrm_pair_delete(x, p->qm_id);
		}
}

/* ---- NAT ---- */

/*
 * The kernel takes the ports of the encapsulation and the lifetimes from an update, and
 * not the keys, which are gone from here.
 */
static void
pair_update(struct xfrm *x, const struct xfrm_pair *p, bool inbound)
{
	struct action_sa_add a = p->sa;
	uint8_t buf[XFRM_MESSAGE_BYTES];
	int error;

	xfrm_message_any_keys(&a);
	a.inbound = inbound;
	a.spi = p->name[inbound ? 1 : 0].spi;
	error = xfrm_netlink_talk(
	    x->netlink, xfrm_message_sa_add(buf, &a, reqid_of(&a),
			    xfrm_state_mark(x, a.class_id), true));
	if (error != 0)
		log_warn("xfrm", "quick mode %u: cannot follow the peer's NAT: %s",
		    p->qm_id, strerror(-error));
}

void
xfrm_pair_move(struct xfrm *x, struct xfrm_pair *p, const struct endpoint *remote)
{
	if (p->sa.nat.local.port == 0 || remote->port == 0)
		return;
	if (!address_equal(&p->sa.nat.remote.addr, &remote->addr)) {
		/* A state has its address for life: new keys for the new address. */
		log_info("xfrm",
		    "quick mode %u: the peer's address changed: negotiating anew",
		    p->qm_id);
		xfrm_pair_expire(x, p, EXPIRY_PLANE_GONE);
		return;
	}
	p->sa.nat.remote.port = remote->port;
	for (int d = 0; d < 2; d++)
		if (p->exists[d])
			pair_update(x, p, d == 1);
}
