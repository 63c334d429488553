/* Quick modes on request, and new pairs for old ones. Internal to ike/. */
#ifndef AUTHIPD_IKE_REKEY_H
#define AUTHIPD_IKE_REKEY_H

#include "ike/state.h"

/* ---- acquire.c: quick modes on request --------------------------------------------------- */

/* A quick mode that waits for a main mode, ours or a new one; NULL: no memory. */
struct qm_sa *acquire_new(struct engine *e, const struct class_policy *policy,
    const struct flow *selector);
/* The answer to a ticket that gets no quick mode. */
void acquire_refuse(struct engine *e, uint64_t ticket, enum ike_err err);
/* Starts it, if the main mode is ready; it may fail at once and be freed. */
void acquire_go(struct engine *e, struct mm_sa *mm);
/* Does a main mode of ours take a quick mode for this traffic? */
bool acquire_has_mm(struct engine *e, const struct class_policy *policy,
    const struct flow *selector);

/* ---- rekey.c: new pairs for old ones ------------------------------------------------------- */

void rekey_set_limits(const struct qm_sa *qm, struct action_sa_add *a);
/* The pair is near its end and carries traffic. */
void rekey_start(struct engine *e, struct qm_sa *qm);
/*
 * The peer may not know the main mode of this quick mode of ours any more, which takes no others
 * now: who waits for it waits for another one, of another main mode. Not without end. This one
 * stays: the peer may have answered, and use what it has.
 */
void rekey_afresh(struct engine *e, struct qm_sa *qm);
/* It has its answer after all: who went to others comes back. */
void rekey_was_late(struct engine *e, struct qm_sa *qm);
/* A quick mode begins: which pair does it follow? */
void rekey_begun(struct engine *e, struct qm_sa *qm);
/* The pair became usable: older ones of the same traffic get their end. */
void rekey_replace(struct engine *e, struct qm_sa *qm);
/* Is there another usable pair for its traffic? */
bool rekey_has_other(struct engine *e, const struct qm_sa *qm);
/* The traffic that an ACQUIRE in e->in wants keys for, as we see it. */
bool rekey_read_acquire(struct engine *e, const struct mm_sa *mm, struct flow *f);
/* The peer asks for it. */
void rekey_asked(struct engine *e, struct mm_sa *mm, const struct flow *f, uint32_t flags);

#endif
