/* How SAs end: lifetimes, deletes, shutdown, addresses that go, idleness. */
#include "tests/sim/check_sim.h"
#include "tests/sim/sim_tap.h"
#include "tests/sim/check_sim_list.h"

START_TEST(quick_mode_lifetime_ends_the_pair)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.qm_proposal[0].lifetime_s = 300;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 290000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	sim_run(&net, 30000);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_free(&net);
}
END_TEST

/* In milliseconds the longest grace is not the shortest one. */
START_TEST(longest_grace_for_clear_text)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.nd_allow_clear_s = 4294968;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[0].sa->add.allow_clear_ms, UINT32_MAX);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_lifetime)
{
	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 7190 * 1000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_acquire(&net, 0, 2, 4, 80);
	sim_run(&net, 20 * 1000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 0);
	ck_assert_uint_eq(
	    net.host[0].n_sa, 2); /* the pair outlives its main mode (A86) */
	sim_run(&net, 3600 * 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

/*
 * A quick mode waits for its answer when the lifetime of its main mode is over. Who asked is
 * told then. IKEv1 tells the peer, too: its main mode may have been renewed by us alone.
 */
START_TEST(main_mode_ends_before_the_answer)
{
	static const struct dialect d = DIALECT_DEFAULT;
	uint64_t until_ms = 300 * 1000;
	size_t sent;

	sim_init(&net, 1);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		p->n_em_auth = 0;
		p->mm_proposal[0].lifetime_s = 300;
		if (_i == 1) {
			p->keying = KEYING_IKEV1;
			p->mm_auth[0] = (struct auth_entry){ AUTH_V1_PSK, true };
		}
	}
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	sim_run(&net, 1000);
	engine_delete_qm(net.host[0].engine, net.now_ms, 0);
	sim_run(&net, until_ms - 5500 - net.now_ms);
	net.tap = lose_all;
	sim_acquire(&net, 0, 2, 4, 81);
	sim_run(&net, until_ms - 1000 - net.now_ms);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	sent = net.host[0].n_sent;
	sim_run(&net, 1500);
	ck_assert_uint_eq(net.host[0].n_result, 2);
	ck_assert_int_eq(net.host[0].result.error, IKE_ERR_MM_EXPIRED);
	ck_assert_uint_eq(net.host[0].n_sent, sent + (_i == 1));
	sim_free(&net);
}
END_TEST

/* A peer that wants new keys every second ends its own: we are not made to follow. */
START_TEST(peer_wants_shorter_lifetimes)
{
	static const struct dialect d = DIALECT_DEFAULT;
	const struct action_sa_add *ours;
	size_t begins = (size_t)_i;
	struct policy *p;

	sim_init(&net, 1);
	p = &net.host[1].policy;
	p->n_qm_proposal = 1;
	p->qm_proposal[0].lifetime_s = p->qm_proposal[0].lifetime_kb = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, begins, 1, 4, 80);
	ck_assert(sim_run_results(&net, begins, 1, 5000));
	ours = sim_sa_of(&net, 0, true);
	ck_assert_uint_eq(ours->lifetime_s, begins == 0 ? 3600 : 60);
	if (begins == 1) /* what it offers, it need not say in its answer */
		ck_assert_uint_eq(ours->lifetime_bytes, 20480 * 1024);
	sim_run(&net, 3000); /* what it deletes ends here, too */
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_QM_ESTABLISHED), 1);
	sim_free(&net);
}
END_TEST

START_TEST(delete_tells_the_peer)
{
	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	engine_delete_qm(net.host[_i].engine, net.now_ms, net.host[_i].sa->add.qm_id);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	engine_delete_mm(net.host[_i].engine, net.now_ms, 0);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

/* Ids share their buckets of the index. */
START_TEST(found_by_id_among_many)
{
	static const struct dialect d = DIALECT_DEFAULT;
	struct engine_mm_status mm;
	struct engine_qm_status qm;
	struct engine *e;

	sim_init_dialect(&net, 1, &d);
	e = net.host[0].engine;
	for (uint32_t i = 1; i <= 5000; i++) {
		struct endpoint peer = sim_endpoint(1, 1, 4, 80);
		struct engine_acquire a = { .ticket = i, .policy = net.host[0].class };

		peer.addr.b[2] = (uint8_t)(0x80 + (i >> 8));
		peer.addr.b[3] = (uint8_t)i;
		a.selector = (struct flow){ 6, sim_endpoint(0, 1, 4, 0), peer };
		engine_acquire(e, net.now_ms, &a);
		while (engine_next_action(e) != NULL)
			;
	}
	for (uint32_t id = 1; id <= 5000; id++) {
		ck_assert(engine_get_mm(e, net.now_ms, id, &mm));
		ck_assert_uint_eq(mm.id, id);
	}
	ck_assert(!engine_get_mm(e, net.now_ms, 0, &mm));
	ck_assert(!engine_get_mm(e, net.now_ms, 5001, &mm));
	ck_assert(engine_get_qm(e, net.now_ms, 1 + 4096, &qm));
	ck_assert_uint_eq(qm.id, 1 + 4096);
	ck_assert(!engine_get_qm(e, net.now_ms, 5001, &qm));
	engine_delete_mm(e, net.now_ms, 1 + 4096);
	ck_assert(!engine_get_mm(e, net.now_ms, 1 + 4096, &mm) || mm.is_deleting);
	ck_assert(engine_get_mm(e, net.now_ms, 1, &mm));
	ck_assert(!mm.is_deleting);
	sim_free(&net);
}
END_TEST

START_TEST(shutdown_tells_the_peer)
{
	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	engine_shutdown(net.host[_i].engine, net.now_ms);
	sim_run(&net, 500);
	ck_assert(engine_is_idle(net.host[_i].engine));
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_acquire(&net, (size_t)_i, 2, 4, 80);
	ck_assert_uint_eq(net.host[_i].result.error, IKE_ERR_SHUTDOWN);
	sim_free(&net);
}
END_TEST

START_TEST(shutdown_with_a_silent_peer_is_bounded)
{
	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	net.loss_pct = 100;
	engine_shutdown(net.host[0].engine, net.now_ms);
	sim_run(&net, 30000);
	ck_assert(engine_is_idle(net.host[0].engine));
	sim_free(&net);
}
END_TEST

START_TEST(address_gone)
{
	struct endpoint e = sim_endpoint(0, 1, 4, 0);

	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	engine_address_removed(net.host[0].engine, net.now_ms, &e.addr);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(plane_says_idle)
{
	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	engine_qm_expired(
	    net.host[1].engine, net.now_ms, net.host[1].sa->add.qm_id, EXPIRY_IDLE);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_free(&net);
}
END_TEST

/* Of a first pair that is only half there: what waits behind it is told, too. */
START_TEST(plane_ends_half_a_pair)
{
	static const enum engine_expiry why[] = { EXPIRY_IDLE, EXPIRY_BYTES, EXPIRY_SILENT,
		EXPIRY_PLANE_GONE };
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.n_em_auth = net.host[1].policy.n_em_auth = 0;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	while (net.host[0].n_sa == 0)
		sim_run(&net, 1);
	engine_qm_expired(net.host[0].engine, net.now_ms,
	    why[_i] == EXPIRY_PLANE_GONE ? 0 : net.host[0].sa->add.qm_id, why[_i]);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_result, 2);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_acquire(&net, 0, 3, 4, 80);
	ck_assert(sim_run_results(&net, 0, 3, 5000));
	ck_assert_int_eq(net.host[0].result.error, IKE_OK);
	sim_free(&net);
}
END_TEST

/* Also those whose main mode is over. */
START_TEST(address_gone_after_the_main_mode)
{
	struct endpoint e = sim_endpoint(0, 1, 4, 0);

	sim_begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 7190 * 1000);
	sim_acquire(&net, 0, 2, 4, 80);
	sim_run(&net, 20 * 1000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	engine_address_removed(net.host[0].engine, net.now_ms, &e.addr);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	ck_assert_uint_eq(engine_error_count(net.host[0].engine, IKE_ERR_ADDRESS_GONE), 1);
	sim_free(&net);
}
END_TEST

TCase *
sim_life_cases(void)
{
	TCase *t = tcase_create("life");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, quick_mode_lifetime_ends_the_pair);
	tcase_add_test(t, longest_grace_for_clear_text);
	tcase_add_test(t, main_mode_lifetime);
	tcase_add_loop_test(t, main_mode_ends_before_the_answer, 0, 2);
	tcase_add_loop_test(t, peer_wants_shorter_lifetimes, 0, 2);
	tcase_add_loop_test(t, delete_tells_the_peer, 0, 2);
	tcase_add_loop_test(t, shutdown_tells_the_peer, 0, 2);
	tcase_add_test(t, found_by_id_among_many);
	tcase_add_test(t, shutdown_with_a_silent_peer_is_bounded);
	tcase_add_test(t, address_gone);
	tcase_add_test(t, address_gone_after_the_main_mode);
	tcase_add_test(t, plane_says_idle);
	tcase_add_loop_test(t, plane_ends_half_a_pair, 0, 4);
	return t;
}
