/*
 * Two engines and a sequence of hostile datagrams at any point of a negotiation: what
 * fuzz_engine and fuzz_v1 share. The input, made by make_seeds:
 *
 *	u8 how many good messages pass first, below the states of the target, plus that
 *	   number times the policy
 *	{ u8 flags, u16 length, bytes }...
 */
#ifndef AUTHIPD_TESTS_FUZZ_CONVERSATION_H
#define AUTHIPD_TESTS_FUZZ_CONVERSATION_H

#include "ike/cursor.h"
#include "tests/sim/simnet.h"

#define RECORD_TO_INITIATOR 0x01
#define RECORD_SEALED 0x02	  /* with the keys of the receiver's main mode */
#define RECORD_PATCH_COOKIES 0x04 /* clear: the cookies of the receiver's main mode */
#define RECORD_ACQUIRE 0x08	  /* host 0 wants another pair first */
#define RECORD_OF_TARGET 0x40	  /* the target says */
#define RECORD_WAIT_SHIFT 4	  /* two bits: 0, 20 ms, 3 s, 130 s afterwards */
#define RECORD_HEAD_BYTES 3
#define RECORD_MAX_BYTES 2048
#define RECORD_MAX 24

/* What differs from target to target. */
struct conversation {
	unsigned
	    n_states; /* of the first byte: messages that pass; the last one: all do */
	/* Policies of the hosts, before they start. */
	void (*prepare)(struct simnet *net, unsigned policy, size_t input_bytes);
	void (*inject_clear)(
	    struct simnet *net, size_t to, uint8_t flags, struct span wire);
	void (*inject_sealed)(
	    struct simnet *net, size_t to, uint8_t flags, struct span data);
	/* What else holds for a host when the conversation is over. */
	void (*check_host)(const struct sim_host *h);
};

/* The newest main mode; NULL: there is none. */
struct mm_sa *conversation_mm(struct simnet *net, size_t host);
void conversation_play(const struct conversation *t, struct span input);

#endif
