/* Proposals of GCM and GMAC, whose cipher is their integrity. */
#include <string.h>

#include "tests/sim/check_sim.h"
#include "tests/sim/check_sim_list.h"

static const struct {
	const char *name;
	enum qm_transform transform;
	enum cipher_id cipher;
	size_t key_n; /* with the salt */
} gcm_rows[] = {
	{ "esp-aes128-gcm", QM_ESP_AUTH_CIPHER, CIPHER_AES128_GCM, 20 },
	{ "esp-aes192-gcm", QM_ESP_AUTH_CIPHER, CIPHER_AES192_GCM, 28 },
	{ "esp-aes256-gcm", QM_ESP_AUTH_CIPHER, CIPHER_AES256_GCM, 36 },
	{ "esp-gmac128", QM_ESP_AUTH, CIPHER_AES128_GMAC, 20 },
	{ "esp-gmac192", QM_ESP_AUTH, CIPHER_AES192_GMAC, 28 },
	{ "esp-gmac256", QM_ESP_AUTH, CIPHER_AES256_GMAC, 36 },
	{ "ah-gmac128", QM_AH, CIPHER_AES128_GMAC, 20 },
	{ "ah-gmac192", QM_AH, CIPHER_AES192_GMAC, 28 },
	{ "ah-gmac256", QM_AH, CIPHER_AES256_GMAC, 36 },
};
#define GCM_COUNT (int)(sizeof(gcm_rows) / sizeof(gcm_rows[0]))

/* One host knows GCM and GMAC alone, the other one prefers everything else. */
static void
gcm_begin(int row, const struct dialect *a, const struct dialect *b)
{
	sim_init(&net, 1);
	for (size_t i = 0; i < 2; i++) {
		struct policy *p = &net.host[i].policy;
		struct qm_proposal *q =
		    &p->qm_proposal[i == 0 ? p->n_qm_proposal++ : 0];

		*q = p->qm_proposal[1];
		q->transform = gcm_rows[row].transform;
		q->cipher = gcm_rows[row].cipher;
		q->integrity = HASH_NONE;
		ck_assert_ptr_null(policy_find_fault(p));
	}
	net.host[1].policy.n_qm_proposal = 1;
	sim_start(&net, a, b);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 100000));
	sim_run(&net, 1000);
}

START_TEST(each_proposal_with_its_own_integrity)
{
	static const struct dialect d = DIALECT_DEFAULT;
	const struct action_sa_add *sa;
	char line[512];
	struct text t;

	gcm_begin(_i, &d, &d);
	sim_expect_pair(0, gcm_rows[_i].transform, gcm_rows[_i].cipher);
	sa = &net.host[0].sa->add;
	ck_assert_int_eq(sa->integrity, HASH_NONE);
	ck_assert_uint_eq(sa->integrity_key.n, 0);
	ck_assert_uint_eq(sa->cipher_key.n, gcm_rows[_i].key_n);
	text_init(&t, line, sizeof(line));
	proposal_qm_policy_text(&t, &net.host[1].policy, 0);
	ck_assert_str_eq(line, gcm_rows[_i].name);
	sim_free(&net);
}
END_TEST

/* A11: both readings of the attribute get along; those of the salt have to be the same. */
START_TEST(readings_of_gcm)
{
	struct dialect plain = DIALECT_DEFAULT, other = DIALECT_DEFAULT;
	static const uint8_t zero[4];

	other.gcm_auth_attr = GCM_AUTH_ATTR_INCLUDE;
	gcm_begin(_i, &other, &plain);
	sim_expect_pair(0, gcm_rows[_i].transform, gcm_rows[_i].cipher);
	sim_free(&net);
	other = plain;
	other.gcm_salt = GCM_SALT_ZERO;
	gcm_begin(_i, &other, &other);
	sim_expect_pair(0, gcm_rows[_i].transform, gcm_rows[_i].cipher);
	ck_assert_uint_eq(net.host[0].sa->add.cipher_key.n, gcm_rows[_i].key_n);
	ck_assert_mem_eq(
	    net.host[0].sa->add.cipher_key.b + gcm_rows[_i].key_n - 4, zero, 4);
	sim_free(&net);
	gcm_begin(_i, &other, &plain);
	ck_assert(!sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

/* GMAC does not encrypt, and is no answer for who wants that. */
START_TEST(guaranteed_encryption_takes_gcm_and_not_gmac)
{
	static const struct dialect d = DIALECT_DEFAULT;
	bool encrypts = cipher_encrypts(gcm_rows[_i].cipher);

	sim_init(&net, 1);
	for (size_t i = 0; i < 2; i++) {
		struct qm_proposal *q = &net.host[i].policy.qm_proposal[0];

		q->transform = gcm_rows[_i].transform;
		q->cipher = gcm_rows[_i].cipher;
		q->integrity = HASH_NONE;
		net.host[i].policy.n_qm_proposal = 1;
	}
	net.host[0].class.guarantee_encryption = true;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(net.host[0].result.error == IKE_OK, encrypts);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, encrypts ? 4 : 0);
	sim_free(&net);
}
END_TEST

TCase *
sim_gcm_cases(void)
{
	TCase *t = tcase_create("gcm");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, each_proposal_with_its_own_integrity, 0, GCM_COUNT);
	tcase_add_loop_test(t, readings_of_gcm, 0, GCM_COUNT);
	tcase_add_loop_test(
	    t, guaranteed_encryption_takes_gcm_and_not_gmac, 0, GCM_COUNT);
	return t;
}
