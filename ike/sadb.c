/* The tables of the engine: main modes and quick modes, found by cookie, peer and ID. */
#include <stdlib.h>
#include <string.h>

#include "ike/policy_pool.h"
#include "ike/tongue.h"
#include "ike/v1.h"

/* Multiply-add hashing with secret factors: a peer cannot choose its bucket. */
uint64_t
sadb_hash_bytes(const struct engine *e, const uint8_t *p, size_t n)
{
	unsigned __int128 sum = e->hash_seed[0];
	uint64_t word;

	for (size_t i = 0; i * 8 < n; i++) {
		word = 0;
		memcpy(&word, p + i * 8, n - i * 8 < 8 ? n - i * 8 : 8);
		sum += (unsigned __int128)(e->hash_seed[1 + i % 2] | 1) * word;
	}
	return (uint64_t)(sum >> 64) ^ (uint64_t)(sum >> 40);
}

static size_t
sadb_hash(const struct engine *e, const uint8_t *p, size_t n)
{
	return (size_t)(sadb_hash_bytes(e, p, n) % SADB_BUCKETS);
}

static size_t
peer_bucket(const struct engine *e, const struct address *peer)
{
	return sadb_hash(e, peer->b, sizeof(peer->b));
}

struct mm_sa *
sadb_mm_first(const struct engine *e, const struct address *peer)
{
	return LIST_FIRST(&e->mm_peer[peer_bucket(e, peer)]);
}

struct qm_sa *
sadb_qm_first(const struct engine *e, const struct address *peer)
{
	return LIST_FIRST(&e->qm_peer[peer_bucket(e, peer)]);
}

struct mm_sa *
sadb_mm_by_id(const struct engine *e, uint32_t id)
{
	struct mm_sa *mm;

	LIST_FOREACH (mm, &e->mm_id[id % SADB_BUCKETS], id_link)
		if (mm->id == id)
			break;
	return mm;
}

struct qm_sa *
sadb_qm_by_id(const struct engine *e, uint32_t id)
{
	struct qm_sa *qm;

	LIST_FOREACH (qm, &e->qm_id[id % SADB_BUCKETS], id_link)
		if (qm->id == id)
			break;
	return qm;
}

static size_t
name_bucket(const struct engine *e, uint8_t protocol, uint32_t spi)
{
	uint8_t key[5] = { protocol };

	memcpy(key + 1, &spi, sizeof(spi));
	return sadb_hash(e, key, sizeof(key));
}

struct qm_sa *
sadb_qm_first_named(const struct engine *e, uint8_t protocol, uint32_t spi_out)
{
	return LIST_FIRST(&e->qm_spi[name_bucket(e, protocol, spi_out)]);
}

/* ---- main modes ---- */

struct mm_sa *
sadb_mm_new(struct engine *e, bool initiator, const struct endpoint *local,
    const struct endpoint *remote, const uint8_t *icookie)
{
	struct mm_sa *mm = calloc(1, sizeof(*mm));

	if (mm == NULL || !timer_reserve(&e->timers, MM_TIMERS)) {
		free(mm);
		return NULL;
	}
	LIST_INIT(&mm->quick_modes);
	STAILQ_INIT(&mm->notify_queue);
	mm->id = ++e->next_mm_id;
	mm->initiator = initiator;
	mm->local = *local;
	mm->remote = *remote;
	tongue_begin(e, mm);
	mm->created_ms = e->now_ms;
	memcpy(mm->icookie, icookie, COOKIE_BYTES);
	LIST_INSERT_HEAD(&e->mm_all, mm, all_link);
	LIST_INSERT_HEAD(&e->mm_id[mm->id % SADB_BUCKETS], mm, id_link);
	LIST_INSERT_HEAD(&e->bucket[sadb_hash(e, icookie, COOKIE_BYTES)], mm, cookie_link);
	LIST_INSERT_HEAD(&e->mm_peer[peer_bucket(e, &remote->addr)], mm, peer_link);
	e->n_mm++;
	if (!initiator)
		dos_opened(e, mm);
	return mm;
}

static void
mm_free_secret(struct secret *s)
{
	if (s != NULL)
		secret_wipe(s);
	free(s);
}

void
sadb_mm_free(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm;

	while ((qm = LIST_FIRST(&mm->quick_modes)) != NULL) {
		if (!qm_is_usable(qm)) {
			sadb_qm_free(e, qm);
			continue;
		}
		LIST_REMOVE(qm, mm_link);
		request_done(e, &qm->request);
		answered_free(&qm->answered);
		qm->mm = NULL;
	}
	dos_closed(e, mm);
	reassembly_drop(e, mm);
	gss_forget(e, mm);
	if (mm->twin != NULL)
		mm->twin->twin = NULL;
	v1_free(e, mm);
	notify_drop_all(e, mm);
	request_done(e, &mm->request);
	timer_cancel(&e->timers, &mm->responder_timer);
	timer_cancel(&e->timers, &mm->lifetime);
	timer_release(&e->timers, MM_TIMERS);
	LIST_REMOVE(mm, all_link);
	LIST_REMOVE(mm, id_link);
	LIST_REMOVE(mm, cookie_link);
	LIST_REMOVE(mm, peer_link);
	e->n_mm--;
	dh_free(mm->dh);
	mm_free_secret(mm->z);
	blob_free(&mm->ni);
	blob_free(&mm->nr);
	blob_free(&mm->nr_qm);
	blob_free(&mm->m1);
	chain_log_clear(&mm->log);
	gss_free(&mm->gss);
	gss_free(&mm->em);
	answered_free(&mm->answered);
	answered_free(&mm->notify_answered);
	policy_release(&mm->policy_of);
	secret_wipe_bytes(mm, sizeof(*mm));
	free(mm);
}

void
sadb_mm_set_remote(struct engine *e, struct mm_sa *mm, const struct endpoint *remote)
{
	LIST_REMOVE(mm, peer_link);
	mm->remote = *remote;
	LIST_INSERT_HEAD(&e->mm_peer[peer_bucket(e, &remote->addr)], mm, peer_link);
}

/* A peer behind a NAT may come from another address: the ICV decides then. */
static bool
mm_is_between(const struct mm_sa *mm, const struct endpoint *local,
    const struct endpoint *remote)
{
	return address_equal(&mm->local.addr, &local->addr) &&
	    (address_equal(&mm->remote.addr, &remote->addr) ||
		(mm->nat_remote && remote->addr.family == 4));
}

struct mm_sa *
sadb_mm_find(const struct engine *e, const uint8_t *icookie, const uint8_t *rcookie,
    const struct endpoint *local, const struct endpoint *remote)
{
	static const uint8_t none[COOKIE_BYTES];
	struct mm_sa *mm;

	LIST_FOREACH (mm, &e->bucket[sadb_hash(e, icookie, COOKIE_BYTES)], cookie_link)
		if (memcmp(mm->icookie, icookie, COOKIE_BYTES) == 0 &&
		    (memcmp(mm->rcookie, rcookie, COOKIE_BYTES) == 0 ||
			(mm->initiator && memcmp(mm->rcookie, none, COOKIE_BYTES) == 0)) &&
		    mm_is_between(mm, local, remote))
			return mm;
	return NULL;
}

struct mm_sa *
sadb_mm_find_m1(const struct engine *e, const uint8_t *icookie, const struct endpoint *remote)
{
	struct mm_sa *mm;

	LIST_FOREACH (mm, &e->bucket[sadb_hash(e, icookie, COOKIE_BYTES)], cookie_link)
		if (!mm->initiator && memcmp(mm->icookie, icookie, COOKIE_BYTES) == 0 &&
		    address_equal(&mm->remote.addr, &remote->addr))
			return mm;
	return NULL;
}

bool
sadb_mm_is_own(const struct engine *e, const uint8_t *icookie)
{
	const struct mm_sa *mm;

	LIST_FOREACH (mm, &e->bucket[sadb_hash(e, icookie, COOKIE_BYTES)], cookie_link)
		if (mm->initiator && memcmp(mm->icookie, icookie, COOKIE_BYTES) == 0)
			return true;
	return false;
}

bool
sadb_mm_exists_with(const struct engine *e, const struct address *peer, const struct mm_sa *but)
{
	const struct mm_sa *mm;
	const struct qm_sa *qm;

	for (mm = sadb_mm_first(e, peer); mm != NULL; mm = LIST_NEXT(mm, peer_link))
		if (mm != but && mm->keys.ready && !mm->expired && mm->state != MM_DYING &&
		    address_equal(&mm->remote.addr, peer))
			return true;
	/* Pairs that outlive their main mode are no less known. */
	for (qm = sadb_qm_first(e, peer); qm != NULL; qm = LIST_NEXT(qm, peer_link))
		if (qm_is_usable(qm) && address_equal(&qm->selector.remote.addr, peer))
			return true;
	return false;
}

void
sadb_count_peer(const struct engine *e, const struct address *peer, uint32_t *n_mm,
    uint32_t *n_negotiating)
{
	const struct mm_sa *mm;

	*n_mm = *n_negotiating = 0;
	for (mm = sadb_mm_first(e, peer); mm != NULL; mm = LIST_NEXT(mm, peer_link)) {
		if (!address_equal(&mm->remote.addr, peer) || mm->state == MM_DYING)
			continue;
		if (mm->state == MM_ESTABLISHED)
			++*n_mm;
		if (!mm->initiator &&
		    (mm->state != MM_ESTABLISHED || (mm_needs_em(mm) && !mm->keys.has_em)))
			++*n_negotiating;
	}
}

/* ---- quick modes ---- */

struct qm_sa *
sadb_qm_new(struct engine *e, struct mm_sa *mm, bool initiator)
{
	struct qm_sa *qm = calloc(1, sizeof(*qm));

	if (qm == NULL || !timer_reserve(&e->timers, QM_TIMERS)) {
		free(qm);
		return NULL;
	}
	SLIST_INIT(&qm->tickets);
	qm->id = ++e->next_qm_id;
	qm->mm = mm;
	qm->mm_id = mm->id;
	qm->initiator = initiator;
	qm->created_ms = e->now_ms;
	LIST_INSERT_HEAD(&e->qm_all, qm, all_link);
	LIST_INSERT_HEAD(&e->qm_id[qm->id % SADB_BUCKETS], qm, id_link);
	LIST_INSERT_HEAD(&mm->quick_modes, qm, mm_link);
	LIST_INSERT_HEAD(&e->qm_peer[peer_bucket(e, &mm->remote.addr)], qm, peer_link);
	return qm;
}

void
sadb_qm_name(struct engine *e, struct qm_sa *qm, uint32_t spi_out)
{
	size_t bucket = name_bucket(e, v1_qm_protocol(qm), spi_out);

	qm->spi_out = spi_out;
	qm->is_named = true;
	LIST_INSERT_HEAD(&e->qm_spi[bucket], qm, spi_link);
}

void
sadb_qm_free(struct engine *e, struct qm_sa *qm)
{
	struct ticket *t;

	request_done(e, &qm->request);
	timer_cancel(&e->timers, &qm->responder_timer);
	timer_cancel(&e->timers, &qm->lifetime);
	timer_release(&e->timers, QM_TIMERS);
	while ((t = SLIST_FIRST(&qm->tickets)) != NULL) {
		SLIST_REMOVE_HEAD(&qm->tickets, next);
		free(t);
	}
	LIST_REMOVE(qm, all_link);
	LIST_REMOVE(qm, id_link);
	LIST_REMOVE(qm, peer_link);
	if (qm->is_named)
		LIST_REMOVE(qm, spi_link);
	if (qm->mm != NULL) {
		LIST_REMOVE(qm, mm_link);
		qm->mm->gone_qm[qm->mm->n_gone_qm++ % GONE_QMS] = qm->message_id;
	}
	dh_free(qm->dh);
	mm_free_secret(qm->z);
	blob_free(&qm->ni);
	blob_free(&qm->nr);
	blob_free(&qm->peer_name);
	answered_free(&qm->answered);
	policy_release(&qm->policy);
	secret_wipe_bytes(qm, sizeof(*qm));
	free(qm);
}

struct qm_sa *
sadb_qm_by_message_id(const struct mm_sa *mm, uint32_t message_id)
{
	struct qm_sa *qm;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (qm->state != QM_PENDING && qm->message_id == message_id)
			return qm;
	return NULL;
}

void
sadb_qm_move(struct qm_sa *qm, struct mm_sa *mm)
{
	LIST_REMOVE(qm, mm_link);
	LIST_INSERT_HEAD(&mm->quick_modes, qm, mm_link);
	qm->mm = mm;
	qm->mm_id = mm->id;
}
