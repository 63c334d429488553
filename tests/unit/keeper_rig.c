/* The host of keeper under test. */
#include "config.h"

#include <sys/socket.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/account.h"
#include "daemon/gate.h"
#include "daemon/log.h"
#include "daemon/net_reply.h"
#include "daemon/net_rules.h"
#include "daemon/net_sockets.h"
#include "daemon/privdrop.h"
#include "daemon/secure_socket.h"
#include "tests/unit/keeper_rig.h"

struct keeper_rig rig;

static void
rig_promise(bool kept, const char *what)
{
	if (kept)
		return;
	if (rig.n_broken++ == 0)
		snprintf(rig.broken, sizeof(rig.broken), "%s", what);
}

static bool
is_live(uint32_t class_id)
{
	for (size_t i = 0; i < RIG_LIVE; i++)
		if (rig.live_class[i] == class_id)
			return class_id != 0;
	return false;
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

/* ---- the kernel ---- */

uint32_t
net_mark(const struct config *c, uint32_t class_id)
{
	return class_id << __builtin_ctz(c->mark_mask);
}

uint32_t
net_class_limit(const struct config *c)
{
	(void)c;
	return CLASS_MAX - 1; /* one id that a message can name and that has no mark */
}

static bool
up(uint32_t class_id)
{
	rig_promise(
	    class_id > 0 && class_id < CLASS_MAX, "a class without a mark is made");
	rig_promise(!rig.is_up[class_id], "a class that exists is made");
	return rig.is_up[class_id] =
		   !rig.may_not_make && class_id != rig.may_not_make_one;
}

static void
down(uint32_t class_id)
{
	rig_promise(class_id > CLASS_PREDEFINED, "a predefined class ends");
	rig_promise(!is_live(class_id), "the class of a live socket ends");
	rig.is_up[class_id] = false;
}

bool
net_class_up(const struct config *c, uint32_t class_id, struct net_tun *tun)
{
	(void)c;
	if (!up(class_id))
		return false;
	tun->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	tun->ifindex = 100 + class_id;
	return tun->fd >= 0;
}

void
net_class_down(
    const struct config *c, uint32_t class_id, struct net_tun *tun, bool keep)
{
	(void)c;
	if (tun->fd < 0)
		return;
	if (!keep)
		down(class_id);
	close(tun->fd);
	tun->fd = -1;
}

void
net_class_remove(const struct config *c, uint32_t class_id)
{
	(void)c;
	(void)class_id;
}

bool
xfrm_class_up(struct xfrm *x, uint32_t class_id, const struct class_spec *spec)
{
	(void)x;
	rig_promise(spec == NULL || class_spec_is_sane(spec), "a class of nonsense");
	return up(class_id);
}

bool
xfrm_class_is_up(const struct xfrm *x, uint32_t class_id)
{
	(void)x;
	return rig.is_up[class_id];
}

void
xfrm_class_down(struct xfrm *x, uint32_t class_id, bool keep)
{
	(void)x;
	if (!keep)
		down(class_id);
}

void
xfrm_class_guard(struct xfrm *x, uint32_t class_id)
{
	(void)x;
	rig.has_guard[class_id] = true;
}

size_t
xfrm_socket_policy(
    const struct xfrm *x, uint32_t class_id, uint8_t family, uint8_t *buf, size_t cap)
{
	(void)x;
	(void)family;
	memset(buf, (int)class_id, cap);
	return 168;
}

void
xfrm_connect(struct xfrm *x, int fd)
{
	(void)x;
	close(fd);
}

bool
net_reply_add_class(const struct config *c, uint32_t class_id, bool is_rule)
{
	(void)c;
	(void)is_rule;
	rig_promise(rig.is_up[class_id], "replies of a class that is not there");
	return true;
}

void
net_reply_remove_class(const struct config *c, uint32_t class_id)
{
	(void)c;
	rig_promise(!is_live(class_id), "replies of a live socket leave in clear");
}

void
net_reply_down(const char *run_dir)
{
	(void)run_dir;
}

bool
net_socket_packet_skip(int fd, const uint32_t *skip, size_t n_skip)
{
	(void)fd;
	for (size_t i = 0; i < n_skip; i++)
		rig_promise(rig.is_up[skip[i] - 100], "a device that is not there");
	return true;
}

void
net_routes_add_class(struct net_routes *r, uint32_t class_id)
{
	(void)r;
	(void)class_id;
}

void
gate_forget(uint32_t ifindex)
{
	(void)ifindex;
}

void
gate_end(uint64_t cookie)
{
	rig.ended = cookie;
}

bool
net_rules_set(const struct config *c, const struct net_rule *list, size_t n)
{
	(void)c;
	rig_promise(n <= CONFIG_MAX_RULES, "too many rules");
	for (size_t i = 0; i < n; i++) {
		rig_promise(rig.is_up[list[i].class_id], "a rule of no class");
		rig_promise(memchr(list[i].rule->name, '\0', RULE_NAME_BYTES) != NULL &&
				(unsigned)list[i].rule->action < RULE_ACTION_COUNT,
		    "a rule of nonsense");
	}
	rig.n_rules = n;
	return true;
}

void
xfrm_secured_restore(struct xfrm *x, const struct proto_flow_secured *m)
{
	(void)x;
	(void)m;
}

bool
xfrm_rules_set(struct xfrm *x, const uint32_t *class_id, size_t n)
{
	(void)x;
	rig_promise(n <= CONFIG_MAX_RULES, "too many rules");
	for (size_t i = 0; i < n; i++)
		rig_promise(rig.is_up[class_id[i]], "a rule of no class");
	rig.n_rules = n;
	return true;
}

/* ---- application sockets ---- */

/* A socket is marked for a class that is up, with the gate of that; or with nothing. */
static void
check_gate(int fd, const struct secure_gate *g)
{
	uint32_t class_id = g->mark >> __builtin_ctz(g->mask);
	bool is_its_own =
	    rig.k.xfrm != NULL ?
		g->policy_n == 168 && *(const uint8_t *)g->policy == (uint8_t)class_id :
		g->ifindex == 100 + class_id;

	if (class_id == 0)
		is_its_own = g->policy_n == 0 && g->ifindex == 0;
	rig_promise(fcntl(fd, F_GETFD) >= 0, "a descriptor that is none");
	rig_promise(class_id == 0 || (class_id <= CLASS_MAX && rig.is_up[class_id]),
	    "a mark of no class");
	rig_promise(is_its_own, "a gate of another class");
}

uint32_t
secure_socket(int fd, const struct secure_gate *gate, struct secure_socket_result *out)
{
	check_gate(fd, gate);
	rig.n_secured++;
	*out =
	    (struct secure_socket_result){ .cookie = 77, .family = 4, .protocol = 6 };
	return 0;
}

uint32_t
secure_socket_move(int fd, const struct secure_gate *from, const struct secure_gate *to,
    struct secure_socket_result *out)
{
	check_gate(fd, from);
	rig.n_moved++;
	return secure_socket(fd, to, out);
}

uint32_t
account_group(const char *name)
{
	(void)name;
	return CONFIG_NO_GROUP;
}

bool
account_may_wait(const struct config_identity *c, const struct proto_identity_ask *ask)
{
	(void)c;
	rig_promise(
	    memchr(ask->peer, '\0', sizeof(ask->peer)) != NULL, "a name without end");
	rig.n_looked_up++;
	return rig.has_directory;
}

/* That of a directory is always late for one user, and breaks with another one. */
void
account_look(const struct config_identity *c, const struct proto_identity_ask *ask,
    struct account_found *out)
{
	(void)c;
	while (rig.has_directory && ask->uid == RIG_LATE)
		pause();
	if (rig.has_directory && ask->uid == RIG_BREAKS)
		_exit(1);
	memset(out, 0, sizeof(*out));
}

void
account_refuse(struct account_found *out, const char *why)
{
	memset(out, 0, sizeof(*out));
	out->reply.winsock_error = why != NULL ? 10013 : 0;
}

void
account_tell(const struct proto_identity_ask *ask, const struct account_found *found)
{
	(void)ask;
	(void)found;
}

bool
keeper_class_has_sockets(const struct keeper *k, uint32_t class_id)
{
	(void)k;
	return is_live(class_id);
}

void
keeper_adopt_class(struct keeper *k, uint32_t class_id)
{
	struct proto_adopt a = { 77, class_id, 1000, 4, 6 };

	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_ADOPT, &a, sizeof(a), -1);
}

void
keeper_adopt(struct keeper *k)
{
	keeper_classes_tell(k);
}

void
keeper_count_sockets(struct keeper *k)
{
	(void)k;
}

void
class_file_save(const struct keeper *k)
{
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		rig_promise(k->class[id] == NULL || class_spec_is_sane(k->class[id]),
		    "nonsense is written down");
}

void
class_file_load(struct keeper *k)
{
	struct class_spec *spec = rig.left != NULL ? malloc(sizeof(*spec)) : NULL;

	if (spec == NULL)
		return;
	*spec = rig.left->spec;
	k->class[rig.left->class_id] = spec;
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
