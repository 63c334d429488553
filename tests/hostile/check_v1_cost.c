/* IKEv1: what a peer that has proved who it is may cost, in work and in state. */
#include <string.h>

#include "tests/hostile/check_v1.h"

#define DELETE_ESP 3
#define MANY_SPIS 16000
#define PAIRS 100

static const struct dialect dialect = DIALECT_DEFAULT;

static void (*random_of_host)(void *ctx, uint8_t *p, size_t n);
static size_t n_private; /* values that were chosen for a Diffie-Hellman */

static void
count_private(void *ctx, uint8_t *p, size_t n)
{
	n_private += n == dh_private_len_bytes(DH_ECP384);
	random_of_host(ctx, p, n);
}

/* Who has all pairs that it may have is refused before the Diffie-Hellman of another one. */
START_TEST(refused_before_the_group)
{
	struct engine *e;

	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		v1_net.host[i].policy.qm_proposal[0].pfs = DH_ECP384;
		v1_net.host[i].policy.n_qm_proposal = 1;
	}
	sim_start(&v1_net, &dialect, &dialect);
	e = v1_net.host[RESPONDER].engine;
	random_of_host = e->p.host.random;
	e->p.host.random = count_private;
	e->p.max_qm_per_peer = 1;
	for (uint16_t i = 0; i < 5; i++) {
		n_private = 0;
		sim_acquire(&v1_net, INITIATOR, 1u + i, 4, (uint16_t)(80 + i));
		ck_assert(sim_run_results(&v1_net, INITIATOR, 1u + i, 5000));
		sim_run(&v1_net, 500);
		ck_assert_uint_eq(n_private, i == 0 ? 1 : 0);
		ck_assert_uint_eq(engine_error_count(e, IKE_ERR_PEER_QM_LIMIT), i);
	}
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 2);
	sim_free(&v1_net);
}
END_TEST

static size_t q2_bytes;

static bool
measure_q2(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	if (p[18] == EXCHANGE_QUICK && from == RESPONDER)
		q2_bytes = *n;
	return true;
}

static size_t
size_of_q2(uint32_t life_s, uint32_t life_kb)
{
	struct qm_proposal *p;

	v1_prepare();
	p = &v1_net.host[INITIATOR].policy.qm_proposal[0];
	v1_net.host[INITIATOR].policy.n_qm_proposal = 1;
	p->lifetime_s = life_s;
	p->lifetime_kb = life_kb;
	v1_net.tap = measure_q2;
	sim_start(&v1_net, &dialect, &dialect);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	ck_assert_uint_eq(sim_sa_of(&v1_net, RESPONDER, true)->lifetime_s, 60);
	ck_assert_uint_eq(
	    sim_sa_of(&v1_net, RESPONDER, true)->lifetime_bytes, 20480 * 1024);
	sim_free(&v1_net);
	return q2_bytes;
}

/* A pair that lives longer here than the peer wanted is no news for it: no notify says so. */
START_TEST(lifetimes_that_are_longer_here)
{
	size_t same = size_of_q2(60, 20480);

	ck_assert_uint_eq(size_of_q2(1, 20480), same);
	ck_assert_uint_eq(size_of_q2(60, 1), same);
	ck_assert_uint_eq(size_of_q2(1, 1), same);
}
END_TEST

static struct span
delete_of(uint32_t spi, uint16_t n)
{
	static uint8_t b[8 + 4 * MANY_SPIS];
	struct writer w;

	writer_init(&w, b, sizeof(b));
	writer_u32(&w, 1);
	writer_u8(&w, DELETE_ESP);
	writer_u8(&w, 4);
	writer_u16(&w, n);
	for (uint32_t i = 1; i < n; i++)
		writer_u32(&w, i);
	writer_u32(&w, spi);
	return span_of(b, w.n);
}

/* What has to be looked at until this pair is found by its name. */
static size_t
work_to_find(const struct engine *e, const struct qm_sa *wanted)
{
	const struct qm_sa *qm;
	size_t n = 1;

	qm = sadb_qm_first_named(e, DELETE_ESP, wanted->spi_out);
	for (; qm != wanted; qm = LIST_NEXT(qm, spi_link)) {
		ck_assert_ptr_nonnull(qm);
		n++;
	}
	return n;
}

/* As many as go into one message: each costs the same, however many pairs there are. */
START_TEST(delete_of_thousands)
{
	const struct engine *e;
	const struct qm_sa *qm, *last;
	size_t work = 0, n = 0;
	struct span wire;
	uint32_t spi;

	v1_start();
	for (uint16_t i = 0; i < PAIRS; i++)
		sim_acquire(&v1_net, INITIATOR, 1u + i, 4, (uint16_t)(80 + i));
	ck_assert(sim_run_results(&v1_net, INITIATOR, PAIRS, 30000));
	sim_run(&v1_net, 1000);
	e = v1_net.host[RESPONDER].engine;
	LIST_FOREACH (qm, &e->qm_all, all_link) {
		work += work_to_find(e, qm);
		last = qm; /* the oldest, whatever the order of their lists */
		n++;
	}
	ck_assert_uint_eq(n, PAIRS);
	ck_assert_uint_lt(work, 2 * PAIRS);
	spi = last->spi_out;
	wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_DELETE, delete_of(spi, MANY_SPIS));
	ck_assert_uint_gt(wire.n, 4 * MANY_SPIS);
	sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 2 * (PAIRS - 1));
	LIST_FOREACH (qm, &e->qm_all, all_link)
		ck_assert_uint_ne(qm->spi_out, spi);
	sim_free(&v1_net);
}
END_TEST

/* A Windows that confirms nothing: so many are repeated for it, the others are sent once. */
START_TEST(deletes_that_nobody_confirms)
{
	size_t sent;

	v1_start();
	for (uint16_t i = 0; i < PAIRS; i++)
		sim_acquire(&v1_net, INITIATOR, 1u + i, 4, (uint16_t)(80 + i));
	ck_assert(sim_run_results(&v1_net, INITIATOR, PAIRS, 30000));
	sim_run(&v1_net, 1000);
	v1_net.loss_pct = 100;
	sent = v1_net.host[INITIATOR].n_sent;
	engine_delete_qm(v1_net.host[INITIATOR].engine, v1_net.now_ms, 0);
	ck_assert_uint_eq(v1_mm(INITIATOR)->v1->n_delete, 64);
	sim_run(&v1_net, 100000);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sent - sent, PAIRS + 64 * 6);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sa, 0);
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_cost_cases(void)
{
	TCase *t = tcase_create("cost");

	tcase_add_test(t, refused_before_the_group);
	tcase_add_test(t, lifetimes_that_are_longer_here);
	tcase_add_test(t, delete_of_thousands);
	tcase_add_test(t, deletes_that_nobody_confirms);
	return t;
}
