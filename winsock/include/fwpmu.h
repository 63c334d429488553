/* Management of the filtering platform. DWORD results: 0, a Win32 error or FWP_E_. */
#ifndef AUTHIP_FWPMU_H
#define AUTHIP_FWPMU_H

#include "fwpmguid.h"
#include "fwpmtypes.h"
#include "rpcdce.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Engine. */
DWORD WINAPI FwpmEngineOpen0(const wchar_t *serverName, UINT32 authnService,
    SEC_WINNT_AUTH_IDENTITY_W *authIdentity, const FWPM_SESSION0 *session,
    HANDLE *engineHandle);
DWORD WINAPI FwpmEngineClose0(HANDLE engineHandle);
void WINAPI FwpmFreeMemory0(void **p);

/* Transactions. */
DWORD WINAPI FwpmTransactionBegin0(HANDLE engineHandle, UINT32 flags);
DWORD WINAPI FwpmTransactionCommit0(HANDLE engineHandle);
DWORD WINAPI FwpmTransactionAbort0(HANDLE engineHandle);

/* Provider contexts: policy. */
DWORD WINAPI FwpmProviderContextAdd0(HANDLE engineHandle,
    const FWPM_PROVIDER_CONTEXT0 *providerContext, PSECURITY_DESCRIPTOR sd, UINT64 *id);
DWORD WINAPI FwpmProviderContextDeleteByKey0(HANDLE engineHandle, const GUID *key);
DWORD WINAPI FwpmProviderContextDeleteById0(HANDLE engineHandle, UINT64 id);
DWORD WINAPI FwpmProviderContextGetByKey0(
    HANDLE engineHandle, const GUID *key, FWPM_PROVIDER_CONTEXT0 **providerContext);
DWORD WINAPI FwpmProviderContextGetById0(
    HANDLE engineHandle, UINT64 id, FWPM_PROVIDER_CONTEXT0 **providerContext);
DWORD WINAPI FwpmProviderContextCreateEnumHandle0(HANDLE engineHandle,
    const FWPM_PROVIDER_CONTEXT_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle);
DWORD WINAPI FwpmProviderContextEnum0(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, FWPM_PROVIDER_CONTEXT0 ***entries,
    UINT32 *numEntriesReturned);
DWORD WINAPI FwpmProviderContextDestroyEnumHandle0(
    HANDLE engineHandle, HANDLE enumHandle);

/* Filters. */
DWORD WINAPI FwpmFilterAdd0(HANDLE engineHandle, const FWPM_FILTER0 *filter,
    PSECURITY_DESCRIPTOR sd, UINT64 *id);
DWORD WINAPI FwpmFilterDeleteByKey0(HANDLE engineHandle, const GUID *key);
DWORD WINAPI FwpmFilterDeleteById0(HANDLE engineHandle, UINT64 id);
DWORD WINAPI FwpmFilterGetByKey0(
    HANDLE engineHandle, const GUID *key, FWPM_FILTER0 **filter);
DWORD WINAPI FwpmFilterGetById0(HANDLE engineHandle, UINT64 id, FWPM_FILTER0 **filter);
DWORD WINAPI FwpmFilterCreateEnumHandle0(HANDLE engineHandle,
    const FWPM_FILTER_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle);
DWORD WINAPI FwpmFilterEnum0(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, FWPM_FILTER0 ***entries, UINT32 *numEntriesReturned);
DWORD WINAPI FwpmFilterDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle);

/* Providers and sublayers: names only. */
DWORD WINAPI FwpmProviderAdd0(
    HANDLE engineHandle, const FWPM_PROVIDER0 *provider, PSECURITY_DESCRIPTOR sd);
DWORD WINAPI FwpmProviderDeleteByKey0(HANDLE engineHandle, const GUID *key);
DWORD WINAPI FwpmSubLayerAdd0(
    HANDLE engineHandle, const FWPM_SUBLAYER0 *subLayer, PSECURITY_DESCRIPTOR sd);
DWORD WINAPI FwpmSubLayerDeleteByKey0(HANDLE engineHandle, const GUID *key);

/* SA contexts: a pair of quick-mode SAs and its filter. */
DWORD WINAPI IPsecSaContextCreate0(HANDLE engineHandle,
    const IPSEC_TRAFFIC0 *outboundTraffic, UINT64 *inboundFilterId, UINT64 *id);
DWORD WINAPI IPsecSaContextGetSpi0(HANDLE engineHandle, UINT64 id,
    const IPSEC_GETSPI0 *getSpi, IPSEC_SA_SPI *inboundSpi);
DWORD WINAPI IPsecSaContextAddInbound0(
    HANDLE engineHandle, UINT64 id, const IPSEC_SA_BUNDLE0 *inboundBundle);
DWORD WINAPI IPsecSaContextAddOutbound0(
    HANDLE engineHandle, UINT64 id, const IPSEC_SA_BUNDLE0 *outboundBundle);
DWORD WINAPI IPsecSaContextGetById0(
    HANDLE engineHandle, UINT64 id, IPSEC_SA_CONTEXT0 **saContext);
DWORD WINAPI IPsecSaContextDeleteById0(HANDLE engineHandle, UINT64 id);
DWORD WINAPI IPsecSaContextExpire0(HANDLE engineHandle, UINT64 id);
DWORD WINAPI IPsecSaContextCreateEnumHandle0(HANDLE engineHandle,
    const IPSEC_SA_CONTEXT_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle);
DWORD WINAPI IPsecSaContextEnum0(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, IPSEC_SA_CONTEXT0 ***entries,
    UINT32 *numEntriesReturned);
DWORD WINAPI IPsecSaContextDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle);

/* Quick-mode SAs, one entry for each direction. */
DWORD WINAPI IPsecSaCreateEnumHandle0(HANDLE engineHandle,
    const IPSEC_SA_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle);
DWORD WINAPI IPsecSaEnum0(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, IPSEC_SA_DETAILS0 ***entries,
    UINT32 *numEntriesReturned);
DWORD WINAPI IPsecSaDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle);
DWORD WINAPI IPsecGetStatistics0(
    HANDLE engineHandle, IPSEC_STATISTICS0 *ipsecStatistics);

/* Main-mode SAs. */
DWORD WINAPI IkeextSaGetById0(HANDLE engineHandle, UINT64 id, IKEEXT_SA_DETAILS0 **sa);
DWORD WINAPI IkeextSaDeleteById0(HANDLE engineHandle, UINT64 id);
DWORD WINAPI IkeextSaCreateEnumHandle0(HANDLE engineHandle,
    const IKEEXT_SA_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle);
DWORD WINAPI IkeextSaEnum0(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, IKEEXT_SA_DETAILS0 ***entries,
    UINT32 *numEntriesReturned);
DWORD WINAPI IkeextSaDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle);
DWORD WINAPI IkeextGetStatistics0(
    HANDLE engineHandle, IKEEXT_STATISTICS0 *ikeextStatistics);

/* The same with the structures of Windows 7. */
DWORD WINAPI FwpmProviderContextAdd1(HANDLE engineHandle,
    const FWPM_PROVIDER_CONTEXT1 *providerContext, PSECURITY_DESCRIPTOR sd, UINT64 *id);
DWORD WINAPI FwpmProviderContextGetByKey1(
    HANDLE engineHandle, const GUID *key, FWPM_PROVIDER_CONTEXT1 **providerContext);
DWORD WINAPI FwpmProviderContextGetById1(
    HANDLE engineHandle, UINT64 id, FWPM_PROVIDER_CONTEXT1 **providerContext);
DWORD WINAPI FwpmProviderContextEnum1(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, FWPM_PROVIDER_CONTEXT1 ***entries,
    UINT32 *numEntriesReturned);
DWORD WINAPI IPsecSaContextGetById1(
    HANDLE engineHandle, UINT64 id, IPSEC_SA_CONTEXT1 **saContext);
DWORD WINAPI IPsecSaContextEnum1(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, IPSEC_SA_CONTEXT1 ***entries,
    UINT32 *numEntriesReturned);
DWORD WINAPI IPsecGetStatistics1(
    HANDLE engineHandle, IPSEC_STATISTICS1 *ipsecStatistics);
DWORD WINAPI IkeextSaGetById1(
    HANDLE engineHandle, UINT64 id, GUID *saLookupContext, IKEEXT_SA_DETAILS1 **sa);
DWORD WINAPI IkeextSaEnum1(HANDLE engineHandle, HANDLE enumHandle,
    UINT32 numEntriesRequested, IKEEXT_SA_DETAILS1 ***entries,
    UINT32 *numEntriesReturned);
DWORD WINAPI IkeextGetStatistics1(
    HANDLE engineHandle, IKEEXT_STATISTICS1 *ikeextStatistics);

#ifdef __cplusplus
}
#endif

/* The names without a version are those of version 0. */
#define FwpmEngineOpen FwpmEngineOpen0
#define FwpmEngineClose FwpmEngineClose0
#define FwpmFreeMemory FwpmFreeMemory0
#define FwpmTransactionBegin FwpmTransactionBegin0
#define FwpmTransactionCommit FwpmTransactionCommit0
#define FwpmTransactionAbort FwpmTransactionAbort0
#define FwpmProviderContextAdd FwpmProviderContextAdd0
#define FwpmProviderContextDeleteByKey FwpmProviderContextDeleteByKey0
#define FwpmProviderContextDeleteById FwpmProviderContextDeleteById0
#define FwpmProviderContextGetByKey FwpmProviderContextGetByKey0
#define FwpmProviderContextGetById FwpmProviderContextGetById0
#define FwpmProviderContextCreateEnumHandle FwpmProviderContextCreateEnumHandle0
#define FwpmProviderContextEnum FwpmProviderContextEnum0
#define FwpmProviderContextDestroyEnumHandle FwpmProviderContextDestroyEnumHandle0
#define FwpmFilterAdd FwpmFilterAdd0
#define FwpmFilterDeleteByKey FwpmFilterDeleteByKey0
#define FwpmFilterDeleteById FwpmFilterDeleteById0
#define FwpmFilterGetByKey FwpmFilterGetByKey0
#define FwpmFilterGetById FwpmFilterGetById0
#define FwpmFilterCreateEnumHandle FwpmFilterCreateEnumHandle0
#define FwpmFilterEnum FwpmFilterEnum0
#define FwpmFilterDestroyEnumHandle FwpmFilterDestroyEnumHandle0
#define FwpmProviderAdd FwpmProviderAdd0
#define FwpmProviderDeleteByKey FwpmProviderDeleteByKey0
#define FwpmSubLayerAdd FwpmSubLayerAdd0
#define FwpmSubLayerDeleteByKey FwpmSubLayerDeleteByKey0
#define IPsecSaContextCreate IPsecSaContextCreate0
#define IPsecSaContextGetSpi IPsecSaContextGetSpi0
#define IPsecSaContextAddInbound IPsecSaContextAddInbound0
#define IPsecSaContextAddOutbound IPsecSaContextAddOutbound0
#define IPsecSaContextGetById IPsecSaContextGetById0
#define IPsecSaContextDeleteById IPsecSaContextDeleteById0
#define IPsecSaContextExpire IPsecSaContextExpire0
#define IPsecSaContextCreateEnumHandle IPsecSaContextCreateEnumHandle0
#define IPsecSaContextEnum IPsecSaContextEnum0
#define IPsecSaContextDestroyEnumHandle IPsecSaContextDestroyEnumHandle0
#define IPsecSaCreateEnumHandle IPsecSaCreateEnumHandle0
#define IPsecSaEnum IPsecSaEnum0
#define IPsecSaDestroyEnumHandle IPsecSaDestroyEnumHandle0
#define IPsecGetStatistics IPsecGetStatistics0
#define IkeextSaGetById IkeextSaGetById0
#define IkeextSaDeleteById IkeextSaDeleteById0
#define IkeextSaCreateEnumHandle IkeextSaCreateEnumHandle0
#define IkeextSaEnum IkeextSaEnum0
#define IkeextSaDestroyEnumHandle IkeextSaDestroyEnumHandle0
#define IkeextGetStatistics IkeextGetStatistics0

#endif
