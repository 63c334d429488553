/* Readings of the dialect that the vectors do not have, against the formulas by hand. */
#include <string.h>

#include "tests/unit/check_crypto.h"
#include "tests/unit/negotiation.h"

/* SKEYID of one block: H of the parts in this order. */
static void
assert_skeyid(struct negotiation *n, bool z_first, struct span algid)
{
	struct span counter = span_of("\0\0\0\1", 4), part[7];
	uint8_t want[HASH_MAX_BYTES];
	struct key skeyid;

	part[0] = z_first ? n->in.z : counter;
	part[1] = z_first ? counter : n->in.z;
	part[2] = algid;
	part[3] = span_of(n->in.icookie, 8);
	part[4] = span_of(n->in.rcookie, 8);
	part[5] = span_of(n->ni.b + 4, n->ni.n - 4);
	part[6] = span_of(n->nr.b + 4, n->nr.n - 4);
	ck_assert(hash_digest(n->in.hash, part, 7, want));
	ck_assert(keys_skeyid(&n->d, &n->in, SPAN_NONE, &skeyid));
	vectors_same(key_span(&skeyid), span_of(want, skeyid.n), "SKEYID");
}

START_TEST(skeyid_by_hand)
{
	struct negotiation n;

	negotiation_load(&n, 0);
	assert_skeyid(&n, false, span_of("\0\7", 2));
	n.d.kdf_ctr = KDF_CTR_Z_FIRST;
	assert_skeyid(&n, true, span_of("\0\7", 2));
	n.d.kdf_ctr = KDF_CTR_BEFORE_Z;
	n.d.kdf_algid = KDF_ALGID_ATTR;
	assert_skeyid(&n, false, span_of("\x80\1\0\7", 4));
	negotiation_free(&n);
}
END_TEST

START_TEST(chain_over_bodies_only)
{
	struct dialect d = DIALECT_DEFAULT;
	struct span payloads = span_of("\x0a\0\0\x06xy\0\0\0\x07zzz", 13);
	struct chain_unit u = { SPAN_NONE, SPAN_NONE, payloads };
	struct span want = span_of("xyzzz", 5);
	uint8_t out[HASH_MAX_BYTES];
	struct chain c;

	d.hash_scope = HASH_SCOPE_BODIES;
	memset(&c, 0, sizeof(c));
	ck_assert(chain_step(&c, &d, HASH_SHA1, false, &u));
	ck_assert(hash_digest(HASH_SHA1, &want, 1, out));
	vectors_same(key_span(&c.digest), span_of(out, 20), "digest");
}
END_TEST

START_TEST(auth3_with_its_tail_outside)
{
	struct dialect d = DIALECT_DEFAULT;
	struct chain c = { .digest = { 20, "digest of the chain" } };
	struct key skeyid = { 20, "the key" }, tail = { 20, "Auth1" };
	uint8_t out[2 * HASH_MAX_BYTES], want[HASH_MAX_BYTES];
	struct span digest = key_span(&c.digest);

	d.em_hash_tail = EM_HASH_TAIL_OUTSIDE;
	ck_assert_uint_eq(chain_auth34(&c, &d, HASH_SHA1, &skeyid, &tail, out), 40);
	ck_assert(hash_hmac(HASH_SHA1, key_span(&skeyid), &digest, 1, want));
	ck_assert_mem_eq(out, want, 20);
	ck_assert_mem_eq(out + 20, tail.b, 20);
}
END_TEST

void
crypto_dialect_tests(Suite *s)
{
	TCase *t = tcase_create("dialect");

	tcase_add_test(t, skeyid_by_hand);
	tcase_add_test(t, chain_over_bodies_only);
	tcase_add_test(t, auth3_with_its_tail_outside);
	suite_add_tcase(s, t);
}
