/* Bare libcrypto and libssl. */
#include "tests/bench/floor.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "daemon/auth_tls_ssl.h"
#include "tests/bench/measure.h"

#define POINT_BYTES 65
#define MAX_FLIGHTS 8

struct floor {
	EC_GROUP *group;
	BN_CTX *bn;
};

static void
need(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "bench: libcrypto refused\n");
	exit(1);
}

struct floor *
floor_new(void)
{
	struct floor *f = calloc(1, sizeof(*f));

	need(f != NULL);
	f->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	f->bn = BN_CTX_new();
	need(f->group != NULL && f->bn != NULL);
	return f;
}

void
floor_free(struct floor *f)
{
	EC_GROUP_free(f->group);
	BN_CTX_free(f->bn);
	free(f);
}

/* EVP would cost half as much again, which is no floor. */
static BIGNUM *
make_key(struct floor *f, uint8_t *octets)
{
	EC_POINT *p = EC_POINT_new(f->group);
	BIGNUM *x = BN_new();

	need(p != NULL && x != NULL &&
	     BN_priv_rand_range(x, EC_GROUP_get0_order(f->group)) == 1 &&
	     EC_POINT_mul(f->group, p, x, NULL, NULL, f->bn) == 1 &&
	     EC_POINT_point2oct(f->group, p, POINT_CONVERSION_UNCOMPRESSED, octets,
		 POINT_BYTES, f->bn) == POINT_BYTES);
	EC_POINT_free(p);
	return x;
}

static void
derive(struct floor *f, const BIGNUM *x, const uint8_t *peer)
{
	EC_POINT *p = EC_POINT_new(f->group);
	uint8_t z[POINT_BYTES];

	need(p != NULL &&
	     EC_POINT_oct2point(f->group, p, peer, POINT_BYTES, f->bn) == 1 &&
	     EC_POINT_mul(f->group, p, NULL, p, x, f->bn) == 1 &&
	     EC_POINT_point2oct(f->group, p, POINT_CONVERSION_UNCOMPRESSED, z,
		 sizeof(z), f->bn) == sizeof(z));
	EC_POINT_free(p);
}

void
floor_ecdh(struct floor *f, double *side_s)
{
	uint8_t point[2][POINT_BYTES];
	BIGNUM *key[2];

	for (int i = 0; i < 2; i++) {
		side_s[i] -= measure_cpu_s();
		key[i] = make_key(f, point[i]);
		side_s[i] += measure_cpu_s();
	}
	for (int i = 0; i < 2; i++) {
		side_s[i] -= measure_cpu_s();
		derive(f, key[i], point[!i]);
		BN_clear_free(key[i]);
		side_s[i] += measure_cpu_s();
	}
}

/* verify: what the callbacks of the context expect there. */
static SSL *
tls_side(const struct auth_tls *tls, bool client, struct auth_verify *verify)
{
	SSL *ssl = SSL_new(tls->ctx[0]);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	need(ssl != NULL && in != NULL && out != NULL);
	*verify = (struct auth_verify){ .tls = tls, .target_name = "" };
	SSL_set_app_data(ssl, verify);
	SSL_set_bio(ssl, in, out);
	SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (client)
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	return ssl;
}

static void
tls_pass(SSL *from, SSL *to)
{
	BIO *out = SSL_get_wbio(from);
	char *p;
	long n = BIO_get_mem_data(out, &p);

	need(n == 0 || BIO_write(SSL_get_rbio(to), p, (int)n) == n);
	(void)BIO_reset(out);
}

void
floor_tls(const struct auth_tls *tls, double *side_s)
{
	struct auth_verify verify[2];
	SSL *side[2];
	int flights = 0;

	for (int i = 0; i < 2; i++) {
		side_s[i] -= measure_cpu_s();
		side[i] = tls_side(tls, i == 0, &verify[i]);
		side_s[i] += measure_cpu_s();
	}
	for (int i = 0;
	     !SSL_is_init_finished(side[0]) || !SSL_is_init_finished(side[1]); i = !i) {
		side_s[i] -= measure_cpu_s();
		(void)SSL_do_handshake(side[i]);
		tls_pass(side[i], side[!i]);
		side_s[i] += measure_cpu_s();
		need(++flights < MAX_FLIGHTS);
	}
	for (int i = 0; i < 2; i++) {
		side_s[i] -= measure_cpu_s();
		SSL_free(side[i]);
		side_s[i] += measure_cpu_s();
	}
}
