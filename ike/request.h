/* Requests of ours, which are sent again until they are answered (exchange.c). */
#ifndef AUTHIPD_IKE_REQUEST_H
#define AUTHIPD_IKE_REQUEST_H

#include "ike/blob.h"
#include "ike/fragment.h"
#include "ike/timer.h"

struct engine;
struct mm_sa;

/* A request of ours that waits for its response (MS-AIPS 3.1, requester). */
typedef void request_give_up(struct engine *e, void *owner);
typedef void request_doubt(struct engine *e, void *owner);
struct request {
	struct blob bytes; /* empty: none outstanding */
	struct fragment_cut cut;
	struct mm_sa *mm;
	request_give_up *give_up;
	void *owner;
	uint32_t n_sent;
	uint32_t max_resend;
	uint32_t interval_ms;
	uint32_t longest_ms; /* of an interval; 0: it doubles without end */
	request_doubt *doubt; /* see request_set_doubt(); NULL: none */
	uint32_t n_hurried;  /* transmissions beside the schedule, see request_hurry() */
	uint64_t began_ms, sent_ms;
	struct timer timer;
};

/* Sends a request and retransmits it until request_done() or give_up. */
void request_send(struct engine *e, struct request *r, struct mm_sa *mm,
    struct span wire, uint32_t max_resend, request_give_up *give_up, void *owner);
/* Another pace than that of the dialect, for a request that was just sent. */
void request_pace(
    struct engine *e, struct request *r, uint32_t first_ms, uint32_t longest_ms);
/* For a request that was just sent: called once if the peer is silent in its main mode. */
void request_set_doubt(struct request *r, request_doubt *doubt);
/* Sends it once more beside its schedule, but never faster than that begins. */
void request_hurry(struct engine *e, struct request *r);
void request_done(struct engine *e, struct request *r);

#endif
