// The headers in a C++ program, after and before its own.
#include <functional>
#include <fstream>
#include <WinSock2.h>
#include <Windows.h>
#include <WS2tcpip.h>
#include <MSWSock.h>
#include <fwpmu.h>
#include <ntdsapi.h>
#include <strsafe.h>
#include <tchar.h>
#include <iostream>
#include <cstdio>

struct Channel {
	int connect(int a, int b) { return a + b; }
	int send(int a) { return a; }
	int recv(int a) { return a; }
};

static int
add(int a, int b)
{
	return a + b;
}

int
main()
{
	Channel channel;
	SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	SOCKADDR_IN address = {};
	int length = sizeof(address);
	auto bound = std::bind(add, 1, std::placeholders::_1);
	HANDLE event = WSACreateEvent();

	address.sin_family = AF_INET;
	address.sin_addr.S_un.S_addr = htonl(INADDR_LOOPBACK);
	if (bind(s, (SOCKADDR *)&address, sizeof(address)) == SOCKET_ERROR)
		return 1;
	if (getsockname(s, (SOCKADDR *)&address, &length) == SOCKET_ERROR)
		return 1;
	std::printf("%d %d\n", channel.connect(1, 2) + channel.send(3) + channel.recv(4), bound(5));
	wprintf(L"%s %ld\n", L"wide", (LONG)6);
	std::cout << IsEqualGUID(FWPM_LAYER_IPSEC_V4, FWPM_LAYER_IPSEC_V4) << length << std::endl;
	CloseHandle(event);
	return closesocket(s);
}
