/*
 * The messages of a main mode as they were hashed, so that its chain can be made anew in
 * another reading of the document (spec authip.md 8.0): kept until the peer is proved.
 */
#ifndef AUTHIPD_IKE_CHAIN_LOG_H
#define AUTHIPD_IKE_CHAIN_LOG_H

#include "ike/blob.h"
#include "ike/chain.h"

/* What a dialogue of large tokens may hold; more is not probed. */
#define CHAIN_LOG_MAX_BYTES (128u * 1024)

struct chain_log {
	struct blob bytes;
	bool is_full;
};

/* Appends a message; a full log is empty. */
void chain_log_add(struct chain_log *log, const struct chain_unit *unit);
/* Forgets all. */
void chain_log_clear(struct chain_log *log);
/*
 * The chain of d. first: as Auth1 has it, where auth1_nesting differs (A16). False: there is
 * no log, or no such hash.
 */
bool chain_log_replay(const struct chain_log *log, const struct dialect *d, enum hash_id hash,
    bool first, struct chain *out);

#endif
