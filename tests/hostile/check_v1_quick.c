/*
 * Quick mode as it is on the wire, against RFC 2409 5.5: order of the payloads, HASH(1),
 * HASH(2), HASH(3) and the chain of IVs, computed here by libcrypto from the captured bytes.
 * Of the engine only SKEYID_a and the cipher key are taken (check_v1_keys.c has those).
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/hostile/check_v1.h"

#define HEADER_BYTES 28
#define MAX_PAYLOADS 8
#define MAX_BYTES 2048

enum { MAIN = 2, QUICK = 32 }; /* exchange types */
enum { SA = 1, KE = 4, ID = 5, HASH = 8, NONCE = 10, NOTIFY = 11 };

struct part {
	uint8_t type;
	const uint8_t *p; /* with its header of four bytes */
	size_t n;
};

struct wire {
	uint8_t b[MAX_BYTES];
	size_t n;
	struct part part[MAX_PAYLOADS];
	size_t n_part;
};

static const struct dialect dialect = DIALECT_DEFAULT;
static struct wire quick[3];
static size_t n_quick;
static uint8_t
    block[16]; /* the last one of ciphertext: first of main mode, then of Q1, Q2 */

static bool
record(void *ctx, size_t from, uint8_t *p, size_t *n)
{
	(void)ctx;
	ck_assert_uint_le(*n, MAX_BYTES);
	if (p[18] == MAIN)
		memcpy(block, p + *n - 16, 16);
	if (p[18] != QUICK)
		return true;
	ck_assert_uint_lt(n_quick, 3);
	ck_assert_uint_eq(from, n_quick == 1 ? RESPONDER : INITIATOR);
	memcpy(quick[n_quick].b, p, *n);
	quick[n_quick++].n = *n;
	return true;
}

static const EVP_MD *
md_of(enum hash_id hash)
{
	return hash == HASH_SHA1   ? EVP_sha1() :
	       hash == HASH_SHA256 ? EVP_sha256() :
				     EVP_sha384();
}

/* The first IV is hash(last block of phase 1 | M-ID), the next ones are last blocks. */
static void
decrypt(struct wire *w, const struct mm_sa *mm, bool first)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t iv[EVP_MAX_MD_SIZE], head[20], next[16];
	int n = 0;

	memcpy(head, block, 16);
	memcpy(head + 16, w->b + 20, 4);
	memcpy(iv, block, 16);
	if (first)
		ck_assert(
		    EVP_Digest(head, 20, iv, NULL, md_of(mm->chosen.integrity), NULL));
	memcpy(next, w->b + w->n - 16, 16);
	ck_assert(
	    EVP_DecryptInit_ex(c, EVP_aes_128_cbc(), NULL, mm->keys.cipher_key, iv));
	ck_assert(EVP_CIPHER_CTX_set_padding(c, 0));
	ck_assert(EVP_DecryptUpdate(c, w->b + HEADER_BYTES, &n, w->b + HEADER_BYTES,
	    (int)(w->n - HEADER_BYTES)));
	ck_assert_uint_eq((size_t)n, w->n - HEADER_BYTES);
	EVP_CIPHER_CTX_free(c);
	memcpy(block, next, 16);
}

static void
take_apart(struct wire *w)
{
	uint8_t type = w->b[16];
	size_t at = HEADER_BYTES;

	for (w->n_part = 0; type != 0; w->n_part++) {
		size_t n;

		ck_assert_uint_lt(w->n_part, MAX_PAYLOADS);
		ck_assert_uint_le(at + 4, w->n);
		n = (size_t)(w->b[at + 2] << 8 | w->b[at + 3]);
		ck_assert_uint_ge(n, 4);
		ck_assert_uint_le(at + n, w->n);
		w->part[w->n_part] = (struct part){ type, w->b + at, n };
		type = w->b[at];
		at += n;
	}
	ck_assert_uint_lt(w->n - at, 16);
	for (; at < w->n; at++)
		ck_assert_uint_eq(w->b[at], 0);
}

/* 0 ends the list. */
static void
expect_order(const struct wire *w, const uint8_t *type)
{
	size_t i = 0;

	for (; type[i] != 0; i++) {
		ck_assert_uint_lt(i, w->n_part);
		ck_assert_uint_eq(w->part[i].type, type[i]);
	}
	ck_assert_uint_eq(i, w->n_part);
}

struct bytes {
	uint8_t b[MAX_BYTES];
	size_t n;
};

static void
put(struct bytes *s, const uint8_t *p, size_t n)
{
	ck_assert_uint_le(s->n + n, MAX_BYTES);
	memcpy(s->b + s->n, p, n);
	s->n += n;
}

/* Nb: a nonce without its header. */
static void
put_nonce_body(struct bytes *s, const struct wire *w)
{
	ck_assert_uint_eq(w->part[2].type, NONCE);
	put(s, w->part[2].p + 4, w->part[2].n - 4);
}

static void
put_behind_hash(struct bytes *s, const struct wire *w)
{
	for (size_t i = 1; i < w->n_part; i++)
		put(s, w->part[i].p, w->part[i].n);
}

static void
expect_hash(const struct wire *w, const struct mm_sa *mm, const struct bytes *s)
{
	const EVP_MD *md = md_of(mm->chosen.integrity);
	unsigned n = (unsigned)EVP_MD_get_size(md);
	uint8_t want[EVP_MAX_MD_SIZE];

	ck_assert_ptr_nonnull(HMAC(md, mm->keys.a, (int)n, s->b, s->n, want, NULL));
	ck_assert_uint_eq(w->part[0].type, HASH);
	ck_assert_uint_eq(w->part[0].n, 4 + n);
	ck_assert_mem_eq(w->part[0].p + 4, want, n);
}

static void
expect_hashes(const struct mm_sa *mm)
{
	static const uint8_t zero;
	const uint8_t *id = quick[0].b + 20;
	struct bytes s = { .n = 0 };

	put(&s, id,
	    4); /* HASH(1) = prf(SKEYID_a, M-ID | SA | Ni [| KE] | IDci | IDcr) */
	put_behind_hash(&s, &quick[0]);
	expect_hash(&quick[0], mm, &s);
	s.n =
	    0; /* HASH(2) = prf(SKEYID_a, M-ID | Ni_b | SA | Nr [| KE] | IDci | IDcr) */
	put(&s, id, 4);
	put_nonce_body(&s, &quick[0]);
	put_behind_hash(&s, &quick[1]);
	expect_hash(&quick[1], mm, &s);
	s.n = 0; /* HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b) */
	put(&s, &zero, 1);
	put(&s, id, 4);
	put_nonce_body(&s, &quick[0]);
	put_nonce_body(&s, &quick[1]);
	expect_hash(&quick[2], mm, &s);
}

static void
negotiate(enum hash_id hash, enum dh_group pfs)
{
	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &v1_net.host[i].policy;

		p->mm_proposal[0] =
		    (struct mm_proposal){ CIPHER_AES128, hash, DH_ECP256, 7200 };
		p->n_mm_proposal = 1;
		/* The responder's is shorter: it says so, behind everything else. */
		p->qm_proposal[0] = (struct qm_proposal){ QM_ESP_AUTH_CIPHER, HASH_SHA1,
			CIPHER_AES128, pfs, i == INITIATOR ? 3600 : 1800, 0 };
		p->n_qm_proposal = 1;
		p->nd = ND_OFF; /* no notify of MS-IKEE */
	}
	sim_start(&v1_net, &dialect, &dialect);
	n_quick = 0;
	v1_net.tap = record;
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 1000);
	v1_expect_unharmed();
	ck_assert_uint_eq(n_quick, 3);
}

START_TEST(quick_mode_of_the_rfc)
{
	static const enum hash_id hashes[] = { HASH_SHA1, HASH_SHA256, HASH_SHA384 };
	static const uint8_t orders[2][3][8] = {
		{ { HASH, SA, NONCE, ID, ID }, { HASH, SA, NONCE, ID, ID, NOTIFY },
		    { HASH } },
		{ { HASH, SA, NONCE, KE, ID, ID },
		    { HASH, SA, NONCE, KE, ID, ID, NOTIFY }, { HASH } },
	};
	bool pfs = _i >= 3;
	const struct mm_sa *mm;

	negotiate(hashes[_i % 3], pfs ? DH_MODP2048 : DH_NONE);
	mm = v1_mm(INITIATOR);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_mem_eq(quick[i].b + 20, quick[0].b + 20, 4); /* M-ID */
		decrypt(&quick[i], mm, i == 0);
		take_apart(&quick[i]);
		expect_order(&quick[i], orders[pfs][i]);
	}
	expect_hashes(mm);
	sim_free(&v1_net);
}
END_TEST

/* ---- other orders ---- */

#define MOVABLE 5 /* SA, Nonce, KE, IDci, IDcr: as they are sent */

/* The first message of a new quick mode: HASH in this place, the others in this order. */
static struct span
first_message(const size_t *order, size_t hash_at, uint32_t id)
{
	struct engine *e = v1_net.host[INITIATOR].engine;
	const struct mm_sa *mm = v1_mm(INITIATOR);
	struct span wire;
	struct v1_iv iv;

	ck_assert(v1_keys_iv(mm, id, &iv));
	v1_begin(e, mm, EXCHANGE_QUICK, id);
	for (size_t i = 0; i <= MOVABLE; i++) {
		const struct part *p = &quick[0].part[1 + order[i < MOVABLE ? i : 0]];

		if (i == hash_at)
			v1_hash_begin(e, mm);
		if (i < MOVABLE)
			v1_write(e, p->type, span_of(p->p + 4, p->n - 4));
	}
	if (hash_at == 0) {
		ck_assert(v1_hash_finish(e, mm, id, SPAN_NONE, &iv, &wire));
	} else {
		ck_assert(v1_finish(e, &wire));
		ck_assert(v1_seal(e, mm, &iv, &wire));
	}
	return wire;
}

static bool
is_taken(const size_t *order, size_t hash_at)
{
	static uint32_t id = 1000;
	struct span wire = first_message(order, hash_at, ++id);

	sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
	return sadb_qm_by_message_id(v1_mm(RESPONDER), id) != NULL;
}

static size_t
place_of(const size_t *order, size_t what)
{
	size_t i = 0;

	while (order[i] != what)
		i++;
	return i;
}

/* The k-th of all orders of five. */
static void
permute(size_t k, size_t *order)
{
	size_t left[MOVABLE] = { 0, 1, 2, 3, 4 };

	for (size_t i = 0; i < MOVABLE; i++) {
		size_t n = MOVABLE - i, at = k % n;

		k /= n;
		order[i] = left[at];
		memmove(left + at, left + at + 1, (n - at - 1) * sizeof(left[0]));
	}
}

/*
 * HASH comes first and SA behind it, IDci before IDcr; the others as they like (RFC 2409
 * 5.5: "there are no payload ordering restrictions").
 */
START_TEST(orders_of_quick_mode)
{
	struct engine *e;
	size_t order[MOVABLE];
	uint64_t unexpected;

	negotiate(HASH_SHA256, DH_MODP2048);
	decrypt(&quick[0], v1_mm(INITIATOR), true);
	take_apart(&quick[0]);
	v1_net.tap = NULL;
	e = v1_net.host[RESPONDER].engine;
	for (size_t k = 0; k < 120; k++) {
		bool good;

		permute(k, order);
		good = order[0] == 0 && place_of(order, 3) < place_of(order, 4);
		unexpected = engine_error_count(e, IKE_ERR_PAYLOAD_UNEXPECTED);
		ck_assert_uint_eq(is_taken(order, 0), good);
		ck_assert_uint_eq(engine_error_count(e, IKE_ERR_PAYLOAD_UNEXPECTED),
		    unexpected + (order[0] != 0));
	}
	permute(0, order);
	for (size_t at = 1; at <= MOVABLE; at++)
		ck_assert(!is_taken(order, at));
	ck_assert(is_taken(order, 0));
	sim_free(&v1_net);
}
END_TEST

/* ---- first messages that start nothing ---- */

/* HASH(1) of zeros, and with a bit that is wrong: for another message, say. */
START_TEST(first_message_with_a_wrong_hash)
{
	size_t order[MOVABLE];
	struct engine *e;
	struct span wire;
	struct v1_iv iv;

	negotiate(HASH_SHA256, DH_NONE);
	v1_net.tap = NULL;
	permute(0, order);
	decrypt(&quick[0], v1_mm(INITIATOR), true);
	take_apart(&quick[0]);
	e = v1_net.host[INITIATOR].engine;
	ck_assert(v1_keys_iv(v1_mm(INITIATOR), 77, &iv));
	v1_begin(e, v1_mm(INITIATOR), EXCHANGE_QUICK, 77);
	v1_hash_begin(e, v1_mm(INITIATOR));
	for (size_t i = 1; i < quick[0].n_part; i++)
		v1_write(e, quick[0].part[i].type,
		    span_of(quick[0].part[i].p + 4, quick[0].part[i].n - 4));
	/* Over another message ID: as good a hash, of something else. */
	ck_assert(v1_hash_finish(
	    e, v1_mm(INITIATOR), 77u + (uint32_t)_i, SPAN_NONE, &iv, &wire));
	if (_i == 0) {
		sim_inject(&v1_net, RESPONDER, wire.p, wire.n);
		ck_assert_uint_eq(sim_count_qm(&v1_net, RESPONDER), 2);
	} else {
		v1_expect_drop(RESPONDER, wire, IKE_ERR_HASH);
		v1_expect_unharmed();
	}
	sim_free(&v1_net);
}
END_TEST

/* It came once: no second time, not even when its pair is gone. */
START_TEST(first_message_twice)
{
	static struct wire copy;

	negotiate(HASH_SHA256, DH_NONE);
	v1_net.tap = NULL;
	copy = quick[0];
	engine_delete_qm(v1_net.host[INITIATOR].engine, v1_net.now_ms, 0);
	sim_run(&v1_net, 10000);
	ck_assert_uint_eq(sim_count_qm(&v1_net, RESPONDER), 0);
	v1_expect_drop(RESPONDER, span_of(copy.b, copy.n), IKE_ERR_REPLAY);
	ck_assert_uint_eq(sim_count_qm(&v1_net, RESPONDER), 0);
	sim_free(&v1_net);
}
END_TEST

/* The message ID of main mode is none of quick mode. */
START_TEST(first_message_without_an_id)
{
	size_t order[MOVABLE];
	struct span wire;

	negotiate(HASH_SHA256, DH_MODP2048);
	v1_net.tap = NULL;
	permute(0, order);
	decrypt(&quick[0], v1_mm(INITIATOR), true);
	take_apart(&quick[0]);
	wire = first_message(order, 0, 0);
	v1_expect_drop(RESPONDER, wire, IKE_ERR_REPLAY);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

/* Before auth has said whose the main mode is, and when the host goes. */
START_TEST(first_message_at_the_wrong_time)
{
	size_t order[MOVABLE];
	struct engine *e;
	struct span wire;

	negotiate(HASH_SHA256, DH_MODP2048);
	v1_net.tap = NULL;
	permute(0, order);
	decrypt(&quick[0], v1_mm(INITIATOR), true);
	take_apart(&quick[0]);
	e = v1_net.host[RESPONDER].engine;
	if (_i == 0)
		v1_mm(RESPONDER)->state = MM_RESP_FIRST_DONE;
	else
		e->shutting_down = true;
	wire = first_message(order, 0, 78);
	v1_expect_drop(RESPONDER, wire, IKE_ERR_STATE);
	v1_mm(RESPONDER)->state = MM_ESTABLISHED;
	e->shutting_down = false;
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_quick_cases(void)
{
	TCase *t = tcase_create("quick mode on the wire");

	tcase_add_loop_test(t, quick_mode_of_the_rfc, 0, 6);
	tcase_add_test(t, orders_of_quick_mode);
	tcase_add_loop_test(t, first_message_with_a_wrong_hash, 0, 2);
	tcase_add_test(t, first_message_twice);
	tcase_add_test(t, first_message_without_an_id);
	tcase_add_loop_test(t, first_message_at_the_wrong_time, 0, 2);
	return t;
}
