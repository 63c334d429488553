/* Informational exchanges of IKEv1: without their proof, replayed and reflected. */
#include <string.h>

#include "tests/hostile/check_v1.h"

static struct span
delete_body(size_t from, bool main, uint8_t *b)
{
	const struct mm_sa *mm = v1_mm(from);
	const struct qm_sa *qm = LIST_FIRST(&mm->quick_modes);
	struct writer w;

	writer_init(&w, b, 64);
	writer_u32(&w, 1);
	writer_u8(&w, main ? 1 : 3);
	writer_u8(&w, main ? 16 : 4);
	writer_u16(&w, 1);
	if (main) {
		writer_bytes(&w, SPAN_ARRAY(mm->icookie));
		writer_bytes(&w, SPAN_ARRAY(mm->rcookie));
	} else {
		writer_u32(&w, qm->spi_in);
	}
	return span_of(b, w.n);
}

static const enum ike_err proof_errors[] = {
	[IN_CLEAR] = IKE_ERR_PAYLOAD_MISSING,
	[WITHOUT_HASH] = IKE_ERR_PAYLOAD_MISSING,
	[WRONG_HASH] = IKE_ERR_HASH,
};

/* A Delete counts with its hash, and only then (H17). */
START_TEST(h17_delete)
{
	uint8_t b[64], copy[256];
	size_t to = _i & 1;
	bool main = (_i & 2) != 0;
	struct span wire;

	v1_connect();
	for (enum v1_proof p = IN_CLEAR; p <= WRONG_HASH; p++) {
		wire = v1_info(1 - to, p, PAYLOAD_DELETE, delete_body(1 - to, main, b));
		v1_expect_drop(to, wire, proof_errors[p]);
		v1_expect_unharmed();
	}
	wire =
	    v1_info(1 - to, RIGHT_HASH, PAYLOAD_DELETE, delete_body(1 - to, main, b));
	memcpy(copy, wire.p, wire.n);
	wire.p = copy;
	for (size_t n = 0; n < wire.n; n++) /* cut anywhere, changed anywhere */
		sim_inject(&v1_net, to, copy, n);
	for (size_t at = 16; at < wire.n; at++) {
		if (at == 19)
			continue; /* flags that mean nothing */
		copy[at] ^= 0x40;
		sim_inject(&v1_net, to, copy, wire.n);
		copy[at] ^= 0x40;
	}
	v1_expect_unharmed();
	sim_inject(&v1_net, to, copy, wire.n);
	if (main)
		ck_assert_uint_eq(sim_count_mm(&v1_net, to), 0);
	else
		ck_assert_uint_eq(v1_net.host[to].n_sa, 0);
	sim_free(&v1_net);
}
END_TEST

/* The same for "I begin anew", and for errors. */
START_TEST(h17_notify)
{
	static const uint16_t types[] = { NOTIFY_INITIAL_CONTACT,
		NOTIFY_AUTHENTICATION_FAILED, NOTIFY_NO_PROPOSAL_CHOSEN };
	uint8_t b[8] = { 0, 0, 0, 1, 1, 0, (uint8_t)(types[_i] >> 8),
		(uint8_t)types[_i] };

	v1_connect();
	v1_expect_drop(RESPONDER,
	    v1_info(INITIATOR, IN_CLEAR, PAYLOAD_NOTIFY, SPAN_ARRAY(b)),
	    IKE_ERR_NOT_ENCRYPTED);
	v1_expect_drop(RESPONDER,
	    v1_info(INITIATOR, WITHOUT_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b)),
	    IKE_ERR_PAYLOAD_MISSING);
	v1_expect_drop(RESPONDER,
	    v1_info(INITIATOR, WRONG_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b)),
	    IKE_ERR_HASH);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* Lengths that lie, under a good hash: refused, and nothing is deleted. */
START_TEST(delete_lengths)
{
	uint8_t b[64];

	v1_connect();
	for (size_t at = 3; at < 8; at++)
		for (int v = 0; v < 256; v++) {
			struct span body = delete_body(INITIATOR, false, b), wire;

			if (b[at] == v)
				continue;
			b[at] = (uint8_t)v;
			wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_DELETE, body);
			sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
			v1_expect_unharmed();
		}
	sim_free(&v1_net);
}
END_TEST

/* What was said once does not count again. */
START_TEST(replayed_informational)
{
	uint8_t b[8] = { 0, 0, 0, 1, 1, 0, NOTIFY_INITIAL_CONTACT >> 8,
		NOTIFY_INITIAL_CONTACT & 0xff };
	uint8_t copy[256];
	struct span wire;

	v1_connect();
	wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b));
	memcpy(copy, wire.p, wire.n);
	wire.p = copy;
	sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	v1_expect_drop(RESPONDER, wire, IKE_ERR_REPLAY);
	sim_free(&v1_net);
}
END_TEST

/* Not after many others, either; and a main mode that used up its message IDs ends. */
START_TEST(replayed_informational_after_many)
{
	uint8_t b[8] = { 0, 0, 0, 1, 1, 0, NOTIFY_CONNECTED >> 8, NOTIFY_CONNECTED & 0xff };
	uint8_t copy[256];
	struct span wire;
	uint32_t n = 1;

	v1_connect();
	wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b));
	memcpy(copy, wire.p, wire.n);
	sim_inject(&v1_net, RESPONDER, copy, wire.n);
	for (; sim_count_mm(&v1_net, RESPONDER) == 1 && n < 40000; n++) {
		wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_NOTIFY, SPAN_ARRAY(b));
		sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
		if (n % 1000 == 65)
			v1_expect_drop(
			    RESPONDER, span_of(copy, wire.n), IKE_ERR_REPLAY);
		if (n > ID_SET_MAX - 10)
			sim_run(&v1_net, 0);
	}
	ck_assert_uint_ge(n, ID_SET_MAX - 10);
	ck_assert_uint_lt(n, ID_SET_MAX + 10);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 2);
	sim_free(&v1_net);
}
END_TEST

/* Hashes have no direction: what a host said itself is no sign of life of its peer. */
START_TEST(reflected_informational)
{
	struct span wire;
	uint8_t copy[256];

	v1_connect();
	ck_assert(v1_dpd_build(v1_net.host[_i].engine, v1_mm((size_t)_i), 7, &wire));
	memcpy(copy, wire.p, wire.n);
	v1_expect_drop((size_t)_i, span_of(copy, wire.n), IKE_ERR_REPLAY);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_replay_cases(void)
{
	TCase *t = tcase_create("v1_replay");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, h17_delete, 0, 4);
	tcase_add_loop_test(t, h17_notify, 0, 3);
	tcase_add_test(t, delete_lengths);
	tcase_add_test(t, replayed_informational);
	tcase_add_test(t, replayed_informational_after_many);
	tcase_add_loop_test(t, reflected_informational, 0, 2);
	return t;
}
