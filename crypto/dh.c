/*
 * Diffie-Hellman over MODP and NIST groups with libcrypto's constant-time arithmetic. One
 * key pair per object; the group's constants are made once per process.
 */
#include "crypto/dh.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

/* X(group, name, public bytes, random bytes wanted, libcrypto curve or 0, prime maker) */
#define DH_GROUPS(X)                                                              \
	X(DH_MODP768, "modp768", 96, 32, 0, BN_get_rfc2409_prime_768)             \
	X(DH_MODP1024, "modp1024", 128, 32, 0, BN_get_rfc2409_prime_1024)         \
	X(DH_MODP2048, "modp2048", 256, 40, 0, BN_get_rfc3526_prime_2048)         \
	X(DH_ECP256, "ecp256", 64, 40, NID_X9_62_prime256v1, NULL)                \
	X(DH_ECP384, "ecp384", 96, 56, NID_secp384r1, NULL)

struct dh_constants {
	enum dh_group group;
	const char *name;
	size_t public_bytes;
	size_t private_bytes;
	int curve;
	BIGNUM *(*make_prime)(BIGNUM *);
	/* made on first use */
	BIGNUM *prime;
	BN_MONT_CTX *mont;
	EC_GROUP *ec;
};

static struct dh_constants dh_table[] = {
#define X(group, name, pub, priv, curve, prime) \
	{ group, name, pub, priv, curve, prime, NULL, NULL, NULL },
	DH_GROUPS(X)
#undef X
};

struct dh {
	struct dh_constants *c;
	BIGNUM *x;
	uint8_t public[DH_PUBLIC_MAX_BYTES];
};

static struct dh_constants *
dh_find(enum dh_group g)
{
	for (size_t i = 0; i < sizeof(dh_table) / sizeof(dh_table[0]); i++)
		if (dh_table[i].group == g)
			return &dh_table[i];
	return NULL;
}

/* Makes the constants of a group; false if libcrypto refuses. */
static bool
dh_constants_ready(struct dh_constants *c, BN_CTX *ctx)
{
	if (c->curve != 0) {
		if (c->ec == NULL)
			c->ec = EC_GROUP_new_by_curve_name(c->curve);
		return c->ec != NULL;
	}
	if (c->mont != NULL)
		return true;
	if (c->prime == NULL && (c->prime = c->make_prime(NULL)) == NULL)
		return false;
	if ((c->mont = BN_MONT_CTX_new()) == NULL)
		return false;
	if (!BN_MONT_CTX_set(c->mont, c->prime, ctx)) {
		BN_MONT_CTX_free(c->mont);
		c->mont = NULL;
	}
	return c->mont != NULL;
}

const char *
dh_name(enum dh_group g)
{
	const struct dh_constants *c = dh_find(g);

	return c != NULL ? c->name : g == DH_NONE ? "none" : "unknown";
}

size_t
dh_public_len_bytes(enum dh_group g)
{
	const struct dh_constants *c = dh_find(g);

	return c != NULL ? c->public_bytes : 0;
}

size_t
dh_private_len_bytes(enum dh_group g)
{
	const struct dh_constants *c = dh_find(g);

	return c != NULL ? c->private_bytes : 0;
}

/* Affine coordinates of a point as x | y, each left-padded; with_y false: x only. */
static bool
dh_point_write(const struct dh_constants *c, const EC_POINT *p, bool with_y, uint8_t *out,
    BN_CTX *ctx)
{
	int half = (int)(c->public_bytes / 2);
	BIGNUM *x = BN_new(), *y = BN_new();
	bool ok = x != NULL && y != NULL &&
	    EC_POINT_get_affine_coordinates(c->ec, p, x, y, ctx) == 1 &&
	    BN_bn2binpad(x, out, half) == half &&
	    (!with_y || BN_bn2binpad(y, out + half, half) == half);

	BN_clear_free(x);
	BN_clear_free(y);
	return ok;
}

static bool
dh_make_public_ec(struct dh *dh, BN_CTX *ctx)
{
	EC_POINT *p = EC_POINT_new(dh->c->ec);
	bool ok = p != NULL && EC_POINT_mul(dh->c->ec, p, dh->x, NULL, NULL, ctx) == 1 &&
	    dh_point_write(dh->c, p, true, dh->public, ctx);

	EC_POINT_free(p);
	return ok;
}

static bool
dh_make_public_modp(struct dh *dh, BN_CTX *ctx)
{
	BIGNUM *g = BN_new(), *y = BN_new();
	int n = (int)dh->c->public_bytes;
	bool ok = g != NULL && y != NULL && BN_set_word(g, 2) &&
	    BN_mod_exp_mont_consttime(y, g, dh->x, dh->c->prime, ctx, dh->c->mont) &&
	    BN_bn2binpad(y, dh->public, n) == n;

	BN_free(g);
	BN_free(y);
	return ok;
}

struct dh *
dh_new(enum dh_group g, struct span random)
{
	struct dh_constants *c = dh_find(g);
	BN_CTX *ctx = BN_CTX_new();
	struct dh *dh = NULL;
	bool ok = false;

	if (c == NULL || ctx == NULL || random.n == 0 || random.n > DH_PUBLIC_MAX_BYTES ||
	    !dh_constants_ready(c, ctx) || (dh = calloc(1, sizeof(*dh))) == NULL)
		goto out;
	dh->c = c;
	if ((dh->x = BN_secure_new()) == NULL ||
	    BN_bin2bn(random.p, (int)random.n, dh->x) == NULL)
		goto out;
	BN_set_flags(dh->x, BN_FLG_CONSTTIME);
	if (c->curve != 0)
		ok = BN_nnmod(dh->x, dh->x, EC_GROUP_get0_order(c->ec), ctx) == 1 &&
		    !BN_is_zero(dh->x) && dh_make_public_ec(dh, ctx);
	else
		ok = !BN_is_zero(dh->x) && !BN_is_one(dh->x) && dh_make_public_modp(dh, ctx);
out:
	BN_CTX_free(ctx);
	if (!ok) {
		dh_free(dh);
		dh = NULL;
	}
	return dh;
}

void
dh_free(struct dh *dh)
{
	if (dh == NULL)
		return;
	BN_clear_free(dh->x);
	free(dh);
}

enum dh_group
dh_group_of(const struct dh *dh)
{
	return dh->c->group;
}

struct span
dh_public(const struct dh *dh)
{
	return span_of(dh->public, dh->c->public_bytes);
}

static bool
dh_shared_ec(const struct dh *dh, struct span peer, bool with_y, uint8_t *z, BN_CTX *ctx)
{
	int half = (int)(peer.n / 2);
	BIGNUM *x = BN_bin2bn(peer.p, half, NULL), *y = BN_bin2bn(peer.p + half, half, NULL);
	EC_POINT *p = EC_POINT_new(dh->c->ec);
	const BIGNUM *prime = EC_GROUP_get0_field(dh->c->ec);
	/*
	 * set_affine_coordinates() refuses a point that is not on the curve, but takes
	 * coordinates modulo the prime: SP 800-56A 5.6.2.3.3 wants them below it.
	 */
	bool ok = x != NULL && y != NULL && p != NULL && BN_cmp(x, prime) < 0 &&
	    BN_cmp(y, prime) < 0 &&
	    EC_POINT_set_affine_coordinates(dh->c->ec, p, x, y, ctx) == 1 &&
	    EC_POINT_is_on_curve(dh->c->ec, p, ctx) == 1 &&
	    !EC_POINT_is_at_infinity(dh->c->ec, p) &&
	    EC_POINT_mul(dh->c->ec, p, NULL, p, dh->x, ctx) == 1 &&
	    !EC_POINT_is_at_infinity(dh->c->ec, p) &&
	    dh_point_write(dh->c, p, with_y, z, ctx);

	BN_free(x);
	BN_free(y);
	EC_POINT_clear_free(p);
	return ok;
}

static bool
dh_shared_modp(const struct dh *dh, struct span peer, uint8_t *z, BN_CTX *ctx)
{
	BIGNUM *y = BN_bin2bn(peer.p, (int)peer.n, NULL), *top = BN_dup(dh->c->prime);
	BIGNUM *r = BN_secure_new();
	int n = (int)dh->c->public_bytes;
	/* 1 < y < p - 1 */
	bool ok = y != NULL && top != NULL && r != NULL && BN_sub_word(top, 1) &&
	    BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, top) < 0 &&
	    BN_mod_exp_mont_consttime(r, y, dh->x, dh->c->prime, ctx, dh->c->mont) &&
	    BN_cmp(r, BN_value_one()) > 0 && BN_bn2binpad(r, z, n) == n;

	BN_free(y);
	BN_free(top);
	BN_clear_free(r);
	return ok;
}

bool
dh_shared(const struct dh *dh, struct span peer_public, bool with_y, struct secret *z)
{
	BN_CTX *ctx;
	bool ok;

	secret_wipe(z);
	if (peer_public.n != dh->c->public_bytes || (ctx = BN_CTX_new()) == NULL)
		return false;
	if (dh->c->curve != 0) {
		ok = dh_shared_ec(dh, peer_public, with_y, z->b, ctx);
		z->n = with_y ? dh->c->public_bytes : dh->c->public_bytes / 2;
	} else {
		ok = dh_shared_modp(dh, peer_public, z->b, ctx);
		z->n = dh->c->public_bytes;
	}
	if (!ok)
		secret_wipe(z);
	BN_CTX_free(ctx);
	return ok;
}
