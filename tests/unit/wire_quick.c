/* Choosing quick-mode proposals. */
#include <string.h>

#include "ike/proposal.h"
#include "tests/unit/check_wire.h"

#define PEER_SPI 0x11223344u
#define OWN_SPI 0x55667788u

static struct pld_sa offer, answer;
static struct qm_choice chosen;

static struct policy
default_policy(void)
{
	struct policy p;

	policy_set_default(&p);
	return p;
}

static void
receive(struct pld_sa *sa)
{
	static uint8_t buf[2][16384];
	static int turn; /* sa may borrow from the other one */
	struct writer w;

	turn = !turn;
	writer_init(&w, buf[turn], sizeof(buf[turn]));
	pld_sa_encode(&w, sa, true);
	ck_assert(writer_ok(&w));
	ck_assert_int_eq(pld_sa_decode(span_of(buf[turn], w.n), true, sa), IKE_OK);
}

static void
reverse(struct policy *p)
{
	for (uint32_t i = 0; i < p->n_qm_proposal / 2; i++) {
		struct qm_proposal *a = &p->qm_proposal[i];
		struct qm_proposal *b = &p->qm_proposal[p->n_qm_proposal - 1 - i],
				   c = *a;

		*a = *b;
		*b = c;
	}
}

START_TEST(offer_carries_spi_in_every_proposal)
{
	struct policy p = default_policy();

	proposal_qm_offer(&p, false, OWN_SPI, &offer);
	ck_assert_uint_eq(offer.n_proposal, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(offer.proposal[i].number, i + 1);
		ck_assert_uint_eq(offer.proposal[i].spi, OWN_SPI);
		ck_assert_uint_eq(offer.proposal[i].n_transform, 1);
		ck_assert_uint_eq(offer.proposal[i].transform[0].encapsulation,
		    ENCAPSULATION_TRANSPORT);
		ck_assert(!offer.proposal[i].transform[0].has_group);
	}
	ck_assert_uint_eq(offer.proposal[0].protocol, 3);
	ck_assert_uint_eq(offer.proposal[0].transform[0].id, 11);
	ck_assert_uint_eq(offer.proposal[3].protocol, 2);
}
END_TEST

START_TEST(guarantee_encryption_offers_only_encrypting_ones)
{
	struct policy p = default_policy();

	proposal_qm_offer(&p, true, OWN_SPI, &offer);
	ck_assert_uint_eq(offer.n_proposal, 2);
	ck_assert_uint_eq(offer.proposal[0].number, 1);
	ck_assert_uint_eq(offer.proposal[0].transform[0].id, 12);
	ck_assert_uint_eq(offer.proposal[0].transform[0].key_bits, 128);
	ck_assert_uint_eq(offer.proposal[1].number, 2);
	ck_assert_uint_eq(offer.proposal[1].transform[0].id, 3);
}
END_TEST

START_TEST(first_common_quick_proposal_of_ours_is_chosen)
{
	struct policy mine = default_policy(), theirs = default_policy();

	reverse(&theirs);
	proposal_qm_offer(&theirs, false, PEER_SPI, &offer);
	receive(&offer);
	ck_assert_int_eq(
	    proposal_qm_select(&mine, false, &offer, OWN_SPI, &chosen, &answer),
	    IKE_OK);
	ck_assert_int_eq(chosen.proposal.transform, QM_ESP_AUTH);
	ck_assert_int_eq(chosen.proposal.cipher, CIPHER_NULL);
	ck_assert_uint_eq(chosen.peer_spi, PEER_SPI);
	ck_assert_uint_eq(answer.n_proposal, 1);
	ck_assert_uint_eq(answer.proposal[0].number, 4); /* as it came */
	ck_assert_uint_eq(answer.proposal[0].spi, OWN_SPI);
	receive(&answer);
	ck_assert_int_eq(proposal_qm_verify(&theirs, false, &answer, &chosen), IKE_OK);
	ck_assert_int_eq(chosen.proposal.transform, QM_ESP_AUTH);
	ck_assert_uint_eq(chosen.peer_spi, OWN_SPI);
}
END_TEST

START_TEST(guarantee_encryption_chooses_only_encrypting_ones)
{
	struct policy p = default_policy();

	proposal_qm_offer(&p, false, PEER_SPI, &offer);
	ck_assert_int_eq(
	    proposal_qm_select(&p, true, &offer, OWN_SPI, &chosen, &answer), IKE_OK);
	ck_assert_int_eq(chosen.proposal.cipher, CIPHER_AES128);
	offer.n_proposal = 1; /* integrity only */
	ck_assert_int_eq(
	    proposal_qm_select(&p, true, &offer, OWN_SPI, &chosen, &answer),
	    IKE_ERR_NO_PROPOSAL);
	ck_assert_int_eq(
	    proposal_qm_verify(&p, true, &offer, &chosen), IKE_ERR_NO_PROPOSAL);
	ck_assert_int_eq(proposal_qm_verify(&p, false, &offer, &chosen), IKE_OK);
}
END_TEST

START_TEST(every_detail_of_a_transform_counts)
{
	struct policy p = default_policy();

	for (int i = 0; i < 7; i++) {
		struct pld_transform *t = &offer.proposal[0].transform[0];

		proposal_qm_offer(&p, true, PEER_SPI, &offer);
		offer.n_proposal = 1;
		offer.proposal[0].protocol = i == 0 ? 2 : 3;
		t->key_bits = i == 1 ? 256 : i == 2 ? 0 : 128;
		t->authentication = i == 3 ? 5 : 2;
		t->encapsulation = i == 4 ? 1 : ENCAPSULATION_TRANSPORT;
		t->group = i == 5 ? (uint16_t)DH_ECP256 : 0;
		t->id = i == 6 ? 11 : 12;
		ck_assert_int_eq(
		    proposal_qm_select(&p, false, &offer, OWN_SPI, &chosen, &answer),
		    IKE_ERR_NO_PROPOSAL);
		ck_assert_int_eq(proposal_qm_verify(&p, false, &offer, &chosen),
		    IKE_ERR_NO_PROPOSAL);
	}
}
END_TEST

START_TEST(pfs_group_must_be_the_same)
{
	struct policy with = default_policy(), without = default_policy();

	for (uint32_t i = 0; i < with.n_qm_proposal; i++)
		with.qm_proposal[i].pfs = DH_ECP256;
	proposal_qm_offer(&with, false, PEER_SPI, &offer);
	receive(&offer);
	ck_assert_uint_eq(offer.proposal[0].transform[0].group, 19);
	ck_assert_int_eq(
	    proposal_qm_select(&with, false, &offer, OWN_SPI, &chosen, &answer),
	    IKE_OK);
	ck_assert_int_eq(chosen.proposal.pfs, DH_ECP256);
	ck_assert_int_eq(
	    proposal_qm_select(&without, false, &offer, OWN_SPI, &chosen, &answer),
	    IKE_ERR_NO_PROPOSAL);
	proposal_qm_offer(&without, false, PEER_SPI, &offer);
	ck_assert_int_eq(
	    proposal_qm_select(&with, false, &offer, OWN_SPI, &chosen, &answer),
	    IKE_ERR_NO_PROPOSAL);
}
END_TEST

START_TEST(smaller_limits_count)
{
	struct policy mine = default_policy(), theirs = default_policy();
	struct qm_proposal *a = &mine.qm_proposal[0], *b = &theirs.qm_proposal[0];
	/* mine, theirs, both: seconds, then kilobytes */
	static const uint32_t pairs[][6] = {
		{ 3600, 600, 600, 40000, 30000, 30000 },
		{ 600, 3600, 600, 30000, 40000, 30000 },
		{ 3600, 0, 3600, 30000, 0, 30000 },
		{ 0, 3600, 3600, 0, 30000, 30000 },
		{ 0, 0, 0, 0, 0, 0 },
		/* as short as the peer wants, within limits; as short as we want, without */
		{ 3600, 61, 61, 30000, 20481, 20481 },
		{ 3600, 60, 60, 30000, 20480, 20480 },
		{ 3600, 59, 60, 30000, 20479, 20480 },
		{ 3600, 1, 60, 30000, 1, 20480 },
		{ 0, 1, 60, 0, 1, 20480 },
		{ 59, 1, 59, 1024, 1, 1024 },
		{ 1, 3600, 1, 1, 30000, 1 },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		a->lifetime_s = pairs[i][0];
		b->lifetime_s = pairs[i][1];
		a->lifetime_kb = pairs[i][3];
		b->lifetime_kb = pairs[i][4];
		proposal_qm_offer(&theirs, false, PEER_SPI, &offer);
		receive(&offer);
		ck_assert_int_eq(
		    proposal_qm_select(&mine, false, &offer, OWN_SPI, &chosen, &answer),
		    IKE_OK);
		ck_assert_uint_eq(chosen.proposal.lifetime_s, pairs[i][2]);
		ck_assert_uint_eq(chosen.proposal.lifetime_kb, pairs[i][5]);
		ck_assert_int_eq(
		    proposal_qm_verify(&mine, false, &answer, &chosen), IKE_OK);
		ck_assert_uint_eq(chosen.proposal.lifetime_s, pairs[i][2]);
		ck_assert_uint_eq(chosen.proposal.lifetime_kb, pairs[i][5]);
	}
}
END_TEST

START_TEST(bundles_and_reserved_spis_are_passed_over)
{
	struct policy p = default_policy();

	proposal_qm_offer(&p, false, PEER_SPI, &offer);
	offer.proposal[0].number = 4; /* ESP and AH at once */
	ck_assert_int_eq(
	    proposal_qm_select(&p, false, &offer, OWN_SPI, &chosen, &answer), IKE_OK);
	ck_assert_int_eq(chosen.proposal.cipher, CIPHER_AES128);
	proposal_qm_offer(&p, false, 255, &offer);
	ck_assert_int_eq(
	    proposal_qm_select(&p, false, &offer, OWN_SPI, &chosen, &answer),
	    IKE_ERR_NO_PROPOSAL);
	offer.n_proposal = 1;
	ck_assert_int_eq(
	    proposal_qm_verify(&p, false, &offer, &chosen), IKE_ERR_NO_PROPOSAL);
	offer.proposal[0].spi = 256;
	ck_assert_int_eq(proposal_qm_verify(&p, false, &offer, &chosen), IKE_OK);
}
END_TEST

/* ESP with IPComp, and ESP alone as its alternative: as others offer them (RFC 2407 4.4.1). */
START_TEST(ipcomp_is_passed_over)
{
	struct policy p = default_policy();
	uint8_t b[2048], *at;
	struct writer w;
	struct span sa;

	for (int spi_n = 2; spi_n <= 4; spi_n += 2) {
		proposal_qm_offer(&p, false, PEER_SPI, &offer);
		offer.n_proposal = 3;
		offer.proposal[1] = offer.proposal[0];
		offer.proposal[1].protocol = 4; /* with the first one, by its number */
		offer.proposal[1].transform[0].id = 2;
		offer.proposal[2] = offer.proposal[0];
		offer.proposal[2].number = 2;
		writer_init(&w, b, sizeof(b));
		pld_sa_encode(&w, &offer, true);
		ck_assert(writer_ok(&w));
		sa = span_of(b, w.n);
		at = b + 8 + (b[10] << 8 | b[11]); /* the second proposal */
		ck_assert_uint_eq(at[5], 4);
		if (spi_n == 2) { /* a CPI alone */
			at[6] = 2;
			at[3] -= 2;
			memmove(at + 10, at + 12, sa.n - (size_t)(at + 12 - b));
			sa.n -= 2;
		}
		ck_assert_int_eq(pld_sa_decode(sa, true, &offer), IKE_OK);
		ck_assert_int_eq(
		    proposal_qm_select(&p, false, &offer, OWN_SPI, &chosen, &answer),
		    IKE_OK);
		ck_assert_uint_eq(answer.proposal[0].number, 2);
		ck_assert_uint_eq(answer.proposal[0].protocol, 3);
		offer.n_proposal = 2; /* nothing but both at once */
		ck_assert_int_eq(
		    proposal_qm_select(&p, false, &offer, OWN_SPI, &chosen, &answer),
		    IKE_ERR_NO_PROPOSAL);
	}
}
END_TEST

START_TEST(quick_verify_wants_exactly_one_transform)
{
	struct policy p = default_policy();

	proposal_qm_offer(&p, false, PEER_SPI, &answer);
	ck_assert_int_eq(
	    proposal_qm_verify(&p, false, &answer, &chosen), IKE_ERR_NO_PROPOSAL);
	answer.n_proposal = 0;
	ck_assert_int_eq(
	    proposal_qm_verify(&p, false, &answer, &chosen), IKE_ERR_NO_PROPOSAL);
	answer.n_proposal = 1;
	answer.proposal[0].transform[1] = answer.proposal[0].transform[0];
	answer.proposal[0].n_transform = 2;
	ck_assert_int_eq(
	    proposal_qm_verify(&p, false, &answer, &chosen), IKE_ERR_NO_PROPOSAL);
}
END_TEST

#define DEFAULT_TEXT "esp-null-sha1, esp-aes128-sha1, esp-3des-sha1, ah-sha1"

START_TEST(quick_mode_texts)
{
	struct policy p = default_policy();
	char line[128];
	struct text t;

	text_init(&t, line, sizeof(line));
	proposal_qm_policy_text(&t, &p, false);
	ck_assert_str_eq(line, DEFAULT_TEXT);
	text_init(&t, line, sizeof(line));
	proposal_qm_policy_text(&t, &p, true);
	ck_assert_str_eq(line, "esp-aes128-sha1, esp-3des-sha1");
	proposal_qm_offer(&p, false, PEER_SPI, &offer);
	text_init(&t, line, sizeof(line));
	proposal_qm_text(&t, &offer);
	ck_assert_str_eq(line, DEFAULT_TEXT);
	offer.n_proposal = 2;
	offer.proposal[1].transform[0].id = 99;
	text_init(&t, line, sizeof(line));
	proposal_qm_text(&t, &offer);
	ck_assert_str_eq(line, "esp-null-sha1, transform 99");
}
END_TEST

/* RFC 4106 8.1, RFC 4543 9: numbers, key length, and the hash of AH alone. */
START_TEST(gcm_and_gmac_on_the_wire)
{
	static const struct {
		enum qm_transform transform;
		enum cipher_id cipher;
		uint8_t protocol, id;
		uint16_t bits, authentication;
		const char *name;
	} row[] = {
		{ QM_ESP_AUTH_CIPHER, CIPHER_AES256_GCM, 3, 20, 256, 0,
		    "esp-aes256-gcm" },
		{ QM_ESP_AUTH, CIPHER_AES128_GMAC, 3, 23, 128, 0, "esp-gmac128" },
		{ QM_AH, CIPHER_AES192_GMAC, 2, 12, 0, 12, "ah-gmac192" },
	};
	struct policy p = default_policy();
	char line[128];
	struct text t;

	p.n_qm_proposal = 1;
	p.qm_proposal[0].integrity = HASH_NONE;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pld_transform *w = &offer.proposal[0].transform[0];

		p.qm_proposal[0].transform = row[i].transform;
		p.qm_proposal[0].cipher = row[i].cipher;
		proposal_qm_offer(&p, 0, PEER_SPI, &offer);
		receive(&offer);
		ck_assert_uint_eq(offer.proposal[0].protocol, row[i].protocol);
		ck_assert_uint_eq(w->id, row[i].id);
		ck_assert_uint_eq(w->key_bits, row[i].bits);
		ck_assert_uint_eq(w->authentication, row[i].authentication);
		text_init(&t, line, sizeof(line));
		proposal_qm_text(&t, &offer);
		ck_assert_str_eq(line, row[i].name);
		proposal_qm_offer(&p, QM_WANT_AUTH_ATTR, PEER_SPI, &offer);
		ck_assert_uint_ge(w->authentication, 11);
		ck_assert_int_eq(
		    proposal_qm_select(&p, 0, &offer, OWN_SPI, &chosen, &answer),
		    IKE_OK);
		ck_assert_int_eq(chosen.proposal.cipher, row[i].cipher);
	}
}
END_TEST

void
wire_quick_tests(Suite *s)
{
	TCase *t = tcase_create("quick");

	tcase_add_test(t, offer_carries_spi_in_every_proposal);
	tcase_add_test(t, guarantee_encryption_offers_only_encrypting_ones);
	tcase_add_test(t, first_common_quick_proposal_of_ours_is_chosen);
	tcase_add_test(t, guarantee_encryption_chooses_only_encrypting_ones);
	tcase_add_test(t, every_detail_of_a_transform_counts);
	tcase_add_test(t, pfs_group_must_be_the_same);
	tcase_add_test(t, smaller_limits_count);
	tcase_add_test(t, bundles_and_reserved_spis_are_passed_over);
	tcase_add_test(t, ipcomp_is_passed_over);
	tcase_add_test(t, quick_verify_wants_exactly_one_transform);
	tcase_add_test(t, quick_mode_texts);
	tcase_add_test(t, gcm_and_gmac_on_the_wire);
	suite_add_tcase(s, t);
}
