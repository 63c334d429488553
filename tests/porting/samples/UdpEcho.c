/* A UDP client and server for Windows, with WSASendTo, WSARecvFrom, select and an event. */
#include <WinSock2.h>
#include <WS2tcpip.h>
#include <stdio.h>
#include <stdlib.h>

#pragma comment(lib, "ws2_32")

static int
Fail(const char *call)
{
	printf("%s: %d\n", call, WSAGetLastError());
	return 1;
}

static int
Server(SOCKET s)
{
	char data[1024];
	WSABUF buffer = { sizeof(data), data };
	SOCKADDR_STORAGE from;
	INT length;
	DWORD n, flags;

	printf("listening\n");
	fflush(stdout);
	for (;;) {
		length = sizeof(from);
		flags = 0;
		buffer.len = sizeof(data);
		if (WSARecvFrom(s, &buffer, 1, &n, &flags, (SOCKADDR *)&from, &length, NULL, NULL))
			return Fail("WSARecvFrom");
		buffer.len = n;
		if (WSASendTo(s, &buffer, 1, &n, 0, (SOCKADDR *)&from, length, NULL, NULL))
			return Fail("WSASendTo");
	}
}

static int
Client(SOCKET s, const SOCKADDR_IN *peer, char *text)
{
	WSABUF buffer = { (ULONG)strlen(text), text };
	char reply[1024];
	WSAOVERLAPPED overlapped;
	TIMEVAL timeout = { 20, 0 };
	FD_SET readable;
	DWORD n, flags;
	int got;

	ZeroMemory(&overlapped, sizeof(overlapped));
	overlapped.hEvent = WSACreateEvent();
	if (WSASendTo(s, &buffer, 1, NULL, 0, (const SOCKADDR *)peer, sizeof(*peer), &overlapped,
		NULL) == SOCKET_ERROR &&
	    WSAGetLastError() != WSA_IO_PENDING)
		return Fail("WSASendTo");
	if (WSAWaitForMultipleEvents(1, &overlapped.hEvent, TRUE, 10000, FALSE) !=
		WSA_WAIT_EVENT_0 ||
	    !WSAGetOverlappedResult(s, &overlapped, &n, FALSE, &flags))
		return Fail("WSAGetOverlappedResult");
	WSACloseEvent(overlapped.hEvent);
	printf("sent %lu bytes\n", n);
	FD_ZERO(&readable);
	FD_SET(s, &readable);
	if (select(0, &readable, NULL, NULL, &timeout) != 1)
		return Fail("select");
	got = recv(s, reply, sizeof(reply) - 1, 0);
	if (got == SOCKET_ERROR)
		return Fail("recv");
	reply[got] = '\0';
	printf("echo: %s\n", reply);
	return 0;
}

int
main(int argc, char *argv[])
{
	WSADATA wsaData;
	SOCKADDR_IN address;
	SOCKET s;
	int result;

	if (argc != 3 && argc != 4) {
		printf("usage: UdpEcho ADDRESS PORT [TEXT]\n");
		return 2;
	}
	if (WSAStartup(MAKEWORD(2, 2), &wsaData) != 0)
		return 1;
	s = WSASocket(AF_INET, SOCK_DGRAM, IPPROTO_UDP, NULL, 0, WSA_FLAG_OVERLAPPED);
	if (s == INVALID_SOCKET)
		return Fail("WSASocket");
	if (WSASetSocketSecurity(s, NULL, 0, NULL, NULL) == SOCKET_ERROR)
		return Fail("WSASetSocketSecurity");
	ZeroMemory(&address, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_port = htons((u_short)atoi(argv[2]));
	if (InetPton(AF_INET, argv[1], &address.sin_addr) != 1)
		return Fail("InetPton");
	if (argc == 3 && bind(s, (SOCKADDR *)&address, sizeof(address)) == SOCKET_ERROR)
		return Fail("bind");
	result = argc == 3 ? Server(s) : Client(s, &address, argv[3]);
	closesocket(s);
	WSACleanup();
	return result;
}
