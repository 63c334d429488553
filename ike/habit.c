/* Habits of peers. */
#include "ike/habit.h"

#include <string.h>

#include "ike/tongue.h"

static void
habits_merge(struct habits *to, const struct habits *from)
{
#define X(knob)               \
	if (from->knob != 0)  \
		to->knob = from->knob;
	HABIT_KNOBS(X)
#undef X
}

static bool
offers_only_gss(const struct message *m)
{
	struct pld_auth list;

	if (pld_auth_decode(message_find(m, PAYLOAD_AUTH, 0)->body, &list) != IKE_OK)
		return false;
	for (size_t i = 0; i < list.n; i++)
		if (proposal_method_needs_dh(list.method[i]))
			return false;
	return list.n > 0;
}

/* Its transforms alone are looked at: all are of one hand. */
static void
habit_of_offer(const struct pld_transform *t, bool only_gss, bool has_ke, struct habits *h)
{
	h->mm_auth_attr =
	    1 + (t->has_auth_method ? MM_AUTH_ATTR_INCLUDE : MM_AUTH_ATTR_OMIT);
	if (!only_gss)
		return;
	h->mm_dh_with_gss = 1 + (has_ke ? MM_DH_WITH_GSS_ALWAYS : MM_DH_WITH_GSS_AUTO);
	if (!has_ke)
		h->mm_dh_none = 1 + (t->has_group ? MM_DH_NONE_ZERO : MM_DH_NONE_ABSENT);
}

void
habit_of_m1(struct engine *e, struct mm_sa *mm)
{
	const struct payload *natd = message_find(&e->in, PAYLOAD_NATD, 0);
	struct habits *h = &mm->habits;

	if (natd != NULL && natd->body.n == hash_len_bytes(HASH_SHA1))
		h->natd_hash = 1 + NATD_HASH_SHA1;
	else if (natd != NULL && natd->body.n == hash_len_bytes(HASH_SHA256))
		h->natd_hash = 1 + NATD_HASH_SHA256;
	if (e->sa_in.n_proposal > 0 && e->sa_in.proposal[0].n_transform > 0)
		habit_of_offer(&e->sa_in.proposal[0].transform[0], offers_only_gss(&e->in),
		    message_find(&e->in, PAYLOAD_KE, 0) != NULL, h);
}

void
habit_of_q1(struct mm_sa *mm, uint32_t message_id)
{
	mm->habits.qm1_mid = 1 + (message_id == 0 ? QM1_MID_ZERO : QM1_MID_RANDOM);
}

void
habit_of_sync(struct engine *e, struct mm_sa *mm, uint8_t exchange)
{
	mm->habits.sync_exchange =
	    1 + (exchange == EXCHANGE_MM ? SYNC_EXCHANGE_243 : SYNC_EXCHANGE_244);
	habit_learned(e, mm);
}

void
habit_learned(struct engine *e, struct mm_sa *mm)
{
	struct peer *p;

	if (mm->initiator || !mm->may_probe)
		return;
	habits_merge(&e->tongue.habits, &mm->habits);
	if ((p = peer_get(e, &mm->remote.addr)) != NULL)
		habits_merge(&p->habits, &mm->habits);
}

/*
 * Somebody unknown may be of the kind of whoever came last. What the configuration says is
 * stronger.
 */
const struct dialect *
habit_apply(struct engine *e, const struct mm_sa *mm, const struct dialect *d)
{
	static const struct habits none;
	const struct peer *p = peer_find(e, &mm->remote.addr);
	const struct habits *h =
	    p != NULL && memcmp(&p->habits, &none, sizeof(none)) != 0 ? &p->habits :
								      &e->tongue.habits;
	struct dialect with = *d;

#define X(knob)               \
	if (h->knob != 0 && e->p.dialect.knob == 0) \
		with.knob = (enum dialect_##knob)(h->knob - 1);
	HABIT_KNOBS(X)
#undef X
	return tongue_keep(e, &with);
}
