/* Peers that were not heard for long: they are asked, and nothing ends before they have answered. */
#include <string.h>

#include "tests/sim/check_sim.h"

static struct dialect dialect;
static struct simnet net;

/* how: bit 0: IKEv1; bit 1: without extended mode, so that both sides may begin */
static void
begin(int how)
{
	dialect = (struct dialect)DIALECT_DEFAULT;
	sim_init(&net, 7);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		if ((how & 1) != 0) {
			p->keying = KEYING_IKEV1;
			p->mm_auth[0] = (struct auth_entry){ AUTH_V1_PSK, true };
			p->n_mm_auth = 1;
		}
		if (how != 0)
			p->n_em_auth = 0;
	}
	sim_start(&net, &dialect, &dialect);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 20000));
	sim_run(&net, 60000); /* else the peer need not know of it yet */
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
}

static uint32_t
newest(size_t host)
{
	uint32_t id = 0;

	for (const struct sim_sa *sa = net.host[host].sa; sa != NULL; sa = sa->next)
		if (sa->add.qm_id > id)
			id = sa->add.qm_id;
	return id;
}

static void
unheard(size_t host, uint64_t wait_ms)
{
	engine_qm_expired(net.host[host].engine, net.now_ms, newest(host), EXPIRY_UNHEARD);
	sim_run(&net, wait_ms);
}

static bool
lose_all(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)from;
	(void)p;
	(void)n;
	return false;
}

/* It just had nothing to say: there is a new pair for the old one. */
START_TEST(it_is_there)
{
	for (size_t host = 0; host < 2; host++) {
		uint32_t before;

		begin(_i);
		before = newest(host);
		unheard(host, 2000);
		ck_assert_uint_ne(newest(host), before);
		ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
		sim_run(&net, 120000);
		ck_assert_uint_eq(net.host[0].n_sa, 2);
		ck_assert(sim_sas_agree(&net));
		/* Whoever may begin by himself does so. */
		ck_assert_uint_le(sim_count_mm(&net, host), _i == 2 ? 2 : 1);
		sim_free(&net);
	}
}
END_TEST

/* It started again, and knows nothing: a new main mode, without waiting for what is lost. */
START_TEST(it_started_again)
{
	begin(_i);
	sim_restart(&net, 1, &dialect);
	unheard(0, 16000);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	sim_run(&net, 120000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* The same where the peer has begun: it is asked to do so again, which it does not understand. */
START_TEST(who_began_started_again)
{
	begin(_i);
	sim_restart(&net, 0, &dialect);
	unheard(1, 70000);
	unheard(1, 20000);
	ck_assert_uint_ge(net.host[0].n_sa, 2);
	sim_run(&net, 120000);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* The network is down: what both have stays until they can talk again. */
START_TEST(nobody_is_there)
{
	begin(_i);
	net.tap = lose_all;
	for (int i = 0; i < 3; i++)
		unheard(0, 90000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	net.tap = NULL;
	unheard(0, 16000);
	sim_run(&net, 120000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

TCase *
sim_unheard_cases(void)
{
	TCase *t = tcase_create("unheard");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, it_is_there, 0, 3);
	tcase_add_loop_test(t, it_started_again, 0, 3);
	tcase_add_loop_test(t, who_began_started_again, 0, 3);
	tcase_add_loop_test(t, nobody_is_there, 0, 3);
	return t;
}
