/* H41, H81, H86: what a peer can do before extended mode has shown who it is. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;
static struct policy other;

static const uint8_t id_initiator[] = { 1, 6, 0, 0, 10, 0, 0, 1 };
static const uint8_t id_responder[] = { 1, 6, 0, 90, 10, 1, 0, 1 };
static const uint8_t nonce[32] = { 1 };
/* An ESP proposal of one transform: NULL cipher, SHA-1, transport; and one of an unknown. */
static const uint8_t sa_body[] = { 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 28, 1, 3, 4, 1, 0,
	0, 16, 0, 0, 0, 0, 16, 1, 11, 0, 0, 0x80, 4, 0, 2, 0x80, 5, 0, 2, 0, 0, 0, 28,
	2, 3, 4, 1, 0, 0, 16, 0, 0, 0, 0, 16, 1, 99, 0, 0, 0x80, 4, 0, 2, 0x80, 5, 0,
	2 };

static void
inject_q1(uint32_t message_id)
{
	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_QM, message_id);
	recipe_add(&r, PAYLOAD_ID, SPAN_ARRAY(id_initiator));
	recipe_add(&r, PAYLOAD_ID, SPAN_ARRAY(id_responder));
	recipe_add(&r, PAYLOAD_SA, SPAN_ARRAY(sa_body));
	recipe_add(&r, PAYLOAD_NONCE, SPAN_ARRAY(nonce));
	recipe_write(&r, hostile_mm(INITIATOR), &w);
	sim_inject(&net, RESPONDER, w.b, w.n);
}

static void
inject_q3(uint32_t message_id)
{
	static const uint8_t body[8] = { 0, 0, 0, 1, NOTIFY_PROTO_QM, 0,
		NOTIFY_QM_SYNCHRONIZE >> 8, NOTIFY_QM_SYNCHRONIZE & 0xff };

	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_QM, message_id);
	recipe_add(&r, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	recipe_write(&r, hostile_mm(INITIATOR), &w);
	sim_inject(&net, RESPONDER, w.b, w.n);
}

/*
 * Two classes of the responder, and the peer asks for both before it proves anything: the
 * second one, which wants less proof, does not open the first one.
 */
START_TEST(h41_second_class_asks_less)
{
	const struct qm_sa *first;

	hostile_begin_at(4); /* Q3 is lost */
	first = LIST_FIRST(&hostile_mm(RESPONDER)->quick_modes);
	other = net.host[RESPONDER].policy;
	if (_i == 0)
		other.n_em_auth = 0;
	else
		other.em_auth[other.n_em_auth++] =
		    (struct auth_entry){ AUTH_KERBEROS, true };
	net.host[RESPONDER].class.policy = &other;
	net.host[RESPONDER].class.class_id = 2;
	inject_q1(100);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_MM_MISMATCH), 1);
	inject_q3(first->message_id);
	ck_assert_int_eq(first->state, QM_RESP_DONE);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 0);
	net.host[RESPONDER].class.policy = &net.host[RESPONDER].policy;
	hostile_end();
}
END_TEST

static bool
tap_until(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *left = ctx;

	(void)from;
	(void)p;
	(void)n;
	return *left > 0 && (*left)-- > 0;
}

/* The same with the name that the first class demands. */
START_TEST(h41_second_class_names_nobody)
{
	static const char name[] = "CN=other";
	size_t left = 5; /* Q4 is lost */

	hostile_begin();
	net.host[RESPONDER].class.target_name = name;
	net.tap = tap_until;
	net.tap_ctx = &left;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 100);
	net.host[RESPONDER].class.target_name = NULL;
	net.host[RESPONDER].class.class_id = 2;
	inject_q1(100);
	ck_assert_str_eq(hostile_mm(RESPONDER)->policy_of.target_name, name);
	net.tap = NULL;
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 0);
	ck_assert_uint_ge(hostile_errors(RESPONDER, IKE_ERR_TARGET_NAME), 1);
	hostile_end();
}
END_TEST

/* Neither memory nor time: extended mode has to begin. */
START_TEST(h86_quick_modes_before_extended_mode)
{
	uint32_t limit;

	hostile_begin_at(6); /* E1 is lost, and what comes after it */
	limit = net.host[RESPONDER].engine->p.max_negotiations_per_peer;
	for (uint32_t i = 0; i < 3 * limit; i++) {
		inject_q1(1000 + i);
		if (i % 2 == 0)
			inject_q3(1000 + i);
	}
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), limit);
	ck_assert_uint_ge(
	    hostile_errors(RESPONDER, IKE_ERR_PEER_NEGOTIATION_LIMIT), 2 * limit);
	net.tap = hostile_tap_silence;
	for (uint32_t i = 0; i < 7 && hostile_mm(INITIATOR) != NULL; i++) {
		inject_q1(5000 + i);
		sim_run(&net, 10000);
	}
	ck_assert(
	    hostile_mm(RESPONDER) == NULL || hostile_mm(RESPONDER)->state == MM_DYING);
	hostile_end();
}
END_TEST

/* A dialogue that the peer leaves for another method does not stay open in auth. */
START_TEST(h47_dialogue_that_is_left)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 3);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		p->n_mm_auth = 2;
		p->mm_auth[0] = (struct auth_entry){ AUTH_TLS, true };
		p->mm_auth[1] = (struct auth_entry){ AUTH_ANONYMOUS, true };
		p->n_em_auth = 1;
		p->em_auth[0] = (struct auth_entry){ AUTH_KERBEROS, true };
	}
	net.host[INITIATOR].refuses_peer = 1u << AUTH_TLS;
	sim_start(&net, &d, &d);
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 20000));
	sim_run(&net, 1000);
	ck_assert_int_eq(net.host[INITIATOR].result.error, IKE_OK);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		ck_assert_uint_eq(hostile_mm(i)->gss.method, AUTH_ANONYMOUS);
		ck_assert_uint_eq(net.host[i].n_auth_open, 0);
	}
	hostile_end();
}
END_TEST

/* A configuration that is read again changes what begins, not what runs. */
START_TEST(dialect_stays_while_another_is_configured)
{
	struct engine_params p;

	hostile_begin_at(2);
	p = net.host[RESPONDER].engine->p;
	p.dialect.kdf_nonce = KDF_NONCE_PAYLOAD;
	if (p.dialect.kdf_nonce == net.host[RESPONDER].engine->p.dialect.kdf_nonce)
		p.dialect.kdf_nonce = KDF_NONCE_BODY;
	engine_set_params(net.host[RESPONDER].engine, &p);
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&net, INITIATOR, 2, 20000));
	ck_assert_int_eq(net.host[INITIATOR].first_error, IKE_OK);
	ck_assert_int_eq(
	    hostile_mm(RESPONDER)->dialect->kdf_nonce != p.dialect.kdf_nonce, true);
	p.dialect = *hostile_mm(RESPONDER)->dialect;
	engine_set_params(net.host[RESPONDER].engine, &p);
	hostile_end();
}
END_TEST

/* ---- amplification ---- */

static struct raw largest; /* the request of the largest answer */
static struct raw last;
static size_t answer_n;

static bool
tap_largest(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	if (from == INITIATOR) {
		memcpy(last.b, p, *n);
		last.n = *n;
	} else if (*n > answer_n) {
		largest = last;
		answer_n = *n;
	}
	return answer_n < 2000;
}

/* A copy of a request whose answer is large, from somebody who did not ask for it. */
START_TEST(h81_copies_of_a_request)
{
	struct endpoint here = sim_endpoint(1, 1, 4, 4500);
	struct endpoint there = { { 4, { 198, 51 } }, 666 };
	struct sim_host *h = &net.host[RESPONDER];
	size_t before;

	hostile_begin();
	sim_nat_begin(&net, INITIATOR, false);
	net.host[RESPONDER].token_n = 4000;
	answer_n = 0;
	net.tap = tap_largest;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 1000);
	ck_assert_uint_gt(answer_n, 4000);
	ck_assert_uint_lt(largest.n, 1000);
	before = h->bytes_sent;
	if (_i == 0)
		there = hostile_mm(RESPONDER)->remote;
	for (size_t i = 0; i < 1000; i++) {
		engine_input(h->engine, net.now_ms, &here, &there,
		    span_of(largest.b, largest.n));
		sim_flush(&net);
	}
	if (_i == 0)
		ck_assert_uint_le(h->bytes_sent - before, 20 * answer_n);
	else
		ck_assert_uint_eq(h->bytes_sent, before);
	ck_assert_uint_ge(hostile_errors(RESPONDER, IKE_ERR_AMPLIFICATION), 900);
	sim_free(&net);
}
END_TEST

TCase *
hostile_unproven_cases(void)
{
	TCase *t = tcase_create("unproven");

	tcase_add_loop_test(t, h41_second_class_asks_less, 0, 2);
	tcase_add_test(t, h41_second_class_names_nobody);
	tcase_add_test(t, h86_quick_modes_before_extended_mode);
	tcase_add_test(t, h47_dialogue_that_is_left);
	tcase_add_test(t, dialect_stays_while_another_is_configured);
	tcase_add_loop_test(t, h81_copies_of_a_request, 0, 2);
	return t;
}
