/*
 * A quick mode for one connection. Usually one pair serves all connections to a port of a
 * peer. The peer tells pairs apart by their selectors, which is not enough where two of them
 * look the same to it: pairs of two classes of ours (two users, say), and pairs of two hosts
 * behind one NAT. There the port of the connection goes into the selector.
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

#endif
