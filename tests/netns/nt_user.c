/*
 * A TCP client whose policy says: Kerberos in extended mode, with the tickets of the user who
 * made the socket.
 *
 *	nt_user ADDRESS PORT	sends a byte and waits for it: "served", or why not
 */
#include <arpa/inet.h>
#include <fwpmu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ws2tcpip.h>

static const GUID key = { 0x5c1d2f60, 0x8f0a, 0x4b61,
	{ 0x9a, 0x1e, 0x3b, 0x70, 0x22, 0x6d, 0x41, 0x03 } };

static void
must(const char *what, DWORD error)
{
	if (error == 0)
		return;
	printf("%s: error %#x\n", what, error);
	exit(1);
}

/* The first quick mode of the default policy, with Kerberos. */
static void
add_policy(HANDLE engine)
{
	static wchar_t name[] = L"Kerberos as the user";
	IKEEXT_AUTHENTICATION_METHOD0 method = { .authenticationMethodType =
						     IKEEXT_KERBEROS };
	IKEEXT_EM_POLICY0 em = { 1, &method, IKEEXT_IMPERSONATION_SOCKET_PRINCIPAL };
	IPSEC_AUTH_TRANSFORM0 sha1 = { IPSEC_AUTH_TRANSFORM_ID_HMAC_SHA_1_96, NULL };
	IPSEC_SA_TRANSFORM0 transform = {
		.ipsecTransformType = IPSEC_TRANSFORM_ESP_AUTH,
		.espAuthTransform = &sha1,
	};
	IPSEC_PROPOSAL0 proposal = {
		.lifetime = { 3600, 100000, 0x7fffffff },
		.numSaTransforms = 1,
		.saTransforms = &transform,
	};
	IPSEC_TRANSPORT_POLICY0 policy = {
		.numIpsecProposals = 1,
		.ipsecProposals = &proposal,
		.saIdleTimeout = { 300, 60 },
		.emPolicy = &em,
	};
	FWPM_PROVIDER_CONTEXT0 context = {
		.providerContextKey = key,
		.displayData = { .name = name },
		.type = FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT,
		.authipQmTransportPolicy = &policy,
	};

	must("policy", FwpmProviderContextAdd0(engine, &context, NULL, NULL));
}

int
main(int argc, char **argv)
{
	FWPM_SESSION0 session = { .flags = FWPM_SESSION_FLAG_DYNAMIC };
	SOCKET_SECURITY_SETTINGS_IPSEC settings = {
		.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_IPSEC,
		.AuthipQMPolicyKey = key,
	};
	struct sockaddr_in peer = { .sin_family = AF_INET };
	HANDLE engine;
	char byte;
	int s;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1)
		return 2;
	peer.sin_port = htons((uint16_t)atoi(argv[2]));
	must("engine",
	    FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, &session, &engine));
	add_policy(engine);
	s = (int)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (WSASetSocketSecurity(s, (const SOCKET_SECURITY_SETTINGS *)&settings,
		sizeof(settings), NULL, NULL) != 0)
		must("WSASetSocketSecurity", (DWORD)WSAGetLastError());
	if (connect(s, (const struct sockaddr *)&peer, sizeof(peer)) != 0) {
		perror("connect");
		return 1;
	}
	if (write(s, "x", 1) != 1 || read(s, &byte, 1) != 1) {
		perror("echo");
		return 1;
	}
	printf("served\n");
	close(s);
	must("close", FwpmEngineClose0(engine));
	return 0;
}
