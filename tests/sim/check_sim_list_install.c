/* Entries of doc/authip-checklist.md about when SAs are installed, and what follows. */
#include "tests/sim/check_sim_list.h"

START_TEST(t126_t127_t128_synchronize)
{
	list_record_anonymous();
	EXPECT_PAYLOADS(Q3, PAYLOAD_NOTIFY);
	EXPECT_PAYLOADS(Q4, PAYLOAD_NOTIFY);
	for (size_t i = Q3; i <= Q4; i++) {
		ck_assert_uint_eq(seen->m[i].item[0].n, 8); /* no data: T030 */
		ck_assert_mem_eq(seen->m[i].item[0].b, "\0\0\0\1\2\0\x9c\x57", 8);
	}
	ck_assert_uint_eq(seen->n_sa[Q1], 0);
	ck_assert_uint_eq(seen->n_sa[Q3], 1); /* inbound, before Q3 */
	ck_assert_uint_eq(seen->n_sa[Q4], 2); /* both, before Q4 */
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 2);
	sim_free(&net);
}
END_TEST

START_TEST(t140_extended_mode_only_if_policy_wants_it)
{
	list_record_anonymous(); /* four messages of quick mode, then nothing */
	sim_free(&net);
	list_record_good();
	ck_assert_uint_eq(seen->m[Q4].h.exchange, EXCHANGE_QM);
	ck_assert_uint_eq(seen->m[E1].h.exchange, EXCHANGE_EM);
	sim_free(&net);
}
END_TEST

START_TEST(t145_t146_sas_before_e3_and_e4)
{
	list_record_good();
	for (size_t i = 0; i < E3; i++)
		ck_assert_uint_eq(seen->n_sa[i], 0);
	ck_assert_uint_eq(seen->n_sa[E3], 1);
	ck_assert_uint_eq(seen->n_sa[E4], 2);
	sim_free(&net);
}
END_TEST

/* 0: one proposal: two messages. 1: with PFS, 2: several: four. */
START_TEST(t132_fast_quick_mode)
{
	struct dialect d = DIALECT_DEFAULT;

	d.fast_qm = FAST_QM_ON;
	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		p->n_em_auth = 0;
		p->n_qm_proposal = _i == 2 ? 2 : 1;
		p->qm_proposal[0].pfs = _i == 1 ? DH_ECP256 : DH_NONE;
	}
	seen->n = 0;
	net.tap = list_tap;
	sim_start(&net, &d, &d);
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 2000);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 2);
	ck_assert_uint_eq(seen->n, _i == 0 ? Q2 + 1 : Q4 + 1);
	sim_free(&net);
}
END_TEST

/*
 * A lone proposal may be a fast quick mode. The responder can receive before Q2 goes out, but
 * sends only when it knows that the initiator has Q2 (A54): by Q3, by a packet, or long after.
 */
START_TEST(fast_quick_mode_waits_to_send)
{
	enum { BY_SYNC, BY_PACKET, BY_TIME };
	struct dialect d = DIALECT_DEFAULT;
	struct engine_acquire a = { .ticket = 1,
		.selector = { 6, sim_endpoint(RESPONDER, 1, 4, 80),
		    sim_endpoint(INITIATOR, 1, 4, 50000) } };

	d.fast_qm = _i == BY_SYNC ? FAST_QM_AUTO : FAST_QM_ON;
	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.n_em_auth = 0;
		net.host[i].policy.n_qm_proposal = 1;
	}
	seen->n = 0;
	net.tap = list_tap;
	sim_start(&net, &d, &d);
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 500);
	ck_assert_uint_eq(seen->n, _i == BY_SYNC ? Q4 + 1 : Q2 + 1);
	ck_assert_uint_eq(seen->n_sa[Q2], 1);
	ck_assert(sim_sa_of(&net, RESPONDER, true)->inbound);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 2);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, _i == BY_SYNC ? 2 : 1);
	/* Whoever wants to send meanwhile waits for this one, and starts no other. */
	a.policy = net.host[RESPONDER].class;
	engine_acquire(net.host[RESPONDER].engine, net.now_ms, &a);
	sim_flush(&net);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	if (_i == BY_PACKET)
		engine_qm_in_use(net.host[RESPONDER].engine, net.now_ms,
		    sim_sa_of(&net, RESPONDER, true)->qm_id);
	sim_run(&net, _i == BY_TIME ? 1000 : 1);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	ck_assert_uint_eq(net.host[RESPONDER].n_result, 1);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

TCase *
sim_list_install_cases(void)
{
	TCase *t = tcase_create("checklist of installation");

	tcase_add_test(t, t126_t127_t128_synchronize);
	tcase_add_test(t, t140_extended_mode_only_if_policy_wants_it);
	tcase_add_test(t, t145_t146_sas_before_e3_and_e4);
	tcase_add_loop_test(t, t132_fast_quick_mode, 0, 3);
	tcase_add_loop_test(t, fast_quick_mode_waits_to_send, 0, 3);
	return t;
}
