/* What the kernel's SAs carry: counters, idle time, and peers that have lost theirs. */
#include <errno.h>
#include <linux/xfrm.h>

#include "daemon/nat_datagram.h"
#include "daemon/xfrm_state.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <string.h>

#define RECENT_MS 60000
#define KEEPALIVE_MS 20000 /* spec authip.md 2.1 */
#define SILENT_PACKETS 2
#define SILENT_MS 2500
/* So many pairs are asked for one by one. A dump has what other programs have, too. */
#define FEW_PAIRS 32

/* What is new since the last look, in the counters of all pairs. */
static void
count_new(struct xfrm *x, struct xfrm_pair *p, int d, const struct xfrm_event *e)
{
	x->count[d == 1 ? PC_IN_OPENED : PC_OUT_SEALED] += e->packets - p->packets[d];
	if (d == 0)
		return;
	x->count[PC_REPLAY] += e->replayed - p->replayed;
	x->count[PC_ICV] += e->integrity_failed - p->integrity_failed;
	p->replayed = e->replayed;
	p->integrity_failed = e->integrity_failed;
}

static void
take_counters(struct xfrm *x, struct xfrm_pair *p, int d, const struct xfrm_event *e)
{
	count_new(x, p, d, e);
	if (e->packets == p->packets[d])
		return;
	p->last_ms = x->now_ms;
	p->packets[d] = e->packets;
	p->bytes[d] = e->bytes;
}

/* False: the state is gone. */
static bool
read_counters(struct xfrm *x, struct xfrm_pair *p, int d)
{
	uint8_t buf[XFRM_MESSAGE_BYTES];
	struct xfrm_event e;
	int error =
	    xfrm_netlink_ask(x->netlink, xfrm_message_sa_get(buf, &p->name[d]), &e);

	if (error != 0)
		return error != -ESRCH;
	take_counters(x, p, d, &e);
	return true;
}

static void
on_dumped(void *ctx, const struct xfrm_event *e)
{
	struct xfrm *x = ctx;
	struct xfrm_pair *p;
	bool inbound;

	if (e->type != XFRM_EVENT_SA || (p = xfrm_pair_find(x, &e->sa, &inbound)) == NULL)
		return;
	take_counters(x, p, inbound ? 1 : 0, e);
	p->is_read[inbound ? 1 : 0] = true;
}

static void
tell_usage(struct xfrm *x, const struct xfrm_pair *p)
{
	struct proto_qm_usage u = { p->qm_id, p->bytes[1], p->bytes[0], p->packets[1],
		p->packets[0] };

	(void)ipc_send(x->negotiator, PROTO_QM_USAGE, &u, sizeof(u), -1);
}

void
xfrm_usage_last(struct xfrm *x, struct xfrm_pair *p)
{
	uint64_t before = p->packets[0] + p->packets[1];

	for (int d = 0; d < 2; d++)
		if (p->exists[d])
			(void)read_counters(x, p, d);
	if (p->packets[0] + p->packets[1] != before)
		tell_usage(x, p);
}

static bool
is_of_same_peer(const struct xfrm_pair *a, const struct xfrm_pair *b)
{
	return a->sa.class_id == b->sa.class_id &&
	       address_equal(&a->sa.selector.remote.addr, &b->sa.selector.remote.addr);
}

/*
 * The peer may answer through any of its pairs: a newer one of the same traffic, say. Summed
 * once for all of them: there may be one for each of thousands of connections.
 */
static void
sum_heard(struct xfrm *x, const struct xfrm_pair *of)
{
	size_t bucket = xfrm_bucket(&of->sa.selector.remote.addr);
	struct xfrm_pair *p;
	uint64_t n = 0;

	LIST_FOREACH (p, &x->by_peer[bucket], by_peer)
		if (is_of_same_peer(p, of))
			n += p->packets[1];
	LIST_FOREACH (p, &x->by_peer[bucket], by_peer)
		if (is_of_same_peer(p, of)) {
			p->heard_now = n;
			p->is_summed = true;
		}
}

/*
 * TCP answers what carries data, and what begins or ends; only it is judged. Packets out and
 * none in for a while look like a peer that has lost its keys.
 */
static void
look_for_silence(struct xfrm *x, struct xfrm_pair *p)
{
	uint64_t sent = p->sent, heard;

	if (p->sa.selector.protocol != 6)
		return;
	if (!p->is_summed)
		sum_heard(x, p);
	heard = p->heard_now;
	if (heard != p->heard || sent == 0) {
		if (heard != p->heard)
			p->n_unanswered = 0;
		p->heard = heard;
		if (p->n_unanswered == 0)
			return;
	}
	if (p->n_unanswered == 0 && sent > 0)
		p->unanswered_ms = x->now_ms;
	p->n_unanswered += sent;
	if (p->n_unanswered > SILENT_PACKETS &&
	    x->now_ms - p->unanswered_ms >= SILENT_MS)
		xfrm_pair_expire(x, p, EXPIRY_SILENT);
}

/* The peer may send by an older pair of the same traffic, as long as there is one. */
static void
hear(struct xfrm *x, struct xfrm_pair *by)
{
	struct xfrm_pair *p;

	silence_heard(&by->silence, x->now_ms);
	if (!by->has_newer)
		return;
	LIST_FOREACH (p, &x->by_peer[xfrm_bucket(&by->sa.selector.remote.addr)], by_peer)
		if (p->sa.class_id == by->sa.class_id &&
		    flow_equal(&p->sa.selector, &by->sa.selector))
			silence_heard(&p->silence, x->now_ms);
}

/* What is not TCP owes no answer: the peer is only asked. */
static void
look_for_unheard(struct xfrm *x, struct xfrm_pair *p)
{
	struct proto_qm_expired e = { p->qm_id, EXPIRY_UNHEARD };

	if (p->sent > 0)
		silence_sent(&p->silence, p->sent, x->now_ms);
	if (p->sa.selector.protocol != IPPROTO_TCP && !p->is_expired && !p->has_newer &&
	    silence_asks(&p->silence, x->now_ms))
		(void)ipc_send(x->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

static void
keepalive(struct xfrm *x, struct xfrm_pair *p)
{
	static const uint8_t byte[1] = { NAT_KEEPALIVE };
	const struct nat_encap *n = &p->sa.nat;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(n->remote.port) };

	if (!n->keepalive || n->local.port == 0 || p->is_expired || x->nat_fd < 0 ||
	    x->now_ms - p->nat_sent_ms < KEEPALIVE_MS)
		return;
	p->nat_sent_ms = x->now_ms;
	x->count[PC_NAT_KEEPALIVE]++;
	memcpy(&to.sin_addr, n->remote.addr.b, 4);
	(void)sendto(x->nat_fd, byte, sizeof(byte), MSG_DONTWAIT,
	    (struct sockaddr *)&to, sizeof(to));
}

static void
pair_read(struct xfrm *x, struct xfrm_pair *p)
{
	for (int d = 0; d < 2; d++) {
		if (p->exists[d] && !p->is_read[d] && !read_counters(x, p, d)) {
			p->exists[d] = false;
			xfrm_pair_expire(x, p, EXPIRY_PLANE_GONE);
		}
		p->is_read[d] = false;
	}
	if (p->packets[0] != p->was[0] || p->packets[1] != p->was[1])
		tell_usage(x, p);
	if (p->packets[1] != p->was[1])
		hear(x, p);
	p->sent = p->packets[0] - p->was[0];
	memcpy(p->was, p->packets, sizeof(p->was));
	p->is_summed = false;
}

static void
pair_judge(struct xfrm *x, struct xfrm_pair *p)
{
	uint64_t idle_ms = (uint64_t)p->sa.idle_s * 1000;

	if (p->sent > 0)
		p->nat_sent_ms = x->now_ms;
	xfrm_boundary_tick(x, p);
	keepalive(x, p);
	look_for_silence(x, p);
	look_for_unheard(x, p);
	if (x->now_ms >= p->soft_ms && p->packets[0] + p->packets[1] > 0 &&
	    x->now_ms - p->last_ms < RECENT_MS)
		xfrm_pair_soft(x, p);
	if (idle_ms != 0 && x->now_ms - p->last_ms >= idle_ms)
		xfrm_pair_expire(x, p, EXPIRY_IDLE);
}

void
xfrm_usage_tick(struct xfrm *x)
{
	struct xfrm_pair *p;

	/* Whatever it does not tell is asked for. */
	if (x->n_pairs > FEW_PAIRS)
		(void)xfrm_netlink_dump(XFRM_MSG_GETSA, on_dumped, x);
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (p, &x->by_id[i], by_id)
			pair_read(x, p);
	for (size_t i = 0; i < XFRM_BUCKETS; i++)
		LIST_FOREACH (p, &x->by_id[i], by_id)
			pair_judge(x, p);
}
