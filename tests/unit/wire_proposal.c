/* Choosing main-mode proposals. */
#include <string.h>

#include "ike/proposal.h"
#include "tests/unit/check_wire.h"

static const struct dialect plain = DIALECT_DEFAULT;
static struct pld_sa offer, answer;
static struct mm_proposal chosen;

static struct policy
default_policy(void)
{
	struct policy p;

	policy_set_default(&p);
	ck_assert_ptr_null(policy_find_fault(&p));
	return p;
}

/* The default policy with its main-mode proposals in reverse order. */
static struct policy
reversed_policy(void)
{
	struct policy p = default_policy();
	struct mm_proposal first = p.mm_proposal[0];

	ck_assert_uint_eq(p.n_mm_proposal, 2);
	p.mm_proposal[0] = p.mm_proposal[1];
	p.mm_proposal[1] = first;
	return p;
}

/* Through the wire, as a peer sees it. */
static void
receive(struct pld_sa *sa)
{
	static uint8_t buf[2][16384];
	static int turn; /* sa may borrow from the other one */
	struct writer w;

	turn = !turn;
	writer_init(&w, buf[turn], sizeof(buf[turn]));
	pld_sa_encode(&w, sa, false);
	ck_assert(writer_ok(&w));
	ck_assert_int_eq(pld_sa_decode(span_of(buf[turn], w.n), false, sa), IKE_OK);
}

/* -1: there is none. */
static int
group_of_attempt(const struct policy *p, uint32_t attempt)
{
	enum dh_group g;

	return proposal_mm_group(p, &plain, attempt, &g) ? (int)g : -1;
}

START_TEST(groups_are_tried_in_order_of_the_policy)
{
	struct policy p = default_policy();

	ck_assert_int_eq(group_of_attempt(&p, 0), DH_ECP256);
	ck_assert_int_eq(group_of_attempt(&p, 1), DH_MODP1024);
	ck_assert_int_eq(group_of_attempt(&p, 2), -1);
	p.mm_proposal[2] = p.mm_proposal[0]; /* the same group again */
	p.n_mm_proposal = 3;
	ck_assert_int_eq(group_of_attempt(&p, 2), -1);
}
END_TEST

START_TEST(strict_offer_has_one_group)
{
	struct policy p = default_policy();

	proposal_mm_offer(&p, false, DH_MODP1024, &plain, &offer);
	ck_assert_uint_eq(offer.proposal[0].n_transform, 1);
	ck_assert_uint_eq(offer.proposal[0].transform[0].cipher, 5);
	ck_assert_uint_eq(offer.proposal[0].transform[0].group, 2);
	ck_assert_uint_eq(offer.proposal[0].transform[0].number, 1);
	proposal_mm_offer(&p, true, DH_NONE, &plain, &offer);
	ck_assert_uint_eq(offer.proposal[0].n_transform, 2);
	ck_assert(!offer.proposal[0].transform[0].has_auth_method);
}
END_TEST

START_TEST(auth_attribute_is_a_matter_of_the_dialect)
{
	struct policy p = default_policy();
	struct dialect d = plain;

	d.mm_auth_attr = MM_AUTH_ATTR_INCLUDE;
	proposal_mm_offer(&p, true, DH_NONE, &d, &offer);
	ck_assert(offer.proposal[0].transform[0].has_auth_method);
	ck_assert_uint_eq(offer.proposal[0].transform[0].auth_method, AUTH_ANONYMOUS);
}
END_TEST

START_TEST(first_common_proposal_of_ours_is_chosen)
{
	struct policy mine = default_policy(), theirs = reversed_policy();

	proposal_mm_offer(&theirs, true, DH_NONE, &plain, &offer);
	receive(&offer);
	ck_assert_int_eq(
	    proposal_mm_select(&mine, &offer, true, DH_ECP256, &chosen, &answer), IKE_OK);
	ck_assert_int_eq(chosen.cipher, CIPHER_AES128);
	ck_assert_int_eq(chosen.group, DH_ECP256);
	ck_assert_uint_eq(answer.n_proposal, 1);
	ck_assert_uint_eq(answer.proposal[0].n_transform, 1);
	ck_assert_uint_eq(answer.proposal[0].transform[0].number, 2); /* as it came */
	receive(&answer);
	ck_assert_int_eq(
	    proposal_mm_verify(&theirs, &plain, DH_ECP256, &answer, &chosen), IKE_OK);
	ck_assert_int_eq(chosen.cipher, CIPHER_AES128);
}
END_TEST

START_TEST(group_of_the_ke_decides)
{
	struct policy p = default_policy();

	proposal_mm_offer(&p, true, DH_NONE, &plain, &offer);
	ck_assert_int_eq(
	    proposal_mm_select(&p, &offer, true, DH_MODP1024, &chosen, &answer), IKE_OK);
	ck_assert_int_eq(chosen.cipher, CIPHER_3DES);
	proposal_mm_offer(&p, false, DH_ECP256, &plain, &offer);
	ck_assert_int_eq(proposal_mm_select(&p, &offer, true, DH_MODP1024, &chosen, &answer),
	    IKE_ERR_GROUP);
	ck_assert_int_eq(
	    proposal_mm_select(&p, &offer, true, DH_NONE, &chosen, &answer), IKE_ERR_GROUP);
}
END_TEST

/* A35, A37: Kerberos and TLS need no group, and have one only if the dialect wants it. */
START_TEST(t091_no_group_without_dh)
{
	struct policy p = default_policy();
	struct dialect d = plain;

	p.mm_auth[0].method = AUTH_KERBEROS;
	ck_assert_int_eq(group_of_attempt(&p, 0), DH_NONE);
	ck_assert_int_eq(group_of_attempt(&p, 1), -1);
	proposal_mm_offer(&p, false, DH_NONE, &d, &offer);
	ck_assert_uint_eq(offer.proposal[0].n_transform, 2);
	ck_assert(offer.proposal[0].transform[0].has_group);
	ck_assert_uint_eq(offer.proposal[0].transform[0].group, 0);
	ck_assert_int_eq(proposal_mm_select(&p, &offer, false, DH_NONE, &chosen, &answer), IKE_OK);
	ck_assert_int_eq(chosen.group, DH_NONE);
	ck_assert_int_eq(proposal_mm_verify(&p, &d, DH_NONE, &answer, &chosen), IKE_OK);
	ck_assert_int_eq(
	    proposal_mm_select(&p, &offer, true, DH_NONE, &chosen, &answer), IKE_ERR_NO_PROPOSAL);
	d.mm_dh_none = MM_DH_NONE_ABSENT;
	proposal_mm_offer(&p, false, DH_NONE, &d, &offer);
	ck_assert(!offer.proposal[0].transform[0].has_group);
	d.mm_dh_with_gss = MM_DH_WITH_GSS_ALWAYS;
	proposal_mm_offer(&p, false, DH_ECP256, &d, &offer);
	ck_assert_uint_eq(offer.proposal[0].transform[0].group, DH_ECP256);
	/* one of two methods needs it: both get it */
	p.mm_auth[p.n_mm_auth++] = (struct auth_entry){ AUTH_NTLM, true };
	ck_assert_int_eq(group_of_attempt(&p, 0), DH_ECP256);
}
END_TEST

START_TEST(nothing_in_common_is_no_proposal)
{
	struct policy mine = default_policy(), theirs = default_policy();

	for (int i = 0; i < 5; i++) {
		struct pld_transform *t = &offer.proposal[0].transform[0];

		proposal_mm_offer(&theirs, false, DH_ECP256, &plain, &offer);
		t->key_bits = i == 0 ? 256 : t->key_bits;
		t->hash = i == 1 ? (uint16_t)HASH_SHA256 : t->hash;
		t->group = i == 2 ? (uint16_t)DH_ECP384 : t->group;
		t->cipher = i == 3 ? 5 : t->cipher;
		t->id = i == 4 ? 2 : t->id;
		ck_assert_int_eq(
		    proposal_mm_select(&mine, &offer, true, DH_ECP256, &chosen, &answer),
		    IKE_ERR_NO_PROPOSAL);
		offer.n_proposal = 1;
		ck_assert_int_eq(proposal_mm_verify(&mine, &plain, DH_ECP256, &offer, &chosen),
		    IKE_ERR_NO_PROPOSAL);
	}
	offer.n_proposal = 0;
	ck_assert_int_eq(proposal_mm_select(&mine, &offer, true, DH_ECP256, &chosen, &answer),
	    IKE_ERR_NO_PROPOSAL);
}
END_TEST

START_TEST(smaller_lifetime_counts)
{
	static const struct {
		uint32_t mine, theirs, want;
	} lives[] = { { 7200, 3600, 3600 }, { 3600, 7200, 3600 }, { 7200, 0, 7200 },
		/* as short as the peer wants, within limits; as short as we want, without */
		{ 7200, 61, 61 }, { 7200, 60, 60 }, { 7200, 59, 60 }, { 7200, 1, 60 },
		{ 59, 1, 59 }, { 1, 7200, 1 } };

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct policy mine = default_policy(), theirs = default_policy();

		mine.mm_proposal[0].lifetime_s = lives[i].mine;
		theirs.mm_proposal[0].lifetime_s = lives[i].theirs;
		proposal_mm_offer(&theirs, false, DH_ECP256, &plain, &offer);
		receive(&offer);
		ck_assert_int_eq(
		    proposal_mm_select(&mine, &offer, true, DH_ECP256, &chosen, &answer),
		    IKE_OK);
		ck_assert_uint_eq(chosen.lifetime_s, lives[i].want);
		ck_assert_int_eq(
		    proposal_mm_verify(&mine, &plain, DH_ECP256, &answer, &chosen), IKE_OK);
		ck_assert_uint_eq(chosen.lifetime_s, lives[i].want);
	}
}
END_TEST

START_TEST(verify_refuses_what_was_not_offered)
{
	struct policy p = default_policy();

	/* two transforms, two proposals, none */
	proposal_mm_offer(&p, true, DH_NONE, &plain, &answer);
	ck_assert_int_eq(
	    proposal_mm_verify(&p, &plain, DH_ECP256, &answer, &chosen), IKE_ERR_NO_PROPOSAL);
	proposal_mm_offer(&p, false, DH_ECP256, &plain, &answer);
	answer.proposal[1] = answer.proposal[0];
	answer.n_proposal = 2;
	ck_assert_int_eq(
	    proposal_mm_verify(&p, &plain, DH_ECP256, &answer, &chosen), IKE_ERR_NO_PROPOSAL);
	answer.n_proposal = 0;
	ck_assert_int_eq(
	    proposal_mm_verify(&p, &plain, DH_ECP256, &answer, &chosen), IKE_ERR_NO_PROPOSAL);
	/* in the policy, but not in this attempt, which offered one group */
	proposal_mm_offer(&p, false, DH_MODP1024, &plain, &answer);
	ck_assert_int_eq(
	    proposal_mm_verify(&p, &plain, DH_ECP256, &answer, &chosen), IKE_ERR_NO_PROPOSAL);
	ck_assert_int_eq(proposal_mm_verify(&p, &plain, DH_MODP1024, &answer, &chosen), IKE_OK);
}
END_TEST

START_TEST(group_of_a_ke_payload)
{
	struct policy p = default_policy();

	proposal_mm_offer(&p, true, DH_NONE, &plain, &offer);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, false, 0, 64), DH_ECP256);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, false, 0, 128), DH_MODP1024);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, false, 0, 256), DH_NONE);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, false, 0, 63), DH_NONE);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, false, 0, 0), DH_NONE);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, true, 4, 64), DH_ECP256);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, true, 2, 64), DH_NONE);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, true, 2, 128), DH_MODP1024);
	proposal_mm_offer(&p, false, DH_ECP256, &plain, &offer);
	ck_assert_int_eq(proposal_mm_ke_group(&offer, false, 0, 128), DH_NONE);
	ck_assert_uint_eq(proposal_vendor_group(DH_MODP2048), 3);
	ck_assert_uint_eq(proposal_vendor_group(DH_ECP384), 5);
	ck_assert_uint_eq(proposal_vendor_group((enum dh_group)99), 0);
}
END_TEST

START_TEST(main_mode_texts)
{
	struct policy p = default_policy();
	char line[128], small[12];
	struct text t;

	text_init(&t, line, sizeof(line));
	proposal_mm_policy_text(&t, &p);
	ck_assert_str_eq(line, "aes128-sha1-ecp256, 3des-sha1-modp1024");
	proposal_mm_offer(&p, true, DH_NONE, &plain, &offer);
	text_init(&t, line, sizeof(line));
	proposal_mm_text(&t, &offer);
	ck_assert_str_eq(line, "aes128-sha1-ecp256, 3des-sha1-modp1024");
	offer.proposal[0].n_transform = 1;
	offer.proposal[0].transform[0].cipher = 6;
	offer.proposal[0].transform[0].hash = 3;
	offer.proposal[0].transform[0].group = 5;
	text_init(&t, line, sizeof(line));
	proposal_mm_text(&t, &offer);
	ck_assert_str_eq(line, "cipher 6-hash 3-group 5");
	text_init(&t, small, sizeof(small));
	proposal_mm_policy_text(&t, &p);
	ck_assert_str_eq(small, "aes128-sha1");
}
END_TEST

void
wire_proposal_tests(Suite *s)
{
	TCase *t = tcase_create("proposal");

	tcase_add_test(t, groups_are_tried_in_order_of_the_policy);
	tcase_add_test(t, strict_offer_has_one_group);
	tcase_add_test(t, auth_attribute_is_a_matter_of_the_dialect);
	tcase_add_test(t, first_common_proposal_of_ours_is_chosen);
	tcase_add_test(t, group_of_the_ke_decides);
	tcase_add_test(t, t091_no_group_without_dh);
	tcase_add_test(t, nothing_in_common_is_no_proposal);
	tcase_add_test(t, smaller_lifetime_counts);
	tcase_add_test(t, verify_refuses_what_was_not_offered);
	tcase_add_test(t, group_of_a_ke_payload);
	tcase_add_test(t, main_mode_texts);
	suite_add_tcase(s, t);
}
