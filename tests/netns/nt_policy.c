/*
 * TCP client and server whose policy is not the default one, in one respect each:
 *
 *	nt_policy idle -l PORT		pairs end after 2 seconds without traffic
 *	nt_policy idle ADDRESS PORT
 *	nt_policy main ...		certificates in main mode, and no extended mode
 *	nt_policy ike ...		a policy of IKE: certificates, AES-256, SHA-256, ECP-384
 *
 * The server echoes. The client says "M C I G: methods A[ B], policy P": key module, cipher,
 * integrity and group of its main mode, the methods of main and extended mode, and whose policy
 * it was (own or other); then it stays.
 */
#include <arpa/inet.h>
#include <fwpmu.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ws2tcpip.h>

static const GUID mm_key = { 0x5c1d2f60, 0x8f0a, 0x4b61,
	{ 0x9a, 0x1e, 0x3b, 0x70, 0x22, 0x6d, 0x41, 0x04 } };
static const GUID qm_key = { 0x5c1d2f60, 0x8f0a, 0x4b61,
	{ 0x9a, 0x1e, 0x3b, 0x70, 0x22, 0x6d, 0x41, 0x05 } };
static enum { IDLE, MAIN, IKE } kind;

static void
must(const char *what, DWORD error)
{
	if (error == 0)
		return;
	printf("%s: error %#x\n", what, error);
	exit(1);
}

static void
add_main_mode(HANDLE engine)
{
	static wchar_t name[] = L"Main mode of a test";
	IKEEXT_AUTHENTICATION_METHOD0 method = {
		.authenticationMethodType = kind == IKE	 ? IKEEXT_CERTIFICATE_ECDSA_P256 :
					    kind == MAIN ? IKEEXT_SSL :
							   IKEEXT_ANONYMOUS,
	};
	IKEEXT_PROPOSAL0 proposal = {
		.cipherAlgorithm = { .algoIdentifier = IKEEXT_CIPHER_AES_256 },
		.integrityAlgorithm = { kind == IKE ? IKEEXT_INTEGRITY_SHA_256 :
						      IKEEXT_INTEGRITY_SHA_384 },
		.maxLifetimeSeconds = 3600,
		.dhGroup = IKEEXT_DH_ECP_384,
	};
	IKEEXT_POLICY0 policy = {
		.numAuthenticationMethods = 1,
		.authenticationMethods = &method,
		.numIkeProposals = 1,
		.ikeProposals = &proposal,
	};
	FWPM_PROVIDER_CONTEXT0 context = {
		.providerContextKey = mm_key,
		.displayData = { .name = name },
		.type = kind == IKE ? FWPM_IPSEC_IKE_MM_CONTEXT :
				      FWPM_IPSEC_AUTHIP_MM_CONTEXT,
		.authIpMmPolicy = &policy,
	};

	must("main mode", FwpmProviderContextAdd0(engine, &context, NULL, NULL));
}

static void
add_quick_mode(HANDLE engine)
{
	static wchar_t name[] = L"Quick mode of a test";
	IKEEXT_AUTHENTICATION_METHOD0 method = { .authenticationMethodType = IKEEXT_SSL };
	IKEEXT_EM_POLICY0 em = { 1, &method, IKEEXT_IMPERSONATION_NONE };
	IPSEC_AUTH_TRANSFORM0 sha256 = { IPSEC_AUTH_TRANSFORM_ID_HMAC_SHA_256_128, NULL };
	IPSEC_SA_TRANSFORM0 transform = {
		.ipsecTransformType = IPSEC_TRANSFORM_ESP_AUTH,
		.espAuthTransform = &sha256,
	};
	IPSEC_PROPOSAL0 proposal = {
		.lifetime = { 3600, 100000, 0x7fffffff },
		.numSaTransforms = 1,
		.saTransforms = &transform,
	};
	IPSEC_TRANSPORT_POLICY0 policy = {
		.numIpsecProposals = 1,
		.ipsecProposals = &proposal,
		.saIdleTimeout = { kind == IDLE ? 2 : 300, 60 },
		.emPolicy = kind == IDLE ? &em : NULL,
	};
	FWPM_PROVIDER_CONTEXT0 context = {
		.providerContextKey = qm_key,
		.displayData = { .name = name },
		.type = kind == IKE ? FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT :
				      FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT,
		.authipQmTransportPolicy = &policy,
	};

	must("quick mode", FwpmProviderContextAdd0(engine, &context, NULL, NULL));
}

static HANDLE
open_engine(void)
{
	FWPM_SESSION0 session = { .flags = FWPM_SESSION_FLAG_DYNAMIC };
	HANDLE engine;

	must("engine",
	    FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, &session, &engine));
	add_main_mode(engine);
	add_quick_mode(engine);
	return engine;
}

static int
secure_socket(void)
{
	SOCKET_SECURITY_SETTINGS_IPSEC settings = {
		.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC,
		.AuthipMMPolicyKey = mm_key,
		.AuthipQMPolicyKey = qm_key,
	};
	int s = (int)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (WSASetSocketSecurity(s, (const SOCKET_SECURITY_SETTINGS *)&settings,
		sizeof(settings), NULL, NULL) != 0)
		must("WSASetSocketSecurity", (DWORD)WSAGetLastError());
	return s;
}

static bool
is_own(const IKEEXT_SA_DETAILS0 *sa)
{
	return memcmp(&sa->ikePolicyKey, &mm_key, sizeof(mm_key)) == 0;
}

/* The main mode of this program, or one of others (root sees all). */
static void
show_main_mode(HANDLE engine)
{
	IKEEXT_SA_DETAILS0 **list;
	HANDLE h;
	UINT32 n, first = 0;

	must("main modes", IkeextSaCreateEnumHandle0(engine, NULL, &h));
	must("main modes", IkeextSaEnum0(engine, h, 100, &list, &n));
	while (first + 1 < n && !is_own(list[first]))
		first++;
	for (UINT32 i = first; i < n && i == first; i++) {
		const IKEEXT_PROPOSAL0 *p = &list[i]->ikeProposal;
		const IKEEXT_CREDENTIALS0 *c = &list[i]->ikeCredentials;

		printf("%d %d %d %d: methods", list[i]->keyModuleType,
		    p->cipherAlgorithm.algoIdentifier,
		    p->integrityAlgorithm.algoIdentifier, p->dhGroup);
		for (UINT32 k = 0; k < c->numCredentials; k++)
			printf(" %d",
			    c->credentials[k].peerCredentials.authenticationMethodType);
		printf(", policy %s\n", is_own(list[i]) ? "own" : "other");
	}
	fflush(stdout);
	FwpmFreeMemory0((void **)&list);
}

static int
client(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	HANDLE engine = open_engine();
	int s = secure_socket();
	char b[5];

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1 ||
	    connect(s, (struct sockaddr *)&a, sizeof(a)) != 0) {
		perror(host);
		return 1;
	}
	if (send(s, "hello", 5, MSG_NOSIGNAL) != 5 || recv(s, b, 5, MSG_WAITALL) != 5)
		return 1;
	show_main_mode(engine);
	return (int)recv(s, b, 1, 0);
}

static int
server(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	char b[5];
	int s, c;

	(void)open_engine();
	s = secure_socket();
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(s, 5) != 0) {
		perror(port);
		return 1;
	}
	printf("listening\n");
	fflush(stdout);
	while ((c = accept(s, NULL, NULL)) != -1)
		if (recv(c, b, sizeof(b), MSG_WAITALL) == sizeof(b))
			(void)!send(c, b, sizeof(b), MSG_NOSIGNAL);
	return 1;
}

int
main(int argc, char **argv)
{
	static const char *const kinds[] = { "idle", "main", "ike" };

	if (argc != 4)
		return 2;
	while (strcmp(argv[1], kinds[kind]) != 0)
		if (++kind > IKE)
			return 2;
	return strcmp(argv[2], "-l") == 0 ? server(argv[3]) : client(argv[2], argv[3]);
}
