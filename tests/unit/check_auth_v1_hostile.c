/* H55 to H57 and H46 in IKEv1: signatures and keys of malice. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "tests/unit/auth_v1_proof.h"

/* A signature by bytes, each in a dialogue of its own. */
static void
try_signature(
    const char *cert, enum auth_method method, enum hash_id id, struct span sig)
{
	proof_begin(cert, method, id);
	proof_replace(&proof.i.sig, AUTH_PART_SIGNATURE, sig);
	proof_refused(SEC_E_MESSAGE_ALTERED, "signature of the peer is wrong");
	proof_end();
}

START_TEST(h55_flipped_cut_and_longer_signatures)
{
	uint8_t sig[512];
	size_t n;

	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	n = auth_part_data(&proof.i.sig.parts, AUTH_PART_SIGNATURE).n;
	memcpy(sig, auth_part_data(&proof.i.sig.parts, AUTH_PART_SIGNATURE).p, n);
	memset(sig + n, 0, sizeof(sig) - n);
	proof_end();
	for (size_t at = 0; at < n; at += 17) {
		sig[at] ^= 0x10;
		try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, span_of(sig, n));
		sig[at] ^= 0x10;
	}
	for (size_t k = 0; k <= n + 1; k += k < 2 ? 1 : k < n - 1 ? n - 1 - k : 1)
		if (k != n)
			try_signature("rsa1", AUTH_V1_RSA, HASH_SHA1, span_of(sig, k));
	/* It is good for its own hash only. */
	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA1);
	proof.hash = v1_hash(HASH_SHA1, 1);
	proof_refused(SEC_E_MESSAGE_ALTERED, "signature of the peer is wrong");
	proof_end();
}
END_TEST

/* PKCS#1 v1.5 is encoded in one way: bytes of the hash in another place are no signature. */
START_TEST(h55_other_paddings)
{
	EVP_PKEY *key = pki_read_key("rsa1");
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
	EVP_PKEY *key = pki_read_key("rsa1");
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
	EVP_PKEY *key = pki_read_key("rsa1");
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
	EVP_PKEY *good = pki_read_key("rsa1"), *small = pki_read_key("small");
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
	EVP_PKEY *key = pki_read_key("rsa2");
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

	proof_begin("ec1", AUTH_V1_ECDSA256, HASH_SHA256);
	v1_begin(&other, &proof.a, AUTH_V1_RSA, HASH_SHA256, true, 0);
	v1_end(&other);
	v1_end(&proof.r);
	v1_begin(&proof.r, &proof.b, AUTH_V1_ECDSA384, HASH_SHA384, false, 0);
	proof.hash = v1_hash(HASH_SHA384, 0);
	ck_assert(!v1_introduce(&proof.r, NULL)); /* ec1 is on P-256 */
	proof_end();
	proof_begin("rsa1", AUTH_V1_RSA, HASH_SHA256);
	v1_end(&proof.r);
	side_close(&proof.b);
	side_init(&proof.b, "both", "ec1");
	side_open(&proof.b);
	v1_begin(&proof.r, &proof.b, AUTH_V1_ECDSA256, HASH_SHA256, false, 0);
	ck_assert(v1_introduce(&proof.r, NULL));
	proof_refused(SEC_E_CERT_UNKNOWN, "an EC key on P-256 is wanted");
	proof_end();
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
	return c;
}
