/*
 * A new IKEv1 main mode before the old one ends, while pairs depend on it. Other
 * implementations delete the pairs of a main mode that is deleted: so the new one takes
 * them over first.
 */
#include <string.h>

#include "ike/nat.h"
#include "ike/v1.h"

#define OLD_GRACE_MS 10000

static bool
has_pairs(const struct mm_sa *mm)
{
	const struct qm_sa *qm;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (qm_is_usable(qm))
			return true;
	return false;
}

static void
rekey_due(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;
	struct endpoint local = { mm->local.addr, 500 },
			remote = { mm->remote.addr, 500 };

	/* Also one that is used up: what has taken its place has taken its pairs, too. */
	if (mm->state != MM_ESTABLISHED || e->shutting_down || !has_pairs(mm))
		return;
	if (v1_init_start(e, &local, &remote, &mm->policy_of, NULL) == NULL)
		e->error_count[IKE_ERR_NO_MEMORY]++;
}

/* The initiator renews it, at a time that differs from one to the next. */
void
v1_rekey_arm(struct engine *e, struct mm_sa *mm)
{
	uint64_t life_ms = (uint64_t)mm->chosen.lifetime_s * 1000;
	uint64_t margin = life_ms / 10 + life_ms / 20 * mm->icookie[0] / 256;

	if (mm->initiator)
		timer_arm(&e->timers, &mm->v1->rekey_timer,
		    mm->created_ms + life_ms - margin, rekey_due, mm);
}

void
v1_rekey_now(struct engine *e, struct mm_sa *mm)
{
	if (mm->initiator)
		timer_arm(
		    &e->timers, &mm->v1->rekey_timer, e->now_ms, rekey_due, mm);
}

bool
v1_same_peer(const struct mm_sa *a, const struct mm_sa *b)
{
	return a->v1 != NULL && b->v1 != NULL &&
	       address_equal(&a->remote.addr, &b->remote.addr) &&
	       address_equal(&a->local.addr, &b->local.addr) &&
	       nat_is_same_peer(a, b) &&
	       strcmp(gss_peer_name(a), gss_peer_name(b)) == 0;
}

/* Pairs that outlived their main mode. */
static void
adopt_orphans(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm;

	for (qm = sadb_qm_first(e, &mm->remote.addr); qm != NULL;
	     qm = LIST_NEXT(qm, peer_link))
		if (qm->is_v1 && qm->mm == NULL && !qm->udp &&
		    address_equal(&qm->selector.remote.addr, &mm->remote.addr) &&
		    address_equal(&qm->selector.local.addr, &mm->local.addr) &&
		    strcmp(blob_text(&qm->peer_name), gss_peer_name(mm)) == 0) {
			LIST_INSERT_HEAD(&mm->quick_modes, qm, mm_link);
			qm->mm = mm;
			qm->mm_id = mm->id;
		}
}

static void
adopt_from(struct mm_sa *old, struct mm_sa *mm)
{
	struct qm_sa *qm, *next;

	for (qm = LIST_FIRST(&old->quick_modes); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, mm_link);
		if (qm_is_usable(qm))
			sadb_qm_move(qm, mm);
	}
}

static void
retire(struct engine *e, struct mm_sa *old)
{
	old->expired = true;
	if (old->lifetime.at_ms > e->now_ms + OLD_GRACE_MS)
		timer_arm(&e->timers, &old->lifetime, e->now_ms + OLD_GRACE_MS,
		    old->lifetime.fire, old);
}

/*
 * Of main modes that both sides began at once both stay, but the last one has all pairs:
 * strongSwan, too, gives them to it, and finds there alone what a Delete names.
 */
void
v1_rekey_adopt(struct engine *e, struct mm_sa *mm)
{
	struct mm_sa *old;

	for (old = sadb_mm_first(e, &mm->remote.addr); old != NULL;
	     old = LIST_NEXT(old, peer_link)) {
		if (old == mm || old->state != MM_ESTABLISHED || !v1_same_peer(old, mm))
			continue;
		adopt_from(old, mm);
		if (old->established_ms < mm->created_ms)
			retire(e, old);
	}
	adopt_orphans(e, mm);
}

static struct qm_sa *
find_stale(struct engine *e, const struct mm_sa *mm)
{
	struct qm_sa *qm;

	for (qm = sadb_qm_first(e, &mm->remote.addr); qm != NULL;
	     qm = LIST_NEXT(qm, peer_link))
		if (qm->is_v1 && qm_is_usable(qm) && qm->usable_ms < mm->created_ms &&
		    address_equal(&qm->selector.remote.addr, &mm->remote.addr) &&
		    address_equal(&qm->selector.local.addr, &mm->local.addr) &&
		    (qm->mm == mm || (qm->mm == NULL && !qm->udp)))
			return qm;
	return NULL;
}

void
v1_rekey_forget(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm;

	mm_drop_older(e, mm);
	while ((qm = find_stale(e, mm)) != NULL)
		qm_delete(e, qm, IKE_ERR_STALE, false);
}
