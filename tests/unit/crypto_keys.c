/* Section negotiations of the vectors: keys, Auth1 to Auth4, and the dialect's readings. */
#include <string.h>

#include "tests/unit/check_crypto.h"
#include "tests/unit/negotiation.h"

START_TEST(negotiation_main_keys)
{
	struct negotiation n;
	struct main_keys mk;
	uint8_t key[CIPHER_MAX_KEY_BYTES];
	struct message_keys k;
	const json_t *want;

	negotiation_load(&n, (size_t)_i);
	want = vectors_get(n.v, "keys");
	vectors_match(n.in.z, n.v, "z");
	ck_assert(keys_main(&n.d, &n.in, hex_span(&n.secret), &mk));
	vectors_match(key_span(&mk.skeyid), want, "skeyid");
	vectors_match(key_span(&mk.d), want, "skeyid_d");
	vectors_match(key_span(&mk.a), want, "skeyid_a");
	vectors_match(key_span(&mk.e), want, "skeyid_e");
	negotiation_keys(&n, &mk, key, &k);
	vectors_match(k.cipher_key, want, "encryption_key");
	ck_assert_uint_eq(k.icv_len_bytes, vectors_u32(want, "icv_length"));
	negotiation_free(&n);
}
END_TEST

START_TEST(negotiation_auth1_auth2)
{
	struct negotiation n;
	struct key skeyid, auth1, auth2;
	struct chain c;
	const json_t *want;

	negotiation_load(&n, (size_t)_i);
	want = vectors_get(n.v, "auth");
	ck_assert(keys_skeyid(&n.d, &n.in, hex_span(&n.secret), &skeyid));
	negotiation_chain(&n, "#", true, &c);
	vectors_match(key_span(&c.digest), want, "chain_digest");
	ck_assert(chain_auth12(&c, &n.d, n.in.hash, &skeyid, &auth1, &auth2));
	vectors_match(key_span(&auth1), want, "auth1");
	vectors_match(key_span(&auth2), want, "auth2");
	negotiation_free(&n);
}
END_TEST

/* SKEYID_em of a negotiation with extended mode. */
static void
skeyid_em(struct negotiation *n, const json_t *em, struct key *out)
{
	struct hex secret;

	vectors_hex(em, "gss_secret_em", &secret);
	ck_assert(keys_skeyid(&n->d, &n->in, hex_span(&secret), out));
	vectors_match(key_span(out), em, "skeyid_em");
}

static void
assert_auth34(struct negotiation *n, const json_t *em)
{
	const json_t *auth = vectors_get(n->v, "auth");
	struct key skeyid, tail;
	struct chain c;
	uint8_t out[2 * HASH_MAX_BYTES];
	struct hex tail_hex;
	size_t len;

	skeyid_em(n, em, &skeyid);
	negotiation_chain(n, "EM #", false, &c);
	vectors_match(key_span(&c.digest), em, "chain_digest");
	for (int i = 0; i < 2; i++) {
		vectors_hex(auth, i == 0 ? "auth1" : "auth2", &tail_hex);
		tail.n = (uint8_t)tail_hex.n;
		memcpy(tail.b, tail_hex.b, tail_hex.n);
		len = chain_auth34(&c, &n->d, n->in.hash, &skeyid, &tail, out);
		vectors_match(span_of(out, len), em, i == 0 ? "auth3" : "auth4");
	}
	n->d.em_hash_tail = EM_HASH_TAIL_OUTSIDE;
	len = chain_auth34(&c, &n->d, n->in.hash, &skeyid, &tail, out);
	ck_assert_uint_eq(len, 2u * tail.n);
	ck_assert_mem_eq(out + tail.n, tail.b, tail.n);
}

START_TEST(negotiation_auth3_auth4)
{
	struct negotiation n;
	const json_t *em;

	negotiation_load(&n, (size_t)_i);
	if ((em = json_object_get(n.v, "em")) != NULL)
		assert_auth34(&n, em);
	negotiation_free(&n);
}
END_TEST

/* "esp-aes128-sha1" or "ah-sha1". */
static void
suite_parse(const char *suite, enum cipher_id *cipher, enum hash_id *hash)
{
	char name[16] = { 0 };

	*hash = vectors_hash(strrchr(suite, '-') + 1);
	*cipher = CIPHER_NULL;
	if (strncmp(suite, "esp-", 4) != 0)
		return;
	memcpy(name, suite + 4, (size_t)(strrchr(suite, '-') - suite) - 4);
	*cipher = vectors_cipher(name);
}

static uint32_t
hex_u32(const json_t *o, const char *key)
{
	struct hex h;

	vectors_hex(o, key, &h);
	ck_assert_uint_eq(h.n, 4);
	return (uint32_t)h.b[0] << 24 | (uint32_t)h.b[1] << 16 | (uint32_t)h.b[2] << 8 |
	    h.b[3];
}

static void
assert_ipsec_keys(const struct negotiation *n, struct ipsec_input *qm,
    const json_t *suite, const char *direction)
{
	const json_t *want = vectors_get(suite, direction);
	struct secret cipher_key, integrity_key;
	enum cipher_id cipher;
	enum hash_id hash;

	suite_parse(vectors_str(suite, "suite"), &cipher, &hash);
	qm->spi = hex_u32(want, "spi");
	ck_assert(
	    keys_ipsec(&n->d, &n->in, qm, cipher, hash, &cipher_key, &integrity_key));
	vectors_match(secret_span(&cipher_key), want, "enc_key");
	vectors_match(secret_span(&integrity_key), want, "auth_key");
}

/* What all directions of the recorded quick mode share. */
static void
quick_input(const struct negotiation *n, const struct key *d, struct hex *z,
    struct ipsec_input *qm)
{
	const json_t *v = vectors_get(n->v, "qm");

	memset(qm, 0, sizeof(*qm));
	vectors_hex(v, "z_qm", z);
	qm->message_id = hex_u32(v, "message_id");
	qm->z = hex_span(z);
	qm->ni = hex_span(&n->ni_qm);
	qm->nr = hex_span(&n->nr_qm);
	qm->skeyid_d = d;
}

START_TEST(negotiation_ipsec_keys)
{
	struct negotiation n;
	struct main_keys mk;
	struct ipsec_input qm;
	struct key em_key;
	struct hex z;
	json_t *suite;
	size_t i;

	negotiation_load(&n, (size_t)_i);
	ck_assert(keys_main(&n.d, &n.in, hex_span(&n.secret), &mk));
	quick_input(&n, &mk.d, &z, &qm);
	if (json_object_get(n.v, "em") != NULL)
		skeyid_em(&n, vectors_get(n.v, "em"), &em_key);
	json_array_foreach(vectors_get(n.v, "qm_keys"), i, suite) {
		qm.skeyid_em =
		    json_is_true(vectors_get(suite, "with_em")) ? &em_key : NULL;
		assert_ipsec_keys(&n, &qm, suite, "toward_initiator");
		assert_ipsec_keys(&n, &qm, suite, "toward_responder");
	}
	negotiation_free(&n);
}
END_TEST

/* The knob that is an alternative of the vectors; false: no knob is. */
static bool
alternative_set(const char *name, struct dialect *d)
{
	if (strcmp(name, "H1 crypto+payloads") == 0)
		d->hash_scope = HASH_SCOPE_CRYPTO_PAYLOADS;
	else if (strcmp(name, "H1 message") == 0)
		d->hash_scope = HASH_SCOPE_MESSAGE;
	else if (strcmp(name, "H4 rehash") == 0)
		d->hash_anon = HASH_ANON_REHASH;
	else if (strcmp(name, "K1 width 1") == 0)
		d->kdf_algid = KDF_ALGID_U8;
	else if (strcmp(name, "K1 width 4") == 0)
		d->kdf_algid = KDF_ALGID_U32BE;
	else if (strcmp(name, "K1 little endian") == 0)
		d->kdf_algid = KDF_ALGID_U16LE;
	else if (strcmp(name, "K3 payload") == 0)
		d->kdf_nonce = KDF_NONCE_PAYLOAD;
	else if (strcmp(name, "K2 x|y") == 0)
		d->ecdh_form = ECDH_FORM_XY;
	else if (strncmp(name, "K5 hash-first ", 14) == 0)
		d->ipsec_key_order = IPSEC_KEY_INTEGRITY_FIRST;
	else
		return false;
	return true;
}

static void
assert_alternative_ipsec(struct negotiation *n, const json_t *want)
{
	struct secret cipher_key, integrity_key;
	struct ipsec_input qm;
	struct main_keys mk;
	struct key em_key;
	struct hex z;

	ck_assert(keys_main(&n->d, &n->in, hex_span(&n->secret), &mk));
	quick_input(n, &mk.d, &z, &qm);
	if (json_object_get(n->v, "em") != NULL) {
		skeyid_em(n, vectors_get(n->v, "em"), &em_key);
		qm.skeyid_em = &em_key;
	}
	qm.spi = hex_u32(vectors_get(n->v, "qm"), "spi_i");
	ck_assert(keys_ipsec(
	    &n->d, &n->in, &qm, CIPHER_AES128, HASH_SHA1, &cipher_key, &integrity_key));
	vectors_match(secret_span(&cipher_key), want, "enc_key");
	vectors_match(secret_span(&integrity_key), want, "auth_key");
}

static void
assert_alternative(struct negotiation *n, const json_t *want)
{
	struct key skeyid, auth1, auth2;
	struct chain c;

	negotiation_agree(n);
	ck_assert(keys_skeyid(&n->d, &n->in, hex_span(&n->secret), &skeyid));
	if (json_object_get(want, "skeyid") != NULL)
		vectors_match(key_span(&skeyid), want, "skeyid");
	if (json_object_get(want, "auth1") != NULL) {
		negotiation_chain(n, "#", true, &c);
		ck_assert(chain_auth12(&c, &n->d, n->in.hash, &skeyid, &auth1, &auth2));
		vectors_match(key_span(&auth1), want, "auth1");
		vectors_match(key_span(&auth2), want, "auth2");
	}
	if (json_object_get(want, "enc_key") != NULL)
		assert_alternative_ipsec(n, want);
}

START_TEST(negotiation_dialect_readings)
{
	const struct dialect plain = DIALECT_DEFAULT;
	struct negotiation n;
	const char *name;
	json_t *want;
	size_t tried = 0;

	negotiation_load(&n, (size_t)_i);
	json_object_foreach(vectors_get(n.v, "alternatives"), name, want) {
		n.d = plain;
		if (!alternative_set(name, &n.d))
			continue;
		/* The file has 0 for the Next Payload of the nonces: a header made up. */
		if (n.d.kdf_nonce == KDF_NONCE_PAYLOAD)
			n.ni.b[0] = n.nr.b[0] = 0;
		assert_alternative(&n, want);
		tried++;
	}
	ck_assert_uint_ge(tried, 8);
	negotiation_free(&n);
}
END_TEST

void
crypto_keys_tests(Suite *s)
{
	TCase *t = tcase_create("negotiations");
	int n = vectors_count("negotiations");

	tcase_add_loop_test(t, negotiation_main_keys, 0, n);
	tcase_add_loop_test(t, negotiation_auth1_auth2, 0, n);
	tcase_add_loop_test(t, negotiation_auth3_auth4, 0, n);
	tcase_add_loop_test(t, negotiation_ipsec_keys, 0, n);
	tcase_add_loop_test(t, negotiation_dialect_readings, 0, n);
	suite_add_tcase(s, t);
}
