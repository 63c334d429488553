/*
 * New pairs for old ones (MS-AIPS 3.1.6.5, 3.4.7.4; spec authip.md 1.7, 4.2, A69, A70, A81).
 *
 * The plane says when a pair is near its end and carries traffic. Whoever negotiated the
 * pair negotiates the next one, on the same main mode or on a new one; the other side has
 * its soft limit later, and then asks by ACQUIRE. The new pair sends as soon as it exists;
 * the old one still receives for a while.
 */
#include "ike/nat.h"
#include "ike/rekey.h"

#define MARGIN_MS 90000 /* all transmissions of a quick mode, and some patience */
#define AT_ONCE_MS MARGIN_MS
#define AFRESH_MAX 2

/* A random part that is the same for both directions: not all pairs at once. */
static uint64_t
with_jitter(const struct qm_sa *qm, uint64_t margin)
{
	return margin + margin / 1024 * (qm->spi_in % 256);
}

void
rekey_set_limits(const struct qm_sa *qm, struct action_sa_add *a)
{
	uint64_t life_ms = (uint64_t)a->lifetime_s * 1000, margin = life_ms / 10;
	uint64_t bytes = with_jitter(qm, a->lifetime_bytes / 8);

	if (margin < MARGIN_MS)
		margin = life_ms / 4 < MARGIN_MS ? life_ms / 4 : MARGIN_MS;
	margin = with_jitter(qm, margin);
	a->soft_ms = life_ms - (qm->initiator ? margin : margin / 2);
	a->soft_bytes = a->lifetime_bytes - (qm->initiator ? bytes : bytes / 2);
}

static bool
is_same_traffic(const struct qm_sa *a, const struct qm_sa *b)
{
	return a != b && a->policy.class_id == b->policy.class_id &&
	       flow_equal(&a->selector, &b->selector) && !nat_are_neighbours(a, b);
}

static bool
guarantees(const struct qm_sa *qm)
{
	return qm->guaranteed_encryption || qm->policy.guarantee_encryption;
}

/*
 * Can qm carry the traffic of old? Pairs that guarantee encryption and pairs that do not
 * live beside each other: they may be of two classes of the peer, which sees one here.
 */
static bool
is_successor(const struct qm_sa *qm, const struct qm_sa *old)
{
	return is_same_traffic(qm, old) && guarantees(qm) == guarantees(old);
}

bool
rekey_has_other(struct engine *e, const struct qm_sa *qm)
{
	const struct qm_sa *other;

	for (other = sadb_qm_first(e, &qm->selector.remote.addr); other != NULL;
	     other = LIST_NEXT(other, peer_link))
		if (is_successor(other, qm) && qm_is_usable(other))
			return true;
	return false;
}

/* Started by us or by the peer. */
static bool
rekey_is_running(struct engine *e, const struct qm_sa *qm)
{
	const struct qm_sa *other;

	for (other = sadb_qm_first(e, &qm->selector.remote.addr); other != NULL;
	     other = LIST_NEXT(other, peer_link))
		if (is_successor(other, qm) && !qm_is_usable(other))
			return true;
	return false;
}

void
rekey_begun(struct engine *e, struct qm_sa *qm)
{
	const struct qm_sa *old;

	for (old = sadb_qm_first(e, &qm->selector.remote.addr); old != NULL;
	     old = LIST_NEXT(old, peer_link))
		if (is_successor(qm, old) && qm_is_usable(old) &&
		    old->id > qm->rekeyed_from) {
			qm->rekeyed_from = old->id;
			qm->n_rekeys = old->n_rekeys + 1;
			qm->is_kept = qm->is_kept || old->is_kept;
		}
}

/*
 * Only what was usable before the new pair was begun: of two that were negotiated at the
 * same time, one by each side, both stay. The sides may disagree about what was at the same
 * time: so the end of a pair is told before it comes (qm_common.c).
 */
void
rekey_replace(struct engine *e, struct qm_sa *qm)
{
	struct qm_sa *old;

	qm->usable_ms = e->now_ms;
	qm->usable_after = e->next_qm_id;
	for (old = sadb_qm_first(e, &qm->selector.remote.addr); old != NULL;
	     old = LIST_NEXT(old, peer_link)) {
		if (!is_successor(qm, old) || !qm_is_usable(old) ||
		    old->usable_after >= qm->id)
			continue;
		if (qm->created_ms < old->usable_ms + AT_ONCE_MS)
			old->is_contested = true;
		if (!old->is_replaced)
			qm_arm_grace(e, old);
		old->is_replaced = true;
	}
}

/* A main mode that the peer has with us, to ask it. */
static struct mm_sa *
rekey_channel(struct engine *e, const struct qm_sa *qm)
{
	struct mm_sa *mm;

	for (mm = sadb_mm_first(e, &qm->selector.remote.addr); mm != NULL;
	     mm = LIST_NEXT(mm, peer_link))
		if (mm->v1 == NULL && mm->state == MM_ESTABLISHED && !mm->expired &&
		    (!mm_needs_em(mm) || mm->keys.has_em) &&
		    address_equal(&mm->remote.addr, &qm->selector.remote.addr) &&
		    address_equal(&mm->local.addr, &qm->selector.local.addr) &&
		    (!qm->udp || address_equal(&mm->peer_inner, &qm->peer_inner)))
			return mm;
	return NULL;
}

static void
rekey_negotiate(
    struct engine *e, const struct class_policy *policy, const struct flow *selector)
{
	struct qm_sa *qm = acquire_new(e, policy, selector);

	if (qm == NULL)
		e->error_count[IKE_ERR_NO_MEMORY]++;
	else
		acquire_go(e, qm->mm);
}

static void
move_tickets(struct qm_sa *from, struct qm_sa *to)
{
	struct ticket *t;

	while ((t = SLIST_FIRST(&from->tickets)) != NULL) {
		SLIST_REMOVE_HEAD(&from->tickets, next);
		SLIST_INSERT_HEAD(&to->tickets, t, next);
	}
}

void
rekey_afresh(struct engine *e, struct qm_sa *qm)
{
	struct qm_sa *again;

	if (e->shutting_down || qm->state > QM_INIT_FIRST_SENT || qm->n_afresh >= AFRESH_MAX ||
	    (again = acquire_new(e, &qm->policy, &qm->selector)) == NULL)
		return;
	qm->is_doubted = true;
	again->n_afresh = qm->n_afresh + 1;
	again->is_shared = qm->is_shared;
	again->is_kept = again->is_kept || qm->is_kept;
	move_tickets(qm, again);
	acquire_go(e, again->mm);
}

void
rekey_was_late(struct engine *e, struct qm_sa *qm)
{
	struct qm_sa *other;

	for (other = sadb_qm_first(e, &qm->selector.remote.addr); other != NULL;
	     other = LIST_NEXT(other, peer_link))
		if (is_successor(other, qm) && !qm_is_usable(other) && other->n_afresh > 0)
			move_tickets(other, qm);
}

void
rekey_start(struct engine *e, struct qm_sa *qm)
{
	/* A NAT, too, lets only one side begin. */
	bool one_way = qm->policy.policy->n_em_auth > 0 || qm->udp;
	struct class_policy policy = qm->policy;
	struct mm_sa *mm = NULL;

	policy.guarantee_encryption |= qm->guaranteed_encryption;
	if (e->shutting_down || qm->is_replaced || !qm_is_usable(qm) ||
	    rekey_is_running(e, qm))
		return;
	/* IKEv1 has no ACQUIRE: through a NAT its initiator alone begins (spec 6.11). */
	if (qm->is_v1 && qm->udp && !qm->initiator)
		return;
	/* Who was proved in one direction cannot start in the other (A70). */
	if (!qm->is_v1 && !qm->initiator && one_way &&
	    !acquire_has_mm(e, &qm->policy, &qm->selector))
		mm = rekey_channel(e, qm);
	if (mm == NULL)
		rekey_negotiate(e, &policy, &qm->selector);
	else if (mm->n_notify == 0) /* else later: the plane says it again */
		notify_acquire(e, mm, qm);
}

/* ---- ACQUIRE of the peer ---- */

static bool
acquire_id(struct engine *e, size_t at, struct endpoint *end, uint8_t *protocol)
{
	struct pld_id id;

	if (at >= e->in.n_payload || e->in.payload[at].type != PAYLOAD_ID ||
	    pld_id_decode(e->in.payload[at].body, &id) != IKE_OK ||
	    !pld_id_to_endpoint(&id, end))
		return false;
	*protocol = id.protocol;
	return true;
}

/* Two IDs right behind the notify (MS-AIPS 2.2.3.5), in either order (A69). */
bool
rekey_read_acquire(struct engine *e, const struct mm_sa *mm, struct flow *f)
{
	struct endpoint swap;
	uint8_t protocol;
	size_t at = 0;

	while (at < e->in.n_payload && e->in.payload[at].type != PAYLOAD_NOTIFY)
		at++;
	if (!acquire_id(e, at + 1, &f->local, &f->protocol) ||
	    !acquire_id(e, at + 2, &f->remote, &protocol) || protocol != f->protocol)
		return false;
	if (!address_equal(&f->local.addr, &mm->local.addr)) {
		swap = f->local;
		f->local = f->remote;
		f->remote = swap;
	}
	return address_equal(&f->local.addr, &mm->local.addr) &&
	       address_equal(&f->remote.addr, &mm->remote.addr);
}

/* The newest pair with this selector, made or being made. */
static struct qm_sa *
rekey_find(struct engine *e, const struct flow *f)
{
	struct qm_sa *qm, *newest = NULL;

	for (qm = sadb_qm_first(e, &f->remote.addr); qm != NULL;
	     qm = LIST_NEXT(qm, peer_link))
		if (flow_equal(&qm->selector, f) &&
		    (newest == NULL || qm->id > newest->id))
			newest = qm;
	return newest;
}

void
rekey_asked(struct engine *e, struct mm_sa *mm, const struct flow *f, uint32_t flags)
{
	struct qm_sa *qm = rekey_find(e, f);
	struct class_policy policy;
	uint32_t ge = flags & ACQUIRE_GUARANTEE_ENCRYPTION;

	if (e->shutting_down || (mm_needs_em(mm) && !mm->keys.has_em))
		return; /* the peer is nobody yet */
	/* It may have asked before it saw the new one. */
	if (qm != NULL &&
	    (!qm_is_usable(qm) || rekey_is_running(e, qm) ||
		e->now_ms < qm->usable_ms + e->p.dialect.rekey_grace_s * 1000u / 2))
		return;
	if (qm != NULL)
		policy = qm->policy;
	else if (!e->p.host.qm_policy(e->p.host.ctx, f, &policy))
		return;
	policy.guarantee_encryption = policy.guarantee_encryption || ge != 0;
	rekey_negotiate(e, &policy, f);
}
