/* NAT traversal (nat.c). Internal to ike/. */
#ifndef AUTHIPD_IKE_NAT_H
#define AUTHIPD_IKE_NAT_H

#include "ike/state.h"

/* False: no NAT traversal with this peer. */
bool nat_is_possible(const struct engine *e, const struct mm_sa *mm);
void nat_write_natd(struct engine *e, const struct mm_sa *mm, enum hash_id hash);
void nat_read_natd(struct mm_sa *mm, const struct message *m);
/* Initiator, after M2: to nat_port if there is a NAT. */
void nat_float(struct engine *e, struct mm_sa *mm);
/* The message in e->in is authentic and fresh: answers go where it came from. */
void nat_follow(struct engine *e, struct mm_sa *mm);
/* The same for one that came between these, once it was proved. */
void nat_follow_to(struct engine *e, struct mm_sa *mm, const struct endpoint *local,
    const struct endpoint *remote);
/* With the same remote address: is it one host, or two behind one NAT? */
bool nat_is_same_peer(const struct mm_sa *a, const struct mm_sa *b);
/* May the peer's ID say id where we see outer (A49)? behind_nat: whoever it names is. */
bool nat_id_fits(const struct mm_sa *mm, const struct address *id,
    const struct address *outer, bool behind_nat);
void nat_write_oa(struct engine *e, const struct qm_sa *qm);
/* Fills qm->peer: name and own address. The address alone is only the peer's word. */
void nat_name_peer(struct qm_sa *qm);
/* With equal selectors: do they belong to two hosts behind one NAT? */
bool nat_are_neighbours(const struct qm_sa *a, const struct qm_sa *b);
/* The peer's own address: NAT-OA, else its ID. */
enum ike_err nat_read_oa(struct engine *e, struct qm_sa *qm, const struct address *id);

#endif
