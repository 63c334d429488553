/*
 * NAT traversal (RFC 3947; spec authip.md 2.13, 2.14, A49 to A51, A92): NAT-D finds a NAT,
 * the initiator moves to port 4500 with its first message after M2, ESP goes in UDP.
 */
#include <string.h>

#include "ike/nat.h"
#include "ike/v1.h"

/* IPv4 only (MS-AIPS 3.2.4). */
bool
nat_is_possible(const struct engine *e, const struct mm_sa *mm)
{
	return e->p.nat_port != 0 && mm->remote.addr.family == 4;
}

/* Destination first, then source (RFC 3947 3.2). */
void
nat_write_natd(struct engine *e, const struct mm_sa *mm, enum hash_id hash)
{
	const struct endpoint *end[2] = { &mm->remote, &mm->local };
	uint8_t digest[HASH_MAX_BYTES];

	if (!nat_is_possible(e, mm) ||
	    (mm->v1 == NULL && mm->dialect->natd_hash == NATD_HASH_OMIT))
		return;
	for (int i = 0; i < 2; i++) {
		if (!pld_natd_compute(hash, mm->icookie, e->out->h.rcookie, end[i], digest))
			return;
		build_payload(e->out, (enum ike_payload_type)v1_natd_type(mm));
		writer_bytes(&e->out->w, span_of(digest, hash_len_bytes(hash)));
		build_end(e->out);
	}
}

/* The hash of a received NAT-D is told by its length (A50). */
static enum hash_id
natd_hash_of(size_t n)
{
	static const enum hash_id id[] = { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384 };

	for (size_t i = 0; i < sizeof(id) / sizeof(id[0]); i++)
		if (hash_len_bytes(id[i]) == n)
			return id[i];
	return HASH_NONE;
}

static bool
natd_matches(const struct mm_sa *mm, const struct message *m, const struct payload *p,
    const struct endpoint *end)
{
	/* M1 that shows a cookie was hashed before there was one. */
	static const uint8_t none[COOKIE_BYTES];
	const uint8_t *rcookie[2] = { m->h.rcookie, none };
	enum hash_id hash = natd_hash_of(p->body.n);
	uint8_t digest[HASH_MAX_BYTES];

	for (int i = 0; i < (mm->initiator ? 1 : 2); i++)
		if (hash != HASH_NONE &&
		    pld_natd_compute(hash, m->h.icookie, rcookie[i], end, digest) &&
		    memcmp(digest, p->body.p, p->body.n) == 0)
			return true;
	return false;
}

void
nat_read_natd(struct mm_sa *mm, const struct message *m)
{
	const struct payload *p = message_find(m, PAYLOAD_NATD, 0);

	if (p == NULL)
		return;
	/* The first is our address as the peer sees it, the others are the peer's own. */
	mm->nat_local = !natd_matches(mm, m, p, &mm->local);
	mm->nat_remote = true;
	for (size_t i = 1; (p = message_find(m, PAYLOAD_NATD, i)) != NULL; i++)
		if (natd_matches(mm, m, p, &mm->remote))
			mm->nat_remote = false;
	mm->nat_detected = mm->nat_local || mm->nat_remote;
}

void
nat_float(struct engine *e, struct mm_sa *mm)
{
	if (!mm->nat_detected || !nat_is_possible(e, mm))
		return;
	mm->floated = true;
	mm->local.port = mm->remote.port = e->p.nat_port;
}

/* Our SAs go to the peer's new end. */
static void
nat_move(struct engine *e, struct mm_sa *mm, const struct endpoint *to)
{
	struct engine_action *a;
	const struct qm_sa *qm;

	if (address_equal(&to->addr, &mm->remote.addr) && to->port == mm->remote.port)
		return;
	if (!address_equal(&to->addr, &mm->remote.addr) && !(mm->nat_remote && mm->floated))
		return;
	sadb_mm_set_remote(e, mm, to);
	LIST_FOREACH (qm, &mm->quick_modes, mm_link) {
		if (!qm->udp || (!qm->in_installed && !qm->out_installed) ||
		    (a = action_push(e, ACTION_SA_MOVE, SPAN_NONE)) == NULL)
			continue;
		a->sa_move.qm_id = qm->id;
		a->sa_move.remote = *to;
	}
}

void
nat_follow_to(struct engine *e, struct mm_sa *mm, const struct endpoint *local,
    const struct endpoint *remote)
{
	bool on_nat_port = nat_is_possible(e, mm) && local->port == e->p.nat_port;

	if (mm->floated && !on_nat_port)
		return; /* there is no way back */
	if (on_nat_port && !mm->floated && !mm->initiator) {
		mm->floated = true;
		mm->local.port = local->port;
		/* The peer saw a NAT that we did not: it may be anywhere. */
		if (!mm->nat_detected)
			mm->nat_detected = mm->nat_local = mm->nat_remote = true;
	}
	nat_move(e, mm, remote);
}

void
nat_follow(struct engine *e, struct mm_sa *mm)
{
	nat_follow_to(e, mm, e->in_local, e->in_remote);
}

bool
nat_is_same_peer(const struct mm_sa *a, const struct mm_sa *b)
{
	if (!a->nat_remote && !b->nat_remote)
		return true;
	return address_equal(&a->peer_inner, &b->peer_inner) &&
	    strcmp(gss_peer_name(a), gss_peer_name(b)) == 0;
}

bool
nat_id_fits(const struct mm_sa *mm, const struct address *id,
    const struct address *outer, bool behind_nat)
{
	if (address_equal(id, outer))
		return true;
	switch (mm->dialect->id_match) {
	case ID_MATCH_LOOSE:
		return true;
	case ID_MATCH_NAT:
		return mm->floated && behind_nat && id->family == outer->family;
	default:
		return false;
	}
}

static bool
nat_wants_oa(const struct mm_sa *mm)
{
	if (mm->v1 != NULL) /* it wants it of both (RFC 3947 5.2) */
		return true;
	switch (mm->dialect->natoa) {
	case NATOA_ALWAYS:
		return true;
	case NATOA_NEVER:
		return false;
	default:
		return mm->nat_local;
	}
}

/* NAT-OAi, then NAT-OAr, from whoever is behind a NAT (A51). */
void
nat_write_oa(struct engine *e, const struct qm_sa *qm)
{
	const struct mm_sa *mm = qm->mm;
	const struct address *end[2] = { &qm->selector.local.addr, &qm->selector.remote.addr };

	if (!qm->udp || !nat_wants_oa(mm))
		return;
	for (int i = 0; i < 2; i++) {
		build_payload(e->out, (enum ike_payload_type)v1_natoa_type(mm));
		pld_natoa_encode(&e->out->w, end[qm->initiator ? i : 1 - i]);
		build_end(e->out);
	}
}

enum ike_err
nat_read_oa(struct engine *e, struct qm_sa *qm, const struct address *id)
{
	const struct payload *p;

	qm->peer_inner = *id;
	for (size_t i = 0; (p = message_find(&e->in, PAYLOAD_NATOA, i)) != NULL; i++) {
		struct address a;

		if (pld_natoa_decode(p->body, &a) != IKE_OK)
			return IKE_ERR_ID;
		if (i == (qm->initiator ? 1 : 0) && a.family == qm->selector.remote.addr.family)
			qm->peer_inner = a;
	}
	qm->mm->peer_inner = qm->peer_inner;
	return IKE_OK;
}

void
nat_name_peer(struct qm_sa *qm)
{
	const char *name = gss_peer_name(qm->mm);
	struct span part[2] = { SPAN_ARRAY(qm->peer_inner.b), span_of(name, strlen(name)) };
	uint8_t full[HASH_MAX_BYTES] = { 0 };

	hash_digest(HASH_SHA256, part, 2, full);
	memcpy(qm->peer, full, sizeof(qm->peer));
}

bool
nat_are_neighbours(const struct qm_sa *a, const struct qm_sa *b)
{
	static const uint8_t none[DIGEST_BYTES];

	if (!a->udp || !b->udp)
		return false;
	if (memcmp(a->peer, none, DIGEST_BYTES) != 0 && memcmp(b->peer, none, DIGEST_BYTES) != 0)
		return memcmp(a->peer, b->peer, DIGEST_BYTES) != 0;
	return a->peer_inner.family != 0 && b->peer_inner.family != 0 &&
	    !address_equal(&a->peer_inner, &b->peer_inner);
}

void
engine_peer_moved(struct engine *e, uint64_t now_ms, uint32_t qm_id,
    const struct endpoint *remote)
{
	struct qm_sa *qm = sadb_qm_by_id(e, qm_id);

	if (now_ms > e->now_ms)
		e->now_ms = now_ms;
	if (qm != NULL && qm->mm != NULL && qm->mm->floated)
		nat_move(e, qm->mm, remote);
}
