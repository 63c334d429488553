/*
 * The hash chains that Auth1 to Auth4 cover (MS-AIPS 3.1.7.4; spec authip.md 3.7, 3.8):
 * one running digest, one step per message. Pure functions.
 */
#ifndef AUTHIPD_IKE_CHAIN_H
#define AUTHIPD_IKE_CHAIN_H

#include "ike/keys.h"
#include "ike/message.h"

struct chain {
	struct key digest; /* after the last step */
	uint32_t n_step;
};

/* The parts of one message that a step may cover. */
struct chain_unit {
	struct span header; /* ISAKMP header */
	struct span crypto; /* Crypto payload up to the ciphertext */
	struct span payloads; /* payload chain in clear */
};

/* The unit of a whole wire message whose payloads in clear are given. */
struct chain_unit chain_unit_of(struct span wire, struct span payloads);

/*
 * digest = hash(unit | digest). main: the chain of main mode, whose first two messages are
 * hashed with SHA-256 whatever is negotiated (A19). False: no such hash.
 */
bool chain_step(struct chain *c, const struct dialect *d, enum hash_id hash, bool main,
    const struct chain_unit *unit);
/* One step over two messages of main mode: hash(unit | before | digest) (A16). */
bool chain_step_two(struct chain *c, const struct dialect *d, enum hash_id hash,
    const struct chain_unit *unit, const struct chain_unit *before);
/* Auth1 = prf(SKEYID, chain | 01), Auth2 with 02. */
bool chain_auth12(const struct chain *c, const struct dialect *d, enum hash_id hash,
    const struct key *skeyid, struct key *auth1, struct key *auth2);
/*
 * Auth3 (tail Auth1) or Auth4 (tail Auth2): prf(SKEYID_em, chain | tail), or the tail
 * behind the prf (A20). out holds 2 * HASH_MAX_BYTES; returns the length, 0 on failure.
 */
size_t chain_auth34(const struct chain *c, const struct dialect *d, enum hash_id hash,
    const struct key *skeyid_em, const struct key *tail, uint8_t *out);
void chain_clear(struct chain *c);

#endif
