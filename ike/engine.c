/* The door of the engine: creation, dispatch of datagrams, timers, ends. */
#include "ike/engine.h"

#include <stdlib.h>
#include <string.h>

#include "ike/nat.h"
#include "ike/rekey.h"
#include "ike/tongue.h"
#include "ike/v1.h"

static void
engine_now(struct engine *e, uint64_t now_ms)
{
	if (now_ms > e->now_ms) /* a clock that jumps back is ignored */
		e->now_ms = now_ms;
}

struct engine *
engine_new(const struct engine_params *p)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->p = *p;
	e->plain = malloc(MESSAGE_MAX_BYTES + 1);
	e->out = calloc(1, sizeof(*e->out));
	e->whole = malloc(ISAKMP_HEADER_BYTES + MESSAGE_MAX_BYTES);
	if (e->plain == NULL || e->out == NULL || e->whole == NULL) {
		free(e->plain);
		free(e->out);
		free(e->whole);
		free(e);
		return NULL;
	}
	LIST_INIT(&e->mm_all);
	LIST_INIT(&e->qm_all);
	STAILQ_INIT(&e->actions);
	TAILQ_INIT(&e->reassemblies);
	TAILQ_INIT(&e->dos.v1);
	for (size_t i = 0; i < SADB_BUCKETS; i++) {
		LIST_INIT(&e->bucket[i]);
		LIST_INIT(&e->mm_peer[i]);
		LIST_INIT(&e->qm_peer[i]);
		LIST_INIT(&e->mm_id[i]);
		LIST_INIT(&e->qm_id[i]);
	}
	p->host.random(p->host.ctx, (uint8_t *)e->hash_seed, sizeof(e->hash_seed));
	return e;
}

void
engine_free(struct engine *e)
{
	struct mm_sa *mm;
	struct qm_sa *qm;

	if (e == NULL)
		return;
	while ((mm = LIST_FIRST(&e->mm_all)) != NULL)
		sadb_mm_free(e, mm);
	while ((qm = LIST_FIRST(&e->qm_all)) != NULL)
		sadb_qm_free(e, qm);
	while (engine_next_action(e) != NULL)
		;
	timer_heap_free(&e->timers);
	secret_wipe_bytes(e->plain, MESSAGE_MAX_BYTES);
	free(e->plain);
	secret_wipe_bytes(e->out, sizeof(*e->out));
	free(e->out);
	free(e->whole);
	free(e->peers);
	for (size_t i = 0; i < e->tongue.n_known; i++)
		free(e->tongue.known[i]);
	secret_wipe_bytes((uint8_t *)&e->dos, sizeof(e->dos));
	free(e);
}

/* ---- events ---------------------------------------------------------------------------- */

void
engine_input(struct engine *e, uint64_t now_ms, const struct endpoint *local,
    const struct endpoint *remote, struct span datagram)
{
	engine_now(e, now_ms);
	e->datagram = datagram;
	e->in_local = local;
	e->in_remote = remote;
	input_datagram(e);
	e->in_local = e->in_remote = NULL;
}

/* ---- timers and ends --------------------------------------------------------------------------- */

void
engine_advance(struct engine *e, uint64_t now_ms)
{
	struct timer *t;

	engine_now(e, now_ms);
	e->in_local = e->in_remote = NULL;
	while ((t = timer_pop_due(&e->timers, e->now_ms)) != NULL)
		t->fire(e, t->owner);
}

uint64_t
engine_deadline_ms(const struct engine *e)
{
	return timer_next_ms(&e->timers);
}

/*
 * Begin anew with this peer (spec authip.md 6.4): its main mode takes no more quick modes,
 * and the next acquire starts another one, with Vid-Initial-Contact.
 */
static void
engine_qm_silent(struct engine *e, struct qm_sa *qm)
{
	struct mm_sa *mm = qm->mm;

	if (mm != NULL)
		mm->expired = true;
	qm_delete(e, qm, IKE_ERR_PEER_SILENT, true);
	if (mm != NULL && LIST_EMPTY(&mm->quick_modes))
		mm_retire(e, mm);
}

/* The first quick mode completes the main mode: without it nothing more would happen. */
static bool
qm_completes_mm(const struct qm_sa *qm)
{
	return qm->mm != NULL && qm->is_first && !qm_is_usable(qm) &&
	    qm->mm->state != MM_DYING;
}

static void
qm_expire(struct engine *e, struct qm_sa *qm, enum engine_expiry why)
{
	struct mm_sa *mm = qm->mm;

	if (why == EXPIRY_SOFT || why == EXPIRY_UNHEARD) {
		rekey_start(e, qm);
	} else if (why == EXPIRY_SILENT) {
		engine_qm_silent(e, qm);
	} else {
		qm_delete(e, qm,
		    why == EXPIRY_PLANE_GONE ? IKE_ERR_PLANE_GONE : IKE_ERR_QM_EXPIRED,
		    true);
		mm_end_if_drained(e, mm);
	}
}

void
engine_qm_expired(struct engine *e, uint64_t now_ms, uint32_t qm_id, enum engine_expiry why)
{
	struct qm_sa *qm, *next;

	engine_now(e, now_ms);
	for (qm = LIST_FIRST(&e->qm_all); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, all_link);
		if ((qm_id != 0 && qm->id != qm_id) || !qm->in_installed)
			continue;
		if (qm_completes_mm(qm) && why != EXPIRY_SOFT && why != EXPIRY_UNHEARD) {
			mm_end(e, qm->mm, IKE_ERR_QM_EXPIRED);
			next = LIST_FIRST(&e->qm_all); /* others went with it */
		} else {
			qm_expire(e, qm, why);
		}
		if (qm_id != 0)
			return; /* others may have gone with it */
	}
}

/* 0: any. */
static void
quick_modes_delete(struct engine *e, uint32_t qm_id, uint32_t class_id)
{
	struct qm_sa *qm, *next;

	for (qm = LIST_FIRST(&e->qm_all); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, all_link);
		if ((qm_id != 0 && qm->id != qm_id) ||
		    (class_id != 0 && qm->policy.class_id != class_id))
			continue;
		if (qm_completes_mm(qm)) {
			mm_end(e, qm->mm, IKE_ERR_DELETED);
			next = LIST_FIRST(&e->qm_all); /* others went with it */
		} else {
			qm_delete(e, qm, IKE_ERR_DELETED, true);
		}
	}
}

void
engine_delete_qm(struct engine *e, uint64_t now_ms, uint32_t qm_id)
{
	engine_now(e, now_ms);
	quick_modes_delete(e, qm_id, 0);
}

void
engine_set_params(struct engine *e, const struct engine_params *p)
{
	struct engine_params old = e->p;

	tongue_configure(e, &p->dialect);
	e->p = *p;
	e->p.host = old.host;
	e->p.nat_port = old.nat_port;
}

void
engine_class_ended(struct engine *e, uint64_t now_ms, uint32_t class_id)
{
	engine_now(e, now_ms);
	quick_modes_delete(e, 0, class_id);
}

void
engine_delete_mm(struct engine *e, uint64_t now_ms, uint32_t mm_id)
{
	struct mm_sa *mm, *next;

	engine_now(e, now_ms);
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->state != MM_DYING && (mm_id == 0 || mm->id == mm_id))
			mm_end(e, mm, IKE_ERR_DELETED);
	}
	if (mm_id == 0) /* what outlived its main mode */
		engine_delete_qm(e, now_ms, 0);
}

void
engine_address_removed(struct engine *e, uint64_t now_ms, const struct address *a)
{
	struct mm_sa *mm, *next;
	struct qm_sa *qm, *next_qm;

	engine_now(e, now_ms);
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->state != MM_DYING && address_equal(&mm->local.addr, a))
			mm_end(e, mm, IKE_ERR_ADDRESS_GONE);
	}
	/* And the pairs that have outlived their main mode. */
	for (qm = LIST_FIRST(&e->qm_all); qm != NULL; qm = next_qm) {
		next_qm = LIST_NEXT(qm, all_link);
		if (address_equal(&qm->selector.local.addr, a))
			qm_delete(e, qm, IKE_ERR_ADDRESS_GONE, false);
	}
}

void
engine_shutdown(struct engine *e, uint64_t now_ms)
{
	struct mm_sa *mm, *next;
	struct qm_sa *qm;

	engine_now(e, now_ms);
	e->shutting_down = true;
	for (mm = LIST_FIRST(&e->mm_all); mm != NULL; mm = next) {
		next = LIST_NEXT(mm, all_link);
		if (mm->state != MM_DYING)
			mm_end(e, mm, IKE_ERR_SHUTDOWN);
	}
	while ((qm = LIST_FIRST(&e->qm_all)) != NULL)
		qm_delete(e, qm, IKE_ERR_SHUTDOWN, false);
}

bool
engine_is_idle(const struct engine *e)
{
	const struct mm_sa *mm;

	LIST_FOREACH (mm, &e->mm_all, all_link)
		if (mm->notify_request.bytes.n > 0 || v1_delete_is_pending(mm))
			return false;
	return true;
}
