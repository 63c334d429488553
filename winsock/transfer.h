/* WSARecvMsg, which programs get from WSAIoctl. */
#ifndef AUTHIPD_WINSOCK_TRANSFER_H
#define AUTHIPD_WINSOCK_TRANSFER_H

#include "winsock2.h"

/*
 * Windows: WSARecvMsg (mswsock.h). dwFlags: MSG_PEEK, and afterwards MSG_TRUNC and MSG_CTRUNC; a
 * datagram that is longer than the buffers fills them and fails with WSAEMSGSIZE.
 */
INT WSAAPI transfer_receive_message(SOCKET s, LPWSAMSG lpMsg,
    LPDWORD lpdwNumberOfBytesRecvd, LPWSAOVERLAPPED lpOverlapped,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);

#endif
