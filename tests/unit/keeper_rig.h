/*
 * keeper without a kernel: what it would do to the host is noted here, and refused where an
 * honest keeper never does it. Roles are ends of channels, or run in this process.
 */
#ifndef AUTHIPD_TESTS_KEEPER_RIG_H
#define AUTHIPD_TESTS_KEEPER_RIG_H

#include "daemon/keeper_state.h"

#define RIG_LATE 4711	/* the directory never has an answer for this user */
#define RIG_BREAKS 4712 /* and ends the child of this one */
#define RIG_LIVE 4 /* classes with sockets that the kernel knows */

struct keeper_rig {
	struct keeper k;
	struct config config;
	struct options options;
	bool is_up[CLASS_MAX + 1];     /* device or policies exist */
	bool has_guard[CLASS_MAX + 1]; /* blocked in the kernel */
	uint32_t live_class[RIG_LIVE]; /* 0: none */
	bool may_not_make;	       /* the kernel has no room for another class */
	uint32_t may_not_make_one;     /* nor for this one; 0: it has */
	const struct proto_class_spec *left; /* by an earlier daemon, with sockets; NULL: none */
	size_t n_rules;		       /* in force */
	size_t n_secured;	       /* calls that would change a socket */
	size_t n_moved;
	uint64_t ended; /* the last socket that ended */
	size_t n_looked_up;	      /* accounts */
	bool has_directory;	      /* of accounts */
	size_t n_broken;	      /* promises: see rig_promise() */
	char broken[128];	      /* the first one */
	size_t n_started[ROLE_COUNT]; /* roles, in this process */
	bool stopped;		      /* keeper_stop() was called */
	size_t n_closed;	      /* channels that broke */
	char log[1024];		      /* errors, while there is room */
	int end[ROLE_COUNT]; /* of the roles: what keeper says can be read here */
};
extern struct keeper_rig rig;

/* A daemon that is ready. kernel: with the kernel's IPsec instead of a plane. */
void rig_begin(bool kernel);
void rig_end(void);
/* keeper hears this; fd: -1, or one that keeper closes. */
void rig_say(enum role_id from, uint16_t type, const void *body, size_t n, int fd);
/* The next message of keeper to a role: its type, 0 if there is none. */
uint16_t rig_hear(enum role_id to, void *body, size_t n);
/* Still trusted: its channel is open. */
bool rig_is_trusted(enum role_id r);
/* Of what an honest keeper never does: not kept, and the test fails. */
void rig_promise(bool kept, const char *what);
/* What holds after every message, whoever sent it. */
void rig_check(void);

#endif
