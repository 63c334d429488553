/* Negotiations as they should go, and as policy says that they should not. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/check_sim.h"
#include "tests/sim/check_sim_list.h"

static void
begin_with(const struct dialect *d)
{
	sim_init_dialect(&net, 42, d);
}

static void
begin(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	begin_with(&d);
}

static void
expect_pair(size_t host, enum qm_transform t, enum cipher_id cipher)
{
	ck_assert_uint_eq(net.host[host].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	ck_assert(sim_sas_agree(&net));
	ck_assert_uint_eq(net.host[0].sa->add.protocol, t == QM_AH ? 51 : 50);
	ck_assert_uint_eq(net.host[0].sa->add.cipher, cipher);
}

START_TEST(default_policy_with_extended_mode)
{
	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	ck_assert_uint_eq(net.host[0].n_auth_open, 0);
	ck_assert_uint_eq(net.host[1].n_auth_open, 0);
	ck_assert_uint_eq(engine_event_count(net.host[0].engine, EVENT_EM_ESTABLISHED), 1);
	ck_assert_uint_eq(engine_event_count(net.host[1].engine, EVENT_EM_ESTABLISHED), 1);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

START_TEST(no_sa_before_extended_mode)
{
	begin();
	net.host[1].auth_is_silent = true;
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 20000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_qm(&net, 0), 1);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(ipv6)
{
	begin();
	sim_acquire(&net, 0, 1, 6, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

/* The peer does not know who we are, and policy says that this is fine. */
START_TEST(anonymous_without_extended_mode)
{
	struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.n_em_auth = net.host[1].policy.n_em_auth = 0;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

/* One side wants extended mode and the other does not: no SA at the side that wants it. */
START_TEST(extended_mode_wanted_by_one_side_only)
{
	struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.n_em_auth = 0;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	ck_assert_uint_ge(engine_error_count(net.host[1].engine, IKE_ERR_EM_REQUIRED), 1);
	sim_free(&net);
}
END_TEST

START_TEST(guaranteed_encryption_chooses_aes)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	policy_keep_encrypting(&net.host[0].policy);
	net.host[0].class.guarantee_encryption = true;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	expect_pair(0, QM_ESP_AUTH_CIPHER, CIPHER_AES128);
	ck_assert(net.host[1].sa->add.guaranteed_encryption);
	sim_free(&net);
}
END_TEST

START_TEST(guaranteed_encryption_is_not_bargained_away)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.n_qm_proposal = 1; /* ESP without encryption */
	net.host[1].class.guarantee_encryption = true;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 100000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_ge(
	    engine_error_count(net.host[1].engine, IKE_ERR_ENCRYPTION_REQUIRED), 1);
	sim_free(&net);
}
END_TEST

static const struct {
	enum qm_transform transform;
	enum cipher_id cipher;
} transforms[] = {
	{ QM_ESP_AUTH, CIPHER_NULL },
	{ QM_ESP_AUTH_CIPHER, CIPHER_AES128 },
	{ QM_ESP_AUTH_CIPHER, CIPHER_3DES },
	{ QM_AH, CIPHER_NULL },
};

START_TEST(each_quick_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.qm_proposal[0] = net.host[1].policy.qm_proposal[_i];
	net.host[1].policy.n_qm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	expect_pair(0, transforms[_i].transform, transforms[_i].cipher);
	sim_free(&net);
}
END_TEST

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
		struct qm_proposal *q = &p->qm_proposal[i == 0 ? p->n_qm_proposal++ : 0];

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
	expect_pair(0, gcm_rows[_i].transform, gcm_rows[_i].cipher);
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
	expect_pair(0, gcm_rows[_i].transform, gcm_rows[_i].cipher);
	sim_free(&net);
	other = plain;
	other.gcm_salt = GCM_SALT_ZERO;
	gcm_begin(_i, &other, &other);
	expect_pair(0, gcm_rows[_i].transform, gcm_rows[_i].cipher);
	ck_assert_uint_eq(net.host[0].sa->add.cipher_key.n, gcm_rows[_i].key_n);
	ck_assert_mem_eq(net.host[0].sa->add.cipher_key.b + gcm_rows[_i].key_n - 4, zero, 4);
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

static const struct mm_proposal mm_proposals[] = {
	{ CIPHER_AES128, HASH_SHA1, DH_ECP256, 7200 },
	{ CIPHER_3DES, HASH_SHA1, DH_MODP1024, 7200 },
	{ CIPHER_AES256, HASH_SHA256, DH_MODP2048, 7200 },
	{ CIPHER_AES192, HASH_SHA384, DH_ECP384, 7200 },
};

START_TEST(each_main_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	for (int i = 0; i < 2; i++) {
		net.host[i].policy.mm_proposal[0] = mm_proposals[_i];
		net.host[i].policy.n_mm_proposal = 1;
	}
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

/* A36: strict: the peer accepts only the second group, and the second attempt brings it. */
START_TEST(second_group_by_second_attempt)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.mm_proposal[0] = net.host[1].policy.mm_proposal[1];
	net.host[1].policy.n_mm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 100000));
	sim_run(&net, 1000);
	expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

START_TEST(no_acceptable_main_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.mm_proposal[0] = mm_proposals[2];
	net.host[1].policy.n_mm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	/* The text names both sides' proposals. */
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "3des-sha1-modp1024"));
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "aes256-sha256-modp2048"));
	ck_assert_ptr_nonnull(strstr(net.host[0].result.text, "unauthenticated notify"));
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

START_TEST(no_acceptable_quick_mode_proposal)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].policy.qm_proposal[0] = net.host[1].policy.qm_proposal[3];
	net.host[1].policy.n_qm_proposal = 1;
	net.host[0].policy.n_qm_proposal = 3;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_result, 1);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_PEER_STATUS);
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "ah-sha1"));
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "esp-aes128-sha1"));
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

START_TEST(nobody_listens_there)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].has_qm_policy = false;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 1000));
	ck_assert_uint_ne(net.host[0].result.error, IKE_OK);
	ck_assert_ptr_nonnull(strstr(net.host[1].failure, "WSASetSocketSecurity"));
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(no_main_mode_policy)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[1].has_mm_policy = false;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].result.error, IKE_ERR_TIMED_OUT);
	sim_free(&net);
}
END_TEST

/* One main mode, many quick modes. */
START_TEST(further_quick_modes)
{
	begin();
	for (uint16_t i = 0; i < 10; i++) {
		sim_acquire(&net, 0, i + 1, 4, (uint16_t)(80 + i));
		ck_assert(sim_run_results(&net, 0, i + 1u, 5000));
		ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
	}
	sim_run(&net, 1000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(net.host[0].n_sa, 20);
	ck_assert_uint_eq(net.host[1].n_sa, 20);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

START_TEST(many_at_once_share_the_main_mode)
{
	begin();
	for (uint16_t i = 0; i < 10; i++)
		sim_acquire(&net, 0, i + 1, 4, (uint16_t)(80 + i));
	for (int i = 0; i < 5; i++)
		sim_acquire(&net, 0, 100, 4, 80); /* joins */
	ck_assert(sim_run_results(&net, 0, 15, 10000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	ck_assert_uint_eq(net.host[0].n_sa, 20);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

START_TEST(usable_pair_answers_at_once)
{
	size_t n;

	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	n = net.host[0].n_sent;
	sim_acquire(&net, 0, 2, 4, 80);
	ck_assert_uint_eq(net.host[0].n_result, 2);
	ck_assert_uint_eq(net.host[0].n_sent, n);
	sim_free(&net);
}
END_TEST

START_TEST(pfs)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 4; k++)
			net.host[i].policy.qm_proposal[k].pfs = DH_ECP256;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	ck_assert(sim_run_results(&net, 0, 2, 5000));
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].first_error, IKE_OK);
	ck_assert_uint_eq(net.host[0].n_sa, 4);
	ck_assert(sim_sas_agree(&net));
	sim_free(&net);
}
END_TEST

START_TEST(fast_quick_mode)
{
	struct dialect d = DIALECT_DEFAULT;

	d.fast_qm = FAST_QM_ON;
	sim_init(&net, 1);
	net.host[0].policy.n_qm_proposal = 1;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	expect_pair(0, QM_ESP_AUTH, CIPHER_NULL);
	sim_free(&net);
}
END_TEST

START_TEST(quick_mode_lifetime_ends_the_pair)
{
	static const struct dialect d = DIALECT_DEFAULT;

	sim_init(&net, 1);
	net.host[0].policy.qm_proposal[0].lifetime_s = 300;
	sim_start(&net, &d, &d);
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 290000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	sim_run(&net, 30000);
	ck_assert_uint_eq(net.host[0].n_sa, 0);
	ck_assert_uint_eq(net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_free(&net);
}
END_TEST

START_TEST(main_mode_lifetime)
{
	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 7190 * 1000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_acquire(&net, 0, 2, 4, 80);
	sim_run(&net, 20 * 1000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	ck_assert_uint_eq(sim_count_mm(&net, 1), 0);
	ck_assert_uint_eq(net.host[0].n_sa, 2); /* the pair outlives its main mode (A86) */
	sim_run(&net, 3600 * 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(delete_tells_the_peer)
{
	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_acquire(&net, 0, 2, 4, 81);
	sim_run(&net, 5000);
	ck_assert_uint_eq(net.host[1].n_sa, 4);
	engine_delete_qm(net.host[_i].engine, net.now_ms, net.host[_i].sa->add.qm_id);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa, 2);
	ck_assert_uint_eq(net.host[1].n_sa, 2);
	engine_delete_mm(net.host[_i].engine, net.now_ms, 0);
	sim_run(&net, 200000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	sim_free(&net);
}
END_TEST

START_TEST(shutdown_tells_the_peer)
{
	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	engine_shutdown(net.host[_i].engine, net.now_ms);
	sim_run(&net, 500);
	ck_assert(engine_is_idle(net.host[_i].engine));
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_acquire(&net, (size_t)_i, 2, 4, 80);
	ck_assert_uint_eq(net.host[_i].result.error, IKE_ERR_SHUTDOWN);
	sim_free(&net);
}
END_TEST

START_TEST(shutdown_with_a_silent_peer_is_bounded)
{
	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	net.loss_pct = 100;
	engine_shutdown(net.host[0].engine, net.now_ms);
	sim_run(&net, 30000);
	ck_assert(engine_is_idle(net.host[0].engine));
	sim_free(&net);
}
END_TEST

START_TEST(address_gone)
{
	struct endpoint e = sim_endpoint(0, 1, 4, 0);

	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	engine_address_removed(net.host[0].engine, net.now_ms, &e.addr);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	sim_free(&net);
}
END_TEST

START_TEST(plane_says_idle)
{
	begin();
	sim_acquire(&net, 0, 1, 4, 80);
	sim_run(&net, 5000);
	engine_qm_expired(net.host[1].engine, net.now_ms, net.host[1].sa->add.qm_id,
	    EXPIRY_IDLE);
	sim_run(&net, 1000);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	sim_free(&net);
}
END_TEST

/* Every knob with every value, the same on both ends, must still work. */
struct knob_value {
	size_t offset;
	int value;
	const char *name;
};

#define KNOB_COUNT_ONE(name, word) +1
#define KNOB_ROW(field, entry, help) \
	{ offsetof(struct dialect, field), 0 KNOB_VALUES_##field(KNOB_COUNT_ONE), #field },
static const struct knob_value knobs[] = { DIALECT_ENUM_KNOBS(KNOB_ROW) };

START_TEST(every_knob_value)
{
	for (int v = 0; v < knobs[_i].value; v++) {
		struct dialect d = DIALECT_DEFAULT;

		memcpy((char *)&d + knobs[_i].offset, &v, sizeof(v));
		begin_with(&d);
		sim_acquire(&net, 0, 1, 4, 80);
		sim_acquire(&net, 0, 2, 4, 81);
		ck_assert_msg(sim_run_results(&net, 0, 2, 200000), "%s=%d", knobs[_i].name, v);
		sim_run(&net, 2000);
		ck_assert_msg(net.host[0].first_error == IKE_OK, "%s=%d: %s", knobs[_i].name,
		    v, net.host[0].failure);
		ck_assert_msg(net.host[1].n_sa == 4 && sim_sas_agree(&net), "%s=%d",
		    knobs[_i].name, v);
		sim_free(&net);
	}
}
END_TEST

/* Different values at both ends: a clear failure, never a wrong key. */
START_TEST(different_dialects_never_install_wrong_keys)
{
	for (int v = 1; v < knobs[_i].value; v++) {
		struct dialect a = DIALECT_DEFAULT, b = DIALECT_DEFAULT;

		memcpy((char *)&b + knobs[_i].offset, &v, sizeof(v));
		sim_init(&net, 7);
		sim_start(&net, &a, &b);
		sim_acquire(&net, 0, 1, 4, 80);
		sim_run(&net, 300000);
		ck_assert_uint_eq(net.host[0].n_result, 1);
		if (strcmp(knobs[_i].name, "ipsec_key_order") != 0)
			ck_assert_msg(sim_sas_agree(&net), "%s=%d", knobs[_i].name, v);
		sim_free(&net);
	}
}
END_TEST

START_TEST(same_seed_same_bytes)
{
	uint64_t trace[2];

	for (int i = 0; i < 2; i++) {
		begin();
		net.loss_pct = 20;
		sim_acquire(&net, 0, 1, 4, 80);
		sim_run(&net, 100000);
		trace[i] = net.trace;
		sim_free(&net);
	}
	ck_assert_uint_eq(trace[0], trace[1]);
}
END_TEST

START_TEST(ten_thousand_negotiations)
{
	begin();
	for (uint32_t i = 0; i < 10000; i++) {
		sim_acquire_from(&net, 0, i + 1, (uint16_t)(1 + i % 5000), 80);
		ck_assert(sim_run_results(&net, 0, i + 1, 5000));
		ck_assert_uint_eq(net.host[0].result.error, IKE_OK);
		engine_delete_mm(net.host[0].engine, net.now_ms, 0);
		sim_run(&net, 100);
	}
	sim_run(&net, 200000);
	ck_assert_uint_eq(sim_count_mm(&net, 0) + sim_count_mm(&net, 1), 0);
	ck_assert_uint_eq(net.host[0].n_sa + net.host[1].n_sa, 0);
	ck_assert_uint_eq(net.host[0].n_failure + net.host[1].n_failure, 0);
	sim_free(&net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulation");
	TCase *t = tcase_create("negotiations");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_test(t, default_policy_with_extended_mode);
	tcase_add_test(t, no_sa_before_extended_mode);
	tcase_add_test(t, ipv6);
	tcase_add_test(t, anonymous_without_extended_mode);
	tcase_add_test(t, extended_mode_wanted_by_one_side_only);
	tcase_add_test(t, guaranteed_encryption_chooses_aes);
	tcase_add_test(t, guaranteed_encryption_is_not_bargained_away);
	tcase_add_loop_test(t, each_quick_mode_proposal, 0, 4);
	tcase_add_loop_test(t, each_proposal_with_its_own_integrity, 0, GCM_COUNT);
	tcase_add_loop_test(t, readings_of_gcm, 0, GCM_COUNT);
	tcase_add_loop_test(t, guaranteed_encryption_takes_gcm_and_not_gmac, 0, GCM_COUNT);
	tcase_add_loop_test(t, each_main_mode_proposal, 0, 4);
	tcase_add_test(t, second_group_by_second_attempt);
	tcase_add_test(t, no_acceptable_main_mode_proposal);
	tcase_add_test(t, no_acceptable_quick_mode_proposal);
	tcase_add_test(t, nobody_listens_there);
	tcase_add_test(t, no_main_mode_policy);
	tcase_add_test(t, further_quick_modes);
	tcase_add_test(t, many_at_once_share_the_main_mode);
	tcase_add_test(t, usable_pair_answers_at_once);
	tcase_add_test(t, pfs);
	tcase_add_test(t, fast_quick_mode);
	tcase_add_test(t, quick_mode_lifetime_ends_the_pair);
	tcase_add_test(t, main_mode_lifetime);
	tcase_add_loop_test(t, delete_tells_the_peer, 0, 2);
	tcase_add_loop_test(t, shutdown_tells_the_peer, 0, 2);
	tcase_add_test(t, shutdown_with_a_silent_peer_is_bounded);
	tcase_add_test(t, address_gone);
	tcase_add_test(t, plane_says_idle);
	tcase_add_loop_test(t, every_knob_value, 0, (int)(sizeof(knobs) / sizeof(knobs[0])));
	tcase_add_loop_test(t, different_dialects_never_install_wrong_keys, 0,
	    (int)(sizeof(knobs) / sizeof(knobs[0])));
	tcase_add_test(t, same_seed_same_bytes);
	tcase_add_test(t, ten_thousand_negotiations);
	suite_add_tcase(s, t);
	suite_add_tcase(s, sim_dos_cases());
	suite_add_tcase(s, sim_fault_cases());
	suite_add_tcase(s, sim_list_cases());
	suite_add_tcase(s, sim_list_quick_cases());
	suite_add_tcase(s, sim_list_notify_cases());
	suite_add_tcase(s, sim_list_auth_cases());
	suite_add_tcase(s, sim_list_limit_cases());
	sim_nat_tests(s);
	suite_add_tcase(s, sim_fragment_cases());
	suite_add_tcase(s, sim_auth_cases());
	suite_add_tcase(s, sim_main_auth_cases());
	suite_add_tcase(s, sim_tongue_cases());
	suite_add_tcase(s, sim_rekey_cases());
	suite_add_tcase(s, sim_policy_cases());
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
