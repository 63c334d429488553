/* AuthIP and IKEv1 beside each other (MS-AIPS 3.2.4, 3.3.5.2; spec authip.md 6.8). */
#include "ike/v1.h"

#define COEXIST_WINDOW_MS 60000
/* So many first messages of IKEv1 without one of AuthIP; less where none has to come. */
#define COEXIST_PATIENCE 3
#define COEXIST_PATIENCE_PSK 2

static void
twin_part(struct mm_sa *mm)
{
	if (mm->twin != NULL)
		mm->twin->twin = NULL;
	mm->twin = NULL;
}

static void
move_quick_modes(struct mm_sa *from, struct mm_sa *to)
{
	struct qm_sa *qm;

	while ((qm = LIST_FIRST(&from->quick_modes)) != NULL)
		sadb_qm_move(qm, to);
}

void
v1_twin_won(struct engine *e, struct mm_sa *mm)
{
	struct mm_sa *other = mm->twin;

	if (other == NULL)
		return;
	twin_part(mm);
	move_quick_modes(other, mm);
	sadb_mm_free(e, other);
}

bool
v1_twin_lost(struct engine *e, struct mm_sa *mm)
{
	struct mm_sa *other = mm->twin;

	if (other == NULL)
		return false;
	twin_part(mm);
	move_quick_modes(mm, other);
	sadb_mm_free(e, mm);
	return true;
}

void
v1_coexist_authip_seen(struct engine *e)
{
	struct peer *p;

	if (e->p.dialect.coexist_fallback == COEXIST_FALLBACK_OFF ||
	    (p = peer_get(e, &e->in_remote->addr)) == NULL)
		return;
	p->n_ikev1 = 0;
	p->authip_ms = e->now_ms;
	p->authip_seen = true;
}

static bool
announces_authip(const struct message *m)
{
	const struct payload *p;
	uint32_t number;

	for (size_t i = 0; (p = message_find(m, PAYLOAD_VID, i)) != NULL; i++) {
		enum ike_vendor v = pld_vendor_decode(p->body, &number);

		if (v == VENDOR_MAMIE_EXISTS || (v == VENDOR_KEY_MODS && number == 1))
			return true;
	}
	return false;
}

/*
 * AuthIP has no pre-shared keys: a Windows whose rule wants one begins IKEv1 alone, and announces
 * AuthIP all the same.
 */
static bool
offers_only_psk(struct engine *e)
{
	const struct pld_sa *sa = &e->sa_in;

	if (pld_sa_decode(message_find(&e->in, PAYLOAD_SA, 0)->body, false, &e->sa_in) != IKE_OK)
		return false;
	for (size_t i = 0; i < sa->n_proposal; i++)
		for (size_t k = 0; k < sa->proposal[i].n_transform; k++)
			if (AUTH_V1 + (uint32_t)sa->proposal[i].transform[k].auth_method !=
			    AUTH_V1_PSK)
				return false;
	return true;
}

bool
v1_coexist_discard(struct engine *e, const struct policy *policy)
{
	struct peer *p;

	if (policy->keying == KEYING_IKEV1 || !announces_authip(&e->in))
		return false;
	if (e->p.dialect.coexist_fallback == COEXIST_FALLBACK_OFF ||
	    (p = peer_get(e, &e->in_remote->addr)) == NULL)
		return true;
	if (p->n_ikev1 == 0 || e->now_ms - p->ikev1_ms > COEXIST_WINDOW_MS) {
		p->n_ikev1 = 0;
		p->ikev1_ms = e->now_ms;
	}
	p->n_ikev1++;
	if (p->authip_seen && e->now_ms - p->authip_ms <= COEXIST_WINDOW_MS)
		return true;
	return p->n_ikev1 < (offers_only_psk(e) ? COEXIST_PATIENCE_PSK : COEXIST_PATIENCE);
}
