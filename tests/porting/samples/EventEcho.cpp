// A server and a client for Windows that wait for network events of secured sockets, which do not
// block. EventEcho PORT serves; EventEcho ADDRESS PORT TEXT asks.
#include "stdafx.h"

#pragma comment(lib, "ws2_32.lib")
#pragma comment(lib, "fwpuclnt.lib")

struct Connection {
	SOCKET s;
	WSAEVENT event;
};

static void
Complain(LPCTSTR what)
{
	_tprintf(_T("%s: %d\n"), what, WSAGetLastError());
}

static SOCKET
MakeSocket(WSAEVENT event, long events)
{
	SOCKET_SECURITY_SETTINGS settings = {};
	SOCKET s = WSASocket(
	    AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);

	settings.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_DEFAULT;
	settings.SecurityFlags = SOCKET_SETTINGS_GUARANTEE_ENCRYPTION;
	if (s == INVALID_SOCKET) {
		Complain(_T("WSASocket"));
	} else if (WSASetSocketSecurity(s, &settings, sizeof(settings), NULL, NULL) ==
		   SOCKET_ERROR) {
		Complain(_T("WSASetSocketSecurity"));
		closesocket(s);
		s = INVALID_SOCKET;
	} else if (WSAEventSelect(s, event, events) == SOCKET_ERROR) {
		Complain(_T("WSAEventSelect"));
		closesocket(s);
		s = INVALID_SOCKET;
	}
	return s;
}

// What came goes back. False: the connection is over.
static bool
Answer(Connection &c)
{
	WSANETWORKEVENTS happened;
	char data[64];
	WSABUF buffer = { sizeof(data), data };
	DWORD n, flags = 0;

	if (WSAEnumNetworkEvents(c.s, c.event, &happened) == SOCKET_ERROR)
		return false;
	if (happened.lNetworkEvents & FD_READ) {
		if (WSARecv(c.s, &buffer, 1, &n, &flags, NULL, NULL) == 0) {
			buffer.len = n;
			WSASend(c.s, &buffer, 1, &n, 0, NULL, NULL);
		} else if (WSAGetLastError() != WSAEWOULDBLOCK) {
			return false;
		}
	}
	return (happened.lNetworkEvents & FD_CLOSE) == 0;
}

static void
Accept(SOCKET listener, WSAEVENT event, std::vector<WSAEVENT> &events,
    std::vector<Connection> &connections)
{
	WSANETWORKEVENTS happened;
	SOCKADDR_IN peer;
	int length = sizeof(peer);
	TCHAR text[64];
	DWORD n = _countof(text);
	Connection c;

	WSAEnumNetworkEvents(listener, event, &happened);
	c.s = accept(listener, (SOCKADDR *)&peer, &length);
	if (c.s == INVALID_SOCKET)
		return;
	c.event = WSACreateEvent();
	WSAEventSelect(c.s, c.event, FD_READ | FD_CLOSE);
	if (WSAAddressToString((SOCKADDR *)&peer, length, NULL, text, &n) == 0)
		_tprintf(_T("connection from %s\n"), text);
	fflush(stdout);
	events.push_back(c.event);
	connections.push_back(c);
}

static int
Serve(u_short port)
{
	std::vector<WSAEVENT> events(1, WSACreateEvent());
	std::vector<Connection> connections;
	SOCKET listener = MakeSocket(events[0], FD_ACCEPT);
	SOCKADDR_IN address = {};
	DWORD i;

	address.sin_family = AF_INET;
	address.sin_port = htons(port);
	if (listener == INVALID_SOCKET)
		return 1;
	if (bind(listener, (SOCKADDR *)&address, sizeof(address)) == SOCKET_ERROR ||
	    listen(listener, SOMAXCONN) == SOCKET_ERROR) {
		Complain(_T("bind"));
		return 1;
	}
	_tprintf(_T("listening on %u\n"), port);
	fflush(stdout);
	for (;;) {
		i = WSAWaitForMultipleEvents(
		    (DWORD)events.size(), &events[0], FALSE, WSA_INFINITE, FALSE);
		if (i == WSA_WAIT_FAILED)
			return 1;
		i -= WSA_WAIT_EVENT_0;
		if (i == 0) {
			Accept(listener, events[0], events, connections);
		} else if (!Answer(connections[i - 1])) {
			closesocket(connections[i - 1].s);
			WSACloseEvent(events[i]);
			events.erase(events.begin() + i);
			connections.erase(connections.begin() + i - 1);
		}
	}
}

static int
Ask(SOCKET s, WSAEVENT event, SOCKADDR_IN *address, const char *text)
{
	WSANETWORKEVENTS happened;
	int length = lstrlenA(text), n = 0, got;
	char data[256];

	if (WSAConnect(s, (SOCKADDR *)address, sizeof(*address), NULL, NULL, NULL, NULL) ==
		SOCKET_ERROR &&
	    WSAGetLastError() != WSAEWOULDBLOCK) {
		Complain(_T("WSAConnect"));
		return 1;
	}
	while (n < length) {
		if (WSAWaitForMultipleEvents(1, &event, FALSE, 30000, FALSE) !=
		    WSA_WAIT_EVENT_0)
			return 1;
		WSAEnumNetworkEvents(s, event, &happened);
		if (happened.lNetworkEvents & FD_CONNECT) {
			_tprintf(_T("connect: %d\n"), happened.iErrorCode[FD_CONNECT_BIT]);
			if (happened.iErrorCode[FD_CONNECT_BIT] != 0 ||
			    send(s, text, length, 0) != length)
				return 1;
		}
		if ((happened.lNetworkEvents & FD_READ) &&
		    (got = recv(s, data + n, sizeof(data) - n, 0)) > 0)
			n += got;
		if (happened.lNetworkEvents & FD_CLOSE)
			return 1;
	}
	_tprintf(_T("echo: %.*S\n"), n, data);
	return 0;
}

int
_tmain(int argc, _TCHAR *argv[])
{
	WSADATA wsaData;
	WSAEVENT event;
	SOCKET s;
	SOCKADDR_IN address = {};
	char text[128];
	int rc;

	if ((argc != 2 && argc != 4) || WSAStartup(MAKEWORD(2, 2), &wsaData) != NO_ERROR)
		return 2;
	if (argc == 2)
		return Serve((u_short)_ttoi(argv[1]));
	address.sin_family = AF_INET;
	address.sin_port = htons((u_short)_ttoi(argv[2]));
	if (InetPton(AF_INET, argv[1], &address.sin_addr) != 1 ||
	    WideCharToMultiByte(
		CP_UTF8, 0, argv[3], -1, text, sizeof(text), NULL, NULL) == 0)
		return 2;
	event = WSACreateEvent();
	s = MakeSocket(event, FD_CONNECT | FD_READ | FD_CLOSE);
	rc = s == INVALID_SOCKET ? 1 : Ask(s, event, &address, text);
	if (s != INVALID_SOCKET)
		closesocket(s);
	WSACloseEvent(event);
	WSACleanup();
	return rc;
}
