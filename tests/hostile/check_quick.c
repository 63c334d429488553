/* H14, H37, H40 and the quick-mode part of H36: authentic but absurd Q1. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

static const uint8_t id_initiator[] = { 1, 6, 0, 0, 10, 0, 0, 1 };
static const uint8_t id_responder[] = { 1, 6, 0, 90, 10, 1, 0, 1 };
static const uint8_t nonce[32] = { 1 };

/* An ESP proposal of one transform: NULL cipher, SHA-1, transport. */
static const uint8_t sa_body[] = { 0, 0, 0, 1, 0, 0, 0, 1,
	0, 0, 0, 28, 1, 3, 4, 1, 0, 0, 16, 0,
	0, 0, 0, 16, 1, 11, 0, 0, 0x80, 4, 0, 2, 0x80, 5, 0, 2 };
enum { AT_NUMBER = 12, AT_PROTOCOL, AT_SPI_SIZE, AT_COUNT, AT_SPI, AT_TRANSFORM = 25,
	AT_ENCAPSULATION = 31, AT_AUTHENTICATION = 35 };

static void
begin_q1(uint32_t message_id)
{
	recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_QM, message_id);
	recipe_add(&r, PAYLOAD_ID, SPAN_ARRAY(id_initiator));
	recipe_add(&r, PAYLOAD_ID, SPAN_ARRAY(id_responder));
	recipe_add(&r, PAYLOAD_SA, SPAN_ARRAY(sa_body));
	recipe_add(&r, PAYLOAD_NONCE, SPAN_ARRAY(nonce));
}

/* The engine refuses the quick mode and keeps the main mode. */
static void
refuse_q1(enum ike_err err)
{
	uint64_t errors = hostile_errors(RESPONDER, err);

	recipe_write(&r, hostile_mm(INITIATOR), &w);
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_msg(hostile_errors(RESPONDER, err) > errors, "%s was not counted",
	    ike_err_counter(err));
	ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), 1);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 1);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 2);
	sim_run(&net, 30); /* the notify and its acknowledgement */
}

/* The engine answers; the quick mode is deleted again. */
static void
accept_q1(void)
{
	size_t sent = net.host[RESPONDER].n_sent;

	recipe_write(&r, hostile_mm(INITIATOR), &w);
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 2);
	ck_assert_uint_eq(net.host[RESPONDER].n_sent, sent + 1);
	engine_delete_qm(net.host[RESPONDER].engine, net.now_ms,
	    LIST_FIRST(&hostile_mm(RESPONDER)->quick_modes)->id);
	sim_run(&net, 30);
}

START_TEST(h14_selectors_that_do_not_fit)
{
	hostile_begin_established();
	begin_q1(100);
	recipe_remove(&r, 0);
	refuse_q1(IKE_ERR_PAYLOAD_MISSING);
	begin_q1(101);
	recipe_add(&r, PAYLOAD_ID, SPAN_ARRAY(id_responder));
	refuse_q1(IKE_ERR_PAYLOAD_UNEXPECTED);
	for (size_t i = 0; i < 2; i++) /* the second one fails after a good first */
		for (size_t n = 0; n < 8; n++) {
			begin_q1((uint32_t)(110 + n + 10 * i));
			recipe_find(&r, PAYLOAD_ID, i)->n = n;
			refuse_q1(IKE_ERR_ID);
		}
	begin_q1(140);
	recipe_find(&r, PAYLOAD_ID, 1)->b[1] = 17; /* protocols differ */
	refuse_q1(IKE_ERR_ID_MISMATCH);
	begin_q1(141);
	recipe_find(&r, PAYLOAD_ID, 0)->b[7] = 9; /* somebody else's address */
	refuse_q1(IKE_ERR_ID_MISMATCH);
	hostile_end();
}
END_TEST

/* Every number of a proposal that comes back in the answer. */
START_TEST(h36_every_proposal_number_and_protocol)
{
	hostile_begin_established();
	for (unsigned v = 0; v < 256; v++) {
		begin_q1(1000 + v);
		recipe_find(&r, PAYLOAD_SA, 0)->b[AT_NUMBER] = (uint8_t)v;
		accept_q1();
		begin_q1(2000 + v);
		recipe_find(&r, PAYLOAD_SA, 0)->b[AT_PROTOCOL] = (uint8_t)v;
		if (v == 3)
			accept_q1();
		else
			refuse_q1(v == 2 || v == 4 ? IKE_ERR_NO_PROPOSAL : IKE_ERR_PROPOSAL);
		begin_q1(3000 + v);
		recipe_find(&r, PAYLOAD_SA, 0)->b[AT_SPI_SIZE] = (uint8_t)v;
		if (v == 4)
			accept_q1();
		else
			refuse_q1(IKE_ERR_PROPOSAL);
	}
	hostile_end();
}
END_TEST

START_TEST(h37_every_id_type_and_length)
{
	static const size_t lengths[] = { 4, 5, 7, 8, 12, 15, 16, 20, 21, 36, 64, 255, 4000 };

	hostile_begin_established();
	for (unsigned type = 0; type < 256; type++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			struct item *id;
			bool fits;

			begin_q1(1000 + type * 256 + (uint32_t)i);
			id = recipe_find(&r, PAYLOAD_ID, i % 2);
			memset(id->b + 8, 'a', sizeof(id->b) - 8);
			id->b[0] = (uint8_t)type;
			id->n = lengths[i];
			fits = (type == 1 && id->n == 8) || (type == 5 && id->n == 20) ||
			    ((type == 4 || type == 7) && id->n == 12) ||
			    ((type == 6 || type == 8) && id->n == 36);
			if (type == 1 && fits)
				accept_q1();
			else
				refuse_q1(fits ? IKE_ERR_ID_MISMATCH : IKE_ERR_ID);
		}
	hostile_end();
}
END_TEST

/* NULL authentication, GMAC, reserved numbers: what policy does not name, is refused. */
START_TEST(h40_every_transform_number)
{
	static const struct {
		size_t at;
		uint8_t good;
	} field[] = { { AT_TRANSFORM, 11 }, { AT_AUTHENTICATION, 2 }, { AT_ENCAPSULATION, 2 } };

	hostile_begin_established();
	for (size_t f = 0; f < sizeof(field) / sizeof(field[0]); f++)
		for (unsigned v = 0; v < 256; v++) {
			begin_q1((uint32_t)(1000 * (f + 1) + v));
			recipe_find(&r, PAYLOAD_SA, 0)->b[field[f].at] = (uint8_t)v;
			if (v == field[f].good || (f == 0 && v == 3)) /* 3: 3DES */
				accept_q1();
			else
				refuse_q1(IKE_ERR_NO_PROPOSAL);
		}
	hostile_end();
}
END_TEST

/* A key length where none belongs, and AES with every odd one. */
START_TEST(h40_every_key_length)
{
	hostile_begin_established();
	for (unsigned bits = 0; bits <= 65535; bits += bits < 600 ? 1 : 997) {
		uint8_t attr[4] = { 0x80, 6, (uint8_t)(bits >> 8), (uint8_t)bits };
		struct item *sa;

		begin_q1(1000 + bits);
		sa = recipe_find(&r, PAYLOAD_SA, 0);
		memcpy(sa->b + sa->n, attr, sizeof(attr));
		sa->n += sizeof(attr);
		sa->b[11] += sizeof(attr);
		sa->b[23] += sizeof(attr);
		sa->b[AT_TRANSFORM] = 12;
		if (bits == 128)
			accept_q1();
		else
			refuse_q1(IKE_ERR_NO_PROPOSAL);
	}
	hostile_end();
}
END_TEST

/*
 * GCM and GMAC with every key length, above all none and zero, and every hash beside it: one
 * pair of length and hash is what the policy names, or the hash may be absent.
 */
START_TEST(h40_gcm_and_gmac)
{
	static const struct {
		uint8_t id;
		enum cipher_id cipher;
		uint8_t bits, hash;
	} row[] = { { 20, CIPHER_AES128_GCM, 128, 11 }, { 23, CIPHER_AES192_GMAC, 192, 12 } };
	struct qm_proposal *mine;

	hostile_begin_established();
	mine = &net.host[RESPONDER].policy.qm_proposal[0];
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (unsigned bits = 0; bits <= 256; bits += 32)
			for (unsigned hash = 0; hash < 16; hash++) {
				uint8_t attr[4] = { 0x80, 6, (uint8_t)(bits >> 8), (uint8_t)bits };
				struct item *sa;

				mine->cipher = row[i].cipher;
				mine->integrity = HASH_NONE;
				begin_q1((uint32_t)(10000 * (i + 1) + bits * 16 + hash));
				sa = recipe_find(&r, PAYLOAD_SA, 0);
				sa->b[AT_TRANSFORM] = row[i].id;
				sa->b[AT_AUTHENTICATION] = (uint8_t)hash;
				if (bits != 0) { /* 0: no attribute at all */
					memcpy(sa->b + sa->n, attr, sizeof(attr));
					sa->n += sizeof(attr);
					sa->b[11] += sizeof(attr);
					sa->b[23] += sizeof(attr);
				}
				if (bits == row[i].bits && (hash == row[i].hash || hash == 0))
					accept_q1();
				else
					refuse_q1(IKE_ERR_NO_PROPOSAL);
			}
	hostile_end();
}
END_TEST

/* A value of more than 16 bits is not the number in its lower half. */
START_TEST(h40_long_attribute_is_not_cut)
{
	static const uint8_t attr[8] = { 0, 5, 0, 4, 0, 1, 0, 2 };
	struct item *sa;

	hostile_begin_established();
	begin_q1(50);
	sa = recipe_find(&r, PAYLOAD_SA, 0);
	memcpy(sa->b + 32, attr, sizeof(attr)); /* in place of authentication SHA-1 */
	sa->n += 4;
	sa->b[11] += 4;
	sa->b[23] += 4;
	refuse_q1(IKE_ERR_NO_PROPOSAL);
	hostile_end();
}
END_TEST

START_TEST(h40_reserved_spis)
{
	hostile_begin_established();
	for (unsigned spi = 0; spi < 256; spi += 15) {
		begin_q1(1000 + spi);
		memset(recipe_find(&r, PAYLOAD_SA, 0)->b + AT_SPI, 0, 4);
		recipe_find(&r, PAYLOAD_SA, 0)->b[AT_SPI + 3] = (uint8_t)spi;
		refuse_q1(IKE_ERR_NO_PROPOSAL);
	}
	hostile_end();
}
END_TEST

static bool
lose_encrypted(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	(void)n;
	return from != INITIATOR || (p[19] & ISAKMP_FLAG_ENCRYPTED) == 0;
}

/* The first quick mode as it would have come, with PFS. */
static void
first_q1(void)
{
	const struct mm_sa *mm;

	hostile_begin();
	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (uint32_t k = 0; k < net.host[i].policy.n_qm_proposal; k++)
			net.host[i].policy.qm_proposal[k].pfs = DH_ECP256;
	net.tap = lose_encrypted;
	sim_acquire(&net, INITIATOR, 1, 4, 80);
	sim_run(&net, 100);
	net.tap = NULL;
	mm = hostile_mm(INITIATOR);
	ck_assert(recipe_read(
	    &r, mm, blob_span(&LIST_FIRST(&mm->quick_modes)->request.bytes)));
}

static void
remove_item(uint8_t type)
{
	struct item *it = recipe_find(&r, type, 0);

	ck_assert_ptr_nonnull(it);
	recipe_remove(&r, (size_t)(it - r.item));
}

/* Auth1 is the proof of a main mode, and PFS is not left out because the peer does so. */
START_TEST(h42_first_quick_mode_without_its_proof)
{
	static const enum ike_err errors[] = { IKE_OK, IKE_ERR_PAYLOAD_MISSING, IKE_ERR_HASH,
		IKE_ERR_AUTH_HASH, IKE_ERR_KE };

	first_q1();
	if (_i == 1)
		remove_item(PAYLOAD_HASH);
	else if (_i == 2)
		recipe_find(&r, PAYLOAD_HASH, 0)->n--;
	else if (_i == 3)
		recipe_find(&r, PAYLOAD_HASH, 0)->b[0] ^= 1;
	else if (_i == 4)
		remove_item(PAYLOAD_KE);
	recipe_write(&r, hostile_mm(INITIATOR), &w);
	sim_inject(&net, RESPONDER, w.b, w.n);
	if (_i > 0)
		ck_assert_uint_eq(hostile_errors(RESPONDER, errors[_i]), 1);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), _i == 0);
	ck_assert_uint_eq(net.host[RESPONDER].n_failure, _i > 0);
	sim_free(&net);
}
END_TEST

/* Synchronize of another type ends the quick mode: nothing is installed. */
START_TEST(synchronize_of_another_type)
{
	const struct mm_sa *mm;

	hostile_begin_at(4);
	mm = hostile_mm(INITIATOR);
	ck_assert(recipe_read(
	    &r, mm, blob_span(&LIST_FIRST(&mm->quick_modes)->request.bytes)));
	recipe_find(&r, PAYLOAD_NOTIFY, 0)->b[7] ^= 1;
	recipe_write(&r, mm, &w);
	sim_inject(&net, RESPONDER, w.b, w.n);
	ck_assert_uint_eq(hostile_errors(RESPONDER, IKE_ERR_NOTIFY), 1);
	ck_assert_uint_eq(sim_count_qm(&net, RESPONDER), 0);
	ck_assert_uint_eq(net.host[RESPONDER].n_sa, 0);
	sim_free(&net);
}
END_TEST

TCase *
hostile_quick_cases(void)
{
	TCase *t = tcase_create("quick");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, h14_selectors_that_do_not_fit);
	tcase_add_test(t, h36_every_proposal_number_and_protocol);
	tcase_add_test(t, h37_every_id_type_and_length);
	tcase_add_test(t, h40_every_transform_number);
	tcase_add_test(t, h40_every_key_length);
	tcase_add_test(t, h40_gcm_and_gmac);
	tcase_add_test(t, h40_long_attribute_is_not_cut);
	tcase_add_test(t, h40_reserved_spis);
	tcase_add_loop_test(t, h42_first_quick_mode_without_its_proof, 0, 5);
	tcase_add_test(t, synchronize_of_another_type);
	return t;
}
