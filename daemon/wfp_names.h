/* What algorithms are called by Windows, by us, and in the other direction. */
#ifndef AUTHIPD_DAEMON_WFP_NAMES_H
#define AUTHIPD_DAEMON_WFP_NAMES_H

#include "config/policy.h"
#include "daemon/wfp_state.h"

/* False: Windows has it, this daemon does not. */
bool wfp_mm_cipher(uint32_t ike_cipher, enum cipher_id *out);
bool wfp_mm_hash(uint32_t ike_integrity, enum hash_id *out);
bool wfp_mm_group(uint32_t ike_group, enum dh_group *out);
/* main_mode: the group of IPSEC_PFS_MM. */
bool wfp_pfs_group(uint32_t pfs, enum dh_group main_mode, enum dh_group *out);
/* The method of AuthIP, or that of IKEv1 with this name; false also if it is of the other. */
bool wfp_method(uint32_t ike_method, bool of_ikev1, enum auth_method *out);
/* Algorithms of transforms; a GCM or GMAC sets the cipher and leaves no hash. */
bool wfp_qm_auth(const IPSEC_AUTH_TRANSFORM_ID0 *t, struct qm_proposal *out);
bool wfp_qm_cipher(const IPSEC_CIPHER_TRANSFORM_ID0 *t, struct qm_proposal *out);

IKEEXT_PROPOSAL0 wfp_ike_proposal_of(
    enum cipher_id cipher, enum hash_id hash, enum dh_group group, uint32_t lifetime_s);
uint32_t wfp_method_of(uint32_t method);
uint32_t wfp_pfs_of(enum dh_group group);
IPSEC_AUTH_TRANSFORM_ID0 wfp_auth_of(const struct qm_proposal *p);
IPSEC_CIPHER_TRANSFORM_ID0 wfp_cipher_of(const struct qm_proposal *p);
IPSEC_TRANSFORM_TYPE wfp_transform_of(const struct qm_proposal *p);

#endif
