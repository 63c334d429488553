/*
 * Dialect = auto (spec authip.md 8.0): which reading of the document a peer follows. As
 * responder the first encrypted message tells: candidates are tried on it, so many at most.
 * As initiator the next negotiation tries the next candidate. What worked is remembered.
 */
#ifndef AUTHIPD_IKE_TONGUE_H
#define AUTHIPD_IKE_TONGUE_H

#include "ike/state.h"

#define TONGUE_KEY_MAX 64  /* candidates for the key schedule */
#define TONGUE_HASH_MAX 16 /* and for the hashes of main mode */
#define TONGUE_KNOWN_MAX 64
#define TONGUE_PROBES_PER_S 20

/* d is about to be that of the configuration: main modes that there are keep the one before. */
void tongue_configure(struct engine *e, const struct dialect *d);
/* Which dialect a new main mode with this peer speaks; sets mm->may_probe. */
void tongue_begin(struct engine *e, struct mm_sa *mm);
/* Responder: the message in e->in fails its ICV. True: another dialect opens it, and mm has it. */
bool tongue_probe_keys(struct engine *e, struct mm_sa *mm);
/* Responder: same for Auth1, which came in body. */
bool tongue_probe_hash(struct engine *e, struct mm_sa *mm, struct span body);
/* Responder: same for Auth3. */
bool tongue_probe_em(struct engine *e, struct mm_sa *mm, struct span body);
/* Main mode (or extended mode) is proved: its dialect is that of the peer. */
void tongue_learned(struct engine *e, struct mm_sa *mm);
/* Initiator: the peer was silent to our keys, or refused our hash: try others next time. */
void tongue_failed(struct engine *e, struct mm_sa *mm, bool hash);
/* The engine's own copy of d, or that of the configuration. NULL: too many, or no memory. */
const struct dialect *tongue_keep(struct engine *e, const struct dialect *d);
/* Would it be worth keeping what is hashed? */
bool tongue_wants_log(const struct mm_sa *mm);

#endif
