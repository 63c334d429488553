/* Attributes of transforms. */
#include <stdlib.h>

#include "ike/payload.h"
#include "tests/unit/check_wire.h"
#include "tests/unit/vectors.h"

static uint8_t buf[4096];
static struct pld_sa back;

static enum ike_err
decode_exact(const uint8_t *p, size_t n, bool quick)
{
	struct span body = wire_exact(span_of(p, n));
	enum ike_err e = pld_sa_decode(body, quick, &back);

	free((void *)body.p);
	return e;
}

/* A main-mode SA of one transform with these attributes. */
static enum ike_err
decode_attributes(const char *digits)
{
	struct hex attributes;
	struct writer w;

	hex_parse(digits, &attributes);
	writer_init(&w, buf, sizeof(buf));
	writer_u32(&w, 1);
	writer_u32(&w, 1);
	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)(16 + attributes.n));
	writer_u32(&w, 0x01010001);
	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)(8 + attributes.n));
	writer_u32(&w, 0x01010000);
	writer_bytes(&w, hex_span(&attributes));
	return decode_exact(buf, w.n, false);
}

START_TEST(attributes_in_every_form)
{
	const struct pld_transform *t = &back.proposal[0].transform[0];

	/* a value of two bytes, and the same with a length of 0 to 4 */
	ck_assert_int_eq(decode_attributes("80010007"), IKE_OK);
	ck_assert_uint_eq(t->cipher, 7);
	ck_assert_int_eq(decode_attributes("00010000"), IKE_OK);
	ck_assert_uint_eq(t->cipher, 0);
	ck_assert_int_eq(decode_attributes("0001000107"), IKE_OK);
	ck_assert_uint_eq(t->cipher, 7);
	ck_assert_int_eq(decode_attributes("0001000400000007"), IKE_OK);
	ck_assert_uint_eq(t->cipher, 7);
	/* unknown ones are skipped, however long */
	ck_assert_int_eq(decode_attributes("bfff1234"
					   "3ffe0006010203040506"
					   "80020002"),
	    IKE_OK);
	ck_assert_uint_eq(t->hash, 2);
	/* lifetimes need their type in front */
	ck_assert_int_eq(decode_attributes("800c0e10"), IKE_OK);
	ck_assert_uint_eq(t->life_s, 0);
	ck_assert_int_eq(decode_attributes("800b0001800c0e10800b0002800c1000"), IKE_OK);
	ck_assert_uint_eq(t->life_s, 3600);
	ck_assert_uint_eq(t->life_kb, 4096);
	/* beyond the transform */
	ck_assert_int_eq(decode_attributes("000100050000"), IKE_ERR_TRANSFORM);
	ck_assert_int_eq(decode_attributes("8001"), IKE_ERR_TRANSFORM);
	ck_assert_int_eq(decode_attributes("800100"), IKE_ERR_TRANSFORM);
}
END_TEST

/* 0x10007 is not 7: a number must not become another one by being cut. */
START_TEST(attribute_values_are_not_cut)
{
	const struct pld_transform *t = &back.proposal[0].transform[0];

	ck_assert_int_eq(decode_attributes("0001000400010007"
					   "0002000400010002"
					   "0003000400010003"
					   "0004000400010013"
					   "000e000400010080"),
	    IKE_OK);
	ck_assert_uint_ne(t->cipher, 7);
	ck_assert_uint_ne(t->hash, 2);
	ck_assert_uint_ne(t->auth_method, 3);
	ck_assert_uint_ne(t->group, 19);
	ck_assert_uint_ne(t->key_bits, 128);
}
END_TEST

void
wire_attribute_tests(Suite *s)
{
	TCase *t = tcase_create("attribute");

	tcase_add_test(t, attributes_in_every_form);
	tcase_add_test(t, attribute_values_are_not_cut);
	suite_add_tcase(s, t);
}
