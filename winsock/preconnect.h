/* Negotiating before the kernel sees the first packet. */
#ifndef AUTHIPD_WINSOCK_PRECONNECT_H
#define AUTHIPD_WINSOCK_PRECONNECT_H

#include <sys/socket.h>

/*
 * Has the daemon negotiate the traffic of a secured socket to this address, so that the first
 * packet finds its SA. Waits for the end of that, but not for a socket that does not block.
 * Sockets that are not secured are left alone. 0, or why a connection would fail:
 * WSAETIMEDOUT, WSAEACCES, WSAENOBUFS, WSAENETDOWN.
 */
int socket_preconnect(int fd, const struct sockaddr *to, socklen_t n);
/* Same, once in a while for each peer that a UDP socket sends to. */
int socket_preconnect_once(int fd, const struct sockaddr *to, socklen_t n);

#endif
