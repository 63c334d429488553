/*
 * Fragments of large messages, payload 132 (MS-IKEE 3.3; spec authip.md 2.20, 6.2, A79).
 * One message at a time is put together for a main mode whose keys exist; whatever goes
 * wrong costs that message, and its retransmission repairs it: the fragments that go again
 * have the ID of the first time and fill the holes, and the first of them asks for the
 * answer again if the message was whole already.
 */
#ifndef AUTHIPD_IKE_FRAGMENT_H
#define AUTHIPD_IKE_FRAGMENT_H

#include <sys/queue.h>

#include "ike/message.h"

#define FRAGMENT_HEAD_BYTES 8 /* GPH, fragment ID, number, flags */
#define FRAGMENT_FLAG_LAST 0x01
#define FRAGMENT_MAX_COUNT 128
#define FRAGMENT_DIGEST_BYTES 16
#define FRAGMENT_HURRY_MS 1000 /* between two answers for one request in fragments */
#define REASSEMBLY_MAX_MS 30000
#define REASSEMBLY_UNPROVED_BYTES 8192	      /* while the peer has proved nothing */
#define REASSEMBLY_TOTAL_BYTES (4u << 20) /* of all peers: then the oldest goes */

/* How a message went out, so that it goes out again in the same fragments. */
struct fragment_cut {
	uint16_t id; /* 0: not yet in fragments */
	size_t step; /* bytes of it in each */
};

struct fragment {
	size_t at; /* in the buffer */
	size_t n;  /* 0 = missing */
};

/* Fragments in the order of arrival, behind each other. */
struct reassembly {
	TAILQ_ENTRY(reassembly) link;
	struct mm_sa *mm;
	uint16_t id;
	uint8_t exchange;
	uint32_t message_id;
	uint32_t n_fragment;
	uint32_t highest; /* number */
	uint32_t last;	  /* number of the one with LAST; 0: not seen yet */
	uint8_t first[FRAGMENT_DIGEST_BYTES]; /* of number 1 */
	size_t n;	  /* bytes */
	size_t cap;
	uint8_t *b; /* owned */
	struct fragment fragment[FRAGMENT_MAX_COUNT + 1]; /* by number, from 1 */
};
TAILQ_HEAD(reassembly_list, reassembly);

#endif
