/* Provider contexts: the policies of programs. */
#include <stdlib.h>

#include "winsock/wfp_engine.h"

static DWORD
context_add(HANDLE engine, const struct wfp_type *type, const void *context, UINT64 *id)
{
	struct aip_api_engine r = { .object = AIP_API_ENGINE_CONTEXT };
	struct wfp_engine_answer a;
	DWORD error;

	if (context == NULL)
		return FWP_E_NULL_POINTER;
	error = wfp_engine_ask(engine, AIP_API_ENGINE_ADD, &r, type, context, &a);
	if (error != 0)
		return error;
	if (id != NULL)
		*id = a.id;
	free(a.whole);
	return 0;
}

/*
 * Stores a policy, private to this user. Windows: FwpmProviderContextAdd0 (fwpmu.h). sd is
 * ignored. *id is what FwpmProviderContextGetById0 takes. FWP_E_ codes say what is wrong
 * with it (fwpmu(3)).
 */
DWORD WINAPI
FwpmProviderContextAdd0(HANDLE engineHandle,
    const FWPM_PROVIDER_CONTEXT0 *providerContext, PSECURITY_DESCRIPTOR sd, UINT64 *id)
{
	(void)sd;
	return context_add(engineHandle, &wfp_context0, providerContext, id);
}

DWORD WINAPI
FwpmProviderContextAdd1(HANDLE engineHandle,
    const FWPM_PROVIDER_CONTEXT1 *providerContext, PSECURITY_DESCRIPTOR sd, UINT64 *id)
{
	(void)sd;
	return context_add(engineHandle, &wfp_context1, providerContext, id);
}

DWORD WINAPI
FwpmProviderContextDeleteByKey0(HANDLE engineHandle, const GUID *key)
{
	return wfp_engine_delete_by_key(engineHandle, AIP_API_ENGINE_CONTEXT, key);
}

DWORD WINAPI
FwpmProviderContextDeleteById0(HANDLE engineHandle, UINT64 id)
{
	return wfp_engine_delete_by_id(engineHandle, AIP_API_ENGINE_CONTEXT, id);
}

DWORD WINAPI
FwpmProviderContextGetByKey0(
    HANDLE engineHandle, const GUID *key, FWPM_PROVIDER_CONTEXT0 **providerContext)
{
	return wfp_engine_get_by_key(engineHandle, AIP_API_ENGINE_CONTEXT, key,
	    &wfp_context0, (void **)providerContext);
}

DWORD WINAPI
FwpmProviderContextGetByKey1(
    HANDLE engineHandle, const GUID *key, FWPM_PROVIDER_CONTEXT1 **providerContext)
{
	return wfp_engine_get_by_key(engineHandle, AIP_API_ENGINE_CONTEXT, key,
	    &wfp_context1, (void **)providerContext);
}

DWORD WINAPI
FwpmProviderContextGetById0(
    HANDLE engineHandle, UINT64 id, FWPM_PROVIDER_CONTEXT0 **providerContext)
{
	return wfp_engine_get_by_id(engineHandle, AIP_API_ENGINE_CONTEXT, id,
	    &wfp_context0, (void **)providerContext);
}

DWORD WINAPI
FwpmProviderContextGetById1(
    HANDLE engineHandle, UINT64 id, FWPM_PROVIDER_CONTEXT1 **providerContext)
{
	return wfp_engine_get_by_id(engineHandle, AIP_API_ENGINE_CONTEXT, id,
	    &wfp_context1, (void **)providerContext);
}

DWORD WINAPI
FwpmProviderContextCreateEnumHandle0(HANDLE engineHandle,
    const FWPM_PROVIDER_CONTEXT_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle)
{
	return wfp_engine_enum_open(engineHandle, AIP_API_ENGINE_CONTEXT,
	    &wfp_context_template, enumTemplate, enumHandle);
}

DWORD WINAPI
FwpmProviderContextEnum0(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, FWPM_PROVIDER_CONTEXT0 ***entries,
    UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_CONTEXT,
	    &wfp_context0, numEntriesRequested, (void ***)entries, numEntriesReturned);
}

DWORD WINAPI
FwpmProviderContextEnum1(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, FWPM_PROVIDER_CONTEXT1 ***entries,
    UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_CONTEXT,
	    &wfp_context1, numEntriesRequested, (void ***)entries, numEntriesReturned);
}

DWORD WINAPI
FwpmProviderContextDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle)
{
	return wfp_engine_enum_close(engineHandle, enumHandle, AIP_API_ENGINE_CONTEXT);
}
