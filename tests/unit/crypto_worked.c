/*
 * The worked example of the protocol notes (spec authip.md 10.2), byte by byte: anonymous,
 * AES-128, SHA-1, ECP-256 of RFC 5903 8.1, IPv6. It was computed apart from this program.
 */
#include <string.h>

#include "crypto/dh.h"
#include "crypto/random.h"
#include "ike/chain.h"
#include "tests/unit/check_crypto.h"
#include "tests/unit/vectors.h"

static const char m1_wire[] =
	"111213141516171800000000000000008510f30000000000000001100100000800000000"
	"8700003800000001000000010000002c01010001000000240101000080010007800e0080"
	"8002000280040013800b0001000c000400001c200a000008000300000d00002430313233"
	"3435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f0d0000181e2b5169"
	"05991c7d7c96fcbfb587e461000000090d000014fb1de3cdf341b7ea16b7e5be0855f120"
	"040000187bb93867d76c8d80df0f40fae8fc3b190000000400000044dad0b65394221cf9"
	"b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c45"
	"6fa3e59ab1f45b33accf5f58389e0577b8990bb3";
static const char m2_wire[] =
	"111213141516171821222324252627288510f30000000000000001480100000800000000"
	"8700003800000001000000010000002c01010001000000240101000080010007800e0080"
	"8002000280040013800b0001000c000400001c200a000008000300000a00002450515253"
	"5455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f0d00002470717273"
	"7475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f0d0000181e2b5169"
	"05991c7d7c96fcbfb587e4610000000986000014fb1de3cdf341b7ea16b7e5be0855f120"
	"0400002c68006f00730074002f007300720076002e006500780061006d0070006c006500"
	"2e0063006f006d0000000044d12dfb5289c8d4f81208b70270398c342296970a0bccb74c"
	"736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33"
	"039872ab";
static const char q1_plain[] =
	"0500001813e29c8a393f19c3685638493d973e3e40829d1c050000180500000020010db8"
	"000000000000000000000001010000180500000020010db8000000000000000000000002"
	"0a0000e000000001000000010200003401030401c000000100000028010b000080010001"
	"0002000400000e1080010002000200040370000080040002800500020200003802030401"
	"c00000010000002c010c0000800100010002000400000e10800100020002000403700000"
	"8004000280060080800500020200003403030401c0000001000000280103000080010001"
	"0002000400000e1080010002000200040370000080040002800500020000003404020401"
	"c00000010000002801030000800100010002000400000e10800100020002000403700000"
	"80040002800500020b000024909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7"
	"a8a9aaabacadaeaf000000100000000102009c450000000101020208";
static const char q1_wire[] =
	"111213141516171821222324252627288510f3019abcdef0000001a00000001800000001"
	"404142434445464748494a4b4c4d4e4f53a3a26cf20cd4e12d927ea0417f059f7277b08e"
	"b08a9aa46d12ad03686deb81abe6a26d7a03e5d3584a4fddbc5fb7aba5f8130413ba0a82"
	"972bb12e5e7988dd8f43cb2a2cf0f4ce78c8f117bf52f46280631fb84e8f05097e138ae1"
	"548931c16f200fe3869b0509c491cecf9c67f96f921541dbf3529cdce344a41cedca256b"
	"36abbc9af49ff1fbaac1b381e127aa6fb994d2f5a2169eb37be18587c4b59c591312c983"
	"14107d4028c5f854ad9dddf8a09c0ddc49cbc3f48935687bb6d9bb98e37af0dd97b26e38"
	"627e1107d2297f1f10ac4e0891c4a3c065a4a78accb19cb0a239729e138d65535ff6930f"
	"6008a892c747b10b7cc0a7c80576c5a9c57cded1a1d580a96488fd3712f56764033b80b7"
	"10fd14dc4cc2a5a2cd529d5eb0a4bd6f9291d5534e67ccd4b2009f4c12afea2b35a31fc8"
	"b85b2f3d6fe46d8272a03eb8002ae140e8075b52705d5d2d59c287e1130d02dd6b5ba00b"
	"51978a1732ff884d0097374f37c48a90e4451e40";
static const char q2_plain[] =
	"050000184766c35547b6cf8b5c4f9609c26d9fdf5aa63e90050000180500000020010db8"
	"000000000000000000000001010000180500000020010db8000000000000000000000002"
	"0b00004000000001000000010000003401030401c000000200000028010b000080010001"
	"0002000400000e1080010002000200040370000080040002800500020000001000000001"
	"02009c45000000010102030405060608";
static const char q2_wire[] =
	"111213141516171821222324252627288510f3019abcdef0000000e00000001800000001"
	"606162636465666768696a6b6c6d6e6faa462802741829964bac99c656d93a57b64d65d4"
	"a2ff66c5d1932ebbd2ae24b2484342b60dfcb20dc4bcd4a3c68e01b2c51d55d66c39c2eb"
	"09b0acc4bbc21966f89f2e9f10b87f5bed0dd55e1a7b03b913758d83bf99eb283385e8f4"
	"994a2b2ea55d6e2013700c984641cd85a98cebb17ccc3b2d8cb5f572a9a68d8165b51173"
	"f9c4915e8cb1461779b7003557cd6912cf137234d806b4c3420dac84527c60e2128105d6"
	"507234a652eda16c";
static const char shared[] =
	"d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
static const char skeyid[] =
	"8aa2319cb309d11cfa5236145d10ba022886a791";
static const char skeyid_d[] =
	"de08e61551a93a08d4e8bd51e08b75310b74d277";
static const char skeyid_a[] =
	"03f6d746cdf27a14319616af386147af1854913f";
static const char skeyid_e[] =
	"ff4e5082c006562cf868338ca041097612c67343";
static const char chain_1[] =
	"982b75309bbe4614c481a22cb1b519940890c77a6f83ca13f4d54c72dc69dfca";
static const char chain_2[] =
	"b5ae60db6e20dee1498344c11a48820d5b1952a5077d6dd6ea35558d9e090b82";
static const char want_auth1[] =
	"13e29c8a393f19c3685638493d973e3e40829d1c";
static const char want_auth2[] =
	"4766c35547b6cf8b5c4f9609c26d9fdf5aa63e90";
/* RFC 5903 8.1: the private value of the initiator. */
static const char private_i[] =
	"c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433";

static struct worked {
	struct dialect d;
	struct keys_input in;
	struct hex m1, m2, z;
	struct message first, second;
	struct main_keys mk;
	struct key auth1, auth2;
	struct message_keys k;
} w;

static void
expect(struct span got, const char *digits, const char *what)
{
	struct hex want;

	hex_parse(digits, &want);
	vectors_same(got, hex_span(&want), what);
}

static struct span
nonce_of(const struct message *m, size_t i)
{
	const struct payload *p = message_find(m, PAYLOAD_NONCE, i);

	ck_assert_ptr_nonnull(p);
	return p->whole;
}

static void
begin(void)
{
	static const struct dialect dialect = DIALECT_DEFAULT;

	memset(&w, 0, sizeof(w));
	w.d = dialect;
	hex_parse(m1_wire, &w.m1);
	hex_parse(m2_wire, &w.m2);
	hex_parse(shared, &w.z);
	ck_assert_int_eq(message_parse(hex_span(&w.m1), false, &w.first), IKE_OK);
	ck_assert_int_eq(message_parse(hex_span(&w.m2), false, &w.second), IKE_OK);
	w.in = (struct keys_input){ CIPHER_AES128, HASH_SHA1, w.second.h.icookie,
		w.second.h.rcookie, hex_span(&w.z), nonce_of(&w.first, 0),
		nonce_of(&w.second, 0) };
	ck_assert(keys_main(&w.d, &w.in, SPAN_NONE, &w.mk));
	w.k = (struct message_keys){ CIPHER_AES128, span_of(w.mk.e.b, 16), HASH_SHA1,
		key_span(&w.mk.a), 12 };
}

START_TEST(worked_keys)
{
	struct hex private;
	struct secret z;
	struct dh *dh;

	begin();
	expect(key_span(&w.mk.skeyid), skeyid, "SKEYID");
	expect(key_span(&w.mk.d), skeyid_d, "SKEYID_d");
	expect(key_span(&w.mk.a), skeyid_a, "SKEYID_a");
	expect(key_span(&w.mk.e), skeyid_e, "SKEYID_e");
	hex_parse(private_i, &private);
	ck_assert_ptr_nonnull(dh = dh_new(DH_ECP256, hex_span(&private)));
	vectors_same(dh_public(dh), message_find(&w.first, PAYLOAD_KE, 0)->body, "KE of M1");
	ck_assert(dh_shared(dh, message_find(&w.second, PAYLOAD_KE, 0)->body, false, &z));
	expect(secret_span(&z), shared, "Z");
	dh_free(dh);
}
END_TEST

/* The chain over M1 and M2, and the two proofs. */
static void
chain_of_two(void)
{
	struct chain_unit one = chain_unit_of(hex_span(&w.m1), w.first.chain);
	struct chain_unit two = chain_unit_of(hex_span(&w.m2), w.second.chain);
	struct chain c = { 0 };

	ck_assert(chain_step(&c, &w.d, HASH_SHA1, true, &one));
	expect(key_span(&c.digest), chain_1, "H1");
	ck_assert(chain_step(&c, &w.d, HASH_SHA1, true, &two));
	expect(key_span(&c.digest), chain_2, "H2");
	ck_assert(chain_auth12(&c, &w.d, HASH_SHA1, &w.mk.skeyid, &w.auth1, &w.auth2));
}

START_TEST(worked_proofs)
{
	begin();
	chain_of_two();
	expect(key_span(&w.auth1), want_auth1, "Auth1");
	expect(key_span(&w.auth2), want_auth2, "Auth2");
}
END_TEST

/* Opened, and built again from its payloads to the last byte. */
static void
opened_and_rebuilt(const char *wire_digits, const char *plain_digits, const struct key *proof)
{
	static struct builder b;
	static uint8_t plain[HEX_MAX_BYTES];
	struct message m;
	struct hex wire;
	struct span out;

	hex_parse(wire_digits, &wire);
	ck_assert_int_eq(message_parse(hex_span(&wire), false, &m), IKE_OK);
	ck_assert_int_eq(message_open(&m, &w.k, true, plain, wire.n), IKE_OK);
	expect(span_of(plain, m.ciphertext.n), plain_digits, "plaintext");
	vectors_same(message_find(&m, PAYLOAD_HASH, 0)->body, key_span(proof), "proof");
	build_begin(&b, &m.h, m.seq);
	for (size_t i = 0; i < m.n_payload; i++) {
		build_payload(&b, (enum ike_payload_type)m.payload[i].type);
		writer_bytes(&b.w, m.payload[i].body);
		build_end(&b);
	}
	ck_assert_int_eq(build_finish(&b, &w.k, m.iv, &out), IKE_OK);
	expect(out, wire_digits, "wire");
}

START_TEST(worked_quick_mode)
{
	begin();
	chain_of_two();
	opened_and_rebuilt(q1_wire, q1_plain, &w.auth1);
	opened_and_rebuilt(q2_wire, q2_plain, &w.auth2);
}
END_TEST

/* With AES-128 the cipher key is in front, that of integrity behind it. */
START_TEST(worked_ipsec_keys)
{
	static const struct {
		uint32_t spi;
		const char *null, *aes, *aes_integrity;
	} row[] = {
		{ 0xc0000002, "9c867d2428c0a63e03b9f39eba1e0f08a1069ec6",
		    "9c867d2428c0a63e03b9f39eba1e0f08",
		    "a1069ec60afec91803f229e3d48e25a837a82546" },
		{ 0xc0000001, "5708a7a53708510864cc3c1cab4075ca8f866194",
		    "5708a7a53708510864cc3c1cab4075ca",
		    "8f86619471fd7a886770f8c2c38d763431e1df82" },
	};
	static uint8_t plain[HEX_MAX_BYTES];
	struct secret cipher_key, integrity_key;
	struct ipsec_input qm = { 0x9abcdef0, 0, SPAN_NONE, SPAN_NONE, SPAN_NONE, NULL, NULL };
	struct message m;
	struct hex wire;

	begin();
	hex_parse(q1_wire, &wire);
	ck_assert_int_eq(message_parse(hex_span(&wire), false, &m), IKE_OK);
	ck_assert_int_eq(message_open(&m, &w.k, true, plain, wire.n), IKE_OK);
	qm.ni = nonce_of(&m, 0);
	qm.nr = nonce_of(&w.second, 1);
	qm.skeyid_d = &w.mk.d;
	for (size_t i = 0; i < 2; i++) {
		qm.spi = row[i].spi;
		ck_assert(keys_ipsec(&w.d, &w.in, &qm, CIPHER_NULL, HASH_SHA1, &cipher_key,
		    &integrity_key));
		ck_assert_uint_eq(cipher_key.n, 0);
		expect(secret_span(&integrity_key), row[i].null, "integrity key");
		ck_assert(keys_ipsec(&w.d, &w.in, &qm, CIPHER_AES128, HASH_SHA1, &cipher_key,
		    &integrity_key));
		expect(secret_span(&cipher_key), row[i].aes, "cipher key");
		expect(secret_span(&integrity_key), row[i].aes_integrity, "integrity key");
	}
}
END_TEST

/* The keys of a GSS secret without Diffie-Hellman; 3DES and its parity. */
START_TEST(worked_gss_variant)
{
	uint8_t secret[32], key[CIPHER_MAX_KEY_BYTES];

	begin();
	for (uint8_t i = 0; i < sizeof(secret); i++)
		secret[i] = i;
	w.in.cipher = CIPHER_3DES;
	w.in.z = SPAN_NONE;
	ck_assert(keys_main(&w.d, &w.in, SPAN_ARRAY(secret), &w.mk));
	expect(key_span(&w.mk.skeyid), "3336ed72388a6c869d25ad87a4dde1cc65410974", "SKEYID");
	expect(key_span(&w.mk.d), "8a6da564c973c06cdf289a9c68ac289290a470ed", "SKEYID_d");
	expect(key_span(&w.mk.a), "a44fab1aa0cfee153987602bb1ceb97392bee0c6", "SKEYID_a");
	expect(key_span(&w.mk.e), "ea46e1cf52144bfa57c0b7c34d9d128ab88f9667a676aa7b", "SKEYID_e");
	ck_assert(keys_cipher_key(CIPHER_3DES, &w.mk.e, key));
	expect(span_of(key, 24), "ea46e0ce52154afb57c1b6c24c9d138ab98f9767a776ab7a", "3DES key");
}
END_TEST

/* Nothing in a thousand draws comes twice, and each bit is one as often as not (6 sigma). */
START_TEST(random_bytes)
{
	static uint8_t draw[1000][32];
	size_t ones;

	for (size_t i = 0; i < 1000; i++) {
		ck_assert(crypto_random(draw[i], 32));
		for (size_t k = 0; k < i; k++)
			ck_assert_mem_ne(draw[i], draw[k], 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		ones = 0;
		for (size_t i = 0; i < 1000; i++)
			ones += draw[i][bit / 8] >> bit % 8 & 1;
		ck_assert_uint_gt(ones, 400);
		ck_assert_uint_lt(ones, 600);
	}
}
END_TEST

void
crypto_worked_tests(Suite *s)
{
	TCase *t = tcase_create("worked example");

	tcase_add_test(t, worked_keys);
	tcase_add_test(t, worked_proofs);
	tcase_add_test(t, worked_quick_mode);
	tcase_add_test(t, worked_ipsec_keys);
	tcase_add_test(t, worked_gss_variant);
	tcase_add_test(t, random_bytes);
	suite_add_tcase(s, t);
}
