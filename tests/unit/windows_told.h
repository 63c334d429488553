/* What WSAEnumNetworkEvents tells, for the suites of check_windows. */
#ifndef AUTHIPD_TESTS_WINDOWS_TOLD_H
#define AUTHIPD_TESTS_WINDOWS_TOLD_H

#include "tests/unit/windows_pair.h"

#define SOON 20000 /* ms: never reached, but by a fault */

extern HANDLE event;
extern WSANETWORKEVENTS told;

/* A fixture: a new event. */
void told_begin(void);
void told_end(void);
/* This happens to the socket, and nothing else. */
void happens(SOCKET s, LONG want);
void nothing_happens(SOCKET s);

#endif
