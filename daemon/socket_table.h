/*
 * The registered sockets: which class each belongs to, found by the kernel's own cookie.
 * Registrations end when the kernel says that the socket ended.
 */
#ifndef AUTHIPD_DAEMON_SOCKET_TABLE_H
#define AUTHIPD_DAEMON_SOCKET_TABLE_H

#include <event2/event.h>

#include "config/address.h"

struct socket_table; /* owned */

struct secured_socket {
	uint64_t id; /* of the registration */
	uint64_t cookie;
	uint32_t class_id;
	uint32_t uid;
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
	uint64_t since_ms;
	bool is_accepted; /* from a registered listener that is gone */
	uint32_t
	    winerr; /* why its last negotiation failed, for NegotiationWinerr; 0: it did not */
};

/* changed: a socket came or went; NULL: nobody cares. */
struct socket_table *socket_table_new(
    struct event_base *base, void (*changed)(void *ctx, uint32_t class_id), void *ctx);
void socket_table_free(struct socket_table *t);
/* fd: the netlink socket of socket ends; now the table's. */
void socket_table_watch(struct socket_table *t, int fd);
/* Takes note of the ends that have been told, as the event loop would do next. */
void socket_table_poll(struct socket_table *t);
/* Registers; an earlier registration of the same cookie is replaced. 0: no memory. */
uint64_t socket_table_add(struct socket_table *t, const struct secured_socket *s);
/* A registered socket has another class now. */
void socket_table_move(struct socket_table *t, uint64_t cookie, uint32_t class_id);
/*
 * A registered socket may move, or has moved before: ended is told when it ends, and of others
 * nothing. NULL: nobody cares. False: it ended already.
 */
void socket_table_on_moved_end(
    struct socket_table *t, void (*ended)(void *ctx, uint64_t cookie));
bool socket_table_moves(struct socket_table *t, uint64_t cookie);
/* How its last negotiation ended: 0, or why it failed. */
void socket_table_negotiated(struct socket_table *t, uint64_t cookie, uint32_t winerr);
/* The same for the sockets of a flow, which its packet began. It failed: winerr says why. */
void socket_table_flow_failed(
    struct socket_table *t, const struct flow *flow, uint32_t winerr);
uint32_t socket_table_count_uid(const struct socket_table *t, uint32_t uid);
uint32_t socket_table_count_class(const struct socket_table *t, uint32_t class_id);
/* The same without accepted ones: those can be seen in the kernel's tables. */
uint32_t socket_table_count_asked(const struct socket_table *t, uint32_t class_id);
/*
 * The class of the registered socket that this flow (seen from us) belongs to, 0 = none.
 * Local port 0: only if all registrations of that protocol are of one class.
 */
uint32_t socket_table_owner(struct socket_table *t, const struct flow *flow);
/* The registration with this cookie; false: there is none. */
bool socket_table_find(
    const struct socket_table *t, uint64_t cookie, struct secured_socket *out);
void socket_table_walk(const struct socket_table *t,
    void (*each)(void *ctx, const struct secured_socket *s), void *ctx);

#endif
