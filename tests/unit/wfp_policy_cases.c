/* Provider contexts as policies of sockets. */
#include <string.h>
#include <unistd.h>

#include "mstcpip.h"
#include "tests/unit/wfp_rig.h"

static const GUID mm_key = { 1, 0, 0, { 1 } }, qm_key = { 2, 0, 0, { 2 } };
static const GUID zero;
static struct policy got;
static bool as_user;
static char text[256];

static uint32_t
resolve(const GUID *mm, const GUID *qm, uint32_t uid)
{
	return wfp_policy_resolve(rig.n.wfp, (const uint8_t *)mm, (const uint8_t *)qm,
	    uid, &got, &as_user, text);
}

static void
add(FWPM_PROVIDER_CONTEXT0 *c, const GUID *key)
{
	HANDLE h = wfp_open(0);

	c->providerContextKey = *key;
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, c, NULL, NULL), 0);
	FwpmEngineClose0(h);
}

START_TEST(default_policy)
{
	ck_assert_uint_eq(resolve(&zero, &zero, 0), 0);
	ck_assert(policy_equal(&got, &rig.config.policy));
	ck_assert(!as_user);
	/* the built-in contexts mean the same */
	ck_assert_uint_eq(resolve(&FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP,
			      &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC, 1000),
	    0);
	ck_assert(policy_equal(&got, &rig.config.policy));
}
END_TEST

START_TEST(second_default_prefers_sha256)
{
	ck_assert_uint_eq(resolve(&zero, &SOCKET_DEFAULT2_QM_POLICY, 1000), 0);
	ck_assert_uint_eq(got.n_qm_proposal, 8);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(got.qm_proposal[i].integrity, HASH_SHA256);
		ck_assert_int_eq(got.qm_proposal[i + 4].integrity, HASH_SHA1);
		ck_assert_int_eq(
		    got.qm_proposal[i].cipher, rig.config.policy.qm_proposal[i].cipher);
	}
}
END_TEST

START_TEST(main_mode_policy)
{
	struct mm_sample s;

	wfp_sample_mm(&s);
	add(&s.context, &mm_key);
	ck_assert_uint_eq(resolve(&mm_key, &zero, 0), 0);
	ck_assert_uint_eq(got.n_mm_proposal, 2);
	ck_assert_int_eq(got.mm_proposal[0].cipher, CIPHER_AES256);
	ck_assert_int_eq(got.mm_proposal[0].integrity, HASH_SHA384);
	ck_assert_int_eq(got.mm_proposal[0].group, DH_ECP384);
	ck_assert_uint_eq(got.mm_proposal[0].lifetime_s, 600);
	ck_assert_uint_eq(got.mm_qm_limit, 3);
	ck_assert_uint_eq(got.n_mm_auth, 1);
	ck_assert_int_eq(got.mm_auth[0].method, AUTH_ANONYMOUS);
	/* quick mode and extended mode stay those of the configuration */
	ck_assert_uint_eq(got.n_qm_proposal, rig.config.policy.n_qm_proposal);
	ck_assert_uint_eq(got.n_em_auth, rig.config.policy.n_em_auth);
	ck_assert(!as_user);
}
END_TEST

START_TEST(quick_mode_policy)
{
	struct qm_sample s;

	wfp_sample_qm(&s);
	add(&s.context, &qm_key);
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), 0);
	ck_assert_uint_eq(got.n_qm_proposal, 2);
	ck_assert_int_eq(got.qm_proposal[0].transform, QM_ESP_AUTH_CIPHER);
	ck_assert_int_eq(got.qm_proposal[0].cipher, CIPHER_AES256);
	ck_assert_int_eq(got.qm_proposal[0].integrity, HASH_SHA256);
	ck_assert_int_eq(got.qm_proposal[0].pfs, DH_ECP256);
	ck_assert_uint_eq(got.qm_proposal[0].lifetime_s, 900);
	ck_assert_uint_eq(got.qm_proposal[0].lifetime_kb, 2048);
	ck_assert_int_eq(got.qm_proposal[1].transform, QM_AH);
	ck_assert_int_eq(got.nd, ND_BOUNDARY);
	ck_assert_uint_eq(got.nd_allow_clear_s, 20);
	ck_assert_uint_eq(got.idle_s, 111);
	ck_assert_uint_eq(got.idle_failover_s, 22);
	ck_assert_uint_eq(got.n_em_auth, 2);
	ck_assert_int_eq(got.em_auth[0].method, AUTH_TLS);
	ck_assert(got.em_auth[0].offered);
	ck_assert_int_eq(got.em_auth[1].method, AUTH_KERBEROS);
	ck_assert(!got.em_auth[1].offered); /* no keytab */
	ck_assert(as_user);
	strcpy(rig.config.kerberos.keytab, "/etc/krb5.keytab");
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), 0);
	ck_assert(got.em_auth[1].offered);
}
END_TEST

/* A socket of the kernel's IPsec has one policy for what comes in: no AH beside ESP. */
START_TEST(quick_mode_policy_in_the_kernel)
{
	struct qm_sample s;

	rig.config.backend = BACKEND_KERNEL;
	wfp_sample_qm(&s);
	add(&s.context, &qm_key);
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), 0);
	ck_assert_uint_eq(got.n_qm_proposal, 1);
	ck_assert_int_eq(got.qm_proposal[0].transform, QM_ESP_AUTH_CIPHER);
	rig.config.kernel_lacks = UINT32_MAX;
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0),
	    FWP_E_PROVIDER_CONTEXT_MISMATCH);
}
END_TEST

START_TEST(gcm_and_gmac)
{
	struct qm_sample s;

	wfp_sample_qm(&s);
	s.both[0].authTransform.authTransformId = (IPSEC_AUTH_TRANSFORM_ID0){ 5, 5 };
	s.both[0].cipherTransform.cipherTransformId =
	    (IPSEC_CIPHER_TRANSFORM_ID0){ 5, 8 };
	s.both[1].authTransform.authTransformId = (IPSEC_AUTH_TRANSFORM_ID0){ 3, 3 };
	add(&s.context, &qm_key);
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), 0);
	ck_assert_int_eq(got.qm_proposal[0].cipher, CIPHER_AES256_GCM);
	ck_assert_int_eq(got.qm_proposal[0].integrity, HASH_NONE);
	ck_assert_int_eq(got.qm_proposal[1].cipher, CIPHER_AES128_GMAC);
	ck_assert_int_eq(got.qm_proposal[1].integrity, HASH_NONE);
}
END_TEST

START_TEST(group_of_main_mode)
{
	struct qm_sample s;

	wfp_sample_qm(&s);
	s.proposal[0].pfsGroup = s.proposal[1].pfsGroup = IPSEC_PFS_MM;
	add(&s.context, &qm_key);
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), 0);
	ck_assert_int_eq(
	    got.qm_proposal[0].pfs, rig.config.policy.mm_proposal[0].group);
}
END_TEST

/* ---- IKE beside AuthIP ---- */

/* The configuration: both protocols, anonymous in AuthIP and RSA in IKEv1. */
static void
speak_both(void)
{
	struct policy *p = &rig.config.policy;

	p->keying = KEYING_BOTH;
	p->mm_auth[0] = (struct auth_entry){ AUTH_ANONYMOUS, true };
	p->mm_auth[1] = (struct auth_entry){ AUTH_V1_RSA, true };
	p->n_mm_auth = 2;
}

static void
ike_sample(struct mm_sample *s, IKEEXT_AUTHENTICATION_METHOD_TYPE method)
{
	wfp_sample_mm(s);
	s->context.type = FWPM_IPSEC_IKE_MM_CONTEXT;
	s->context.ikeMmPolicy = &s->policy;
	s->method[0].authenticationMethodType = method;
}

START_TEST(ike_main_mode_policy)
{
	struct mm_sample m;

	speak_both();
	ike_sample(&m, IKEEXT_PRESHARED_KEY);
	m.method[1].authenticationMethodType = IKEEXT_KERBEROS;
	m.policy.numAuthenticationMethods = 2;
	add(&m.context, &mm_key);
	ck_assert_uint_eq(resolve(&mm_key, &zero, 0), 0);
	ck_assert_int_eq(got.keying, KEYING_BOTH);
	ck_assert_uint_eq(got.n_mm_auth, 3);
	ck_assert_int_eq(got.mm_auth[0].method, AUTH_ANONYMOUS); /* AuthIP's stays */
	ck_assert_int_eq(got.mm_auth[1].method, AUTH_V1_PSK);
	ck_assert(got.mm_auth[1].offered);
	ck_assert_int_eq(got.mm_auth[2].method, AUTH_V1_KERBEROS);
	ck_assert(!got.mm_auth[2].offered); /* no keytab */
	ck_assert_uint_eq(got.n_mm_proposal, 2);
	ck_assert_int_eq(got.mm_proposal[0].cipher, CIPHER_AES256);
	ck_assert_int_eq(got.mm_proposal[0].integrity, HASH_SHA384);
	ck_assert_int_eq(got.mm_proposal[0].group, DH_ECP384);
	ck_assert_uint_eq(got.mm_proposal[0].lifetime_s, 600);
	ck_assert_uint_eq(got.n_em_auth, rig.config.policy.n_em_auth);
}
END_TEST

START_TEST(authip_policy_beside_ikev1)
{
	struct mm_sample m;

	speak_both();
	wfp_sample_mm(&m);
	m.method[0].authenticationMethodType = IKEEXT_SSL;
	add(&m.context, &mm_key);
	ck_assert_uint_eq(resolve(&mm_key, &zero, 0), 0);
	ck_assert_uint_eq(got.n_mm_auth, 2);
	ck_assert_int_eq(got.mm_auth[0].method, AUTH_V1_RSA); /* IKEv1's stays */
	ck_assert_int_eq(got.mm_auth[1].method, AUTH_TLS);
}
END_TEST

/* IKE alone: its main mode authenticates, and there is no extended mode. */
START_TEST(ike_policies_alone)
{
	struct policy *p = &rig.config.policy;
	struct mm_sample m;
	struct qm_sample q;

	speak_both();
	p->keying = KEYING_IKEV1;
	p->mm_auth[0] = p->mm_auth[1];
	p->n_mm_auth = 1;
	p->n_em_auth = 0;
	ike_sample(&m, IKEEXT_CERTIFICATE);
	wfp_sample_qm(&q);
	q.context.type = FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT;
	q.context.ikeQmTransportPolicy = &q.policy;
	q.policy.emPolicy = NULL;
	add(&m.context, &mm_key);
	add(&q.context, &qm_key);
	ck_assert_uint_eq(resolve(&mm_key, &qm_key, 0), 0);
	ck_assert_uint_eq(got.n_mm_auth, 1);
	ck_assert_int_eq(got.mm_auth[0].method, AUTH_V1_RSA);
	ck_assert_uint_eq(got.n_qm_proposal, 2);
	ck_assert_int_eq(got.qm_proposal[0].cipher, CIPHER_AES256);
	ck_assert_uint_eq(got.n_em_auth, 0);
	/* a policy of AuthIP would change nothing */
	wfp_sample_mm(&m);
	add(&m.context, &(GUID){ 9, 0, 0, { 0 } });
	ck_assert_uint_eq(resolve(&(GUID){ 9, 0, 0, { 0 } }, &zero, 0),
	    FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "policy of AuthIP"));
}
END_TEST

START_TEST(ike_policy_without_ikev1)
{
	struct mm_sample m;

	ike_sample(&m, IKEEXT_CERTIFICATE);
	add(&m.context, &mm_key);
	ck_assert_uint_eq(resolve(&mm_key, &zero, 0), FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "policy of IKE"));
	/* none of its methods can be done */
	speak_both();
	m.method[0].authenticationMethodType = IKEEXT_IPV6_CGA;
	add(&m.context, &qm_key);
	ck_assert_uint_eq(resolve(&qm_key, &zero, 0), FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "no method of IKEv1"));
}
END_TEST

START_TEST(ike_policy_with_a_key)
{
	struct mm_sample m;

	speak_both();
	ike_sample(&m, IKEEXT_PRESHARED_KEY);
	m.method[0].presharedKeyAuthentication.presharedKey =
	    (FWP_BYTE_BLOB){ 6, (UINT8 *)"secret" };
	add(&m.context, &mm_key);
	ck_assert_uint_eq(resolve(&mm_key, &zero, 0), FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "pre-shared key"));
}
END_TEST

/* ---- the policy of the configuration ---- */

/* A reload: the same keys and ids, other contents; and sockets that name them follow, too. */
START_TEST(built_in_contexts_follow_a_reload)
{
	const GUID *mm = &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP;
	const GUID *qm = &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC;
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT0 *before, *now;

	ck_assert_uint_eq(FwpmProviderContextGetByKey0(h, mm, &before), 0);
	rig.config.policy.mm_proposal[0].lifetime_s = 77;
	rig.config.policy.idle_s = 88;
	ck_assert(wfp_builtin_set(rig.n.wfp));
	ck_assert_uint_eq(FwpmProviderContextGetByKey0(h, mm, &now), 0);
	ck_assert_uint_eq(now->providerContextId, before->providerContextId);
	ck_assert_uint_eq(now->authIpMmPolicy->ikeProposals[0].maxLifetimeSeconds, 77);
	FwpmFreeMemory0((void **)&before);
	FwpmFreeMemory0((void **)&now);
	ck_assert_uint_eq(FwpmProviderContextGetByKey0(h, qm, &now), 0);
	ck_assert_uint_eq(
	    now->authipQmTransportPolicy->saIdleTimeout.idleTimeoutSeconds, 88);
	FwpmFreeMemory0((void **)&now);
	ck_assert_uint_eq(FwpmProviderContextDeleteByKey0(h, mm), FWP_E_BUILTIN_OBJECT);
	FwpmEngineClose0(h);
	wfp_wait_contexts(3);
	ck_assert_uint_eq(resolve(mm, qm, 0), 0);
	ck_assert(policy_equal(&got, &rig.config.policy));
}
END_TEST

START_TEST(keys_that_mean_the_default)
{
	const uint8_t *none = (const uint8_t *)&zero, *other = (const uint8_t *)&mm_key;
	const uint8_t *mm = (const uint8_t *)&FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP;
	const uint8_t *qm = (const uint8_t *)&FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC;

	ck_assert(wfp_policy_is_default(none, none));
	ck_assert(wfp_policy_is_default(mm, none));
	ck_assert(wfp_policy_is_default(mm, qm));
	ck_assert(!wfp_policy_is_default(qm, none));
	ck_assert(!wfp_policy_is_default(other, qm));
	ck_assert(!wfp_policy_is_default(mm, (const uint8_t *)&SOCKET_DEFAULT2_QM_POLICY));
}
END_TEST

/* What cannot be done here is left out; nothing may be left. */
START_TEST(impossible_proposals)
{
	struct qm_sample s;
	struct mm_sample m;

	wfp_sample_qm(&s);
	s.both[0].authTransform.authTransformId = (IPSEC_AUTH_TRANSFORM_ID0){ 0, 0 };
	add(&s.context, &qm_key);
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), 0);
	ck_assert_uint_eq(got.n_qm_proposal, 1);
	ck_assert_int_eq(got.qm_proposal[0].transform, QM_AH);
	s.policy.numIpsecProposals = 1;
	add(&s.context, &(GUID){ 9, 0, 0, { 0 } });
	ck_assert_uint_eq(resolve(&zero, &(GUID){ 9, 0, 0, { 0 } }, 0),
	    FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "quick-mode proposals"));
	wfp_sample_mm(&m);
	m.policy.numIkeProposals = 1;
	m.proposal[0].cipherAlgorithm.algoIdentifier = IKEEXT_CIPHER_DES;
	add(&m.context, &mm_key);
	ck_assert_uint_eq(resolve(&mm_key, &zero, 0), FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "main-mode proposals"));
}
END_TEST

START_TEST(nobody_is_authenticated)
{
	struct qm_sample s;

	wfp_sample_qm(&s);
	s.policy.emPolicy = NULL;
	add(&s.context, &qm_key);
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "authenticates nobody"));
	/* the administrator has said that this is meant */
	rig.config.policy.n_em_auth = 0;
	ck_assert_uint_eq(resolve(&zero, &qm_key, 0), 0);
	ck_assert_uint_eq(got.n_em_auth, 0);
}
END_TEST

/* The peer would choose: one method that proves nothing is enough for nobody. */
START_TEST(anonymous_beside_others)
{
	struct mm_sample m;
	struct qm_sample s;

	wfp_sample_mm(&m);
	m.method[0].authenticationMethodType = IKEEXT_SSL;
	m.method[1].authenticationMethodType = IKEEXT_ANONYMOUS;
	m.policy.numAuthenticationMethods = 2;
	add(&m.context, &mm_key);
	wfp_sample_qm(&s);
	s.policy.emPolicy = NULL;
	add(&s.context, &qm_key);
	ck_assert_uint_eq(resolve(&mm_key, &qm_key, 0), FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_ptr_nonnull(strstr(text, "authenticates nobody"));
}
END_TEST

START_TEST(keys_of_others_and_of_other_kinds)
{
	struct qm_sample s;

	wfp_sample_qm(&s);
	add(&s.context, &qm_key); /* by who runs this test */
	ck_assert_uint_eq(
	    resolve(&qm_key, &zero, getuid()), FWP_E_PROVIDER_CONTEXT_MISMATCH);
	ck_assert_uint_eq(
	    resolve(&zero, &qm_key, getuid() + 1000), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(
	    resolve(&mm_key, &zero, getuid()), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(text, "unknown"));
}
END_TEST

START_TEST(not_before_commit)
{
	HANDLE h = wfp_open(0);
	struct qm_sample s;

	wfp_sample_qm(&s);
	s.context.providerContextKey = qm_key;
	ck_assert_uint_eq(FwpmTransactionBegin0(h, 0), 0);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert_uint_eq(
	    resolve(&zero, &qm_key, getuid()), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(FwpmTransactionCommit0(h), 0);
	ck_assert_uint_eq(resolve(&zero, &qm_key, getuid()), 0);
	FwpmEngineClose0(h);
}
END_TEST

void
wfp_policy_tests(Suite *s)
{
	TCase *t = tcase_create("policies");

	tcase_add_checked_fixture(t, wfp_setup, wfp_teardown);
	tcase_add_test(t, default_policy);
	tcase_add_test(t, second_default_prefers_sha256);
	tcase_add_test(t, main_mode_policy);
	tcase_add_test(t, quick_mode_policy);
	tcase_add_test(t, quick_mode_policy_in_the_kernel);
	tcase_add_test(t, gcm_and_gmac);
	tcase_add_test(t, group_of_main_mode);
	tcase_add_test(t, ike_main_mode_policy);
	tcase_add_test(t, authip_policy_beside_ikev1);
	tcase_add_test(t, ike_policies_alone);
	tcase_add_test(t, ike_policy_without_ikev1);
	tcase_add_test(t, ike_policy_with_a_key);
	tcase_add_test(t, built_in_contexts_follow_a_reload);
	tcase_add_test(t, keys_that_mean_the_default);
	tcase_add_test(t, impossible_proposals);
	tcase_add_test(t, nobody_is_authenticated);
	tcase_add_test(t, anonymous_beside_others);
	tcase_add_test(t, keys_of_others_and_of_other_kinds);
	tcase_add_test(t, not_before_commit);
	suite_add_tcase(s, t);
}
