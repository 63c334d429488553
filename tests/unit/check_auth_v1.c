/* IKEv1 with signatures: main modes as they should go, and peers that are refused. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/auth_v1_talk.h"

static struct side a, b;
static struct v1_end i, r;

static void
begin(
    const char *cert_a, const char *cert_b, enum auth_method method, enum hash_id hash)
{
	side_init(&a, "both", cert_a);
	side_init(&b, "both", cert_b);
	side_open(&a);
	side_open(&b);
	v1_begin(&i, &a, method, hash, true, 0);
	v1_begin(&r, &b, method, hash, false, 0);
}

static void
end(void)
{
	v1_end(&i);
	v1_end(&r);
	side_close(&a);
	side_close(&b);
}

/* Until the responder has the initiator's signature. */
static bool
run_to_responder(enum hash_id hash)
{
	ck_assert_msg(v1_introduce(&r, NULL), "%s", r.r.text);
	/* Before message 3 nothing of the responder's is known. */
	ck_assert_msg(v1_introduce(&i, NULL), "%s", i.r.text);
	ck_assert_ptr_nonnull(auth_part_find(&i.intro.parts, AUTH_PART_AUTHORITY, 0));
	ck_assert_msg(v1_introduce(&i, &r.intro), "%s", i.r.text);
	ck_assert_msg(v1_signs(&i, v1_hash(hash, 0)), "%s", i.r.text);
	ck_assert_int_eq(i.r.status, AUTH_CONTINUE);
	return v1_verifies(&r, &i, v1_hash(hash, 0));
}

static bool
run(enum hash_id hash)
{
	ck_assert_msg(run_to_responder(hash), "%s", r.r.text);
	ck_assert_int_eq(r.r.status, AUTH_CONTINUE);
	ck_assert_msg(v1_signs(&r, v1_hash(hash, 1)), "%s", r.r.text);
	ck_assert_int_eq(r.r.status, AUTH_DONE);
	return v1_verifies(&i, &r, v1_hash(hash, 1));
}

static const struct {
	const char *cert[2];
	const char *name[2];
	enum auth_method method;
	enum hash_id hash;
	size_t sig_n;
} pairs[] = {
	{ { "rsa1", "rsa2" }, { "CN=rsa1", "CN=rsa2" }, AUTH_V1_RSA, HASH_SHA1, 256 },
	{ { "rsa2", "rsa1" }, { "CN=rsa2", "CN=rsa1" }, AUTH_V1_RSA, HASH_SHA256, 256 },
	{ { "chain", "rsa1" }, { "CN=chain", "CN=rsa1" }, AUTH_V1_RSA, HASH_SHA384,
	    256 },
	{ { "rsa1", "chain" }, { "CN=rsa1", "CN=chain" }, AUTH_V1_RSA, HASH_SHA1, 256 },
	{ { "san", "rsa1" }, { "DNS:a.example", "CN=rsa1" }, AUTH_V1_RSA, HASH_SHA1,
	    256 },
	{ { "ec1", "ec2" }, { "CN=ec1", "CN=ec2" }, AUTH_V1_ECDSA256, HASH_SHA256, 64 },
	{ { "p384", "p384" }, { "CN=p384", "CN=p384" }, AUTH_V1_ECDSA384, HASH_SHA384,
	    96 },
};

START_TEST(both_sides_succeed)
{
	begin(pairs[_i].cert[0], pairs[_i].cert[1], pairs[_i].method, pairs[_i].hash);
	ck_assert_msg(run(pairs[_i].hash), "%s", i.r.text);
	ck_assert_int_eq(i.r.status, AUTH_DONE);
	ck_assert_str_eq(i.r.peer_name, pairs[_i].name[1]);
	ck_assert_str_eq(r.r.peer_name, pairs[_i].name[0]);
	ck_assert_uint_eq(
	    auth_part_data(&i.sig.parts, AUTH_PART_SIGNATURE).n, pairs[_i].sig_n);
	ck_assert_uint_eq(i.r.secret.n + r.r.secret.n, 0);
	/* Both authorities are named to the peer. */
	ck_assert_ptr_nonnull(auth_part_find(&r.intro.parts, AUTH_PART_AUTHORITY, 1));
	ck_assert_ptr_null(auth_part_find(&r.intro.parts, AUTH_PART_AUTHORITY, 2));
	end();
}
END_TEST

/* Own certificates of another kind are passed over, and the peer's authorities count. */
START_TEST(the_certificate_that_fits_is_taken)
{
	struct v1_token named = { 0 };

	side_init(&a, "both", "ec1");
	side_add_cert(&a, "rsa1");
	side_add_cert(&a, "rsa2");
	side_init(&b, "ca2", "rsa2");
	side_open(&a);
	side_open(&b);
	v1_begin(&i, &a, AUTH_V1_RSA, HASH_SHA1, true, 0);
	v1_begin(&r, &b, AUTH_V1_RSA, HASH_SHA1, false, 0);
	ck_assert_msg(run(HASH_SHA1), "%s", i.r.text);
	ck_assert_str_eq(r.r.peer_name, "CN=rsa2");
	v1_end(&i);
	v1_begin(&i, &a, AUTH_V1_RSA, HASH_SHA1, true, 1);
	v1_token_begin(&named);
	ck_assert(v1_introduce(&i, &named));
	v1_end(&i);
	v1_begin(&i, &a, AUTH_V1_RSA, HASH_SHA1, true, 2);
	ck_assert(!v1_introduce(&i, &named));
	v1_expect_failure(
	    &i, SEC_E_NO_CREDENTIALS, "none of our certificates for RSA", "log");
	end();
}
END_TEST

START_TEST(no_certificate_of_the_kind)
{
	begin(_i == 0 ? NULL :
	      _i == 1 ? "ec1" :
			"rsa1",
	    "rsa1", _i == 2 ? AUTH_V1_ECDSA256 : AUTH_V1_RSA, HASH_SHA256);
	ck_assert(!v1_introduce(&i, NULL));
	v1_expect_failure(
	    &i, SEC_E_NO_CREDENTIALS, "no certificate for", "`certificate`");
	end();
}
END_TEST

/* RFC 4754: the hash belongs to the curve. */
START_TEST(hash_of_another_size)
{
	begin("ec1", "ec1", AUTH_V1_ECDSA256, HASH_SHA1);
	ck_assert(!v1_introduce(&i, NULL));
	v1_expect_failure(
	    &i, SEC_E_ALGORITHM_MISMATCH, "does not go with sha1", "SHA-2");
	end();
}
END_TEST

static const struct {
	const char *cert;
	uint32_t status;
	const char *text, *hint;
} bad[] = {
	{ "expired", SEC_E_CERT_EXPIRED, "CN=expired", "" },
	{ "future", SEC_E_CERT_EXPIRED, "CN=future", "" },
	{ "self", SEC_E_UNTRUSTED_ROOT, "CN=self", "" },
	{ "nochain", SEC_E_UNTRUSTED_ROOT, "CN=nochain", "" },
	{ "crypt", SEC_E_CERT_WRONG_USAGE, "CN=crypt", "digitalSignature" },
};
#define N_BAD (int)(sizeof(bad) / sizeof(bad[0]))

/* The responder refuses, and does not sign for such a peer; then the initiator does. */
START_TEST(bad_certificates_are_refused)
{
	begin(bad[_i].cert, "rsa1", AUTH_V1_RSA, HASH_SHA1);
	ck_assert(!run_to_responder(HASH_SHA1));
	v1_expect_failure(&r, bad[_i].status, bad[_i].text, bad[_i].hint);
	ck_assert(!v1_signs(&r, v1_hash(HASH_SHA1, 1)));
	end();
	begin("rsa1", bad[_i].cert, AUTH_V1_RSA, HASH_SHA1);
	ck_assert(!run(HASH_SHA1));
	v1_expect_failure(&i, bad[_i].status, bad[_i].text, bad[_i].hint);
	end();
}
END_TEST

static void
begin_ruled(const char *cert, const char *crl, const char *peer_name)
{
	side_init(&a, "both", cert);
	side_init(&b, "both", "rsa1");
	if (crl != NULL)
		side_add_crl(&b, crl);
	if (peer_name != NULL)
		strcpy(b.c.tls.peer_name[b.c.tls.n_peer_name++], peer_name);
	side_open(&a);
	side_open(&b);
	v1_begin(&i, &a, AUTH_V1_RSA, HASH_SHA1, true, 0);
	v1_begin(&r, &b, AUTH_V1_RSA, HASH_SHA1, false, 0);
}

/* The same rules as for TLS: revocation, names, and who a program wants to talk to. */
START_TEST(rules_of_section_tls_hold)
{
	begin_ruled("revoked", "crls", NULL);
	ck_assert(!run_to_responder(HASH_SHA1));
	v1_expect_failure(&r, CRYPT_E_REVOKED, "CN=revoked", "");
	end();
	begin_ruled("rsa1", "crls", NULL);
	ck_assert_msg(run_to_responder(HASH_SHA1), "%s", r.r.text);
	end();
	begin_ruled("rsa1", NULL, "*.example.com");
	ck_assert(!run_to_responder(HASH_SHA1));
	ck_assert_ptr_nonnull(strstr(r.r.text, "peer_names"));
	end();
	begin_ruled("web", NULL, "*.example.com");
	ck_assert_msg(run_to_responder(HASH_SHA1), "%s", r.r.text);
	end();
	begin_ruled("web", NULL, NULL);
	strcpy(r.d->target_name, "elsewhere.example.com");
	ck_assert(!run_to_responder(HASH_SHA1));
	ck_assert(r.r.wrong_target);
	end();
	begin_ruled("web", NULL, NULL);
	strcpy(r.d->target_name, "host/web.example.com");
	ck_assert_msg(run_to_responder(HASH_SHA1), "%s", r.r.text);
	end();
}
END_TEST

/* Names that are optional, and names that are not taken apart. */
static const struct {
	const char *target;
	bool is_good;
} target_rows[] = {
	{ "optional:host/elsewhere.example.com", true },
	{ "optional:host/web.example.com", true },
	{ "raw:web.example.com", true },
	{ "raw:CN=host-b,O=Example", true },
	{ "raw:host/web.example.com", false },
	{ "optional:raw:host/web.example.com", true },
	{ "CN=elsewhere", false },
};

START_TEST(marked_target_names)
{
	begin_ruled("web", NULL, NULL);
	strcpy(r.d->target_name, target_rows[_i].target);
	ck_assert_int_eq(run_to_responder(HASH_SHA1), target_rows[_i].is_good);
	ck_assert_int_eq(r.r.wrong_target, !target_rows[_i].is_good);
	end();
}
END_TEST

/* Nobody signs twice, or before the other has, or verifies what is not due (H41). */
START_TEST(steps_out_of_order)
{
	struct span hash = v1_hash(HASH_SHA1, 0);

	begin("rsa1", "rsa2", AUTH_V1_RSA, HASH_SHA1);
	ck_assert(v1_introduce(&r, NULL));
	ck_assert(!v1_signs(&r, hash));
	v1_expect_failure(&r, SEC_E_INVALID_TOKEN, "no signature is due", "");
	ck_assert(!v1_introduce(&r, NULL)); /* it is over */
	ck_assert(v1_introduce(&i, NULL));
	ck_assert(v1_signs(&i, hash));
	ck_assert(!v1_signs(&i, hash));
	v1_expect_failure(&i, SEC_E_INVALID_TOKEN, "no signature is due", "");
	v1_end(&i);
	v1_begin(&i, &a, AUTH_V1_RSA, HASH_SHA1, true, 0);
	ck_assert(v1_introduce(&i, NULL));
	v1_token_begin(&r.sig);
	v1_token_add(&r.sig, AUTH_PART_SIGNATURE, span_of("x", 1));
	ck_assert(auth_parts_read(span_of(r.sig.b, r.sig.w.n), &r.sig.parts));
	ck_assert(!v1_verifies(&i, &r, hash)); /* we have not signed */
	v1_expect_failure(
	    &i, SEC_E_INVALID_TOKEN, "no signature of the peer is due", "");
	end();
}
END_TEST

TCase *
auth_v1_cases(void)
{
	TCase *c = tcase_create("v1");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(
	    c, both_sides_succeed, 0, (int)(sizeof(pairs) / sizeof(pairs[0])));
	tcase_add_test(c, the_certificate_that_fits_is_taken);
	tcase_add_loop_test(c, no_certificate_of_the_kind, 0, 3);
	tcase_add_test(c, hash_of_another_size);
	tcase_add_loop_test(c, bad_certificates_are_refused, 0, N_BAD);
	tcase_add_test(c, rules_of_section_tls_hold);
	tcase_add_loop_test(
	    c, marked_target_names, 0, sizeof(target_rows) / sizeof(target_rows[0]));
	tcase_add_test(c, steps_out_of_order);
	return c;
}
