/*
 * Both sides renew at the same moment, and their messages cross in every order: no packet is
 * lost, and both end with the same.
 */
#include <string.h>

#include "ike/v1.h"
#include "tests/sim/check_sim.h"
#include "tests/sim/traffic.h"

#define SEEDS 12

static const struct dialect dialect = DIALECT_DEFAULT;

/* What is renewed: pairs, on a main mode that lives or on one of each side; main modes; both. */
enum { AUTHIP_PAIR, AUTHIP_PAIR_NO_EM, AUTHIP_MAIN, V1_PAIR, V1_MAIN, V1_BOTH, KINDS };

static void
speak_v1(struct policy *p)
{
	p->keying = KEYING_IKEV1;
	p->mm_auth[0] = (struct auth_entry){ AUTH_V1_PSK, true };
	p->n_mm_auth = 1;
	p->n_em_auth = 0;
	for (uint32_t k = 0; k < p->n_mm_proposal; k++)
		p->mm_proposal[k].integrity = HASH_SHA1;
}

static void
begin(int kind, uint64_t seed)
{
	traffic_prepare(seed, HOUR_S, kind == AUTHIP_MAIN ? 300 : 8 * HOUR_S);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		if (kind >= V1_PAIR)
			speak_v1(&net.host[i].policy);
		if (kind == AUTHIP_PAIR_NO_EM)
			net.host[i].policy.n_em_auth = 0;
	}
	sim_start(&net, &dialect, &dialect);
	traffic_acquire();
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	traffic_run(kind == AUTHIP_MAIN ? 310 : 10);
	world.packets = 10;
}

/* What its timer does, or the command of an administrator. */
static void
renew_main(size_t host)
{
	struct engine *e = net.host[host].engine;
	struct mm_sa *mm = hostile_mm(host);
	struct endpoint local = { mm->local.addr, 500 }, remote = { mm->remote.addr, 500 };

	e->now_ms = net.now_ms;
	ck_assert_ptr_nonnull(v1_init_start(e, &local, &remote, &mm->policy_of, NULL));
	sim_flush(&net);
}

static void
renew(size_t host, int kind)
{
	if (kind >= V1_MAIN)
		renew_main(host);
	if (kind != V1_MAIN)
		traffic_say(host, sim_newest(&net.host[host], &world.flow[host])->add.qm_id,
		    EXPIRY_SOFT);
}

/* Half a second at most between them, while every message takes up to that long. */
static void
both_renew(int kind)
{
	size_t first = sim_random(&net) % 2;

	net.jitter_ms = 500;
	net.dup_pct = 10;
	renew(first, kind);
	sim_run(&net, sim_random(&net) % 500);
	renew(1 - first, kind);
	traffic_run(100);
	net.jitter_ms = net.dup_pct = 0;
	traffic_run(30); /* the last of them has arrived */
}

/* The main modes of both hosts are the same: all cookies of one, in the list of the other. */
static bool
mms_agree(void)
{
	const struct mm_sa *mm, *other;

	for (size_t i = 0; i < SIM_HOSTS; i++) {
		mm = sadb_mm_first(net.host[i].engine, &world.flow[i].remote.addr);
		for (; mm != NULL; mm = LIST_NEXT(mm, peer_link)) {
			other = sadb_mm_first(
			    net.host[1 - i].engine, &world.flow[1 - i].remote.addr);
			while (other != NULL &&
			    (memcmp(mm->icookie, other->icookie, COOKIE_BYTES) != 0 ||
				memcmp(mm->rcookie, other->rcookie, COOKIE_BYTES) != 0))
				other = LIST_NEXT(other, peer_link);
			if (other == NULL)
				return false;
		}
	}
	return true;
}

/* Of IKEv1: all pairs are where a Delete of them will be looked for. */
static void
expect_pairs_on_newest(size_t host)
{
	const struct engine *e = net.host[host].engine;
	const struct address *peer = &world.flow[host].remote.addr;
	const struct mm_sa *mm, *newest = sadb_mm_first(e, peer);
	const struct qm_sa *qm;

	for (mm = newest; mm != NULL; mm = LIST_NEXT(mm, peer_link))
		if (mm->established_ms > newest->established_ms)
			newest = mm;
	for (qm = sadb_qm_first(e, peer); qm != NULL; qm = LIST_NEXT(qm, peer_link))
		ck_assert_ptr_eq(qm->mm, newest);
}

static void
expect_all_well(size_t max_pairs, size_t max_mms)
{
	traffic_expect_no_gap();
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[0].n_sa, net.host[1].n_sa);
	ck_assert_uint_le(net.host[0].n_sa, 2 * max_pairs);
	ck_assert(mms_agree());
	ck_assert_uint_le(sim_count_mm(&net, 0), max_mms);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
}

/* Once, and again with what that left; then one side alone, and there is one pair. */
START_TEST(both_renew_at_once)
{
	int kind = _i / SEEDS;
	size_t n = kind == V1_MAIN ? 1 : 2;

	begin(kind, (uint64_t)(_i % SEEDS) + 1);
	both_renew(kind);
	expect_all_well(n, 2);
	if (kind == V1_MAIN)
		for (size_t i = 0; i < SIM_HOSTS; i++)
			expect_pairs_on_newest(i);
	both_renew(kind);
	expect_all_well(n, 2);
	renew(0, kind);
	traffic_run(100);
	expect_all_well(1, 2);
	sim_free(&net);
}
END_TEST

TCase *
sim_both_cases(void)
{
	TCase *t = tcase_create("both renew");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, both_renew_at_once, 0, KINDS * SEEDS);
	return t;
}
