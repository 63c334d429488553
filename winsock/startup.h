/* Whether the program may call Winsock. */
#ifndef AUTHIPD_WINSOCK_STARTUP_H
#define AUTHIPD_WINSOCK_STARTUP_H

/*
 * 0, or WSANOTINITIALISED: the program has called WSACleanup as often as WSAStartup. A native
 * program, which never began, may go on without.
 */
int startup_check(void);

#endif
