/* Pairs for one connection: where the peer would mistake one pair for another. */
#include <string.h>

#include "tests/sim/check_sim.h"

static struct simnet net;
static bool is_v1;

static void
begin(enum dialect_selector_port knob)
{
	struct dialect d = DIALECT_DEFAULT;

	d.selector_port = knob;
	sim_init(&net, 3);
	for (size_t i = 0; i < SIM_HOSTS && is_v1; i++) {
		net.host[i].policy.keying = KEYING_IKEV1;
		net.host[i].policy.mm_auth[0] = (struct auth_entry){ AUTH_V1_PSK, true };
		net.host[i].policy.n_mm_auth = 1;
		net.host[i].policy.n_em_auth = 0;
	}
	sim_start(&net, &d, &d);
}

static void
ask_shared(uint64_t ticket, uint32_t class_id, uint16_t local_port, bool is_shared)
{
	struct engine_acquire a = {
		.ticket = ticket,
		.selector = { 6, sim_endpoint(0, 1, 4, 0), sim_endpoint(1, 1, 4, 80) },
		.local_port = local_port,
		.is_shared = is_shared,
		.policy = net.host[0].class,
	};

	a.policy.class_id = class_id;
	engine_acquire(net.host[0].engine, net.now_ms, &a);
	sim_flush(&net);
}

/* A connection of a class from this port; 0: not known. */
static void
ask(uint64_t ticket, uint32_t class_id, uint16_t local_port)
{
	ask_shared(ticket, class_id, local_port, false);
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

/*
 * Another class has connections to that port, but no pair any more. The first asks while nothing
 * is known; what joins it gets a pair of its own.
 */
START_TEST(another_class_without_a_pair)
{
	begin(SELECTOR_PORT_AUTO);
	ask_shared(1, 2, 50002, true);
	ask_shared(2, 2, 50003, true);
	expect(2, 2);
	ck_assert_uint_eq(pairs_for(0), 0);
	ck_assert_uint_eq(pairs_for(50002) + pairs_for(50003), 2);
	ask_shared(3, 3, 50004, true);
	ask_shared(4, 4, 0, true); /* there is no port */
	expect(4, 4);
	ck_assert_uint_eq(pairs_for(50004), 1);
	ck_assert_uint_eq(pairs_for(0), 1);
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

/* ---- the end of such a pair ---- */

static struct end {
	size_t n; /* that are to be renewed, of a host */
	struct action_sa_delete last;
} ends[SIM_HOSTS];

static void
on_action(void *ctx, size_t host, const struct engine_action *a)
{
	(void)ctx;
	if (a->type != ACTION_SA_DELETE || !a->sa_delete.renew)
		return;
	ends[host].n++;
	ends[host].last = a->sa_delete;
}

/* What a host has for our port; 0: for any. */
static uint32_t
qm_for(size_t host, uint16_t port)
{
	const struct sim_sa *sa = net.host[host].sa;

	while (sa != NULL && (host == 0 ? sa->add.selector.local.port :
					  sa->add.selector.remote.port) != port)
		sa = sa->next;
	ck_assert_ptr_nonnull(sa);
	return sa->add.qm_id;
}

static void
say(size_t host, uint32_t qm_id, enum engine_expiry why)
{
	engine_qm_expired(net.host[host].engine, net.now_ms, qm_id, why);
	sim_run(&net, 1000);
}

/* Class 1 has a pair for all, class 2 one for port 50002. */
static void
two_classes(bool v1)
{
	is_v1 = v1;
	begin(SELECTOR_PORT_AUTO);
	memset(ends, 0, sizeof(ends));
	net.watch = on_action;
	ask(1, 1, 50001);
	expect(1, 1);
	ask(2, 2, 50002);
	expect(2, 2);
}

/* As the daemon does it, while the connection lives. */
static void
renew(uint64_t ticket)
{
	struct engine_acquire a = { .ticket = ticket,
		.selector = ends[0].last.selector,
		.local_port = ends[0].last.selector.local.port,
		.renews = true,
		.policy = net.host[0].class };

	a.policy.class_id = ends[0].last.class_id;
	engine_acquire(net.host[0].engine, net.now_ms, &a);
	sim_flush(&net);
	ck_assert(sim_run_results(&net, 0, ticket, 20000));
	sim_run(&net, 1000);
}

/* Whoever made it renews it, whichever side ends it; also when there is no double any more. */
START_TEST(renewed_while_its_connection_lives)
{
	two_classes(_i == 1);
	for (size_t i = 0; i < 4; i++) {
		if (i == 2)
			say(0, qm_for(0, 0), EXPIRY_IDLE);
		ck_assert_uint_eq(ends[0].n, i);
		say(i % 2, qm_for(i % 2, 50002), EXPIRY_IDLE);
		ck_assert_uint_eq(ends[0].n, i + 1);
		ck_assert_uint_eq(ends[0].last.selector.local.port, 50002);
		ck_assert_uint_eq(ends[0].last.selector.remote.port, 80);
		ck_assert_uint_eq(ends[0].last.class_id, 2);
		ck_assert_uint_eq(pairs_for(50002), 0);
		renew(3 + i);
		ck_assert_uint_eq(pairs_for(50002), 1);
		ck_assert(sim_sas_agree(&net));
	}
	ck_assert_uint_eq(ends[1].n, 0);
	sim_free(&net);
}
END_TEST

/* One that serves others, too, is made by whoever needs it; what was ended on purpose stays so. */
START_TEST(not_renewed)
{
	two_classes(false);
	say(0, qm_for(0, 0), EXPIRY_IDLE);
	engine_delete_qm(net.host[0].engine, net.now_ms, qm_for(0, 50002));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	ck_assert_uint_eq(ends[0].n + ends[1].n, 0);
	sim_free(&net);
	two_classes(false);
	engine_shutdown(net.host[0].engine, net.now_ms);
	sim_run(&net, 20000);
	ck_assert_uint_eq(ends[0].n + ends[1].n, 0);
	sim_free(&net);
}
END_TEST

/* The one that takes over is renewed, whichever side negotiated it; the one before is not. */
START_TEST(renewed_after_a_rekey)
{
	two_classes(false);
	sim_run(&net, 60000); /* sooner the peer need not know of it yet */
	say((size_t)_i, qm_for((size_t)_i, 50002), EXPIRY_SOFT);
	ck_assert_uint_eq(pairs_for(50002), 2);
	sim_run(&net, 120000);
	ck_assert_uint_eq(pairs_for(50002), 1);
	ck_assert_uint_eq(ends[0].n, 0);
	say(0, qm_for(0, 50002), EXPIRY_IDLE);
	ck_assert_uint_eq(ends[0].n, 1);
	sim_free(&net);
}
END_TEST

/* Behind a NAT there need be no other pair: the peer cannot begin. */
START_TEST(renewed_behind_a_nat)
{
	begin(SELECTOR_PORT_AUTO);
	memset(ends, 0, sizeof(ends));
	net.watch = on_action;
	sim_nat_begin(&net, 0, false);
	ask(1, 1, 50001);
	expect(1, 1);
	say(1, qm_for(1, 50001), EXPIRY_IDLE);
	ck_assert_uint_eq(ends[0].n, 1);
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
	tcase_add_test(t, another_class_without_a_pair);
	tcase_add_test(t, unknown_port_is_any);
	tcase_add_test(t, behind_a_nat);
	tcase_add_test(t, knob_any);
	tcase_add_test(t, knob_flow);
	tcase_add_test(t, not_without_end);
	tcase_add_test(t, who_wants_a_port);
	tcase_add_loop_test(t, renewed_while_its_connection_lives, 0, 2);
	tcase_add_test(t, not_renewed);
	tcase_add_loop_test(t, renewed_after_a_rekey, 0, 2);
	tcase_add_test(t, renewed_behind_a_nat);
	return t;
}
