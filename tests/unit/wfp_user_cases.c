/* Provider contexts of other users. */
#include "tests/unit/wfp_rig.h"

#define BUILTIN 3

static GUID
key_of(int n)
{
	return (GUID){ (UINT32)n, 2, 3, { 4, 5, 6, 7, 8, 9, 10, 11 } };
}

static GUID shared_key;

static DWORD
get_foreign(void)
{
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT0 *c;

	return FwpmProviderContextGetByKey0(h, &shared_key, &c);
}

static DWORD
delete_foreign(void)
{
	return FwpmProviderContextDeleteByKey0(wfp_open(0), &shared_key);
}

static DWORD
count_visible(void)
{
	HANDLE h = wfp_open(0), e;
	FWPM_PROVIDER_CONTEXT0 **list;
	UINT32 n = 99;

	(void)FwpmProviderContextCreateEnumHandle0(h, NULL, &e);
	(void)FwpmProviderContextEnum0(h, e, 99, &list, &n);
	return n;
}

static DWORD
add_own(void)
{
	HANDLE h = wfp_open(0);
	struct mm_sample s;

	wfp_sample_mm(&s);
	s.context.providerContextKey = key_of(50);
	return FwpmProviderContextAdd0(h, &s.context, NULL, NULL);
}

/* A policy of one's own under that key: its only method tells it from the other one. */
static DWORD
take_foreign_key(void)
{
	HANDLE h = wfp_open(0);
	struct mm_sample s;

	wfp_sample_mm(&s);
	s.context.providerContextKey = shared_key;
	s.method[0].authenticationMethodType = IKEEXT_SSL;
	return FwpmProviderContextAdd0(h, &s.context, NULL, NULL);
}

static IKEEXT_AUTHENTICATION_METHOD_TYPE
method_of_shared(HANDLE h)
{
	IKEEXT_AUTHENTICATION_METHOD_TYPE type;
	FWPM_PROVIDER_CONTEXT0 *c;

	ck_assert_uint_eq(FwpmProviderContextGetByKey0(h, &shared_key, &c), 0);
	type = c->authIpMmPolicy->authenticationMethods[0].authenticationMethodType;
	FwpmFreeMemory0((void **)&c);
	return type;
}

static DWORD
get_shared(void)
{
	return method_of_shared(wfp_open(0)) == IKEEXT_SSL ? 0 : 1;
}

static uint32_t
resolve_shared(uid_t uid)
{
	static const uint8_t none[16];
	struct policy p;
	bool as_user;
	char text[256];

	return wfp_policy_resolve(rig.n.wfp, (const uint8_t *)&shared_key, none, uid, &p,
	    &as_user, text);
}

/* Who knows the key that a program of root will use cannot choose the policy of its sockets. */
START_TEST(keys_are_each_users_own)
{
	HANDLE h = wfp_open(0);
	struct mm_sample s;

	shared_key = key_of(41);
	ck_assert_uint_eq(wfp_as_user(NOBODY, take_foreign_key), 0);
	ck_assert_uint_eq(wfp_as_user(NOBODY, take_foreign_key), FWP_E_ALREADY_EXISTS);
	ck_assert_uint_eq(resolve_shared(0), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(resolve_shared(NOBODY), 0);
	ck_assert_uint_eq(method_of_shared(h), IKEEXT_SSL); /* seen by root */
	wfp_sample_mm(&s);
	s.context.providerContextKey = shared_key;
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert_uint_eq(resolve_shared(0), 0);
	ck_assert_uint_eq(method_of_shared(h), IKEEXT_ANONYMOUS); /* its own first */
	ck_assert_uint_eq(wfp_as_user(NOBODY, get_shared), 0);
	ck_assert_uint_eq(FwpmProviderContextDeleteByKey0(h, &shared_key), 0);
	ck_assert_uint_eq(wfp_as_user(NOBODY, get_shared), 0);
	FwpmEngineClose0(h);
}
END_TEST

static DWORD
open_shared(void)
{
	FWPM_SESSION0 s = { .sessionKey = shared_key };
	HANDLE h;

	return FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &s, &h);
}

/* Nor keep it from an engine by its key. */
START_TEST(session_keys_are_each_users_own)
{
	shared_key = key_of(42);
	ck_assert_uint_eq(open_shared(), 0);
	ck_assert_uint_eq(open_shared(), FWP_E_ALREADY_EXISTS);
	ck_assert_uint_eq(wfp_as_user(NOBODY, open_shared), 0);
}
END_TEST

START_TEST(users_see_their_own)
{
	HANDLE h = wfp_open(0);
	FWPM_PROVIDER_CONTEXT0 *c;
	struct mm_sample s;
	GUID key;

	wfp_sample_mm(&s);
	shared_key = s.context.providerContextKey = key_of(40);
	ck_assert_uint_eq(FwpmProviderContextAdd0(h, &s.context, NULL, NULL), 0);
	ck_assert_uint_eq(
	    wfp_as_user(NOBODY, get_foreign), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(
	    wfp_as_user(NOBODY, delete_foreign), FWP_E_PROVIDER_CONTEXT_NOT_FOUND);
	ck_assert_uint_eq(wfp_as_user(NOBODY, count_visible), BUILTIN);
	ck_assert_uint_eq(wfp_as_user(NOBODY, add_own), 0);
	/* static: it outlives its process; and administrators see and delete it */
	ck_assert_uint_eq(wfp_as_user(NOBODY, count_visible), BUILTIN + 1);
	key = key_of(50);
	ck_assert_uint_eq(FwpmProviderContextGetByKey0(h, &key, &c), 0);
	FwpmFreeMemory0((void **)&c);
	ck_assert_uint_eq(FwpmProviderContextDeleteByKey0(h, &key), 0);
	ck_assert_uint_eq(wfp_as_user(NOBODY, count_visible), BUILTIN);
	FwpmEngineClose0(h);
}
END_TEST

void
wfp_user_tests(Suite *s)
{
	TCase *t = tcase_create("users");

	tcase_add_checked_fixture(t, wfp_setup, wfp_teardown);
	if (is_root()) {
		tcase_add_test(t, users_see_their_own);
		tcase_add_test(t, keys_are_each_users_own);
		tcase_add_test(t, session_keys_are_each_users_own);
	}
	suite_add_tcase(s, t);
}
