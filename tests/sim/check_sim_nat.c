/* NATs between the hosts: found, passed, followed. */
#include <string.h>

#include "tests/sim/check_sim.h"

static struct simnet net;

static void
begin(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init_dialect(&net, 7, &d);
}

static bool
last_mm(void *ctx, const struct engine_mm_status *s)
{
	*(struct engine_mm_status *)ctx = *s;
	return true;
}

static struct engine_mm_status
mm_of(size_t host)
{
	struct engine_mm_status s = { .id = 0 };

	engine_walk_mm(net.host[host].engine, net.now_ms, last_mm, &s);
	ck_assert_uint_ne(s.id, 0);
	return s;
}

static void
expect_success(size_t n_results, size_t n_sa)
{
	ck_assert(sim_run_results(&net, 0, n_results, 60000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, n_sa);
	ck_assert_uint_eq(net.host[1].n_sa, n_sa);
	ck_assert(sim_sas_agree(&net));
}

START_TEST(no_nat)
{
	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert(!mm_of(i).nat_detected);
		ck_assert_uint_eq(mm_of(i).remote.port, 500);
		ck_assert_uint_eq(sim_sa_of(&net, i, true)->nat.local.port, 0);
	}
	sim_free(&net);
}
END_TEST

START_TEST(client_behind_nat)
{
	struct endpoint private = sim_endpoint(0, 1, 4, 0), public;
	const struct action_sa_add *a;

	begin();
	sim_nat_begin(&net, 0, false);
	public = sim_public(&net, 0, 20001);
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	ck_assert(mm_of(0).nat_detected && mm_of(1).nat_detected);
	a = sim_sa_of(&net, 1, false);
	ck_assert_uint_eq(a->protocol, 50);
	ck_assert_uint_eq(a->nat.local.port, 4500);
	ck_assert_uint_eq(a->nat.remote.port, 20001);
	ck_assert(address_equal(&a->nat.remote.addr, &public.addr));
	ck_assert(address_equal(&a->selector.remote.addr, &public.addr));
	ck_assert(address_equal(&a->nat.inner, &private.addr));
	ck_assert(a->nat.peer_moves && !a->nat.keepalive);
	a = sim_sa_of(&net, 0, false);
	ck_assert_uint_eq(a->nat.local.port, 4500);
	ck_assert_uint_eq(a->nat.remote.port, 4500);
	ck_assert(address_equal(&a->selector.local.addr, &private.addr));
	ck_assert(!a->nat.peer_moves && a->nat.keepalive);
	sim_free(&net);
}
END_TEST

/* The address in our IDs is not the one that the peer sees: strict refuses that. */
START_TEST(strict_ids_refuse)
{
	struct dialect d = DIALECT_DEFAULT;

	d.id_match = ID_MATCH_STRICT;
	sim_init_dialect(&net, 7, &d);
	sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(
	    engine_error_count(net.host[1].engine, IKE_ERR_ID_MISMATCH), 1);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

/* Each pair of hash forms (0 SHA-256, 1 SHA-1, 2 none), without and with a NAT. */
START_TEST(hash_forms)
{
	static const enum dialect_natd_hash form[] = { NATD_HASH_SHA256, NATD_HASH_SHA1,
		NATD_HASH_OMIT };
	bool nat = _i >= 9;
	struct dialect a = DIALECT_DEFAULT, b = DIALECT_DEFAULT;

	a.natd_hash = form[_i % 3];
	b.natd_hash = form[_i % 9 / 3];
	sim_init(&net, 3);
	sim_start(&net, &a, &b);
	if (nat)
		sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	/*
	 * Without NAT-D of the responder the initiator does not know, and IDs do not fit. A
	 * short M1, without NAT-D, leaves no room for it in M2.
	 */
	if (nat && (a.natd_hash == NATD_HASH_OMIT || b.natd_hash == NATD_HASH_OMIT)) {
		ck_assert(sim_run_results(&net, 0, 1, 60000));
		ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	} else {
		expect_success(1, 2);
		ck_assert_uint_eq(mm_of(0).nat_detected, nat);
		ck_assert_uint_eq(mm_of(1).nat_detected, nat);
	}
	sim_free(&net);
}
END_TEST

/* AH and a NAT do not go together: not offered, and nothing is left. */
START_TEST(only_ah_cannot_pass)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.n_qm_proposal = 1;
		net.host[i].policy.qm_proposal[0].transform = QM_AH;
	}
	sim_start(&net, &d, &d);
	sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_NO_PROPOSAL);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(ah_is_preferred_but_cannot_pass)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		net.host[i].policy.qm_proposal[0].transform = QM_AH;
	sim_start(&net, &d, &d);
	sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	ck_assert_uint_eq(sim_sa_of(&net, 0, true)->protocol, 50);
	sim_free(&net);
}
END_TEST

START_TEST(two_clients_with_the_same_ports)
{
	uint16_t port[2] = { 0, 0 };
	size_t n = 0;

	begin();
	sim_nat_begin(&net, 0, false);
	sim_acquire_from(&net, 0, 1, 1, 80);
	sim_acquire_from(&net, 0, 2, 2, 80);
	expect_success(2, 4);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 2);
	for (const struct sim_sa *sa = net.host[1].sa; sa != NULL; sa = sa->next)
		if (sa->add.inbound)
			port[n++ % 2] = sa->add.nat.remote.port;
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_ne(port[0], port[1]);
	sim_free(&net);
}
END_TEST

/* The responder's NAT forwards its two ports; the initiator knows its public address. */
START_TEST(both_behind_nat)
{
	struct engine_acquire a = { .ticket = 1, .selector.protocol = 6 };
	struct endpoint server = sim_endpoint(1, 1, 4, 0);

	begin();
	sim_nat_begin(&net, 0, false);
	sim_nat_begin(&net, 1, true);
	a.selector.local = sim_endpoint(0, 1, 4, 0);
	a.selector.remote = sim_public(&net, 1, 80);
	a.policy = net.host[0].class;
	engine_acquire(net.host[0].engine, 0, &a);
	sim_flush(&net);
	expect_success(1, 2);
	ck_assert(sim_sa_of(&net, 0, true)->nat.keepalive &&
		  sim_sa_of(&net, 0, true)->nat.peer_moves);
	ck_assert(sim_sa_of(&net, 1, true)->nat.keepalive &&
		  sim_sa_of(&net, 1, true)->nat.peer_moves);
	ck_assert(address_equal(
	    &sim_sa_of(&net, 1, true)->selector.local.addr, &server.addr));
	/* NAT-OA told the initiator. */
	ck_assert(address_equal(&sim_sa_of(&net, 0, true)->nat.inner, &server.addr));
	sim_free(&net);
}
END_TEST

/* 0: another port, 1: another address, too. */
START_TEST(rebinding_between_quick_modes)
{
	begin();
	sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	sim_nat_rebind(&net, 0, _i == 1);
	sim_acquire(&net, 0, 2, 4, 81);
	expect_success(2, 4);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 1);
	ck_assert_uint_ge(net.host[1].n_moves, 1);
	for (const struct sim_sa *sa = net.host[1].sa; sa != NULL; sa = sa->next) {
		struct endpoint public = sim_public(&net, 0, 21000);

		ck_assert_uint_eq(sa->add.nat.remote.port, 21000);
		ck_assert(address_equal(&sa->add.nat.remote.addr, &public.addr));
	}
	sim_free(&net);
}
END_TEST

struct rebind {
	size_t left;
	bool new_address;
};

static bool
rebind_tap(void *ctx, size_t from_host, uint8_t *p, size_t *n)
{
	struct rebind *r = ctx;

	(void)p;
	(void)n;
	if (from_host == 0 && r->left > 0 && --r->left == 0)
		sim_nat_rebind(&net, 0, r->new_address);
	return true;
}

/* Before the n-th message of the client (M1, Q1, Q3, E1, ...), odd: and another address. */
START_TEST(rebinding_inside_of_a_negotiation)
{
	struct rebind r = { (size_t)_i / 2 + 2, _i % 2 == 1 };

	begin();
	sim_nat_begin(&net, 0, false);
	net.tap = rebind_tap;
	net.tap_ctx = &r;
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	sim_free(&net);
}
END_TEST

struct recorder {
	uint8_t b[16][SIM_MAX_PACKET];
	size_t n[16];
	size_t count;
};
static struct recorder recorder;

static bool
record_tap(void *ctx, size_t from_host, uint8_t *p, size_t *n)
{
	struct recorder *r = ctx;

	if (from_host == 0 && r->count < 16) {
		memcpy(r->b[r->count], p, *n);
		r->n[r->count++] = *n;
	}
	return true;
}

/* Copies of authentic messages, and forged ones, from elsewhere move nothing. */
START_TEST(only_fresh_authentic_messages_move_the_peer)
{
	struct endpoint here = sim_endpoint(1, 1, 4, 4500),
			there = { { 4, { 198, 51 } }, 666 };
	struct endpoint before, after;

	begin();
	memset(&recorder, 0, sizeof(recorder));
	sim_nat_begin(&net, 0, false);
	net.tap = record_tap;
	net.tap_ctx = &recorder;
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	before = mm_of(1).remote;
	for (size_t i = 0; i < recorder.count; i++) {
		struct span d = span_of(recorder.b[i], recorder.n[i]);

		if (i == 0)
			continue; /* M1 would start another main mode */
		engine_input(net.host[1].engine, net.now_ms, &here, &there, d);
		recorder.b[i][recorder.n[i] - 1] ^= 1;
		engine_input(net.host[1].engine, net.now_ms, &here, &there, d);
		sim_flush(&net);
	}
	after = mm_of(1).remote;
	ck_assert_uint_eq(after.port, before.port);
	ck_assert(address_equal(&after.addr, &before.addr));
	ck_assert_uint_eq(net.host[1].n_moves, 0);
	sim_free(&net);
}
END_TEST

START_TEST(plane_saw_the_peer_move)
{
	struct endpoint there = { { 4, { 198, 51, 100, 1 } }, 666 };

	begin();
	sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	engine_peer_moved(
	    net.host[1].engine, net.now_ms, sim_sa_of(&net, 1, true)->qm_id, &there);
	sim_flush(&net);
	ck_assert_uint_eq(mm_of(1).remote.port, 666);
	/* The peer without NAT does not move. */
	engine_peer_moved(
	    net.host[0].engine, net.now_ms, sim_sa_of(&net, 0, true)->qm_id, &there);
	sim_flush(&net);
	ck_assert_uint_eq(mm_of(0).remote.port, 4500);
	sim_free(&net);
}
END_TEST

/* The pair is near its end: 0 its initiator sees it, 1 its responder, who has to ask. */
START_TEST(rekey_through_the_nat)
{
	size_t host = (size_t)_i;

	begin();
	sim_nat_begin(&net, 0, false);
	sim_acquire_from(&net, 0, 1, 1, 80);
	ck_assert(sim_run_results(&net, 0, 1, 60000));
	sim_acquire_from(&net, 0, 2, 2, 80);
	expect_success(2, 4);
	sim_run(&net, 60000);
	/* Neither neighbour has replaced the other. */
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	engine_qm_expired(net.host[host].engine, net.now_ms,
	    sim_sa_of(&net, host, true)->qm_id, EXPIRY_SOFT);
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[0].n_sa, 6);
	ck_assert_uint_eq(net.host[1].n_sa, 6);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_run(&net, 120000);
	ck_assert_uint_eq(net.host[0].n_sa, 4);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	sim_free(&net);
}
END_TEST

/* "I know nobody" of one host does not end the SAs of its neighbour behind the same NAT. */
START_TEST(initial_contact_behind_the_same_nat)
{
	static const struct dialect d = DIALECT_DEFAULT;
	uint16_t number = _i == 0 ? 2 : 1;

	begin();
	sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	expect_success(1, 2);
	sim_restart(&net, 0, &d);
	sim_acquire_from(&net, 0, 2, number, 80);
	ck_assert(sim_run_results(&net, 0, 2, 60000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, number == 2 ? 4 : 2);
	sim_free(&net);
}
END_TEST

START_TEST(switched_off)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[_i].without_nat_t = true;
	sim_start(&net, &d, &d);
	sim_nat_begin(&net, 0, false);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 200000));
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

void
sim_nat_tests(Suite *s)
{
	TCase *t = tcase_create("nat");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, no_nat);
	tcase_add_test(t, client_behind_nat);
	tcase_add_test(t, strict_ids_refuse);
	tcase_add_loop_test(t, hash_forms, 0, 18);
	tcase_add_test(t, only_ah_cannot_pass);
	tcase_add_test(t, ah_is_preferred_but_cannot_pass);
	tcase_add_test(t, two_clients_with_the_same_ports);
	tcase_add_test(t, both_behind_nat);
	tcase_add_loop_test(t, rebinding_between_quick_modes, 0, 2);
	tcase_add_loop_test(t, rebinding_inside_of_a_negotiation, 0, 18);
	tcase_add_test(t, only_fresh_authentic_messages_move_the_peer);
	tcase_add_test(t, plane_saw_the_peer_move);
	tcase_add_loop_test(t, rekey_through_the_nat, 0, 2);
	tcase_add_loop_test(t, initial_contact_behind_the_same_nat, 0, 2);
	tcase_add_loop_test(t, switched_off, 0, 2);
	suite_add_tcase(s, t);
}
