/* SA pairs of the plane. */
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/plane.h"

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

static struct pair *
pair_find(struct plane *p, uint32_t qm_id)
{
	struct pair *s;

	LIST_FOREACH (s, &p->pair_by_id[qm_id % PLANE_BUCKETS], by_id)
		if (s->qm_id == qm_id)
			return s;
	return NULL;
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
	s->selector = a->selector;
	s->lifetime_bytes = a->lifetime_bytes;
	s->idle_ms = (uint64_t)a->idle_s * 1000;
	s->allow_clear_ms = a->allow_clear_ms;
	s->last_ms = p->now_ms;
	replay_init(&s->replay, a->replay_window);
	LIST_INSERT_HEAD(&p->pair_by_id[a->qm_id % PLANE_BUCKETS], s, by_id);
	LIST_INSERT_HEAD(&p->pair_by_peer[peer_bucket(p, &a->selector.remote.addr)], s, by_peer);
	return s;
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
	struct pair *s = pair_find(p, a->qm_id);
	struct esp_sa *sa;

	if (a->class_id == 0 || a->class_id > CLASS_MAX || a->cipher_key.n > SECRET_MAX_BYTES ||
	    a->integrity_key.n > SECRET_MAX_BYTES)
		return false;
	/* Belt and braces: the engine has already refused it. */
	if (a->class_id == CLASS_ENCRYPT && a->cipher == CIPHER_NULL)
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
		return true;
	}
	s->in = sa;
	s->spi_in = a->spi;
	LIST_INSERT_HEAD(&p->pair_by_spi[a->spi % PLANE_BUCKETS], s, by_spi);
	return true;
}

static void
pair_free(struct pair *s)
{
	struct plane_flow *f;

	while ((f = LIST_FIRST(&s->flows)) != NULL)
		plane_flow_set_pair(f, NULL);
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
	struct pair *s = pair_find(p, qm_id);

	if (s != NULL)
		pair_free(s);
}

void
plane_sa_flush(struct plane *p)
{
	struct pair *s;

	for (size_t i = 0; i < PLANE_BUCKETS; i++)
		while ((s = LIST_FIRST(&p->pair_by_id[i])) != NULL)
			pair_free(s);
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

static void
pair_expire(struct plane *p, struct pair *s, enum engine_expiry why)
{
	struct proto_qm_expired e = { s->qm_id, why };

	if (s->is_expired)
		return;
	s->is_expired = true;
	(void)ipc_send(p->negotiator, PROTO_QM_EXPIRED, &e, sizeof(e), -1);
}

void
plane_sa_used(struct plane *p, struct pair *s, size_t bytes, bool inbound)
{
	s->last_ms = p->now_ms;
	s->usage_changed = true;
	if (inbound) {
		s->usage.bytes_in += bytes;
		s->usage.packets_in++;
	} else {
		s->usage.bytes_out += bytes;
		s->usage.packets_out++;
	}
	if (s->lifetime_bytes != 0 &&
	    (inbound ? s->usage.bytes_in : s->usage.bytes_out) >= s->lifetime_bytes)
		pair_expire(p, s, EXPIRY_BYTES);
	if (!inbound && s->seq_out == UINT32_MAX) {
		p->count[PC_SEQUENCE]++;
		pair_expire(p, s, EXPIRY_BYTES);
	}
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
			if (s->idle_ms != 0 && p->now_ms - s->last_ms >= s->idle_ms)
				pair_expire(p, s, EXPIRY_IDLE);
		}
}
