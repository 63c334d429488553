/* Pairs for one connection: where the peer would mistake one pair for another. */
#include "tests/sim/check_sim.h"

static struct simnet net;

static void
begin(enum dialect_selector_port knob)
{
	struct dialect d = DIALECT_DEFAULT;

	d.selector_port = knob;
	sim_init(&net, 3);
	sim_start(&net, &d, &d);
}

/* A connection of a class from this port; 0: not known. */
static void
ask(uint64_t ticket, uint32_t class_id, uint16_t local_port)
{
	struct engine_acquire a = {
		.ticket = ticket,
		.selector = { 6, sim_endpoint(0, 1, 4, 0), sim_endpoint(1, 1, 4, 80) },
		.local_port = local_port,
		.policy = net.host[0].class,
	};

	a.policy.class_id = class_id;
	engine_acquire(net.host[0].engine, net.now_ms, &a);
	sim_flush(&net);
}

static void
expect(size_t n_results, size_t n_pairs)
{
	ck_assert(sim_run_results(&net, 0, n_results, 20000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2 * n_pairs);
	ck_assert_uint_eq(net.host[1].n_sa, 2 * n_pairs);
	ck_assert(sim_sas_agree(&net));
}

/* How many pairs of the peer are for this port of ours; 0: for any. */
static size_t
pairs_for(uint16_t port)
{
	size_t n = 0;

	for (const struct sim_sa *sa = net.host[1].sa; sa != NULL; sa = sa->next)
		n += sa->add.inbound && sa->add.selector.remote.port == port;
	return n;
}

START_TEST(one_pair_for_a_class)
{
	begin(SELECTOR_PORT_AUTO);
	ask(1, 1, 50001);
	ask(2, 1, 50002);
	expect(2, 1);
	ck_assert_uint_eq(pairs_for(0), 1);
	sim_free(&net);
}
END_TEST

/* 0: one after the other; 1: at the same time, when the class that begins gets the wide one */
START_TEST(another_class_is_by_connection)
{
	size_t n_pairs = _i == 0 ? 3 : 2;

	begin(SELECTOR_PORT_AUTO);
	ask(1, 1, 50001);
	if (_i == 0)
		expect(1, 1);
	ask(2, 2, 50002);
	ask(3, 2, 50003);
	expect(3, n_pairs);
	ck_assert_uint_eq(pairs_for(0), 1);
	ck_assert_uint_eq(pairs_for(50001) + pairs_for(50002) + pairs_for(50003), n_pairs - 1);
	/* They are there for the same connections again. */
	ask(4, 2, 50003);
	ask(5, 1, 50001);
	expect(5, n_pairs);
	sim_free(&net);
}
END_TEST

START_TEST(unknown_port_is_any)
{
	begin(SELECTOR_PORT_AUTO);
	ask(1, 1, 50001);
	expect(1, 1);
	ask(2, 2, 0);
	expect(2, 2);
	ck_assert_uint_eq(pairs_for(0), 2);
	sim_free(&net);
}
END_TEST

/* Those that asked for the same before the NAT was known get pairs of their own. */
START_TEST(behind_a_nat)
{
	begin(SELECTOR_PORT_AUTO);
	sim_nat_begin(&net, 0, false);
	for (uint16_t i = 1; i <= 3; i++)
		ask(i, 1, 50000 + i);
	expect(3, 3);
	for (uint16_t i = 1; i <= 3; i++)
		ck_assert_uint_eq(pairs_for(50000 + i), 1);
	sim_free(&net);
}
END_TEST

START_TEST(knob_any)
{
	begin(SELECTOR_PORT_ANY);
	sim_nat_begin(&net, 0, false);
	ask(1, 1, 50001);
	expect(1, 1);
	ask(2, 2, 50002);
	expect(2, 2);
	ck_assert_uint_eq(pairs_for(0), 2);
	sim_free(&net);
}
END_TEST

START_TEST(knob_flow)
{
	begin(SELECTOR_PORT_FLOW);
	ask(1, 1, 50001);
	ask(2, 1, 50002);
	expect(2, 2);
	ck_assert_uint_eq(pairs_for(50001), 1);
	ck_assert_uint_eq(pairs_for(50002), 1);
	sim_free(&net);
}
END_TEST

START_TEST(not_without_end)
{
	begin(SELECTOR_PORT_FLOW);
	for (uint16_t i = 1; i <= 300; i++) {
		ask(i, 1, 50000 + i);
		ck_assert(sim_run_results(&net, 0, i, 20000));
	}
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[1].n_sa, 2 * (256 + 1));
	ck_assert_uint_eq(pairs_for(0), 1);
	sim_free(&net);
}
END_TEST

/* Whether a program's socket should get its port before the negotiation. */
START_TEST(who_wants_a_port)
{
	struct flow f = { 6, sim_endpoint(0, 1, 4, 0), sim_endpoint(1, 1, 4, 80) };

	begin(SELECTOR_PORT_AUTO);
	ck_assert(engine_wants_port(net.host[0].engine, 1, &f));
	ask(1, 1, 50001);
	expect(1, 1);
	ck_assert(!engine_wants_port(net.host[0].engine, 1, &f));
	ck_assert(engine_wants_port(net.host[0].engine, 2, &f));
	f.remote.port = 81;
	ck_assert(!engine_wants_port(net.host[0].engine, 2, &f));
	sim_free(&net);
}
END_TEST

TCase *
sim_narrow_cases(void)
{
	TCase *t = tcase_create("narrow");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, one_pair_for_a_class);
	tcase_add_loop_test(t, another_class_is_by_connection, 0, 2);
	tcase_add_test(t, unknown_port_is_any);
	tcase_add_test(t, behind_a_nat);
	tcase_add_test(t, knob_any);
	tcase_add_test(t, knob_flow);
	tcase_add_test(t, not_without_end);
	tcase_add_test(t, who_wants_a_port);
	return t;
}
