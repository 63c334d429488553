/* The functions of the Winsock Secure Socket Extensions; link with -lfwpuclnt. */
#ifndef AUTHIP_WS2TCPIP_H
#define AUTHIP_WS2TCPIP_H

#include "mstcpip.h"
#include "winsock2.h"

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

/* How the traffic of a socket is protected now: WSAQuerySocketSecurity(3). */
INT WSAAPI WSAQuerySocketSecurity(SOCKET Socket,
    const SOCKET_SECURITY_QUERY_TEMPLATE *SecurityQueryTemplate,
    ULONG SecurityQueryTemplateLen, SOCKET_SECURITY_QUERY_INFO *SecurityQueryInfo,
    ULONG *SecurityQueryInfoLen, LPWSAOVERLAPPED Overlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE CompletionRoutine);

/* The calling thread acts as the peer, and as itself again: WSAImpersonateSocketPeer(3). */
INT WSAAPI WSAImpersonateSocketPeer(
    SOCKET Socket, const struct sockaddr *PeerAddr, ULONG PeerAddrLen);
INT WSAAPI WSARevertImpersonation(void);

#ifdef __cplusplus
}
#endif

#endif
