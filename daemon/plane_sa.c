/* SA pairs of the plane. */
#include <netinet/in.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/plane.h"

#define SOFT_AGAIN_MS 30000
#define RECENT_MS 60000
#define HARD_LATE_MS 10000 /* the negotiator has ended it long ago */
#define SEQ_SOFT 0xe0000000u

/* FNV-1a with a random start: peers choose what is hashed. */
size_t
plane_hash(const struct plane *p, const void *data, size_t n)
{
	const uint8_t *b = data;
	uint64_t h = p->seed;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32) % PLANE_BUCKETS;
}

static size_t
peer_bucket(const struct plane *p, const struct address *a)
{
	return plane_hash(p, a->b, sizeof(a->b));
}

struct pair *
plane_sa_by_id(struct plane *p, uint32_t qm_id)
{
	struct pair *s;

	LIST_FOREACH (s, &p->pair_by_id[qm_id % PLANE_BUCKETS], by_id)
		if (s->qm_id == qm_id)
			return s;
	return NULL;
}

static void
pair_lives_from_now(const struct plane *p, struct pair *s)
{
	s->hard_ms = s->lifetime_ms != 0 ? p->now_ms + s->lifetime_ms + HARD_LATE_MS : UINT64_MAX;
}

bool
plane_sa_is_over(const struct plane *p, const struct pair *s)
{
	return p->now_ms >= s->hard_ms ||
	    (s->lifetime_bytes != 0 && s->usage.bytes_in >= s->lifetime_bytes);
}

static struct pair *
pair_new(struct plane *p, const struct action_sa_add *a)
{
	struct pair *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->qm_id = s->usage.qm_id = a->qm_id;
	s->class_id = a->class_id;
	s->protocol = a->protocol;
	s->guarantees_encryption = a->guaranteed_encryption;
	s->peer_boundary = a->peer_boundary;
	s->selector = a->selector;
	s->nat = a->nat;
	s->nat_sent_ms = p->now_ms;
	s->lifetime_ms = (uint64_t)a->lifetime_s * 1000;
	pair_lives_from_now(p, s);
	s->lifetime_bytes = a->lifetime_bytes;
	s->soft_bytes = a->soft_bytes;
	s->soft_ms = a->soft_ms != 0 ? p->now_ms + a->soft_ms : UINT64_MAX;
	s->idle_ms = (uint64_t)a->idle_s * 1000;
	s->silence.first_ms = (uint64_t)a->unheard_s * 1000;
	s->allow_clear_ms = a->allow_clear_ms;
	s->last_ms = p->now_ms;
	replay_init(&s->replay, a->replay_window);
	LIST_INSERT_HEAD(&p->pair_by_id[a->qm_id % PLANE_BUCKETS], s, by_id);
	LIST_INSERT_HEAD(
	    &p->pair_by_peer[peer_bucket(p, &a->selector.remote.addr)], s, by_peer);
	return s;
}

bool
plane_sa_are_neighbours(const struct pair *a, const struct pair *b)
{
	return a->nat.local.port != 0 && b->nat.local.port != 0 &&
	       memcmp(a->nat.peer, b->nat.peer, sizeof(a->nat.peer)) != 0;
}

static bool
is_of_connection(const struct pair *s)
{
	return s->selector.local.port != 0 && s->selector.remote.port != 0;
}

/* There is a pair for this flow alone: the peer may have others for what looks like it. */
static void
connection_take(struct plane *p, const struct pair *s)
{
	struct plane_flow *f = plane_flow_look(p, s->class_id, &s->selector);

	if (f != NULL && f->pair != NULL && !is_of_connection(f->pair))
		plane_flow_set_pair(f, NULL); /* its next packet finds this one */
}

/* Both directions exist: flows of older pairs of the same traffic go over to it. */
static void
pair_complete(struct plane *p, struct pair *s)
{
	struct pair *old;

	if (s->in == NULL || s->out == NULL)
		return;
	pair_lives_from_now(p, s);
	LIST_FOREACH (
	    old, &p->pair_by_peer[peer_bucket(p, &s->selector.remote.addr)], by_peer)
		if (old != s && old->class_id == s->class_id && old->out != NULL &&
		    old->in != NULL && flow_equal(&old->selector, &s->selector) &&
		    old->guarantees_encryption == s->guarantees_encryption &&
		    !plane_sa_are_neighbours(old, s)) {
			old->newer = s;
			s->is_newer = true;
			silence_inherit(&s->silence, &old->silence);
		}
	if (is_of_connection(s))
		connection_take(p, s);
}

struct pair *
plane_sa_newest(struct pair *s)
{
	return s->newer != NULL && !s->newer->is_expired ? s->newer : s;
}

bool
plane_sa_add(struct plane *p, const struct action_sa_add *a)
{
	struct esp_params params = {
		.protocol = a->protocol,
		.spi = a->spi,
		.cipher = a->cipher,
		.cipher_key = span_of(a->cipher_key.b, a->cipher_key.n),
		.integrity = a->integrity,
		.integrity_key = span_of(a->integrity_key.b, a->integrity_key.n),
	};
	struct pair *s = plane_sa_by_id(p, a->qm_id);
	struct esp_sa *sa;

	if (a->class_id == 0 || a->class_id > CLASS_MAX ||
	    a->cipher_key.n > SECRET_MAX_BYTES || a->integrity_key.n > SECRET_MAX_BYTES)
		return false;
	/* AH cannot pass a NAT. */
	if (a->nat.local.port != 0 &&
	    (a->protocol != 50 || a->selector.remote.addr.family != 4))
		return false;
	/* Belt and braces: the engine has already refused it. */
	if (p->class[a->class_id].guarantee_encryption && !cipher_encrypts(a->cipher))
		return false;
	if ((sa = esp_sa_new(&params)) == NULL)
		return false;
	if ((s == NULL && (s = pair_new(p, a)) == NULL) ||
	    (a->inbound ? s->in != NULL : s->out != NULL)) {
		esp_sa_free(sa);
		return false;
	}
	if (!a->inbound) {
		s->out = sa;
	} else {
		s->in = sa;
		s->spi_in = a->spi;
		LIST_INSERT_HEAD(&p->pair_by_spi[a->spi % PLANE_BUCKETS], s, by_spi);
	}
	pair_complete(p, s);
	return true;
}

static void
pair_forget_newer(struct plane *p, const struct pair *s)
{
	struct pair *old;

	LIST_FOREACH (
	    old, &p->pair_by_peer[peer_bucket(p, &s->selector.remote.addr)], by_peer)
		if (old->newer == s)
			old->newer = NULL;
}

static void
pair_free(struct plane *p, struct pair *s)
{
	struct plane_flow *f;

	while ((f = LIST_FIRST(&s->flows)) != NULL)
		plane_flow_set_pair(f, NULL);
	if (s->is_newer)
		pair_forget_newer(p, s);
	LIST_REMOVE(s, by_id);
	LIST_REMOVE(s, by_peer);
	if (s->in != NULL)
		LIST_REMOVE(s, by_spi);
	esp_sa_free(s->in);
	esp_sa_free(s->out);
	free(s);
}

void
plane_sa_delete(struct plane *p, uint32_t qm_id)
{
	struct pair *s = plane_sa_by_id(p, qm_id);

	if (s != NULL)
		pair_free(p, s);
}

void
plane_sa_flush(struct plane *p)
{
	struct pair *s;

	for (size_t i = 0; i < PLANE_BUCKETS; i++)
		while ((s = LIST_FIRST(&p->pair_by_id[i])) != NULL)
			pair_free(p, s);
}

struct pair *
plane_sa_by_spi(struct plane *p, uint8_t protocol, uint32_t spi)
{
	struct pair *s;

	LIST_FOREACH (s, &p->pair_by_spi[spi % PLANE_BUCKETS], by_spi)
		if (s->spi_in == spi && s->protocol == protocol)
			return s;
	return NULL;
}

struct pair *
plane_sa_for_flow(struct plane *p, uint32_t class_id, const struct flow *f)
{
	struct pair *s;

	LIST_FOREACH (s, &p->pair_by_peer[peer_bucket(p, &f->remote.addr)], by_peer)
		if (s->class_id == class_id && s->in != NULL && s->out != NULL &&
		    !s->is_expired && flow_matches(&s->selector, f))
			return s;
	return NULL;
}

bool
plane_sa_is_of(const struct pair *s, const struct plane_flow *f)
{
	return !f->has_peer || s->nat.local.port == 0 ||
	       memcmp(s->nat.peer, f->peer, sizeof(f->peer)) == 0;
}

bool
plane_sa_may_send(const struct pair *s, const struct plane_flow *f)
{
	return !f->guarantees_encryption || s->guarantees_encryption;
}

struct pair *
plane_sa_for_known(struct plane *p, const struct plane_flow *f)
{
	struct pair *s, *best = NULL;

	LIST_FOREACH (
	    s, &p->pair_by_peer[peer_bucket(p, &f->flow.remote.addr)], by_peer) {
		if (s->class_id != f->class_id || s->in == NULL || s->out == NULL ||
		    s->is_expired || !flow_matches(&s->selector, &f->flow) ||
		    !plane_sa_is_of(s, f) || !plane_sa_may_send(s, f))
			continue;
		if (is_of_connection(s))
			return s;
		if (best == NULL)
			best = s;
	}
	return best;
}

static void
pair_expire(struct plane *p, struct pair *s, enum engine_expiry why)
{
	struct proto_qm_expired e = { s->qm_id, why };

	if (s->is_expired)
		return;
	s->is_expired = true;
	(void)ipc_send(p->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

/* It carries traffic and ends soon. Said again until there is another one. */
static void
pair_soft(struct plane *p, struct pair *s)
{
	struct proto_qm_expired e = { s->qm_id, EXPIRY_SOFT };

	if (s->is_expired || s->newer != NULL || p->now_ms < s->again_ms)
		return;
	s->again_ms = p->now_ms + SOFT_AGAIN_MS;
	(void)ipc_send(p->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

static void
pair_heard(const struct plane *p, struct pair *s)
{
	s->n_unanswered = 0;
	silence_heard(&s->silence, p->now_ms);
}

void
plane_sa_used(struct plane *p, struct pair *s, size_t bytes, bool inbound)
{
	uint64_t used;

	s->last_ms = p->now_ms;
	s->usage_changed = true;
	if (inbound) {
		pair_heard(p, s);
		if (s->newer != NULL) /* the peer may not know that one yet */
			pair_heard(p, s->newer);
		s->usage.bytes_in += bytes;
		/* The peer has it: the negotiator may have waited for that (ike/qm_resp.c). */
		if (s->usage.packets_in++ == 0 && s->out == NULL)
			(void)ipc_send(
			    p->negotiator, PROTO_QM_USAGE, &s->usage, sizeof(s->usage), -1);
	} else {
		silence_sent(&s->silence, 1, p->now_ms);
		s->usage.bytes_out += bytes;
		s->usage.packets_out++;
	}
	used = inbound ? s->usage.bytes_in : s->usage.bytes_out;
	if (s->lifetime_bytes != 0 && used >= s->lifetime_bytes)
		pair_expire(p, s, EXPIRY_BYTES);
	if (!inbound && s->seq_out == UINT32_MAX) {
		p->count[PC_SEQUENCE]++;
		pair_expire(p, s, EXPIRY_BYTES);
	}
	if (p->now_ms >= s->soft_ms || (s->soft_bytes != 0 && used >= s->soft_bytes) ||
	    s->seq_out >= SEQ_SOFT)
		pair_soft(p, s);
}

/* One that is not just ends; its next packet asks, if that comes in time. */
static bool
pair_is_in_use(const struct plane *p, const struct pair *s)
{
	return s->usage.packets_in + s->usage.packets_out > 0 &&
	       p->now_ms - s->last_ms < RECENT_MS;
}

/*
 * Called for segments that TCP must answer, be it with a reset. Three without an answer,
 * the first long ago, look like a peer that has lost its keys (spec authip.md 6.4: retransmitted SYNs).
 */
bool
plane_sa_is_silent(struct plane *p, struct pair *s, struct plane_flow *f)
{
	if (s->n_unanswered++ == 0)
		s->unanswered_ms = p->now_ms;
	if (s->n_unanswered <= SILENT_PACKETS ||
	    p->now_ms - s->unanswered_ms < SILENT_MS ||
	    (f->silent_ms != 0 && p->now_ms - f->silent_ms < SILENT_AGAIN_MS))
		return false;
	f->silent_ms = p->now_ms;
	pair_expire(p, s, EXPIRY_SILENT);
	return true;
}

/* What is not TCP owes no answer: the peer is only asked. */
static void
pair_unheard(struct plane *p, struct pair *s)
{
	struct proto_qm_expired e = { s->qm_id, EXPIRY_UNHEARD };

	if (s->selector.protocol != IPPROTO_TCP && !s->is_expired && s->newer == NULL &&
	    silence_asks(&s->silence, p->now_ms))
		(void)ipc_send(p->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

void
plane_sa_tick(struct plane *p)
{
	struct pair *s;

	for (size_t i = 0; i < PLANE_BUCKETS; i++)
		LIST_FOREACH (s, &p->pair_by_id[i], by_id) {
			if (s->usage_changed)
				(void)ipc_send(p->negotiator, PROTO_QM_USAGE, &s->usage,
				    sizeof(s->usage), -1);
			s->usage_changed = false;
			plane_nat_keepalive(p, s);
			pair_unheard(p, s);
			if (p->now_ms >= s->soft_ms && pair_is_in_use(p, s))
				pair_soft(p, s);
			if (s->idle_ms != 0 && p->now_ms - s->last_ms >= s->idle_ms)
				pair_expire(p, s, EXPIRY_IDLE);
			if (plane_sa_is_over(p, s))
				pair_expire(p, s, EXPIRY_BYTES);
		}
}
