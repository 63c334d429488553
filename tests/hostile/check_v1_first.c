/* First messages of IKEv1 as nobody should send them: what is offered, and how. */
#include <string.h>

#include "tests/hostile/check_v1.h"

static const struct dialect dialect = DIALECT_DEFAULT;

struct offer {
	uint32_t cipher, bits, hash, group, method; /* 0: the attribute is not there */
};

static const struct offer good = { 7, 128, 2, 19, 1 };

static void
attribute(struct writer *w, uint16_t type, uint32_t v)
{
	if (v == 0)
		return;
	if (v <= UINT16_MAX) {
		writer_u16(w, type | 0x8000);
		writer_u16(w, (uint16_t)v);
		return;
	}
	writer_u16(w, type);
	writer_u16(w, 4);
	writer_u32(w, v);
}

/* Message 1 with one transform; the cookie is new each time. */
static struct span
first_message(const struct offer *o, uint8_t *b, size_t cap)
{
	struct engine *e = v1_net.host[INITIATOR].engine;
	struct isakmp_header h = { .next_payload = PAYLOAD_SA,
		.version = 0x10,
		.exchange = EXCHANGE_IDENTITY };
	size_t sa, proposal, transform;
	struct writer w;

	e->p.host.random(e->p.host.ctx, h.icookie, COOKIE_BYTES);
	writer_init(&w, b, cap);
	isakmp_header_write(&w, &h);
	sa = writer_reserve(&w, 4);
	writer_u32(&w, 1);
	writer_u32(&w, 1);
	proposal = writer_reserve(&w, 4);
	writer_u32(&w, 0x01010001);
	transform = writer_reserve(&w, 4);
	writer_u32(&w, 0x01010000);
	attribute(&w, 1, o->cipher);
	attribute(&w, 14, o->bits);
	attribute(&w, 2, o->hash);
	attribute(&w, 4, o->group);
	attribute(&w, 3, o->method);
	writer_patch_u16(&w, transform + 2, (uint16_t)(w.n - transform));
	writer_patch_u16(&w, proposal + 2, (uint16_t)(w.n - proposal));
	writer_patch_u16(&w, sa + 2, (uint16_t)(w.n - sa));
	writer_patch_u32(&w, 24, (uint32_t)w.n);
	ck_assert(writer_ok(&w));
	return span_of(b, w.n);
}

static void
expect_refused(const struct offer *o)
{
	uint8_t b[256];
	struct span m1 = first_message(o, b, sizeof(b));
	size_t before = sim_count_mm(&v1_net, RESPONDER);

	v1_expect_drop(RESPONDER, m1, IKE_ERR_NO_PROPOSAL);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), before);
}

static void
expect_taken(const struct offer *o)
{
	uint8_t b[256];
	struct span m1 = first_message(o, b, sizeof(b));
	size_t before = sim_count_mm(&v1_net, RESPONDER);

	sim_inject(&v1_net, RESPONDER, m1.p, m1.n);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), before + 1);
}

/* RSA encryption, DSS, what only other vendors know: there is a pre-shared key, and no more. */
START_TEST(h52_methods)
{
	v1_start();
	expect_taken(&good);
	for (uint32_t method = 0; method <= 65535; method += method < 70 ? 1 : 251) {
		struct offer o = good;

		o.method = method;
		if (method != 1)
			expect_refused(&o);
	}
	sim_free(&v1_net);
}
END_TEST

/* Every group but ours, those that are somebody's private ones, and none (H51, H52). */
START_TEST(h51_groups)
{
	v1_start();
	for (uint32_t group = 0; group <= 65535; group += group < 40 ? 1 : 197) {
		struct offer o = good;

		o.group = group;
		if (group != 19)
			expect_refused(&o);
	}
	sim_free(&v1_net);
}
END_TEST

START_TEST(h52_missing_and_odd_attributes)
{
	static const struct offer odd[] = {
		{ 0, 128, 2, 19, 1 }, { 7, 0, 2, 19, 1 }, /* AES without a key length */
		{ 7, 128, 0, 19, 1 }, { 7, 128, 2, 19, 0 }, { 7, 127, 2, 19, 1 },
		{ 7, 65535, 2, 19, 1 },
		{ 7, 0x10080, 2, 19, 1 }, /* 128, if it were cut to 16 bits */
		{ 0x10007, 128, 2, 19, 1 }, { 7, 128, 0x10002, 19, 1 },
		{ 7, 128, 2, 0x10013, 1 }, { 7, 128, 2, 19, 0x10001 },
		{ 5, 192, 2, 2, 1 }, /* 3DES has none */
		{ 1, 0, 1, 1, 1 },   /* DES, MD5, MODP-768 */
	};

	v1_start();
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		expect_refused(&odd[i]);
	sim_free(&v1_net);
}
END_TEST

/* Headers that no first message has, and a host that goes. */
START_TEST(odd_headers)
{
	static const struct {
		size_t at;
		uint8_t v;
		enum ike_err err;
	} rows[] = {
		{ 19, ISAKMP_FLAG_ENCRYPTED, IKE_ERR_ENCRYPTED },
		{ 23, 1, IKE_ERR_MESSAGE_ID },
		{ 20, 0x80, IKE_ERR_MESSAGE_ID },
		{ 19, V1_FLAG_AUTH_ONLY, IKE_ERR_NOT_ENCRYPTED },
		{ 16, PAYLOAD_NONE, IKE_ERR_PAYLOAD_MISSING },
	};
	uint8_t b[256];
	struct span m1;

	v1_start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		m1 = first_message(&good, b, sizeof(b));
		b[rows[i].at] = rows[i].v;
		v1_expect_drop(RESPONDER, m1, rows[i].err);
	}
	m1 = first_message(&good, b, sizeof(b));
	memset(b, 0, COOKIE_BYTES);
	v1_expect_drop(RESPONDER, m1, IKE_ERR_COOKIE);
	m1 = first_message(&good, b, sizeof(b));
	v1_net.host[RESPONDER].engine->shutting_down = true;
	v1_expect_drop(RESPONDER, m1, IKE_ERR_SHUTDOWN);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), 0);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sent, 0);
	sim_free(&v1_net);
}
END_TEST

/* ECDSA comes with the hash of its size (RFC 4754), whatever else is accepted. */
START_TEST(ecdsa_with_another_hash)
{
	static const struct offer sha1 = { 7, 128, 2, 19, 9 },
				  sha256 = { 7, 128, 4, 19, 9 };

	v1_prepare();
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &v1_net.host[i].policy;

		p->mm_auth[0] = (struct auth_entry){ AUTH_V1_ECDSA256, true };
		for (uint32_t k = 0; k < 2; k++)
			p->mm_proposal[k] = (struct mm_proposal){ CIPHER_AES128,
				k == 0 ? HASH_SHA1 : HASH_SHA256, DH_ECP256, 7200 };
		p->n_mm_proposal = 2;
	}
	sim_start(&v1_net, &dialect, &dialect);
	expect_refused(&sha1);
	expect_taken(&sha256);
	sim_free(&v1_net);
}
END_TEST

/* An answer is one transform of one proposal; and not one that was not offered. */
START_TEST(answers_with_more_than_one)
{
	static struct pld_sa sa;
	struct policy *p = &v1_net.host[INITIATOR].policy;
	struct mm_proposal chosen;
	enum auth_method method;

	v1_prepare();
	p->mm_auth[1] = (struct auth_entry){ AUTH_V1_RSA, true };
	p->n_mm_auth = 2;
	v1_proposal_offer(p, SPAN_NONE, &sa);
	ck_assert_uint_ge(sa.proposal[0].n_transform, 2);
	ck_assert_int_eq(
	    v1_proposal_verify(p, &sa, &chosen, &method), IKE_ERR_NO_PROPOSAL);
	sa.proposal[0].n_transform = 1;
	ck_assert_int_eq(v1_proposal_verify(p, &sa, &chosen, &method), IKE_OK);
	ck_assert_int_eq(method, AUTH_V1_PSK);
	sa.n_proposal = 2;
	ck_assert_int_eq(
	    v1_proposal_verify(p, &sa, &chosen, &method), IKE_ERR_NO_PROPOSAL);
	sa.n_proposal = 1;
	sa.proposal[0].transform[0].auth_method = 65001;
	ck_assert_int_eq(
	    v1_proposal_verify(p, &sa, &chosen, &method), IKE_ERR_NO_PROPOSAL);
}
END_TEST

/* The cookies of a main mode of AuthIP, in every exchange of IKEv1. */
START_TEST(cookies_of_authip)
{
	static const uint8_t exchanges[] = { EXCHANGE_IDENTITY, EXCHANGE_AGGRESSIVE,
		EXCHANGE_INFO, EXCHANGE_QUICK };
	const struct mm_sa *mm;
	uint8_t b[256];
	struct span m1;

	sim_init(&v1_net, 9);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &v1_net.host[i].policy;

		p->keying = KEYING_BOTH;
		p->mm_auth[p->n_mm_auth++] = (struct auth_entry){ AUTH_V1_PSK, true };
	}
	sim_start(&v1_net, &dialect, &dialect);
	sim_acquire(&v1_net, INITIATOR, 1, 4, 80);
	ck_assert(sim_run_results(&v1_net, INITIATOR, 1, 5000));
	sim_run(&v1_net, 100000);
	for (size_t i = 0; i < 16; i++) {
		size_t to = i / 8;

		mm = v1_mm(to);
		ck_assert_ptr_null(mm->v1);
		m1 = first_message(&good, b, sizeof(b));
		memcpy(b, mm->icookie, COOKIE_BYTES);
		memcpy(b + COOKIE_BYTES, mm->rcookie, COOKIE_BYTES);
		b[16] = i & 4 ? PAYLOAD_FRAGMENT : PAYLOAD_HASH;
		b[18] = exchanges[i % 4];
		for (uint8_t flags = 0; flags < 2; flags++) {
			b[19] = flags;
			sim_inject(&v1_net, to, m1.p, m1.n);
		}
		v1_expect_unharmed();
	}
	sim_free(&v1_net);
}
END_TEST

START_TEST(aggressive_mode)
{
	uint8_t b[256];
	struct span m1;

	v1_start();
	m1 = first_message(&good, b, sizeof(b));
	b[18] = EXCHANGE_AGGRESSIVE;
	v1_expect_drop(RESPONDER, m1, IKE_ERR_AGGRESSIVE);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), 0);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sent, 0);
	sim_free(&v1_net);
}
END_TEST

/* Every length, and every byte changed: no state but for what is a good message still. */
START_TEST(h26_first_message_broken)
{
	uint8_t b[256], copy[256];
	struct span m1;

	v1_start();
	m1 = first_message(&good, b, sizeof(b));
	for (size_t n = 0; n < m1.n; n++)
		sim_inject(&v1_net, RESPONDER, b, n);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), 0);
	for (size_t at = 16; at < m1.n; at++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, b, m1.n);
			copy[at] ^= (uint8_t)(1 << bit);
			sim_inject(&v1_net, RESPONDER, copy, m1.n);
		}
	ck_assert_uint_le(sim_count_mm(&v1_net, RESPONDER), 1);
	sim_free(&v1_net);
}
END_TEST

/* No answer is longer than what an unproven address sent, and none is repeated (H80, H81). */
START_TEST(h81_amplification)
{
	uint8_t b[256];
	struct span m1;

	v1_start();
	m1 = first_message(&good, b, sizeof(b));
	sim_inject(&v1_net, RESPONDER, m1.p, m1.n);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sent, 1);
	ck_assert_uint_le(v1_net.host[RESPONDER].bytes_sent, m1.n);
	sim_run(&v1_net, 300000);
	ck_assert_uint_eq(v1_net.host[RESPONDER].n_sent, 1);
	ck_assert_uint_eq(sim_count_mm(&v1_net, RESPONDER), 0);
	sim_free(&v1_net);
}
END_TEST

/* A message in one fragment, on the main mode of the responder. */
static struct span
fragment_of(uint8_t exchange, uint8_t next_payload, uint8_t *b, size_t cap)
{
	const struct mm_sa *mm = v1_mm(RESPONDER);
	struct isakmp_header h = { .next_payload = PAYLOAD_FRAGMENT,
		.version = 0x10,
		.exchange = EXCHANGE_QUICK,
		.message_id = 77 };
	size_t n = ISAKMP_HEADER_BYTES + 8;
	struct writer w;

	memcpy(h.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(h.rcookie, mm->rcookie, COOKIE_BYTES);
	h.length = (uint32_t)(ISAKMP_HEADER_BYTES + FRAGMENT_HEAD_BYTES + n);
	writer_init(&w, b, cap);
	isakmp_header_write(&w, &h);
	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)(FRAGMENT_HEAD_BYTES + n));
	writer_u16(&w, 1); /* its ID */
	writer_u8(&w, 1);
	writer_u8(&w, FRAGMENT_FLAG_LAST);
	h.next_payload = next_payload;
	h.exchange = exchange;
	h.length = (uint32_t)n;
	isakmp_header_write(&w, &h);
	writer_u32(&w, 8);
	writer_u32(&w, 0);
	ck_assert(writer_ok(&w));
	return span_of(b, w.n);
}

/* In fragments comes what IKEv1 speaks: no aggressive mode, no AuthIP, and no fragment. */
START_TEST(h28_fragment_of_what_may_not_be)
{
	static const uint8_t rows[][2] = { { EXCHANGE_AGGRESSIVE, PAYLOAD_ID },
		{ EXCHANGE_QUICK, PAYLOAD_FRAGMENT }, { EXCHANGE_MM, PAYLOAD_ID },
		{ 99, PAYLOAD_ID } };
	uint8_t b[128];

	v1_connect();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		v1_expect_drop(RESPONDER, fragment_of(rows[i][0], rows[i][1], b, sizeof(b)),
		    IKE_ERR_FRAGMENT_FORM);
	/* a quick mode without encryption gets as far as that */
	v1_expect_drop(RESPONDER, fragment_of(EXCHANGE_QUICK, PAYLOAD_ID, b, sizeof(b)),
	    IKE_ERR_NOT_ENCRYPTED);
	v1_expect_unharmed();
	sim_free(&v1_net);
}
END_TEST

TCase *
v1_first_cases(void)
{
	TCase *t = tcase_create("first message");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, h52_methods);
	tcase_add_test(t, h51_groups);
	tcase_add_test(t, h52_missing_and_odd_attributes);
	tcase_add_test(t, odd_headers);
	tcase_add_test(t, ecdsa_with_another_hash);
	tcase_add_test(t, answers_with_more_than_one);
	tcase_add_test(t, cookies_of_authip);
	tcase_add_test(t, aggressive_mode);
	tcase_add_test(t, h26_first_message_broken);
	tcase_add_test(t, h28_fragment_of_what_may_not_be);
	tcase_add_test(t, h81_amplification);
	return t;
}
