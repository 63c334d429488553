/*
 * IKEv1: who has the keys has proved nothing yet. Wrong proofs, what counts before the proof,
 * answers of auth that do not fit, and main modes that used up half of their message IDs.
 */
#include <string.h>

#include "tests/hostile/check_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

/* ---- HASH of message 5 ---- */

enum shape {
	RIGHT,
	FIRST_BIT,
	LAST_BIT,
	CUT,
	LONGER,
	EMPTY,
	WITH_SIGNATURE,
	NO_ID,
	SHAPES
};

/* Loses message 5. */
static bool
lose_message_5(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from != INITIATOR || p[18] != EXCHANGE_IDENTITY || (p[19] & 1) == 0;
}

static struct span
message_5(enum shape shape)
{
	struct engine *e = v1_net.host[INITIATOR].engine;
	struct mm_sa *mm = v1_mm(INITIATOR);
	uint8_t hash[HASH_MAX_BYTES + 1] = { 0 };
	struct span proof, wire;

	ck_assert_int_eq(mm->v1->step, V1_INIT_ID_SENT);
	ck_assert(v1_keys_derive(mm)); /* the first IV again */
	ck_assert(v1_keys_auth_hash(mm, true, blob_span(&mm->v1->own_id), hash));
	proof = span_of(hash, mm->keys.hash_n);
	hash[0] ^= shape == FIRST_BIT ? 0x80 : 0;
	hash[proof.n - 1] ^= shape == LAST_BIT ? 1 : 0;
	proof.n -= shape == CUT ? 1 : 0;
	proof.n += shape == LONGER ? 1 : 0;
	if (shape == EMPTY)
		proof.n = 0;
	v1_begin(e, mm, EXCHANGE_IDENTITY, 0);
	if (shape != NO_ID)
		v1_write(e, PAYLOAD_ID, blob_span(&mm->v1->own_id));
	v1_write(e, PAYLOAD_HASH, proof);
	if (shape == WITH_SIGNATURE)
		v1_write(e, PAYLOAD_SIG, proof);
	ck_assert(v1_finish(e, &wire) && v1_seal(e, mm, &mm->v1->iv, &wire));
	return wire;
}

START_TEST(proof_of_a_pre_shared_key)
{
	struct engine *e;
	struct span wire;

	v1_start();
	v1_net.tap = lose_message_5;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 100);
	wire = message_5((enum shape)_i);
	sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	sim_run(&v1_net, 100);
	e = v1_net.host[RESPONDER].engine;
	ck_assert_uint_eq(engine_event_count(e, EVENT_MM_ESTABLISHED), _i == RIGHT);
	ck_assert_uint_eq(engine_error_count(e, IKE_ERR_AUTH_HASH),
	    _i != RIGHT && _i != EMPTY && _i != WITH_SIGNATURE && _i != NO_ID);
	ck_assert_uint_eq(engine_error_count(e, IKE_ERR_PAYLOAD_MISSING), _i == NO_ID);
	ck_assert_uint_eq(
	    engine_error_count(e, IKE_ERR_HASH), _i == EMPTY || _i == WITH_SIGNATURE);
	sim_free(&v1_net);
}
END_TEST

/* Somebody between the two took the better proposals out of message 1: both hashes say so. */
START_TEST(proof_covers_what_was_offered)
{
	struct blob *sa;

	v1_start();
	v1_net.host[INITIATOR].auth_delay_ms = 100;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 60);
	sa = &v1_mm(INITIATOR)->v1->sa_i;
	sa->p[sa->n - 1] ^= 1;
	sim_run(&v1_net, 300000);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 1);
	ck_assert_int_ne(v1_net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[RESPONDER].engine, IKE_ERR_AUTH_HASH), 1);
	sim_free(&v1_net);
}
END_TEST

/* ---- before the proof ---- */

static void
begin_rsa(uint64_t responder_delay_ms)
{
	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		v1_net.host[i].policy.mm_auth[0] =
		    (struct auth_entry){ AUTH_V1_RSA, true };
	v1_net.host[RESPONDER].auth_delay_ms = responder_delay_ms;
	sim_start(&v1_net, &dialect, &dialect);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
}

/* Informational exchanges of somebody unknown are not remembered: they cost no memory. */
START_TEST(nothing_is_remembered_before_the_proof)
{
	uint8_t b[8] = { 0, 0, 0, 1, 1, 0, NOTIFY_CONNECTED >> 8,
		NOTIFY_CONNECTED & 0xff };
	struct span wire;

	begin_rsa(200);
	while (
	    v1_net.now_ms < 5000 && (sim_count_mm(&v1_net, RESPONDER) == 0 ||
					v1_mm(RESPONDER)->v1->step != V1_RESP_VERIFIES))
		sim_run(&v1_net, 1);
	ck_assert_int_eq(v1_mm(RESPONDER)->v1->step, V1_RESP_VERIFIES);
	for (int i = 0; i < 1000; i++) {
		wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b));
		sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	}
	ck_assert_uint_eq(v1_mm(RESPONDER)->v1->seen.n, 0);
	ck_assert_uint_eq(v1_mm(RESPONDER)->v1->seen.cap, 0);
	ck_assert_uint_eq(
	    engine_error_count(v1_net.host[RESPONDER].engine, IKE_ERR_HASH), 0);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* ---- message IDs ---- */

/*
 * The initiator's main mode used up half of them, said by itself or by the peer: a new one.
 * Not if no pair depends on it.
 */
START_TEST(renewed_at_half_of_its_message_ids)
{
	uint8_t b[8] = { 0, 0, 0, 1, 1, 0, NOTIFY_CONNECTED >> 8,
		NOTIFY_CONNECTED & 0xff };
	struct mm_sa *mm;
	struct id_set *set;
	uint32_t old;

	v1_connect();
	mm = v1_mm(INITIATOR);
	old = mm->id;
	if (_i == 2) {
		engine_delete_qm(v1_net.host[INITIATOR].engine, v1_net.now_ms, 0);
		sim_run(&v1_net, 1000);
	}
	set = _i == 0 ? &mm->v1->seen : &mm->v1->own;
	for (uint32_t id = 1; set->n < ID_SET_MAX / 2 - 1; id++)
		ck_assert(id_set_add(set, id));
	sim_run(&v1_net, 1000);
	ck_assert_uint_eq(sim_count_mm(&v1_net, INITIATOR), 1);
	if (_i == 0) {
		struct span wire =
		    v1_info(RESPONDER, RIGHT_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b));

		sim_inject(&v1_net, INITIATOR, wire.p, wire.n);
	} else {
		v1_info_notify(
		    v1_net.host[INITIATOR].engine, mm, NOTIFY_CONNECTED, SPAN_NONE);
	}
	sim_run(&v1_net, 20000);
	if (_i == 2) {
		ck_assert_uint_eq(v1_mm(INITIATOR)->id, old);
		sim_free(&v1_net);
		return;
	}
	v1_expect_unharmed(); /* the pair is the new one's */
	ck_assert_uint_ne(v1_mm(INITIATOR)->id, old);
	ck_assert_uint_lt(v1_mm(INITIATOR)->v1->seen.n, 10);
	ck_assert_ptr_nonnull(LIST_FIRST(&v1_mm(INITIATOR)->quick_modes));
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_proof_cases(void)
{
	TCase *t = tcase_create("proofs");

	tcase_add_loop_test(t, proof_of_a_pre_shared_key, 0, SHAPES);
	tcase_add_test(t, proof_covers_what_was_offered);
	tcase_add_test(t, nothing_is_remembered_before_the_proof);
	tcase_add_loop_test(t, renewed_at_half_of_its_message_ids, 0, 3);
	return t;
}
