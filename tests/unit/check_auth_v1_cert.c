/* Certificates of an IKEv1 peer, one by one and wrapped in PKCS#7: H62, H64. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "tests/unit/auth_v1_talk.h"

#define LIMIT 8

static uint8_t cert[8192]; /* the body of a CERT payload */
static size_t cert_n;
static struct v1_peer peer;
static struct engine_auth_reply reply;

static void
begin(void)
{
	FILE *f = fopen(pki_path("rsa1", "pem"), "r");
	uint8_t *at = cert + 1;
	X509 *x;
	int n;

	ck_assert_ptr_nonnull(f);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(x);
	cert[0] = 4; /* X.509, for signatures */
	n = i2d_X509(x, &at);
	ck_assert(n > 0 && (size_t)n < sizeof(cert));
	cert_n = (size_t)n + 1;
	X509_free(x);
	memset(&peer, 0, sizeof(peer));
}

static void
takes(struct span body)
{
	memset(&reply, 0, sizeof(reply));
	ck_assert_msg(v1_peer_add_cert(&peer, body, &reply), "%s", reply.text);
}

static void
refuses(struct span body, const char *text)
{
	memset(&reply, 0, sizeof(reply));
	ck_assert_msg(!v1_peer_add_cert(&peer, body, &reply), "accepted: %s", text);
	ck_assert_int_eq(reply.status, AUTH_FAILED);
	ck_assert_msg(
	    strstr(reply.text, text) != NULL, "\"%s\" not in: %s", text, reply.text);
}

static void
der_put(struct writer *w, uint8_t tag, struct span content)
{
	writer_u8(w, tag);
	writer_u8(w, 0x82);
	writer_u16(w, (uint16_t)content.n);
	writer_bytes(w, content);
}

/* The body of a CERT payload: a PKCS#7 object around these certificates. */
static struct span
bag_of(struct span certs)
{
	static const uint8_t head[] = { 0x02, 1, 1, 0x31, 0, 0x30, 0x0b, 0x06, 9, 0x2a,
		0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1 };
	static const uint8_t signed_data[] = { 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7,
		0x0d, 1, 7, 2 };
	static uint8_t buf[4][16500];
	struct writer w[4];

	for (int k = 0; k < 4; k++)
		writer_init(&w[k], buf[k], sizeof(buf[k]));
	writer_bytes(&w[0], SPAN_ARRAY(head));
	der_put(&w[0], 0xa0, certs);
	writer_u16(&w[0], 0x3100); /* signers: none */
	der_put(&w[1], 0x30, span_of(buf[0], w[0].n));
	writer_bytes(&w[2], SPAN_ARRAY(signed_data));
	der_put(&w[2], 0xa0, span_of(buf[1], w[1].n));
	writer_u8(&w[3], 1); /* encoding */
	der_put(&w[3], 0x30, span_of(buf[2], w[2].n));
	for (int k = 0; k < 4; k++)
		ck_assert(writer_ok(&w[k]));
	return span_of(buf[3], w[3].n);
}

/* `good` copies of the certificate, then elements of two bytes that are none. */
static struct span
certs_of(size_t good, size_t unreadable)
{
	static uint8_t certs[16384];
	struct writer w;

	writer_init(&w, certs, sizeof(certs));
	for (size_t k = 0; k < good; k++)
		writer_bytes(&w, span_of(cert + 1, cert_n - 1));
	for (size_t k = 0; k < unreadable; k++)
		writer_u16(&w, 0x3000);
	ck_assert(writer_ok(&w));
	return span_of(certs, w.n);
}

START_TEST(pkcs7_brings_its_certificates)
{
	begin();
	for (size_t n = 1; n <= LIMIT; n++) {
		takes(bag_of(certs_of(n, 0)));
		ck_assert_ptr_nonnull(peer.leaf);
		ck_assert_int_eq(sk_X509_num(peer.others), (int)n - 1);
		v1_peer_clear(&peer);
	}
	refuses(bag_of(SPAN_NONE), "PKCS#7 object without certificates");
	refuses(bag_of(certs_of(1, 1)), "a certificate that is none");
	v1_peer_clear(&peer);
}
END_TEST

/* The same of another type (enveloped data), and with a byte behind it. */
START_TEST(h64_pkcs7_of_another_kind)
{
	static uint8_t copy[8192];
	struct span bag;

	begin();
	bag = bag_of(certs_of(1, 0));
	memcpy(copy, bag.p, bag.n);
	takes(span_of(copy, bag.n));
	v1_peer_clear(&peer);
	refuses(span_of(copy, bag.n + 1), "PKCS#7 object without certificates");
	ck_assert_uint_eq(copy[15], 2); /* the end of the type */
	copy[15] = 3;
	refuses(span_of(copy, bag.n), "PKCS#7 object without certificates");
}
END_TEST

/*
 * H62: they are counted before the first is read. What nobody can read is called none where
 * it was read, and too many where it was counted.
 */
START_TEST(h62_counted_before_they_are_read)
{
	const struct span unreadable = span_of("\4\x30\0", 3);

	begin();
	for (size_t n = 1; n <= LIMIT; n++)
		refuses(bag_of(certs_of(0, n)), "a certificate that is none");
	for (size_t n = LIMIT + 1; n <= 8000; n = n * 2)
		refuses(bag_of(certs_of(0, n)), "more than 8 certificates");
	for (size_t n = 1; n <= LIMIT; n++) /* one by one */
		takes(span_of(cert, cert_n));
	refuses(unreadable, "more than 8 certificates");
	refuses(bag_of(certs_of(0, 1)), "more than 8 certificates");
	v1_peer_clear(&peer);
	for (size_t n = 1; n < LIMIT; n++) /* those of both kinds together */
		takes(span_of(cert, cert_n));
	refuses(bag_of(certs_of(0, 2)), "more than 8 certificates");
	takes(bag_of(certs_of(1, 0)));
	v1_peer_clear(&peer);
}
END_TEST

/* What is too long, or too short to be anything, is not looked at. */
START_TEST(lengths_of_certificates)
{
	static uint8_t body[16386] = { 4, 0x30 };

	begin();
	refuses(span_of(body, 0), "a certificate of 0 bytes");
	refuses(span_of(body, 1), "a certificate of 1 bytes");
	refuses(span_of(body, 16384), "a certificate that is none");
	refuses(span_of(body, 16385), "a certificate of 16385 bytes");
	body[0] = 1;
	refuses(span_of(body, 16385), "a certificate of 16385 bytes");
}
END_TEST

/* H64: another byte anywhere around the certificate, and cut anywhere: one or none. */
START_TEST(h64_pkcs7_changed_everywhere)
{
	struct span bag;

	begin();
	bag = bag_of(certs_of(1, 0));
	for (size_t at = 1; at < bag.n; at += at == 60 ? cert_n - 30 : 1)
		for (int k = 0; k < 10; k++) {
			uint8_t *exact = malloc(bag.n);

			memcpy(exact, bag.p, bag.n);
			exact[at] = k < 8  ? exact[at] ^ (uint8_t)(1 << k) :
				    k == 8 ? 0 :
					     0xff;
			if (v1_peer_add_cert(&peer, span_of(exact, bag.n), &reply))
				ck_assert_int_eq(sk_X509_num(peer.others), 0);
			v1_peer_clear(&peer);
			free(exact);
		}
	for (size_t n = 2; n < bag.n; n++) {
		uint8_t *exact = malloc(n);

		memcpy(exact, bag.p, n);
		refuses(span_of(exact, n), "PKCS#7 object without certificates");
		free(exact);
	}
}
END_TEST

/* H64: what is behind a certificate belongs to nothing. */
START_TEST(bytes_behind_a_certificate)
{
	begin();
	cert[cert_n] = 0;
	for (size_t more = 1; more <= 4; more++)
		refuses(span_of(cert, cert_n + more), "a certificate that is none");
	takes(span_of(cert, cert_n));
	v1_peer_clear(&peer);
}
END_TEST

static EVP_PKEY *
dsa_key(int bits)
{
	BIGNUM *n = BN_new();
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	ck_assert_int_eq(BN_set_bit(n, bits - 1), 1);
	ck_assert_int_eq(BN_set_bit(n, 0), 1);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_Q, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, n);
	params = OSSL_PARAM_BLD_to_param(bld);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	return key;
}

/* The body of a CERT payload: the certificate of an authority with this key. */
static struct span
authority_with(EVP_PKEY *key)
{
	static uint8_t body[16384] = { 4 };
	uint8_t *at = body + 1;
	const uint8_t *from = cert + 1;
	X509 *x = d2i_X509(NULL, &from, (long)cert_n - 1);
	int n;

	ck_assert_int_eq(X509_set_pubkey(x, key), 1);
	ck_assert_int_gt(i2d_re_X509_tbs(x, NULL), 0); /* or the old bytes would be written */
	n = i2d_X509(x, &at);
	ck_assert(n > 0 && (size_t)n < sizeof(body) - 1);
	X509_free(x);
	return span_of(body, (size_t)n + 1);
}

/* H70: a key of another kind than RSA that only costs time is looked at by nobody. */
START_TEST(h70_authority_with_a_huge_key)
{
	static const char *const texts[] = { "an EC key on P-256 is wanted",
		"no key that can be used in its chain" };

	begin();
	for (int k = 0; k < 2; k++) {
		EVP_PKEY *key = dsa_key(8192 + k);

		ck_assert_int_eq(EVP_PKEY_get_bits(key), 8192 + k);
		takes(span_of(cert, cert_n));
		takes(authority_with(key));
		memset(&reply, 0, sizeof(reply));
		ck_assert(!v1_peer_check(&peer, NULL, AUTH_V1_ECDSA256, &reply));
		ck_assert_msg(strstr(reply.text, texts[k]) != NULL, "%s", reply.text);
		v1_peer_clear(&peer);
		EVP_PKEY_free(key);
	}
}
END_TEST

TCase *
auth_v1_cert_cases(void)
{
	TCase *c = tcase_create("v1_cert");

	tcase_add_test(c, pkcs7_brings_its_certificates);
	tcase_add_test(c, h64_pkcs7_of_another_kind);
	tcase_add_test(c, h62_counted_before_they_are_read);
	tcase_add_test(c, lengths_of_certificates);
	tcase_add_test(c, h64_pkcs7_changed_everywhere);
	tcase_add_test(c, bytes_behind_a_certificate);
	tcase_add_test(c, h70_authority_with_a_huge_key);
	return c;
}
