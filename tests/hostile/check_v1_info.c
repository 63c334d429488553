/*
 * Informational exchanges of IKEv1 under a good hash: what a peer that proved who it is may
 * say of others, and of what is not there.
 */
#include <string.h>

#include "tests/hostile/check_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

enum { DELETE_MM = 1, DELETE_ESP = 3 };

static void
inject(size_t to, uint8_t type, const struct v1_body *n)
{
	struct span wire = v1_info(1 - to, RIGHT_HASH, type, v1_body_of(n));

	sim_inject(&v1_net, to, wire.p, wire.n);
}

static struct span
cookies_of(size_t host, uint8_t *b)
{
	return v1_info_cookies(v1_mm(host), b);
}

/* ---- Delete ---- */

static void
delete_begin(struct v1_body *n, uint8_t protocol, uint8_t spi_n, uint16_t count)
{
	writer_init(&n->w, n->b, sizeof(n->b));
	writer_u32(&n->w, 1);
	writer_u8(&n->w, protocol);
	writer_u8(&n->w, spi_n);
	writer_u16(&n->w, count);
}

static uint32_t
peers_spi(void)
{
	return LIST_FIRST(&v1_mm(INITIATOR)->quick_modes)->spi_in;
}

/* Of main modes that are others, of pairs by what is no SPI, and longer than they say. */
START_TEST(delete_of_what_is_not_meant)
{
	struct v1_body n;
	uint8_t b[16];

	v1_connect();
	for (int k = 0; k < 16; k++) { /* each byte of both cookies */
		delete_begin(&n, DELETE_MM, 16, 1);
		(void)cookies_of(RESPONDER, b);
		b[k] ^= 1;
		writer_bytes(&n.w, SPAN_ARRAY(b));
		inject(RESPONDER, PAYLOAD_DELETE, &n);
	}
	delete_begin(&n, DELETE_MM, 4, 4); /* cookies as four SPIs */
	writer_bytes(&n.w, cookies_of(RESPONDER, b));
	inject(RESPONDER, PAYLOAD_DELETE, &n);
	delete_begin(&n, DELETE_ESP, 16, 1); /* an SPI with more behind it */
	writer_u32(&n.w, peers_spi());
	writer_bytes(&n.w, span_of(b, 12));
	inject(RESPONDER, PAYLOAD_DELETE, &n);
	delete_begin(&n, DELETE_ESP, 4, 1);
	writer_u32(&n.w, peers_spi());
	writer_u8(&n.w, 0);
	inject(RESPONDER, PAYLOAD_DELETE, &n);
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
	delete_begin(&n, DELETE_ESP, 4, 1); /* this one is right */
	writer_u32(&n.w, peers_spi());
	inject(RESPONDER, PAYLOAD_DELETE, &n);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 0);
	sim_free(&v1_net);
}
END_TEST

/* Another main mode from there, of somebody else: what it deletes are pairs of its own. */
START_TEST(delete_of_a_pair_of_somebody_else)
{
	struct v1_body n;
	struct qm_sa *qm;
	struct mm_sa *mm, *other;

	v1_connect();
	mm = v1_mm(RESPONDER);
	qm = LIST_FIRST(&mm->quick_modes);
	sim_acquire(&v1_net, INITIATOR, 2, 4, 81);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 2, 5000));
	sim_run(&v1_net, 1000);
	/* As if the pair were that of a main mode whose peer proved another name. */
	other = sadb_mm_new(v1_net.host[RESPONDER].engine, false, &mm->local,
	    &mm->remote, (const uint8_t *)"another!");
	ck_assert_ptr_nonnull(other);
	other->state = MM_ESTABLISHED;
	sadb_qm_move(qm, other);
	delete_begin(&n, DELETE_ESP, 4, 1);
	writer_u32(&n.w, qm->spi_out);
	v1_net.host[RESPONDER].engine->now_ms = v1_net.now_ms;
	{
		struct span wire;

		/* The first in the list is the other one: forge by the initiator. */
		wire = v1_info(INITIATOR, RIGHT_HASH, PAYLOAD_DELETE, v1_body_of(&n));
		sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	}
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 4);
	sadb_qm_move(qm, mm);
	inject(RESPONDER, PAYLOAD_DELETE, &n);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 2);
	sadb_mm_free(v1_net.host[RESPONDER].engine, other);
	sim_free(&v1_net);
}
END_TEST

/* Whoever wants a confirmation sends a nonce, and that has at least eight bytes. */
START_TEST(delete_with_a_nonce)
{
	static const size_t lengths[] = { 0, 7, 8, 32 };
	static const uint8_t nonce[32];

	for (size_t i = 0; i < 4; i++) {
		struct engine *e;
		struct v1_body n;
		struct span wire;
		struct v1_iv iv;
		size_t sent;

		v1_connect();
		e = v1_net.host[INITIATOR].engine;
		sent = v1_net.host[RESPONDER].n_sent;
		delete_begin(&n, DELETE_ESP, 4, 1);
		writer_u32(&n.w, peers_spi());
		ck_assert(v1_keys_iv(v1_mm(INITIATOR), 99, &iv));
		v1_begin(e, v1_mm(INITIATOR), EXCHANGE_INFO, 99);
		v1_hash_begin(e, v1_mm(INITIATOR));
		v1_write(e, PAYLOAD_NONCE, span_of(nonce, lengths[i]));
		v1_write(e, PAYLOAD_DELETE, v1_body_of(&n));
		ck_assert(
		    v1_hash_finish(e, v1_mm(INITIATOR), 99, SPAN_NONE, &iv, &wire));
		sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
		ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 0);
		ck_assert_uint_eq(
		    v1_net.host[RESPONDER].n_sent, sent + (lengths[i] >= 8));
		sim_free(&v1_net);
	}
}
END_TEST

/* ---- before the peer is proved ---- */

/*
 * A host that has lost its state comes back, and auth has not said yet who it is: it can
 * neither end what was there before nor its own main mode by what it says.
 */
START_TEST(nothing_counts_before_the_proof)
{
	struct v1_body n;
	uint8_t b[16];

	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		v1_net.host[i].policy.mm_auth[0] =
		    (struct auth_entry){ AUTH_V1_RSA, true };
	sim_start(&v1_net, &dialect, &dialect);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 10000);
	v1_net.host[RESPONDER].auth_delay_ms = 1000;
	sim_restart(&v1_net, INITIATOR, &dialect);
	v1_net.host[INITIATOR].n_result = 0;
	sim_acquire(&v1_net, INITIATOR, 2, 4, 80);
	for (int i = 0; i < 5000 && v1_mm(RESPONDER)->v1->step != V1_RESP_VERIFIES; i++)
		sim_run(&v1_net, 1);
	ck_assert_int_eq(v1_mm(RESPONDER)->v1->step, V1_RESP_VERIFIES);
	v1_notify_begin(&n, NOTIFY_INITIAL_CONTACT, cookies_of(RESPONDER, b));
	inject(RESPONDER, PAYLOAD_NOTIFY, &n);
	delete_begin(&n, DELETE_MM, 16, 1);
	writer_bytes(&n.w, cookies_of(RESPONDER, b));
	inject(RESPONDER, PAYLOAD_DELETE, &n);
	v1_notify_begin(&n, NOTIFY_R_U_THERE, cookies_of(RESPONDER, b));
	writer_u32(&n.w, 1);
	inject(RESPONDER, PAYLOAD_NOTIFY, &n);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sa, 2);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), 2);
	ck_assert_uint_eq(v1_mm(RESPONDER)->v1->own.n, 0); /* nothing was answered */
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* ---- R-U-THERE (RFC 3706) ---- */

struct question {
	uint32_t seq;
	size_t spi_n;
	size_t data_n;
	bool cookies_swapped;
	enum ike_err err; /* IKE_OK: it is answered */
};

START_TEST(questions_of_dead_peer_detection)
{
	static const struct question rows[] = {
		{ 5, 16, 4, false, IKE_OK },
		{ 5, 16, 4, false, IKE_ERR_REPLAY }, /* in another exchange */
		{ 4, 16, 4, false, IKE_ERR_REPLAY },
		{ 6, 16, 4, true, IKE_ERR_NOTIFY },
		{ 6, 15, 4, false, IKE_ERR_NOTIFY },
		{ 6, 0, 4, false, IKE_ERR_NOTIFY },
		{ 6, 16, 3, false, IKE_ERR_NOTIFY },
		{ 6, 16, 5, false, IKE_ERR_NOTIFY },
		{ 6, 16, 4, false, IKE_OK },
		{ 0xffffffff, 16, 4, false, IKE_OK },
		{ 7, 16, 4, false, IKE_ERR_REPLAY },
	};

	v1_connect();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct question *q = &rows[i];
		struct engine *e = v1_net.host[RESPONDER].engine;
		uint64_t before = engine_error_count(e, q->err);
		size_t sent = v1_net.host[RESPONDER].n_sent;
		uint8_t b[16],
		    data[5] = { (uint8_t)(q->seq >> 24), (uint8_t)(q->seq >> 16),
			    (uint8_t)(q->seq >> 8), (uint8_t)q->seq };
		struct v1_body n;

		(void)cookies_of(RESPONDER, b);
		b[0] ^= q->cookies_swapped;
		v1_notify_begin(&n, NOTIFY_R_U_THERE, span_of(b, q->spi_n));
		writer_bytes(&n.w, span_of(data, q->data_n));
		inject(RESPONDER, PAYLOAD_NOTIFY, &n);
		ck_assert_uint_eq(
		    v1_net.host[RESPONDER].n_sent, sent + (q->err == IKE_OK));
		if (q->err != IKE_OK)
			ck_assert_uint_eq(engine_error_count(e, q->err), before + 1);
	}
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* An answer to what nobody asked. */
START_TEST(answers_of_dead_peer_detection)
{
	struct engine *e;
	struct v1_body n;
	uint8_t b[16];

	v1_connect();
	e = v1_net.host[RESPONDER].engine;
	for (uint32_t off = 0; off < 2; off++) {
		v1_notify_begin(&n, NOTIFY_R_U_THERE_ACK, cookies_of(RESPONDER, b));
		writer_u32(&n.w, v1_mm(RESPONDER)->v1->dpd_seq + off);
		inject(RESPONDER, PAYLOAD_NOTIFY, &n);
		ck_assert_uint_eq(engine_error_count(e, IKE_ERR_NOTIFY), off);
	}
	sim_free(&v1_net);
}
END_TEST

/* Only one side asks, each time with the next number, and only while there are pairs. */
START_TEST(dead_peer_detection_of_one_side)
{
	struct dialect d = DIALECT_DEFAULT;
	struct engine *e;
	size_t sent;

	d.dpd = DPD_ON;
	d.dpd_interval_s = 20;
	v1_prepare();
	sim_start(&v1_net, &d, &d);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 1000);
	e = v1_net.host[RESPONDER].engine;
	timer_cancel(&e->timers, &v1_mm(RESPONDER)->v1->dpd_timer);
	sim_run(&v1_net, 200000);
	v1_expect_unharmed();
	ck_assert_uint_eq(engine_error_count(e, IKE_ERR_REPLAY), 0);
	ck_assert_uint_ge(v1_mm(RESPONDER)->v1->seen.n, 8);
	engine_delete_qm(v1_net.host[INITIATOR].engine, v1_net.now_ms, 0);
	sim_run(&v1_net, 10000);
	sent = v1_net.host[INITIATOR].n_sent;
	sim_run(&v1_net, 200000);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_sent, sent);
	sim_free(&v1_net);
}
END_TEST

/* ---- errors ---- */

/* An SPI that is longer than the notify. */
START_TEST(notify_with_lengths_that_lie)
{
	struct engine *e;
	struct v1_body n;

	v1_connect();
	e = v1_net.host[RESPONDER].engine;
	for (unsigned spi_n = 5; spi_n < 256; spi_n += 50) {
		uint64_t before = engine_error_count(e, IKE_ERR_NOTIFY);

		v1_notify_begin(&n, NOTIFY_NO_PROPOSAL_CHOSEN, SPAN_NONE);
		writer_u32(&n.w, 0);
		writer_patch_u8(&n.w, 5, (uint8_t)spi_n);
		inject(RESPONDER, PAYLOAD_NOTIFY, &n);
		ck_assert_uint_eq(engine_error_count(e, IKE_ERR_NOTIFY), before + 1);
	}
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

static bool
lose_quick_mode(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from != INITIATOR || p[18] != EXCHANGE_QUICK;
}

static void
say_error(uint32_t message_id, uint32_t spi)
{
	struct v1_body n;
	uint8_t b[8];
	struct writer w;

	writer_init(&w, b, sizeof(b));
	writer_u32(&w, message_id);
	writer_u32(&w, spi);
	v1_notify_begin(&n, NOTIFY_NO_PROPOSAL_CHOSEN, SPAN_ARRAY(b));
	inject(INITIATOR, PAYLOAD_NOTIFY, &n);
}

/* An error ends the negotiation that it is about: no pair, and no other negotiation. */
START_TEST(errors_of_quick_mode)
{
	struct qm_sa *qm, *pair;

	v1_connect();
	pair = LIST_FIRST(&v1_mm(INITIATOR)->quick_modes);
	say_error(pair->message_id, pair->spi_in);
	say_error(0, pair->spi_in);
	v1_expect_unharmed();
	v1_net.tap = lose_quick_mode;
	for (uint16_t i = 0; i < 2; i++)
		sim_acquire(&v1_net, INITIATOR, 2u + i, 4, (uint16_t)(81 + i));
	sim_run(&v1_net, 100);
	say_error(0, 1); /* of which of them is not said */
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 1);
	qm = LIST_FIRST(&v1_mm(INITIATOR)->quick_modes);
	ck_assert_int_eq(qm->state, QM_INIT_FIRST_SENT);
	say_error(qm->message_id, 0);
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 2);
	say_error(0, 1); /* of the only one */
	ck_assert_uint_eq(v1_net.host[INITIATOR].n_result, 3);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_info_cases(void)
{
	TCase *t = tcase_create("informational");

	tcase_add_test(t, delete_of_what_is_not_meant);
	tcase_add_test(t, delete_of_a_pair_of_somebody_else);
	tcase_add_test(t, delete_with_a_nonce);
	tcase_add_test(t, nothing_counts_before_the_proof);
	tcase_add_test(t, questions_of_dead_peer_detection);
	tcase_add_test(t, answers_of_dead_peer_detection);
	tcase_add_test(t, dead_peer_detection_of_one_side);
	tcase_add_test(t, notify_with_lengths_that_lie);
	tcase_add_test(t, errors_of_quick_mode);
	return t;
}
