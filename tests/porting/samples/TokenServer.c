/* A TCP server for Windows: a thread for each client, which asks who that is, and becomes it. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <wspiapi.h>
#include <stdio.h>

#pragma comment(lib, "Ws2_32.lib")
#pragma comment(lib, "Fwpuclnt.lib")

static void
ShowPeer(SOCKET s)
{
	SOCKET_SECURITY_QUERY_TEMPLATE query = { SOCKET_SECURITY_PROTOCOL_IPSEC };
	SOCKET_SECURITY_QUERY_INFO info = { SOCKET_SECURITY_PROTOCOL_DEFAULT };
	ULONG length = sizeof(info);

	query.PeerTokenAccessMask = MAXIMUM_ALLOWED;
	if (WSAQuerySocketSecurity(s, &query, sizeof(query), &info, &length, NULL, NULL) ==
	    SOCKET_ERROR) {
		printf("query: %d\n", WSAGetLastError());
		return;
	}
	printf("peer: %s, flags %lx\n", info.PeerMachineAccessTokenHandle != 0 ? "a machine" :
	    info.PeerApplicationAccessTokenHandle != 0 ? "a user" : "nobody", info.Flags);
	if (info.PeerMachineAccessTokenHandle != 0)
		CloseHandle((HANDLE)info.PeerMachineAccessTokenHandle);
	if (info.PeerApplicationAccessTokenHandle != 0)
		CloseHandle((HANDLE)info.PeerApplicationAccessTokenHandle);
	if (WSAImpersonateSocketPeer(s, NULL, 0) == SOCKET_ERROR)
		printf("impersonate: %d\n", WSAGetLastError());
	else if (WSARevertImpersonation() == SOCKET_ERROR)
		ExitProcess(1);
	fflush(stdout);
}

static DWORD WINAPI
ClientThread(LPVOID parameter)
{
	SOCKET s = (SOCKET)(ULONG_PTR)parameter;
	char buffer[512];
	int n;

	ShowPeer(s);
	while ((n = recv(s, buffer, sizeof(buffer), 0)) > 0)
		if (send(s, buffer, n, 0) == SOCKET_ERROR)
			break;
	shutdown(s, SD_SEND);
	closesocket(s);
	return 0;
}

static SOCKET
Listen(const char *port)
{
	SOCKET_SECURITY_SETTINGS settings = { SOCKET_SECURITY_PROTOCOL_DEFAULT };
	ADDRINFO hints, *info = NULL;
	SOCKET s = INVALID_SOCKET;

	ZeroMemory(&hints, sizeof(hints));
	hints.ai_family = AF_INET;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_protocol = IPPROTO_TCP;
	hints.ai_flags = AI_PASSIVE;
	if (getaddrinfo(NULL, port, &hints, &info) != 0)
		return INVALID_SOCKET;
	settings.SecurityFlags = SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	s = WSASocket(info->ai_family, info->ai_socktype, info->ai_protocol, NULL, 0, 0);
	if (s != INVALID_SOCKET &&
	    (WSASetSocketSecurity(s, &settings, sizeof(settings), NULL, NULL) == SOCKET_ERROR ||
		bind(s, info->ai_addr, (int)info->ai_addrlen) == SOCKET_ERROR ||
		listen(s, SOMAXCONN) == SOCKET_ERROR)) {
		printf("cannot listen: %d\n", WSAGetLastError());
		closesocket(s);
		s = INVALID_SOCKET;
	}
	freeaddrinfo(info);
	return s;
}

int __cdecl
main(int argc, char **argv)
{
	WSADATA wsaData;
	SOCKET listener, s;
	SOCKADDR_STORAGE from;
	int length;
	struct timeval patience = { 60, 0 };
	fd_set readable;
	HANDLE thread;
	DWORD id;

	if (argc != 2 || WSAStartup(MAKEWORD(2, 2), &wsaData) != 0)
		return 2;
	if ((listener = Listen(argv[1])) == INVALID_SOCKET)
		return 1;
	printf("listening on %s\n", argv[1]);
	fflush(stdout);
	for (;;) {
		FD_ZERO(&readable);
		FD_SET(listener, &readable);
		if (select(0, &readable, NULL, NULL, &patience) <= 0)
			break;
		length = sizeof(from);
		s = WSAAccept(listener, (LPSOCKADDR)&from, &length, NULL, 0);
		if (s == INVALID_SOCKET)
			break;
		thread = CreateThread(NULL, 0, ClientThread, (LPVOID)(ULONG_PTR)s, 0, &id);
		if (thread == NULL)
			closesocket(s);
		else
			CloseHandle(thread);
	}
	closesocket(listener);
	WSACleanup();
	return 0;
}
