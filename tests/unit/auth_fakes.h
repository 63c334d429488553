/* The surroundings of the auth role in its tests; the last message is kept. */
#ifndef AUTHIPD_TESTS_AUTH_FAKES_H
#define AUTHIPD_TESTS_AUTH_FAKES_H

#include "daemon/auth_tls.h"
#include "daemon/ipc.h"
#include "daemon/proto.h"

struct ipc {
	ipc_handler *handler;
	ipc_closed *closed;
	void *ctx;
};

struct fake {
	struct ipc channel; /* to the negotiator */
	int n_channel;	    /* open ones */
	int n_sent;
	int n_stopped;
	int n_warning; /* errors, too */
	struct proto_cache cache_ask; /* the last one to keeper */
	struct proto_auth_reply reply;
	uint8_t token[AUTH_MAX_TOKEN_BYTES];
	size_t token_n;
};
extern struct fake fake;

#endif
