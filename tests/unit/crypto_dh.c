/* Diffie-Hellman: agreement of both sides, and refusal of bad public values. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "crypto/dh.h"
#include "tests/unit/check_crypto.h"
#include "tests/unit/vectors.h"

static const enum dh_group groups[] = { DH_MODP768, DH_MODP1024, DH_MODP2048, DH_ECP256,
	DH_ECP384 };
#define GROUP_COUNT 5
#define MODP_COUNT 3

/* A key pair from bytes that differ by seed. */
static struct dh *
make_pair(enum dh_group g, uint8_t seed)
{
	uint8_t random[DH_PRIVATE_MAX_BYTES];
	size_t n = dh_private_len_bytes(g);
	struct dh *dh;

	ck_assert_uint_le(n, sizeof(random));
	for (size_t i = 0; i < n; i++)
		random[i] = (uint8_t)(seed + 37 * i);
	dh = dh_new(g, span_of(random, n));
	ck_assert_ptr_nonnull(dh);
	return dh;
}

static void
assert_refused(const struct dh *dh, struct span peer, const char *what)
{
	struct secret z;

	memset(&z, 0xff, sizeof(z));
	ck_assert_msg(!dh_shared(dh, peer, false, &z), "%s of %s accepted", what,
	    dh_name(dh_group_of(dh)));
	ck_assert_uint_eq(z.n, 0);
}

START_TEST(both_sides_agree)
{
	enum dh_group g = groups[_i];
	struct dh *a = make_pair(g, 11), *b = make_pair(g, 90);
	struct secret za, zb;
	bool ec = _i >= MODP_COUNT;

	ck_assert_int_eq(dh_group_of(a), g);
	ck_assert_uint_eq(dh_public(a).n, dh_public_len_bytes(g));
	for (int with_y = 0; with_y < 2; with_y++) {
		ck_assert(dh_shared(a, dh_public(b), with_y, &za));
		ck_assert(dh_shared(b, dh_public(a), with_y, &zb));
		vectors_same(secret_span(&za), secret_span(&zb), dh_name(g));
		ck_assert_uint_eq(za.n, dh_public(a).n / (ec && !with_y ? 2 : 1));
	}
	dh_free(a);
	dh_free(b);
}
END_TEST

/* MODP: twice the strength of the group (RFC 3526 8), not its size. ECP: 64 bits more than the
 * order, so that what is reduced has no bias. */
START_TEST(private_values_are_as_long_as_they_must_be)
{
	enum dh_group g = groups[_i];
	size_t n = dh_private_len_bytes(g), size = dh_public_len_bytes(g);

	if (_i >= MODP_COUNT) {
		ck_assert_uint_eq(n, size / 2 + 8);
		return;
	}
	ck_assert_uint_ge(n, size >= 256 ? 40 : 32);
	ck_assert_uint_lt(n, size / 2);
}
END_TEST

/* The prime of a MODP group as bytes, plus an offset. */
static void
prime_bytes(enum dh_group g, int offset, uint8_t *out)
{
	BIGNUM *p = g == DH_MODP768 ? BN_get_rfc2409_prime_768(NULL) :
	    g == DH_MODP1024	    ? BN_get_rfc2409_prime_1024(NULL) :
				      BN_get_rfc3526_prime_2048(NULL);

	ck_assert_ptr_nonnull(p);
	if (offset < 0)
		ck_assert(BN_sub_word(p, (BN_ULONG)-offset));
	else
		ck_assert(BN_add_word(p, (BN_ULONG)offset));
	ck_assert_int_gt(BN_bn2binpad(p, out, (int)dh_public_len_bytes(g)), 0);
	BN_free(p);
}

START_TEST(modp_value_out_of_range_is_refused)
{
	enum dh_group g = groups[_i];
	struct dh *dh = make_pair(g, 5), *odd = make_pair(g, 6);
	uint8_t y[DH_PUBLIC_MAX_BYTES] = { 0 };
	size_t n = dh_public_len_bytes(g);
	struct secret z;

	assert_refused(dh, span_of(y, n), "0");
	y[n - 1] = 1;
	assert_refused(dh, span_of(y, n), "1");
	y[n - 1] = 2;
	ck_assert(dh_shared(dh, span_of(y, n), false, &z));
	prime_bytes(g, -2, y);
	ck_assert(dh_shared(dh, span_of(y, n), false, &z));
	prime_bytes(g, -1, y);
	assert_refused(dh, span_of(y, n), "p - 1");
	assert_refused(odd, span_of(y, n), "p - 1, odd exponent");
	prime_bytes(g, 0, y);
	assert_refused(dh, span_of(y, n), "p");
	prime_bytes(g, 1, y);
	assert_refused(dh, span_of(y, n), "p + 1");
	memset(y, 0xff, n);
	assert_refused(dh, span_of(y, n), "largest value");
	dh_free(odd);
	dh_free(dh);
}
END_TEST

START_TEST(value_of_wrong_length_is_refused)
{
	enum dh_group g = groups[_i];
	struct dh *a = make_pair(g, 1), *b = make_pair(g, 2);
	uint8_t y[DH_PUBLIC_MAX_BYTES + 2] = { 0 };
	size_t n = dh_public_len_bytes(g);

	memcpy(y + 1, dh_public(b).p, n);
	assert_refused(a, span_of(y + 1, n - 1), "value cut at the end");
	assert_refused(a, span_of(y + 2, n - 1), "value cut in front");
	assert_refused(a, span_of(y, n + 1), "value with a zero in front");
	assert_refused(a, span_of(y + 1, n + 1), "value with a zero behind");
	assert_refused(a, span_of(y, 1), "one byte");
	assert_refused(a, SPAN_NONE, "no value");
	dh_free(a);
	dh_free(b);
}
END_TEST

START_TEST(point_not_on_curve_is_refused)
{
	enum dh_group g = groups[_i];
	struct dh *a = make_pair(g, 1), *b = make_pair(g, 2);
	size_t n = dh_public_len_bytes(g);
	uint8_t y[DH_PUBLIC_MAX_BYTES];

	for (size_t bit = 0; bit < n * 8; bit += 5) {
		memcpy(y, dh_public(b).p, n);
		y[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_refused(a, span_of(y, n), "point off the curve");
	}
	memset(y, 0, n);
	assert_refused(a, span_of(y, n), "point 0, 0");
	memset(y, 0xff, n);
	assert_refused(a, span_of(y, n), "point of ones");
	dh_free(a);
	dh_free(b);
}
END_TEST

/* A point whose x is so small that x + p still fits: the same point, not reduced. */
START_TEST(coordinate_not_below_the_prime_is_refused)
{
	bool p384 = _i == GROUP_COUNT - 1;
	EC_GROUP *ec =
	    EC_GROUP_new_by_curve_name(p384 ? NID_secp384r1 : NID_X9_62_prime256v1);
	EC_POINT *point = EC_POINT_new(ec);
	struct dh *dh = make_pair(groups[_i], 3);
	int half = (int)dh_public_len_bytes(groups[_i]) / 2;
	BIGNUM *x = BN_new(), *y = BN_new();
	uint8_t value[DH_PUBLIC_MAX_BYTES];
	struct secret z;
	BN_ULONG small = 1;

	do
		ck_assert(BN_set_word(x, small++));
	while (EC_POINT_set_compressed_coordinates(ec, point, x, 0, NULL) != 1);
	ck_assert(EC_POINT_get_affine_coordinates(ec, point, x, y, NULL));
	ck_assert_int_eq(BN_bn2binpad(x, value, half), half);
	ck_assert_int_eq(BN_bn2binpad(y, value + half, half), half);
	ck_assert(dh_shared(dh, span_of(value, 2 * (size_t)half), false, &z));
	ck_assert(BN_add(x, x, EC_GROUP_get0_field(ec)));
	ck_assert_int_eq(BN_bn2binpad(x, value, half), half);
	assert_refused(dh, span_of(value, 2 * (size_t)half), "x + p");
	BN_free(x);
	BN_free(y);
	EC_POINT_free(point);
	EC_GROUP_free(ec);
	dh_free(dh);
}
END_TEST

START_TEST(bad_private_values_are_refused)
{
	uint8_t random[DH_PUBLIC_MAX_BYTES + 1] = { 0 };
	enum dh_group g = groups[_i];
	size_t n = dh_private_len_bytes(g);

	ck_assert_ptr_null(dh_new(g, span_of(random, n)));
	random[n - 1] = 1;
	if (_i < MODP_COUNT)
		ck_assert_ptr_null(dh_new(g, span_of(random, n)));
	ck_assert_ptr_null(dh_new(g, SPAN_NONE));
	ck_assert_ptr_null(dh_new(g, SPAN_ARRAY(random)));
}
END_TEST

START_TEST(unknown_groups_are_refused)
{
	static const int unknown[] = { 0, 3, 5, 15, 21, 31 };
	uint8_t random[40] = { 9 };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		enum dh_group g = (enum dh_group)unknown[i];

		ck_assert_uint_eq(dh_public_len_bytes(g), 0);
		ck_assert_uint_eq(dh_private_len_bytes(g), 0);
		ck_assert_ptr_null(dh_new(g, SPAN_ARRAY(random)));
	}
	ck_assert_str_eq(dh_name(DH_NONE), "none");
	ck_assert_str_eq(dh_name((enum dh_group)5), "unknown");
	ck_assert_str_eq(dh_name(DH_ECP384), "ecp384");
	dh_free(NULL);
}
END_TEST

void
crypto_dh_tests(Suite *s)
{
	TCase *t = tcase_create("dh");

	tcase_add_loop_test(t, both_sides_agree, 0, GROUP_COUNT);
	tcase_add_loop_test(t, private_values_are_as_long_as_they_must_be, 0, GROUP_COUNT);
	tcase_add_loop_test(t, modp_value_out_of_range_is_refused, 0, MODP_COUNT);
	tcase_add_loop_test(t, value_of_wrong_length_is_refused, 0, GROUP_COUNT);
	tcase_add_loop_test(t, point_not_on_curve_is_refused, MODP_COUNT, GROUP_COUNT);
	tcase_add_loop_test(
	    t, coordinate_not_below_the_prime_is_refused, MODP_COUNT, GROUP_COUNT);
	tcase_add_loop_test(t, bad_private_values_are_refused, 0, GROUP_COUNT);
	tcase_add_test(t, unknown_groups_are_refused);
	suite_add_tcase(s, t);
}
