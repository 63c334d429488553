/*
 * Roles: one process each, the same binary executed again by keeper with --role NAME and
 * a channel to keeper on descriptor 3. With --single all run in one process and one event
 * loop, over the same channels: one code path.
 */
#ifndef AUTHIPD_DAEMON_ROLE_H
#define AUTHIPD_DAEMON_ROLE_H

#include <event2/event.h>

#include "config/config.h"
#include "daemon/ipc.h"

#define ROLES(X)                    \
	X(ROLE_KEEPER, "keeper")    \
	X(ROLE_NEGOTIATOR, "negotiator") \
	X(ROLE_AUTH, "auth")        \
	X(ROLE_PLANE, "plane")

enum role_id {
#define ROLE_ENUM(id, name) id,
	ROLES(ROLE_ENUM) ROLE_COUNT
};

const char *role_name(enum role_id r);

/*
 * What a role implements. start() is called once the configuration has arrived; further
 * descriptors and peer channels come through fd() and peer(). stop() finishes work and
 * calls role_stopped(). All hooks run on the event loop.
 */
struct role_ops {
	enum role_id id;
	/* Returns the role's state, or NULL after logging why it cannot work. */
	void *(*start)(struct event_base *base, const struct config *c, struct ipc *keeper);
	/* fd is now the role's. */
	void (*fd)(void *self, uint32_t kind, uint32_t number, int fd);
	/* A channel end to role r (fd is now the role's); replaces the former one. */
	void (*peer)(void *self, enum role_id r, int fd);
	/* Any other message from keeper. */
	void (*message)(void *self, uint16_t type, struct span body, int fd);
	/* The configuration of start() says something else now. NULL: that is enough. */
	void (*config_changed)(void *self);
	void (*stop)(void *self);
	void (*free)(void *self);
};

extern const struct role_ops negotiator_role, auth_role, plane_role;

/* The role finished its stop(): tells keeper. */
void role_stopped(struct ipc *keeper);

#endif
