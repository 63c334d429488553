/*
 * Proposals: what a policy offers, what it accepts of an offer, and both as text for log
 * lines. Pure functions between struct policy and decoded SA payloads.
 */
#ifndef AUTHIPD_IKE_PROPOSAL_H
#define AUTHIPD_IKE_PROPOSAL_H

#include "config/dialect.h"
#include "ike/payload.h"
#include "ike/text.h"

/* Without DH this method has no secret, or none that is good enough (MS-AIPS 1.7). */
bool proposal_method_needs_dh(uint16_t method);
/*
 * Which DH group attempt number n (from 0) of a strict initiator uses (A36); DH_NONE: no
 * DH (A35). False: no more attempts.
 */
bool proposal_mm_group(const struct policy *p, const struct dialect *d,
    uint32_t attempt, enum dh_group *group);
/* Main-mode offer of the proposals with this group; mixed: of all. */
void proposal_mm_offer(const struct policy *p, bool mixed, enum dh_group group,
    const struct dialect *d, struct pld_sa *out);
/*
 * The group of a KE payload in M1: the vendor ID's if present, else the common group of
 * all transforms, else by length among the offered (spec 7.2). DH_NONE: cannot be told.
 */
enum dh_group proposal_mm_ke_group(const struct pld_sa *offer, bool has_vendor,
    uint32_t vendor_group, size_t ke_len_bytes);
/* AUTHIP_INIT_KE_DH_GROUP number of a group. */
uint32_t proposal_vendor_group(enum dh_group g);
/*
 * First of our list that the offer contains and whose group is that of the KE, DH_NONE
 * without one (A93). needs_dh: a method that is agreed does not do without.
 * *answer: the peer's transform as it came. IKE_ERR_NO_PROPOSAL, or IKE_ERR_GROUP when
 * only the group stood in the way.
 */
enum ike_err proposal_mm_select(const struct policy *p, const struct pld_sa *offer,
    bool needs_dh, enum dh_group ke_group, struct mm_proposal *chosen,
    struct pld_sa *answer);
/* M2: exactly one transform, and one that we offered. */
enum ike_err proposal_mm_verify(const struct policy *p, const struct dialect *d,
    enum dh_group group, const struct pld_sa *answer, struct mm_proposal *chosen);

#define ENCAPSULATION_TRANSPORT 2
#define ENCAPSULATION_UDP_TRANSPORT 4 /* RFC 3947 5.1 */
#define ENCAPSULATION_UDP_TRANSPORT_DRAFT 61444
#define ENCAPSULATION_FIREWALL 62000 /* MS-AIPS 3.10.4.2 */
#define ENCAPSULATION_UDP_FIREWALL 62001

/* How proposals of quick mode must be; a set of these, 0 = anything without a NAT. */
enum qm_want {
	QM_WANT_ENCRYPTION = 1,
	QM_WANT_UDP = 2,       /* a NAT is between: ESP in UDP, no AH */
	QM_WANT_UDP_DRAFT = 8, /* with QM_WANT_UDP: its number in the drafts of RFC 3947 */
	QM_WANT_AUTH_ATTR = 4, /* our offer names the integrity of GCM and GMAC too (A11) */
};

/*
 * The peer may shorten what we would give an SA, but not below these: by a second, or by a
 * kilobyte, it would make us negotiate for ever. Windows lets nobody configure less.
 */
#define LIFETIME_LEAST_S 60
#define LIFETIME_LEAST_KB 20480

/* The smaller of both; 0 is no limit. */
uint32_t proposal_lifetime(uint32_t mine, uint32_t theirs, uint32_t least);

struct qm_choice {
	struct qm_proposal proposal; /* lifetimes: of proposal_lifetime() */
	uint32_t peer_spi;
};

/* Quick-mode offer with our inbound SPI in each proposal. */
void proposal_qm_offer(
    const struct policy *p, unsigned want, uint32_t spi, struct pld_sa *out);
/* First of our list that the offer contains; answer carries our SPI. */
enum ike_err proposal_qm_select(const struct policy *p, unsigned want,
    const struct pld_sa *offer, uint32_t spi, struct qm_choice *chosen,
    struct pld_sa *answer);
/* Q2: exactly one transform, and one that we offered. */
enum ike_err proposal_qm_verify(const struct policy *p, unsigned want,
    const struct pld_sa *answer, struct qm_choice *chosen);

/* A suite of ours as a transform, without number and method. */
void proposal_mm_transform(const struct mm_proposal *mine, struct pld_transform *t);
/* Is this transform that suite? Group, methods and lifetimes do not count. */
bool proposal_mm_transform_is(const struct pld_transform *t, const struct mm_proposal *mine);
/* Lifetime: of proposal_lifetime(); a missing one does not count (A53). */
void proposal_mm_choose(struct mm_proposal *chosen, const struct mm_proposal *mine,
    const struct pld_transform *t);
/* What a responder says: this transform of that proposal and nothing else. */
void proposal_mm_answer(struct pld_sa *answer, const struct pld_proposal *offered,
    const struct pld_transform *t);

/* "aes128-sha1-ecp256, 3des-sha1-modp1024" */
void proposal_mm_text(struct text *t, const struct pld_sa *sa);
void proposal_mm_policy_text(struct text *t, const struct policy *p);
/* "esp-null-sha1, esp-aes128-sha1" */
void proposal_qm_text(struct text *t, const struct pld_sa *sa);
void proposal_qm_policy_text(struct text *t, const struct policy *p, unsigned want);
void proposal_qm_one_text(struct text *t, const struct qm_proposal *p);

#endif
