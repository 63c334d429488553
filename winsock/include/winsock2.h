/*
 * Winsock on Linux. Sockets are those of Linux: a SOCKET is a descriptor, every native call
 * works on it, and the constants (AF_, SOL_, SO_, MSG_) have their Linux values. Link with
 * -lfwpuclnt; doc/porting.md says what each call does here.
 */
#ifndef AUTHIP_WINSOCK2_H
#define AUTHIP_WINSOCK2_H

#include "winsockaddr.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "winbase.h"
#include "windef.h"
#include "winerror.h"
#include "winsockerror.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef WSAAPI
#define WSAAPI
#endif
#define WINSOCK_API_LINKAGE
#define WINSOCK_VERSION MAKEWORD(2, 2)

/* A Linux descriptor. Windows has an unsigned type of pointer size: print it as %d. */
typedef int SOCKET;
#define INVALID_SOCKET ((SOCKET)-1)
#define SOCKET_ERROR (-1)

/* ---- structures ---- */

typedef struct sockaddr SOCKADDR, *PSOCKADDR, *LPSOCKADDR;
typedef struct sockaddr_in SOCKADDR_IN, *PSOCKADDR_IN, *LPSOCKADDR_IN;
typedef struct sockaddr_in6 SOCKADDR_IN6, *PSOCKADDR_IN6, *LPSOCKADDR_IN6;
typedef struct sockaddr_storage SOCKADDR_STORAGE, *PSOCKADDR_STORAGE,
    *LPSOCKADDR_STORAGE;
typedef struct in_addr IN_ADDR, *PIN_ADDR, *LPIN_ADDR;
typedef struct in6_addr IN6_ADDR, *PIN6_ADDR, *LPIN6_ADDR;
typedef struct hostent HOSTENT, *PHOSTENT, *LPHOSTENT;
typedef struct servent SERVENT, *PSERVENT, *LPSERVENT;
typedef struct protoent PROTOENT, *PPROTOENT, *LPPROTOENT;
typedef struct linger LINGER, *PLINGER, *LPLINGER;
typedef struct timeval TIMEVAL, *PTIMEVAL, *LPTIMEVAL;
typedef struct pollfd WSAPOLLFD, *PWSAPOLLFD, *LPWSAPOLLFD;
typedef fd_set FD_SET, *PFD_SET, *LPFD_SET;
typedef sa_family_t ADDRESS_FAMILY;

typedef union _SOCKADDR_INET {
	SOCKADDR_IN Ipv4;
	SOCKADDR_IN6 Ipv6;
	ADDRESS_FAMILY si_family;
} SOCKADDR_INET, *PSOCKADDR_INET;

typedef struct _SOCKET_ADDRESS {
	LPSOCKADDR lpSockaddr;
	INT iSockaddrLength;
} SOCKET_ADDRESS, *PSOCKET_ADDRESS, *LPSOCKET_ADDRESS;

#define WSADESCRIPTION_LEN 256
#define WSASYS_STATUS_LEN 128

typedef struct WSAData {
	WORD wVersion;
	WORD wHighVersion;
	unsigned short iMaxSockets;
	unsigned short iMaxUdpDg;
	char *lpVendorInfo;
	char szDescription[WSADESCRIPTION_LEN + 1];
	char szSystemStatus[WSASYS_STATUS_LEN + 1];
} WSADATA, *LPWSADATA;

/* Not an iovec: the length comes first and has 32 bits. */
typedef struct _WSABUF {
	ULONG len;
	CHAR *buf;
} WSABUF, *LPWSABUF;

/* A datagram with control data, which is that of Linux. */
typedef struct _WSAMSG {
	LPSOCKADDR name;
	INT namelen;
	LPWSABUF lpBuffers;
	ULONG dwBufferCount;
	WSABUF Control;
	ULONG dwFlags;
} WSAMSG, *PWSAMSG, *LPWSAMSG;

typedef struct cmsghdr WSACMSGHDR, *PWSACMSGHDR, *LPWSACMSGHDR;
typedef struct in_pktinfo IN_PKTINFO, *PIN_PKTINFO;
#define WSA_CMSG_FIRSTHDR(msg)                            \
	((msg)->Control.len >= sizeof(WSACMSGHDR) ?       \
		(LPWSACMSGHDR)(void *)(msg)->Control.buf : \
		(LPWSACMSGHDR)NULL)
#define WSA_CMSG_NXTHDR(msg, cmsg)                                                  \
	((cmsg) == NULL ? WSA_CMSG_FIRSTHDR(msg) :                                  \
	 (char *)(cmsg) + CMSG_ALIGN((cmsg)->cmsg_len) + sizeof(WSACMSGHDR) >       \
			(msg)->Control.buf + (msg)->Control.len ?                   \
			  (LPWSACMSGHDR)NULL :                                      \
			  (LPWSACMSGHDR)(void *)((char *)(cmsg) +                   \
						 CMSG_ALIGN((cmsg)->cmsg_len)))
#define WSA_CMSG_DATA(cmsg) ((unsigned char *)CMSG_DATA(cmsg))
#define WSA_CMSG_SPACE(n) CMSG_SPACE(n)
#define WSA_CMSG_LEN(n) CMSG_LEN(n)

typedef HANDLE WSAEVENT;
typedef LPHANDLE LPWSAEVENT;
#define WSA_INVALID_EVENT ((WSAEVENT)NULL)
#define WSA_MAXIMUM_WAIT_EVENTS MAXIMUM_WAIT_OBJECTS
#define WSA_WAIT_FAILED WAIT_FAILED
#define WSA_WAIT_EVENT_0 WAIT_OBJECT_0
#define WSA_WAIT_IO_COMPLETION WAIT_IO_COMPLETION
#define WSA_WAIT_TIMEOUT WAIT_TIMEOUT
#define WSA_INFINITE INFINITE

/* Network events. Those of QoS, and of routes and addresses, never happen here. */
#define FD_READ_BIT 0
#define FD_WRITE_BIT 1
#define FD_OOB_BIT 2
#define FD_ACCEPT_BIT 3
#define FD_CONNECT_BIT 4
#define FD_CLOSE_BIT 5
#define FD_QOS_BIT 6
#define FD_GROUP_QOS_BIT 7
#define FD_ROUTING_INTERFACE_CHANGE_BIT 8
#define FD_ADDRESS_LIST_CHANGE_BIT 9
#define FD_READ (1 << FD_READ_BIT)
#define FD_WRITE (1 << FD_WRITE_BIT)
#define FD_OOB (1 << FD_OOB_BIT)
#define FD_ACCEPT (1 << FD_ACCEPT_BIT)
#define FD_CONNECT (1 << FD_CONNECT_BIT)
#define FD_CLOSE (1 << FD_CLOSE_BIT)
#define FD_QOS (1 << FD_QOS_BIT)
#define FD_GROUP_QOS (1 << FD_GROUP_QOS_BIT)
#define FD_ROUTING_INTERFACE_CHANGE (1 << FD_ROUTING_INTERFACE_CHANGE_BIT)
#define FD_ADDRESS_LIST_CHANGE (1 << FD_ADDRESS_LIST_CHANGE_BIT)
#define FD_MAX_EVENTS 10
#define FD_ALL_EVENTS ((1 << FD_MAX_EVENTS) - 1)

typedef struct _WSANETWORKEVENTS {
	LONG lNetworkEvents;
	int iErrorCode[FD_MAX_EVENTS];
} WSANETWORKEVENTS, *LPWSANETWORKEVENTS;

/*
 * Overlapped operation. Every function here completes before it returns: Internal is the
 * error, InternalHigh the number of bytes, and the event, if there is one, is signalled.
 */
typedef OVERLAPPED WSAOVERLAPPED, *LPWSAOVERLAPPED;
typedef void(CALLBACK *LPWSAOVERLAPPED_COMPLETION_ROUTINE)(
    DWORD dwError, DWORD cbTransferred, LPWSAOVERLAPPED lpOverlapped, DWORD dwFlags);

/* Have to be NULL: there are no service providers, quality of service or groups. */
typedef struct _WSAPROTOCOL_INFOA WSAPROTOCOL_INFOA, *LPWSAPROTOCOL_INFOA;
typedef struct _WSAPROTOCOL_INFOW WSAPROTOCOL_INFOW, *LPWSAPROTOCOL_INFOW;
typedef struct _QualityOfService QOS, *LPQOS;
typedef unsigned int GROUP;

typedef int(CALLBACK *LPCONDITIONPROC)(LPWSABUF lpCallerId, LPWSABUF lpCallerData,
    LPQOS lpSQOS, LPQOS lpGQOS, LPWSABUF lpCalleeId, LPWSABUF lpCalleeData, GROUP *g,
    DWORD_PTR dwCallbackData);

/* ---- numbers that exist only here ---- */

#define WSA_FLAG_OVERLAPPED 0x01u
#define WSA_FLAG_NO_HANDLE_INHERIT 0x80u
#define CF_ACCEPT 0
#define CF_REJECT 1
#define CF_DEFER 2
#define SD_RECEIVE 0
#define SD_SEND 1
#define SD_BOTH 2

#define ADDR_ANY INADDR_ANY
/* Secured sockets always are. */
#define SO_EXCLUSIVEADDRUSE ((int)(~SO_REUSEADDR))
#define SO_DONTLINGER ((int)(~SO_LINGER))
#define SO_UPDATE_ACCEPT_CONTEXT 0x700B
#define SO_UPDATE_CONNECT_CONTEXT 0x7010
#ifndef MSG_PARTIAL
#define MSG_PARTIAL 0
#endif

/* IOC_IN and IOC_OUT have other values on Linux: not redefined. */
#define IOC_WS2 0x08000000u
#define IOC_VENDOR 0x18000000u
#define _WSAIO(x, y) (0x20000000u | (x) | (y))
#define _WSAIOR(x, y) (0x40000000u | (x) | (y))
#define _WSAIOW(x, y) (0x80000000u | (x) | (y))
#define _WSAIORW(x, y) (0xC0000000u | (x) | (y))
#define SIO_GET_EXTENSION_FUNCTION_POINTER _WSAIORW(IOC_WS2, 6)
#define SIO_ROUTING_INTERFACE_QUERY _WSAIORW(IOC_WS2, 20)
#define SIO_KEEPALIVE_VALS _WSAIOW(IOC_VENDOR, 4)
#define SIO_SET_SECURITY _WSAIOW(IOC_VENDOR, 200)
#define SIO_QUERY_SECURITY _WSAIORW(IOC_VENDOR, 201)
#define SIO_SET_PEER_TARGET_NAME _WSAIOW(IOC_VENDOR, 202)
#define SIO_DELETE_PEER_TARGET_NAME _WSAIOW(IOC_VENDOR, 203)
#define SIO_SOCKET_USAGE_NOTIFICATION _WSAIOW(IOC_VENDOR, 204)
#define SIO_QUERY_WFP_ALE_ENDPOINT_HANDLE _WSAIOR(IOC_VENDOR, 205)

/* ---- functions ---- */

/*
 * The error of the last function of this library that failed in this thread. A success
 * does not change it. Native calls report in errno, not here.
 */
int WSAAPI WSAGetLastError(void);
void WSAAPI WSASetLastError(int iError);

int WSAAPI WSAStartup(WORD wVersionRequested, LPWSADATA lpWSAData);
int WSAAPI WSACleanup(void);

SOCKET WSAAPI WSASocketA(int af, int type, int protocol,
    LPWSAPROTOCOL_INFOA lpProtocolInfo, GROUP g, DWORD dwFlags);
SOCKET WSAAPI WSASocketW(int af, int type, int protocol,
    LPWSAPROTOCOL_INFOW lpProtocolInfo, GROUP g, DWORD dwFlags);
int WSAAPI closesocket(SOCKET s);

int WSAAPI WSAConnect(SOCKET s, const struct sockaddr *name, int namelen,
    LPWSABUF lpCallerData, LPWSABUF lpCalleeData, LPQOS lpSQOS, LPQOS lpGQOS);
SOCKET WSAAPI WSAAccept(SOCKET s, struct sockaddr *addr, LPINT addrlen,
    LPCONDITIONPROC lpfnCondition, DWORD_PTR dwCallbackData);

int WSAAPI WSASend(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
    LPDWORD lpNumberOfBytesSent, DWORD dwFlags, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSASendTo(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
    LPDWORD lpNumberOfBytesSent, DWORD dwFlags, const struct sockaddr *lpTo, int iToLen,
    LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSARecv(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
    LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSARecvFrom(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
    LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags, struct sockaddr *lpFrom,
    LPINT lpFromlen, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
/* Of datagrams. WSARecvMsg is a function that WSAIoctl returns: mswsock.h. */
INT WSAAPI WSASendMsg(SOCKET s, LPWSAMSG lpMsg, DWORD dwFlags,
    LPDWORD lpNumberOfBytesSent, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
BOOL WSAAPI WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED lpOverlapped,
    LPDWORD lpcbTransfer, BOOL fWait, LPDWORD lpdwFlags);

int WSAAPI WSAIoctl(SOCKET s, DWORD dwIoControlCode, LPVOID lpvInBuffer,
    DWORD cbInBuffer, LPVOID lpvOutBuffer, DWORD cbOutBuffer, LPDWORD lpcbBytesReturned,
    LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
/* argp: u_long, or a type of 32 bits. */
int winsock_ioctl(SOCKET s, long cmd, void *argp, size_t size);
#define ioctlsocket(s, cmd, argp) winsock_ioctl((s), (cmd), (argp), sizeof(*(argp)))
int WSAAPI WSAPoll(LPWSAPOLLFD fdArray, ULONG fds, INT timeout);

WSAEVENT WSAAPI WSACreateEvent(void);
BOOL WSAAPI WSACloseEvent(WSAEVENT hEvent);
BOOL WSAAPI WSASetEvent(WSAEVENT hEvent);
BOOL WSAAPI WSAResetEvent(WSAEVENT hEvent);
DWORD WSAAPI WSAWaitForMultipleEvents(DWORD cEvents, const WSAEVENT *lphEvents,
    BOOL fWaitAll, DWORD dwTimeout, BOOL fAlertable);

/*
 * What happens to the socket sets an event, from now on; the socket does not block any more.
 * WSAEnumNetworkEvents tells what it was, once.
 */
int WSAAPI WSAEventSelect(SOCKET s, WSAEVENT hEventObject, LONG lNetworkEvents);
int WSAAPI WSAEnumNetworkEvents(
    SOCKET s, WSAEVENT hEventObject, LPWSANETWORKEVENTS lpNetworkEvents);

INT WSAAPI WSAAddressToStringA(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
    LPWSAPROTOCOL_INFOA lpProtocolInfo, LPSTR lpszAddressString,
    LPDWORD lpdwAddressStringLength);
INT WSAAPI WSAAddressToStringW(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
    LPWSAPROTOCOL_INFOW lpProtocolInfo, LPWSTR lpszAddressString,
    LPDWORD lpdwAddressStringLength);
INT WSAAPI WSAStringToAddressA(LPSTR AddressString, INT AddressFamily,
    LPWSAPROTOCOL_INFOA lpProtocolInfo, LPSOCKADDR lpAddress, LPINT lpAddressLength);
INT WSAAPI WSAStringToAddressW(LPWSTR AddressString, INT AddressFamily,
    LPWSAPROTOCOL_INFOW lpProtocolInfo, LPSOCKADDR lpAddress, LPINT lpAddressLength);
int WSAAPI GetHostNameW(PWSTR name, int namelen);

#ifdef UNICODE
#define WSASocket WSASocketW
#define WSAAddressToString WSAAddressToStringW
#define WSAStringToAddress WSAStringToAddressW
#else
#define WSASocket WSASocketA
#define WSAAddressToString WSAAddressToStringA
#define WSAStringToAddress WSAStringToAddressA
#endif

/*
 * The native names, as Winsock has them: errors in WSAGetLastError too (errno is as always),
 * IPv6 sockets for IPv6 only, no SIGPIPE, negotiation before connect(), time-outs of 4 bytes
 * in milliseconds. A program that wants the native calls defines AUTHIP_NATIVE_SOCKETS.
 */
#ifndef AUTHIP_NATIVE_SOCKETS
#define AUTHIP_REDIRECT(name) extern __typeof__(name) name __asm__("winsock_" #name)
AUTHIP_REDIRECT(socket);
AUTHIP_REDIRECT(bind);
AUTHIP_REDIRECT(listen);
AUTHIP_REDIRECT(accept);
AUTHIP_REDIRECT(connect);
AUTHIP_REDIRECT(send);
AUTHIP_REDIRECT(sendto);
AUTHIP_REDIRECT(shutdown);
AUTHIP_REDIRECT(select);
AUTHIP_REDIRECT(getsockname);
AUTHIP_REDIRECT(getpeername);
AUTHIP_REDIRECT(setsockopt);
AUTHIP_REDIRECT(getsockopt);
#if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL == 0
AUTHIP_REDIRECT(recv);
AUTHIP_REDIRECT(recvfrom);
#elif !defined(__cplusplus)
/* The fortified ones are inline functions that know the native name. */
ssize_t winsock_recv(int s, void *buf, size_t n, int flags);
ssize_t winsock_recvfrom(
    int s, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *fromlen);
#define recv(s, buf, n, flags) winsock_recv((s), (buf), (n), (flags))
#define recvfrom(s, buf, n, flags, from, fromlen) \
	winsock_recvfrom((s), (buf), (n), (flags), (from), (fromlen))
#endif
#endif

#ifdef __cplusplus
}

/* Lengths are int on Windows, and C++ does not convert a pointer to one. */
static inline int
accept(SOCKET s, struct sockaddr *addr, int *addrlen)
{
	return accept(s, addr, reinterpret_cast<socklen_t *>(addrlen));
}

static inline int
getsockname(SOCKET s, struct sockaddr *addr, int *addrlen)
{
	return getsockname(s, addr, reinterpret_cast<socklen_t *>(addrlen));
}

static inline int
getpeername(SOCKET s, struct sockaddr *addr, int *addrlen)
{
	return getpeername(s, addr, reinterpret_cast<socklen_t *>(addrlen));
}

static inline int
getsockopt(SOCKET s, int level, int name, void *value, int *n)
{
	return getsockopt(s, level, name, value, reinterpret_cast<socklen_t *>(n));
}

static inline ssize_t
recvfrom(SOCKET s, void *buf, size_t n, int flags, struct sockaddr *from, int *fromlen)
{
	return recvfrom(s, buf, n, flags, from, reinterpret_cast<socklen_t *>(fromlen));
}
#endif

#endif
