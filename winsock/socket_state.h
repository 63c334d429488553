/* What the library has to know of the application's socket. */
#ifndef AUTHIPD_WINSOCK_SOCKET_STATE_H
#define AUTHIPD_WINSOCK_SOCKET_STATE_H

#include <stdbool.h>

int socket_check_kind(int fd);
int socket_check_fresh(int fd);
int socket_ipv6_only(int fd, bool *changed);
void socket_ipv6_dual(int fd);

#endif
