/* How much each user has of something that all of them share. All zero: nothing. */
#ifndef AUTHIPD_DAEMON_USER_LOAD_H
#define AUTHIPD_DAEMON_USER_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "config/address.h"

#define USER_NOBODY (UINT32_MAX - 1) /* the socket is gone already */

struct user_load {
	LIST_ENTRY(user_load) next;
	uint32_t uid;
	size_t n;
};
LIST_HEAD(user_loads, user_load);

/* Whose socket sends these packets now? */
uint32_t user_load_owner(const struct flow *f);
size_t user_load_of(const struct user_loads *l, uint32_t uid);
/* False: out of memory. */
bool user_load_add(struct user_loads *l, uint32_t uid, size_t n);
/* Not more than was added. */
void user_load_sub(struct user_loads *l, uint32_t uid, size_t n);
void user_load_free(struct user_loads *l);

#endif
