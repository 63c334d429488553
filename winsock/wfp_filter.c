/* Filters of secured sockets, to be looked at; nobody adds one of his own. */
#include "winsock/wfp_engine.h"

DWORD WINAPI
FwpmFilterGetByKey0(HANDLE engineHandle, const GUID *key, FWPM_FILTER0 **filter)
{
	return wfp_engine_get_by_key(
	    engineHandle, AIP_API_ENGINE_FILTER, key, &wfp_filter, (void **)filter);
}

DWORD WINAPI
FwpmFilterGetById0(HANDLE engineHandle, UINT64 id, FWPM_FILTER0 **filter)
{
	return wfp_engine_get_by_id(
	    engineHandle, AIP_API_ENGINE_FILTER, id, &wfp_filter, (void **)filter);
}

DWORD WINAPI
FwpmFilterCreateEnumHandle0(HANDLE engineHandle,
    const FWPM_FILTER_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle)
{
	return wfp_engine_enum_open(engineHandle, AIP_API_ENGINE_FILTER,
	    &wfp_filter_template, enumTemplate, enumHandle);
}

DWORD WINAPI
FwpmFilterEnum0(HANDLE engineHandle, HANDLE enumHandle, UINT32 numEntriesRequested,
    FWPM_FILTER0 ***entries, UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_FILTER,
	    &wfp_filter, numEntriesRequested, (void ***)entries, numEntriesReturned);
}

DWORD WINAPI
FwpmFilterDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle)
{
	return wfp_engine_enum_close(engineHandle, enumHandle, AIP_API_ENGINE_FILTER);
}
