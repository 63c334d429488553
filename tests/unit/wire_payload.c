/* Auth, GSS, ID, Notify, Nonce and NAT-D payloads: encoded, decoded, and refused. */
#include <stdlib.h>
#include <string.h>

#include "ike/payload.h"
#include "tests/unit/check_wire.h"
#include "tests/unit/vectors.h"

static uint8_t buf[70000];

START_TEST(auth_list_round_trip)
{
	struct pld_auth a = { .n = 0 }, back;
	struct writer w;

	while (a.n < PLD_MAX_AUTH) {
		a.method[a.n] = (uint16_t)(0x0101 * a.n + 2);
		a.n++;
		writer_init(&w, buf, sizeof(buf));
		pld_auth_encode(&w, &a);
		ck_assert_uint_eq(w.n, 4 * a.n);
		ck_assert_int_eq(pld_auth_decode(span_of(buf, w.n), &back), IKE_OK);
		ck_assert_uint_eq(back.n, a.n);
		ck_assert_mem_eq(back.method, a.method, a.n * sizeof(a.method[0]));
	}
}
END_TEST

START_TEST(auth_list_of_wrong_length_is_refused)
{
	struct pld_auth a;

	memset(buf, 0, sizeof(buf));
	for (size_t n = 0; n <= 4 * PLD_MAX_AUTH + 8; n++) {
		struct span body = wire_exact(span_of(buf, n));
		bool good = n > 0 && n % 4 == 0 && n <= 4 * PLD_MAX_AUTH;

		require(
		    pld_auth_decode(body, &a) == (good ? IKE_OK : IKE_ERR_AUTH_LIST),
		    "%zu bytes", n);
		free((void *)body.p);
	}
	buf[2] = 0xff; /* flags: ignored */
	ck_assert_int_eq(pld_auth_decode(span_of(buf, 4), &a), IKE_OK);
}
END_TEST

START_TEST(gss_round_trip)
{
	struct pld_gss g = { 0x80090302, GSS_FLAG_COMPLETE | GSS_FLAG_NEW, SPAN_NONE },
		       back;
	static uint8_t token[PLD_MAX_TOKEN_BYTES + 1] = { 5 };
	static const size_t sizes[] = { 0, 1, 1000, PLD_MAX_TOKEN_BYTES };
	struct writer w;

	for (size_t i = 0; i < 4; i++) {
		g.token = span_of(token, sizes[i]);
		writer_init(&w, buf, sizeof(buf));
		pld_gss_encode(&w, &g);
		ck_assert_int_eq(pld_gss_decode(span_of(buf, w.n), &back), IKE_OK);
		ck_assert_uint_eq(back.status, g.status);
		ck_assert_uint_eq(back.flags, g.flags);
		vectors_same(back.token, g.token, "token");
	}
	g.token = SPAN_ARRAY(token);
	writer_init(&w, buf, sizeof(buf));
	pld_gss_encode(&w, &g);
	ck_assert_int_eq(pld_gss_decode(span_of(buf, w.n), &back), IKE_ERR_GSS);
	for (size_t n = 0; n < 5; n++)
		ck_assert_int_eq(pld_gss_decode(span_of(buf, n), &back), IKE_ERR_GSS);
}
END_TEST

static struct endpoint
endpoint_v4(void)
{
	return (struct endpoint){ { 4, { 192, 0, 2, 1 } }, 500 };
}

static struct endpoint
endpoint_v6(void)
{
	return (struct endpoint){ { 6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, 4500 };
}

START_TEST(id_round_trip)
{
	struct endpoint e = _i == 0 ? endpoint_v4() : endpoint_v6(), back;
	struct pld_id id;
	struct writer w;

	writer_init(&w, buf, sizeof(buf));
	pld_id_encode_endpoint(&w, 17, &e);
	ck_assert_uint_eq(w.n, _i == 0 ? 8 : 20);
	ck_assert_int_eq(pld_id_decode(span_of(buf, w.n), &id), IKE_OK);
	ck_assert_uint_eq(id.type, _i == 0 ? 1 : 5);
	ck_assert_uint_eq(id.protocol, 17);
	ck_assert_uint_eq(id.port, e.port);
	ck_assert(pld_id_to_endpoint(&id, &back));
	ck_assert(address_equal(&back.addr, &e.addr));
	ck_assert_uint_eq(back.port, e.port);
}
END_TEST

START_TEST(id_of_wrong_length_is_refused)
{
	static const size_t want[] = { 0, 4, 0, 0, 8, 16, 32, 8, 32, 0, 0, 0 };
	struct pld_id id;
	struct endpoint e;

	memset(buf, 0, 64);
	for (uint8_t type = 0; type < sizeof(want) / sizeof(want[0]); type++)
		for (size_t n = 0; n < 48; n++) {
			struct span body;
			bool good = want[type] > 0 && n == 4 + want[type];

			buf[0] = type;
			body = wire_exact(span_of(buf, n));
			require(
			    pld_id_decode(body, &id) == (good ? IKE_OK : IKE_ERR_ID),
			    "type %u of %zu bytes", type, n);
			require(!good ||
				pld_id_to_endpoint(&id, &e) == (type == 1 || type == 5),
			    "type %u as an endpoint", type);
			free((void *)body.p);
		}
}
END_TEST

START_TEST(notify_round_trip)
{
	struct pld_notify n = { NOTIFY_PROTO_QM, NOTIFY_FLAG_RELIABLE, NOTIFY_STATUS,
		span_of("\0\0\x36\x01", 4) },
			  back;
	struct writer w;
	uint32_t v;

	writer_init(&w, buf, sizeof(buf));
	pld_notify_encode(&w, &n);
	ck_assert_mem_eq(buf, "\0\0\0\1\2\1\x9c\x54\0\0\x36\1", w.n);
	ck_assert_int_eq(pld_notify_decode(span_of(buf, w.n), &back), IKE_OK);
	ck_assert_uint_eq(back.protocol, n.protocol);
	ck_assert_uint_eq(back.flags, n.flags);
	ck_assert_uint_eq(back.type, n.type);
	vectors_same(back.data, n.data, "data");
	ck_assert(pld_notify_u32(&back, &v));
	ck_assert_uint_eq(v, 0x3601);
	for (size_t k = 0; k < 8; k++)
		ck_assert_int_eq(
		    pld_notify_decode(span_of(buf, k), &back), IKE_ERR_NOTIFY);
	ck_assert_int_eq(pld_notify_decode(span_of(buf, 8), &back), IKE_OK);
	ck_assert_uint_eq(back.data.n, 0);
	buf[3] = 2; /* another DOI */
	ck_assert_int_eq(pld_notify_decode(span_of(buf, w.n), &back), IKE_ERR_NOTIFY);
}
END_TEST

START_TEST(notify_number_is_the_last_four_bytes)
{
	struct pld_notify n = { 1, 0, NOTIFY_ACK, span_of("\1\2\3\4\0\0\0\x2a", 8) };
	uint32_t v;

	ck_assert(pld_notify_u32(&n, &v));
	ck_assert_uint_eq(v, 42);
	for (n.data.n = 0; n.data.n < 4; n.data.n++) {
		v = 1;
		ck_assert(!pld_notify_u32(&n, &v));
		ck_assert_uint_eq(v, 0);
	}
}
END_TEST

START_TEST(nonce_length_bounds)
{
	for (size_t n = 0; n < 300; n++)
		require(pld_nonce_check(span_of(buf, n)) ==
			(n >= 8 && n <= 256 ? IKE_OK : IKE_ERR_NONCE),
		    "%zu bytes", n);
}
END_TEST

START_TEST(natd_known_answer)
{
	static const struct {
		enum hash_id hash;
		const char *want[2];
	} answers[] = {
		{ HASH_SHA256,
		    { "1f2143b5f4921e97f1d040b016b4443a97ba0383703aa02d511907f137b11a7"
		      "7",
			"f26bded36c9c6218f5e43c19352fb1c2561482db7b298a81f617ff223923e3"
			"9e" } },
		{ HASH_SHA1,
		    { "d798d986143f878f70765e0e869c80bbc375f701",
			"1ee24423bf8f59515e0265c6d0f08be3d038f7e5" } },
	};
	struct isakmp_header h = wire_header(EXCHANGE_MM, 0);
	struct endpoint e[2] = { endpoint_v4(), endpoint_v6() };
	uint8_t out[HASH_MAX_BYTES];
	struct hex want;

	for (size_t i = 0; i < 4; i++) {
		enum hash_id hash = answers[i / 2].hash;

		hex_parse(answers[i / 2].want[i % 2], &want);
		ck_assert(pld_natd_compute(hash, h.icookie, h.rcookie, &e[i % 2], out));
		vectors_same(
		    span_of(out, hash_len_bytes(hash)), hex_span(&want), "NAT-D");
	}
	ck_assert(!pld_natd_compute(HASH_NONE, h.icookie, h.rcookie, &e[0], out));
}
END_TEST

void
wire_payload_tests(Suite *s)
{
	TCase *t = tcase_create("payload");

	tcase_add_test(t, auth_list_round_trip);
	tcase_add_test(t, auth_list_of_wrong_length_is_refused);
	tcase_add_test(t, gss_round_trip);
	tcase_add_loop_test(t, id_round_trip, 0, 2);
	tcase_add_test(t, id_of_wrong_length_is_refused);
	tcase_add_test(t, notify_round_trip);
	tcase_add_test(t, notify_number_is_the_last_four_bytes);
	tcase_add_test(t, nonce_length_bounds);
	tcase_add_test(t, natd_known_answer);
	suite_add_tcase(s, t);
}
