/*
 * The gate of a secured socket: a locked filter that lets in what came out of one TUN device,
 * or from this host itself. It is an eBPF program where the kernel takes one, so that a socket
 * can be moved to another device while the lock stays; else a classic one, for ever.
 */
#ifndef AUTHIPD_DAEMON_GATE_H
#define AUTHIPD_DAEMON_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* Attaches the gate, not locked yet. False: the kernel takes no filter. */
bool gate_attach(int fd, uint32_t ifindex);
/*
 * Instead, for an IPv6 socket whose gate is an IPsec policy: no IPv4 packet comes in, for which
 * that policy would not count, whatever becomes of IPV6_V6ONLY. Not locked yet.
 */
bool gate_attach_ipv6(int fd);
/*
 * What comes out of another device is for the socket with this cookie from now on; ifindex of
 * gate_attach(): as in the beginning. False: this kernel moves no sockets, or no memory.
 */
bool gate_move(uint64_t cookie, uint32_t ifindex);
/* The socket with this cookie is no more. Of one that lives: as in the beginning. */
void gate_end(uint64_t cookie);
/* The device goes, as the sockets that were moved to it have. */
void gate_forget(uint32_t ifindex);
/* Ends what the process holds; gates stay on their sockets. */
void gate_close(void);

#endif
