/* What the protocol has and we decline (declined.c). Internal to ike/. */
#ifndef AUTHIPD_IKE_DECLINED_H
#define AUTHIPD_IKE_DECLINED_H

#include "ike/modes.h"

/* Counts it, and tells whoever reads events. */
void declined_note(struct engine *e, const struct mm_sa *mm, enum ike_err what);
/* NTLM in a list of methods that the policy does not have. */
void declined_methods(struct engine *e, const struct mm_sa *mm,
    const struct pld_auth *offered, const struct pld_auth *taken);
/* What Q1 asks for beyond its SA: e->in is that message. */
void declined_quick_mode(
    struct engine *e, const struct mm_sa *mm, const struct pld_sa *offered);

#endif
