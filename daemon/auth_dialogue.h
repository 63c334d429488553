/* One authentication in progress, of whatever method. */
#ifndef AUTHIPD_DAEMON_AUTH_DIALOGUE_H
#define AUTHIPD_DAEMON_AUTH_DIALOGUE_H

#include "ike/engine.h"

/* The longest token, either way: what a GSS payload of ike/ carries. */
#define AUTH_MAX_TOKEN_BYTES 64000

struct auth_dialogue;

struct auth_dialogue_ops {
	void (*step)(struct auth_dialogue *d, struct span token,
	    struct engine_auth_reply *out);
	void (*free)(struct auth_dialogue *d);
};

/* The first member of the struct of every method. */
struct auth_dialogue {
	const struct auth_dialogue_ops *ops;
	char target_name[256]; /* who the peer must prove to be; empty: anybody trusted */
};

static inline void
auth_dialogue_free(struct auth_dialogue *d)
{
	if (d != NULL)
		d->ops->free(d);
}

/*
 * Feeds the peer's token (none in the initiator's first step) and fills *out but for
 * the handle. out->token is the dialogue's until its next step or its end. A failure
 * has no token: the peer learns the status, not a TLS alert or KRB-ERROR. The caller
 * wipes out->secret. Never waits for the network.
 */
static inline void
auth_dialogue_step(
    struct auth_dialogue *d, struct span token, struct engine_auth_reply *out)
{
	d->ops->step(d, token, out);
}

#endif
