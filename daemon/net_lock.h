/*
 * One daemon for a network namespace: devices, routing rules and the kernel's IPsec are
 * recognised as ours by every authipd, and what it finds of another one would be leftovers.
 */
#ifndef AUTHIPD_DAEMON_NET_LOCK_H
#define AUTHIPD_DAEMON_NET_LOCK_H

#include <stdbool.h>

/* False after logging that there is another one. Who cannot write to /run goes on without. */
bool net_lock(void);
void net_unlock(void);

#endif
