/* Sockets to be secured, in a network of their own. */
#ifndef AUTHIPD_TESTS_SECURE_RIG_H
#define AUTHIPD_TESTS_SECURE_RIG_H

#include "daemon/secure_socket.h"
#include "tests/unit/check_daemon.h"

#define WSAEINVAL 10022
#define WSAENOTSOCK 10038
#define WSAEAFNOSUPPORT 10047
#define WSAEISCONN 10056

#define MASK 0x7ff00000u
#define MARK 0x00200000u
#define TUN 77u

extern struct secure_socket_result secured;

/* secure_socket() with the constants above; the result is in secured. */
uint32_t secure(int fd);
/* A network of our own, with a loopback device. False: not root. */
bool own_network(void);
int option(int fd, int level, int name);
void set_option(int fd, int level, int name, int value);
void assert_secured(int fd, uint32_t mark);
void assert_untouched(int fd);

#endif
