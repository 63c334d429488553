/* Names to addresses and back: getaddrinfo and its kin, with the errors of Winsock. */
#define _GNU_SOURCE /* EAI_NODATA */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "winsock/error_map.h"
#include "winsock/message.h"
#include "winsock/utf.h"
#include "ws2tcpip.h"

/* E(EAI, Winsock) */
#define RESOLVER_ERRORS(E)                   \
	E(EAI_AGAIN, WSATRY_AGAIN)           \
	E(EAI_BADFLAGS, WSAEINVAL)           \
	E(EAI_FAIL, WSANO_RECOVERY)          \
	E(EAI_FAMILY, WSAEAFNOSUPPORT)       \
	E(EAI_MEMORY, WSA_NOT_ENOUGH_MEMORY) \
	E(EAI_NODATA, WSANO_DATA)            \
	E(EAI_ADDRFAMILY, WSANO_DATA)        \
	E(EAI_NONAME, WSAHOST_NOT_FOUND)     \
	E(EAI_OVERFLOW, WSAEFAULT)           \
	E(EAI_SERVICE, WSATYPE_NOT_FOUND)    \
	E(EAI_SOCKTYPE, WSAESOCKTNOSUPPORT)

/* These functions return the error and store it. */
static int
finish(int error)
{
	if (error != 0)
		WSASetLastError(error);
	return error;
}

static int
error_from_resolver(int number)
{
	switch (number) {
	case 0:
		return 0;
#define RESOLVER_CASE(n, w) \
	case n:             \
		return w;
		RESOLVER_ERRORS(RESOLVER_CASE)
	case EAI_SYSTEM:
		return error_from_errno(errno);
	default:
		return WSANO_RECOVERY;
	}
}

/* A thread that is cancelled in a resolver would leave descriptors and memory behind. */
static int
find_addresses(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **result)
{
	int cancel, number;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	number = getaddrinfo(node, service, hints, result);
	(void)pthread_setcancelstate(cancel, NULL);
	return error_from_resolver(number);
}

static int
find_names(const struct sockaddr *address, socklen_t n, char *host, socklen_t host_n,
    char *service, socklen_t service_n, int flags)
{
	int cancel, number;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	number = getnameinfo(address, n, host, host_n, service, service_n, flags);
	(void)pthread_setcancelstate(cancel, NULL);
	return error_from_resolver(number);
}

int
winsock_getaddrinfo(
    const char *node, const char *service, const ADDRINFOA *hints, ADDRINFOA **result)
{
	if (result == NULL)
		return finish(WSAEFAULT);
	return finish(find_addresses(node, service, hints, result));
}

int
winsock_getnameinfo(const struct sockaddr *address, socklen_t n, char *host,
    socklen_t host_n, char *service, socklen_t service_n, int flags)
{
	if (address == NULL)
		return finish(WSAEFAULT);
	return finish(
	    find_names(address, n, host, host_n, service, service_n, flags));
}

/* ---- wide ---- */

/* NULL for NULL; *ok false without memory. */
static char *
narrow(const wchar_t *s, bool *ok)
{
	char *out = s == NULL ? NULL : utf8_from_wide(s, wcslen(s));

	*ok = *ok && (s == NULL || out != NULL);
	return out;
}

void WSAAPI
FreeAddrInfoW(PADDRINFOW pAddrInfo)
{
	PADDRINFOW next;

	for (; pAddrInfo != NULL; pAddrInfo = next) {
		next = pAddrInfo->ai_next;
		free(pAddrInfo->ai_canonname);
		free(pAddrInfo->ai_addr);
		free(pAddrInfo);
	}
}

static PADDRINFOW
widen(const struct addrinfo *a)
{
	PADDRINFOW w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->ai_flags = a->ai_flags;
	w->ai_family = a->ai_family;
	w->ai_socktype = a->ai_socktype;
	w->ai_protocol = a->ai_protocol;
	w->ai_addrlen = a->ai_addrlen;
	w->ai_addr = malloc(a->ai_addrlen);
	if (a->ai_canonname != NULL)
		w->ai_canonname =
		    utf8_to_wide(a->ai_canonname, strlen(a->ai_canonname));
	if (w->ai_addr == NULL ||
	    (a->ai_canonname != NULL && w->ai_canonname == NULL)) {
		FreeAddrInfoW(w);
		return NULL;
	}
	memcpy(w->ai_addr, a->ai_addr, a->ai_addrlen);
	return w;
}

/* 0 or WSA_NOT_ENOUGH_MEMORY. */
static int
widen_list(const struct addrinfo *a, PADDRINFOW *result)
{
	PADDRINFOW first = NULL, *tail = &first;

	for (; a != NULL; a = a->ai_next) {
		if ((*tail = widen(a)) == NULL) {
			FreeAddrInfoW(first);
			return WSA_NOT_ENOUGH_MEMORY;
		}
		tail = &(*tail)->ai_next;
	}
	*result = first;
	return 0;
}

/* Windows: GetAddrInfoW (ws2tcpip.h). The result is for FreeAddrInfoW. */
INT WSAAPI
GetAddrInfoW(PCWSTR pNodeName, PCWSTR pServiceName, const ADDRINFOW *pHints,
    PADDRINFOW *ppResult)
{
	struct addrinfo hints = { 0 }, *list = NULL;
	bool ok = true;
	char *node = narrow(pNodeName, &ok), *service = narrow(pServiceName, &ok);
	int error;

	if (pHints != NULL) {
		hints.ai_flags = pHints->ai_flags;
		hints.ai_family = pHints->ai_family;
		hints.ai_socktype = pHints->ai_socktype;
		hints.ai_protocol = pHints->ai_protocol;
	}
	if (ppResult == NULL)
		error = WSAEFAULT;
	else if (!ok)
		error = WSA_NOT_ENOUGH_MEMORY;
	else
		error = find_addresses(
		    node, service, pHints == NULL ? NULL : &hints, &list);
	if (error == 0) {
		error = widen_list(list, ppResult);
		freeaddrinfo(list);
	}
	free(node);
	free(service);
	return finish(error);
}

/* The text into a buffer of size characters; nothing if none is wanted. */
static bool
put_name(const char *s, wchar_t *buffer, size_t size)
{
	wchar_t *wide;
	bool fits;

	if (buffer == NULL || size == 0)
		return true;
	if ((wide = utf8_to_wide(s, strlen(s))) == NULL)
		return false;
	fits = wcslen(wide) < size;
	if (fits)
		wmemcpy(buffer, wide, wcslen(wide) + 1);
	free(wide);
	return fits;
}

/* Windows: GetNameInfoW (ws2tcpip.h). WSAEFAULT if a buffer is too small. */
INT WSAAPI
GetNameInfoW(const struct sockaddr *pSockaddr, socklen_t SockaddrLength,
    PWCHAR pNodeBuffer, DWORD NodeBufferSize, PWCHAR pServiceBuffer,
    DWORD ServiceBufferSize, INT Flags)
{
	char node[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
	int error;

	if (pSockaddr == NULL)
		return finish(WSAEFAULT);
	error = find_names(pSockaddr, SockaddrLength,
	    pNodeBuffer == NULL ? NULL : node, pNodeBuffer == NULL ? 0 : sizeof(node),
	    pServiceBuffer == NULL ? NULL : service,
	    pServiceBuffer == NULL ? 0 : sizeof(service), Flags);
	if (error == 0 && (!put_name(node, pNodeBuffer, NodeBufferSize) ||
			      !put_name(service, pServiceBuffer, ServiceBufferSize)))
		error = WSAEFAULT;
	return finish(error);
}

/* Never NULL; of the program, not to be freed. */
char *
winsock_gai_strerror(int ecode)
{
	return (char *)(uintptr_t)message_of((uint32_t)ecode, "unknown error");
}

WCHAR *WSAAPI
gai_strerrorW(int ecode)
{
	static _Thread_local WCHAR text[MESSAGE_MAX_CHARS];
	const char *s = message_of((uint32_t)ecode, "unknown error");
	size_t n = strlen(s);

	for (size_t i = 0; i <= n; i++)
		text[i] = (WCHAR)s[i];
	return text;
}
