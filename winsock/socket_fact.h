/*
 * What the library remembers of a descriptor. A descriptor that came another way (inherited,
 * dup(), accept4()) has nothing here; every user has to be right without.
 */
#ifndef AUTHIPD_WINSOCK_SOCKET_FACT_H
#define AUTHIPD_WINSOCK_SOCKET_FACT_H

#include <stdbool.h>

enum socket_fact {
	SOCKET_NOT_OVERLAPPED = 0x1, /* made without WSA_FLAG_OVERLAPPED */
	SOCKET_SHUT_BY_US = 0x2,     /* shutdown() of sending */
	SOCKET_SECURED = 0x4,	     /* WSASetSocketSecurity() succeeded */
	SOCKET_ACCEPTED = 0x8,	     /* by a listener */
};

void socket_fact_add(int fd, enum socket_fact fact);
bool socket_fact_has(int fd, enum socket_fact fact);
/* The descriptor is new, or closed. */
void socket_fact_forget(int fd);

#endif
