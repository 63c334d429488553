/* What the library has to know of the application's socket. */
#ifndef AUTHIPD_WINSOCK_SOCKET_STATE_H
#define AUTHIPD_WINSOCK_SOCKET_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The number that no other socket ever has, unlike its descriptor; 0: no socket. */
uint64_t socket_state_cookie(int fd);
int socket_check_kind(int fd);
int socket_check_fresh(int fd);
bool socket_is_tcp(int fd);
bool socket_is_connected(int fd);
int socket_check_family(int fd, const struct sockaddr *peer);
int socket_check_peer(int fd, const struct sockaddr *peer);
int socket_ipv6_only(int fd, bool *changed);
void socket_ipv6_dual(int fd);

#endif
