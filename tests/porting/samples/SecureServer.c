/* A TCP server for Windows: one connection at a time, lines go back. ANSI characters. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <stdio.h>
#include <stdlib.h>

static SOCKET
Listen(u_short port)
{
	SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	SOCKADDR_IN address;
	BOOL exclusive = TRUE;

	if (s == INVALID_SOCKET)
		return s;
	if (WSASetSocketSecurity(s, NULL, 0, NULL, NULL) == SOCKET_ERROR ||
	    setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&exclusive,
		sizeof(exclusive)) == SOCKET_ERROR)
		return INVALID_SOCKET;
	ZeroMemory(&address, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.S_un.S_addr = htonl(INADDR_ANY);
	address.sin_port = htons(port);
	if (bind(s, (const SOCKADDR *)&address, sizeof(address)) == SOCKET_ERROR ||
	    listen(s, SOMAXCONN) == SOCKET_ERROR)
		return INVALID_SOCKET;
	return s;
}

static void
Serve(SOCKET s)
{
	char buffer[512];
	DWORD timeout = 30000;
	int n;

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (const char *)&timeout, sizeof(timeout));
	while ((n = recv(s, buffer, sizeof(buffer), 0)) > 0)
		if (send(s, buffer, n, 0) != n)
			break;
	shutdown(s, SD_SEND);
	closesocket(s);
}

int __cdecl
main(int argc, char *argv[])
{
	WSADATA wsaData;
	SOCKET listener, s;
	SOCKADDR_IN peer;
	int length, error;

	if (argc != 2) {
		printf("usage: SecureServer PORT\n");
		return 2;
	}
	if ((error = WSAStartup(WINSOCK_VERSION, &wsaData)) != NO_ERROR) {
		printf("WSAStartup: %d\n", error);
		return 1;
	}
	listener = Listen((u_short)atoi(argv[1]));
	if (listener == INVALID_SOCKET) {
		printf("cannot listen: %d\n", WSAGetLastError());
		return 1;
	}
	printf("listening on %s\n", argv[1]);
	fflush(stdout);
	for (;;) {
		length = sizeof(peer);
		s = accept(listener, (SOCKADDR *)&peer, &length);
		if (s == INVALID_SOCKET)
			break;
		printf("connection from %s\n", inet_ntoa(peer.sin_addr));
		fflush(stdout);
		Serve(s);
	}
	WSACleanup();
	return 0;
}
