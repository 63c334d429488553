/* The host of a role: takes configuration, descriptors and channels from keeper. */
#include "daemon/role.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/privdrop.h"
#include "daemon/proto.h"
#include "daemon/role_host.h"

struct role_host {
	const struct role_ops *ops;
	struct event_base *base;
	struct ipc *keeper;
	struct config *config;
	void *self;
	bool own_process;
};

const char *
role_name(enum role_id r)
{
	static const char *const name[] = {
#define X(id, name) [id] = name,
		ROLES(X)
#undef X
	};

	return (unsigned)r < ROLE_COUNT ? name[r] : "unknown";
}

void
role_stopped(struct ipc *keeper)
{
	(void)ipc_send(keeper, PROTO_STOPPED, NULL, 0, -1);
}

static void
host_fail(struct role_host *h)
{
	if (h->own_process)
		event_base_loopbreak(h->base);
}

static void
host_start(struct role_host *h, struct span body)
{
	if (h->config != NULL || (h->config = malloc(sizeof(*h->config))) == NULL ||
	    !proto_body(body, h->config, sizeof(*h->config))) {
		log_error("role", "bad start message");
		host_fail(h);
		return;
	}
	/* What needs root (private keys) is read in start(); then root is given up. */
	h->self = h->ops->start(h->base, h->config, h->keeper);
	if (h->self == NULL || (h->own_process && !privdrop_to_user(h->config->user))) {
		host_fail(h);
		return;
	}
	(void)ipc_send(h->keeper, PROTO_READY, NULL, 0, -1);
}

/* What the role points to stays where it is. */
static void
host_config(struct role_host *h, struct span body)
{
	if (!proto_body(body, h->config, sizeof(*h->config)))
		log_error("role", "bad configuration message");
	else if (h->ops->config_changed != NULL)
		h->ops->config_changed(h->self);
}

static void
host_peer(struct role_host *h, struct span body, int fd)
{
	struct proto_peer peer;

	if (proto_body(body, &peer, sizeof(peer)) && fd >= 0 && peer.role < ROLE_COUNT)
		h->ops->peer(h->self, (enum role_id)peer.role, fd);
	else if (fd >= 0)
		close(fd);
}

static void
host_fd(struct role_host *h, struct span body, int fd)
{
	struct proto_fd f;

	if (proto_body(body, &f, sizeof(f)) && fd >= 0)
		h->ops->fd(h->self, f.kind, f.number, fd);
	else if (fd >= 0)
		close(fd);
}

static void
host_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct role_host *h = ctx;

	if (type == PROTO_START) {
		if (fd >= 0)
			close(fd);
		host_start(h, body);
	} else if (h->self == NULL) {
		if (fd >= 0)
			close(fd);
	} else if (type == PROTO_CONFIG) {
		if (fd >= 0)
			close(fd);
		host_config(h, body);
	} else if (type == PROTO_PEER) {
		host_peer(h, body, fd);
	} else if (type == PROTO_FD) {
		host_fd(h, body, fd);
	} else if (type == PROTO_STOP) {
		h->ops->stop(h->self);
	} else {
		h->ops->message(h->self, type, body, fd);
	}
}

/* Keeper is gone: so are we. */
static void
host_closed(void *ctx)
{
	host_fail(ctx);
}

struct role_host *
role_host_new(const struct role_ops *ops, struct event_base *base, int fd, bool own_process)
{
	struct role_host *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		close(fd);
		return NULL;
	}
	h->ops = ops;
	h->base = base;
	h->own_process = own_process;
	h->keeper = ipc_new(base, fd, host_message, host_closed, h);
	if (h->keeper == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

void
role_host_free(struct role_host *h)
{
	if (h == NULL)
		return;
	if (h->self != NULL)
		h->ops->free(h->self);
	ipc_free(h->keeper);
	free(h->config);
	free(h);
}

int
role_run(const struct role_ops *ops, int fd)
{
	struct event_base *base = event_base_new();
	struct role_host *h;

	if (base == NULL || (h = role_host_new(ops, base, fd, true)) == NULL)
		return 1;
	event_base_dispatch(base);
	role_host_free(h);
	event_base_free(base);
	return 0;
}
