/* Connecting a socket, as WSAConnect and connect() of programs do. */
#ifndef AUTHIPD_WINSOCK_CONNECT_H
#define AUTHIPD_WINSOCK_CONNECT_H

#include <sys/socket.h>

int connect_socket(int fd, const struct sockaddr *name, socklen_t n);

#endif
