/* Provider contexts: what is stored comes back, to whom, and for how long. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/socket_table.h"
#include "mstcpip.h"
#include "tests/unit/wfp_rig.h"

#define BUILTIN 3

static GUID
key_of(int n)
{
	return (GUID){ (UINT32)n, 2, 3, { 4, 5, 6, 7, 8, 9, 10, 11 } };
}

static void
assert_methods(const IKEEXT_AUTHENTICATION_METHOD0 *got,
    const IKEEXT_AUTHENTICATION_METHOD0 *want, UINT32 n)
{
	for (UINT32 i = 0; i < n; i++)
		ck_assert_int_eq(
		    got[i].authenticationMethodType, want[i].authenticationMethodType);
}

static void
assert_root(const IKEEXT_CERT_ROOT_CONFIG0 *got, const IKEEXT_CERT_ROOT_CONFIG0 *want)
{
	ck_assert_uint_eq(got->flags, want->flags);
	ck_assert_uint_eq(got->certData.size, want->certData.size);
	ck_assert_mem_eq(got->certData.data, want->certData.data, want->certData.size);
}

static void
assert_main_mode(const FWPM_PROVIDER_CONTEXT0 *c, const struct mm_sample *s)
{
	const IKEEXT_POLICY0 *p = c->authIpMmPolicy;

	ck_assert_int_eq(wcscmp(c->displayData.name, s->context.displayData.name), 0);
	ck_assert_int_eq(
	    wcscmp(c->displayData.description, s->context.displayData.description), 0);
	ck_assert_mem_eq(c->providerKey, &s->provider, sizeof(GUID));
	ck_assert_uint_eq(c->providerData.size, 3);
	ck_assert_mem_eq(c->providerData.data, "\1\2\3", 3);
	ck_assert_uint_eq(p->softExpirationTime, 77);
	ck_assert_uint_eq(p->numAuthenticationMethods, 1);
	assert_methods(p->authenticationMethods, s->method, 1);
	ck_assert_int_eq(p->initiatorImpersonationType, IKEEXT_IMPERSONATION_NONE);
	ck_assert_uint_eq(p->numIkeProposals, 2);
	ck_assert_mem_eq(p->ikeProposals, s->proposal, 2 * sizeof(s->proposal[0]));
	ck_assert_uint_eq(p->flags, s->policy.flags);
	ck_assert_uint_eq(p->maxDynamicFilters, 4);
}

START_TEST(main_mode_comes_back)
{
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT0 *by_id, *by_key;
	struct mm_sample s;
	UINT64 id = 0;

	wfp_sample_mm(&s);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, id, &by_id), 0);
	ck_assert_uint_eq(by_id->providerContextId, id);
	/* a zero key was replaced, and not written back */
	ck_assert_int_ne(
	    memcmp(&by_id->providerContextKey, &GUID_NULL, sizeof(GUID)), 0);
	ck_assert_int_eq(
	    memcmp(&s.context.providerContextKey, &GUID_NULL, sizeof(GUID)), 0);
	assert_main_mode(by_id, &s);
	ck_assert_uint_eq(
	    FwpmProviderContextGetByKey0(h, &by_id->providerContextKey, &by_key), 0);
	assert_main_mode(by_key, &s);
	FwpmFreeMemory0((void **)&by_id);
	ck_assert_ptr_null(by_id);
	/* results live longer than the engine */
	ck_assert_uint_eq(FwpmEngineClose0(h), 0);
	assert_main_mode(by_key, &s);
	FwpmFreeMemory0((void **)&by_key);
	FwpmFreeMemory0((void **)&by_key);
	FwpmFreeMemory0(NULL);
}
END_TEST

START_TEST(quick_mode_comes_back)
{
	HANDLE h = wfp_open(0);
	const IPSEC_TRANSPORT_POLICY0 *p;
	const IKEEXT_CERTIFICATE_AUTHENTICATION0 *tls;
	FWPM_PROVIDER_CONTEXT0 *c;
	struct qm_sample s;

	wfp_sample_qm(&s);
	s.context.providerContextKey = key_of(1);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextGetByKey0(h, &s.context.providerContextKey, &c), 0);
	ck_assert_int_eq(wcscmp(c->displayData.name, s.context.displayData.name), 0);
	ck_assert_ptr_null(c->displayData.description);
	ck_assert_ptr_null(c->providerKey);
	p = c->authipQmTransportPolicy;
	ck_assert_uint_eq(p->numIpsecProposals, 2);
	for (int i = 0; i < 2; i++) {
		const IPSEC_PROPOSAL0 *q = &p->ipsecProposals[i];

		ck_assert_mem_eq(
		    &q->lifetime, &s.proposal[i].lifetime, sizeof(q->lifetime));
		ck_assert_int_eq(q->pfsGroup, IPSEC_PFS_ECP_256);
		ck_assert_uint_eq(q->numSaTransforms, 1);
		ck_assert_int_eq(q->saTransforms[0].ipsecTransformType,
		    s.transform[i][0].ipsecTransformType);
	}
	ck_assert_int_eq(p->ipsecProposals[0]
			     .saTransforms[0]
			     .espAuthAndCipherTransform->cipherTransform
			     .cipherTransformId.cipherConfig,
	    5);
	ck_assert_int_eq(
	    p->ipsecProposals[1].saTransforms[0].ahTransform->authTransformId.authType,
	    1);
	ck_assert_uint_eq(p->flags, IPSEC_POLICY_FLAG_ND_BOUNDARY);
	ck_assert_uint_eq(p->ndAllowClearTimeoutSeconds, 20);
	ck_assert_uint_eq(p->saIdleTimeout.idleTimeoutSeconds, 111);
	ck_assert_uint_eq(p->saIdleTimeout.idleTimeoutSecondsFailOver, 22);
	ck_assert_uint_eq(p->emPolicy->numAuthenticationMethods, 2);
	assert_methods(p->emPolicy->authenticationMethods, s.method, 2);
	ck_assert_int_eq(p->emPolicy->initiatorImpersonationType, 1);
	ck_assert_uint_eq(
	    p->emPolicy->authenticationMethods[1].kerberosAuthentication.flags, 1);
	tls = &p->emPolicy->authenticationMethods[0].sslAuthentication;
	ck_assert_uint_eq(tls->inboundRootArraySize, 2);
	assert_root(&tls->inboundRootArray[0], &s.root[0]);
	assert_root(&tls->inboundRootArray[1], &s.root[1]);
	assert_root(tls->outboundTrustedRootStoreConfig, &s.root[0]);
	ck_assert_uint_eq(tls->flags, 2);
	FwpmFreeMemory0((void **)&c);
	FwpmEngineClose0(h);
}
END_TEST

/* What version 1 stored, version 0 reads, and the other way round. */
START_TEST(versions_are_one)
{
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT1 *c1;
	FWPM_PROVIDER_CONTEXT0 *c0;
	struct mm_sample s;
	UINT64 id, id1;

	wfp_sample_mm(&s);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
	ck_assert_uint_eq(FwpmProviderContextGetById1(h, id, &c1), 0);
	ck_assert_uint_eq(c1->authIpMmPolicy->retransmitDurationSecs, 0);
	ck_assert_uint_eq(c1->authIpMmPolicy->maxDynamicFilters, 4);
	c1->authIpMmPolicy->retransmitDurationSecs = 12;
	c1->providerContextKey = key_of(2);
	ck_assert_uint_eq(FwpmProviderContextAdd1(h, c1, NULL, &id1), 0);
	FwpmFreeMemory0((void **)&c1);
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, id1, &c0), 0);
	assert_main_mode(c0, &s);
	FwpmFreeMemory0((void **)&c0);
	ck_assert_uint_eq(FwpmProviderContextGetById1(h, id1, &c1), 0);
	ck_assert_uint_eq(c1->authIpMmPolicy->retransmitDurationSecs, 12);
	FwpmFreeMemory0((void **)&c1);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(unknown_and_taken_keys)
{
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT0 *c = (void *)&c;
	GUID key = key_of(9);
	struct mm_sample s;
	UINT64 id;

	ck_assert_uint_eq(FwpmProviderContextGetByKey0(h, &key, &c),
	    FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_ptr_null(c);
	ck_assert_uint_eq(
	    FwpmProviderContextGetById0(h, 4711, &c), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteByKey0(h, &key), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteById0(h, 4711), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	wfp_sample_mm(&s);
	s.context.providerContextKey = key;
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextAdd0(h, &s.context, NULL, &id), FWP_E_ALREADY_EXISTS);
	ck_assert_uint_eq(FwpmProviderContextDeleteByKey0(h, &key), 0);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
	ck_assert_uint_eq(FwpmProviderContextDeleteById0(h, id), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextGetById0(h, id, &c), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(null_pointers)
{
	HANDLE h = wfp_open(0), e = NULL;
	FWPM_PROVIDER_CONTEXT0 **list;
	UINT32 n;

	ck_assert_uint_eq(
	    FwpmProviderContextAdd0(h, NULL, NULL, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(FwpmProviderContextGetById0(h, 1, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(
	    FwpmProviderContextGetByKey0(h, NULL, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(FwpmProviderContextDeleteByKey0(h, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(
	    FwpmProviderContextCreateEnumHandle0(h, NULL, NULL), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(FwpmProviderContextCreateEnumHandle0(h, NULL, &e), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextEnum0(h, e, 1, NULL, &n), FWP_E_NULL_POINTER);
	ck_assert_uint_eq(
	    FwpmProviderContextEnum0(h, e, 1, &list, NULL), FWP_E_NULL_POINTER);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(built_in_contexts)
{
	static const GUID *const keys[] = { &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP,
		&FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC,
		&SOCKET_DEFAULT2_QM_POLICY };
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT0 *c;

	for (int i = 0; i < BUILTIN; i++) {
		ck_assert_uint_eq(FwpmProviderContextGetByKey0(h, keys[i], &c), 0);
		ck_assert_uint_eq(
		    FwpmProviderContextDeleteByKey0(h, keys[i]), FWP_E_BUILTIN_OBJECT);
		ck_assert_uint_eq(
		    FwpmProviderContextDeleteById0(h, c->providerContextId),
		    FWP_E_BUILTIN_OBJECT);
		FwpmFreeMemory0((void **)&c);
	}
	FwpmEngineClose0(h);
}
END_TEST

/* Windows' default policy, number by number. */
START_TEST(built_in_policy_is_the_default)
{
	static const struct {
		IPSEC_TRANSFORM_TYPE type;
		UINT8 cipher;
	} want[] = { { IPSEC_TRANSFORM_ESP_AUTH, 0 },
		{ IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER, 3 },
		{ IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER, 2 }, { IPSEC_TRANSFORM_AH, 0 } };
	HANDLE h = wfp_open(0);
	const IPSEC_TRANSPORT_POLICY0 *q;
	FWPM_PROVIDER_CONTEXT0 *mm, *qm;

	ck_assert_uint_eq(FwpmProviderContextGetByKey0(
			      h, &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP, &mm),
	    0);
	ck_assert_int_eq(mm->type, FWPM_IPSEC_AUTHIP_MM_CONTEXT);
	ck_assert_uint_eq(mm->authIpMmPolicy->numIkeProposals, 2);
	ck_assert_int_eq(
	    mm->authIpMmPolicy->ikeProposals[0].dhGroup, IKEEXT_DH_ECP_256);
	ck_assert_int_eq(
	    mm->authIpMmPolicy->ikeProposals[0].cipherAlgorithm.algoIdentifier,
	    IKEEXT_CIPHER_AES_128);
	ck_assert_int_eq(
	    mm->authIpMmPolicy->ikeProposals[1].dhGroup, IKEEXT_DH_GROUP_2);
	ck_assert_uint_eq(mm->authIpMmPolicy->ikeProposals[1].maxLifetimeSeconds, 7200);
	ck_assert_int_eq(
	    mm->authIpMmPolicy->authenticationMethods[0].authenticationMethodType,
	    IKEEXT_ANONYMOUS);
	ck_assert_uint_eq(FwpmProviderContextGetByKey0(
			      h, &FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC, &qm),
	    0);
	q = qm->authipQmTransportPolicy;
	ck_assert_uint_eq(q->numIpsecProposals, 4);
	for (int i = 0; i < 4; i++) {
		const IPSEC_SA_TRANSFORM0 *t = &q->ipsecProposals[i].saTransforms[0];

		ck_assert_int_eq(t->ipsecTransformType, want[i].type);
		if (want[i].cipher != 0)
			ck_assert_uint_eq(t->espAuthAndCipherTransform->cipherTransform
					      .cipherTransformId.cipherConfig,
			    want[i].cipher);
		ck_assert_uint_eq(q->ipsecProposals[i].lifetime.lifetimeSeconds, 3600);
		ck_assert_uint_eq(
		    q->ipsecProposals[i].lifetime.lifetimeKilobytes, 57671680);
		ck_assert_int_eq(q->ipsecProposals[i].pfsGroup, IPSEC_PFS_NONE);
	}
	ck_assert_uint_eq(q->flags, IPSEC_POLICY_FLAG_ND_BOUNDARY);
	ck_assert_uint_eq(q->ndAllowClearTimeoutSeconds, 10);
	ck_assert_uint_eq(q->saIdleTimeout.idleTimeoutSeconds, 300);
	ck_assert_uint_eq(q->emPolicy->numAuthenticationMethods, 3);
	FwpmFreeMemory0((void **)&mm);
	FwpmFreeMemory0((void **)&qm);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(in_use_while_a_socket_lives)
{
	struct secured_socket r = {
		.cookie = 99, .class_id = 1, .family = 4, .protocol = 6
	};
	HANDLE h = wfp_open(0);
	struct mm_sample s;
	GUID none = { 0 };

	wfp_sample_mm(&s);
	s.context.providerContextKey = key_of(3);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert_uint_ne(socket_table_add(rig.n.sockets, &r), 0);
	/* nor a socket of another user, whose context has the same key */
	ck_assert(wfp_policy_hold(rig.n.wfp, 99, 4711,
	    (const uint8_t *)&s.context.providerContextKey, (const uint8_t *)&none));
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteByKey0(h, &s.context.providerContextKey), 0);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert(wfp_policy_hold(rig.n.wfp, 99, getuid(),
	    (const uint8_t *)&s.context.providerContextKey, (const uint8_t *)&none));
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteByKey0(h, &s.context.providerContextKey),
	    FWP_E_IN_USE);
	/* another socket does not use it */
	socket_table_free(rig.n.sockets);
	rig.n.sockets = socket_table_new(rig.base, NULL, NULL);
	ck_assert_uint_eq(
	    FwpmProviderContextDeleteByKey0(h, &s.context.providerContextKey), 0);
	FwpmEngineClose0(h);
}
END_TEST

/* One at a time: each exactly once; a snapshot: what is added later is not in it. */
START_TEST(enumeration_in_pages)
{
	HANDLE h = wfp_open(0), e;
	FWPM_PROVIDER_CONTEXT0 **list;
	struct qm_sample s;
	UINT32 n, seen = 0;

	wfp_sample_qm(&s);
	for (int i = 0; i < 20; i++) {
		s.context.providerContextKey = key_of(100 + i);
		ck_assert_uint_eq(
		    FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	}
	ck_assert_uint_eq(FwpmProviderContextCreateEnumHandle0(h, NULL, &e), 0);
	s.context.providerContextKey = key_of(200);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert_uint_eq(FwpmProviderContextEnum0(h, e, 0, &list, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(list);
	for (;;) {
		ck_assert_uint_eq(FwpmProviderContextEnum0(h, e, 1, &list, &n), 0);
		if (n == 0)
			break;
		if (seen >= BUILTIN)
			ck_assert_uint_eq(
			    list[0]->providerContextKey.Data1, 100 + seen - BUILTIN);
		seen++;
		FwpmFreeMemory0((void **)&list);
	}
	ck_assert_uint_eq(seen, 20 + BUILTIN);
	ck_assert_ptr_null(list);
	ck_assert_uint_eq(FwpmProviderContextDestroyEnumHandle0(h, e), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextDestroyEnumHandle0(h, e), ERROR_INVALID_HANDLE);
	ck_assert_uint_eq(
	    FwpmProviderContextEnum0(h, e, 1, &list, &n), ERROR_INVALID_HANDLE);
	ck_assert_uint_eq(
	    FwpmProviderContextEnum0(h, (HANDLE)1, 1, &list, &n), ERROR_INVALID_HANDLE);
	FwpmEngineClose0(h);
}
END_TEST

/* Contexts of nearly 64 KiB: each comes in a page of its own. */
START_TEST(enumeration_of_large_contexts)
{
	static UINT8 data[65000];
	HANDLE h = wfp_open(0), e;
	FWPM_PROVIDER_CONTEXT0 **list;
	struct mm_sample s;
	UINT32 n;

	wfp_sample_mm(&s);
	memset(data, 0x5a, sizeof(data));
	s.context.providerData = (FWP_BYTE_BLOB){ sizeof(data), data };
	for (int i = 0; i < 5; i++)
		ck_assert_uint_eq(
		    FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert_uint_eq(FwpmProviderContextCreateEnumHandle0(h, NULL, &e), 0);
	ck_assert_uint_eq(FwpmProviderContextEnum0(h, e, 0xffffffff, &list, &n), 0);
	ck_assert_uint_eq(n, 5 + BUILTIN);
	for (UINT32 i = BUILTIN; i < n; i++) {
		ck_assert_uint_eq(list[i]->providerData.size, sizeof(data));
		ck_assert_mem_eq(list[i]->providerData.data, data, sizeof(data));
	}
	FwpmFreeMemory0((void **)&list);
	/* and what is larger does not travel */
	s.context.providerData.size = 65536;
	s.context.providerData.data = (UINT8 *)calloc(1, 65536);
	ck_assert_uint_eq(
	    FwpmProviderContextAdd0(h, &s.context, NULL, NULL), FWP_E_OUT_OF_BOUNDS);
	free(s.context.providerData.data);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(enumeration_by_template)
{
	FWPM_PROVIDER_CONTEXT_ENUM_TEMPLATE0 t = { NULL, FWPM_IPSEC_AUTHIP_MM_CONTEXT };
	HANDLE h = wfp_open(0), e;
	FWPM_PROVIDER_CONTEXT0 **list;
	struct mm_sample s;
	UINT32 n;

	wfp_sample_mm(&s);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	for (int by_provider = 0; by_provider < 2; by_provider++) {
		t.providerKey = by_provider ? &s.provider : NULL;
		ck_assert_uint_eq(FwpmProviderContextCreateEnumHandle0(h, &t, &e), 0);
		ck_assert_uint_eq(FwpmProviderContextEnum0(h, e, 99, &list, &n), 0);
		ck_assert_uint_eq(n, by_provider ? 1 : 2);
		FwpmFreeMemory0((void **)&list);
	}
	t.providerContextType = 99;
	ck_assert_uint_eq(
	    FwpmProviderContextCreateEnumHandle0(h, &t, &e), FWP_E_INVALID_ENUMERATOR);
	FwpmEngineClose0(h);
}
END_TEST

START_TEST(quota_of_contexts)
{
	HANDLE h = wfp_open(0);
	struct mm_sample s;
	UINT64 id;

	wfp_sample_mm(&s);
	for (int i = 0; i < 64; i++)
		ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, &id), 0);
	ck_assert_uint_eq(
	    FwpmProviderContextAdd0(h, &s.context, NULL, NULL), FWP_E_OUT_OF_BOUNDS);
	ck_assert_uint_eq(FwpmProviderContextDeleteById0(h, id), 0);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	FwpmEngineClose0(h);
}
END_TEST

void
wfp_context_tests(Suite *s)
{
	TCase *t = tcase_create("contexts");

	tcase_add_checked_fixture(t, wfp_setup, wfp_teardown);
	tcase_add_test(t, main_mode_comes_back);
	tcase_add_test(t, quick_mode_comes_back);
	tcase_add_test(t, versions_are_one);
	tcase_add_test(t, unknown_and_taken_keys);
	tcase_add_test(t, null_pointers);
	tcase_add_test(t, built_in_contexts);
	tcase_add_test(t, built_in_policy_is_the_default);
	tcase_add_test(t, in_use_while_a_socket_lives);
	tcase_add_test(t, enumeration_in_pages);
	tcase_add_test(t, enumeration_of_large_contexts);
	tcase_add_test(t, enumeration_by_template);
	tcase_add_test(t, quota_of_contexts);
	suite_add_tcase(s, t);
}
