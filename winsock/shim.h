/* What winsock2.h and ws2tcpip.h make of the native names in the programs of others. */
#ifndef AUTHIPD_WINSOCK_SHIM_H
#define AUTHIPD_WINSOCK_SHIM_H

#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>

int winsock_socket(int af, int type, int protocol);
int winsock_bind(int s, const struct sockaddr *name, socklen_t n);
int winsock_listen(int s, int backlog);
int winsock_accept(int s, struct sockaddr *name, socklen_t *n);
int winsock_connect(int s, const struct sockaddr *name, socklen_t n);
ssize_t winsock_send(int s, const void *buffer, size_t n, int flags);
ssize_t winsock_sendto(int s, const void *buffer, size_t n, int flags,
    const struct sockaddr *to, socklen_t to_n);
ssize_t winsock_recv(int s, void *buffer, size_t n, int flags);
ssize_t winsock_recvfrom(
    int s, void *buffer, size_t n, int flags, struct sockaddr *from, socklen_t *from_n);
int winsock_shutdown(int s, int how);
int winsock_select(
    int n, fd_set *readable, fd_set *writable, fd_set *errors, struct timeval *timeout);
int winsock_getsockname(int s, struct sockaddr *name, socklen_t *n);
int winsock_getpeername(int s, struct sockaddr *name, socklen_t *n);
int winsock_setsockopt(int s, int level, int option, const void *value, socklen_t n);
int winsock_getsockopt(int s, int level, int option, void *value, socklen_t *n);

#endif
