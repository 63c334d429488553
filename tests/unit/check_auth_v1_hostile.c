/* H55 to H60, H64, H65 and H67 in IKEv1: signatures, keys, names and certificates of malice. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>

#include "tests/unit/auth_v1_talk.h"

static struct side a, b;
static struct v1_end i, r;
static struct span hash;

static X509 *
read_cert(const char *name)
{
	FILE *f = fopen(pki_path(name, "pem"), "r");
	X509 *x;

	ck_assert_ptr_nonnull(f);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(x);
	return x;
}

static EVP_PKEY *
read_key(const char *name)
{
	FILE *f = fopen(pki_path(name, "key"), "r");
	EVP_PKEY *k;

	ck_assert_ptr_nonnull(f);
	k = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(k);
	return k;
}

/* The initiator has signed, and the responder waits. */
static void
begin(const char *cert, enum auth_method method, enum hash_id id)
{
	side_init(&a, "both", cert);
	side_init(&b, "both", method == AUTH_V1_RSA ? "rsa1" : "ec1");
	side_open(&a);
	side_open(&b);
	hash = v1_hash(id, 0);
	v1_begin(&i, &a, method, id, true, 0);
	v1_begin(&r, &b, method, id, false, 0);
	ck_assert_msg(v1_introduce(&r, NULL), "%s", r.r.text);
	ck_assert_msg(v1_introduce(&i, NULL), "%s", i.r.text);
	ck_assert_msg(v1_signs(&i, hash), "%s", i.r.text);
}

static void
end(void)
{
	v1_end(&i);
	v1_end(&r);
	side_close(&a);
	side_close(&b);
}

/* Replaces all parts of a kind. */
static void
replace(struct v1_token *t, enum auth_part_kind kind, struct span data)
{
	static struct v1_token old;

	memcpy(&old, t, sizeof(old));
	ck_assert(auth_parts_read(span_of(old.b, old.w.n), &old.parts));
	v1_token_begin(t);
	for (size_t k = 0; k < old.parts.n; k++)
		if (old.parts.part[k].kind != kind)
			v1_token_add(t, (enum auth_part_kind)old.parts.part[k].kind,
			    old.parts.part[k].data);
	if (data.p != NULL)
		v1_token_add(t, kind, data);
	ck_assert(auth_parts_read(span_of(t->b, t->w.n), &t->parts));
}

static void
refused(uint32_t status, const char *text)
{
	ck_assert_msg(!v1_verifies(&r, &i, hash), "accepted: %s", text);
	v1_expect_failure(&r, status, text, "");
}

/* A signature by bytes, each in a dialogue of its own. */
static void
try_signature(
    const char *cert, enum auth_method method, enum hash_id id, struct span sig)
{
	begin(cert, method, id);
	replace(&i.sig, AUTH_PART_SIGNATURE, sig);
	refused(SEC_E_MESSAGE_ALTERED, "signature of the peer is wrong");
	end();
}

START_TEST(h55_flipped_cut_and_longer_signatures)
{
	uint8_t sig[512];
	size_t n;

	begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	n = auth_part_data(&i.sig.parts, AUTH_PART_SIGNATURE).n;
	memcpy(sig, auth_part_data(&i.sig.parts, AUTH_PART_SIGNATURE).p, n);
	memset(sig + n, 0, sizeof(sig) - n);
	end();
	for (size_t at = 0; at < n; at += 17) {
		sig[at] ^= 0x10;
		try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, span_of(sig, n));
		sig[at] ^= 0x10;
	}
	for (size_t k = 0; k <= n + 1; k += k < 2 ? 1 : k < n - 1 ? n - 1 - k : 1)
		if (k != n)
			try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, span_of(sig, k));
	/* It is good for its own hash only. */
	begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	hash = v1_hash(HASH_SHA1, 1);
	refused(SEC_E_MESSAGE_ALTERED, "signature of the peer is wrong");
	end();
}
END_TEST

/* PKCS#1 v1.5 is encoded in one way: bytes of the hash in another place are no signature. */
START_TEST(h55_other_paddings)
{
	EVP_PKEY *key = read_key("rsa1");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	const struct span h = v1_hash(HASH_SHA1, 0);
	uint8_t block[256], sig[256];
	size_t sig_n;

	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	for (int form = 0; form < 6; form++) {
		size_t tail = sizeof(block) - h.n;

		memset(block, 0xff, sizeof(block));
		block[0] = 0;
		block[1] = form == 0 ? 2 : 1;		/* block type */
		block[tail - 1] = form == 1 ? 0xff : 0; /* end of padding */
		if (form == 2)
			block[20] = 0xfe; /* a hole in the padding */
		if (form == 3) { /* short padding, and rubbish behind the hash */
			block[10] = 0;
			memcpy(block + 11, h.p, h.n);
		}
		memcpy(block + tail, h.p, h.n);
		if (form == 4) /* longer than the hash */
			block[tail - 2] = 0;
		if (form == 5) /* a byte less of it */
			memmove(block + tail + 1, block + tail, h.n - 1);
		sig_n = sizeof(sig);
		ck_assert_int_eq(
		    EVP_PKEY_sign(ctx, sig, &sig_n, block, sizeof(block)), 1);
		try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, span_of(sig, sig_n));
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}
END_TEST

/* With the name of the hash in front (TLS, IKEv2), a signature is not one of IKEv1. */
START_TEST(h55_digest_info_is_refused)
{
	EVP_PKEY *key = read_key("rsa1");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	struct span h = v1_hash(HASH_SHA1, 0);
	uint8_t sig[256];
	size_t n = sizeof(sig);

	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha1()), 1);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, sig, &n, h.p, h.n), 1);
	try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, span_of(sig, n));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(h57_signatures_of_special_value)
{
	EVP_PKEY *key = read_key("rsa1");
	BIGNUM *n = NULL;
	uint8_t sig[256];

	ck_assert_int_eq(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	ck_assert_int_eq(BN_bn2binpad(n, sig, sizeof(sig)), sizeof(sig));
	try_signature(
	    "rsa1", AUTH_V1_RSA, HASH_SHA1, SPAN_ARRAY(sig)); /* the modulus */
	memset(sig, 0, sizeof(sig));
	try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, SPAN_ARRAY(sig));
	sig[255] = 1;
	try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, SPAN_ARRAY(sig));
	memset(sig, 0xff, sizeof(sig));
	try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, SPAN_ARRAY(sig));
	/* r, s: zero, the order of the curve and beyond */
	for (int v = 0; v < 4; v++) {
		memset(sig, 0, 64);
		memset(sig, v & 1 ? 0xff : 0, 32);
		memset(sig + 32, v & 2 ? 0xff : 0, 32);
		try_signature("ec1", AUTH_V1_ECDSA256, HASH_SHA256, span_of(sig, 64));
	}
	try_signature("ec1", AUTH_V1_ECDSA256, HASH_SHA256, span_of(sig, 63));
	try_signature("ec1", AUTH_V1_ECDSA256, HASH_SHA256, span_of(sig, 96));
	BN_free(n);
	EVP_PKEY_free(key);
}
END_TEST

static EVP_PKEY *
rsa_key_of(const BIGNUM *n, unsigned long e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *exponent = BN_new();
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	ck_assert(BN_set_word(exponent, e) == 1);
	ck_assert(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1);
	ck_assert(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, exponent) == 1);
	params = OSSL_PARAM_BLD_to_param(bld);
	if (EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(exponent);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool
fits(const BIGNUM *n, unsigned long e)
{
	EVP_PKEY *key = rsa_key_of(n, e);
	const char *why = "";
	bool ok = key != NULL && v1_key_fits(AUTH_V1_RSA, key, &why);

	EVP_PKEY_free(key);
	return ok;
}

/* H56, H57: tiny, even and huge moduli; exponents 0, 1 and even. */
START_TEST(h56_keys_that_are_none)
{
	EVP_PKEY *good = read_key("rsa1"), *small = read_key("small");
	BIGNUM *n = NULL, *other = BN_new();
	const char *why;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(good, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	ck_assert(fits(n, 65537));
	ck_assert(!fits(n, 0));
	ck_assert(!fits(n, 1));
	ck_assert(!fits(n, 65536));
	ck_assert(BN_copy(other, n) != NULL && BN_clear_bit(other, 0) == 1);
	ck_assert(!fits(other, 65537));
	for (int bits = 8; bits <= 2040; bits += 127) {
		ck_assert(
		    BN_rshift(other, n, 2048 - bits) == 1 && BN_set_bit(other, 0) == 1);
		ck_assert(!fits(other, 65537));
	}
	ck_assert(BN_lshift(other, n, 6145) == 1 && BN_set_bit(other, 0) == 1);
	ck_assert(!fits(other, 65537)); /* 8193 bits */
	ck_assert(!v1_key_fits(AUTH_V1_RSA, small, &why));
	ck_assert(!v1_key_fits(AUTH_V1_ECDSA256, good, &why));
	ck_assert(!v1_key_fits(AUTH_V1_RSA, NULL, &why));
	BN_free(n);
	BN_free(other);
	EVP_PKEY_free(good);
	EVP_PKEY_free(small);
}
END_TEST

/* H46: a good certificate, and the signature of somebody else's key. */
START_TEST(h46_certificate_and_key_of_two_hosts)
{
	EVP_PKEY *key = read_key("rsa2");
	uint8_t sig[2048];
	size_t n = v1_sign(AUTH_V1_RSA, key, v1_hash(HASH_SHA1, 0), sig, sizeof(sig));

	ck_assert_uint_eq(n, 256);
	try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, span_of(sig, n));
	EVP_PKEY_free(key);
}
END_TEST

/* RSA where ECDSA was negotiated, and the other way round. */
START_TEST(key_of_another_kind)
{
	static struct v1_end other;

	begin("ec1", AUTH_V1_ECDSA256, HASH_SHA256);
	v1_begin(&other, &a, AUTH_V1_RSA, HASH_SHA256, true, 0);
	v1_end(&other);
	v1_end(&r);
	v1_begin(&r, &b, AUTH_V1_ECDSA384, HASH_SHA384, false, 0);
	hash = v1_hash(HASH_SHA384, 0);
	ck_assert(!v1_introduce(&r, NULL)); /* ec1 is on P-256 */
	end();
	begin("rsa1", AUTH_V1_RSA, HASH_SHA256);
	v1_end(&r);
	side_close(&b);
	side_init(&b, "both", "ec1");
	side_open(&b);
	v1_begin(&r, &b, AUTH_V1_ECDSA256, HASH_SHA256, false, 0);
	ck_assert(v1_introduce(&r, NULL));
	refused(SEC_E_CERT_UNKNOWN, "an EC key on P-256 is wanted");
	end();
}
END_TEST

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
	X509 *x = read_cert("names"), *other = read_cert("rsa1");
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
	X509 *x = read_cert("names");

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

START_TEST(identity_of_somebody_else)
{
	static const uint8_t address[8] = { 1, 0, 0, 0, 192, 0, 2, 7 };

	begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	replace(&i.intro, AUTH_PART_ID, SPAN_ARRAY(address));
	refused(SEC_E_WRONG_PRINCIPAL, "calls itself address 192.0.2.7");
	end();
	begin("names", AUTH_V1_RSA, HASH_SHA1);
	replace(&i.intro, AUTH_PART_ID, SPAN_ARRAY(address));
	ck_assert_msg(v1_verifies(&r, &i, hash), "%s", r.r.text);
	end();
	begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	replace(&i.intro, AUTH_PART_ID, SPAN_NONE);
	refused(SEC_E_WRONG_PRINCIPAL, "calls itself (none)");
	end();
}
END_TEST

/* H64: every encoding of a CERT payload; only X.509 and signed PKCS#7 bring one. */
START_TEST(h64_every_encoding)
{
	uint8_t cert[8192];
	struct span body;

	for (unsigned encoding = 0; encoding < 256; encoding++) {
		begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		body = auth_part_data(&i.intro.parts, AUTH_PART_CERT);
		memcpy(cert, body.p, body.n);
		cert[0] = (uint8_t)encoding;
		replace(&i.intro, AUTH_PART_CERT, span_of(cert, body.n));
		if (encoding == 4)
			ck_assert_msg(v1_verifies(&r, &i, hash), "%s", r.r.text);
		else
			refused(SEC_E_CERT_UNKNOWN,
			    encoding == 1 ? "PKCS#7" : "no certificate");
		end();
	}
}
END_TEST

static size_t
pkcs7_of(const char *name, uint8_t *out)
{
	PKCS7 *p = PKCS7_new();
	X509 *x = read_cert(name);
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

	begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	replace(&i.intro, AUTH_PART_CERT, span_of(bag, n));
	ck_assert_msg(v1_verifies(&r, &i, hash), "%s", r.r.text);
	end();
	for (size_t cut = 1; cut < n; cut += 29) {
		begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		replace(&i.intro, AUTH_PART_CERT, span_of(bag, cut));
		ck_assert(!v1_verifies(&r, &i, hash));
		end();
	}
	for (size_t k = 0; k < 2; k++) {
		begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		replace(&i.intro, AUTH_PART_CERT, SPAN_ARRAY(empty[k]));
		refused(SEC_E_CERT_UNKNOWN, "PKCS#7");
		end();
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
		begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		body = auth_part_data(&i.intro.parts, AUTH_PART_CERT);
		n = body.n;
		memcpy(cert, body.p, n);
		cert[at] ^= (uint8_t)(1u << at % 8);
		replace(&i.intro, AUTH_PART_CERT, span_of(cert, n));
		ck_assert(!v1_verifies(&r, &i, hash));
		end();
	}
	begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	cert[0] = 4;
	body = auth_part_data(&i.intro.parts, AUTH_PART_CERT);
	memcpy(cert, body.p, n = body.n);
	for (int k = 0; k < 20; k++)
		v1_token_add(&i.intro, AUTH_PART_CERT, span_of(cert, n));
	ck_assert(auth_parts_read(span_of(i.intro.b, i.intro.w.n), &i.intro.parts));
	refused(SEC_E_INSUFFICIENT_MEMORY, "more than 8 certificates");
	end();
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
	memcpy(&i.intro, intro, sizeof(*intro));
	for (int k = 0; k < FLOOD_EACH; k++) {
		memcpy(cert + n - sizeof(*count), count, sizeof(*count));
		++*count;
		v1_token_add(&i.intro, AUTH_PART_CERT, span_of(cert, n));
	}
	ck_assert(auth_parts_read(span_of(i.intro.b, i.intro.w.n), &i.intro.parts));
	v1_begin(&r, &b, AUTH_V1_RSA, HASH_SHA1, false, 0);
	ck_assert(v1_introduce(&r, NULL));
	ck_assert(v1_verifies(&r, &i, hash));
	v1_end(&r);
}

/* H62: two thousand certificates, all different, and nothing of them stays. */
START_TEST(h62_flood_of_certificates)
{
	static struct v1_token intro;
	static uint8_t cert[8192];
	struct span body;
	uint32_t count = 1;
	size_t before = 0, n;

	begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	v1_end(&r);
	memcpy(&intro, &i.intro, sizeof(intro));
	body = auth_part_data(&i.intro.parts, AUTH_PART_CERT);
	memcpy(cert, body.p, n = body.n);
	while (count < FLOOD) {
		flood_once(&intro, cert, n, &count);
		if (before == 0 && count > FLOOD / 10)
			before = allocated_bytes();
	}
	ck_assert_uint_le(allocated_bytes(), before + FLOOD_SLACK_BYTES);
	v1_begin(&r, &b, AUTH_V1_RSA, HASH_SHA1, false, 0);
	end();
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
		begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
		ck_assert(!auth_parts_read(span_of(row[k].b, row[k].n), &parts));
		auth_dialogue_step(r.d, span_of(row[k].b, row[k].n), &r.r);
		v1_expect_failure(&r, SEC_E_INVALID_TOKEN, "a step that cannot be", "");
		end();
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
auth_v1_hostile_cases(void)
{
	TCase *c = tcase_create("v1_hostile");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, h55_flipped_cut_and_longer_signatures);
	tcase_add_test(c, h55_other_paddings);
	tcase_add_test(c, h55_digest_info_is_refused);
	tcase_add_test(c, h57_signatures_of_special_value);
	tcase_add_test(c, h56_keys_that_are_none);
	tcase_add_test(c, h46_certificate_and_key_of_two_hosts);
	tcase_add_test(c, key_of_another_kind);
	tcase_add_test(c, h60_distinguished_name_cut_everywhere);
	tcase_add_test(c, h65_names_and_every_type);
	tcase_add_test(c, identity_of_somebody_else);
	tcase_add_test(c, h64_every_encoding);
	tcase_add_test(c, h64_pkcs7);
	tcase_add_test(c, h59_certificates_changed_and_many);
	tcase_add_test(c, h62_flood_of_certificates);
	tcase_add_test(c, h67_tokens_that_are_no_parts);
	return c;
}
