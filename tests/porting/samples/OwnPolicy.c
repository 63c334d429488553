/* A TCP client for Windows with a policy of its own, and a name that the server has to prove. */
#define UNICODE
#define _UNICODE
#define _WIN32_WINNT 0x0600
#include <Windows.h>
#include <WinSock2.h>
#include <WS2tcpip.h>
#include <MSTcpIP.h>
#include <Fwpmu.h>
#include <Rpc.h>
#include <tchar.h>
#include <stdio.h>

#pragma comment(lib, "ws2_32.lib")
#pragma comment(lib, "fwpuclnt.lib")
#pragma comment(lib, "rpcrt4.lib")

/* As every program has one. */
#define NAME(x) { x, TEXT(#x) }
static const struct {
	int code;
	LPCWSTR name;
} Names[] = {
	NAME(WSAEACCES), NAME(WSAENETDOWN), NAME(WSAETOOMANYREFS), NAME(WSAELOOP),
	NAME(WSAENAMETOOLONG), NAME(WSAEHOSTDOWN), NAME(WSAENOTEMPTY), NAME(WSAEPROCLIM),
	NAME(WSAEUSERS), NAME(WSAEDQUOT), NAME(WSAESTALE), NAME(WSAEREMOTE),
	NAME(WSAENOMORE), NAME(WSAECANCELLED), NAME(WSAEINVALIDPROCTABLE),
	NAME(WSAEINVALIDPROVIDER), NAME(WSAEPROVIDERFAILEDINIT), NAME(WSASERVICE_NOT_FOUND),
	NAME(WSA_E_NO_MORE), NAME(WSA_E_CANCELLED), NAME(WSAEREFUSED), NAME(WSANO_ADDRESS),
};

static int
Fail(__in LPCWSTR where, __in DWORD code)
{
	LPCWSTR name = L"";
	LPWSTR text = NULL;
	size_t i;

	for (i = 0; i < _countof(Names); i++)
		if (Names[i].code == (int)code)
			name = Names[i].name;
	if (FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
		FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT),
		(LPWSTR)&text, 0, NULL) != 0) {
		wprintf(L"%s: %lu %s %s", where, code, name, text);
		LocalFree(text);
	} else {
		wprintf(L"%s: %lu %s\n", where, code, name);
	}
	return 1;
}

static DWORD
AddPolicy(HANDLE engine, __out GUID *key)
{
	FWPM_PROVIDER_CONTEXT0 context = { 0 };
	IPSEC_TRANSPORT_POLICY0 policy = { 0 };
	IPSEC_PROPOSAL0 proposal = { 0 };
	IPSEC_SA_TRANSFORM0 transform = { 0 };
	IPSEC_AUTH_AND_CIPHER_TRANSFORM0 both = { 0 };
	IKEEXT_EM_POLICY0 em = { 0 };
	IKEEXT_AUTHENTICATION_METHOD0 method = { 0 };
	UINT64 id;

	UuidCreate(key);
	both.authTransform.authTransformId = IPSEC_AUTH_TRANSFORM_ID_HMAC_SHA_1_96;
	both.cipherTransform.cipherTransformId = IPSEC_CIPHER_TRANSFORM_ID_AES_128;
	transform.ipsecTransformType = IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER;
	transform.espAuthAndCipherTransform = &both;
	proposal.lifetime.lifetimeSeconds = 3600;
	proposal.lifetime.lifetimeKilobytes = 100000;
	proposal.lifetime.lifetimePackets = INT_MAX;
	proposal.numSaTransforms = 1;
	proposal.saTransforms = &transform;
	proposal.pfsGroup = IPSEC_PFS_NONE;
	method.authenticationMethodType = IKEEXT_SSL;
	method.sslAuthentication.inboundConfigType = IKEEXT_CERT_CONFIG_TRUSTED_ROOT_STORE;
	method.sslAuthentication.outboundConfigType = IKEEXT_CERT_CONFIG_TRUSTED_ROOT_STORE;
	em.numAuthenticationMethods = 1;
	em.authenticationMethods = &method;
	em.initiatorImpersonationType = IKEEXT_IMPERSONATION_NONE;
	policy.numIpsecProposals = 1;
	policy.ipsecProposals = &proposal;
	policy.saIdleTimeout.idleTimeoutSeconds = 300;
	policy.saIdleTimeout.idleTimeoutSecondsFailOver = 60;
	policy.emPolicy = &em;
	context.providerContextKey = *key;
	context.displayData.name = L"OwnPolicy";
	context.type = FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT;
	context.authipQmTransportPolicy = &policy;
	return FwpmProviderContextAdd0(engine, &context, NULL, &id);
}

static int
SetTarget(SOCKET s, LPCWSTR name)
{
	ULONG bytes = (ULONG)(wcslen(name) * sizeof(WCHAR));
	ULONG length = sizeof(SOCKET_PEER_TARGET_NAME) + bytes;
	SOCKET_PEER_TARGET_NAME *target =
	    (SOCKET_PEER_TARGET_NAME *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, length);
	int result;

	if (target == NULL)
		return SOCKET_ERROR;
	target->SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC;
	target->PeerTargetNameStringLen = bytes;
	CopyMemory(target->AllStrings, name, bytes);
	result = WSASetSocketPeerTargetName(s, target, length, NULL, NULL);
	HeapFree(GetProcessHeap(), 0, target);
	return result;
}

static int
Talk(SOCKET s, LPCWSTR message)
{
	SOCKET_SECURITY_QUERY_INFO info;
	ULONG length = sizeof(info);
	DWORD n, flags = 0;
	CHAR text[256];
	WSABUF buffer;

	if (WSAQuerySocketSecurity(s, NULL, 0, &info, &length, NULL, NULL) == SOCKET_ERROR)
		return Fail(L"WSAQuerySocketSecurity", WSAGetLastError());
	wprintf(L"secured: %s, encrypted: %s\n",
	    info.Flags & SOCKET_INFO_CONNECTION_SECURED ? L"yes" : L"no",
	    info.Flags & SOCKET_INFO_CONNECTION_ENCRYPTED ? L"yes" : L"no");
	buffer.buf = text;
	buffer.len = WideCharToMultiByte(CP_UTF8, 0, message, -1, text, sizeof(text), NULL, NULL) - 1;
	if (WSASend(s, &buffer, 1, &n, 0, NULL, NULL) == SOCKET_ERROR)
		return Fail(L"WSASend", WSAGetLastError());
	buffer.len = sizeof(text) - 1;
	if (WSARecv(s, &buffer, 1, &n, &flags, NULL, NULL) == SOCKET_ERROR)
		return Fail(L"WSARecv", WSAGetLastError());
	text[n] = '\0';
	wprintf(L"echo of %lu bytes: %S\n", n, text);
	return 0;
}

static int
Run(HANDLE engine, wchar_t *argv[])
{
	SOCKET_SECURITY_SETTINGS_IPSEC settings = { SOCKET_SECURITY_PROTOCOL_IPSEC };
	ADDRINFOW hints = { 0 }, *info;
	DWORD error;
	SOCKET s;
	int rc;

	hints.ai_socktype = SOCK_STREAM;
	hints.ai_protocol = IPPROTO_TCP;
	if ((error = AddPolicy(engine, &settings.AuthipQMPolicyKey)) != ERROR_SUCCESS)
		return Fail(L"FwpmProviderContextAdd0", error);
	if ((rc = GetAddrInfoW(argv[1], argv[2], &hints, &info)) != 0)
		return Fail(L"GetAddrInfoW", rc);
	settings.SecurityFlags = SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	s = WSASocketW(info->ai_family, info->ai_socktype, info->ai_protocol, NULL, 0,
	    WSA_FLAG_OVERLAPPED);
	if (s == INVALID_SOCKET)
		rc = Fail(L"WSASocketW", WSAGetLastError());
	else if (WSASetSocketSecurity(s, (SOCKET_SECURITY_SETTINGS *)&settings, sizeof(settings),
	    NULL, NULL) == SOCKET_ERROR)
		rc = Fail(L"WSASetSocketSecurity", WSAGetLastError());
	else if (SetTarget(s, argv[3]) == SOCKET_ERROR)
		rc = Fail(L"WSASetSocketPeerTargetName", WSAGetLastError());
	else if (WSAConnect(s, (PSOCKADDR)info->ai_addr, (int)info->ai_addrlen, NULL, NULL, NULL,
	    NULL) == SOCKET_ERROR)
		rc = Fail(L"WSAConnect", WSAGetLastError());
	else
		rc = Talk(s, argv[4]);
	closesocket(s);
	FreeAddrInfoW(info);
	return rc;
}

int __cdecl
wmain(int argc, wchar_t *argv[])
{
	FWPM_SESSION0 session = { 0 };
	WSADATA wsaData;
	HANDLE engine;
	DWORD error;
	int rc;

	if (argc != 5) {
		wprintf(L"usage: OwnPolicy HOST PORT NAME MESSAGE\n");
		return 2;
	}
	if ((rc = WSAStartup(MAKEWORD(2, 2), &wsaData)) != 0)
		return Fail(L"WSAStartup", rc);
	session.flags = FWPM_SESSION_FLAG_DYNAMIC;
	session.displayData.name = L"OwnPolicy";
	error = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &session, &engine);
	if (error != ERROR_SUCCESS)
		return Fail(L"FwpmEngineOpen0", error);
	rc = Run(engine, argv);
	FwpmEngineClose0(engine);
	WSACleanup();
	return rc;
}
