/* Tokens that no honest peer sends. */
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include "tests/unit/check_auth.h"

#define FLIGHTS 4
#define STRIDE 7

static struct side a, b;
static struct talk t;

static void
begin(const char *cert_a, const char *cert_b)
{
	side_init(&a, "both", cert_a);
	side_init(&b, "both", cert_b);
	side_open(&a);
	side_open(&b);
}

static void
end(void)
{
	side_close(&a);
	side_close(&b);
}

static void
flip_byte(struct talk *talk, uint8_t *token, size_t *n)
{
	if (talk->tamper_at < *n)
		token[talk->tamper_at] ^=
		    (uint8_t)(1u << (talk->tamper_at / STRIDE % 8));
}

static void
cut_off(struct talk *talk, uint8_t *token, size_t *n)
{
	(void)token;
	if (talk->tamper_at < *n)
		*n = talk->tamper_at;
}

static bool
run_tampered(void (*tamper)(struct talk *, uint8_t *, size_t *), int flight, size_t at)
{
	talk_begin(&t, &a, &b, 0);
	t.tamper = tamper;
	t.tamper_flight = flight;
	t.tamper_at = at;
	return talk_run(&t);
}

/* Each 7th byte of each flight: no crash, and never two ideas of the secret. */
static void
flip_flight(int flight)
{
	size_t both_done = 0;
	bool more = true;

	for (size_t at = 0; more; at += STRIDE) {
		bool done = run_tampered(flip_byte, flight, at);

		/* Lengths vary with signatures: the last round changes nothing. */
		more = at < t.tamper_n;
		if (done) {
			talk_expect_secret(&t, 48);
			both_done += more;
		} else {
			/* Only the last flight comes when the other side is content. */
			ck_assert_uint_ne(t.r[0].status, AUTH_DONE);
			ck_assert_int_eq(t.r[1].status == AUTH_DONE, flight == 3);
		}
		talk_end(&t);
	}
	/* Only bytes 1 and 2 of the first record may change (RFC 5246 E.1). */
	ck_assert_uint_eq(both_done, 0);
}

START_TEST(flipped_bytes)
{
	begin(_i < FLIGHTS ? "ec1" : "rsa1", _i < FLIGHTS ? "ec2" : "chain");
	flip_flight(_i % FLIGHTS);
	end();
}
END_TEST

START_TEST(truncated_flights)
{
	int reader = !(_i % 2);
	bool more = true;

	begin("ec1", "ec2");
	for (size_t at = 0; more; at += STRIDE) {
		bool done = run_tampered(cut_off, _i, at);

		more = at < t.tamper_n;
		ck_assert_int_eq(done, !more);
		if (more)
			talk_expect_failure(&t, reader,
			    at == 0 ? SEC_E_INVALID_TOKEN : SEC_E_INCOMPLETE_MESSAGE,
			    "token", "");
		talk_end(&t);
	}
	end();
}
END_TEST

/* Runs until side i has said what is to say, then gives it this token. */
static void
expect_refused(int i, const void *token, size_t n, uint32_t status, const char *text)
{
	talk_begin(&t, &a, &b, 0);
	auth_dialogue_step(t.d[i], span_of(token, n), &t.r[i]);
	talk_expect_failure(&t, i, status, text, "");
	/* And what failed stays failed. */
	auth_dialogue_step(t.d[i], span_of(token, n), &t.r[i]);
	talk_expect_failure(&t, i, SEC_E_INVALID_TOKEN, "after the end", "");
	talk_end(&t);
}

START_TEST(tokens_that_are_not_tls)
{
	static uint8_t huge[AUTH_MAX_TOKEN_BYTES + 1], zero[64];
	static const char ntlm[] = "NTLMSSP\0\1\0\0\0\0\0\0\0\0\0\0\0";
	static const uint8_t kerberos[] = { 0x60, 0x82, 0x01, 0x00, 0x06, 0x09, 0x2a };
	struct auth_dialogue *d;

	begin("rsa1", "rsa1");
	for (int i = 0; i < 2; i++) {
		expect_refused(i, huge, sizeof(huge), SEC_E_INVALID_TOKEN, "64001");
		expect_refused(i, "", 0, SEC_E_INVALID_TOKEN, "empty");
		expect_refused(i, ntlm, sizeof(ntlm), SEC_E_INVALID_TOKEN, "TLS: ");
		expect_refused(i, kerberos, 7, SEC_E_INVALID_TOKEN, "TLS: ");
		expect_refused(i, zero, sizeof(zero), SEC_E_INVALID_TOKEN, "TLS: ");
		expect_refused(i, "GET / HTTP/1.0", 14, SEC_E_INVALID_TOKEN, "TLS: ");
	}
	/* An initiator begins: it cannot have a token yet. */
	d = auth_dialogue_new(a.tls, true, 0);
	auth_dialogue_step(d, span_of("\x16\x03\x03", 3), &t.r[0]);
	talk_expect_failure(&t, 0, SEC_E_INVALID_TOKEN, "out of place", "");
	auth_dialogue_free(d);
	end();
}
END_TEST

/* Alerts of the peer: what it said, and whether another certificate may help. */
static const struct {
	uint8_t number;
	uint32_t status;
	const char *text;
	bool about_cert;
} alerts[] = {
	{ 48, SEC_E_UNTRUSTED_ROOT, "the peer refused: unknown CA (TLS alert 48)",
	    true },
	{ 42, SEC_E_CERT_UNKNOWN, "bad certificate", true },
	{ 45, SEC_E_CERT_EXPIRED, "certificate expired", true },
	{ 44, CRYPT_E_REVOKED, "certificate revoked", true },
	{ 40, SEC_E_ALGORITHM_MISMATCH, "handshake failure", true },
	{ 70, SEC_E_ALGORITHM_MISMATCH, "let the peer use TLS 1.2", false },
	{ 10, SEC_E_ILLEGAL_MESSAGE, "unexpected_message", false },
	{ 251, SEC_E_ILLEGAL_MESSAGE, "", false },
};

START_TEST(alert_of_the_peer)
{
	uint8_t alert[] = { 21, 3, 3, 0, 2, 2, alerts[_i].number };

	side_init(&a, "both", "rsa1");
	side_add_cert(&a, "ec1");
	side_init(&b, "both", "rsa1");
	side_open(&a);
	side_open(&b);
	expect_refused(0, alert, sizeof(alert), alerts[_i].status, alerts[_i].text);
	talk_begin(&t, &a, &b, 0);
	auth_dialogue_step(t.d[0], SPAN_ARRAY(alert), &t.r[0]);
	ck_assert_int_eq(t.r[0].retry_possible, alerts[_i].about_cert);
	talk_end(&t);
	end();
}
END_TEST

START_TEST(token_after_completion)
{
	static const uint8_t token[] = { 22, 3, 3, 0, 1, 0 };

	begin("rsa1", "rsa1");
	talk_begin(&t, &a, &b, 0);
	ck_assert(talk_run(&t));
	for (int i = 0; i < 2; i++) {
		auth_dialogue_step(t.d[i], SPAN_ARRAY(token), &t.r[i]);
		talk_expect_failure(&t, i, SEC_E_INVALID_TOKEN, "after the end", "");
	}
	talk_end(&t);
	end();
}
END_TEST

/* Something behind Finished in the same token. */
START_TEST(bytes_behind_the_handshake)
{
	uint8_t buf[4096];
	size_t n;

	begin("ec1", "ec2");
	talk_begin(&t, &a, &b, 0);
	for (int i = 0; i < 3; i++) { /* up to the responder's last token */
		n = t.r[i % 2].token.n;
		ck_assert_uint_lt(n, sizeof(buf) - 8);
		memcpy(buf, t.r[i % 2].token.p, n);
		auth_dialogue_step(t.d[!(i % 2)], span_of(buf, n), &t.r[!(i % 2)]);
	}
	ck_assert_uint_eq(t.r[1].status, AUTH_DONE);
	n = t.r[1].token.n;
	memcpy(buf, t.r[1].token.p, n);
	memcpy(buf + n, "\x17\x03\x03\0\1x", 6);
	auth_dialogue_step(t.d[0], span_of(buf, n + 6), &t.r[0]);
	talk_expect_failure(&t, 0, SEC_E_ILLEGAL_MESSAGE, "goes on behind", "");
	talk_end(&t);
	end();
}
END_TEST

/* A foreign client's first flight, with these versions. */
static size_t
foreign_hello(int min, int max, const char *suites, uint8_t *out, size_t cap)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	BIO *sink = BIO_new(BIO_s_mem());
	int n;

	SSL_CTX_set_min_proto_version(ctx, min);
	SSL_CTX_set_max_proto_version(ctx, max);
	if (suites != NULL)
		ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, suites), 1);
	ssl = SSL_new(ctx);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), sink);
	SSL_set_connect_state(ssl);
	ck_assert_int_eq(
	    SSL_get_error(ssl, SSL_do_handshake(ssl)), SSL_ERROR_WANT_READ);
	n = BIO_read(sink, out, (int)cap);
	ck_assert_int_gt(n, 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return (size_t)n;
}

START_TEST(foreign_versions_and_suites)
{
	uint8_t hello[2048];
	size_t n;

	begin("rsa1", "rsa1");
	n = foreign_hello(TLS1_3_VERSION, TLS1_3_VERSION, NULL, hello, sizeof(hello));
	expect_refused(
	    1, hello, n, SEC_E_ALGORITHM_MISMATCH, "let the peer use TLS 1.2");
	n = foreign_hello(
	    TLS1_VERSION, TLS1_1_VERSION, "DEFAULT@SECLEVEL=0", hello, sizeof(hello));
	expect_refused(
	    1, hello, n, SEC_E_ALGORITHM_MISMATCH, "let the peer use TLS 1.2");
	n = foreign_hello(
	    TLS1_2_VERSION, TLS1_2_VERSION, "AES128-SHA", hello, sizeof(hello));
	expect_refused(1, hello, n, SEC_E_ALGORITHM_MISMATCH, "no shared cipher");
	n = foreign_hello(TLS1_2_VERSION, TLS1_3_VERSION, NULL, hello, sizeof(hello));
	talk_begin(&t, &a, &b, 0);
	auth_dialogue_step(t.d[1], span_of(hello, n), &t.r[1]);
	ck_assert_uint_eq(t.r[1].status, AUTH_CONTINUE);
	talk_end(&t);
	end();
}
END_TEST

TCase *
auth_hostile_cases(void)
{
	TCase *c = tcase_create("hostile");

	tcase_set_timeout(c, 300);
	tcase_add_loop_test(c, flipped_bytes, 0, 2 * FLIGHTS);
	tcase_add_loop_test(c, truncated_flights, 0, FLIGHTS);
	tcase_add_test(c, tokens_that_are_not_tls);
	tcase_add_loop_test(
	    c, alert_of_the_peer, 0, (int)(sizeof(alerts) / sizeof(alerts[0])));
	tcase_add_test(c, token_after_completion);
	tcase_add_test(c, bytes_behind_the_handshake);
	tcase_add_test(c, foreign_versions_and_suites);
	return c;
}
