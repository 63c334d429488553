/*
 * The data plane in the kernel: XFRM states and policies, set by keeper. For the negotiator
 * it is what the plane role is, with the same messages over the same kind of channel
 * (daemon/proto.h). It trusts no field of them.
 *
 * Everything of ours in the kernel can be recognised: by the mark of a class, the reqids
 * from XFRM_REQID_FIRST on and the priorities from XFRM_PRIORITY_FIRST on. What others have
 * made is never touched.
 */
#ifndef AUTHIPD_DAEMON_XFRM_H
#define AUTHIPD_DAEMON_XFRM_H

#include <event2/event.h>

#include "config/config.h"
#include "daemon/proto.h"

#define XFRM_REQID_FIRST 0x41500000u /* of class 0, which does not exist */
#define XFRM_PRIORITY_FIRST 4150u
#define XFRM_SOCKET_POLICY_BYTES 512

struct xfrm; /* owned */

/*
 * nat_fd: the UDP socket of nat_port for keepalives, or -1; stays the caller's. NULL after
 * logging why.
 */
struct xfrm *xfrm_new(struct event_base *base, const struct config *c, int nat_fd);
/* Classes that are up stay blocked; xfrm_class_down() comes first. */
void xfrm_free(struct xfrm *x);
/* The negotiator's channel; fd is now ours. Replaces the former one. */
void xfrm_connect(struct xfrm *x, int fd);
/*
 * Installs the policies of a class: from then on nothing with its mark leaves in clear.
 * spec: NULL for a predefined one. False after logging why.
 */
bool xfrm_class_up(struct xfrm *x, uint32_t class_id, const struct class_spec *spec);
bool xfrm_class_is_up(const struct xfrm *x, uint32_t class_id);
/* keep: sockets of it are still open, and their traffic stays blocked. */
void xfrm_class_down(struct xfrm *x, uint32_t class_id, bool keep);
/*
 * The rules of the configuration, whose classes are up: these, in this order, and no others.
 * False after logging why.
 */
bool xfrm_rules_set(struct xfrm *x, const uint32_t *class_id, size_t n);
/*
 * Told of every flow that may not be clear any more (secured), and of those that are forgotten;
 * what it was told by an earlier daemon is put back by xfrm_secured_restore(), once the classes
 * are up.
 */
typedef void xfrm_secured_told(void *ctx, const struct proto_flow_secured *m, bool secured);
void xfrm_secured_watch(struct xfrm *x, xfrm_secured_told *told, void *ctx);
void xfrm_secured_restore(struct xfrm *x, const struct proto_flow_secured *m);
/* Only blocks. */
void xfrm_class_guard(struct xfrm *x, uint32_t class_id);
/*
 * What a socket of the class gets as IP_XFRM_POLICY (IPV6_XFRM_POLICY): protected packets
 * of its class come in, others do not. 0: the class may be clear.
 */
size_t xfrm_socket_policy(
    const struct xfrm *x, uint32_t class_id, uint8_t family, uint8_t *buf, size_t cap);

/* The same for our own sockets, in one direction: no policy counts for them. */
size_t xfrm_socket_exempt(uint8_t family, bool inbound, uint8_t *buf, size_t cap);

/*
 * Can this kernel do it? False with the reason. lacks: bits of the algorithms that it does not
 * have (daemon/xfrm_fit.h).
 */
bool xfrm_probe(uint32_t *lacks, char *why, size_t n);
/*
 * Removes all that is recognised as ours and not in use (NULL: nothing is). What is counted
 * begins then.
 */
void xfrm_leftovers_remove(const struct config *c, struct xfrm *in_use);

#endif
