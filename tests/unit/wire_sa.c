/* SA payloads: proposals, transforms, attributes. */
#include <stdlib.h>
#include <string.h>

#include "ike/payload.h"
#include "ike/proposal.h"
#include "tests/unit/check_wire.h"
#include "tests/unit/vectors.h"

static uint8_t buf[16384];
static struct pld_sa sa, back;

static enum ike_err
decode_exact(const uint8_t *p, size_t n, bool quick)
{
	struct span body = wire_exact(span_of(p, n));
	enum ike_err e = pld_sa_decode(body, quick, &back);

	free((void *)body.p);
	return e;
}

/* Encodes the offer of the default policy; returns the length. */
static size_t
offer(bool quick)
{
	const struct dialect d = DIALECT_DEFAULT;
	struct policy policy;
	struct writer w;

	policy_set_default(&policy);
	if (quick)
		proposal_qm_offer(&policy, false, 0x11223344, &sa);
	else
		proposal_mm_offer(&policy, true, DH_NONE, &d, &sa);
	writer_init(&w, buf, sizeof(buf));
	pld_sa_encode(&w, &sa, quick);
	ck_assert(writer_ok(&w));
	return w.n;
}

static void
assert_same_transform(const struct pld_transform *a, const struct pld_transform *b)
{
	ck_assert_uint_eq(a->number, b->number);
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_uint_eq(a->cipher, b->cipher);
	ck_assert_uint_eq(a->key_bits, b->key_bits);
	ck_assert_uint_eq(a->hash, b->hash);
	ck_assert_uint_eq(a->group, b->group);
	ck_assert_int_eq(a->has_group, b->has_group);
	ck_assert_uint_eq(a->auth_method, b->auth_method);
	ck_assert_int_eq(a->has_auth_method, b->has_auth_method);
	ck_assert_uint_eq(a->encapsulation, b->encapsulation);
	ck_assert_uint_eq(a->authentication, b->authentication);
	ck_assert_uint_eq(a->life_s, b->life_s);
	ck_assert_uint_eq(a->life_kb, b->life_kb);
}

static void
assert_same_sa(const struct pld_sa *a, const struct pld_sa *b)
{
	ck_assert_uint_eq(a->n_proposal, b->n_proposal);
	for (size_t i = 0; i < a->n_proposal; i++) {
		ck_assert_uint_eq(a->proposal[i].number, b->proposal[i].number);
		ck_assert_uint_eq(a->proposal[i].protocol, b->proposal[i].protocol);
		ck_assert_uint_eq(a->proposal[i].spi, b->proposal[i].spi);
		ck_assert_uint_eq(
		    a->proposal[i].n_transform, b->proposal[i].n_transform);
		for (size_t k = 0; k < a->proposal[i].n_transform; k++)
			assert_same_transform(
			    &a->proposal[i].transform[k], &b->proposal[i].transform[k]);
	}
}

START_TEST(offer_round_trip)
{
	size_t n = offer(_i);

	ck_assert_int_eq(decode_exact(buf, n, _i), IKE_OK);
	assert_same_sa(&sa, &back);
}
END_TEST

START_TEST(all_attributes_round_trip)
{
	struct pld_transform *t = &sa.proposal[0].transform[0];
	struct writer w;

	offer(_i);
	sa.n_proposal = 1;
	sa.proposal[0].n_transform = 1;
	t->has_group = true;
	t->group = 20;
	t->key_bits = 192;
	if (!_i) {
		t->has_auth_method = true;
		t->auth_method = 3;
	}
	writer_init(&w, buf, sizeof(buf));
	pld_sa_encode(&w, &sa, _i);
	ck_assert_int_eq(decode_exact(buf, w.n, _i), IKE_OK);
	assert_same_sa(&sa, &back);
}
END_TEST

START_TEST(offer_known_answer)
{
	const struct dialect d = DIALECT_DEFAULT;
	struct policy policy;
	struct writer w;
	struct hex want;

	policy_set_default(&policy);
	proposal_mm_offer(&policy, false, DH_ECP256, &d, &sa);
	writer_init(&w, buf, sizeof(buf));
	pld_sa_encode(&w, &sa, false);
	hex_parse("00000001000000010000002c0101000100000024010100008001000780"
		  "0e00808002000280040013800b0001000c000400001c20",
	    &want);
	vectors_same(span_of(buf, w.n), hex_span(&want), "offer");
}
END_TEST

/* An answer repeats the peer's transform as it came; only the chain byte is changed. */
START_TEST(transform_is_copied_back)
{
	static uint8_t again[16384];
	size_t n = offer(false);
	struct writer w;

	ck_assert_int_eq(pld_sa_decode(span_of(buf, n), false, &back), IKE_OK);
	ck_assert_uint_eq(back.proposal[0].n_transform, 2);
	writer_init(&w, again, sizeof(again));
	pld_sa_encode(&w, &back, false);
	vectors_same(span_of(again, w.n), span_of(buf, n), "all transforms");
	back.proposal[0].n_transform = 1;
	writer_init(&w, again, sizeof(again));
	pld_sa_encode(&w, &back, false);
	ck_assert_uint_eq(again[16], PAYLOAD_NONE);
	ck_assert_mem_eq(again + 17, buf + 17, w.n - 17);
	ck_assert_int_eq(decode_exact(again, w.n, false), IKE_OK);
}
END_TEST

START_TEST(sa_cut_anywhere_is_refused)
{
	size_t n = offer(_i);

	for (size_t cut = 0; cut < n; cut++)
		require(decode_exact(buf, cut, _i) != IKE_OK, "cut to %zu", cut);
	buf[n] = 0;
	ck_assert_int_eq(decode_exact(buf, n + 1, _i), IKE_ERR_SA);
}
END_TEST

START_TEST(any_changed_byte_of_an_sa_is_survived)
{
	size_t n = offer(_i);
	struct span body = wire_exact(span_of(buf, n));
	uint8_t *p = (uint8_t *)body.p;

	for (size_t at = 0; at < n; at++) {
		for (unsigned v = 0; v < 256; v++) {
			p[at] = (uint8_t)v;
			if (pld_sa_decode(body, _i, &back) == IKE_OK)
				require(
				    back.n_proposal <= PLD_MAX_PROPOSALS, "proposals");
		}
		p[at] = buf[at];
	}
	free(p);
}
END_TEST

START_TEST(sa_of_another_mode_is_refused)
{
	ck_assert_int_ne(decode_exact(buf, offer(true), false), IKE_OK);
	ck_assert_int_ne(decode_exact(buf, offer(false), true), IKE_OK);
}
END_TEST

START_TEST(sa_fields_are_checked)
{
	size_t n = offer(false);

#define WITH(at, value, want)                                \
	buf[at] ^= (uint8_t)(value);                         \
	ck_assert_int_eq(decode_exact(buf, n, false), want); \
	buf[at] ^= (uint8_t)(value)
	WITH(3, 3, IKE_ERR_SA);		   /* DOI */
	WITH(7, 3, IKE_ERR_SA);		   /* situation */
	WITH(8, 1, IKE_ERR_PROPOSAL);	   /* chain byte of the proposal: SA */
	WITH(8, 2, IKE_ERR_PROPOSAL);	   /* another proposal, which is not there */
	WITH(11, 1, IKE_ERR_PROPOSAL);	   /* its length */
	WITH(13, 2, IKE_ERR_PROPOSAL);	   /* its protocol: ESP */
	WITH(14, 4, IKE_ERR_PROPOSAL);	   /* SPI of four bytes */
	WITH(15, 2 ^ 1, IKE_ERR_PROPOSAL); /* one transform, with two there */
	WITH(15, 2 ^ 3, IKE_ERR_PROPOSAL); /* three */
	WITH(15, 2, IKE_ERR_PROPOSAL);	   /* none */
	WITH(15, 2 ^ 17, IKE_ERR_PROPOSAL);
	WITH(16, 3 ^ 2, IKE_ERR_TRANSFORM); /* chain byte of the transform */
	ck_assert_int_eq(decode_exact(buf, n, false), IKE_OK);
#undef WITH
}
END_TEST

START_TEST(counts_are_limited)
{
	struct writer w;

	for (int many = 0; many < 2; many++) {
		offer(true);
		sa.n_proposal = PLD_MAX_PROPOSALS;
		for (size_t i = 1; i < PLD_MAX_PROPOSALS; i++)
			sa.proposal[i] = sa.proposal[0];
		writer_init(&w, buf, sizeof(buf));
		pld_sa_encode(&w, &sa, true);
		if (many) { /* a seventeenth */
			size_t one = (w.n - 8) / PLD_MAX_PROPOSALS;

			memcpy(buf + w.n, buf + w.n - one, one);
			buf[w.n - one] = PAYLOAD_PROPOSAL;
			w.n += one;
		}
		ck_assert_int_eq(
		    decode_exact(buf, w.n, true), many ? IKE_ERR_PROPOSAL : IKE_OK);
	}
}
END_TEST

void
wire_sa_tests(Suite *s)
{
	TCase *t = tcase_create("sa");

	tcase_add_loop_test(t, offer_round_trip, 0, 2);
	tcase_add_loop_test(t, all_attributes_round_trip, 0, 2);
	tcase_add_test(t, offer_known_answer);
	tcase_add_test(t, transform_is_copied_back);
	tcase_add_loop_test(t, sa_cut_anywhere_is_refused, 0, 2);
	tcase_add_loop_test(t, any_changed_byte_of_an_sa_is_survived, 0, 2);
	tcase_add_test(t, sa_of_another_mode_is_refused);
	tcase_add_test(t, sa_fields_are_checked);
	tcase_add_test(t, counts_are_limited);
	suite_add_tcase(s, t);
}
