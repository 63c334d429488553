/*
 * H53: libcrypto lacks an algorithm, or any one of its calls fails. What was asked for is
 * then refused by name: no wrong key, no half packet, nothing uninitialised, nothing lost.
 */
#define _GNU_SOURCE /* memmem() */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/obj_mac.h>

#include "tests/sim/simnet.h"
#include "tests/unit/check_esp.h"
#include "tests/unit/libcrypto_fail.h"
#include "tests/unit/run_suite.h"

static struct simnet net;

/* ---- packets ---- */

#define PAYLOAD_BYTES 100

static bool
has_payload(const uint8_t *p, size_t n, const uint8_t *payload)
{
	return memmem(p, n, payload, 16) != NULL;
}

/* Sealed with the n-th call failing; false: that many calls there are not. */
static bool
seal_fails(const struct esp_kind *kind, size_t n)
{
	uint8_t in[PACKET_MAX_BYTES], out[PACKET_MAX_BYTES] = { 0 };
	size_t in_n = packet_make(PACKET_V4, PAYLOAD_BYTES, in), out_n = 0;
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	enum esp_error err;
	bool hit;

	libcrypto_fail_at(n);
	err = esp_seal(sa, TEST_SEQ, in, in_n, out, sizeof(out), &out_n);
	hit = libcrypto_calls() >= n;
	libcrypto_fail_at(0);
	ck_assert_msg(err == (hit ? ESP_ERR_CRYPTO : ESP_OK), "%s: call %zu: %s",
	    esp_kind_name(kind), n, esp_error_name(err));
	ck_assert_int_eq(
	    esp_seal(sa, TEST_SEQ, in, in_n, out, sizeof(out), &out_n), ESP_OK);
	esp_sa_free(sa);
	return hit;
}

static bool
open_fails(const struct esp_kind *kind, size_t n)
{
	uint8_t clear[PACKET_MAX_BYTES], in[PACKET_MAX_BYTES],
	    out[PACKET_MAX_BYTES] = { 0 };
	size_t clear_n = packet_make(PACKET_V4, PAYLOAD_BYTES, clear), out_n = 0;
	size_t in_n = esp_kind_seal(kind, PACKET_V4, PAYLOAD_BYTES, in);
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	enum esp_error err;
	bool hit;

	libcrypto_fail_at(n);
	err = esp_open(sa, in, in_n, out, sizeof(out), &out_n);
	hit = libcrypto_calls() >= n;
	libcrypto_fail_at(0);
	/* What GCM's last call refuses is a wrong tag. */
	ck_assert_msg((err == ESP_OK) != hit, "%s: call %zu: %s", esp_kind_name(kind),
	    n, esp_error_name(err));
	if (hit && cipher_encrypts(kind->cipher))
		ck_assert(
		    !has_payload(out, sizeof(out), clear + clear_n - PAYLOAD_BYTES));
	ck_assert_int_eq(esp_open(sa, in, in_n, out, sizeof(out), &out_n), ESP_OK);
	ck_assert_uint_eq(out_n, clear_n);
	esp_sa_free(sa);
	return hit;
}

START_TEST(h53_each_call_of_a_packet)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	struct esp_params p;
	struct esp_sa *sa;
	size_t n = 1;

	esp_sa_free(esp_kind_sa(kind, TEST_SPI)); /* algorithms are found once */
	while (seal_fails(kind, n))
		n++;
	ck_assert_uint_gt(n, 1);
	for (n = 1; open_fails(kind, n); n++)
		;
	ck_assert_uint_gt(n, 1);
	esp_kind_params(kind, TEST_SPI, &p);
	for (n = 1;; n++) {
		libcrypto_fail_at(n);
		if ((sa = esp_sa_new(&p)) != NULL)
			break;
	}
	ck_assert_uint_lt(libcrypto_calls(), n);
	ck_assert_uint_gt(n, 1);
	esp_sa_free(sa);
}
END_TEST

/* ---- negotiations ---- */

static const struct suite {
	struct mm_proposal mm;
	struct qm_proposal qm;
	size_t step; /* each so many-th call: the larger groups take their time */
} suites[] = {
	{ { CIPHER_AES128, HASH_SHA1, DH_ECP256, 7200 },
	    { QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_AES128, DH_ECP256, 3600, 0 }, 2 },
	{ { CIPHER_3DES, HASH_MD5, DH_MODP1024, 7200 },
	    { QM_ESP_AUTH_CIPHER, HASH_SHA1, CIPHER_3DES, DH_NONE, 3600, 0 }, 5 },
	{ { CIPHER_AES256, HASH_SHA384, DH_ECP384, 7200 },
	    { QM_ESP_AUTH_CIPHER, HASH_NONE, CIPHER_AES256_GCM, DH_NONE, 3600, 0 },
	    11 },
	{ { CIPHER_AES192, HASH_SHA256, DH_MODP2048, 7200 },
	    { QM_AH, HASH_SHA1, CIPHER_NULL, DH_MODP2048, 3600, 0 }, 23 },
};
#define N_SUITES (int)(sizeof(suites) / sizeof(suites[0]))

static void
negotiate(const struct suite *s)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 53);
	for (size_t i = 0; i < SIM_HOSTS; i++) {
		struct policy *p = &net.host[i].policy;

		p->mm_proposal[0] = s->mm;
		p->qm_proposal[0] = s->qm;
		p->n_mm_proposal = p->n_qm_proposal = 1;
	}
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
}

static uint64_t
failures(void)
{
	uint64_t n = 0;

	for (size_t i = 0; i < SIM_HOSTS; i++)
		for (int e = IKE_OK + 1; e < IKE_ERR_COUNT; e++)
			n += engine_error_count(net.host[i].engine, (enum ike_err)e);
	return n;
}

/* One answer; a pair that both have, with the same keys, or none and a reason. */
static void
expect_honest(size_t n)
{
	const struct sim_host *h = &net.host[0];

	ck_assert_msg(h->n_result == 1, "call %zu: %zu results", n, h->n_result);
	ck_assert_msg(h->n_sa == net.host[1].n_sa, "call %zu: only one has a pair", n);
	ck_assert_msg(h->n_sa == 0 || sim_sas_agree(&net), "call %zu: other keys", n);
	ck_assert_msg(h->n_sa % 2 == 0, "call %zu: half a pair", n);
	if (h->result.error != IKE_OK) {
		ck_assert_msg(h->n_sa == 0, "call %zu: SAs of a failure", n);
		ck_assert_msg(failures() > 0, "call %zu: nobody says why", n);
	}
}

START_TEST(h53_each_call_of_a_negotiation)
{
	const struct suite *s = &suites[_i];
	size_t all;

	negotiate(s);
	sim_free(&net);
	libcrypto_fail_at(0);
	negotiate(s);
	all = libcrypto_calls();
	ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	ck_assert_uint_gt(all, 100);
	sim_free(&net);
	for (size_t n = 1; n <= all; n += s->step) {
		libcrypto_fail_at(n);
		negotiate(s);
		ck_assert_uint_ge(libcrypto_calls(), n);
		libcrypto_fail_at(0);
		expect_honest(n);
		sim_free(&net);
	}
}
END_TEST

/* As a FIPS provider would have it. */
static const struct {
	const char *name;
	int curve;
	int suite;
} missing[] = {
	{ "AES-128-CBC", 0, 0 },
	{ "SHA1", 0, 0 },
	{ "HMAC", 0, 0 },
	{ NULL, NID_X9_62_prime256v1, 0 },
	{ "DES-EDE3-CBC", 0, 1 },
	{ "MD5", 0, 1 },
	{ "AES-256-CBC", 0, 2 },
	{ "SHA2-384", 0, 2 },
	{ NULL, NID_secp384r1, 2 },
	{ "AES-192-CBC", 0, 3 },
	{ "SHA2-256", 0, 3 },
};
#define N_MISSING (int)(sizeof(missing) / sizeof(missing[0]))

START_TEST(h53_algorithm_is_missing)
{
	libcrypto_without(missing[_i].name, missing[_i].curve);
	negotiate(&suites[missing[_i].suite]);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_gt(failures(), 0);
	sim_free(&net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("crypto that fails");
	TCase *t = tcase_create("h53");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, h53_each_call_of_a_packet, 0, ESP_KIND_COUNT);
	tcase_add_loop_test(t, h53_each_call_of_a_negotiation, 0, N_SUITES);
	tcase_add_loop_test(t, h53_algorithm_is_missing, 0, N_MISSING);
	suite_add_tcase(s, t);
	return run_suite(s);
}
