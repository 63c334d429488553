/* Configuration: the policy, its default, reading, printing and reading again. */
#include <config.h>

#include "tests/unit/check_config.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static void
check_auth(const struct auth_entry *e, enum auth_method method, bool offered)
{
	ck_assert_int_eq(e->method, method);
	ck_assert_int_eq(e->offered, offered);
}

static void
check_mm(const struct mm_proposal *p, enum cipher_id cipher, enum dh_group group)
{
	ck_assert_int_eq(p->cipher, cipher);
	ck_assert_int_eq(p->integrity, HASH_SHA1);
	ck_assert_int_eq(p->group, group);
	ck_assert_uint_eq(p->lifetime_s, 7200);
}

static void
check_qm(const struct qm_proposal *p, enum qm_transform transform, enum cipher_id cipher)
{
	ck_assert_int_eq(p->transform, transform);
	ck_assert_int_eq(p->integrity, HASH_SHA1);
	ck_assert_int_eq(p->cipher, cipher);
	ck_assert_int_eq(p->pfs, DH_NONE);
	ck_assert_uint_eq(p->lifetime_s, 3600);
	ck_assert_uint_eq(p->lifetime_kb, 57671680);
}

/* Windows' policy, protocol notes 7.1. */
START_TEST(test_default_policy)
{
	struct config c;
	const struct policy *p = &c.policy;

	config_set_default(&c);
	ck_assert_uint_eq(p->n_mm_proposal, 2);
	check_mm(&p->mm_proposal[0], CIPHER_AES128, DH_ECP256);
	check_mm(&p->mm_proposal[1], CIPHER_3DES, DH_MODP1024);
	ck_assert_uint_eq(p->n_mm_auth, 1);
	check_auth(&p->mm_auth[0], AUTH_ANONYMOUS, true);
	ck_assert_uint_eq(p->mm_qm_limit, 0);
	ck_assert_uint_eq(p->n_qm_proposal, 4);
	check_qm(&p->qm_proposal[0], QM_ESP_AUTH, CIPHER_NULL);
	check_qm(&p->qm_proposal[1], QM_ESP_AUTH_CIPHER, CIPHER_AES128);
	check_qm(&p->qm_proposal[2], QM_ESP_AUTH_CIPHER, CIPHER_3DES);
	check_qm(&p->qm_proposal[3], QM_AH, CIPHER_NULL);
	ck_assert_int_eq(p->nd, ND_BOUNDARY);
	ck_assert_uint_eq(p->nd_allow_clear_s, 10);
	ck_assert_uint_eq(p->idle_s, 300);
	ck_assert_uint_eq(p->idle_failover_s, 60);
	ck_assert_uint_eq(p->n_em_auth, 3);
	check_auth(&p->em_auth[0], AUTH_TLS, true);
	check_auth(&p->em_auth[1], AUTH_KERBEROS, false);
	check_auth(&p->em_auth[2], AUTH_TLS, true);
	ck_assert_ptr_null(policy_find_fault(p));
	ck_assert(!policy_prefers_encryption(p));
}
END_TEST

START_TEST(test_policy_options)
{
	struct config c;
	const struct policy *p = &c.policy;

	load_good(&c, "default_policy {\n"
		      "main_mode { auth = { kerberos, anonymous, ntlm }  quick_mode_limit = 9\n"
		      "  proposal aes256-sha384-ecp384 { lifetime = 60 }\n"
		      "  proposal aes192-sha256-modp2048 { } }\n"
		      "quick_mode { negotiation_discovery = outbound  allow_clear = 1\n"
		      "  idle = 2  idle_failover = 3\n"
		      "  proposal esp-aes256-sha256 { lifetime = 61 data_kb = 0 pfs = ecp384 }\n"
		      "  proposal ah-sha256 { pfs = ecp384 } }\n"
		      "extended_mode { auth = { ntlm, tls } } }");
	ck_assert_uint_eq(p->n_mm_auth, 3);
	check_auth(&p->mm_auth[0], AUTH_KERBEROS, false);
	check_auth(&p->mm_auth[1], AUTH_ANONYMOUS, true);
	check_auth(&p->mm_auth[2], AUTH_NTLM, false);
	ck_assert_uint_eq(p->mm_qm_limit, 9);
	ck_assert_uint_eq(p->n_mm_proposal, 2);
	ck_assert_int_eq(p->mm_proposal[0].cipher, CIPHER_AES256);
	ck_assert_int_eq(p->mm_proposal[0].integrity, HASH_SHA384);
	ck_assert_int_eq(p->mm_proposal[0].group, DH_ECP384);
	ck_assert_uint_eq(p->mm_proposal[0].lifetime_s, 60);
	ck_assert_uint_eq(p->mm_proposal[1].lifetime_s, 7200);
	ck_assert_int_eq(p->nd, ND_OUTBOUND);
	ck_assert_uint_eq(p->nd_allow_clear_s, 1);
	ck_assert_uint_eq(p->idle_s, 2);
	ck_assert_uint_eq(p->idle_failover_s, 3);
	ck_assert_uint_eq(p->n_qm_proposal, 2);
	ck_assert_int_eq(p->qm_proposal[0].transform, QM_ESP_AUTH_CIPHER);
	ck_assert_int_eq(p->qm_proposal[0].pfs, DH_ECP384);
	ck_assert_uint_eq(p->qm_proposal[0].lifetime_s, 61);
	ck_assert_uint_eq(p->qm_proposal[0].lifetime_kb, 0);
	ck_assert_int_eq(p->qm_proposal[1].transform, QM_AH);
	ck_assert_uint_eq(p->qm_proposal[1].lifetime_kb, 57671680);
	ck_assert_uint_eq(p->n_em_auth, 2);
	check_auth(&p->em_auth[0], AUTH_NTLM, false);
	check_auth(&p->em_auth[1], AUTH_TLS, true);
}
END_TEST

START_TEST(test_gcm_proposals)
{
	static const struct {
		enum qm_transform transform;
		enum cipher_id cipher;
	} want[] = {
		{ QM_ESP_AUTH_CIPHER, CIPHER_AES128_GCM },
		{ QM_ESP_AUTH_CIPHER, CIPHER_AES192_GCM },
		{ QM_ESP_AUTH_CIPHER, CIPHER_AES256_GCM },
		{ QM_ESP_AUTH, CIPHER_AES128_GMAC },
		{ QM_AH, CIPHER_AES256_GMAC },
	};
	struct config c;

	load_good(&c, "default_policy { quick_mode {\n"
		      "proposal esp-aes128-gcm {}\nproposal esp-aes192-gcm {}\n"
		      "proposal esp-aes256-gcm {}\nproposal esp-gmac128 {}\n"
		      "proposal ah-gmac256 {} } }");
	ck_assert_uint_eq(c.policy.n_qm_proposal, COUNT_OF(want));
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		ck_assert_int_eq(c.policy.qm_proposal[i].transform, want[i].transform);
		ck_assert_int_eq(c.policy.qm_proposal[i].cipher, want[i].cipher);
		ck_assert_int_eq(c.policy.qm_proposal[i].integrity, HASH_NONE);
	}
	ck_assert_ptr_null(policy_find_fault(&c.policy));
	ck_assert(policy_keep_encrypting(&c.policy));
	ck_assert_uint_eq(c.policy.n_qm_proposal, 3);
	/* Integrity is absent where the cipher has it, and only there. */
	c.policy.qm_proposal[0].integrity = HASH_SHA256;
	ck_assert_ptr_nonnull(policy_find_fault(&c.policy));
	c.policy.qm_proposal[0].integrity = HASH_NONE;
	c.policy.qm_proposal[0].cipher = CIPHER_AES128;
	ck_assert_ptr_nonnull(policy_find_fault(&c.policy));
	c.policy.qm_proposal[0].cipher = CIPHER_AES128_GMAC; /* does not encrypt */
	ck_assert_ptr_nonnull(policy_find_fault(&c.policy));
}
END_TEST

#ifdef HAVE_KRB5
/* With a keytab Kerberos is offered. */
START_TEST(test_kerberos)
{
	struct config c;
	const struct policy *p = &c.policy;

	load_good(&c, "kerberos { keytab = /etc/krb5.keytab }");
	check_auth(&p->em_auth[0], AUTH_TLS, true);
	check_auth(&p->em_auth[1], AUTH_KERBEROS, true);
	ck_assert_uint_eq(c.kerberos.timeout_s, 20);
	load_good(&c, "default_policy { extended_mode { auth = { kerberos, ntlm } }\n"
		      "main_mode { auth = { anonymous, kerberos }\n"
		      "  proposal aes128-sha1-ecp256 { } } }\n"
		      "kerberos { keytab = k  principal = 'PC$@R'  realms = { R, 'S.T' }\n"
		      "  peer_names = { 'host/*.x', y }  timeout = 5 }");
	ck_assert_uint_eq(p->n_em_auth, 2);
	check_auth(&p->em_auth[0], AUTH_KERBEROS, true);
	check_auth(&p->em_auth[1], AUTH_NTLM, false);
	check_auth(&p->mm_auth[1], AUTH_KERBEROS, true);
	ck_assert_str_eq(c.kerberos.keytab, "k");
	ck_assert_str_eq(c.kerberos.principal, "PC$@R");
	ck_assert_uint_eq(c.kerberos.n_realm, 2);
	ck_assert_str_eq(c.kerberos.realm[1], "S.T");
	ck_assert_uint_eq(c.kerberos.n_peer_name, 2);
	ck_assert_str_eq(c.kerberos.peer_name[0], "host/*.x");
	ck_assert_uint_eq(c.kerberos.timeout_s, 5);
}
END_TEST
#endif

static const struct {
	const char *text, *why;
} bad_kerberos[] = {
#ifdef HAVE_KRB5
	{ "kerberos { }", "without keytab" },
	{ "kerberos { keytab = k\n timeout = 51 }", "from 1 to 50" },
	{ "kerberos { keytab = k\n realms = { 'a@b' } }", "is no name" },
	{ "kerberos { keytab = k\n user_cache = '/tmp/x' }", "of each user" },
	{ "kerberos { keytab = k\n user_cache = 'cc_%{uid}' }", "of each user" },
	{ "kerberos { keytab = k\n user_cache = 'KCM:%{uid}' }", "KCM and KEYRING" },
	{ "kerberos { keytab = k\n user_cache = 'KEYRING:persistent:%{uid}' }", "KEYRING" },
	{ "kerberos { keytab = k\n peer_names = { '' } }", "is no name" },
	{ "kerberos { keytab = k }\nkerberos { keytab = k }", "given twice" },
#else
	{ "kerberos { keytab = k }", "no Kerberos" },
#endif
};

START_TEST(test_bad_kerberos)
{
	struct config c;
	struct config_error err;

	ck_assert_int_eq(
	    config_load_text(&c, "test", bad_kerberos[_i].text, false, &err), -1);
	ck_assert_msg(
	    strstr(err.text, bad_kerberos[_i].why) != NULL, "%s", err.text);
	ck_assert_int_gt(err.line, 0);
}
END_TEST

/* A part that is not written stays; in one that is written, unwritten settings stay. */
START_TEST(test_parts_are_independent)
{
	struct config c, standard;

	config_set_default(&standard);
	load_good(&c, "default_policy { main_mode { proposal aes128-sha1-ecp256 {} } }");
	ck_assert_uint_eq(c.policy.n_mm_proposal, 1);
	ck_assert_uint_eq(c.policy.n_mm_auth, 1);
	ck_assert_mem_eq(c.policy.qm_proposal, standard.policy.qm_proposal,
	    sizeof(c.policy.qm_proposal));
	load_good(&c, "default_policy { quick_mode { proposal ah-sha1 {} } }");
	ck_assert_uint_eq(c.policy.n_qm_proposal, 1);
	ck_assert_uint_eq(c.policy.idle_s, 300);
	ck_assert_uint_eq(c.policy.n_mm_proposal, 2);
}
END_TEST

START_TEST(test_no_extended_mode)
{
	struct config c;

	load_good(&c, "default_policy { extended_mode { auth = {} } }\n"
		      "i_accept_unauthenticated_peers = true");
	ck_assert_uint_eq(c.policy.n_em_auth, 0);
	load_good(&c, "i_accept_unauthenticated_peers = no");
	ck_assert_uint_eq(c.policy.n_em_auth, 3);
}
END_TEST

/* Main mode by certificates: nobody is anonymous, and no group is needed. */
START_TEST(test_authenticated_main_mode)
{
	struct config c;

	load_good(&c, "default_policy { main_mode { auth = { tls }  proposal aes256-sha256-none "
		      "{} }\n extended_mode { auth = {} } }");
	check_auth(&c.policy.mm_auth[0], AUTH_TLS, true);
	ck_assert_int_eq(c.policy.mm_proposal[0].group, DH_NONE);
	ck_assert(!policy_main_mode_is_anonymous(&c.policy));
}
END_TEST

START_TEST(test_peer_dialect)
{
	struct address near = { 4, { 192, 0, 2, 7 } }, far = { 4, { 192, 0, 3, 7 } };
	struct config_error err;
	struct config c;

	load_good(&c, "dialect { kdf_ctr = z-first }\n"
		      "peer_dialect '192.0.2.0/24' { hash_scope = message }\n"
		      "peer_dialect '192.0.2.7' { hash_scope = bodies }");
	ck_assert_int_eq(config_peer_dialect(&c, &near)->hash_scope, HASH_SCOPE_BODIES);
	ck_assert_int_eq(config_peer_dialect(&c, &near)->kdf_ctr, KDF_CTR_Z_FIRST);
	near.b[3] = 8;
	ck_assert_int_eq(config_peer_dialect(&c, &near)->hash_scope, HASH_SCOPE_MESSAGE);
	ck_assert_ptr_null(config_peer_dialect(&c, &far));
	ck_assert_int_eq(config_load_text(&c, "t", "peer_dialect '192.0.2.7/24' {}", false, &err),
	    -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no bits behind it"));
	ck_assert_int_eq(
	    config_load_text(&c, "t", "peer_dialect '::1' {\nkdf_ctr = x }", false, &err), -1);
	ck_assert_int_eq(err.line, 2);
}
END_TEST

START_TEST(test_keep_encrypting)
{
	struct policy p;

	policy_set_default(&p);
	ck_assert(policy_keep_encrypting(&p));
	ck_assert_uint_eq(p.n_qm_proposal, 2);
	ck_assert_int_eq(p.qm_proposal[0].cipher, CIPHER_AES128);
	ck_assert_int_eq(p.qm_proposal[1].cipher, CIPHER_3DES);
	ck_assert(policy_prefers_encryption(&p));
	ck_assert_ptr_null(policy_find_fault(&p));
	p.n_qm_proposal = 1;
	p.qm_proposal[0].transform = QM_AH;
	ck_assert(!policy_keep_encrypting(&p));
	ck_assert_uint_eq(p.n_qm_proposal, 0);
	ck_assert(!policy_prefers_encryption(&p));
	ck_assert_ptr_nonnull(policy_find_fault(&p));
}
END_TEST

static void
check_round_trip(const struct policy *p)
{
	struct config c;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	memset(&c, 0, sizeof(c));
	config_print_policy(f, p);
	fclose(f);
	load_good(&c, text);
	ck_assert_msg(policy_equal(&c.policy, p), "differs:\n%s", text);
	free(text);
}

START_TEST(test_round_trip_default)
{
	struct config c;

	config_set_default(&c);
	check_round_trip(&c.policy);
}
END_TEST

#define PICK(a) ((a)[(size_t)rand() % COUNT_OF(a)])

static void
random_main_mode(struct policy *p)
{
	static const enum cipher_id cipher[] = { CIPHER_3DES, CIPHER_AES128, CIPHER_AES192,
		CIPHER_AES256 };
	static const enum hash_id hash[] = { HASH_SHA1, HASH_SHA256, HASH_SHA384 };
	static const enum dh_group group[] = { DH_MODP1024, DH_MODP2048, DH_ECP256, DH_ECP384 };
	static const enum auth_method method[] = { AUTH_KERBEROS, AUTH_TLS, AUTH_NTLM };

	p->n_mm_proposal = 1 + (uint32_t)rand() % 3;
	for (uint32_t i = 0; i < p->n_mm_proposal; i++) {
		p->mm_proposal[i].cipher = PICK(cipher);
		p->mm_proposal[i].integrity = hash[i]; /* no name twice */
		p->mm_proposal[i].group = PICK(group);
		p->mm_proposal[i].lifetime_s = 60 + (uint32_t)rand();
	}
	p->mm_qm_limit = (uint32_t)rand();
	p->n_mm_auth = 1 + (uint32_t)rand() % POLICY_MAX_AUTH;
	for (uint32_t i = 0; i < p->n_mm_auth; i++) {
		p->mm_auth[i].method = PICK(method);
		p->mm_auth[i].offered = p->mm_auth[i].method == AUTH_TLS;
	}
	p->mm_auth[0].method = AUTH_ANONYMOUS;
	p->mm_auth[0].offered = true;
}

static void
random_quick_mode(struct policy *p)
{
	static const enum cipher_id cipher[] = { CIPHER_AES128, CIPHER_AES256 };
	static const enum dh_group pfs[] = { DH_NONE, DH_MODP2048, DH_ECP384 };
	enum dh_group group = PICK(pfs);

	p->n_qm_proposal = 1 + (uint32_t)rand() % 3;
	for (uint32_t i = 0; i < p->n_qm_proposal; i++) {
		struct qm_proposal *q = &p->qm_proposal[i];

		q->transform = (enum qm_transform)i;
		q->integrity = rand() % 2 == 0 ? HASH_SHA1 : HASH_SHA256;
		q->cipher = q->transform == QM_ESP_AUTH_CIPHER ? PICK(cipher) : CIPHER_NULL;
		q->pfs = group;
		q->lifetime_s = 60 + (uint32_t)rand();
		q->lifetime_kb = rand() % 2 == 0 ? 0 : 1024 + (uint32_t)rand();
	}
	p->nd = (enum nd_mode)(rand() % 3);
	p->nd_allow_clear_s = (uint32_t)rand();
	p->nd_fallback_ms = (uint32_t)rand() % 60001;
	p->idle_s = 1 + (uint32_t)rand();
	p->idle_failover_s = 1 + (uint32_t)rand();
}

START_TEST(test_round_trip_random)
{
	struct policy p;

	srand(1);
	for (int i = 0; i < 300; i++) {
		memset(&p, 0, sizeof(p));
		random_main_mode(&p);
		random_quick_mode(&p);
		p.n_em_auth = (uint32_t)rand() % POLICY_MAX_AUTH;
		for (uint32_t k = 0; k < p.n_em_auth; k++) {
			p.em_auth[k].method = k % 2 == 0 ? AUTH_TLS : AUTH_KERBEROS;
			p.em_auth[k].offered = k % 2 == 0;
		}
		ck_assert_ptr_null(policy_find_fault(&p));
		check_round_trip(&p);
	}
}
END_TEST

TCase *
tcase_config_policy(void)
{
	TCase *t = tcase_create("policy");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_default_policy);
	tcase_add_test(t, test_policy_options);
	tcase_add_test(t, test_gcm_proposals);
#ifdef HAVE_KRB5
	tcase_add_test(t, test_kerberos);
#endif
	tcase_add_loop_test(t, test_bad_kerberos, 0, (int)COUNT_OF(bad_kerberos));
	tcase_add_test(t, test_parts_are_independent);
	tcase_add_test(t, test_no_extended_mode);
	tcase_add_test(t, test_authenticated_main_mode);
	tcase_add_test(t, test_peer_dialect);
	tcase_add_test(t, test_keep_encrypting);
	tcase_add_test(t, test_round_trip_default);
	tcase_add_test(t, test_round_trip_random);
	return t;
}
