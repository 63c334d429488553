/* Keys of IKEv1 against values that another program computed from RFC 2409. */
#include <stdlib.h>
#include <string.h>

#include "tests/hostile/check_v1.h"

#define V_SKEYID "f25ff415dd796baf93d80fb73b3c8022bf1cf3ed"
#define V_D "5cf6fddd163fa6b81e32f05ddfda63c21696e3dd"
#define V_A "6c04849cb8d9f27646bf4fcf614ecaaf8e6ec17b"
#define V_KEY "83a54cb05c491d946ecd9979f66b5c708b889671ad3ab535d56f05cdb847e9cf"
#define V_IV "a1a8039bb9ba84484f1e9c659f5cc1ac"
#define V_HASH_I "283cad1d2c740da68d677df7b261831dbbc157ac"
#define V_HASH_R "ada5fd94e3e91f76b8f04f2c269229b49346dd42"
#define V_SIGNED "6b8e533ccf24027ebea723698190f1db39546bb0"
#define V_KEYMAT \
	"30298437e0efa34f5e68ac25f566d56c3b7b49aaa54d66b1c22c2dab489f17ff1d2f5491"
#define V_PFS "a0ae5381ae654b6b0d92a98de3f7eaf0dd67fba380380272e3eddfd41af9d5cf889ed1ce"
#define V_QUICK_IV "de7dc6929f26fc964f4152ef89ad92cc"

static void
expect_hex(const uint8_t *p, const char *hex)
{
	for (size_t i = 0; hex[2 * i] != '\0'; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		ck_assert_uint_eq(p[i], strtoul(byte, NULL, 16));
	}
}

static void
fill(uint8_t *p, size_t n, uint8_t first, uint8_t step)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(first + i * step);
}

static struct mm_sa mm;
static struct v1_mm v1;
static struct secret z;
static uint8_t ni[4 + 16], nr[4 + 32], ke_i[64], ke_r[64];
static char sa_body[] = "body of the SA payload";

static struct blob
borrow(void *p, size_t n)
{
	return (struct blob){ p, n };
}

static void
prepare(void)
{
	memset(&mm, 0, sizeof(mm));
	memset(&v1, 0, sizeof(v1));
	mm.v1 = &v1;
	mm.z = &z;
	mm.chosen = (struct mm_proposal){ CIPHER_AES256, HASH_SHA1, DH_ECP256, 7200 };
	fill(mm.icookie, 8, 1, 1);
	fill(mm.rcookie, 8, 0x81, 1);
	z.n = 32;
	fill(z.b, z.n, 0xa0, 1);
	fill(ni + 4, 16, 0x10, 1);
	fill(nr + 4, 32, 0x40, 1);
	fill(ke_i, 64, 0, 3);
	fill(ke_r, 64, 0, 5);
	mm.ni = borrow(ni, sizeof(ni));
	mm.nr = borrow(nr, sizeof(nr));
	v1.ke_i = borrow(ke_i, sizeof(ke_i));
	v1.ke_r = borrow(ke_r, sizeof(ke_r));
	v1.sa_i = borrow(sa_body, sizeof(sa_body) - 1);
}

/* Of a pre-shared key SKEYID comes from the auth role. */
static void
derive_psk(void)
{
	static const char psk[] = "mekmitasdigoat";
	struct span nonces[2] = { span_of(ni + 4, 16), span_of(nr + 4, 32) };

	ck_assert(
	    hash_hmac(HASH_SHA1, span_of(psk, strlen(psk)), nonces, 2, v1.skeyid));
	expect_hex(v1.skeyid, V_SKEYID);
	ck_assert(v1_keys_derive(&mm));
}

START_TEST(main_mode_keys)
{
	static const uint8_t id_i[] = { 1, 0, 0, 0, 192, 0, 2, 1 };
	static const uint8_t id_r[] = { 1, 0, 0, 0, 192, 0, 2, 2 };
	uint8_t hash[HASH_MAX_BYTES];
	struct v1_iv iv;

	prepare();
	derive_psk();
	expect_hex(mm.keys.d, V_D);
	expect_hex(mm.keys.a, V_A);
	expect_hex(mm.keys.cipher_key, V_KEY); /* longer than the hash: chained */
	expect_hex(v1.iv.b, V_IV);
	ck_assert(v1_keys_auth_hash(&mm, true, SPAN_ARRAY(id_i), hash));
	expect_hex(hash, V_HASH_I);
	ck_assert(v1_keys_auth_hash(&mm, false, SPAN_ARRAY(id_r), hash));
	expect_hex(hash, V_HASH_R);
	ck_assert(v1_keys_iv(&mm, 0x01020304, &iv));
	expect_hex(iv.b, V_QUICK_IV);
}
END_TEST

START_TEST(skeyid_of_signatures)
{
	prepare();
	ck_assert(v1_keys_skeyid(&mm));
	expect_hex(v1.skeyid, V_SIGNED);
}
END_TEST

START_TEST(keymat)
{
	struct secret cipher, integrity;
	struct qm_sa qm = { .mm = &mm };

	prepare();
	derive_psk();
	qm.ni = mm.ni;
	qm.nr = mm.nr;
	qm.choice.proposal = (struct qm_proposal){ QM_ESP_AUTH_CIPHER, HASH_SHA1,
		CIPHER_AES128, DH_NONE, 3600, 0 };
	for (int pfs = 0; pfs < 2; pfs++) {
		const char *want = pfs == 0 ? V_KEYMAT : V_PFS;

		qm.z = pfs == 0 ? NULL : &z;
		ck_assert(v1_keys_ipsec(&qm, 0xc0000001, &cipher, &integrity));
		ck_assert_uint_eq(cipher.n, 16);
		ck_assert_uint_eq(integrity.n, 20);
		memcpy(cipher.b + 16, integrity.b, 20);
		expect_hex(cipher.b, want);
	}
}
END_TEST

/* Of AH it is the same with 2 for its protocol in front of the SPI (RFC 2409 5.5). */
START_TEST(keymat_of_ah)
{
	static const uint8_t head[] = { 2, 0xc0, 0, 0, 1 };
	struct secret cipher, integrity;
	struct qm_sa qm = { .mm = &mm };
	struct span seed[3];
	uint8_t want[20];

	prepare();
	derive_psk();
	qm.ni = mm.ni;
	qm.nr = mm.nr;
	qm.choice.proposal =
	    (struct qm_proposal){ QM_AH, HASH_SHA1, CIPHER_NULL, DH_NONE, 3600, 0 };
	seed[0] = SPAN_ARRAY(head);
	seed[1] = span_of(ni + 4, sizeof(ni) - 4);
	seed[2] = span_of(nr + 4, sizeof(nr) - 4);
	ck_assert(v1_keymat(HASH_SHA1, span_of(mm.keys.d, 20), seed, 3, want, 20));
	ck_assert(v1_keys_ipsec(&qm, 0xc0000001, &cipher, &integrity));
	ck_assert_uint_eq(integrity.n, 20);
	ck_assert_mem_eq(integrity.b, want, 20);
}
END_TEST

TCase *
v1_key_cases(void)
{
	TCase *t = tcase_create("keys");

	tcase_add_test(t, main_mode_keys);
	tcase_add_test(t, skeyid_of_signatures);
	tcase_add_test(t, keymat);
	tcase_add_test(t, keymat_of_ah);
	return t;
}
