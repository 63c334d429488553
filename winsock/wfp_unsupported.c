/* What exists only so that programs link: ERROR_NOT_SUPPORTED. See FwpmEngineOpen0(3). */
#include "winsock/wfp_engine.h"

DWORD WINAPI
FwpmFilterAdd0(HANDLE engineHandle, const FWPM_FILTER0 *filter, PSECURITY_DESCRIPTOR sd,
    UINT64 *id)
{
	(void)engineHandle, (void)filter, (void)sd, (void)id;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
FwpmFilterDeleteByKey0(HANDLE engineHandle, const GUID *key)
{
	(void)engineHandle, (void)key;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
FwpmFilterDeleteById0(HANDLE engineHandle, UINT64 id)
{
	(void)engineHandle, (void)id;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
FwpmProviderAdd0(
    HANDLE engineHandle, const FWPM_PROVIDER0 *provider, PSECURITY_DESCRIPTOR sd)
{
	(void)engineHandle, (void)provider, (void)sd;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
FwpmProviderDeleteByKey0(HANDLE engineHandle, const GUID *key)
{
	(void)engineHandle, (void)key;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
FwpmSubLayerAdd0(
    HANDLE engineHandle, const FWPM_SUBLAYER0 *subLayer, PSECURITY_DESCRIPTOR sd)
{
	(void)engineHandle, (void)subLayer, (void)sd;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
FwpmSubLayerDeleteByKey0(HANDLE engineHandle, const GUID *key)
{
	(void)engineHandle, (void)key;
	return ERROR_NOT_SUPPORTED;
}

/* Manual keying: keys come from a negotiation, never from a program. */
DWORD WINAPI
IPsecSaContextCreate0(HANDLE engineHandle, const IPSEC_TRAFFIC0 *outboundTraffic,
    UINT64 *inboundFilterId, UINT64 *id)
{
	(void)engineHandle, (void)outboundTraffic, (void)inboundFilterId, (void)id;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
IPsecSaContextGetSpi0(HANDLE engineHandle, UINT64 id, const IPSEC_GETSPI0 *getSpi,
    IPSEC_SA_SPI *inboundSpi)
{
	(void)engineHandle, (void)id, (void)getSpi, (void)inboundSpi;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
IPsecSaContextAddInbound0(
    HANDLE engineHandle, UINT64 id, const IPSEC_SA_BUNDLE0 *inboundBundle)
{
	(void)engineHandle, (void)id, (void)inboundBundle;
	return ERROR_NOT_SUPPORTED;
}

DWORD WINAPI
IPsecSaContextAddOutbound0(
    HANDLE engineHandle, UINT64 id, const IPSEC_SA_BUNDLE0 *outboundBundle)
{
	(void)engineHandle, (void)id, (void)outboundBundle;
	return ERROR_NOT_SUPPORTED;
}
