/* AES-GCM and GMAC: known answers, the IV is a counter, no hash beside them. */
#include <string.h>

#include "crypto/esp_sa.h"
#include "tests/unit/check_esp.h"
#include "tests/unit/vectors.h"

#define FRONT_BYTES 20

static const uint8_t zero_key[20];

/*
 * Test cases 2, 3, 7, 12 and the GMAC one of draft-mcgrew-gcm-test-01: those whose sequence
 * number has 32 bits. head is SPI and sequence number, clear is with its ESP trailer.
 */
static const struct gcm_answer {
	enum cipher_id cipher;
	const char *key, *salt, *iv, *head, *clear, *sealed, *tag;
} answers[] = {
	{ CIPHER_AES128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabe",
	    "facedbaddecaf888", "0000a5f80000000a",
	    "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100000100000000"
	    "0000037369700963796265726369747902646b00000100010001",
	    "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e"
	    "9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
	    "83b70d3aa8bc6ee4c309e9d85a41ad4a" },
	{ CIPHER_AES256_GCM,
	    "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "11223344",
	    "0102030405060708", "4a2cbfe300000002",
	    "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf"
	    "0000020405b40101040201020201",
	    "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a63798577"
	    "1d347f0545659f14e99def842d8e",
	    "b335f4eecfdbf831824b4c4915956c96" },
	{ CIPHER_AES192_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabe",
	    "facedbaddecaf888", "0000a5f80000000a",
	    "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d07568"
	    "0001",
	    "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144"
	    "cc77",
	    "95457b9652037f5318027b5b4cd7a636" },
	{ CIPHER_AES128_GCM, "7d773d00c144c525ac619d18c84a3f47", "d9664267",
	    "43457e9182443bc6", "335467aeffffffff", "01020201", "437f866b",
	    "cb3f699fe9b0822bac961c4504bef270" },
	{ CIPHER_AES128_GMAC, "4c80cdefbb5d10da906ac73c3613a634", "22433c64",
	    "0000000000000000", "0000432100000007",
	    "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a"
	    "6b6c6d6e6f707172737401020201",
	    NULL, "f2a9a836e155106aa8dcd618e4099aaa" },
};
#define ANSWER_COUNT (int)(sizeof(answers) / sizeof(answers[0]))

static void
append(struct hex *h, const char *digits)
{
	struct hex more;

	hex_parse(digits, &more);
	memcpy(h->b + h->n, more.b, more.n);
	h->n += more.n;
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct esp_sa *
answer_sa(const struct gcm_answer *a, uint32_t spi)
{
	struct hex key = { 0 };
	struct esp_params p = { .protocol = 50, .spi = spi, .cipher = a->cipher };
	struct esp_sa *sa;

	append(&key, a->key);
	append(&key, a->salt);
	p.cipher_key = hex_span(&key);
	sa = esp_sa_new(&p);
	ck_assert_ptr_nonnull(sa);
	return sa;
}

/* The answer as a packet of transport mode. */
static void
answer_packet(const struct gcm_answer *a, struct hex *packet)
{
	packet->n = packet_make(PACKET_V4, 0, packet->b);
	packet->b[9] = 50;
	append(packet, a->head);
	append(packet, a->iv);
	append(packet, a->sealed != NULL ? a->sealed : a->clear);
	append(packet, a->tag);
	packet_set_length(packet->b, packet->n);
}

START_TEST(gcm_known_answer)
{
	const struct gcm_answer *a = &answers[_i];
	uint8_t back[PACKET_MAX_BYTES], again[PACKET_MAX_BYTES];
	struct hex packet, clear, head, iv;
	size_t back_n, again_n, upper_n;
	struct esp_sa *sa;

	hex_parse(a->clear, &clear);
	hex_parse(a->head, &head);
	hex_parse(a->iv, &iv);
	answer_packet(a, &packet);
	sa = answer_sa(a, get_u32(head.b));
	ck_assert_int_eq(
	    esp_open_exact(sa, packet.b, packet.n, packet.n, back, &back_n), ESP_OK);
	upper_n = clear.n - 2 - clear.b[clear.n - 2];
	ck_assert_uint_eq(back_n, FRONT_BYTES + upper_n);
	ck_assert_mem_eq(back + FRONT_BYTES, clear.b, upper_n);
	ck_assert_uint_eq(back[9], clear.b[clear.n - 1]);
	sa->iv_next = (uint64_t)get_u32(iv.b) << 32 | get_u32(iv.b + 4);
	ck_assert_int_eq(esp_seal(sa, get_u32(head.b + 4), back, back_n, again, sizeof(again),
			     &again_n),
	    ESP_OK);
	if (upper_n > 0) { /* without an upper part the vector is padded more than needed */
		ck_assert_uint_eq(again_n, packet.n);
		ck_assert_mem_eq(again + FRONT_BYTES, packet.b + FRONT_BYTES,
		    again_n - FRONT_BYTES);
	}
	esp_sa_free(sa);
}
END_TEST

/* The IV of the n-th packet of an SA is n, and what opens does not ask for order. */
START_TEST(gcm_iv_is_a_counter)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	size_t iv_at = FRONT_BYTES + (kind->protocol == 51 ? 12 : 8), n, out_n;
	uint8_t in[PACKET_MAX_BYTES], out[PACKET_MAX_BYTES], want[8] = { 0 };

	n = packet_make(PACKET_V4, 20, in);
	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(
		    esp_seal(sa, 1, in, n, out, sizeof(out), &out_n), ESP_OK);
		want[6] = (uint8_t)(i >> 8);
		want[7] = (uint8_t)i;
		ck_assert_mem_eq(out + iv_at, want, sizeof(want));
	}
	esp_sa_free(sa);
}
END_TEST

/* What was tampered with is not left where the caller would find it. */
START_TEST(gcm_leaves_nothing_of_a_forgery)
{
	static const uint8_t zero[PACKET_MAX_BYTES];
	const struct esp_kind *kind = &esp_kinds[_i];
	struct esp_sa *sa = esp_kind_sa(kind, TEST_SPI);
	uint8_t sealed[PACKET_MAX_BYTES], back[PACKET_MAX_BYTES] = { 0 };
	size_t n = esp_kind_seal(kind, PACKET_V4, 100, sealed), back_n;

	sealed[n - 1] ^= 1;
	ck_assert_int_eq(esp_open(sa, sealed, n, back, sizeof(back), &back_n), ESP_ERR_ICV);
	ck_assert_mem_eq(back, zero, sizeof(back));
	esp_sa_free(sa);
}
END_TEST

START_TEST(gcm_bad_parameters_are_refused)
{
	const struct esp_kind *kind = &esp_kinds[_i];
	struct esp_params good, p;

	esp_kind_params(kind, TEST_SPI, &good);
#define REFUSED(change) \
	p = good;       \
	change;         \
	ck_assert_msg(esp_sa_new(&p) == NULL, "accepted: " #change)
	REFUSED((p.integrity = HASH_SHA1, p.integrity_key = span_of(zero_key, 20)));
	REFUSED(p.integrity = HASH_SHA1);
	REFUSED(p.integrity_key = span_of(zero_key, 20));
	REFUSED(p.cipher_key.n -= CIPHER_SALT_BYTES);
	REFUSED(p.cipher_key.n--);
	REFUSED(p.cipher_key.n++);
	REFUSED(p.cipher_key.n = 0);
	if (cipher_encrypts(kind->cipher)) {
		REFUSED(p.protocol = 51);
	}
#undef REFUSED
}
END_TEST

void
esp_gcm_tests(Suite *s)
{
	TCase *t = tcase_create("gcm");

	tcase_add_loop_test(t, gcm_known_answer, 0, ANSWER_COUNT);
	tcase_add_loop_test(t, gcm_iv_is_a_counter, ESP_FIRST_GCM, ESP_KIND_COUNT);
	tcase_add_loop_test(t, gcm_leaves_nothing_of_a_forgery, ESP_FIRST_GCM, ESP_FIRST_GCM + 3);
	tcase_add_loop_test(t, gcm_bad_parameters_are_refused, ESP_FIRST_GCM, ESP_KIND_COUNT);
	suite_add_tcase(s, t);
}
