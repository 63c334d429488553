/* What the tests of WSASetSocketSecurity() share. */
#ifndef AUTHIPD_TESTS_CHECK_WINSOCK_H
#define AUTHIPD_TESTS_CHECK_WINSOCK_H

#include <check.h>

#include "tests/unit/fake_daemon.h"
#include "ws2tcpip.h"

/* With a fresh directory for the daemon, and without a last error. */
TCase *winsock_case(const char *name);

TCase *winsock_daemon_cases(void);
TCase *winsock_fork_cases(void);
TCase *winsock_settings_cases(void);
TCase *winsock_socket_cases(void);
TCase *winsock_thread_cases(void);

int tcp_socket(void);
/* 0, or the error of the call, in which case the return value was SOCKET_ERROR. */
int secure_with(int s, const void *settings, ULONG n);
int secure_default(int s);
int secure_and_close(int s);
/* How many the process has open. */
unsigned int descriptors(void);

#endif
