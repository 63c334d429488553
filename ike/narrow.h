/*
 * A quick mode for one connection. Usually one pair serves all connections to a port of a
 * peer. The peer tells pairs apart by their selectors, which is not enough where two of them
 * look the same to it: pairs of two classes of ours (two users, say), also where that of one
 * has ended while its connections live, and pairs of two hosts behind one NAT. There the port of
 * the connection goes into the selector.
 */
#ifndef AUTHIPD_IKE_NARROW_H
#define AUTHIPD_IKE_NARROW_H

#include "ike/state.h"

/* So many pairs of one class and peer; then it is one for all connections again. */
#define NARROW_MAX 256

/*
 * We are about to begin it: puts the port of the flow that asked into the selector, if the
 * knob selector_port says so, and the port is known. Who waits for another flow gets a quick
 * mode of its own.
 */
void narrow_begin(struct engine *e, struct qm_sa *qm);
/*
 * The pair ends. Without it, what the peer has to say next would go by the pair that looks like
 * it, or nowhere through a NAT: shall there be another one while its connection lives? Whoever
 * made the first one sees to that.
 */
bool narrow_is_renewed(struct engine *e, const struct qm_sa *qm, enum ike_err why);

#endif
