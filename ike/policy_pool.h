/*
 * The policies that main modes and quick modes use. What the host lends is copied once and
 * shared, so that it may change or go while SAs still speak of it.
 */
#ifndef AUTHIPD_IKE_POLICY_POOL_H
#define AUTHIPD_IKE_POLICY_POOL_H

#include "ike/state.h"

/* c speaks of the engine's own copies from now on; false: no memory, c is empty. */
bool policy_hold(struct engine *e, struct class_policy *c);
/* Ends what policy_hold() began; c may be empty, and is afterwards. */
void policy_release(struct class_policy *c);
/*
 * Responder: a quick mode of class c comes on mm, which was negotiated before its class was
 * known. Is it good enough for c? From now on mm is for the peer that c names.
 */
enum ike_err policy_adopt(
    struct engine *e, struct mm_sa *mm, const struct class_policy *c);
/* Did main mode, and did or will extended mode, do what p demands? */
bool policy_mm_satisfies(const struct mm_sa *mm, const struct policy *p);
/* Do both want the same peer, and show the same credentials? */
bool policy_same_target(const struct class_policy *a, const struct class_policy *b);
/* May quick modes of b use a main mode that was negotiated for a? */
bool policy_same_peer(const struct class_policy *a, const struct class_policy *b);

#endif
