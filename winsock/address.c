/* Addresses as text. */
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/error_map.h"
#include "winsock/utf.h"
#include "ws2tcpip.h"

#define TEXT_MAX (INET6_ADDRSTRLEN + 32) /* brackets, %scope, :port */

/* ---- without a port ---- */

/* An address has only these characters; false for a longer text too. */
static bool
narrow(char *out, size_t size, const WCHAR *s)
{
	size_t n = wcsnlen(s, size);

	for (size_t i = 0; i < n && n < size; i++) {
		if (s[i] <= 0x20 || s[i] > 0x7E)
			return false;
		out[i] = (char)s[i];
	}
	if (n < size)
		out[n] = '\0';
	return n < size;
}

/* Windows: InetNtopW (ws2tcpip.h). NULL and the error if the buffer is too small. */
PCWSTR WSAAPI
InetNtopW(INT Family, LPCVOID pAddr, PWSTR pStringBuf, size_t StringBufSize)
{
	char s[INET6_ADDRSTRLEN];
	size_t n;

	if (Family != AF_INET && Family != AF_INET6) {
		WSASetLastError(WSAEAFNOSUPPORT);
		return NULL;
	}
	if (pAddr == NULL || pStringBuf == NULL ||
	    inet_ntop(Family, pAddr, s, sizeof(s)) == NULL ||
	    (n = strlen(s)) >= StringBufSize) {
		WSASetLastError(WSA_INVALID_PARAMETER);
		return NULL;
	}
	for (size_t i = 0; i <= n; i++)
		pStringBuf[i] = (WCHAR)s[i];
	return pStringBuf;
}

/* 1; 0 if it is no address; -1 and the error. Windows: InetPtonW (ws2tcpip.h). */
INT WSAAPI
InetPtonW(INT Family, PCWSTR pszAddrString, PVOID pAddrBuf)
{
	char s[INET6_ADDRSTRLEN];

	if (Family != AF_INET && Family != AF_INET6)
		return error_set(WSAEAFNOSUPPORT);
	if (pszAddrString == NULL || pAddrBuf == NULL)
		return error_set(WSAEFAULT);
	return narrow(s, sizeof(s), pszAddrString) ? inet_pton(Family, s, pAddrBuf) : 0;
}

/* ---- with a port ---- */

static bool
print_address(char out[TEXT_MAX], const struct sockaddr *address, size_t n)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	char host[INET6_ADDRSTRLEN], scope[16] = "", port[8] = "";

	if (n >= sizeof(in) && address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof(in));
		if (in.sin_port != 0)
			(void)snprintf(port, sizeof(port), ":%u", ntohs(in.sin_port));
		(void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
		(void)snprintf(out, TEXT_MAX, "%s%s", host, port);
		return true;
	}
	if (n < sizeof(in6) || address->sa_family != AF_INET6)
		return false;
	memcpy(&in6, address, sizeof(in6));
	if (in6.sin6_port != 0)
		(void)snprintf(port, sizeof(port), "]:%u", ntohs(in6.sin6_port));
	if (in6.sin6_scope_id != 0)
		(void)snprintf(scope, sizeof(scope), "%%%u", in6.sin6_scope_id);
	(void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
	(void)snprintf(
	    out, TEXT_MAX, "%s%s%s%s", port[0] == '\0' ? "" : "[", host, scope, port);
	return true;
}

/* The text in out; or SOCKET_ERROR. *size: there and back, with the terminator. */
static INT
address_to_text(char out[TEXT_MAX], LPSOCKADDR address, DWORD n, const void *protocol,
    const void *buffer, DWORD *size)
{
	DWORD room;

	if (address == NULL || buffer == NULL || size == NULL)
		return error_set(WSAEFAULT);
	if (protocol != NULL || !print_address(out, address, n))
		return error_set(WSAEINVAL);
	room = *size;
	*size = (DWORD)strlen(out) + 1;
	return room < *size ? error_set(WSAEFAULT) : 0;
}

/* Windows: WSAAddressToStringW (winsock2.h). lpProtocolInfo: NULL. */
INT WSAAPI
WSAAddressToStringW(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
    LPWSAPROTOCOL_INFOW lpProtocolInfo, LPWSTR lpszAddressString,
    LPDWORD lpdwAddressStringLength)
{
	char s[TEXT_MAX];

	if (address_to_text(s, lpsaAddress, dwAddressLength, lpProtocolInfo,
		lpszAddressString, lpdwAddressStringLength) != 0)
		return SOCKET_ERROR;
	for (DWORD i = 0; i < *lpdwAddressStringLength; i++)
		lpszAddressString[i] = (WCHAR)s[i];
	return 0;
}

INT WSAAPI
WSAAddressToStringA(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
    LPWSAPROTOCOL_INFOA lpProtocolInfo, LPSTR lpszAddressString,
    LPDWORD lpdwAddressStringLength)
{
	char s[TEXT_MAX];

	if (address_to_text(s, lpsaAddress, dwAddressLength, lpProtocolInfo,
		lpszAddressString, lpdwAddressStringLength) != 0)
		return SOCKET_ERROR;
	memcpy(lpszAddressString, s, *lpdwAddressStringLength);
	return 0;
}

/* A number of s, all of it, up to max. */
static bool
read_number(const char *s, unsigned long max, unsigned long *value)
{
	char *end;

	if (s[0] < '0' || s[0] > '9')
		return false;
	errno = 0;
	*value = strtoul(s, &end, 10);
	return errno == 0 && *end == '\0' && *value <= max;
}

static bool
parse_inet(char *s, struct sockaddr_in *out)
{
	char *colon = strchr(s, ':');
	unsigned long port = 0;

	memset(out, 0, sizeof(*out));
	if (colon != NULL) {
		*colon = '\0';
		if (!read_number(colon + 1, UINT16_MAX, &port))
			return false;
	}
	out->sin_family = AF_INET;
	out->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, s, &out->sin_addr) == 1;
}

static bool
parse_inet6(char *s, struct sockaddr_in6 *out)
{
	char *end, *percent;
	unsigned long port = 0, scope = 0;

	memset(out, 0, sizeof(*out));
	if (*s == '[') {
		s++;
		if ((end = strchr(s, ']')) == NULL)
			return false;
		if (end[1] != '\0' &&
		    (end[1] != ':' || !read_number(end + 2, UINT16_MAX, &port)))
			return false;
		*end = '\0';
	}
	if ((percent = strchr(s, '%')) != NULL) {
		*percent = '\0';
		if (!read_number(percent + 1, UINT32_MAX, &scope) &&
		    (scope = if_nametoindex(percent + 1)) == 0)
			return false;
	}
	out->sin6_family = AF_INET6;
	out->sin6_port = htons((uint16_t)port);
	out->sin6_scope_id = (uint32_t)scope;
	return inet_pton(AF_INET6, s, &out->sin6_addr) == 1;
}

/* s is changed. 0 or SOCKET_ERROR. is_text: s is all of it, no longer than an address is. */
static INT
text_to_address(char *s, bool is_text, INT family, const void *protocol,
    LPSOCKADDR address, LPINT size)
{
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} parsed;
	INT room, n;

	if (!is_text || protocol != NULL || (family != AF_INET && family != AF_INET6))
		return error_set(WSAEINVAL);
	room = *size;
	n = family == AF_INET ? (INT)sizeof(parsed.in) : (INT)sizeof(parsed.in6);
	*size = n;
	if (room < n)
		return error_set(WSAEFAULT);
	if (family == AF_INET ? !parse_inet(s, &parsed.in) :
				!parse_inet6(s, &parsed.in6))
		return error_set(WSAEINVAL);
	memcpy(address, &parsed, (size_t)n);
	return 0;
}

/* Windows: WSAStringToAddressA (winsock2.h). lpProtocolInfo: NULL. */
INT WSAAPI
WSAStringToAddressA(LPSTR AddressString, INT AddressFamily,
    LPWSAPROTOCOL_INFOA lpProtocolInfo, LPSOCKADDR lpAddress, LPINT lpAddressLength)
{
	char s[TEXT_MAX];
	size_t n;

	if (AddressString == NULL || lpAddress == NULL || lpAddressLength == NULL)
		return error_set(WSAEFAULT);
	n = strnlen(AddressString, sizeof(s));
	memcpy(s, AddressString, n < sizeof(s) ? n + 1 : 0);
	return text_to_address(s, n < sizeof(s), AddressFamily, lpProtocolInfo, lpAddress,
	    lpAddressLength);
}

INT WSAAPI
WSAStringToAddressW(LPWSTR AddressString, INT AddressFamily,
    LPWSAPROTOCOL_INFOW lpProtocolInfo, LPSOCKADDR lpAddress, LPINT lpAddressLength)
{
	char s[TEXT_MAX];

	if (AddressString == NULL || lpAddress == NULL || lpAddressLength == NULL)
		return error_set(WSAEFAULT);
	return text_to_address(s, narrow(s, sizeof(s), AddressString), AddressFamily,
	    lpProtocolInfo, lpAddress, lpAddressLength);
}

/* Windows: GetHostNameW (winsock2.h). WSAEFAULT if it does not fit. */
int WSAAPI
GetHostNameW(PWSTR name, int namelen)
{
	char s[256];
	wchar_t *wide;
	size_t n;

	if (name == NULL || namelen <= 0)
		return error_set(WSAEFAULT);
	if (gethostname(s, sizeof(s)) != 0)
		return error_fail(ERROR_CALL_OTHER, -1, 0);
	s[sizeof(s) - 1] = '\0';
	if ((wide = utf8_to_wide(s, strlen(s))) == NULL)
		return error_set(WSAENOBUFS);
	n = wcslen(wide) + 1;
	if (n <= (size_t)namelen)
		wmemcpy(name, wide, n);
	free(wide);
	return n <= (size_t)namelen ? 0 : error_set(WSAEFAULT);
}
