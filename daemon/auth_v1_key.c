/* Keys and signatures of IKEv1: a hash is signed as it is, without an algorithm's name. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "daemon/auth_v1.h"

#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192 /* larger ones only cost time */

/* RFC 4754 3: curve, its name, and the bytes of each half of a signature. */
static const struct curve {
	enum auth_method method;
	const char *name;
	int half_bytes;
	const char *why;
} curves[] = {
	{ AUTH_V1_ECDSA256, "prime256v1", 32, "an EC key on P-256 is wanted" },
	{ AUTH_V1_ECDSA384, "secp384r1", 48, "an EC key on P-384 is wanted" },
};

static const struct curve *
curve_of(enum auth_method method)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].method == method)
			return &curves[i];
	return NULL;
}

/* Odd modulus, sane exponent; a point on the curve. */
static bool
is_sound(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

bool
v1_key_fits(enum auth_method method, EVP_PKEY *key, const char **why)
{
	const struct curve *c = curve_of(method);
	char group[32];
	size_t n;
	int bits;

	if (c == NULL) {
		*why = "an RSA key of 2048 to 8192 bits is wanted";
		if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
			return false;
		bits = EVP_PKEY_get_bits(key);
		if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
			return false;
	} else {
		*why = c->why;
		if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
		    EVP_PKEY_get_group_name(key, group, sizeof(group), &n) != 1 ||
		    strcmp(group, c->name) != 0)
			return false;
	}
	*why = "its public key is not a sound one";
	return is_sound(key);
}

static EVP_PKEY_CTX *
begin(const struct curve *c, EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

	/* No digest is named: so RSA pads the bare hash (RFC 2409 5.1). */
	if (ctx != NULL && init(ctx) == 1 &&
	    (c != NULL || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* DER to r and s of one length each; 0: it is no signature. */
static size_t
to_halves(const struct curve *c, const uint8_t *der, size_t n, uint8_t *out)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool ok =
	    sig != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, c->half_bytes) == c->half_bytes &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + c->half_bytes, c->half_bytes) ==
		c->half_bytes;

	ECDSA_SIG_free(sig);
	return ok ? 2 * (size_t)c->half_bytes : 0;
}

/* The reverse; der is to be freed with OPENSSL_free(). */
static size_t
from_halves(const struct curve *c, struct span raw, uint8_t **der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw.p, c->half_bytes, NULL);
	BIGNUM *s = BN_bin2bn(raw.p + c->half_bytes, c->half_bytes, NULL);
	int n = 0;

	*der = NULL;
	if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		n = i2d_ECDSA_SIG(sig, der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return n > 0 ? (size_t)n : 0;
}

size_t
v1_sign(
    enum auth_method method, EVP_PKEY *key, struct span hash, uint8_t *out, size_t cap)
{
	const struct curve *c = curve_of(method);
	EVP_PKEY_CTX *ctx = begin(c, key, EVP_PKEY_sign_init);
	uint8_t raw[RSA_MAX_BITS / 8];
	size_t n = sizeof(raw);

	if (ctx == NULL || cap < sizeof(raw) ||
	    EVP_PKEY_sign(ctx, raw, &n, hash.p, hash.n) != 1)
		n = 0;
	else if (c != NULL)
		n = to_halves(c, raw, n, out);
	else
		memcpy(out, raw, n);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return n;
}

bool
v1_verify(enum auth_method method, EVP_PKEY *key, struct span hash, struct span sig)
{
	const struct curve *c = curve_of(method);
	size_t want =
	    c != NULL ? 2 * (size_t)c->half_bytes : (size_t)EVP_PKEY_get_size(key);
	EVP_PKEY_CTX *ctx;
	uint8_t *der = NULL;
	bool ok;

	if (hash.n == 0 || sig.n != want)
		return false;
	if (c != NULL && (sig.n = from_halves(c, sig, &der)) == 0)
		return false;
	ctx = begin(c, key, EVP_PKEY_verify_init);
	ok = ctx != NULL && EVP_PKEY_verify(ctx, der != NULL ? der : sig.p, sig.n,
				hash.p, hash.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	OPENSSL_free(der);
	ERR_clear_error();
	return ok;
}
