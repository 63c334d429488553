/*
 * The tables of main modes, quick modes and peers. Killed objects leave every table at
 * once and their memory at the end of the event, so that no caller holds a stale pointer.
 */
#include "ike/sadb.h"

#include <stdlib.h>
#include <string.h>

#include "ike/state.h"

#define OWNER_OF(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static void
table_add(struct hash_node **table, struct hash_node *n, uint64_t key)
{
	struct hash_node **head = &table[key % ENGINE_BUCKETS];

	n->key = key;
	n->next = *head;
	*head = n;
}

static void
table_remove(struct hash_node **table, struct hash_node *n)
{
	struct hash_node **at = &table[n->key % ENGINE_BUCKETS];

	while (*at != NULL && *at != n)
		at = &(*at)->next;
	if (*at != NULL)
		*at = n->next;
	n->next = NULL;
}

static struct hash_node *
table_find(struct hash_node *const *table, uint64_t key)
{
	struct hash_node *n = table[key % ENGINE_BUCKETS];

	while (n != NULL && n->key != key)
		n = n->next;
	return n;
}

void
sadb_random(struct engine *e, void *p, size_t n)
{
	e->p.host.random(e->p.host.ctx, p, n);
}

uint32_t
sadb_random_mid(struct engine *e, const struct mm_sa *mm)
{
	for (int i = 0; i < 64; i++) {
		uint32_t v;

		sadb_random(e, &v, sizeof(v));
		/* 0 is main mode, 1 extended mode (A24, A27). */
		if (v >= 2 && sadb_qm_find_mid(mm, v) == NULL)
			return v;
	}
	return 2 + mm->n_qm_started;
}

/* ---- peers ---- */

static uint64_t
peer_key(const struct engine *e, const struct address *a)
{
	uint8_t b[17];

	b[0] = a->family;
	memcpy(b + 1, a->b, sizeof(a->b));
	return sadb_hash(e->seed, SPAN_ARRAY(b));
}

struct peer *
sadb_peer_find(const struct engine *e, const struct address *a)
{
	struct hash_node *n = table_find(e->peer_by_address, peer_key(e, a));

	while (n != NULL) {
		struct peer *p = OWNER_OF(n, struct peer, by_address);

		if (address_equal(&p->address, a))
			return p;
		n = n->next;
	}
	return NULL;
}

static struct peer *
peer_get(struct engine *e, const struct address *a)
{
	struct peer *p = sadb_peer_find(e, a);

	if (p != NULL || (p = calloc(1, sizeof(*p))) == NULL)
		return p;
	p->address = *a;
	LIST_INIT(&p->mm);
	LIST_INIT(&p->qm);
	table_add(e->peer_by_address, &p->by_address, peer_key(e, a));
	return p;
}

static void
peer_release(struct engine *e, struct peer *p)
{
	if (--p->n_ref > 0)
		return;
	table_remove(e->peer_by_address, &p->by_address);
	free(p);
}

/* ---- main modes ---- */

static uint64_t
cookie_key(const struct engine *e, const uint8_t *icookie)
{
	return sadb_hash(e->seed, span_of(icookie, COOKIE_BYTES));
}

struct mm_sa *
sadb_mm_find(const struct engine *e, const uint8_t *icookie)
{
	struct hash_node *n = table_find(e->mm_by_cookie, cookie_key(e, icookie));

	for (; n != NULL; n = n->next) {
		struct mm_sa *mm = OWNER_OF(n, struct mm_sa, by_cookie);

		if (memcmp(mm->icookie, icookie, COOKIE_BYTES) == 0)
			return mm;
	}
	return NULL;
}

struct mm_sa *
sadb_mm_find_id(const struct engine *e, uint32_t id)
{
	struct hash_node *n = table_find(e->mm_by_id, id);

	return n != NULL ? OWNER_OF(n, struct mm_sa, by_id) : NULL;
}

static void
mm_timers_init(struct mm_sa *mm)
{
	timer_init(&mm->out.timer, TIMER_MM_OUT, mm);
	timer_init(&mm->in.timer, TIMER_MM_IN, mm);
	timer_init(&mm->notify_out.timer, TIMER_MM_NOTIFY, mm);
	timer_init(&mm->auth_timer, TIMER_MM_AUTH, mm);
	timer_init(&mm->life_timer, TIMER_MM_LIFE, mm);
}

struct mm_sa *
sadb_mm_new(struct engine *e, const struct endpoint *local, const struct endpoint *remote,
    const uint8_t *icookie, bool initiator)
{
	struct mm_sa *mm = calloc(1, sizeof(*mm));
	struct peer *peer;

	if (mm == NULL)
		return NULL;
	mm->nego = calloc(1, sizeof(*mm->nego));
	if (mm->nego == NULL || !timer_reserve(&e->timers, MM_TIMERS))
		goto fail;
	if ((peer = peer_get(e, &remote->addr)) == NULL) {
		timer_release(&e->timers, MM_TIMERS);
		goto fail;
	}
	mm_timers_init(mm);
	LIST_INIT(&mm->qm);
	STAILQ_INIT(&mm->notify_queue);
	mm->id = ++e->next_mm_id;
	mm->initiator = initiator;
	mm->local = *local;
	mm->remote = *remote;
	mm->created_ms = e->now_ms;
	mm->peer = peer;
	peer->n_ref++;
	mm->notify_max_resend = e->p.dialect.retransmit_max;
	memcpy(mm->icookie, icookie, COOKIE_BYTES);
	LIST_INSERT_HEAD(&peer->mm, mm, peer_link);
	TAILQ_INSERT_TAIL(&e->mm, mm, link);
	table_add(e->mm_by_id, &mm->by_id, mm->id);
	table_add(e->mm_by_cookie, &mm->by_cookie, cookie_key(e, icookie));
	e->n_mm++;
	return mm;
fail:
	free(mm->nego);
	free(mm);
	return NULL;
}

void
sadb_mm_set_cookies(struct engine *e, struct mm_sa *mm, const uint8_t *icookie,
    const uint8_t *rcookie)
{
	memcpy(mm->rcookie, rcookie, COOKIE_BYTES);
	if (memcmp(mm->icookie, icookie, COOKIE_BYTES) == 0)
		return;
	table_remove(e->mm_by_cookie, &mm->by_cookie);
	memcpy(mm->icookie, icookie, COOKIE_BYTES);
	table_add(e->mm_by_cookie, &mm->by_cookie, cookie_key(e, icookie));
}

void
sadb_mm_count(struct mm_sa *mm, bool established, bool open)
{
	mm->peer->n_mm += (uint32_t)established - (uint32_t)mm->is_counted_mm;
	mm->peer->n_open += (uint32_t)open - (uint32_t)mm->is_counted_open;
	mm->is_counted_mm = established;
	mm->is_counted_open = open;
}

void
sadb_mm_nego_free(struct mm_sa *mm)
{
	struct mm_nego *n = mm->nego;

	if (n == NULL)
		return;
	dh_free(n->dh);
	chain_clear(&n->chain);
	chain_clear(&n->em_chain);
	secret_wipe_bytes(n, sizeof(*n));
	free(n);
	mm->nego = NULL;
}

void
sadb_mm_kill(struct engine *e, struct mm_sa *mm)
{
	if (mm->is_dead)
		return;
	mm->is_dead = true;
	sadb_mm_count(mm, false, false);
	timer_stop(&e->timers, &mm->out.timer);
	timer_stop(&e->timers, &mm->in.timer);
	timer_stop(&e->timers, &mm->notify_out.timer);
	timer_stop(&e->timers, &mm->auth_timer);
	timer_stop(&e->timers, &mm->life_timer);
	timer_release(&e->timers, MM_TIMERS);
	table_remove(e->mm_by_cookie, &mm->by_cookie);
	table_remove(e->mm_by_id, &mm->by_id);
	LIST_REMOVE(mm, peer_link);
	TAILQ_REMOVE(&e->mm, mm, link);
	TAILQ_INSERT_TAIL(&e->dead_mm, mm, link);
	if (mm->state != MM_GONE)
		e->n_mm--;
}

static void
mm_free(struct engine *e, struct mm_sa *mm)
{
	notify_queue_clear(mm);
	sadb_mm_nego_free(mm);
	bytes_free(&mm->ni);
	bytes_free(&mm->nr);
	bytes_free(&mm->nr_qm);
	bytes_free(&mm->out.data);
	bytes_free(&mm->notify_out.data);
	bytes_free(&mm->in.reply);
	bytes_free(&mm->notify_in.reply);
	bytes_free(&mm->em_peer_name);
	bytes_free(&mm->peer_gss_id);
	peer_release(e, mm->peer);
	secret_wipe_bytes(mm, sizeof(*mm));
	free(mm);
}

/* ---- quick modes ---- */

struct qm_sa *
sadb_qm_new(struct engine *e, struct mm_sa *mm, bool initiator)
{
	struct qm_sa *qm = calloc(1, sizeof(*qm));

	if (qm == NULL)
		return NULL;
	qm->nego = calloc(1, sizeof(*qm->nego));
	if (qm->nego == NULL || !timer_reserve(&e->timers, QM_TIMERS)) {
		free(qm->nego);
		free(qm);
		return NULL;
	}
	timer_init(&qm->nego->out.timer, TIMER_QM_OUT, qm);
	timer_init(&qm->nego->in.timer, TIMER_QM_IN, qm);
	timer_init(&qm->life_timer, TIMER_QM_LIFE, qm);
	qm->id = ++e->next_qm_id;
	qm->mm = mm;
	qm->mm_id = mm->id;
	qm->peer = mm->peer;
	qm->peer->n_ref++;
	qm->initiator = initiator;
	qm->created_ms = e->now_ms;
	TAILQ_INSERT_TAIL(&e->qm, qm, link);
	LIST_INSERT_HEAD(&mm->qm, qm, mm_link);
	LIST_INSERT_HEAD(&qm->peer->qm, qm, peer_link);
	table_add(e->qm_by_id, &qm->by_id, qm->id);
	return qm;
}

static struct qm_sa *
qm_find_spi(const struct engine *e, uint32_t spi)
{
	struct hash_node *n = table_find(e->qm_by_spi, spi);

	return n != NULL ? OWNER_OF(n, struct qm_sa, by_spi) : NULL;
}

bool
sadb_spi_is_free(const struct engine *e, uint32_t spi)
{
	return spi > 255 && qm_find_spi(e, spi) == NULL;
}

void
sadb_qm_set_spi(struct engine *e, struct qm_sa *qm, uint32_t spi)
{
	if (qm->spi_in != 0)
		table_remove(e->qm_by_spi, &qm->by_spi);
	qm->spi_in = spi;
	table_add(e->qm_by_spi, &qm->by_spi, spi);
}

struct qm_sa *
sadb_qm_find_id(const struct engine *e, uint32_t id)
{
	struct hash_node *n = table_find(e->qm_by_id, id);

	return n != NULL ? OWNER_OF(n, struct qm_sa, by_id) : NULL;
}

struct qm_sa *
sadb_qm_find_mid(const struct mm_sa *mm, uint32_t message_id)
{
	struct qm_sa *qm;

	LIST_FOREACH(qm, &mm->qm, mm_link)
		if (qm->state != QM_QUEUED && qm->message_id == message_id)
			return qm;
	return NULL;
}

void
sadb_qm_move(struct qm_sa *qm, struct mm_sa *mm)
{
	LIST_REMOVE(qm, mm_link);
	LIST_INSERT_HEAD(&mm->qm, qm, mm_link);
	qm->mm = mm;
	qm->mm_id = mm->id;
}

void
sadb_qm_orphan(struct qm_sa *qm)
{
	LIST_REMOVE(qm, mm_link);
	qm->mm = NULL;
}

void
sadb_qm_count(struct qm_sa *qm, bool open)
{
	qm->peer->n_open += (uint32_t)open - (uint32_t)qm->is_counted_open;
	qm->is_counted_open = open;
}

void
sadb_qm_nego_free(struct engine *e, struct qm_sa *qm)
{
	struct qm_nego *n = qm->nego;

	if (n == NULL)
		return;
	timer_stop(&e->timers, &n->out.timer);
	timer_stop(&e->timers, &n->in.timer);
	bytes_free(&n->out.data);
	bytes_free(&n->in.reply);
	bytes_free(&n->ni);
	bytes_free(&n->nr);
	dh_free(n->dh);
	secret_wipe_bytes(n, sizeof(*n));
	free(n);
	qm->nego = NULL;
}

void
sadb_qm_kill(struct engine *e, struct qm_sa *qm)
{
	if (qm->is_dead)
		return;
	qm->is_dead = true;
	sadb_qm_count(qm, false);
	sadb_qm_nego_free(e, qm);
	timer_stop(&e->timers, &qm->life_timer);
	timer_release(&e->timers, QM_TIMERS);
	if (qm->spi_in != 0)
		table_remove(e->qm_by_spi, &qm->by_spi);
	table_remove(e->qm_by_id, &qm->by_id);
	if (qm->mm != NULL)
		LIST_REMOVE(qm, mm_link);
	LIST_REMOVE(qm, peer_link);
	TAILQ_REMOVE(&e->qm, qm, link);
	TAILQ_INSERT_TAIL(&e->dead_qm, qm, link);
}

static void
qm_free(struct engine *e, struct qm_sa *qm)
{
	while (qm->ticket != NULL) {
		struct ticket *t = qm->ticket;

		qm->ticket = t->next;
		free(t);
	}
	peer_release(e, qm->peer);
	secret_wipe_bytes(qm, sizeof(*qm));
	free(qm);
}

void
sadb_sweep(struct engine *e)
{
	struct qm_sa *qm;
	struct mm_sa *mm;

	while ((qm = TAILQ_FIRST(&e->dead_qm)) != NULL) {
		TAILQ_REMOVE(&e->dead_qm, qm, link);
		qm_free(e, qm);
	}
	while ((mm = TAILQ_FIRST(&e->dead_mm)) != NULL) {
		TAILQ_REMOVE(&e->dead_mm, mm, link);
		mm_free(e, mm);
	}
}

void
sadb_free(struct engine *e)
{
	while (!TAILQ_EMPTY(&e->qm))
		sadb_qm_kill(e, TAILQ_FIRST(&e->qm));
	while (!TAILQ_EMPTY(&e->mm))
		sadb_mm_kill(e, TAILQ_FIRST(&e->mm));
	sadb_sweep(e);
	timer_heap_free(&e->timers);
}
