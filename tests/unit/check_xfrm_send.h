/* The rig of the tests of pairs, and their cases. */
#ifndef AUTHIPD_TESTS_CHECK_XFRM_SEND_H
#define AUTHIPD_TESTS_CHECK_XFRM_SEND_H

#include <check.h>

#include "daemon/xfrm_state.h"
#include "tests/unit/xfrm_stubs.h"

#define CLASS_RULE 4 /* a rule that requests */

extern struct xfrm *x;
extern size_t n_told;	 /* flows in clear because of a NAT */
extern uint32_t expired; /* bits of quick modes that the negotiator is to make anew */
extern bool kernel_refuses; /* policies */

struct flow flow_of(uint8_t protocol, uint16_t local_port, uint16_t remote_port);
/* The server's side of a pair of CLASS_DEFAULT. */
struct action_sa_add pair_of(uint32_t id, const struct flow *selector, bool guaranteed);
void pair_install(struct action_sa_add a);
void pair_add(uint32_t id, const struct flow *selector, bool guaranteed);
/* Has the kernel its states? */
bool sends(uint32_t id);
bool receives(uint32_t id);
/* The policies of exactly this traffic, out and in; NULL: none. */
const struct xfrm_rule *policy_for(const struct flow *selector);
const struct xfrm_rule *gate_for(const struct flow *selector);
/* A socket of this host has it. class_id: its mark. */
struct sockdiag_entry *connection(const struct flow *f, uint32_t class_id);
/* So much time goes by. */
void ticks(uint64_t ms);

void xfrm_guarantee_cases(TCase *t);
void xfrm_boundary_cases(TCase *t);
void xfrm_narrow_cases(TCase *t);

#endif
