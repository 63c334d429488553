/*
 * Channels between roles: SOCK_SEQPACKET pairs, one message a datagram, at most one
 * descriptor with it, driven by libevent. Sending never blocks: what the kernel does not
 * take is queued (bounded; a peer that stops reading is a dead peer).
 */
#ifndef AUTHIPD_DAEMON_IPC_H
#define AUTHIPD_DAEMON_IPC_H

#include <stdbool.h>

#include <event2/event.h>

#include "crypto/span.h"

#define IPC_MAX_BYTES (96 * 1024)

struct ipc;

/* type: enum proto_type (daemon/proto.h). fd: -1 or a descriptor that is now yours. */
typedef void ipc_handler(void *ctx, uint16_t type, struct span body, int fd);
/* The other end is gone or broke the framing; the ipc is still to be freed. */
typedef void ipc_closed(void *ctx);

/* Takes ownership of fd. */
struct ipc *ipc_new(struct event_base *base, int fd, ipc_handler *handler, ipc_closed *closed,
    void *ctx);
void ipc_free(struct ipc *ipc);
/* fd -1 or a descriptor to pass (stays the caller's). 0 or -errno. */
int ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t n, int fd);
/* Same with a fixed part and a variable tail. */
int ipc_send2(struct ipc *ipc, uint16_t type, const void *head, size_t head_n,
    const void *tail, size_t tail_n, int fd);
/* Handles what has come already, as the event loop would do next. Not from a handler. */
void ipc_poll(struct ipc *ipc);
/* The other end is far behind: what anybody on the network can cause is to be dropped. */
bool ipc_is_behind(const struct ipc *ipc);
/*
 * From now on nothing is heard while the other end is far behind. For the one who answers only,
 * or both wait for ever.
 */
void ipc_pace(struct ipc *ipc);

#endif
