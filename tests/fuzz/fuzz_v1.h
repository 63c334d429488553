/*
 * The input of fuzz_v1, made by make_seeds and read by the target: like that of fuzz_engine
 * (fuzz_engine.h), with 0 to 9 good messages of IKEv1 first. A sealed record is: exchange,
 * message ID (MID_OF_QUICK_MODE or itself), first payload type, chain; with V1_RECORD_HASH
 * the HASH payload in front of the chain is made by the target.
 */
#ifndef AUTHIPD_TESTS_FUZZ_V1_H
#define AUTHIPD_TESTS_FUZZ_V1_H

#include "tests/fuzz/fuzz_engine.h"

#define V1_STATES 10
#define V1_METHODS 3
#define V1_RECORD_HASH RECORD_OF_TARGET

/* make_seeds.c, seeds_v1.c */
void write_seed(const char *target, const char *name, const uint8_t *p, size_t n);
void write_v1_seeds(void);

static inline void
fuzz_v1_policy(struct sim_host *h, unsigned which)
{
	static const enum auth_method methods[V1_METHODS] = { AUTH_V1_PSK, AUTH_V1_RSA,
		AUTH_V1_KERBEROS };
	struct policy *p = &h->policy;

	p->keying = KEYING_IKEV1;
	p->mm_auth[0] = (struct auth_entry){ methods[which % V1_METHODS], true };
	p->n_mm_auth = 1;
	p->n_em_auth = 0;
}

#endif
