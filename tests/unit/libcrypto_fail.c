/* Failures of libcrypto. */
#include "tests/unit/libcrypto_fail.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

static size_t n_calls, fail_at;
static const char *missing;
static int missing_curve;

void
libcrypto_fail_at(size_t n)
{
	n_calls = 0;
	fail_at = n;
}

size_t
libcrypto_calls(void)
{
	return n_calls;
}

void
libcrypto_without(const char *name, int curve)
{
	missing = name;
	missing_curve = curve;
}

static bool
fails(void)
{
	return ++n_calls == fail_at;
}

/* X(type, value on failure, function, parameters, arguments) */
#define WRAPPED(X)                                                                     \
	X(int, 0, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX * c, int t, int a, void *p),    \
	    (c, t, a, p))                                                              \
	X(int, 0, EVP_CIPHER_CTX_set_padding, (EVP_CIPHER_CTX * c, int pad), (c, pad)) \
	X(int, 0, EVP_CipherFinal_ex, (EVP_CIPHER_CTX * c, unsigned char *o, int *n),  \
	    (c, o, n))                                                                 \
	X(int, 0, EVP_CipherInit_ex2,                                                  \
	    (EVP_CIPHER_CTX * c, const EVP_CIPHER *e, const unsigned char *k,          \
		const unsigned char *iv, int enc, const OSSL_PARAM *p),                \
	    (c, e, k, iv, enc, p))                                                     \
	X(int, 0, EVP_CipherUpdate,                                                    \
	    (EVP_CIPHER_CTX * c, unsigned char *o, int *on, const unsigned char *i,    \
		int n),                                                                \
	    (c, o, on, i, n))                                                          \
	X(int, 0, EVP_DigestFinal_ex,                                                  \
	    (EVP_MD_CTX * c, unsigned char *o, unsigned int *n), (c, o, n))            \
	X(int, 0, EVP_DigestInit_ex2,                                                  \
	    (EVP_MD_CTX * c, const EVP_MD *m, const OSSL_PARAM *p), (c, m, p))         \
	X(int, 0, EVP_DigestUpdate, (EVP_MD_CTX * c, const void *p, size_t n),         \
	    (c, p, n))                                                                 \
	X(int, 0, EVP_MAC_final,                                                       \
	    (EVP_MAC_CTX * c, unsigned char *o, size_t *n, size_t cap),                \
	    (c, o, n, cap))                                                            \
	X(int, 0, EVP_MAC_init,                                                        \
	    (EVP_MAC_CTX * c, const unsigned char *k, size_t n, const OSSL_PARAM *p),  \
	    (c, k, n, p))                                                              \
	X(int, 0, EVP_MAC_update, (EVP_MAC_CTX * c, const unsigned char *p, size_t n), \
	    (c, p, n))                                                                 \
	X(int, 0, RAND_bytes, (unsigned char *p, int n), (p, n))                       \
	X(int, -1, BN_bn2binpad, (const BIGNUM *b, unsigned char *p, int n),           \
	    (b, p, n))                                                                 \
	X(int, 0, BN_mod_exp_mont_consttime,                                           \
	    (BIGNUM * r, const BIGNUM *a, const BIGNUM *p, const BIGNUM *m, BN_CTX *c, \
		BN_MONT_CTX *mont),                                                    \
	    (r, a, p, m, c, mont))                                                     \
	X(int, 0, BN_nnmod, (BIGNUM * r, const BIGNUM *m, const BIGNUM *d, BN_CTX *c), \
	    (r, m, d, c))                                                              \
	X(int, 0, BN_set_word, (BIGNUM * a, BN_ULONG w), (a, w))                       \
	X(int, 0, BN_sub_word, (BIGNUM * a, BN_ULONG w), (a, w))                       \
	X(int, 0, BN_MONT_CTX_set, (BN_MONT_CTX * m, const BIGNUM *mod, BN_CTX *c),    \
	    (m, mod, c))                                                               \
	X(int, 0, EC_POINT_mul,                                                        \
	    (const EC_GROUP *g, EC_POINT *r, const BIGNUM *n, const EC_POINT *q,       \
		const BIGNUM *m, BN_CTX *c),                                           \
	    (g, r, n, q, m, c))                                                        \
	X(int, 0, EC_POINT_set_affine_coordinates,                                     \
	    (const EC_GROUP *g, EC_POINT *p, const BIGNUM *x, const BIGNUM *y,         \
		BN_CTX *c),                                                            \
	    (g, p, x, y, c))                                                           \
	X(int, 0, EC_POINT_get_affine_coordinates,                                     \
	    (const EC_GROUP *g, const EC_POINT *p, BIGNUM *x, BIGNUM *y, BN_CTX *c),   \
	    (g, p, x, y, c))                                                           \
	X(int, -1, EC_POINT_is_on_curve,                                               \
	    (const EC_GROUP *g, const EC_POINT *p, BN_CTX *c), (g, p, c))              \
	X(EVP_CIPHER_CTX *, NULL, EVP_CIPHER_CTX_new, (void), ())                      \
	X(EVP_MAC_CTX *, NULL, EVP_MAC_CTX_new, (EVP_MAC * m), (m))                    \
	X(EVP_MD_CTX *, NULL, EVP_MD_CTX_new, (void), ())                              \
	X(BN_CTX *, NULL, BN_CTX_new, (void), ())                                      \
	X(BIGNUM *, NULL, BN_new, (void), ())                                          \
	X(BIGNUM *, NULL, BN_secure_new, (void), ())                                   \
	X(BIGNUM *, NULL, BN_dup, (const BIGNUM *a), (a))                              \
	X(BIGNUM *, NULL, BN_bin2bn, (const unsigned char *p, int n, BIGNUM *r),       \
	    (p, n, r))                                                                 \
	X(BN_MONT_CTX *, NULL, BN_MONT_CTX_new, (void), ())                            \
	X(EC_POINT *, NULL, EC_POINT_new, (const EC_GROUP *g), (g))

#define WRAP(type, failure, name, parameters, arguments)              \
	type __real_##name parameters;                                \
	type __wrap_##name parameters;                                \
	type __wrap_##name parameters                                 \
	{                                                             \
		return fails() ? (failure) : __real_##name arguments; \
	}
WRAPPED(WRAP)

/* Those that find an algorithm. */
#define WRAP_FETCH(type, name)                                                       \
	type *__real_##name(                                                         \
	    OSSL_LIB_CTX *lib, const char *algorithm, const char *query);            \
	type *__wrap_##name(                                                         \
	    OSSL_LIB_CTX *lib, const char *algorithm, const char *query);            \
	type *__wrap_##name(                                                         \
	    OSSL_LIB_CTX *lib, const char *algorithm, const char *query)             \
	{                                                                            \
		if (fails() || (missing != NULL && strcmp(algorithm, missing) == 0)) \
			return NULL;                                                 \
		return __real_##name(lib, algorithm, query);                         \
	}
WRAP_FETCH(EVP_MD, EVP_MD_fetch)
WRAP_FETCH(EVP_MAC, EVP_MAC_fetch)
WRAP_FETCH(EVP_CIPHER, EVP_CIPHER_fetch)

EC_GROUP *__real_EC_GROUP_new_by_curve_name(int nid);
EC_GROUP *__wrap_EC_GROUP_new_by_curve_name(int nid);

EC_GROUP *
__wrap_EC_GROUP_new_by_curve_name(int nid)
{
	return fails() || nid == missing_curve ? NULL :
						 __real_EC_GROUP_new_by_curve_name(nid);
}
