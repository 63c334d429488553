/* H01, H03-H07: header, lengths, shape of payloads. */
#include <string.h>

#include "tests/hostile/hostile.h"

static struct recipe r;
static struct raw w;

static void
put_be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, v >> 16);
	put_be16(p + 2, v & 0xffff);
}

static void
take_m1(void)
{
	w = *hostile_m1_raw();
}

START_TEST(h01_every_length_below_a_header)
{
	hostile_begin();
	take_m1();
	for (size_t n = 0; n < ISAKMP_HEADER_BYTES; n++)
		hostile_drop(RESPONDER, span_of(w.b, n), IKE_ERR_TOO_SHORT);
	hostile_end();
}
END_TEST

START_TEST(h01_length_field_and_datagram_disagree)
{
	uint32_t wrong[] = { 0, 1, 27, 0, 0, 0x7fffffff, 0x80000000, UINT32_MAX };

	hostile_begin();
	take_m1();
	wrong[3] = (uint32_t)w.n - 1;
	wrong[4] = (uint32_t)w.n + 1;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_be32(w.b + 24, wrong[i]);
		hostile_drop_raw(RESPONDER, &w, IKE_ERR_LENGTH);
	}
	hostile_end();
}
END_TEST

START_TEST(h01_every_version)
{
	hostile_begin();
	take_m1();
	w.b[8] = 1; /* a responder cookie that nobody has */
	for (unsigned v = 0; v < 256; v++) {
		w.b[17] = (uint8_t)v;
		hostile_drop_raw(RESPONDER, &w,
		    v >> 4 == 1 ? IKE_ERR_COOKIE : IKE_ERR_VERSION);
	}
	hostile_end();
}
END_TEST

START_TEST(h03_header_only_with_every_next_payload)
{
	hostile_begin();
	take_m1();
	w.n = ISAKMP_HEADER_BYTES;
	put_be32(w.b + 24, ISAKMP_HEADER_BYTES);
	for (unsigned t = 0; t < 256; t++) {
		w.b[16] = (uint8_t)t;
		hostile_drop_raw(RESPONDER, &w,
		    t == PAYLOAD_FRAGMENT    ? IKE_ERR_FRAGMENT :
			t == PAYLOAD_NOTIFY ? IKE_ERR_PAYLOAD_LENGTH :
					      IKE_ERR_CRYPTO_PAYLOAD);
	}
	hostile_end();
}
END_TEST

/* Where the payloads of a message in clear begin, Crypto payload first. */
static size_t
payload_offsets(const struct raw *m, size_t *at, size_t max)
{
	size_t n = 0, o = ISAKMP_HEADER_BYTES;

	while (o + 4 <= m->n && n < max) {
		at[n++] = o;
		o += (size_t)m->b[o + 2] << 8 | m->b[o + 3];
	}
	return n;
}

START_TEST(h04_payload_length_too_small_at_each_position)
{
	size_t at[64], n;

	hostile_begin();
	take_m1();
	n = payload_offsets(&w, at, 64);
	ck_assert_uint_ge(n, 6);
	for (size_t i = 0; i < n; i++)
		for (size_t len = 0; len < 4; len++) {
			take_m1();
			put_be16(w.b + at[i] + 2, len);
			hostile_drop_raw(RESPONDER, &w,
			    i == 0 ? IKE_ERR_CRYPTO_PAYLOAD : IKE_ERR_PAYLOAD_LENGTH);
		}
	hostile_end();
}
END_TEST

/* One off, far off, and the largest. */
START_TEST(h04_payload_length_too_large_at_each_position)
{
	static const size_t more[] = { 1, 1000, 0x7fff };
	size_t at[64], n;

	hostile_begin();
	take_m1();
	n = payload_offsets(&w, at, 64);
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; k < sizeof(more) / sizeof(more[0]); k++) {
			uint64_t mm = sim_count_mm(&net, RESPONDER);

			take_m1();
			put_be16(w.b + at[i] + 2,
			    ((size_t)w.b[at[i] + 2] << 8 | w.b[at[i] + 3]) + more[k]);
			sim_inject(&net, RESPONDER, w.b, w.n);
			ck_assert_uint_eq(sim_count_mm(&net, RESPONDER), mm);
			ck_assert_uint_eq(net.host[RESPONDER].bytes_sent, 0);
		}
	hostile_end();
}
END_TEST

static void
refuse_sa_body(struct span body, enum ike_err err)
{
	struct item *sa;

	hostile_m1(&r);
	sa = recipe_find(&r, PAYLOAD_SA, 0);
	memcpy(sa->b, body.p, body.n);
	sa->n = body.n;
	recipe_write(&r, NULL, &w);
	hostile_refuse(RESPONDER, span_of(w.b, w.n), err);
}

START_TEST(h05_sa_shorter_than_doi_and_situation)
{
	struct item sa;

	hostile_begin();
	hostile_m1(&r);
	sa = *recipe_find(&r, PAYLOAD_SA, 0);
	for (size_t n = 0; n < sa.n; n++)
		refuse_sa_body(span_of(sa.b, n), n < 8 ? IKE_ERR_SA : IKE_ERR_PROPOSAL);
	hostile_end();
}
END_TEST

START_TEST(h05_every_bit_of_doi_and_situation)
{
	struct item sa;

	hostile_begin();
	hostile_m1(&r);
	sa = *recipe_find(&r, PAYLOAD_SA, 0);
	for (unsigned bit = 0; bit < 64; bit++) {
		sa.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refuse_sa_body(span_of(sa.b, sa.n), IKE_ERR_SA);
		sa.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(sa.b, 0xff, 8);
	refuse_sa_body(span_of(sa.b, sa.n), IKE_ERR_SA);
	hostile_end();
}
END_TEST

START_TEST(h06_certificate_payloads_of_few_bytes)
{
	static const uint8_t body[2] = { 4, 0 };

	hostile_begin();
	for (uint8_t type = PAYLOAD_CERT; type <= PAYLOAD_CERTREQ; type++)
		for (size_t n = 0; n <= 6; n++) {
			hostile_m1(&r);
			recipe_add(&r, type, span_of(body, n > 4 ? n - 4 : 0));
			recipe_write(&r, NULL, &w);
			if (n < 4)
				put_be16(w.b + w.n - 2, n);
			hostile_drop_raw(RESPONDER, &w,
			    n < 4 ? IKE_ERR_PAYLOAD_LENGTH : IKE_ERR_PAYLOAD_UNEXPECTED);
		}
	hostile_end();
}
END_TEST

/* AuthIP has no Delete payload: authentic or not, it does nothing. */
START_TEST(h07_delete_with_every_spi_size_and_count)
{
	uint8_t body[16] = { 0, 0, 0, 1, 3, 0, 0, 0 };

	hostile_begin_established();
	for (unsigned size = 0; size < 256; size += 5)
		for (unsigned count = 0; count < 65536; count += 0x1fff) {
			body[5] = (uint8_t)size;
			put_be16(body + 6, count);
			recipe_begin(&r, hostile_mm(INITIATOR), EXCHANGE_NOTIFY, count + 5);
			recipe_add(&r, PAYLOAD_DELETE, SPAN_ARRAY(body));
			recipe_write(&r, hostile_mm(INITIATOR), &w);
			hostile_drop_raw(RESPONDER, &w, IKE_ERR_PAYLOAD_MISSING);
		}
	hostile_end();
}
END_TEST

TCase *
hostile_shape_cases(void)
{
	TCase *t = tcase_create("shape");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, h01_every_length_below_a_header);
	tcase_add_test(t, h01_length_field_and_datagram_disagree);
	tcase_add_test(t, h01_every_version);
	tcase_add_test(t, h03_header_only_with_every_next_payload);
	tcase_add_test(t, h04_payload_length_too_small_at_each_position);
	tcase_add_test(t, h04_payload_length_too_large_at_each_position);
	tcase_add_test(t, h05_sa_shorter_than_doi_and_situation);
	tcase_add_test(t, h05_every_bit_of_doi_and_situation);
	tcase_add_test(t, h06_certificate_payloads_of_few_bytes);
	tcase_add_test(t, h07_delete_with_every_spi_size_and_count);
	return t;
}
