/* What makes a provider context invalid, rule by rule. */
#include <string.h>
#include <wchar.h>

#include "tests/unit/wfp_rig.h"

static struct mm_sample mm;
static struct qm_sample qm;
static wchar_t bad_text[] = L"bell \a";
static GUID module;

/* R(name, samples changed, context added, error) */
#define RULES(R)                                                                       \
	R(no_name, mm.context.displayData.name = NULL, mm, FWP_E_NULL_DISPLAY_NAME)    \
	R(text, mm.context.displayData.description = bad_text, mm,                     \
	    FWP_E_INVALID_PARAMETER)                                                   \
	R(flags, mm.context.flags = 4, mm, FWP_E_INVALID_FLAGS)                        \
	R(type, mm.context.type = 99, mm, FWP_E_INVALID_ENUMERATOR)                    \
	R(tunnel, mm.context.type = FWPM_IPSEC_AUTHIP_QM_TUNNEL_CONTEXT, mm,           \
	    ERROR_NOT_SUPPORTED)                                                       \
	R(no_policy, mm.context.authIpMmPolicy = NULL, mm, FWP_E_NULL_POINTER)         \
	R(no_methods, mm.policy.numAuthenticationMethods = 0, mm,                      \
	    FWP_E_ZERO_LENGTH_ARRAY)                                                   \
	R(null_methods, mm.policy.authenticationMethods = NULL, mm,                    \
	    FWP_E_NULL_POINTER)                                                        \
	R(psk, mm.method[0].authenticationMethodType = IKEEXT_PRESHARED_KEY, mm,       \
	    FWP_E_INCOMPATIBLE_AUTH_METHOD)                                            \
	R(certificate, mm.method[0].authenticationMethodType = IKEEXT_CERTIFICATE, mm, \
	    FWP_E_INCOMPATIBLE_AUTH_METHOD)                                            \
	R(ecdsa,                                                                       \
	    mm.method[0].authenticationMethodType = IKEEXT_CERTIFICATE_ECDSA_P384, mm, \
	    FWP_E_INCOMPATIBLE_AUTH_METHOD)                                            \
	R(cga, mm.method[0].authenticationMethodType = IKEEXT_IPV6_CGA, mm,            \
	    FWP_E_INCOMPATIBLE_AUTH_METHOD)                                            \
	R(method, mm.method[0].authenticationMethodType = 13, mm,                      \
	    FWP_E_INVALID_ENUMERATOR)                                                  \
	R(ike_anonymous, mm.context.type = FWPM_IPSEC_IKE_MM_CONTEXT, mm,              \
	    FWP_E_INCOMPATIBLE_AUTH_METHOD)                                            \
	R(impersonation, mm.policy.initiatorImpersonationType = 2, mm,                 \
	    FWP_E_INVALID_ENUMERATOR)                                                  \
	R(no_proposals, mm.policy.numIkeProposals = 0, mm, FWP_E_ZERO_LENGTH_ARRAY)    \
	R(null_proposals, mm.policy.ikeProposals = NULL, mm, FWP_E_NULL_POINTER)       \
	R(cipher, mm.proposal[1].cipherAlgorithm.algoIdentifier = 7, mm,               \
	    FWP_E_INVALID_ENUMERATOR)                                                  \
	R(hash, mm.proposal[1].integrityAlgorithm.algoIdentifier = 4, mm,              \
	    FWP_E_INVALID_ENUMERATOR)                                                  \
	R(group, mm.proposal[1].dhGroup = 7, mm, FWP_E_INVALID_ENUMERATOR)             \
	R(ike_no_group,                                                                \
	    (mm.context.type = FWPM_IPSEC_IKE_MM_CONTEXT,                              \
		mm.method[0].authenticationMethodType = IKEEXT_KERBEROS,               \
		mm.proposal[1].dhGroup = IKEEXT_DH_GROUP_NONE),                        \
	    mm, FWP_E_INCOMPATIBLE_DH_GROUP)                                           \
	R(mm_flags, mm.policy.flags = 0x10, mm, FWP_E_INVALID_FLAGS)                   \
	R(no_qm, qm.policy.numIpsecProposals = 0, qm, FWP_E_ZERO_LENGTH_ARRAY)         \
	R(null_qm, qm.policy.ipsecProposals = NULL, qm, FWP_E_NULL_POINTER)            \
	R(qm_flags, qm.policy.flags = 1, qm, FWP_E_INVALID_FLAGS)                      \
	R(nd_both, qm.policy.flags = 6, qm, FWP_E_INVALID_FLAGS)                       \
	R(ike_em, qm.context.type = FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT, qm,           \
	    FWP_E_EM_NOT_SUPPORTED)                                                    \
	R(em_none, qm.em.numAuthenticationMethods = 0, qm, FWP_E_ZERO_LENGTH_ARRAY)    \
	R(em_anonymous, qm.method[1].authenticationMethodType = IKEEXT_ANONYMOUS, qm,  \
	    FWP_E_INCOMPATIBLE_AUTH_METHOD)                                            \
	R(em_impersonation, qm.em.initiatorImpersonationType = 9, qm,                  \
	    FWP_E_INVALID_ENUMERATOR)                                                  \
	R(lifetime, memset(&qm.proposal[1].lifetime, 0, 12), qm,                       \
	    FWP_E_INVALID_INTERVAL)                                                    \
	R(no_transform, qm.proposal[0].numSaTransforms = 0, qm,                        \
	    FWP_E_ZERO_LENGTH_ARRAY)                                                   \
	R(three, qm.proposal[0].numSaTransforms = 3, qm, FWP_E_OUT_OF_BOUNDS)          \
	R(transform, qm.transform[1][0].ipsecTransformType = 6, qm,                    \
	    FWP_E_INVALID_ENUMERATOR)                                                  \
	R(null_transform, qm.transform[1][0].ahTransform = NULL, qm,                   \
	    FWP_E_NULL_POINTER)                                                        \
	R(pfs, qm.proposal[1].pfsGroup = 8, qm, FWP_E_INVALID_ENUMERATOR)              \
	R(auth_pair, qm.both[1].authTransform.authTransformId.authConfig = 2, qm,      \
	    FWP_E_INVALID_AUTH_TRANSFORM)                                              \
	R(cipher_pair, qm.both[0].cipherTransform.cipherTransformId.cipherConfig = 3,  \
	    qm, FWP_E_INVALID_CIPHER_TRANSFORM)                                        \
	R(gcm_alone, qm.both[0].cipherTransform.cipherTransformId.cipherConfig = 8,    \
	    qm, FWP_E_INVALID_CIPHER_TRANSFORM)                                        \
	R(gcm_sizes,                                                                   \
	    (qm.both[0].cipherTransform.cipherTransformId.cipherConfig = 8,            \
		qm.both[0].authTransform.authTransformId =                             \
		    (IPSEC_AUTH_TRANSFORM_ID0){ 3, 3 }),                               \
	    qm, FWP_E_INVALID_CIPHER_TRANSFORM)                                        \
	R(auth_module, qm.both[1].authTransform.cryptoModuleId = &module, qm,          \
	    FWP_E_NOT_FOUND)                                                           \
	R(cipher_module, qm.both[0].cipherTransform.cryptoModuleId = &module, qm,      \
	    FWP_E_NOT_FOUND)

enum broken_rule {
#define R(name, change, sample, error) RULE_##name,
	RULES(R)
#undef R
	    RULE_COUNT
};

static DWORD
add_broken(HANDLE h, enum broken_rule rule, DWORD *want)
{
	switch (rule) {
#define R(name, change, sample, error) \
	case RULE_##name:              \
		change;                \
		*want = error;         \
		return FwpmProviderContextAdd0(h, &sample.context, NULL, NULL);
		RULES(R)
#undef R
	default:
		return 0;
	}
}

START_TEST(rule_is_kept)
{
	HANDLE h = wfp_open(0);
	DWORD want = 0, got;

	wfp_sample_mm(&mm);
	wfp_sample_qm(&qm);
	got = add_broken(h, (enum broken_rule)_i, &want);
	ck_assert_msg(got == want, "rule %d: %#x, not %#x", _i, got, want);
	FwpmEngineClose0(h);
}
END_TEST

/* What only stands in lists, and what is stored without being understood. */
START_TEST(other_types_are_stored)
{
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT0 *c;
	FWP_BYTE_BLOB blob = { 4, (UINT8 *)"data" };
	FWPM_CLASSIFY_OPTION0 option = { FWP_CLASSIFY_OPTION_UNICAST_LIFETIME,
		{ .type = FWP_UINT32, .uint32 = 42 } };
	FWPM_CLASSIFY_OPTIONS0 options = { 1, &option };
	IPSEC_KEYING_POLICY0 keying = { 1, &module };
	UINT64 id;

	wfp_sample_mm(&mm);
	mm.context.type = FWPM_GENERAL_CONTEXT;
	mm.context.dataBuffer = &blob;
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &mm.context, NULL, &id), 0);
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, id, &c), 0);
	ck_assert_uint_eq(c->dataBuffer->size, 4);
	ck_assert_mem_eq(c->dataBuffer->data, "data", 4);
	FwpmFreeMemory0((void **)&c);
	mm.context.type = FWPM_CLASSIFY_OPTIONS_CONTEXT;
	mm.context.classifyOptions = &options;
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &mm.context, NULL, &id), 0);
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, id, &c), 0);
	ck_assert_uint_eq(c->classifyOptions->options[0].value.uint32, 42);
	FwpmFreeMemory0((void **)&c);
	mm.context.type = FWPM_IPSEC_KEYING_CONTEXT;
	mm.context.keyingPolicy = &keying;
	module.Data1 = 5;
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &mm.context, NULL, &id), 0);
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, id, &c), 0);
	ck_assert_uint_eq(c->keyingPolicy->keyModKeys[0].Data1, 5);
	FwpmFreeMemory0((void **)&c);
	/* policies of IKE */
	wfp_sample_mm(&mm);
	mm.context.type = FWPM_IPSEC_IKE_MM_CONTEXT;
	mm.method[0].authenticationMethodType = IKEEXT_PRESHARED_KEY;
	mm.method[0].presharedKeyAuthentication.presharedKey = blob;
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &mm.context, NULL, &id), 0);
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, id, &c), 0);
	ck_assert_uint_eq(c->ikeMmPolicy->authenticationMethods[0]
			      .presharedKeyAuthentication.presharedKey.size,
	    4);
	FwpmFreeMemory0((void **)&c);
	FwpmEngineClose0(h);
}
END_TEST

void
wfp_check_tests(Suite *s)
{
	TCase *t = tcase_create("rules");

	tcase_add_checked_fixture(t, wfp_setup, wfp_teardown);
	tcase_add_loop_test(t, rule_is_kept, 0, RULE_COUNT);
	tcase_add_test(t, other_types_are_stored);
	suite_add_tcase(s, t);
}
