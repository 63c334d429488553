/* Hostile inputs for IKEv1: what has no hash, what comes in the wrong state, bad values. */
#include "tests/hostile/check_v1.h"
#include "tests/unit/run_suite.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGES 9

struct simnet v1_net;

static const struct dialect dialect = DIALECT_DEFAULT;

void
v1_prepare(void)
{
	sim_init(&v1_net, 42);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &v1_net.host[i].policy;

		p->keying = KEYING_IKEV1;
		p->mm_auth[0] = (struct auth_entry){ AUTH_V1_PSK, true };
		p->n_em_auth = 0;
	}
}

void
v1_start(void)
{
	v1_prepare();
	sim_start(&v1_net, &dialect, &dialect);
}

void
v1_connect(void)
{
	v1_start();
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
}

void
v1_expect_unharmed(void)
{
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sa, 2);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 2);
	ck_assert(sim_sas_agree(&v1_net));
	ck_assert_uint_eq(sim_count_mm(&v1_net, INITIATOR), 1);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), 1);
}

void
v1_expect_drop(size_t host, struct span datagram, enum ike_err err)
{
	uint64_t before = engine_error_count(v1_net.host[host].engine, err);

	sim_inject(&v1_net, host, datagram.p, datagram.n);
	ck_assert_msg(engine_error_count(v1_net.host[host].engine, err) == before + 1,
	    "%s was not counted", ike_err_counter(err));
}

struct mm_sa *
v1_mm(size_t host)
{
	struct mm_sa *mm = LIST_FIRST(&v1_net.host[host].engine->mm_all);

	ck_assert_ptr_nonnull(mm);
	return mm;
}

struct span
v1_info(size_t from, enum v1_proof proof, uint8_t type, struct span body)
{
	struct engine *e = v1_net.host[from].engine;
	struct mm_sa *mm = v1_mm(from);
	struct span wire = SPAN_NONE;
	struct v1_iv iv;
	uint32_t id;

	e->p.host.random(e->p.host.ctx, (uint8_t *)&id, sizeof(id));
	v1_begin(e, mm, EXCHANGE_INFO, id);
	if (proof == WRONG_HASH || proof == RIGHT_HASH)
		v1_hash_begin(e, mm);
	v1_write(e, type, body);
	if (proof != IN_CLEAR)
		ck_assert(v1_keys_iv(mm, id, &iv));
	if (proof == RIGHT_HASH)
		ck_assert(v1_hash_finish(e, mm, id, SPAN_NONE, &iv, &wire));
	else
		ck_assert(v1_finish(e, &wire));
	if (proof == WITHOUT_HASH || proof == WRONG_HASH)
		ck_assert(v1_seal(e, mm, &iv, &wire));
	return wire;
}

void
v1_notify_begin(struct v1_body *n, uint16_t type, struct span spi)
{
	writer_init(&n->w, n->b, sizeof(n->b));
	writer_u32(&n->w, 1);
	writer_u8(&n->w, 1);
	writer_u8(&n->w, (uint8_t)spi.n);
	writer_u16(&n->w, type);
	writer_bytes(&n->w, spi);
}

struct span
v1_body_of(const struct v1_body *n)
{
	ck_assert(writer_ok(&n->w));
	return span_of(n->b, n->w.n);
}

/* ---- states ---- */

struct record {
	size_t n;
	struct sim_packet p[MESSAGES];
	size_t from[MESSAGES];
};

static struct record record;

static bool
keep(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct record *r = ctx;

	if (r->n < MESSAGES) {
		memcpy(r->p[r->n].b, p, *n);
		r->p[r->n].n = *n;
		r->from[r->n] = from;
	}
	r->n++;
	return true;
}

/*
 * The messages of this very negotiation, each of them in each state, at either side and with
 * the flag of encryption inverted, too: it goes through, or waits for what it expects.
 */
START_TEST(state_matrix)
{
	memset(&record, 0, sizeof(record));
	v1_start();
	v1_net.tap = keep;
	v1_net.tap_ctx = &record;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 1000);
	ck_assert_uint_ge(record.n, MESSAGES);
	sim_free(&v1_net);
	v1_start();
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, (uint64_t)(SIM_LATENCY_MS * _i + 1));
	for (size_t k = 0; k < MESSAGES; k++)
		for (int way = 0; way < 4; way++) {
			size_t to = way & 1 ? record.from[k] : 1 - record.from[k];

			if (to != record.from[k] && (way & 2) == 0)
				continue; /* that one belongs here */
			/* Nobody reflects M4 before there is one; as M3 it would be good. */
			if (k == 3 && to == record.from[k])
				continue;
			record.p[k].b[19] ^= way & 2 ? 1 : 0;
			sim_inject(&v1_net, to, record.p[k].b, record.p[k].n);
			record.p[k].b[19] ^= way & 2 ? 1 : 0;
		}
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 60000));
	sim_run(&v1_net, 10000);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* The first message of its own quick mode, when its pair is gone: nothing happens. */
START_TEST(reflected_quick_mode)
{
	size_t k, sent;

	memset(&record, 0, sizeof(record));
	v1_start();
	v1_net.tap = keep;
	v1_net.tap_ctx = &record;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	sim_run(&v1_net, 1000);
	for (k = 0; k < MESSAGES; k++)
		if (record.from[k] == INITIATOR && record.p[k].b[18] == EXCHANGE_QUICK)
			break;
	ck_assert_uint_lt(k, MESSAGES);
	engine_delete_qm(v1_net.host[INITIATOR].engine, v1_net.now_ms, 0);
	sim_run(&v1_net, 10000);
	sent = v1_net.host[INITIATOR].n_sent;
	v1_expect_drop(
	    INITIATOR, span_of(record.p[k].b, record.p[k].n), IKE_ERR_REPLAY);
	sim_run(&v1_net, 1000);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sent, sent);
	sim_free(&v1_net);
}
END_TEST

/* ---- values of Diffie-Hellman ---- */

enum { KE_ZERO, KE_ONE, KE_ONES, KE_SHORT, KE_LONG, KE_SHAPES };

/* KE is the first payload of messages 3 and 4; its length stays right for the chain. */
static bool
spoil_ke(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	int shape = *(int *)ctx % KE_SHAPES;
	size_t who = (size_t)(*(int *)ctx / KE_SHAPES), body_n;
	uint16_t len;

	if (from != who || p[16] != PAYLOAD_KE)
		return true;
	len = (uint16_t)(p[30] << 8 | p[31]);
	body_n = len - 4u;
	if (shape == KE_SHORT || shape == KE_LONG) {
		size_t step = 8;

		memmove(p + 28 + len + (shape == KE_LONG ? step : 0) -
			    (shape == KE_SHORT ? step : 0),
		    p + 28 + len, *n - 28 - len);
		*n = shape == KE_LONG ? *n + step : *n - step;
		len = (uint16_t)(shape == KE_LONG ? len + step : len - step);
		p[30] = (uint8_t)(len >> 8);
		p[31] = (uint8_t)len;
		p[26] = (uint8_t)(*n >> 8);
		p[27] = (uint8_t)*n;
		return true;
	}
	memset(p + 32, shape == KE_ONES ? 0xff : 0, body_n);
	p[32 + body_n - 1] = shape == KE_ZERO ? 0 : shape == KE_ONE ? 1 : 0xff;
	return true;
}

/* H50, H54: refused by name, and no main mode is left after a while. */
START_TEST(h50_ke_values)
{
	static const enum dh_group groups[] = { DH_MODP1024, DH_MODP2048, DH_ECP256,
		DH_ECP384 };
	size_t who = (size_t)(_i / KE_SHAPES);

	for (size_t g = 0; g < 4; g++) {
		int shape = _i;

		sim_init(&v1_net, 7);
		for (size_t i = 0; i < SIM_HOSTS; i++) {
			struct policy *p = &v1_net.host[i].policy;

			p->keying = KEYING_IKEV1;
			p->mm_auth[0] = (struct auth_entry){ AUTH_V1_PSK, true };
			p->n_em_auth = 0;
			p->mm_proposal[0].group = groups[g];
			p->n_mm_proposal = 1;
		}
		sim_start(&v1_net, &dialect, &dialect);
		v1_net.tap = spoil_ke;
		v1_net.tap_ctx = &shape;
		sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
		sim_run(&v1_net, 300000);
		ck_assert_uint_ge(
		    engine_error_count(v1_net.host[1 - who].engine, IKE_ERR_DH), 1);
		ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 1);
		ck_assert_uint_eq(
		    sim_count_mm(&v1_net, 0) + sim_count_mm(&v1_net, 1), 0);
		sim_free(&v1_net);
	}
}
END_TEST

/* ---- quick mode ---- */

/*
 * A fourth message: CONNECTED, as who set the commit bit sends it, or INITIAL-CONTACT, as
 * Windows does. It means nothing here and harms nothing, and the next pair is made as ever.
 */
START_TEST(fourth_message_of_quick_mode)
{
	uint16_t type = _i == 0 ? NOTIFY_CONNECTED : NOTIFY_INITIAL_CONTACT;
	uint8_t b[12] = { 0, 0, 0, 1, 3, 4, (uint8_t)(type >> 8), (uint8_t)type };
	struct engine *e;
	struct mm_sa *mm;
	struct qm_sa *qm;
	struct span wire;
	struct v1_iv iv;

	v1_connect();
	e = v1_net.host[RESPONDER].engine;
	mm = v1_mm(RESPONDER);
	qm = LIST_FIRST(&mm->quick_modes);
	memcpy(iv.b, qm->v1_iv, sizeof(iv.b));
	v1_begin(e, mm, EXCHANGE_QUICK, qm->message_id);
	v1_hash_begin(e, mm);
	v1_write(e, PAYLOAD_NOTIFY, SPAN_ARRAY(b));
	ck_assert(v1_hash_finish(e, mm, qm->message_id, SPAN_NONE, &iv, &wire));
	v1_expect_drop(INITIATOR, wire, IKE_ERR_STATE);
	v1_expect_unharmed();
	for (size_t host = 0; host < SIM_HOSTS; host++) {
		sim_acquire(&v1_net, host, 2 + host, 4, (uint16_t)(81 + host));
		sim_run(&v1_net, 1000);
	}
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sa, 6);
	ck_assert(sim_sas_agree(&v1_net));
	sim_free(&v1_net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hostile_v1");
	TCase *t = tcase_create("ikev1");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, reflected_quick_mode);
	tcase_add_loop_test(t, state_matrix, 0, MESSAGES + 1);
	tcase_add_loop_test(t, h50_ke_values, 0, 2 * KE_SHAPES);
	tcase_add_loop_test(t, fourth_message_of_quick_mode, 0, 2);
	suite_add_tcase(s, t);
	suite_add_tcase(s, v1_first_cases());
	suite_add_tcase(s, v1_key_cases());
	suite_add_tcase(s, v1_quick_cases());
	suite_add_tcase(s, v1_proof_cases());
	suite_add_tcase(s, v1_refusal_cases());
	suite_add_tcase(s, v1_answer_cases());
	suite_add_tcase(s, v1_id_cases());
	suite_add_tcase(s, v1_info_cases());
	suite_add_tcase(s, v1_replay_cases());
	suite_add_tcase(s, v1_clear_cases());
	suite_add_tcase(s, v1_peer_cases());
	suite_add_tcase(s, v1_cost_cases());
	suite_add_tcase(s, v1_main_cases());
	suite_add_tcase(s, v1_auth_cases());
	suite_add_tcase(s, v1_again_cases());
	return run_suite(s);
}
