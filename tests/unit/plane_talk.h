/* What happens to flows that may be clear, and what the plane says of them. */
#ifndef AUTHIPD_TESTS_PLANE_TALK_H
#define AUTHIPD_TESTS_PLANE_TALK_H

#include "tests/unit/check_plane.h"

#define CLEAR CLASS_INSECURE

/* The negotiation of a flow ended so. */
void flow_done(const struct flow *f, enum ike_err error);
void flow_pair(uint32_t qm_id, const struct flow *f, bool guarantees, bool boundary_behind_nat);
void flow_owner(const struct flow *f, uint32_t class_id);
void clear_arrives(const struct flow *f, uint8_t mark);
void sealed_arrives(uint32_t qm_id, const struct flow *f, uint8_t mark);
/* The class waits for its negotiations: `negotiation_discovery = off`. */
void class_waits(void);
/* The packet that was sent last is this one, in clear. */
bool last_is_clear(uint8_t mark);
/* The mark of the next packet that programs got, -1: none. */
int delivered(void);
/* Messages until there are none; how many of them were of this type. */
size_t heard(uint16_t type);

#endif
