/* The sockets that need privilege to open; keeper hands them to the roles. */
#ifndef AUTHIPD_DAEMON_NET_SOCKETS_H
#define AUTHIPD_DAEMON_NET_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All return a non-blocking close-on-exec descriptor, or -1 after logging why. */
/* UDP on all addresses; the receiver learns the local address (pktinfo). */
int net_socket_udp(int family, uint16_t port);
/* A UDP socket gives ESP to the kernel's IPsec from now on; IKE still comes to it. */
bool net_socket_decapsulate(int fd);
/* Receives protocol 50 or 51. */
int net_socket_raw_in(int family, int protocol);
/* Sends whole IP packets. */
int net_socket_raw_out(int family);
/* Netlink socket that hears of every TCP and UDP socket that ends. */
int net_socket_diag_destroy(void);
/*
 * Copies of the clear TCP and UDP packets for this host that arrive from other devices than
 * loopback and those to skip. Deaf until it is bound to a protocol.
 */
int net_socket_packet(void);
/* The devices to skip from now on (the class TUNs). */
bool net_socket_packet_skip(int fd, const uint32_t *skip, size_t n_skip);
/* Listening SOCK_SEQPACKET (or SOCK_STREAM) socket at dir/name with these permissions. */
int net_socket_listen(const char *dir, const char *name, int type, mode_t mode);

#endif
