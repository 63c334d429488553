/*
 * The functions of the Winsock Secure Socket Extensions, and names and addresses; link with
 * -lfwpuclnt.
 */
#ifndef AUTHIP_WS2TCPIP_H
#define AUTHIP_WS2TCPIP_H

#include "winsock2.h"

#include "mstcpip.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Protects the traffic of a TCP or UDP socket with IPsec. Once a socket, before bind and
 * before connect. SecuritySettings NULL: the default policy, nothing in clear text.
 * 0, or SOCKET_ERROR with the reason in WSAGetLastError: WSASetSocketSecurity(3).
 */
INT WSAAPI WSASetSocketSecurity(SOCKET Socket,
    const SOCKET_SECURITY_SETTINGS *SecuritySettings, ULONG SecuritySettingsLen,
    LPWSAOVERLAPPED Overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine);

/* What protection the traffic with a peer has, and who the peer is. */
INT WSAAPI WSAQuerySocketSecurity(SOCKET Socket,
    const SOCKET_SECURITY_QUERY_TEMPLATE *SecurityQueryTemplate,
    ULONG SecurityQueryTemplateLen, SOCKET_SECURITY_QUERY_INFO *SecurityQueryInfo,
    ULONG *SecurityQueryInfoLen, LPWSAOVERLAPPED Overlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine);

/* The name that the peer has to prove; before the connection. */
INT WSAAPI WSASetSocketPeerTargetName(SOCKET Socket,
    const SOCKET_PEER_TARGET_NAME *PeerTargetName, ULONG PeerTargetNameLen,
    LPWSAOVERLAPPED Overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine);
INT WSAAPI WSADeleteSocketPeerTargetName(SOCKET Socket, const struct sockaddr *PeerAddr,
    ULONG PeerAddrLen, LPWSAOVERLAPPED Overlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine);

/* The calling thread acts as the account that the peer maps to, and as itself again. */
INT WSAAPI WSAImpersonateSocketPeer(
    SOCKET Socket, const struct sockaddr *PeerAddr, ULONG PeerAddrLen);
INT WSAAPI WSARevertImpersonation(void);

/* ---- names and addresses ---- */

#ifndef NI_MAXHOST
#define NI_MAXHOST 1025
#endif
#ifndef NI_MAXSERV
#define NI_MAXSERV 32
#endif

typedef struct addrinfo ADDRINFOA, *PADDRINFOA;
typedef ADDRINFOA ADDRINFO, *LPADDRINFO;
typedef struct ip_mreq IP_MREQ, *PIP_MREQ;
typedef struct ipv6_mreq IPV6_MREQ, *PIPV6_MREQ;

/* The order of Windows: the name before the address. */
typedef struct addrinfoW {
	int ai_flags;
	int ai_family;
	int ai_socktype;
	int ai_protocol;
	size_t ai_addrlen;
	WCHAR *ai_canonname;
	struct sockaddr *ai_addr;
	struct addrinfoW *ai_next;
} ADDRINFOW, *PADDRINFOW;

/* 0, or a number of Winsock (WSAHOST_NOT_FOUND), which WSAGetLastError has too. */
INT WSAAPI GetAddrInfoW(
    PCWSTR pNodeName, PCWSTR pServiceName, const ADDRINFOW *pHints, PADDRINFOW *ppResult);
void WSAAPI FreeAddrInfoW(PADDRINFOW pAddrInfo);
INT WSAAPI GetNameInfoW(const struct sockaddr *pSockaddr, socklen_t SockaddrLength,
    PWCHAR pNodeBuffer, DWORD NodeBufferSize, PWCHAR pServiceBuffer,
    DWORD ServiceBufferSize, INT Flags);
PCWSTR WSAAPI InetNtopW(INT Family, LPCVOID pAddr, PWSTR pStringBuf, size_t StringBufSize);
INT WSAAPI InetPtonW(INT Family, PCWSTR pszAddrString, PVOID pAddrBuf);
WCHAR *WSAAPI gai_strerrorW(int ecode);

/* Of this library: the results are numbers of Winsock. */
int winsock_getaddrinfo(
    const char *node, const char *service, const ADDRINFOA *hints, ADDRINFOA **result);
int winsock_getnameinfo(const struct sockaddr *address, socklen_t n, char *host,
    socklen_t host_n, char *service, socklen_t service_n, int flags);
char *winsock_gai_strerror(int ecode);

#define InetNtopA inet_ntop
#define InetPtonA inet_pton
#define FreeAddrInfoA freeaddrinfo
#define GetAddrInfoA winsock_getaddrinfo
#define GetNameInfoA winsock_getnameinfo
#define gai_strerrorA winsock_gai_strerror
#ifdef UNICODE
#define ADDRINFOT ADDRINFOW
#define PADDRINFOT PADDRINFOW
#define GetAddrInfo GetAddrInfoW
#define FreeAddrInfo FreeAddrInfoW
#define GetNameInfo GetNameInfoW
#define InetNtop InetNtopW
#define InetPton InetPtonW
#else
#define ADDRINFOT ADDRINFOA
#define PADDRINFOT PADDRINFOA
#define GetAddrInfo GetAddrInfoA
#define FreeAddrInfo FreeAddrInfoA
#define GetNameInfo GetNameInfoA
#define InetNtop InetNtopA
#define InetPton InetPtonA
#endif

/* The native names with the results of Winsock. */
#ifndef AUTHIP_NATIVE_SOCKETS
AUTHIP_REDIRECT(getaddrinfo);
AUTHIP_REDIRECT(getnameinfo);
#undef EAI_AGAIN
#undef EAI_BADFLAGS
#undef EAI_FAIL
#undef EAI_FAMILY
#undef EAI_MEMORY
#undef EAI_NODATA
#undef EAI_NONAME
#undef EAI_SERVICE
#undef EAI_SOCKTYPE
#define EAI_AGAIN WSATRY_AGAIN
#define EAI_BADFLAGS WSAEINVAL
#define EAI_FAIL WSANO_RECOVERY
#define EAI_FAMILY WSAEAFNOSUPPORT
#define EAI_MEMORY WSA_NOT_ENOUGH_MEMORY
#define EAI_NODATA WSAHOST_NOT_FOUND
#define EAI_NONAME WSAHOST_NOT_FOUND
#define EAI_SERVICE WSATYPE_NOT_FOUND
#define EAI_SOCKTYPE WSAESOCKTNOSUPPORT
#define gai_strerror winsock_gai_strerror
#endif

#ifdef __cplusplus
}
#endif

#endif
