/* SAs of quick mode and main mode, and statistics. */
#include "winsock/wfp_engine.h"

/* ---- pairs of quick-mode SAs ---- */

DWORD WINAPI
IPsecSaContextGetById0(HANDLE engineHandle, UINT64 id, IPSEC_SA_CONTEXT0 **saContext)
{
	return wfp_engine_get_by_id(engineHandle, AIP_API_ENGINE_SA_CONTEXT, id,
	    &wfp_sa_context0, (void **)saContext);
}

DWORD WINAPI
IPsecSaContextGetById1(HANDLE engineHandle, UINT64 id, IPSEC_SA_CONTEXT1 **saContext)
{
	return wfp_engine_get_by_id(engineHandle, AIP_API_ENGINE_SA_CONTEXT, id,
	    &wfp_sa_context1, (void **)saContext);
}

/* Deletes both directions, and tells the peer. For root. */
DWORD WINAPI
IPsecSaContextDeleteById0(HANDLE engineHandle, UINT64 id)
{
	return wfp_engine_delete_by_id(engineHandle, AIP_API_ENGINE_SA_CONTEXT, id);
}

/* The same: unlike on Windows, the inbound SA does not live a minute longer. */
DWORD WINAPI
IPsecSaContextExpire0(HANDLE engineHandle, UINT64 id)
{
	return wfp_engine_delete_by_id(engineHandle, AIP_API_ENGINE_SA_CONTEXT, id);
}

DWORD WINAPI
IPsecSaContextCreateEnumHandle0(HANDLE engineHandle,
    const IPSEC_SA_CONTEXT_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle)
{
	return wfp_engine_enum_open(engineHandle, AIP_API_ENGINE_SA_CONTEXT,
	    &wfp_sa_context_template, enumTemplate, enumHandle);
}

DWORD WINAPI
IPsecSaContextEnum0(HANDLE engineHandle, HANDLE enumHandle, UINT32 numEntriesRequested,
    IPSEC_SA_CONTEXT0 ***entries, UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_SA_CONTEXT,
	    &wfp_sa_context0, numEntriesRequested, (void ***)entries,
	    numEntriesReturned);
}

DWORD WINAPI
IPsecSaContextEnum1(HANDLE engineHandle, HANDLE enumHandle, UINT32 numEntriesRequested,
    IPSEC_SA_CONTEXT1 ***entries, UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_SA_CONTEXT,
	    &wfp_sa_context1, numEntriesRequested, (void ***)entries,
	    numEntriesReturned);
}

DWORD WINAPI
IPsecSaContextDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle)
{
	return wfp_engine_enum_close(
	    engineHandle, enumHandle, AIP_API_ENGINE_SA_CONTEXT);
}

/* ---- single quick-mode SAs ---- */

DWORD WINAPI
IPsecSaCreateEnumHandle0(HANDLE engineHandle,
    const IPSEC_SA_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle)
{
	return wfp_engine_enum_open(engineHandle, AIP_API_ENGINE_SA, &wfp_sa_template,
	    enumTemplate, enumHandle);
}

DWORD WINAPI
IPsecSaEnum0(HANDLE engineHandle, HANDLE enumHandle, UINT32 numEntriesRequested,
    IPSEC_SA_DETAILS0 ***entries, UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_SA,
	    &wfp_sa_details0, numEntriesRequested, (void ***)entries,
	    numEntriesReturned);
}

DWORD WINAPI
IPsecSaDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle)
{
	return wfp_engine_enum_close(engineHandle, enumHandle, AIP_API_ENGINE_SA);
}

DWORD WINAPI
IPsecGetStatistics0(HANDLE engineHandle, IPSEC_STATISTICS0 *ipsecStatistics)
{
	return wfp_engine_statistics(
	    engineHandle, AIP_API_ENGINE_SA, &wfp_ipsec_statistics0, ipsecStatistics);
}

DWORD WINAPI
IPsecGetStatistics1(HANDLE engineHandle, IPSEC_STATISTICS1 *ipsecStatistics)
{
	return wfp_engine_statistics(
	    engineHandle, AIP_API_ENGINE_SA, &wfp_ipsec_statistics1, ipsecStatistics);
}

/* ---- main-mode SAs ---- */

DWORD WINAPI
IkeextSaGetById0(HANDLE engineHandle, UINT64 id, IKEEXT_SA_DETAILS0 **sa)
{
	return wfp_engine_get_by_id(
	    engineHandle, AIP_API_ENGINE_IKE_SA, id, &wfp_ikeext_sa0, (void **)sa);
}

/* saLookupContext is not needed: the daemon knows whose SAs the caller may see. */
DWORD WINAPI
IkeextSaGetById1(
    HANDLE engineHandle, UINT64 id, GUID *saLookupContext, IKEEXT_SA_DETAILS1 **sa)
{
	(void)saLookupContext;
	return wfp_engine_get_by_id(
	    engineHandle, AIP_API_ENGINE_IKE_SA, id, &wfp_ikeext_sa1, (void **)sa);
}

/* Deletes it and its quick modes, and tells the peer. For root. */
DWORD WINAPI
IkeextSaDeleteById0(HANDLE engineHandle, UINT64 id)
{
	return wfp_engine_delete_by_id(engineHandle, AIP_API_ENGINE_IKE_SA, id);
}

DWORD WINAPI
IkeextSaCreateEnumHandle0(HANDLE engineHandle,
    const IKEEXT_SA_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle)
{
	return wfp_engine_enum_open(engineHandle, AIP_API_ENGINE_IKE_SA,
	    &wfp_ikeext_template, enumTemplate, enumHandle);
}

DWORD WINAPI
IkeextSaEnum0(HANDLE engineHandle, HANDLE enumHandle, UINT32 numEntriesRequested,
    IKEEXT_SA_DETAILS0 ***entries, UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_IKE_SA,
	    &wfp_ikeext_sa0, numEntriesRequested, (void ***)entries,
	    numEntriesReturned);
}

DWORD WINAPI
IkeextSaEnum1(HANDLE engineHandle, HANDLE enumHandle, UINT32 numEntriesRequested,
    IKEEXT_SA_DETAILS1 ***entries, UINT32 *numEntriesReturned)
{
	return wfp_engine_enum(engineHandle, enumHandle, AIP_API_ENGINE_IKE_SA,
	    &wfp_ikeext_sa1, numEntriesRequested, (void ***)entries,
	    numEntriesReturned);
}

DWORD WINAPI
IkeextSaDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle)
{
	return wfp_engine_enum_close(engineHandle, enumHandle, AIP_API_ENGINE_IKE_SA);
}

DWORD WINAPI
IkeextGetStatistics0(HANDLE engineHandle, IKEEXT_STATISTICS0 *ikeextStatistics)
{
	return wfp_engine_statistics(engineHandle, AIP_API_ENGINE_IKE_SA,
	    &wfp_ikeext_statistics0, ikeextStatistics);
}

DWORD WINAPI
IkeextGetStatistics1(HANDLE engineHandle, IKEEXT_STATISTICS1 *ikeextStatistics)
{
	return wfp_engine_statistics(engineHandle, AIP_API_ENGINE_IKE_SA,
	    &wfp_ikeext_statistics1, ikeextStatistics);
}
