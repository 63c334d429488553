/* Entries of doc/authip-checklist.md about notifies, timers and limits. */
#include <string.h>

#include "tests/sim/check_sim_list.h"

static struct recipe r;
static struct raw w;

/* An established pair; from now on everything is recorded. */
static void
begin(void)
{
	hostile_begin_established();
	seen->n = 0;
	net.tap = list_tap;
}

/* The initiator would say: STATUS for what `protocol` and message ID name. */
static void
inject_status(uint8_t protocol, uint8_t flags, uint32_t message_id)
{
	uint8_t body[12] = { 0, 0, 0, 1, protocol, flags, 0x9c, 0x54, 0, 0, 0x35, 0xef };

	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_NOTIFY, message_id);
	recipe_add(&r, PAYLOAD_NOTIFY, SPAN_ARRAY(body));
	recipe_write(&r, hostile_mm(INITIATOR), &w);
	sim_inject(&net, RESPONDER, w.b, w.n);
}

static const struct item *
expect_notify(size_t which, size_t from, uint16_t type, uint8_t flags)
{
	const struct recipe *m = &seen->m[which];

	ck_assert_uint_lt(which, seen->n);
	ck_assert_uint_eq(seen->from[which], from);
	ck_assert_uint_eq(m->h.exchange, EXCHANGE_NOTIFY);
	ck_assert_uint_eq(m->h.flags, ISAKMP_FLAG_ENCRYPTED);
	ck_assert_uint_eq(m->n, 1);
	ck_assert_uint_eq(m->item[0].type, PAYLOAD_NOTIFY);
	ck_assert_mem_eq(m->item[0].b, "\0\0\0\1", 4);
	ck_assert_uint_eq(m->item[0].b[5], flags);
	ck_assert_uint_eq((unsigned)m->item[0].b[6] << 8 | m->item[0].b[7], type);
	return &m->item[0];
}

static struct qm_sa *
qm_of(size_t host)
{
	return LIST_FIRST(&hostile_mm(host)->quick_modes);
}

/* Each request is sent 1 + retransmit_max times; then the main mode is gone. */
START_TEST(t040_t056_requests_end)
{
	static const struct dialect d = DIALECT_DEFAULT;
	struct engine *e;
	uint64_t again, want = _i == 0 ? 2 * d.retransmit_max_first : d.retransmit_max;

	hostile_begin_at((size_t)_i * 2); /* M1 (two groups), Q1, Q3, E1, GSS, GSS, E3 */
	net.tap = hostile_tap_silence;
	e = net.host[INITIATOR].engine;
	again = engine_event_count(e, EVENT_RETRANSMIT);
	sim_run(&net, 62000 * 2);
	/* The notify about the end is a request too. */
	ck_assert_uint_ge(engine_event_count(e, EVENT_RETRANSMIT) - again, want);
	ck_assert_uint_eq(net.host[INITIATOR].n_result, 1);
	ck_assert_uint_ne(net.host[INITIATOR].result.error, IKE_OK);
	sim_run(&net, 200000);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(sim_count_mm(&net, i) + net.host[i].n_sa, 0);
	hostile_end();
}
END_TEST

/* Nothing retransmits but who asks: a responder that hears no more is silent, and ends. */
START_TEST(t056_responder_gives_up)
{
	size_t sent;

	hostile_begin_at((size_t)_i * 2 + 2); /* after M2, Q2, Q4, E2, GSS, GSS */
	sim_restart(&net, INITIATOR, &(struct dialect)DIALECT_DEFAULT);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	sent = net.host[RESPONDER].n_sent;
	sim_run(&net, 55000);
	ck_assert_uint_eq(net.host[RESPONDER].n_sent, sent);
	sim_run(&net, 300000);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
	hostile_end();
}
END_TEST

/* Q1 arrives, and nothing else does. */
static bool
tap_only_the_first(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	size_t *n_from = ctx;

	(void)p, (void)n;
	return from == INITIATOR && (*n_from)++ == 0;
}

START_TEST(t056_responder_gives_up_a_quick_mode)
{
	size_t n_from = 0;

	hostile_begin_established();
	net.tap = tap_only_the_first;
	net.tap_ctx = &n_from;
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 1000);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 2);
	sim_run(&net, 58000);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 2);
	sim_run(&net, 2000);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 1);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	net.tap = NULL;
	hostile_end();
}
END_TEST

static bool
tap_answer(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct raw *out = ctx;

	if (from == RESPONDER) {
		ck_assert(out->n == 0 || out->n == *n);
		ck_assert(out->n == 0 || memcmp(out->b, p, *n) == 0);
		memcpy(out->b, p, *n);
		out->n = *n;
	}
	return false;
}

START_TEST(t041_same_request_same_answer)
{
	hostile_begin();
	memset(&w, 0, sizeof(w));
	net.tap = tap_answer;
	net.tap_ctx = &w;
	for (size_t i = 0; i < 3; i++)
		sim_inject(&net, RESPONDER, hostile_m1_raw()->b, hostile_m1_raw()->n);
	ck_assert_uint_eq(net.host[RESPONDER].n_sent, 3);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	hostile_end();
}
END_TEST

/* A delete: STATUS of four bytes, reliable; the ACK has its number. One after the other. */
START_TEST(t051_t054_t060_reliable_notifies)
{
	const struct item *it;
	uint32_t seq;

	begin();
	engine_delete_mm(net.host[INITIATOR].engine, net.now_ms, 0);
	sim_flush(&net);
	ck_assert_uint_eq(seen->n, 1); /* the other one waits */
	sim_run(&net, 1000);
	ck_assert_uint_eq(seen->n, 4);
	for (size_t i = 0; i < 4; i += 2) {
		it = expect_notify(i, INITIATOR, NOTIFY_STATUS, NOTIFY_FLAG_RELIABLE);
		ck_assert_uint_eq(it->n, 12);
		ck_assert_uint_eq(it->b[4], i == 0 ? NOTIFY_PROTO_QM : NOTIFY_PROTO_MM);
		it = expect_notify(i + 1, RESPONDER, NOTIFY_ACK, 0);
		ck_assert_uint_eq(it->n, 12);
		seq = (uint32_t)it->b[8] << 24 | (uint32_t)it->b[9] << 16 |
		    (uint32_t)it->b[10] << 8 | it->b[11];
		ck_assert_uint_eq(seq, seen->m[i].seq);
	}
	hostile_end();
}
END_TEST

/* The main mode takes no more quick modes, and goes with the last that it has. */
START_TEST(t052_main_mode_drains_after_status)
{
	struct mm_sa *mm;

	begin();
	net.tap = NULL;
	mm = hostile_mm(RESPONDER);
	inject_status(NOTIFY_PROTO_MM, NOTIFY_FLAG_RELIABLE, 77);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	ck_assert(mm->expired && mm->state == MM_ESTABLISHED);
	inject_status(NOTIFY_PROTO_QM, NOTIFY_FLAG_RELIABLE, qm_of(RESPONDER)->message_id);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 0);
	ck_assert_uint_eq(mm->state, MM_DYING);
	sim_run(&net, 120000);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 0);
	hostile_end();
}
END_TEST

START_TEST(t053_unreliable_notify_counts_too)
{
	begin();
	inject_status(NOTIFY_PROTO_QM, 0, qm_of(RESPONDER)->message_id);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 0);
	ck_assert_uint_eq(seen->n, 0);
	hostile_end();
}
END_TEST

static bool
tap_count(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)p;
	(void)n;
	((size_t *)ctx)[from]++;
	return false;
}

START_TEST(t055_shutdown_notifies_go_twice)
{
	size_t n[SIM_HOSTS] = { 0 };

	hostile_begin_established();
	net.tap = tap_count;
	net.tap_ctx = n;
	engine_shutdown(net.host[INITIATOR].engine, net.now_ms);
	sim_run(&net, 100000);
	ck_assert_uint_eq(n[INITIATOR], 4); /* quick mode, main mode */
	ck_assert(engine_is_idle(net.host[INITIATOR].engine));
	sim_free(&net);
}
END_TEST

START_TEST(t059_shutdown_and_address_are_told)
{
	struct endpoint gone = sim_endpoint(INITIATOR, 1, 4, 0);
	struct engine *e;

	begin();
	e = net.host[INITIATOR].engine;
	if (_i == 0)
		engine_shutdown(e, net.now_ms);
	else
		engine_address_removed(e, net.now_ms, &gone.addr);
	sim_run(&net, 1000);
	ck_assert_uint_eq(seen->n, 4);
	for (size_t i = 0; i < 4; i += 2)
		expect_notify(i, INITIATOR, NOTIFY_STATUS, NOTIFY_FLAG_RELIABLE);
	sim_free(&net);
}
END_TEST

/* Why a quick mode is refused: with the code, or as the notify that has none. */
START_TEST(t047_t124_t129_refusals)
{
	const struct item *it;
	uint16_t type = _i == 0 ? NOTIFY_STATUS : NOTIFY_NO_PROPOSAL_CHOSEN;

	begin();
	net.host[RESPONDER].has_qm_policy = _i == 1;
	net.host[RESPONDER].policy.n_qm_proposal = 1;
	net.host[RESPONDER].policy.qm_proposal[0].integrity = HASH_SHA256;
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 1000);
	ck_assert_uint_eq(seen->n, 3); /* Q1, refusal, ACK */
	it = expect_notify(1, RESPONDER, type, NOTIFY_FLAG_RELIABLE);
	if (_i == 0)
		ck_assert_mem_eq(it->b + 8, "\0\0\x36\1", 4);
	expect_notify(2, INITIATOR, NOTIFY_ACK, 0);
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_ERR_PEER_STATUS);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 1);
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	net.host[RESPONDER].has_qm_policy = true;
	net.host[RESPONDER].policy.qm_proposal[0].integrity = HASH_SHA1;
	hostile_end();
}
END_TEST

static bool
tap_break_q2(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	if (from == RESPONDER && p[18] == EXCHANGE_QM) {
		ck_assert(recipe_read(&r, hostile_mm(from), span_of(p, *n)));
		recipe_find(&r, PAYLOAD_ID, 1)->b[*(const int *)ctx] ^= 1;
		recipe_write(&r, hostile_mm(from), &w);
		memcpy(p, w.b, w.n);
	}
	return list_tap(NULL, from, p, n);
}

/* Another address, port or protocol than the initiator asked for. */
START_TEST(t129_initiator_refuses_q2)
{
	static const int at[] = { 7, 3, 1 };
	int byte = at[_i];

	begin();
	net.tap = tap_break_q2;
	net.tap_ctx = &byte;
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 1000);
	expect_notify(2, INITIATOR, NOTIFY_STATUS, NOTIFY_FLAG_RELIABLE);
	expect_notify(3, RESPONDER, NOTIFY_ACK, 0);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		ck_assert_uint_eq(sim_count_qm(&net, i), 1);
	hostile_end();
}
END_TEST

/*
 * The responder asks for a new pair. Its ACQUIRE has eight bytes of data and two IDs behind
 * it; or is one that has not, and is dropped; or has bits that nobody knows.
 */
static uint8_t ask_change;
enum { ASK_UNCHANGED, ASK_UNKNOWN_BITS, ASK_GOOD, ASK_SHORT, ASK_ONE_ID, ASK_APART, ASK_OTHER };

static bool
tap_acquire(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	struct item *notify;

	if (from != RESPONDER || p[18] != EXCHANGE_NOTIFY || seen->n > 0)
		return list_tap(ctx, from, p, n);
	ck_assert(recipe_read(&r, hostile_mm(from), span_of(p, *n)));
	notify = &r.item[0];
	if (ask_change == ASK_UNKNOWN_BITS) {
		memset(notify->b + 12, 0xff, 3);
		notify->b[15] |= 0xfd; /* encryption is not asked for */
	}
	if (ask_change == ASK_SHORT)
		notify->n -= 4;
	if (ask_change == ASK_ONE_ID)
		recipe_remove(&r, 2);
	if (ask_change == ASK_APART) { /* ID, notify, ID */
		struct item first = r.item[0];

		r.item[0] = r.item[1];
		r.item[1] = first;
	}
	if (ask_change == ASK_OTHER)
		r.item[2].b[7] ^= 1; /* of somebody else */
	recipe_write(&r, hostile_mm(from), &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	return list_tap(ctx, from, p, n);
}

static void
ask(int change)
{
	begin();
	sim_run(&net, 60000); /* not while the pair is new */
	ask_change = (uint8_t)change;
	net.tap = tap_acquire;
	engine_qm_expired(net.host[RESPONDER].engine, net.now_ms, qm_of(RESPONDER)->id,
	    EXPIRY_SOFT);
	sim_flush(&net);
	sim_run(&net, 100);
}

START_TEST(t030_acquire_as_sent)
{
	const struct recipe *m = &seen->m[0];

	ask(ASK_UNCHANGED);
	ck_assert_uint_eq(m->h.exchange, EXCHANGE_NOTIFY);
	ck_assert_uint_eq(m->n, 3);
	ck_assert_uint_eq(m->item[0].n, 16); /* eight of data */
	ck_assert_uint_eq((unsigned)m->item[0].b[6] << 8 | m->item[0].b[7], NOTIFY_ACQUIRE);
	ck_assert_mem_eq(m->item[0].b + 8, "\0\0\0\2\0\0\0\0", 8); /* transport */
	ck_assert_uint_eq(m->item[1].type, PAYLOAD_ID);
	ck_assert_mem_eq(m->item[1].b + 4, "\x0a\0\0\1", 4); /* who is to begin comes first */
	ck_assert_uint_eq(m->item[2].type, PAYLOAD_ID);
	ck_assert_mem_eq(m->item[2].b + 4, "\x0a\1\0\1", 4);
	ck_assert_uint_eq(sim_count_qm(&net, INITIATOR), 2);
	hostile_end();
}
END_TEST

START_TEST(t031_acquire_without_two_ids_behind_it)
{
	bool good = _i < ASK_SHORT;

	ask(_i);
	ck_assert_uint_eq(hostile_errors(INITIATOR, IKE_ERR_NOTIFY) +
		hostile_errors(INITIATOR, IKE_ERR_PAYLOAD_MISSING), good ? 0 : 1);
	ck_assert_uint_eq(sim_count_qm(&net, INITIATOR), good ? 2 : 1);
	if (!good) /* silence: no ACK either */
		ck_assert_uint_eq(seen->n, 1);
	hostile_end();
}
END_TEST

START_TEST(t032_unknown_acquire_bits_are_ignored)
{
	ask(ASK_UNKNOWN_BITS);
	ck_assert_uint_eq(sim_count_qm(&net, INITIATOR), 2);
	ck_assert_int_eq(sim_sa_of(&net, INITIATOR, true)->cipher, CIPHER_NULL);
	ck_assert(!sim_sa_of(&net, INITIATOR, true)->guaranteed_encryption);
	ck_assert(sim_sas_agree(&net));
	hostile_end();
}
END_TEST

TCase *
sim_list_notify_cases(void)
{
	TCase *t = tcase_create("checklist of notifies");

	tcase_add_test(t, t030_acquire_as_sent);
	tcase_add_loop_test(t, t031_acquire_without_two_ids_behind_it, ASK_GOOD, ASK_OTHER + 1);
	tcase_add_test(t, t032_unknown_acquire_bits_are_ignored);
	tcase_add_loop_test(t, t040_t056_requests_end, 0, GOOD_MESSAGES / 2);
	tcase_add_loop_test(t, t056_responder_gives_up, 0, 6);
	tcase_add_test(t, t056_responder_gives_up_a_quick_mode);
	tcase_add_test(t, t041_same_request_same_answer);
	tcase_add_loop_test(t, t047_t124_t129_refusals, 0, 2);
	tcase_add_test(t, t051_t054_t060_reliable_notifies);
	tcase_add_test(t, t052_main_mode_drains_after_status);
	tcase_add_test(t, t053_unreliable_notify_counts_too);
	tcase_add_test(t, t055_shutdown_notifies_go_twice);
	tcase_add_loop_test(t, t059_shutdown_and_address_are_told, 0, 2);
	tcase_add_loop_test(t, t129_initiator_refuses_q2, 0, 3);
	return t;
}
