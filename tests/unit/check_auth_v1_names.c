/* H59, H60, H62, H64, H65 and H67 in IKEv1: names, encodings and floods of certificates. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include "tests/unit/auth_v1_proof.h"

static bool
id_fits(X509 *x, uint8_t type, struct span data)
{
	uint8_t id[4 + 4096] = { type };
	char text[200];

	memcpy(id + 4, data.p, data.n);
	return v1_id_fits(x, span_of(id, 4 + data.n), text, sizeof(text));
}

/* H60: a name cut at each byte, and longer than it says. */
START_TEST(h60_distinguished_name_cut_everywhere)
{
	X509 *x = pki_read_cert("names"), *other = pki_read_cert("rsa1");
	uint8_t id[4096], longer[4096];
	size_t n = v1_id_own(x, id, sizeof(id));
	char text[200];

	ck_assert_uint_gt(n, 8);
	ck_assert(v1_id_fits(x, span_of(id, n), text, sizeof(text)));
	ck_assert_str_eq(text, "CN=names");
	ck_assert(!v1_id_fits(other, span_of(id, n), text, sizeof(text)));
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = malloc(cut > 0 ? cut : 1);

		memcpy(exact, id, cut);
		ck_assert(!v1_id_fits(x, span_of(exact, cut), text, sizeof(text)));
		free(exact);
	}
	memcpy(longer, id, n);
	longer[n] = 0;
	ck_assert(!v1_id_fits(x, span_of(longer, n + 1), text, sizeof(text)));
	X509_free(x);
	X509_free(other);
}
END_TEST

/* H61, H65: names in both cases, with NUL, wildcards and dots; every type of identity. */
START_TEST(h65_names_and_every_type)
{
	static const uint8_t v4[4] = { 192, 0, 2, 7 }, v4_other[4] = { 192, 0, 2, 8 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };
	static uint8_t big[4000];
	X509 *x = pki_read_cert("names");

	ck_assert(id_fits(x, 1, SPAN_ARRAY(v4)));
	ck_assert(!id_fits(x, 1, SPAN_ARRAY(v4_other)));
	ck_assert(!id_fits(x, 1, span_of(v4, 3)));
	ck_assert(!id_fits(x, 5, SPAN_ARRAY(v4)));
	ck_assert(id_fits(x, 5, SPAN_ARRAY(v6)));
	ck_assert(!id_fits(x, 1, SPAN_ARRAY(v6)));
	ck_assert(id_fits(x, 2, span_of("host.example", 12)));
	ck_assert(id_fits(x, 2, span_of("HOST.Example", 12)));
	ck_assert(!id_fits(x, 2, span_of("host.example.", 13)));
	ck_assert(!id_fits(x, 2, span_of("host.example\0.evil", 18)));
	ck_assert(!id_fits(x, 2, span_of("host.example\0", 13)));
	ck_assert(!id_fits(x, 2, span_of("x.wild.example", 14)));
	ck_assert(!id_fits(x, 2, span_of("joe@host.example", 16)));
	ck_assert(id_fits(x, 3, span_of("joe@host.example", 16)));
	ck_assert(!id_fits(x, 3, span_of("host.example", 12)));
	memset(big, '=', sizeof(big));
	for (unsigned type = 0; type < 256; type++) {
		ck_assert(!id_fits(x, (uint8_t)type, SPAN_ARRAY(big)));
		ck_assert(!id_fits(x, (uint8_t)type, span_of(big, 1)));
		if (type != 2)
			ck_assert(
			    !id_fits(x, (uint8_t)type, span_of("host.example", 12)));
	}
	X509_free(x);
}
END_TEST

/* A certificate without a subject: a Windows that has one calls itself by that, an empty name. */
START_TEST(empty_name_of_an_empty_subject)
{
	static const uint8_t empty[6] = { 9, 0, 0, 0, 0x30, 0 };
	X509 *x = pki_read_cert("nameless"), *other = pki_read_cert("names");
	uint8_t id[200];
	size_t n = v1_id_own(other, id, sizeof(id));

	ck_assert(id_fits(x, 9, span_of(empty + 4, 2)));
	ck_assert(!id_fits(other, 9, span_of(empty + 4, 2)));
	ck_assert(!id_fits(x, 9, span_of(id + 4, n - 4)));
	ck_assert(!id_fits(x, 9, span_of("\x30\0\0", 3)));
	ck_assert(!id_fits(x, 9, span_of(empty + 4, 1)));
	X509_free(x);
	X509_free(other);
	proof_begin("nameless", AUTH_V1_RSA, HASH_SHA1);
	proof_replace(&proof.i.intro, AUTH_PART_ID, SPAN_ARRAY(empty));
	ck_assert_msg(v1_verifies(&proof.r, &proof.i, proof.hash), "%s", proof.r.r.text);
	ck_assert_str_eq(proof.r.r.peer_name, "DNS:host.example");
	proof_end();
	proof_begin("names", AUTH_V1_RSA, HASH_SHA1);
	proof_replace(&proof.i.intro, AUTH_PART_ID, SPAN_ARRAY(empty));
	proof_refused(SEC_E_WRONG_PRINCIPAL, "calls itself (no subject)");
	proof_end();
}
END_TEST

START_TEST(identity_of_somebody_else)
{
	static const uint8_t address[8] = { 1, 0, 0, 0, 192, 0, 2, 7 };

	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	proof_replace(&proof.i.intro, AUTH_PART_ID, SPAN_ARRAY(address));
	proof_refused(SEC_E_WRONG_PRINCIPAL, "calls itself address 192.0.2.7");
	proof_end();
	proof_begin("names", AUTH_V1_RSA, HASH_SHA1);
	proof_replace(&proof.i.intro, AUTH_PART_ID, SPAN_ARRAY(address));
	ck_assert_msg(v1_verifies(&proof.r, &proof.i, proof.hash), "%s", proof.r.r.text);
	proof_end();
	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	proof_replace(&proof.i.intro, AUTH_PART_ID, SPAN_NONE);
	proof_refused(SEC_E_WRONG_PRINCIPAL, "calls itself (none)");
	proof_end();
}
END_TEST

/* H64: every encoding of a CERT payload; only X.509 and signed PKCS#7 bring one. */
START_TEST(h64_every_encoding)
{
	uint8_t cert[8192];
	struct span body;

	for (unsigned encoding = 0; encoding < 256; encoding++) {
		proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		body = auth_part_data(&proof.i.intro.parts, AUTH_PART_CERT);
		memcpy(cert, body.p, body.n);
		cert[0] = (uint8_t)encoding;
		proof_replace(&proof.i.intro, AUTH_PART_CERT, span_of(cert, body.n));
		if (encoding == 4)
			ck_assert_msg(v1_verifies(&proof.r, &proof.i, proof.hash), "%s",
			    proof.r.r.text);
		else
			proof_refused(SEC_E_CERT_UNKNOWN,
			    encoding == 1 ? "PKCS#7" : "no certificate");
		proof_end();
	}
}
END_TEST

static size_t
pkcs7_of(const char *name, uint8_t *out)
{
	PKCS7 *p = PKCS7_new();
	X509 *x = pki_read_cert(name);
	uint8_t *at = out + 1;
	int n;

	ck_assert_int_eq(PKCS7_set_type(p, NID_pkcs7_signed), 1);
	ck_assert_int_eq(PKCS7_content_new(p, NID_pkcs7_data), 1);
	ck_assert_int_eq(PKCS7_add_certificate(p, x), 1);
	out[0] = 1;
	n = i2d_PKCS7(p, &at);
	ck_assert_int_gt(n, 0);
	PKCS7_free(p);
	X509_free(x);
	return (size_t)n + 1;
}

START_TEST(h64_pkcs7)
{
	static uint8_t bag[16384];
	/* ContentInfo with an OID and nothing else: enveloped, signed. */
	static const uint8_t empty[2][14] = {
		{ 1, 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7,
		    3 },
		{ 1, 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7,
		    2 },
	};
	size_t n = pkcs7_of("rsa1", bag);

	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	proof_replace(&proof.i.intro, AUTH_PART_CERT, span_of(bag, n));
	ck_assert_msg(v1_verifies(&proof.r, &proof.i, proof.hash), "%s", proof.r.r.text);
	proof_end();
	for (size_t cut = 1; cut < n; cut += 29) {
		proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		proof_replace(&proof.i.intro, AUTH_PART_CERT, span_of(bag, cut));
		ck_assert(!v1_verifies(&proof.r, &proof.i, proof.hash));
		proof_end();
	}
	for (size_t k = 0; k < 2; k++) {
		proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		proof_replace(&proof.i.intro, AUTH_PART_CERT, SPAN_ARRAY(empty[k]));
		proof_refused(SEC_E_CERT_UNKNOWN, "PKCS#7");
		proof_end();
	}
}
END_TEST

/* H59, H62: a certificate changed at each byte is another one or none; many are too many. */
START_TEST(h59_certificates_changed_and_many)
{
	static uint8_t cert[8192];
	struct span body;
	size_t n = 2;

	for (size_t at = 1; at < n; at += 7) {
		proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		body = auth_part_data(&proof.i.intro.parts, AUTH_PART_CERT);
		n = body.n;
		memcpy(cert, body.p, n);
		cert[at] ^= (uint8_t)(1u << at % 8);
		proof_replace(&proof.i.intro, AUTH_PART_CERT, span_of(cert, n));
		ck_assert(!v1_verifies(&proof.r, &proof.i, proof.hash));
		proof_end();
	}
	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	cert[0] = 4;
	body = auth_part_data(&proof.i.intro.parts, AUTH_PART_CERT);
	memcpy(cert, body.p, n = body.n);
	for (int k = 0; k < 20; k++)
		v1_token_add(&proof.i.intro, AUTH_PART_CERT, span_of(cert, n));
	ck_assert(auth_parts_read(span_of(proof.i.intro.b, proof.i.intro.w.n), &proof.i.intro.parts));
	proof_refused(SEC_E_INSUFFICIENT_MEMORY, "more than 8 certificates");
	proof_end();
}
END_TEST

#define FLOOD 2000
#define FLOOD_EACH 7 /* beside the peer's own; eight are the limit */
/* Without the sanitizer malloc() counts what it keeps for the next call; all would be 8 MB. */
#define FLOOD_SLACK_BYTES (512 * 1024)

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t
allocated_bytes(void)
{
	return __sanitizer_get_current_allocated_bytes != NULL ?
		   __sanitizer_get_current_allocated_bytes() :
		   mallinfo2().uordblks;
}

/* One dialogue of the responder, with certificates that nobody has seen before. */
static void
flood_once(const struct v1_token *intro, uint8_t *cert, size_t n, uint32_t *count)
{
	memcpy(&proof.i.intro, intro, sizeof(*intro));
	for (int k = 0; k < FLOOD_EACH; k++) {
		memcpy(cert + n - sizeof(*count), count, sizeof(*count));
		++*count;
		v1_token_add(&proof.i.intro, AUTH_PART_CERT, span_of(cert, n));
	}
	ck_assert(auth_parts_read(span_of(proof.i.intro.b, proof.i.intro.w.n), &proof.i.intro.parts));
	v1_begin(&proof.r, &proof.b, AUTH_V1_RSA, HASH_SHA1, false, 0);
	ck_assert(v1_introduce(&proof.r, NULL));
	ck_assert(v1_verifies(&proof.r, &proof.i, proof.hash));
	v1_end(&proof.r);
}

/* H62: two thousand certificates, all different, and nothing of them stays. */
START_TEST(h62_flood_of_certificates)
{
	static struct v1_token intro;
	static uint8_t cert[8192];
	struct span body;
	uint32_t count = 1;
	size_t before = 0, n;

	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	v1_end(&proof.r);
	memcpy(&intro, &proof.i.intro, sizeof(intro));
	body = auth_part_data(&proof.i.intro.parts, AUTH_PART_CERT);
	memcpy(cert, body.p, n = body.n);
	while (count < FLOOD) {
		flood_once(&intro, cert, n, &count);
		if (before == 0 && count > FLOOD / 10)
			before = allocated_bytes();
	}
	ck_assert_uint_le(allocated_bytes(), before + FLOOD_SLACK_BYTES);
	v1_begin(&proof.r, &proof.b, AUTH_V1_RSA, HASH_SHA1, false, 0);
	proof_end();
}
END_TEST

/* H67: parts of the token whose lengths lie. */
START_TEST(h67_tokens_that_are_no_parts)
{
	static const struct {
		size_t n;
		uint8_t b[6];
	} row[] = { { 1, { 1 } }, { 2, { 1, 0 } }, { 3, { 1, 0, 1 } },
		{ 4, { 1, 0, 2, 0 } }, { 3, { 0, 0, 0 } }, { 3, { 8, 0, 0 } },
		{ 3, { 255, 0, 0 } }, { 3, { 1, 255, 255 } } };
	static uint8_t many[3 * (AUTH_PARTS_MAX + 1)];
	struct auth_part_list parts;

	for (size_t k = 0; k < sizeof(row) / sizeof(row[0]); k++) {
		proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		ck_assert(!auth_parts_read(span_of(row[k].b, row[k].n), &parts));
		auth_dialogue_step(proof.r.d, span_of(row[k].b, row[k].n), &proof.r.r);
		v1_expect_failure(&proof.r, SEC_E_INVALID_TOKEN, "a step that cannot be", "");
		proof_end();
	}
	for (size_t k = 0; k < sizeof(many); k += 3)
		many[k] = AUTH_PART_HASH;
	ck_assert(auth_parts_read(span_of(many, sizeof(many) - 3), &parts));
	ck_assert_uint_eq(parts.n, AUTH_PARTS_MAX);
	ck_assert(!auth_parts_read(SPAN_ARRAY(many), &parts));
	ck_assert(auth_parts_read(SPAN_NONE, &parts));
	ck_assert_uint_eq(parts.n, 0);
}
END_TEST

TCase *
auth_v1_names_cases(void)
{
	TCase *c = tcase_create("v1_names");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, h60_distinguished_name_cut_everywhere);
	tcase_add_test(c, h65_names_and_every_type);
	tcase_add_test(c, empty_name_of_an_empty_subject);
	tcase_add_test(c, identity_of_somebody_else);
	tcase_add_test(c, h64_every_encoding);
	tcase_add_test(c, h64_pkcs7);
	tcase_add_test(c, h59_certificates_changed_and_many);
	tcase_add_test(c, h62_flood_of_certificates);
	tcase_add_test(c, h67_tokens_that_are_no_parts);
	return c;
}
