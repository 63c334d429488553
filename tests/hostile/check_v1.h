/* What the hostile tests of IKEv1 share. */
#ifndef AUTHIPD_TESTS_CHECK_V1_H
#define AUTHIPD_TESTS_CHECK_V1_H

#include <check.h>

#include "ike/v1.h"
#include "tests/sim/simnet.h"

enum { INITIATOR = 0, RESPONDER = 1 };

extern struct simnet v1_net;

/* Two hosts with IKEv1 and a pre-shared key; v1_prepare(): sim_start() is left to do. */
void v1_prepare(void);
void v1_start(void);
/* And a main mode with a pair between them. */
void v1_connect(void);
/* The pair is there, and nothing failed. */
void v1_expect_unharmed(void);
/* Injects, and expects this counter to grow and nothing else to happen. */
void v1_expect_drop(size_t host, struct span datagram, enum ike_err err);
struct mm_sa *v1_mm(size_t host);

enum v1_proof { IN_CLEAR, WITHOUT_HASH, WRONG_HASH, RIGHT_HASH };

/* An informational exchange, written by the engine of one host for the other one. */
struct span v1_info(size_t from, enum v1_proof proof, uint8_t type, struct span body);

/* The body of a payload under construction. */
struct v1_body {
	uint8_t b[128];
	struct writer w;
};

void v1_notify_begin(struct v1_body *n, uint16_t type, struct span spi);
struct span v1_body_of(const struct v1_body *n);

TCase *v1_first_cases(void);
TCase *v1_key_cases(void);
TCase *v1_quick_cases(void);
TCase *v1_proof_cases(void);
TCase *v1_refusal_cases(void);
TCase *v1_answer_cases(void);
TCase *v1_id_cases(void);
TCase *v1_info_cases(void);
TCase *v1_replay_cases(void);
TCase *v1_clear_cases(void);
TCase *v1_peer_cases(void);
TCase *v1_cost_cases(void);
TCase *v1_main_cases(void);
TCase *v1_auth_cases(void);
TCase *v1_again_cases(void);

#endif
