/*
 * Entries of doc/authip-checklist.md that show in the messages of one good negotiation.
 * A test has the name of its entry.
 */
#include <string.h>

#include "tests/sim/check_sim_list.h"

struct seen *seen;

bool
list_tap(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	if (seen->n == MAX_SEEN)
		return true;
	ck_assert(recipe_read(&seen->m[seen->n], hostile_mm(from), span_of(p, *n)));
	memcpy(seen->wire[seen->n].b, p, *n);
	seen->wire[seen->n].n = *n;
	seen->from[seen->n] = from;
	seen->n_sa[seen->n++] = net.host[from].n_sa;
	return true;
}

void
list_record(int family)
{
	static const struct dialect d = DIALECT_DEFAULT;

	seen->n = 0;
	net.tap = list_tap;
	sim_start(&net, &d, &d);
	sim_acquire(&net, INITIATOR, 1, family, 80);
	ck_assert(sim_run_results(&net, INITIATOR, 1, 5000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[INITIATOR].result.error, IKE_OK);
}

void
list_record_good(void)
{
	sim_init(&net, 5);
	list_record(4);
	ck_assert_uint_eq(seen->n, GOOD_MESSAGES);
}

void
list_expect(size_t which, const uint8_t *type, size_t n)
{
	const struct recipe *m = &seen->m[which];

	ck_assert_uint_eq(m->n, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(m->item[i].type == type[i], "message %zu, payload %zu", which, i);
}

START_TEST(t001_t002_t003_t005_headers_as_sent)
{
	list_record_good();
	for (size_t i = 0; i < seen->n; i++) {
		const uint8_t *h = seen->wire[i].b;

		ck_assert_uint_eq(h[17], 0x10);
		ck_assert_uint_eq(h[19], i >= Q1 ? ISAKMP_FLAG_ENCRYPTED : 0);
		ck_assert_uint_eq(h[16], PAYLOAD_CRYPTO); /* T007 */
		ck_assert_uint_eq(seen->m[i].h.length, seen->wire[i].n);
	}
	sim_free(&net);
}
END_TEST

/* A later minor version, and the E flag in M1, are no reason to drop it. */
START_TEST(t001_t102_minor_version_and_e_flag_of_m1)
{
	static struct raw w;

	hostile_begin();
	w = *hostile_m1_raw();
	w.b[_i == 0 ? 17 : 19] |= _i == 0 ? 3 : ISAKMP_FLAG_ENCRYPTED;
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(hostile_mm(RESPONDER)->state, MM_RESP_FIRST_DONE);
	ck_assert_uint_eq(net.host[RESPONDER].n_sent, 1);
	hostile_end();
}
END_TEST

START_TEST(t004_t141_message_ids)
{
	list_record_good();
	ck_assert_uint_eq(seen->m[M1].h.message_id, 0);
	ck_assert_uint_eq(seen->m[M2].h.message_id, 0);
	for (size_t i = Q1; i <= Q4; i++) { /* A25: random, the same in all four */
		ck_assert_uint_gt(seen->m[i].h.message_id, 1);
		ck_assert_uint_eq(seen->m[i].h.message_id, seen->m[Q1].h.message_id);
	}
	for (size_t i = E1; i <= E4; i++) {
		ck_assert_uint_eq(seen->m[i].h.message_id, 1);
		ck_assert_uint_eq(seen->m[i].h.exchange, EXCHANGE_EM);
	}
	sim_free(&net);
}
END_TEST

/* The chain of M1 by hand; then every reserved byte of it is set, and M1 still counts. */
START_TEST(t006_reserved_bytes_and_end_of_chain)
{
	static struct raw w;
	size_t at = ISAKMP_HEADER_BYTES;
	uint8_t next = PAYLOAD_CRYPTO;

	hostile_begin();
	w = *hostile_m1_raw();
	while (next != PAYLOAD_NONE) {
		ck_assert_uint_lt(at + 3, w.n);
		next = w.b[at];
		ck_assert_uint_eq(w.b[at + 1], 0);
		w.b[at + 1] = 0xff;
		at += (size_t)w.b[at + 2] << 8 | w.b[at + 3];
	}
	ck_assert_uint_eq(at, w.n);
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(hostile_mm(RESPONDER)->state, MM_RESP_FIRST_DONE);
	hostile_end();
}
END_TEST

START_TEST(t009_t010_t012_crypto_payload)
{
	static const enum cipher_id cipher[] = { CIPHER_AES128, CIPHER_3DES };
	size_t block = _i == 0 ? 16 : 8;

	sim_init(&net, 5);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		net.host[i].policy.mm_proposal[0].cipher = cipher[_i];
		net.host[i].policy.n_mm_proposal = 1;
	}
	list_record(4);
	for (size_t i = 0; i < seen->n; i++) {
		const uint8_t *c = seen->wire[i].b + ISAKMP_HEADER_BYTES;
		bool clear = i <= M2;

		ck_assert_uint_eq(c[0], clear ? PAYLOAD_SA : PAYLOAD_NONE);
		ck_assert_uint_eq((size_t)c[2] << 8 | c[3], clear ? 8 : 8 + block);
	}
	sim_free(&net);
}
END_TEST

/* An IV field of eight bytes in a message in clear. */
START_TEST(t011_clear_crypto_of_16_bytes)
{
	static struct raw w;

	hostile_begin();
	w = *hostile_m1_raw();
	memmove(w.b + 44, w.b + 36, w.n - 36);
	memset(w.b + 36, 0xa5, 8);
	w.n += 8;
	w.b[31] = 16;
	w.b[26] = (uint8_t)(w.n >> 8);
	w.b[27] = (uint8_t)w.n;
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(hostile_mm(RESPONDER)->state, MM_RESP_FIRST_DONE);
	hostile_end();
}
END_TEST

/* From 0 in each kind of exchange; the first quick mode is in that of main mode. */
START_TEST(t018_sequence_numbers)
{
	static const uint32_t want[GOOD_MESSAGES] = { 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3 };

	list_record_good();
	for (size_t i = 0; i < seen->n; i++)
		ck_assert_uint_eq(seen->m[i].seq, want[i]);
	sim_free(&net);
}
END_TEST

/* NEW from the initiator once, COMPLETE from the responder once, never other flags. */
START_TEST(t020_t021_t022_gss_flags_as_sent)
{
	list_record_good();
	for (size_t i = 0; i < seen->n; i++) {
		const struct item *gss = recipe_find(&seen->m[i], PAYLOAD_GSS, 0);

		ck_assert_int_eq(gss != NULL, i >= GSS1 && i <= GSS4);
		if (gss == NULL)
			continue;
		ck_assert_mem_eq(gss->b, "\0\0\0", 4);
		ck_assert_uint_eq(gss->b[4],
		    i == GSS1 ? GSS_FLAG_NEW : i == GSS4 ? GSS_FLAG_COMPLETE : 0);
	}
	sim_free(&net);
}
END_TEST

START_TEST(t033_certificates_signatures_deletes_are_never_sent)
{
	list_record_good();
	engine_delete_mm(net.host[_i].engine, net.now_ms, 0);
	sim_run(&net, 1000);
	ck_assert_uint_ge(seen->n, GOOD_MESSAGES + 4);
	for (size_t i = 0; i < seen->n; i++) {
		ck_assert_ptr_null(recipe_find(&seen->m[i], PAYLOAD_CERT, 0));
		ck_assert_ptr_null(recipe_find(&seen->m[i], PAYLOAD_CERTREQ, 0));
		ck_assert_ptr_null(recipe_find(&seen->m[i], PAYLOAD_SIG, 0));
		ck_assert_ptr_null(recipe_find(&seen->m[i], PAYLOAD_DELETE, 0));
	}
	sim_free(&net);
}
END_TEST

START_TEST(t048_t097_main_mode_after_m1)
{
	struct mm_sa *mm;

	hostile_begin();
	net.tap = hostile_tap_silence;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	ck_assert_ptr_nonnull(mm = hostile_mm(INITIATOR));
	ck_assert_uint_eq(mm->state, MM_FIRST_SENT);
	ck_assert(!mm->expired && !mm->nat_detected && !mm->keys.ready && !mm->keys.has_em);
	ck_assert_uint_eq(mm->vendor_seen, 0);
	ck_assert_uint_eq(mm->em.handle, 0);
	ck_assert_uint_eq(mm->em.state, GSS_NONE);
	ck_assert_uint_eq(engine_deadline_ms(net.host[INITIATOR].engine), net.now_ms + 2000);
	hostile_end();
}
END_TEST

START_TEST(t090_t092_t093_t096_m1)
{
	static const uint8_t zero[COOKIE_BYTES], anonymous[4] = { 0, AUTH_ANONYMOUS };
	struct recipe *m = &seen->m[M1];

	list_record_good();
	ck_assert_uint_eq(m->h.exchange, EXCHANGE_MM);
	ck_assert_mem_eq(m->h.rcookie, zero, COOKIE_BYTES);
	EXPECT_PAYLOADS(M1, PAYLOAD_SA, PAYLOAD_AUTH, PAYLOAD_NONCE, PAYLOAD_VID, PAYLOAD_VID,
	    PAYLOAD_VID, PAYLOAD_VID, PAYLOAD_VID, PAYLOAD_VID, PAYLOAD_VID, PAYLOAD_NATD,
	    PAYLOAD_NATD, PAYLOAD_KE);
	ck_assert_uint_eq(m->item[1].n, 4);
	ck_assert_mem_eq(m->item[1].b, anonymous, 4);
	sim_free(&net);
}
END_TEST

START_TEST(t095_natd_on_ipv4_only)
{
	sim_init(&net, 5);
	list_record(_i == 0 ? 4 : 6);
	for (size_t i = 0; i < seen->n; i++)
		ck_assert_int_eq(recipe_find(&seen->m[i], PAYLOAD_NATD, 0) != NULL,
		    _i == 0 && i <= M2);
	sim_free(&net);
}
END_TEST

START_TEST(t100_t104_main_mode_keeps_what_was_agreed)
{
	list_record_good();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		const struct mm_sa *mm = hostile_mm(i);

		ck_assert_uint_ne(mm->vendor_seen & 1u << VENDOR_ND_CAPABLE, 0);
		ck_assert_uint_eq(mm->chosen.cipher, CIPHER_AES128);
		ck_assert_uint_eq(mm->chosen.integrity, HASH_SHA1);
		ck_assert_uint_eq(mm->group, DH_ECP256);
		ck_assert_uint_eq(mm->chosen.lifetime_s,
		    net.host[i].policy.mm_proposal[0].lifetime_s);
		ck_assert_uint_eq(mm->em.method, AUTH_TLS);
	}
	sim_free(&net);
}
END_TEST

TCase *
sim_list_cases(void)
{
	TCase *t = tcase_create("checklist");

	seen = recipes_room(sizeof(*seen));
	tcase_add_test(t, t001_t002_t003_t005_headers_as_sent);
	tcase_add_loop_test(t, t001_t102_minor_version_and_e_flag_of_m1, 0, 2);
	tcase_add_test(t, t004_t141_message_ids);
	tcase_add_test(t, t006_reserved_bytes_and_end_of_chain);
	tcase_add_loop_test(t, t009_t010_t012_crypto_payload, 0, 2);
	tcase_add_test(t, t011_clear_crypto_of_16_bytes);
	tcase_add_test(t, t018_sequence_numbers);
	tcase_add_test(t, t020_t021_t022_gss_flags_as_sent);
	tcase_add_loop_test(t, t033_certificates_signatures_deletes_are_never_sent, 0, 2);
	tcase_add_test(t, t048_t097_main_mode_after_m1);
	tcase_add_test(t, t090_t092_t093_t096_m1);
	tcase_add_loop_test(t, t095_natd_on_ipv4_only, 0, 2);
	tcase_add_test(t, t100_t104_main_mode_keeps_what_was_agreed);
	return t;
}
