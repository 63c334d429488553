/*
 * The input of fuzz_engine, made by make_seeds and read by the target:
 *
 *	u8 how many good messages pass first, 0 to 14, plus 15 times the policy
 *	{ u8 flags, u16 length, bytes }...
 *
 * A sealed record is: exchange, message ID (see MID_*), first payload type, chain.
 */
#ifndef AUTHIPD_TESTS_FUZZ_ENGINE_H
#define AUTHIPD_TESTS_FUZZ_ENGINE_H

#include "tests/sim/simnet.h"

#define FUZZ_STATES 15
#define FUZZ_POLICIES 4
#define RECORD_TO_INITIATOR 0x01
#define RECORD_SEALED 0x02	  /* with the keys of the receiver's main mode */
#define RECORD_PATCH_COOKIES 0x04 /* clear: the cookies of the receiver's main mode */
#define RECORD_ACQUIRE 0x08	  /* host 0 wants another pair first */
#define RECORD_FRAGMENTS 0x40	  /* in three fragments; sealed or in clear */
#define RECORD_WAIT_SHIFT 4	  /* two bits: 0, 20 ms, 3 s, 130 s afterwards */
#define RECORD_HEAD_BYTES 3
#define RECORD_MAX_BYTES 2048
#define RECORD_MAX 24
#define SEALED_HEAD_BYTES 3
#define MID_OF_QUICK_MODE 2 /* that of the newest quick mode; others stand for themselves */

/* Policies that change what is negotiated, 0 to 3. */
static inline void
fuzz_engine_policy(struct sim_host *h, unsigned which)
{
	switch (which % 4) {
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
	default:
		break;
	}
}

#endif
