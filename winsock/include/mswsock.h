/* Extension functions, which WSAIoctl(SIO_GET_EXTENSION_FUNCTION_POINTER) returns. */
#ifndef AUTHIP_MSWSOCK_H
#define AUTHIP_MSWSOCK_H

#include "winsock2.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WSAID_CONNECTEX                                                \
	{                                                              \
		0x25a207b9, 0xddf3, 0x4660,                            \
		{                                                      \
			0x8e, 0xe9, 0x76, 0xe5, 0x8c, 0x74, 0x06, 0x3e \
		}                                                      \
	}
#define WSAID_DISCONNECTEX                                             \
	{                                                              \
		0x7fda2e11, 0x8630, 0x436f,                            \
		{                                                      \
			0xa0, 0x31, 0xf5, 0x36, 0xa6, 0xee, 0xc1, 0x57 \
		}                                                      \
	}
#define WSAID_WSARECVMSG                                               \
	{                                                              \
		0xf689d7c8, 0x6f1f, 0x436b,                            \
		{                                                      \
			0x8a, 0x53, 0xe5, 0x4f, 0xe3, 0x51, 0xc3, 0x22 \
		}                                                      \
	}
#define WSAID_WSASENDMSG                                               \
	{                                                              \
		0xa441e712, 0x754f, 0x43ca,                            \
		{                                                      \
			0x84, 0xa7, 0x0d, 0xee, 0x44, 0xcf, 0x60, 0x6d \
		}                                                      \
	}
#define TF_REUSE_SOCKET 0x02u

typedef BOOL(WINAPI *LPFN_CONNECTEX)(SOCKET s, const struct sockaddr *name, int namelen,
    PVOID lpSendBuffer, DWORD dwSendDataLength, LPDWORD lpdwBytesSent,
    LPOVERLAPPED lpOverlapped);
typedef BOOL(WINAPI *LPFN_DISCONNECTEX)(
    SOCKET s, LPOVERLAPPED lpOverlapped, DWORD dwFlags, DWORD dwReserved);
typedef INT(WINAPI *LPFN_WSARECVMSG)(SOCKET s, LPWSAMSG lpMsg,
    LPDWORD lpdwNumberOfBytesRecvd, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
typedef INT(WINAPI *LPFN_WSASENDMSG)(SOCKET s, LPWSAMSG lpMsg, DWORD dwFlags,
    LPDWORD lpNumberOfBytesSent, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);

#ifdef __cplusplus
}
#endif

#endif
