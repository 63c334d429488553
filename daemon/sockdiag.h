/* Which sockets exist: inet_diag dumps. */
#ifndef AUTHIPD_DAEMON_SOCKDIAG_H
#define AUTHIPD_DAEMON_SOCKDIAG_H

#include "config/address.h"

struct sockdiag_entry {
	uint64_t cookie;
	uint32_t mark; /* 0 without CAP_NET_ADMIN */
	uint32_t uid;
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
	uint8_t state; /* TCP_* */
	struct endpoint local;
	struct endpoint remote;
};

typedef void sockdiag_each(void *ctx, const struct sockdiag_entry *e);
/* Calls each for every socket of protocol 6 or 17 with this local port (0: any). 0, -errno. */
int sockdiag_dump(uint8_t family, uint8_t protocol, uint16_t local_port, sockdiag_each *each,
    void *ctx);
/* The same for those in one of these states (1u << TCP_...) only. */
int sockdiag_dump_states(
    uint8_t family, uint8_t protocol, uint32_t states, sockdiag_each *each, void *ctx);
/* The same, and with this remote port. */
int sockdiag_dump_to(uint8_t family, uint8_t protocol, uint32_t states, uint16_t remote_port,
    sockdiag_each *each, void *ctx);
/* Whose socket sends the packets of this flow, now; false: there is none. */
bool sockdiag_owner(const struct flow *f, uint32_t *uid);
/* Reads notifications of ended sockets; false: some were lost, look for yourself. */
bool sockdiag_read_destroyed(int fd, sockdiag_each *each, void *ctx);

#endif
