/* The dialogues of the auth role by handle: bounded in number and in age. */
#ifndef AUTHIPD_DAEMON_AUTH_TABLE_H
#define AUTHIPD_DAEMON_AUTH_TABLE_H

#include <sys/queue.h>

#include "daemon/auth_dialogue.h"

#define AUTH_TABLE_MAX 256
#define AUTH_TABLE_PER_PEER 64 /* that one peer began: more than it may negotiate */
/* The engine gives up earlier (dialect: retransmissions, responder_timeout_s). */
#define AUTH_TABLE_AGE_MS (120 * 1000)

struct auth_table {
	LIST_HEAD(, auth_slot) slots;
	size_t n;
};

void auth_table_init(struct auth_table *t);
/*
 * Takes ownership of d; false (d stays the caller's) if the table is full, or the share of the
 * peer that began it (NULL: we did): an IPv4 address, or an IPv6 /64.
 */
bool auth_table_add(struct auth_table *t, uint64_t handle, struct auth_dialogue *d,
    const struct address *peer, uint64_t now_ms);
/* The dialogue of a handle, or NULL; it counts as used now. */
struct auth_dialogue *auth_table_find(
    struct auth_table *t, uint64_t handle, uint64_t now_ms);
/* Frees the dialogue of a handle, if there is one. */
void auth_table_remove(struct auth_table *t, uint64_t handle);
/* Frees what was not used for AUTH_TABLE_AGE_MS; returns how many. */
size_t auth_table_expire(struct auth_table *t, uint64_t now_ms);
void auth_table_clear(struct auth_table *t);

#endif
