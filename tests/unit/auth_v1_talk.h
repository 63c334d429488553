/* Main modes of IKEv1 between two hosts, without the engine: hashes are made up. */
#ifndef AUTHIPD_TESTS_AUTH_V1_TALK_H
#define AUTHIPD_TESTS_AUTH_V1_TALK_H

#include "daemon/auth_v1.h"
#include "ike/auth_part.h"
#include "tests/unit/check_auth.h"

/* A token under construction, and read back. */
struct v1_token {
	struct writer w;
	struct auth_part_list parts;
	uint8_t b[AUTH_MAX_TOKEN_BYTES];
};

void v1_token_begin(struct v1_token *t);
void v1_token_add(struct v1_token *t, enum auth_part_kind kind, struct span data);
/* All parts of a kind of another token. */
void v1_token_copy(
    struct v1_token *t, const struct v1_token *from, enum auth_part_kind kind);
/* Keeps a copy of a reply's token. */
void v1_token_take(struct v1_token *t, const struct engine_auth_reply *r);

/* One host: what it said about itself, its signature, and the last answer. */
struct v1_end {
	struct auth_dialogue *d;
	struct engine_auth_reply r;
	struct v1_token intro;
	struct v1_token sig;
};

/* HASH_I of [0] and HASH_R of [1]. */
struct span v1_hash(enum hash_id hash, int of);
void v1_begin(struct v1_end *e, const struct side *s, enum auth_method method,
    enum hash_id hash, bool initiator, uint32_t credential);
/* START; authorities: those that the peer named (NULL: none). False: it failed. */
bool v1_introduce(struct v1_end *e, const struct v1_token *authorities);
/* STEP: its signature of this hash. */
bool v1_signs(struct v1_end *e, struct span hash);
/* STEP: verifies the other's, with what the other said about itself. */
bool v1_verifies(struct v1_end *e, const struct v1_end *other, struct span hash);
void v1_expect_failure(
    const struct v1_end *e, uint32_t status, const char *text, const char *hint);
void v1_end(struct v1_end *e);

#endif
