/*
 * What the roles say to keeper. They are unprivileged and see the network: one of them may
 * have been taken over. What no role of ours ever says ends the role that said it; what may
 * be refused is refused with an answer. Nothing that they say takes the protection from a
 * live socket.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/gate.h"
#include "daemon/keeper_state.h"
#include "daemon/log.h"
#include "daemon/secure_socket.h"
#include "daemon/user_cache.h"

#define WSAEINVAL 10022
#define WSAENETDOWN 10050
#define RELOADS_PER_MINUTE 60

/* What lets packets into sockets of a class, and the room for it. */
struct class_gate {
	struct secure_gate gate;
	uint8_t policy4[XFRM_SOCKET_POLICY_BYTES];
	uint8_t policy6[XFRM_SOCKET_POLICY_BYTES];
};

static const struct secure_gate *
class_gate(struct keeper *k, uint32_t class_id, struct class_gate *g)
{
	g->gate = (struct secure_gate){
		.mark = net_mark(k->config, class_id),
		.mask = k->config->mark_mask,
		.ifindex = k->tun[class_id].ifindex,
		.policy = g->policy4,
		.policy6 = g->policy6,
	};
	if (k->xfrm != NULL) {
		g->gate.policy_n = xfrm_socket_policy(
		    k->xfrm, class_id, 4, g->policy4, sizeof(g->policy4));
		(void)xfrm_socket_policy(
		    k->xfrm, class_id, 6, g->policy6, sizeof(g->policy6));
	}
	return &g->gate;
}

static uint32_t
secure(struct keeper *k, const struct proto_secure_ask *ask, int fd,
    struct secure_socket_result *out)
{
	const struct secure_gate nothing = { .mask = k->config->mark_mask };
	struct class_gate from, to;

	if (ask->class_id == 0)
		return secure_socket(fd, &nothing, out);
	if (ask->from_class == 0)
		return secure_socket(fd, class_gate(k, ask->class_id, &to), out);
	return secure_socket_move(fd, class_gate(k, ask->from_class, &from),
	    class_gate(k, ask->class_id, &to), out);
}

static bool
keeper_secure(struct keeper *k, struct span body, int fd)
{
	struct proto_secure_reply reply = { .winsock_error = WSAEINVAL };
	struct secure_socket_result s = { 0, 0, 0 };
	struct proto_secure_ask ask;

	if (!proto_body(body, &ask, sizeof(ask)) || ask.class_id > CLASS_MAX ||
	    ask.from_class > CLASS_MAX || (ask.class_id == 0 && ask.from_class != 0) ||
	    fd < 0)
		return false;
	reply.request = ask.request;
	reply.class_id = ask.class_id;
	reply.uid = ask.uid;
	reply.was_class = ask.from_class;
	if (k->is_stopping ||
	    (ask.class_id != 0 && !keeper_class_is_up(k, ask.class_id)) ||
	    (ask.from_class != 0 && !keeper_class_is_up(k, ask.from_class)))
		reply.winsock_error = WSAENETDOWN; /* or the class could not be made */
	else
		reply.winsock_error = secure(k, &ask, fd, &s);
	reply.cookie = s.cookie;
	reply.family = s.family;
	reply.protocol = s.protocol;
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_SECURE_REPLY, &reply,
	    sizeof(reply), -1);
	return true;
}

/*
 * Of a socket that lives this would be a lie: it hears the device of its first class again, and
 * no clear text that it did not hear then.
 */
static bool
keeper_socket_end(struct span body)
{
	struct proto_socket_end m;

	if (!proto_body(body, &m, sizeof(m)))
		return false;
	gate_end(m.cookie);
	return true;
}

static void
keeper_is_ready(struct keeper *k)
{
	char pid[24];
	int n;

	for (int i = ROLE_NEGOTIATOR; i < ROLE_COUNT; i++)
		if (!k->role[i].is_ready && !(i == ROLE_PLANE && k->xfrm != NULL))
			return;
	/* Who waits for us relies on the rules. */
	if (k->said_ready || !k->has_rules)
		return;
	k->said_ready = true;
	log_info("keeper", "ready: backend %s, sockets in %s",
	    k->xfrm != NULL ? "kernel" : "plane", k->options->run_dir);
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(k->lock_fd, 0) != 0 || pwrite(k->lock_fd, pid, (size_t)n, 0) != n)
		log_warn("keeper", "cannot write the pid file: %s", strerror(errno));
	if (k->ready_pipe >= 0) {
		(void)!write(k->ready_pipe, "1", 1);
		close(k->ready_pipe);
		k->ready_pipe = -1;
	}
}

static bool
keeper_sockets_left(struct keeper *k, struct span body)
{
	return proto_body(body, k->sockets_left, sizeof(k->sockets_left));
}

/* Each one reads files and starts the auth role anew. */
static bool
may_reload(struct keeper *k)
{
	return per_minute_take_now(&k->reloads, RELOADS_PER_MINUTE);
}

static bool
keeper_reload_ask(struct keeper *k, struct span body)
{
	struct proto_reload ask;

	if (!proto_body(body, &ask, sizeof(ask)))
		return false;
	if (may_reload(k))
		keeper_reload(k, ask.client);
	else
		keeper_reload_refuse(k, ask.client, "too many times within a minute");
	return true;
}

/* False: this is nothing that a role of ours says. */
static bool
message_of_negotiator(struct keeper *k, uint16_t type, struct span body, int fd)
{
	switch (type) {
	case PROTO_PEER_LOST:
		return keeper_peer_lost(k, body);
	case PROTO_SECURE_ASK:
		return keeper_secure(k, body, fd);
	case PROTO_SOCKET_END:
		return keeper_socket_end(body);
	case PROTO_IDENTITY_ASK:
		return keeper_identity(k, body);
	case PROTO_CLASS_ASK:
		return keeper_class_ask(k, body);
	case PROTO_CLASS_END:
		return keeper_class_end(k, body);
	case PROTO_RULES:
		if (!keeper_rules(k, body))
			return false;
		k->has_rules = true;
		keeper_is_ready(k);
		return true;
	case PROTO_RELOAD_ASK:
		return keeper_reload_ask(k, body);
	case PROTO_SOCKETS_LEFT:
		return k->is_stopping && keeper_sockets_left(k, body);
	case PROTO_STOPPED:
		if (k->is_stopping && body.n == 0)
			event_base_loopbreak(k->base);
		return k->is_stopping && body.n == 0;
	default:
		return false;
	}
}

static bool
keeper_cache(struct keeper *k, struct span body)
{
	struct proto_cache m;
	int fd;

	if (!proto_body(body, &m, sizeof(m)) || m.uid == 0)
		return false;
	fd = user_cache_open(k->config->kerberos.user_cache, m.uid);
	m.error = fd < 0 ? (uint32_t)-fd : 0;
	(void)ipc_send(
	    k->role[ROLE_AUTH].ipc, PROTO_CACHE_REPLY, &m, sizeof(m), fd < 0 ? -1 : fd);
	if (fd >= 0)
		close(fd);
	return true;
}

static bool
message_of_role(
    struct keeper *k, enum role_id from, uint16_t type, struct span body, int fd)
{
	if (fd >= 0 && type != PROTO_SECURE_ASK)
		return false;
	if (type == PROTO_READY && body.n == 0) {
		k->role[from].is_ready = k->role[from].was_ready = true;
		keeper_is_ready(k);
		return true;
	}
	if (from == ROLE_AUTH)
		return type == PROTO_CACHE_ASK && keeper_cache(k, body);
	if (from == ROLE_PLANE)
		return keeper_secured_message(k, type, body);
	return from == ROLE_NEGOTIATOR && message_of_negotiator(k, type, body, fd);
}

void
keeper_message(
    struct keeper *k, enum role_id from, uint16_t type, struct span body, int fd)
{
	bool is_ours = message_of_role(k, from, type, body, fd);

	if (fd >= 0)
		close(
		    fd); /* a held duplicate would keep the application's socket alive */
	if (!is_ours)
		keeper_role_distrust(k, from, proto_name(type));
}
