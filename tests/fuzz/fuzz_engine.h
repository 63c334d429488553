/*
 * The input of fuzz_engine, made by make_seeds and read by the target: as conversation.h
 * says. A sealed record is: exchange, message ID (see MID_*), first payload type, chain.
 */
#ifndef AUTHIPD_TESTS_FUZZ_ENGINE_H
#define AUTHIPD_TESTS_FUZZ_ENGINE_H

#include "tests/fuzz/conversation.h"

#define FUZZ_STATES 15
#define FUZZ_POLICIES 7
#define RECORD_FRAGMENTS RECORD_OF_TARGET /* in three fragments; sealed or in clear */
#define SEALED_HEAD_BYTES 3
#define MID_OF_QUICK_MODE 2 /* that of the newest quick mode; others stand for themselves */

/* Main mode by tokens in clear, nothing behind it. */
static inline void
fuzz_engine_main_mode(struct policy *p, enum auth_method m)
{
	p->mm_auth[0] = (struct auth_entry){ m, true };
	p->n_mm_auth = 1;
	p->n_em_auth = 0;
}

/* Policies that change what is negotiated, 0 to 6; the last one has a NAT. */
static inline void
fuzz_engine_policy(struct sim_host *h, unsigned which)
{
	switch (which % FUZZ_POLICIES) {
	case 1:
		h->policy.n_em_auth = 0;
		break;
	case 2:
		for (uint32_t i = 0; i < h->policy.n_qm_proposal; i++)
			h->policy.qm_proposal[i].pfs = DH_ECP256;
		break;
	case 3:
		h->class.guarantee_encryption = true;
		break;
	case 4:
		fuzz_engine_main_mode(&h->policy, AUTH_TLS);
		break;
	case 5:
		fuzz_engine_main_mode(&h->policy, AUTH_KERBEROS);
		break;
	case 6:
		if (h->index == 0)
			sim_nat_begin(h->net, 0, false);
		break;
	default:
		break;
	}
}

#endif
