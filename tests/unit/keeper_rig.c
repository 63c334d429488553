/* keeper under test: its roles, its log, and the one that speaks to it. */
#include "config.h"

#include <sys/socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/privdrop.h"
#include "tests/unit/keeper_rig.h"

struct keeper_rig rig;

void
rig_promise(bool kept, const char *what)
{
	if (kept)
		return;
	if (rig.n_broken++ == 0)
		snprintf(rig.broken, sizeof(rig.broken), "%s", what);
}

void
log_error(const char *token, const char *fmt, ...)
{
	size_t n = strlen(rig.log);
	va_list ap;

	(void)token;
	va_start(ap, fmt);
	vsnprintf(rig.log + n, sizeof(rig.log) - n, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *token, const char *fmt, ...)
{
	(void)token;
	(void)fmt;
}

void
log_info(const char *token, const char *fmt, ...)
{
	(void)token;
	(void)fmt;
}

/* ---- roles ---- */

static void *
fake_start(enum role_id id)
{
	rig.n_started[id]++;
	return &rig.n_started[id];
}

static void
fake_fd(void *self, uint32_t kind, uint32_t number, int fd)
{
	(void)self;
	(void)kind;
	(void)number;
	close(fd);
}

static void
fake_peer(void *self, enum role_id r, int fd)
{
	(void)self;
	(void)r;
	close(fd);
}

static void
fake_message(void *self, uint16_t type, struct span body, int fd)
{
	(void)self;
	(void)type;
	(void)body;
	if (fd >= 0)
		close(fd);
}

static void
fake_end(void *self)
{
	(void)self;
}

#define FAKE_ROLE(name, number)                                                  \
	static void *name##_start(                                               \
	    struct event_base *base, const struct config *c, struct ipc *keeper) \
	{                                                                        \
		(void)base;                                                      \
		(void)c;                                                         \
		(void)keeper;                                                    \
		return fake_start(number);                                       \
	}                                                                        \
	const struct role_ops name##_role = {                                    \
		.id = (number),                                                  \
		.start = name##_start,                                           \
		.fd = fake_fd,                                                   \
		.peer = fake_peer,                                               \
		.message = fake_message,                                         \
		.stop = fake_end,                                                \
		.free = fake_end,                                                \
	};
FAKE_ROLE(negotiator, ROLE_NEGOTIATOR)
FAKE_ROLE(auth, ROLE_AUTH)
FAKE_ROLE(plane, ROLE_PLANE)

void
keeper_stop(struct keeper *k, int status)
{
	(void)status;
	k->is_stopping = rig.stopped = true;
}

bool
keeper_fit_policies(struct config *c)
{
	(void)c;
	return true;
}

bool
privdrop_to_user(const char *user)
{
	(void)user;
	return true;
}

/* ---- the test's side ---- */

static void
role_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct keeper_role *r = ctx;

	keeper_message(r->keeper, r->id, type, body, fd);
}

static void
role_closed(void *ctx)
{
	struct keeper_role *r = ctx;

	rig.n_closed++;
	ipc_free(r->ipc);
	r->ipc = NULL;
}

static void
role_begin(enum role_id id)
{
	struct keeper_role *r = &rig.k.role[id];
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) !=
	    0)
		abort();
	r->ipc = ipc_new(rig.k.base, fd[0], role_message, role_closed, r);
	r->is_ready = r->was_ready = true;
	rig.end[id] = fd[1];
}

void
rig_begin(bool kernel)
{
	memset(&rig, 0, sizeof(rig));
	config_set_default(&rig.config);
	rig.options.single = true; /* new roles run here */
	rig.k.config = rig.k.own_config = &rig.config;
	rig.k.options = &rig.options;
	rig.k.base = event_base_new();
	rig.k.said_ready = true;
	rig.k.lock_fd = rig.k.ready_pipe = rig.k.packet_fd = -1;
	if (rig.k.base == NULL)
		abort();
	for (uint32_t id = 0; id <= CLASS_MAX; id++)
		rig.k.tun[id].fd = -1;
	if (kernel)
		rig.k.xfrm = (struct xfrm *)&rig; /* nobody looks inside */
	for (int id = ROLE_NEGOTIATOR; id < ROLE_COUNT; id++) {
		rig.k.role[id].keeper = &rig.k;
		rig.k.role[id].id = (enum role_id)id;
		if (!(kernel && id == ROLE_PLANE))
			role_begin((enum role_id)id);
	}
	for (uint32_t id = 1; id <= CLASS_PREDEFINED; id++)
		if (!keeper_class_up(&rig.k, id))
			abort();
}

void
rig_end(void)
{
	keeper_roles_end(&rig.k);
	keeper_identity_end(&rig.k);
	free(rig.k.secured);
	for (uint32_t id = 1; id <= CLASS_MAX; id++) {
		if (rig.k.tun[id].fd >= 0)
			close(rig.k.tun[id].fd);
		free(rig.k.class[id]);
	}
	for (int id = ROLE_NEGOTIATOR; id < ROLE_COUNT; id++)
		if (rig.end[id] > 0)
			close(rig.end[id]);
	event_base_free(rig.k.base);
}

void
rig_say(enum role_id from, uint16_t type, const void *body, size_t n, int fd)
{
	keeper_message(&rig.k, from, type, span_of(body, n), fd);
	rig_check();
}

uint16_t
rig_hear(enum role_id to, void *body, size_t n)
{
	static uint8_t b[IPC_MAX_BYTES + 64];
	struct ipc_head {
		uint16_t type;
		uint16_t zero;
		uint32_t length;
	} head;
	ssize_t got;

	(void)event_base_loop(rig.k.base, EVLOOP_NONBLOCK);
	got = recv(rig.end[to], b, sizeof(b), MSG_DONTWAIT);
	if (got < (ssize_t)sizeof(head))
		return 0;
	memcpy(&head, b, sizeof(head));
	if (body != NULL && head.length == n)
		memcpy(body, b + sizeof(head), n);
	return head.type;
}

bool
rig_is_trusted(enum role_id r)
{
	return rig.k.role[r].ipc != NULL;
}

void
rig_check(void)
{
	for (uint32_t id = 1; id <= CLASS_MAX; id++) {
		bool known = id <= CLASS_PREDEFINED || rig.k.class[id] != NULL;

		rig_promise(
		    known == rig.is_up[id], "what keeper knows is not what is there");
		rig_promise(rig.k.xfrm != NULL || (rig.k.tun[id].fd >= 0) == known,
		    "a device of no class");
	}
	rig_promise(rig.k.rules.n <= CONFIG_MAX_RULES, "rules beyond the list");
}
