/* The session keys, computed a second time from what was on the wire and the key log. */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "daemon/auth_tls_ssl.h"
#include "tests/unit/check_auth.h"

#define RANDOM_BYTES 32
/* In the first record of a hello: 5 record, 4 handshake, 2 version. */
#define RANDOM_AT 11

static uint8_t randoms[2 * RANDOM_BYTES], master[48];

/* "CLIENT_RANDOM <random> <master secret>", both in hexadecimal. */
static void
read_key_log(const SSL *ssl, const char *line)
{
	const char *hex = strrchr(line, ' ');

	(void)ssl;
	ck_assert(strncmp(line, "CLIENT_RANDOM ", 14) == 0 && hex != NULL);
	for (size_t i = 0; i < sizeof(master); i++)
		ck_assert_int_eq(sscanf(hex + 1 + 2 * i, "%2hhx", &master[i]), 1);
}

/* Changes nothing: reads the random of the hello that passes. */
static void
read_random(struct talk *t, uint8_t *token, size_t *n)
{
	ck_assert_uint_gt(*n, RANDOM_AT + RANDOM_BYTES);
	memcpy(randoms + (size_t)t->tamper_flight * RANDOM_BYTES, token + RANDOM_AT,
	    RANDOM_BYTES);
	t->tamper_flight++;
	if (t->tamper_flight == 2)
		t->tamper = NULL;
}

/* PRF of TLS 1.2; all suites that two of us choose with P-256 keys use SHA-384. */
static void
compute_prf(const char *label, uint8_t *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA384";
	OSSL_PARAM p[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, strlen(digest)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof(master)),
		OSSL_PARAM_octet_string(
		    OSSL_KDF_PARAM_SEED, (void *)label, strlen(label)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, randoms, sizeof(randoms)),
		OSSL_PARAM_END,
	};

	ck_assert_int_eq(EVP_KDF_derive(ctx, out, n, p), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

START_TEST(secret_is_what_its_name_says)
{
	uint8_t expected[SECRET_MAX_BYTES];
	struct side a, b;
	struct talk t;
	size_t n;

	side_init(&a, "both", "ec1");
	side_init(&b, "both", "ec2");
	a.c.dialect.gss_secret_tls = b.c.dialect.gss_secret_tls =
	    (enum dialect_gss_secret_tls)_i;
	side_open(&a);
	side_open(&b);
	SSL_CTX_set_keylog_callback(a.tls->ctx[0], read_key_log);
	talk_begin(&t, &a, &b, 0);
	t.tamper = read_random;
	ck_assert(talk_run(&t));
	n = 48;
	switch ((enum dialect_gss_secret_tls)_i) {
	case GSS_SECRET_TLS_MASTER:
		memcpy(expected, master, sizeof(master));
		break;
	case GSS_SECRET_TLS_EAP:
		n = 128;
		compute_prf("client EAP encryption", expected, n);
		break;
	case GSS_SECRET_TLS_EXPORTER:
		compute_prf("EXPERIMENTAL AuthIP", expected, 48);
		break;
	case GSS_SECRET_TLS_CLIENT_WRITE:
	case GSS_SECRET_TLS_SERVER_WRITE:
		/* AES-256-GCM: no MAC keys; the server's random comes first */
		n = 32;
		memcpy(expected, randoms, RANDOM_BYTES);
		memcpy(randoms, randoms + RANDOM_BYTES, RANDOM_BYTES);
		memcpy(randoms + RANDOM_BYTES, expected, RANDOM_BYTES);
		compute_prf("key expansion", expected, 2 * n);
		if (_i == GSS_SECRET_TLS_SERVER_WRITE)
			memcpy(expected, expected + n, n);
		break;
	}
	talk_expect_secret(&t, n);
	for (size_t i = 0; i < AUTH_SECRET_FORMS; i++)
		ck_assert_uint_gt(t.r[0].form[i].n, 0);
	ck_assert_mem_eq(t.r[0].secret.b, expected, t.r[0].secret.n);
	talk_end(&t);
	side_close(&a);
	side_close(&b);
}
END_TEST

TCase *
auth_secret_cases(void)
{
	TCase *c = tcase_create("secret");

	tcase_add_loop_test(c, secret_is_what_its_name_says, 0, 5);
	return c;
}
