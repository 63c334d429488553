/* Entries of doc/authip-checklist.md about quick mode, M2 and extended mode. */
#include <string.h>

#include "tests/sim/check_sim_list.h"

static struct raw w;

/* Without extended mode the SAs are there as soon as quick mode is through. */
void
list_record_anonymous(void)
{
	sim_init(&net, 5);
	net.host[0].policy.n_em_auth = net.host[1].policy.n_em_auth = 0;
	list_record(4);
	ck_assert_uint_eq(seen->n, Q4 + 1);
}

START_TEST(t105_m2)
{
	static const uint8_t anonymous[4] = { 0, AUTH_ANONYMOUS };
	struct recipe *m = &seen->m[M2];

	list_record_good();
	ck_assert_uint_eq(m->h.flags, 0);
	ck_assert_uint_eq(m->h.message_id, 0);
	ck_assert_uint_eq(recipe_find(m, PAYLOAD_AUTH, 0)->n, 4);
	ck_assert_mem_eq(recipe_find(m, PAYLOAD_AUTH, 0)->b, anonymous, 4);
	ck_assert_ptr_nonnull(recipe_find(m, PAYLOAD_NONCE, 1));
	ck_assert_ptr_null(recipe_find(m, PAYLOAD_NONCE, 2));
	ck_assert_ptr_nonnull(recipe_find(m, PAYLOAD_GSS_ID, 0));
	ck_assert_ptr_nonnull(recipe_find(m, PAYLOAD_KE, 0));
	sim_free(&net);
}
END_TEST

/* What one copy of M2 lacks. */
static const uint8_t m2_parts[] = { PAYLOAD_SA, PAYLOAD_AUTH, PAYLOAD_NONCE, PAYLOAD_KE };

static bool
tap_m2_lacks(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe m;

	if (from == INITIATOR)
		return true;
	ck_assert(recipe_read(&m, NULL, span_of(p, *n)));
	recipe_remove(&m, (size_t)(recipe_find(&m, *(const uint8_t *)ctx, 0) - m.item));
	recipe_write(&m, NULL, &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	net.tap = NULL;
	return true;
}

/* Dropped with a counter; the retransmission brings the good one. */
START_TEST(t098_m2_lacks_a_payload)
{
	uint8_t type = m2_parts[_i];

	hostile_begin();
	net.tap = tap_m2_lacks;
	net.tap_ctx = &type;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 1000);
	ck_assert_uint_eq(hostile_mm(INITIATOR)->state, MM_FIRST_SENT);
	ck_assert_uint_eq(hostile_errors(INITIATOR, IKE_ERR_PAYLOAD_MISSING) +
		hostile_errors(INITIATOR, IKE_ERR_KE), 1);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 20000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	hostile_end();
}
END_TEST

/* Either address was changed on the way. */
START_TEST(t099_nat_is_detected)
{
	static struct recipe m;

	for (size_t i = 0; i < 3; i++) {
		hostile_begin();
		hostile_m1(&m);
		if (i < 2)
			recipe_find(&m, PAYLOAD_NATD, i)->b[0] ^= 1;
		recipe_write(&m, NULL, &w);
		sim_inject(&net, RESPONDER, w.b, w.n);
		ck_assert_int_eq(hostile_mm(RESPONDER)->nat_detected, i < 2);
		hostile_end();
	}
}
END_TEST

static size_t
count_of(const struct recipe *m, uint8_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->item[i].type == type;
	return n;
}

/* Whoever is behind a NAT says its addresses, in the numbers of RFC 3947; nobody else does. */
START_TEST(t170_nat_oa)
{
	bool nat = _i == 1;
	const struct item *oa;

	sim_init(&net, 5);
	if (nat)
		sim_nat_begin(&net, INITIATOR, false);
	list_record(4);
	ck_assert_uint_eq(count_of(&seen->m[Q1], PAYLOAD_NATOA), nat ? 2 : 0);
	ck_assert_uint_eq(count_of(&seen->m[Q2], PAYLOAD_NATOA), 0);
	for (size_t i = 0; nat && i < 2; i++) {
		oa = recipe_find(&seen->m[Q1], PAYLOAD_NATOA, i);
		ck_assert_uint_eq(oa->n, 8);
		ck_assert_mem_eq(oa->b, "\1\0\0\0", 4);
		ck_assert_mem_eq(oa->b + 4, i == 0 ? "\x0a\0\0\1" : "\x0a\1\0\1", 4);
	}
	sim_free(&net);
}
END_TEST

/* RFC 3947 alone is announced and spoken: its payload and its encapsulation. */
/* The other readings of A51. */
START_TEST(t170_nat_oa_by_the_dialect)
{
	static const size_t want[][2] = { [NATOA_BEHIND_NAT] = { 2, 0 },
		[NATOA_ALWAYS] = { 2, 2 }, [NATOA_NEVER] = { 0, 0 } };
	struct dialect d = DIALECT_DEFAULT;

	d.natoa = (enum dialect_natoa)_i;
	seen->n = 0;
	sim_init(&net, 5);
	sim_nat_begin(&net, INITIATOR, false);
	net.tap = list_tap;
	sim_start(&net, &d, &d);
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 5000));
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
	ck_assert_uint_eq(count_of(&seen->m[Q1], PAYLOAD_NATOA), want[_i][0]);
	ck_assert_uint_eq(count_of(&seen->m[Q2], PAYLOAD_NATOA), want[_i][1]);
	sim_free(&net);
}
END_TEST

START_TEST(t171_rfc3947_not_the_draft)
{
	static struct pld_sa sa;
	uint32_t number;

	sim_init(&net, 5);
	sim_nat_begin(&net, INITIATOR, false);
	list_record(4);
	for (size_t k = M1; k <= M2; k++) {
		const struct item *it;
		bool rfc = false;

		for (size_t i = 0; (it = recipe_find(&seen->m[k], PAYLOAD_VID, i)) != NULL; i++) {
			enum ike_vendor v =
			    pld_vendor_decode(span_of(it->b, it->n), &number);

			rfc = rfc || v == VENDOR_RFC3947;
			ck_assert_int_ne(v, VENDOR_NATT_02N);
		}
		ck_assert(rfc);
		ck_assert_uint_eq(count_of(&seen->m[k], PAYLOAD_NATD), 2);
	}
	for (size_t k = Q1; k <= Q2; k++) {
		const struct item *it = recipe_find(&seen->m[k], PAYLOAD_SA, 0);

		ck_assert_int_eq(pld_sa_decode(span_of(it->b, it->n), true, &sa), IKE_OK);
		for (size_t i = 0; i < sa.n_proposal; i++)
			ck_assert_uint_eq(sa.proposal[i].transform[0].encapsulation,
			    ENCAPSULATION_UDP_TRANSPORT);
	}
	sim_free(&net);
}
END_TEST

static bool
tap_change_q1(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	static struct recipe m;
	static struct pld_sa sa;
	static uint8_t bytes[4096];
	const int *what = ctx;
	struct writer out;
	struct item *it;

	if (from != INITIATOR || !recipe_read(&m, hostile_mm(from), span_of(p, *n)) ||
	    m.item[0].type != PAYLOAD_HASH || m.h.exchange != EXCHANGE_MM)
		return true;
	it = recipe_find(&m, PAYLOAD_SA, 0);
	ck_assert_int_eq(pld_sa_decode(span_of(it->b, it->n), true, &sa), IKE_OK);
	if (*what == 0)
		recipe_add(&m, PAYLOAD_KEY_WEIGHT, span_of((const uint8_t *)"\0\0\0\7", 4));
	for (size_t i = 0; *what > 0 && i < (*what == 1 ? 1 : sa.n_proposal); i++) {
		sa.proposal[i].transform[0].raw = SPAN_NONE;
		sa.proposal[i].transform[0].encapsulation =
		    i % 2 == 0 ? ENCAPSULATION_FIREWALL : ENCAPSULATION_UDP_FIREWALL;
	}
	writer_init(&out, bytes, sizeof(bytes));
	pld_sa_encode(&out, &sa, true);
	it->n = out.n;
	memcpy(it->b, bytes, out.n);
	recipe_write(&m, hostile_mm(from), &w);
	memcpy(p, w.b, w.n);
	*n = w.n;
	return true;
}

/*
 * Q1 has 0: a weight of key dictation; 1: authenticated firewall mode as its first proposal;
 * 2: nothing else. Counted, and what both can do is done.
 */
START_TEST(key_dictation_and_firewall_mode_are_declined)
{
	int what = _i;

	hostile_begin();
	net.tap = tap_change_q1;
	net.tap_ctx = &what;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 20000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(hostile_errors(RESPONDER,
			      what == 0 ? IKE_ERR_KEY_DICTATION : IKE_ERR_AUTH_FIREWALL), 1);
	ck_assert_uint_eq(engine_event_count(net.host[RESPONDER].engine, EVENT_DECLINED), 1);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, what == 2 ? 0 : 2);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_NO_PROPOSAL), what == 2 ? 1 : 0);
	if (what == 2)
		ck_assert_ptr_nonnull(
		    strstr(net.host[RESPONDER].failure, "(authenticated firewall)"));
	else
		ck_assert(sim_sas_agree(&net));
	hostile_end();
}
END_TEST

START_TEST(t120_t127_exchange_types)
{
	list_record_good();
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 1000);
	ck_assert_uint_eq(seen->n, GOOD_MESSAGES + 4);
	for (size_t i = Q1; i <= Q4; i++)
		ck_assert_uint_eq(seen->m[i].h.exchange, i <= Q2 ? EXCHANGE_MM : EXCHANGE_QM);
	for (size_t i = GOOD_MESSAGES; i < seen->n; i++) {
		ck_assert_uint_eq(seen->m[i].h.exchange, EXCHANGE_QM);
		ck_assert_uint_eq(seen->m[i].h.flags, ISAKMP_FLAG_ENCRYPTED);
	}
	sim_free(&net);
}
END_TEST

START_TEST(t121_t123_q1_and_q2)
{
	const struct mm_keys *k;

	list_record_good();
	k = &hostile_mm(INITIATOR)->keys;
	EXPECT_PAYLOADS(Q1, PAYLOAD_HASH, PAYLOAD_ID, PAYLOAD_ID, PAYLOAD_SA, PAYLOAD_NONCE,
	    PAYLOAD_NOTIFY);
	ck_assert_mem_eq(seen->m[Q1].item[1].b + 4, "\x0a\0\0\1", 4); /* IDi */
	ck_assert_mem_eq(seen->m[Q1].item[2].b + 4, "\x0a\1\0\1", 4); /* IDr */
	ck_assert_uint_eq(seen->m[Q1].item[0].n, k->hash_n);
	ck_assert_mem_eq(seen->m[Q1].item[0].b, k->auth1, k->hash_n);
	EXPECT_PAYLOADS(Q2, PAYLOAD_HASH, PAYLOAD_ID, PAYLOAD_ID, PAYLOAD_SA, PAYLOAD_NOTIFY);
	ck_assert_mem_eq(seen->m[Q2].item[0].b, k->auth2, k->hash_n);
	sim_free(&net);
}
END_TEST

START_TEST(t121_q1_with_pfs)
{
	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (size_t k = 0; k < 4; k++)
			net.host[i].policy.qm_proposal[k].pfs = DH_ECP256;
	list_record(4);
	EXPECT_PAYLOADS(Q1, PAYLOAD_HASH, PAYLOAD_ID, PAYLOAD_ID, PAYLOAD_SA, PAYLOAD_NONCE,
	    PAYLOAD_KE, PAYLOAD_NOTIFY);
	sim_free(&net);
}
END_TEST

/* 0: nothing to say. 1: boundary. 2: also encryption. */
START_TEST(t122_t166_exchange_info)
{
	static const uint8_t want[] = { 0, 1, 3 };
	const struct item *it;
	const struct qm_sa *qm;

	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.nd = _i == 0 ? ND_OFF : ND_BOUNDARY;
		if (_i == 2)
			policy_keep_encrypting(&net.host[i].policy);
	}
	net.host[INITIATOR].class.guarantee_encryption = _i == 2;
	list_record(4);
	ck_assert_ptr_nonnull(qm = LIST_FIRST(&hostile_mm(RESPONDER)->quick_modes));
	ck_assert_int_eq(qm->peer_boundary, (want[_i] & 1) != 0);
	ck_assert_int_eq(qm->guaranteed_encryption, _i == 2);
	it = recipe_find(&seen->m[Q1], PAYLOAD_NOTIFY, 0);
	ck_assert_int_eq(it != NULL, want[_i] != 0);
	if (it != NULL) {
		ck_assert_uint_eq(it->n, 12);
		ck_assert_mem_eq(it->b, "\0\0\0\1\2\0\x9c\x45\0\0\0", 11);
		ck_assert_uint_eq(it->b[11], want[_i]);
	}
	sim_free(&net);
}
END_TEST

START_TEST(t122_not_to_peers_without_discovery)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 5);
	sim_start(&net, &d, &d);
	seen->n = 0;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 2000);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 2);
	hostile_mm(INITIATOR)->vendor_seen = 0;
	net.tap = list_tap;
	sim_acquire(&net, INITIATOR, 2, 4, 81);
	sim_run(&net, 2000);
	ck_assert_uint_eq(net.host[INITIATOR].n_sa, 4);
	ck_assert_ptr_null(recipe_find(&seen->m[0], PAYLOAD_NOTIFY, 0));
	sim_free(&net);
}
END_TEST

TCase *
sim_list_quick_cases(void)
{
	TCase *t = tcase_create("checklist of quick mode");

	tcase_add_test(t, t105_m2);
	tcase_add_loop_test(t, t098_m2_lacks_a_payload, 0, sizeof(m2_parts));
	tcase_add_test(t, t099_nat_is_detected);
	tcase_add_loop_test(t, t170_nat_oa, 0, 2);
	tcase_add_loop_test(t, t170_nat_oa_by_the_dialect, 0, 3);
	tcase_add_test(t, t171_rfc3947_not_the_draft);
	tcase_add_loop_test(t, key_dictation_and_firewall_mode_are_declined, 0, 3);
	tcase_add_test(t, t120_t127_exchange_types);
	tcase_add_test(t, t121_t123_q1_and_q2);
	tcase_add_test(t, t121_q1_with_pfs);
	tcase_add_loop_test(t, t122_t166_exchange_info, 0, 3);
	tcase_add_test(t, t122_not_to_peers_without_discovery);
	return t;
}
