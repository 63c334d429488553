/*
 * IKEv1: what a peer says that refuses us, in each of the forms in which it may come. How an
 * informational exchange begins before main mode is through, and what Windows puts into its
 * status notify, can be read in more than one way (MS-IKEE 2.2.6; 7, note 12).
 */
#include <string.h>

#include "tests/hostile/check_v1.h"

#define WIN32_POLICY_MATCH 0x362cu

/* ---- which chain it begins with ---- */

static bool
lose_encrypted(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	const size_t *who = ctx;

	(void)n;
	return from != *who || p[18] != EXCHANGE_IDENTITY || (p[19] & 1) == 0;
}

static bool
initiator_waits(void)
{
	return sim_count_mm(&v1_net, INITIATOR) > 0 &&
	       v1_mm(INITIATOR)->v1->step == V1_INIT_ID_SENT;
}

/* Until message 5 is out; that of `loser` and what it sends behind it are lost. */
static void
begin_identities(size_t *loser)
{
	v1_start();
	v1_net.tap = loser != NULL ? lose_encrypted : NULL;
	v1_net.tap_ctx = loser;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	for (int i = 0; i < 1000 && !initiator_waits(); i++)
		sim_run(&v1_net, 1);
	ck_assert(initiator_waits());
}

/* What was signed is not what was seen: whoever finds out says so, and is understood. */
START_TEST(refusal_of_a_proof_is_understood)
{
	struct blob *sa;

	begin_identities(NULL);
	sa = &v1_mm((size_t)_i)->v1->sa_i;
	sa->p[sa->n - 1] ^= 1;
	sim_run(&v1_net, 1000);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[_i].engine, IKE_ERR_AUTH_HASH), 1);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[1 - _i].engine, IKE_ERR_PEER_STATUS), 1);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[1 - _i].engine, IKE_ERR_DECRYPT), 0);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(sim_count_mm(&v1_net, i), 0);
	sim_free(&v1_net);
}
END_TEST

enum beginning {
	BEHIND_THE_LAST,     /* RFC 2409 appendix B */
	OF_THE_ID_ALONE,     /* libreswan */
	LAST_BLOCK,	     /* Windows since Vista SP1: of what it decrypted */
	BEHIND_THE_ONE_BEFORE, /* Windows until Vista: of what it sent */
	BLOCK_BEFORE,
	CHAINS
};

/* From here on the others have no such chain. */
static void
chain_of(enum beginning c, const struct mm_sa *last, const struct mm_sa *before, uint32_t id,
    struct v1_iv *iv)
{
	const struct mm_sa *mm = c == BEHIND_THE_ONE_BEFORE || c == BLOCK_BEFORE ? before : last;

	*iv = mm->v1->iv;
	if (c == BEHIND_THE_LAST || c == BEHIND_THE_ONE_BEFORE)
		ck_assert(v1_keys_iv(mm, id, iv));
	else if (c == OF_THE_ID_ALONE)
		ck_assert(v1_keys_iv_reading(mm, id, 0, iv));
}

static void
refuse_proof(size_t to, enum beginning c, bool right)
{
	static const uint8_t body[8] = { 0, 0, 0, 1, 1, 0, 0, NOTIFY_AUTHENTICATION_FAILED };
	struct engine *e = v1_net.host[1 - to].engine;
	struct mm_sa *mm = v1_mm(1 - to);
	uint32_t id = 0x12345678 + c;
	struct span wire;
	struct v1_iv iv;

	/* `to` has sent its message; whoever did not get it is one behind. */
	chain_of(c, v1_mm(to), mm, id, &iv);
	iv.b[5] ^= !right; /* in the hash */
	v1_begin(e, mm, EXCHANGE_INFO, id);
	v1_hash_begin(e, mm);
	v1_write(e, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	ck_assert(v1_hash_finish(e, mm, id, SPAN_NONE, &iv, &wire));
	sim_inject(&v1_net, to, wire.p, wire.n);
}

/* The responder refuses message 5 (even rows), the initiator message 6. */
START_TEST(refusal_begins_with_any_chain)
{
	enum beginning c = (enum beginning)(_i / 2);
	size_t to = (size_t)_i % 2;

	begin_identities(&to);
	sim_run(&v1_net, 100);
	refuse_proof(to, c, false);
	ck_assert_uint_eq(sim_count_mm(&v1_net, to), 1);
	refuse_proof(to, c, true);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[to].engine, IKE_ERR_PEER_STATUS), 1);
	ck_assert_uint_eq(sim_count_mm(&v1_net, to), 0);
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_refusal_cases(void)
{
	TCase *t = tcase_create("refusals");

	tcase_add_loop_test(t, refusal_of_a_proof_is_understood, 0, 2);
	tcase_add_loop_test(t, refusal_begins_with_any_chain, 0, 2 * CHAINS);
	return t;
}
