/*
 * TCP client and server with a policy of their own, and what became of it: AES-256 with
 * SHA-256 and perfect forward secrecy in quick mode, AES-256, SHA-384 and ECP-384 in main mode.
 * After connect the client looks for the filter of its connection, then for the SAs that
 * name the filter, then for the main mode that made them.
 */
#include <arpa/inet.h>
#include <fwpmu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ws2tcpip.h>

static const GUID mm_key = { 0x5c1d2f60, 0x8f0a, 0x4b61,
	{ 0x9a, 0x1e, 0x3b, 0x70, 0x22, 0x6d, 0x41, 0x01 } };
static const GUID qm_key = { 0x5c1d2f60, 0x8f0a, 0x4b61,
	{ 0x9a, 0x1e, 0x3b, 0x70, 0x22, 0x6d, 0x41, 0x02 } };

static void
must(const char *what, DWORD error)
{
	if (error == 0)
		return;
	fprintf(stderr, "%s: error %#x\n", what, error);
	exit(1);
}

/* ---- the policy ---- */

static void
add_main_mode(HANDLE engine)
{
	static wchar_t name[] = L"Example main mode";
	IKEEXT_AUTHENTICATION_METHOD0 method = {
		.authenticationMethodType = IKEEXT_ANONYMOUS,
	};
	IKEEXT_PROPOSAL0 proposal = {
		.cipherAlgorithm = { .algoIdentifier = IKEEXT_CIPHER_AES_256 },
		.integrityAlgorithm = { IKEEXT_INTEGRITY_SHA_384 },
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
		.type = FWPM_IPSEC_AUTHIP_MM_CONTEXT,
		.authIpMmPolicy = &policy,
	};

	must("main mode policy", FwpmProviderContextAdd0(engine, &context, NULL, NULL));
}

/* Both sides show a certificate in extended mode. */
static void
add_quick_mode(HANDLE engine)
{
	static wchar_t name[] = L"Example quick mode";
	IKEEXT_AUTHENTICATION_METHOD0 method = { .authenticationMethodType =
						     IKEEXT_SSL };
	IKEEXT_EM_POLICY0 em = { 1, &method, IKEEXT_IMPERSONATION_NONE };
	IPSEC_AUTH_AND_CIPHER_TRANSFORM0 both = {
		.authTransform = { IPSEC_AUTH_TRANSFORM_ID_HMAC_SHA_256_128, NULL },
		.cipherTransform = { IPSEC_CIPHER_TRANSFORM_ID_AES_256, NULL },
	};
	IPSEC_SA_TRANSFORM0 transform = {
		.ipsecTransformType = IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER,
		.espAuthAndCipherTransform = &both,
	};
	IPSEC_PROPOSAL0 proposal = {
		.lifetime = { 900, 1048576, 0x7fffffff },
		.numSaTransforms = 1,
		.saTransforms = &transform,
		.pfsGroup = IPSEC_PFS_ECP_256,
	};
	IPSEC_TRANSPORT_POLICY0 policy = {
		.numIpsecProposals = 1,
		.ipsecProposals = &proposal,
		.saIdleTimeout = { 300, 60 },
		.emPolicy = &em,
	};
	FWPM_PROVIDER_CONTEXT0 context = {
		.providerContextKey = qm_key,
		.displayData = { .name = name },
		.type = FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT,
		.authipQmTransportPolicy = &policy,
	};

	must(
	    "quick mode policy", FwpmProviderContextAdd0(engine, &context, NULL, NULL));
}

/* The policies go when the engine is closed, or the program ends. */
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
		.SecurityFlags = SOCKET_SETTINGS_GUARANTEE_ENCRYPTION,
		.AuthipMMPolicyKey = mm_key,
		.AuthipQMPolicyKey = qm_key,
	};
	int s = (int)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (WSASetSocketSecurity(s, (const SOCKET_SECURITY_SETTINGS *)&settings,
		sizeof(settings), NULL, NULL) == 0)
		return s;
	fprintf(stderr, "WSASetSocketSecurity: error %d\n", WSAGetLastError());
	exit(1);
}

/* ---- what became of it ---- */

static FWPM_FILTER_CONDITION0
condition(const GUID *field, FWP_CONDITION_VALUE0 value)
{
	FWPM_FILTER_CONDITION0 c = { *field, FWP_MATCH_EQUAL, value };

	return c;
}

/* The filter of this connection: its id; 0: there is none. */
static UINT64
find_filter(HANDLE engine, const struct sockaddr_in *us, const struct sockaddr_in *peer)
{
	FWPM_FILTER_CONDITION0 c[] = {
		condition(&FWPM_CONDITION_IP_LOCAL_ADDRESS,
		    (FWP_CONDITION_VALUE0){
			FWP_UINT32, { .uint32 = ntohl(us->sin_addr.s_addr) } }),
		condition(&FWPM_CONDITION_IP_REMOTE_ADDRESS,
		    (FWP_CONDITION_VALUE0){
			FWP_UINT32, { .uint32 = ntohl(peer->sin_addr.s_addr) } }),
		condition(&FWPM_CONDITION_IP_LOCAL_PORT,
		    (FWP_CONDITION_VALUE0){
			FWP_UINT16, { .uint16 = ntohs(us->sin_port) } }),
		condition(&FWPM_CONDITION_IP_REMOTE_PORT,
		    (FWP_CONDITION_VALUE0){
			FWP_UINT16, { .uint16 = ntohs(peer->sin_port) } }),
		condition(&FWPM_CONDITION_IP_PROTOCOL,
		    (FWP_CONDITION_VALUE0){ FWP_UINT8, { .uint8 = IPPROTO_TCP } }),
		condition(&FWPM_CONDITION_IP_LOCAL_ADDRESS_TYPE,
		    (FWP_CONDITION_VALUE0){ FWP_UINT8, { .uint8 = 1 } }),
	};
	FWPM_FILTER_ENUM_TEMPLATE0 t = {
		.layerKey = FWPM_LAYER_OUTBOUND_TRANSPORT_V4,
		.flags = FWP_FILTER_ENUM_FLAG_BEST_TERMINATING_MATCH,
		.numFilterConditions = sizeof(c) / sizeof(c[0]),
		.filterCondition = c,
		.actionMask = 0xffffffff,
	};
	FWPM_FILTER0 **filters;
	HANDLE list;
	UINT64 id = 0;
	UINT32 n;

	must("filters", FwpmFilterCreateEnumHandle0(engine, &t, &list));
	must("filters", FwpmFilterEnum0(engine, list, 1, &filters, &n));
	if (n > 0)
		id = filters[0]->filterId;
	FwpmFreeMemory0((void **)&filters);
	must("filters", FwpmFilterDestroyEnumHandle0(engine, list));
	return id;
}

static void
show_main_mode(HANDLE engine, UINT64 id)
{
	IKEEXT_SA_DETAILS0 *sa;

	must("main mode", IkeextSaGetById0(engine, id, &sa));
	printf("main mode: cipher %d integrity %d group %d, %u credentials\n",
	    sa->ikeProposal.cipherAlgorithm.algoIdentifier,
	    sa->ikeProposal.integrityAlgorithm.algoIdentifier, sa->ikeProposal.dhGroup,
	    sa->ikeCredentials.numCredentials);
	FwpmFreeMemory0((void **)&sa);
}

static int
show_pair(HANDLE engine, const IPSEC_SA_CONTEXT0 *c, UINT64 filter, UINT16 port)
{
	const IPSEC_SA_DETAILS0 *out = c->outboundSa;
	const IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0 *info;

	if (out == NULL || out->transportFilter->filterId != filter ||
	    (out->traffic.remotePort != 0 && out->traffic.remotePort != port))
		return 0;
	info = out->saBundle.saList[0].espAuthAndCipherInformation;
	printf("pair: cipher %d integrity %d pfs %d, %u s, flags %#x\n",
	    info->saCipherInformation.cipherTransform.cipherTransformId.cipherType,
	    info->saAuthInformation.authTransform.authTransformId.authType,
	    out->saBundle.pfsGroup, out->saBundle.lifetime.lifetimeSeconds,
	    out->saBundle.flags);
	show_main_mode(engine, out->saBundle.mmSaId);
	return 1;
}

/* How many pairs of SAs the connection has. */
static int
show_protection(int s)
{
	struct sockaddr_in us, peer;
	socklen_t us_n = sizeof(us), peer_n = sizeof(peer);
	IPSEC_SA_CONTEXT_ENUM_TEMPLATE0 t = { .localSubNet = { .type = FWP_UINT32 },
		.remoteSubNet = { .type = FWP_UINT32 } };
	IPSEC_SA_CONTEXT0 **pairs;
	HANDLE engine, list;
	UINT64 filter;
	UINT32 n;
	int shown = 0;

	if (getsockname(s, (struct sockaddr *)&us, &us_n) != 0 ||
	    getpeername(s, (struct sockaddr *)&peer, &peer_n) != 0)
		return 0;
	must("engine", FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, NULL, &engine));
	filter = find_filter(engine, &us, &peer);
	t.localSubNet.uint32 = ntohl(us.sin_addr.s_addr);
	t.remoteSubNet.uint32 = ntohl(peer.sin_addr.s_addr);
	must("pairs", IPsecSaContextCreateEnumHandle0(engine, &t, &list));
	must("pairs", IPsecSaContextEnum0(engine, list, 0xffffffff, &pairs, &n));
	for (UINT32 i = 0; i < n && filter != 0; i++)
		shown += show_pair(engine, pairs[i], filter, ntohs(peer.sin_port));
	FwpmFreeMemory0((void **)&pairs);
	must("pairs", IPsecSaContextDestroyEnumHandle0(engine, list));
	must("engine", FwpmEngineClose0(engine));
	printf("%d pairs\n", shown);
	return shown;
}

/* ---- client and server ---- */

static int
client(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	char answer[6] = "";
	HANDLE engine = open_engine();
	int s = secure_socket(), good;

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1 ||
	    connect(s, (struct sockaddr *)&a, sizeof(a)) != 0) {
		perror(host);
		return 1;
	}
	good = send(s, "hello", 5, MSG_NOSIGNAL) == 5 &&
	       recv(s, answer, 5, MSG_WAITALL) == 5 && strcmp(answer, "hello") == 0 &&
	       show_protection(s) == 1;
	printf("in use: %#x\n", FwpmProviderContextDeleteByKey0(engine, &qm_key));
	close(s);
	must("engine", FwpmEngineClose0(engine));
	return good ? 0 : 1;
}

/* One connection after the other, for ever. */
static int
server(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	HANDLE engine = open_engine();
	int s = secure_socket(), c;
	char line[5];

	if (bind(s, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(s, 5) != 0) {
		perror(port);
		return 1;
	}
	printf("listening\n");
	fflush(stdout);
	while ((c = accept(s, NULL, NULL)) != -1) {
		if (recv(c, line, sizeof(line), MSG_WAITALL) == sizeof(line))
			(void)!send(c, line, sizeof(line), MSG_NOSIGNAL);
		(void)show_protection(c);
		fflush(stdout);
		(void)recv(c, line, sizeof(line), 0);
		close(c);
	}
	must("engine", FwpmEngineClose0(engine));
	return 1;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-l") == 0)
		return server(argv[2]);
	if (argc == 3)
		return client(argv[1], argv[2]);
	fprintf(stderr, "usage: policy_client ADDRESS PORT\n"
			"       policy_client -l PORT\n");
	return 2;
}
