/*
 * A TCP client for Windows: names its peer, asks for encryption, sends a line, expects it
 * back, says how the connection is protected.
 */
#ifndef UNICODE
#define UNICODE
#endif
#include <Windows.h>
#include <Winsock2.h>
#include <Ws2tcpip.h>
#include <Mstcpip.h>
#include <NtDsApi.h>
#include <strsafe.h>
#include <stdio.h>
#include "common.h"

#pragma comment(lib, "ws2_32.lib")
#pragma comment(lib, "fwpuclnt.lib")
#pragma warning(disable : 4127)

static INT
SecureSocket(__in SOCKET s, __in BOOL encrypt)
{
	SOCKET_SECURITY_SETTINGS settings = { 0 };

	settings.SecurityProtocol = SOCKET_SECURITY_PROTOCOL_DEFAULT;
	settings.SecurityFlags = encrypt ? SOCKET_SETTINGS_GUARANTEE_ENCRYPTION : 0;
	return WSASetSocketSecurity(s, &settings, sizeof(settings), NULL, NULL);
}

static INT
MakeSpn(__in LPCWSTR host, __out_ecount(count) LPWSTR spn, __in DWORD count)
{
	return (INT)DsMakeSpn(L"host", host, NULL, 0, NULL, &count, spn);
}

static INT
Exchange(__in SOCKET s, __in LPCWSTR line)
{
	CHAR *buffer = (CHAR *)Allocate(DEFAULT_BUFFER);
	WSABUF data[2];
	DWORD bytes = 0, flags = 0, expected;

	if (buffer == NULL)
		return WSA_NOT_ENOUGH_MEMORY;
	expected = (DWORD)WideCharToMultiByte(
	    CP_UTF8, 0, line, -1, buffer, DEFAULT_BUFFER - 1, NULL, NULL);
	buffer[expected - 1] = '\n';
	data[0].buf = buffer;
	data[0].len = 1;
	data[1].buf = buffer + 1;
	data[1].len = expected - 1;
	if (WSASend(s, data, 2, &bytes, 0, NULL, NULL) == SOCKET_ERROR)
		return WSAGetLastError();
	wprintf(L"sent %lu bytes\n", bytes);
	data[0].len = DEFAULT_BUFFER;
	ZeroMemory(buffer, DEFAULT_BUFFER);
	if (WSARecv(s, data, 1, &bytes, &flags, NULL, NULL) == SOCKET_ERROR)
		return WSAGetLastError();
	wprintf(L"echo of %lu bytes: %S", bytes, buffer);
	HeapFree(GetProcessHeap(), 0, buffer);
	return bytes == expected ? NO_ERROR : WSAEMSGSIZE;
}

static void
PrintProtection(__in SOCKET s)
{
	SOCKET_SECURITY_QUERY_INFO info = { 0 };
	ULONG length = sizeof(info);

	if (WSAQuerySocketSecurity(s, NULL, 0, &info, &length, NULL, NULL) != 0) {
		PrintError(L"WSAQuerySocketSecurity", WSAGetLastError());
		return;
	}
	wprintf(L"secured: %s, encrypted: %s\n",
	    info.Flags & SOCKET_INFO_CONNECTION_SECURED ? L"yes" : L"no",
	    info.Flags & SOCKET_INFO_CONNECTION_ENCRYPTED ? L"yes" : L"no");
}

int __cdecl
wmain(__in int argc, __in_ecount(argc) WCHAR **argv)
{
	WSADATA wsaData;
	ADDRINFOW hints = { 0 }, *address = NULL;
	WCHAR spn[MAX_PATH];
	SOCKET s = INVALID_SOCKET;
	int error;

	if (argc != 4) {
		wprintf(L"usage: %s HOST PORT TEXT\n", argv[0]);
		return 2;
	}
	if ((error = WSAStartup(MAKEWORD(2, 2), &wsaData)) != 0) {
		PrintError(L"WSAStartup", error);
		return 1;
	}
	if (MakeSpn(argv[1], spn, MAX_PATH) == ERROR_SUCCESS)
		wprintf(L"peer: %s\n", spn);
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_protocol = IPPROTO_TCP;
	if ((error = GetAddrInfo(argv[1], argv[2], &hints, &address)) != 0) {
		PrintError(L"GetAddrInfo", error);
		goto cleanup;
	}
	s = WSASocket(address->ai_family, address->ai_socktype, address->ai_protocol, NULL, 0, 0);
	if (s == INVALID_SOCKET) {
		error = WSAGetLastError();
		PrintError(L"WSASocket", error);
		goto cleanup;
	}
	if (SecureSocket(s, TRUE) == SOCKET_ERROR) {
		error = WSAGetLastError();
		PrintError(L"WSASetSocketSecurity", error);
		goto cleanup;
	}
	if (WSAConnect(s, address->ai_addr, (int)address->ai_addrlen, NULL, NULL, NULL, NULL) ==
	    SOCKET_ERROR) {
		error = WSAGetLastError();
		PrintError(L"WSAConnect", error);
		goto cleanup;
	}
	if ((error = Exchange(s, argv[3])) != NO_ERROR) {
		PrintError(L"Exchange", error);
		goto cleanup;
	}
	PrintProtection(s);
cleanup:
	if (s != INVALID_SOCKET)
		closesocket(s);
	if (address != NULL)
		FreeAddrInfo(address);
	WSACleanup();
	return error == 0 ? 0 : 1;
}
