/*
 * What a peer that began chose where MS-AIPS leaves it to the sender of a message: we choose
 * the same when we begin. Of dialect = auto; only what an authentic peer did is kept.
 */
#ifndef AUTHIPD_IKE_HABIT_H
#define AUTHIPD_IKE_HABIT_H

#include "config/dialect.h"

struct engine;
struct mm_sa;

/* Knobs whose value the first messages of the other side show. */
#define HABIT_KNOBS(H)                                             \
	H(qm1_mid) H(sync_exchange) H(natd_hash) H(mm_auth_attr)   \
	H(mm_dh_none) H(mm_dh_with_gss)

#define HABIT_FIELD(knob) uint8_t knob; /* its value + 1; 0: not seen */
struct habits {
	HABIT_KNOBS(HABIT_FIELD)
};
#undef HABIT_FIELD

/* M1 in e->in and e->sa_in; nothing is proved yet. */
void habit_of_m1(struct engine *e, struct mm_sa *mm);
/* The first quick mode begins with this message ID. */
void habit_of_q1(struct mm_sa *mm, uint32_t message_id);
/* Its synchronize came in this exchange, authentic. */
void habit_of_sync(struct engine *e, struct mm_sa *mm, uint8_t exchange);
/* The peer is proved: what it did is remembered. */
void habit_learned(struct engine *e, struct mm_sa *mm);
/* For a main mode that we begin: the dialect with what the peer does; NULL: no memory. */
const struct dialect *habit_apply(
    struct engine *e, const struct mm_sa *mm, const struct dialect *d);

#endif
