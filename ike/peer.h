/*
 * What the engine remembers of peers between main modes: their name and the dialect that
 * they speak. A fixed number; who was not seen for longest is forgotten first.
 */
#ifndef AUTHIPD_IKE_PEER_H
#define AUTHIPD_IKE_PEER_H

#include "ike/engine.h"
#include "ike/habit.h"

#define PEER_SETS 256
#define PEER_WAYS 4

struct peer {
	struct address addr; /* family 0: free */
	uint64_t seen_ms;
	uint32_t n_ikev1; /* first messages of IKEv1 that were left to AuthIP */
	uint64_t ikev1_ms;  /* the first of them */
	uint64_t authip_ms;
	bool authip_seen;
	const struct dialect *dialect; /* that it speaks, or to try next; NULL: unknown */
	const struct dialect *base;    /* initiator: whose keys it took, while hashes are tried */
	struct habits habits; /* what it does when it begins */
	uint32_t n_key_tries;
	uint32_t n_hash_tries;
	bool was_probed;
	uint64_t probed_ms;
	char gss_id[256]; /* as it said; proved by the authentication that followed */
};

struct peer_memory {
	struct peer peer[PEER_SETS][PEER_WAYS];
};

/* NULL: never seen, or forgotten. */
struct peer *peer_find(struct engine *e, const struct address *a);
/* Finds or makes. NULL: no memory. */
struct peer *peer_get(struct engine *e, const struct address *a);
/* The name it had when it was authenticated last; false: none. out holds 256 bytes. */
bool peer_recall_name(struct engine *e, const struct address *a, char *out);
void peer_remember_name(struct engine *e, const struct address *a, const char *gss_id);

#endif
