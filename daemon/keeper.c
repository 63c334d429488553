/* keeper's main function and its messages. */
#include "config.h"

#include "daemon/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/account.h"
#include "daemon/keeper_state.h"
#include "daemon/log.h"
#include "daemon/secure_socket.h"
#include "daemon/xfrm_fit.h"

#define STOP_PATIENCE_S 4
#define WSAEINVAL 10022
#define WSAENETDOWN 10050

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
		g->gate.policy_n =
		    xfrm_socket_policy(k->xfrm, class_id, 4, g->policy4, sizeof(g->policy4));
		(void)xfrm_socket_policy(k->xfrm, class_id, 6, g->policy6, sizeof(g->policy6));
	}
	return &g->gate;
}

static uint32_t
secure(struct keeper *k, const struct proto_secure_ask *ask, int fd,
    struct secure_socket_result *out)
{
	struct class_gate from, to;

	if (ask->from_class == 0)
		return secure_socket(fd, class_gate(k, ask->class_id, &to), out);
	return secure_socket_move(fd, class_gate(k, ask->from_class, &from),
	    class_gate(k, ask->class_id, &to), out);
}

static void
keeper_secure(struct keeper *k, struct span body, int fd)
{
	struct proto_secure_reply reply = { .winsock_error = WSAEINVAL };
	struct secure_socket_result s = { 0, 0, 0 };
	struct proto_secure_ask ask;

	if (!proto_body(body, &ask, sizeof(ask)) || ask.class_id == 0 ||
	    ask.class_id > CLASS_MAX || ask.from_class > CLASS_MAX || fd < 0)
		return;
	reply.request = ask.request;
	reply.class_id = ask.class_id;
	reply.uid = ask.uid;
	reply.was_class = ask.from_class;
	if (k->is_stopping || !keeper_class_is_up(k, ask.class_id)) /* or the class could not be made */
		reply.winsock_error = WSAENETDOWN;
	else
		reply.winsock_error = secure(k, &ask, fd, &s);
	reply.cookie = s.cookie;
	reply.family = s.family;
	reply.protocol = s.protocol;
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_SECURE_REPLY, &reply, sizeof(reply),
	    -1);
}

static void
keeper_identity(struct keeper *k, struct span body)
{
	struct proto_identity_reply reply;
	struct proto_identity_ask ask;

	if (!proto_body(body, &ask, sizeof(ask)))
		return;
	ask.peer[sizeof(ask.peer) - 1] = '\0';
	account_answer(&k->config->identity, &ask, &reply);
	reply.request = ask.request;
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_IDENTITY_REPLY, &reply, sizeof(reply),
	    -1);
}

static void
keeper_is_ready(struct keeper *k)
{
	char pid[24];
	int n;

	for (int i = ROLE_NEGOTIATOR; i < ROLE_COUNT; i++)
		if (!k->role[i].is_ready && !(i == ROLE_PLANE && k->xfrm != NULL))
			return;
	if (k->said_ready)
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

static void
keeper_sockets_left(struct keeper *k, struct span body)
{
	uint32_t left[CLASS_MAX + 1];

	if (!proto_body(body, left, sizeof(left)))
		return;
	memcpy(k->sockets_left, left, sizeof(left));
	k->sockets_known = true;
}

static void
keeper_reload_asked(struct keeper *k, struct span body)
{
	struct proto_reload ask;

	if (proto_body(body, &ask, sizeof(ask)))
		keeper_reload(k, ask.client);
}

void
keeper_message(struct keeper *k, enum role_id from, uint16_t type, struct span body, int fd)
{
	if (type == PROTO_READY) {
		k->role[from].is_ready = k->role[from].was_ready = true;
		keeper_is_ready(k);
	} else if (type == PROTO_SECURE_ASK && from == ROLE_NEGOTIATOR) {
		keeper_secure(k, body, fd);
	} else if (type == PROTO_IDENTITY_ASK && from == ROLE_NEGOTIATOR) {
		keeper_identity(k, body);
	} else if (type == PROTO_CLASS_ASK && from == ROLE_NEGOTIATOR) {
		keeper_class_ask(k, body);
	} else if (type == PROTO_CLASS_END && from == ROLE_NEGOTIATOR) {
		keeper_class_end(k, body);
	} else if (type == PROTO_RULES && from == ROLE_NEGOTIATOR) {
		keeper_rules(k, body);
	} else if (type == PROTO_RELOAD_ASK && from == ROLE_NEGOTIATOR) {
		keeper_reload_asked(k, body);
	} else if (type == PROTO_SOCKETS_LEFT && from == ROLE_NEGOTIATOR) {
		keeper_sockets_left(k, body);
	} else if (type == PROTO_STOPPED && from == ROLE_NEGOTIATOR) {
		event_base_loopbreak(k->base);
	} else {
		log_warn("keeper", "unexpected message %s from %s", proto_name(type),
		    role_name(from));
	}
	if (fd >= 0)
		close(fd); /* a held duplicate would keep the application's socket alive */
}

static void
keeper_stop_now(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *k = ctx;

	(void)fd;
	(void)what;
	event_base_loopbreak(k->base);
}

void
keeper_stop(struct keeper *k, int status)
{
	struct timeval patience = { STOP_PATIENCE_S, 0 };

	if (k->is_stopping)
		return;
	k->is_stopping = true;
	k->exit_status = status;
	if (k->role[ROLE_NEGOTIATOR].ipc == NULL || !k->role[ROLE_NEGOTIATOR].is_ready) {
		event_base_loopbreak(k->base);
		return;
	}
	/* The negotiator tells the peers; then everything ends. */
	(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_STOP, NULL, 0, -1);
	k->stop_timer = evtimer_new(k->base, keeper_stop_now, k);
	evtimer_add(k->stop_timer, &patience);
}

static void
keeper_on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct keeper *k = ctx;

	(void)what;
	if (sig == SIGCHLD) {
		keeper_roles_reap(k);
		return;
	}
	if (sig == SIGHUP) {
		keeper_reload(k, 0);
		return;
	}
	log_info("keeper", "stopping");
	keeper_stop(k, 0);
}

/* To the background; the parent waits until the daemon is ready or has failed. */
static void
keeper_daemonize(struct keeper *k)
{
	int fd[2];
	char ok = 0;

	if (k->options->foreground || pipe(fd) != 0)
		return;
	switch (fork()) {
	case -1:
		log_warn("keeper", "fork: %s; staying in the foreground", strerror(errno));
		return;
	case 0:
		close(fd[0]);
		k->ready_pipe = fd[1];
		(void)setsid();
		(void)!chdir("/");
		if (freopen("/dev/null", "r+", stdin) == NULL ||
		    freopen("/dev/null", "a", stdout) == NULL ||
		    freopen("/dev/null", "a", stderr) == NULL)
			log_warn("keeper", "cannot reopen the standard files");
		return;
	default:
		close(fd[1]);
		if (read(fd[0], &ok, 1) != 1)
			fprintf(stderr, "authipd: did not start: the system log says why\n");
		_exit(ok == '1' ? 0 : 1);
	}
}

static void
keeper_advice(const struct config *c)
{
	if (!policy_prefers_encryption(&c->policy))
		log_info("policy",
		    "the first quick-mode proposal does not encrypt: two hosts with this policy "
		    "authenticate their packets and send them readable, as Windows' default "
		    "does; programs that need secrecy ask for SOCKET_SETTINGS_GUARANTEE_ENCRYPTION");
	if (c->policy.n_em_auth == 0)
		log_warn("policy",
		    "extended mode is off and main mode is anonymous: peers are not "
		    "authenticated at all");
	else if (c->n_cert == 0)
		log_warn("policy",
		    "no credentials are configured: extended mode with TLS will fail; set "
		    "certificate and key in `credentials`");
}

static bool
keeper_fit_policy(struct policy *p)
{
	uint32_t removed = xfrm_fit_policy(p);

	if (p->n_qm_proposal == 0) {
		log_error("policy",
		    "the kernel can do none of the quick-mode proposals: write backend = plane");
		return false;
	}
	if (removed > 0)
		log_info("policy",
		    "%u quick-mode proposals are left out, the kernel cannot do them beside the "
		    "others (AH beside ESP, GMAC in AH)",
		    removed);
	return true;
}

bool
keeper_fit_policies(struct config *c)
{
	bool ok = keeper_fit_policy(&c->policy);

	for (uint32_t i = 0; ok && i < c->n_named_policy; i++)
		ok = keeper_fit_policy(&c->named_policy[i].policy);
	return ok;
}

/* False after logging why: the kernel is wanted and cannot. */
static bool
keeper_choose_backend(struct config *c)
{
	char why[160] = "";
	bool can = c->backend != BACKEND_PLANE && xfrm_probe(why, sizeof(why));

	if (c->backend == BACKEND_KERNEL && !can) {
		log_error("keeper", "backend = kernel, and this kernel cannot: %s; load the "
			  "module, or write backend = auto", why);
		return false;
	}
	log_info("keeper", "backend %s: %s", can ? "kernel" : "plane",
	    c->backend == BACKEND_PLANE ? "as configured" :
		can			? "the kernel has ESP" :
					  why);
	c->backend = can ? BACKEND_KERNEL : BACKEND_PLANE;
	return !can || keeper_fit_policies(c);
}

static bool
keeper_begin(struct keeper *k)
{
	static const int signals[KEEPER_SIGNALS] = { SIGTERM, SIGINT, SIGCHLD, SIGHUP };

	for (size_t i = 0; i < KEEPER_SIGNALS; i++) {
		k->signal[i] = evsignal_new(k->base, signals[i], keeper_on_signal, k);
		if (k->signal[i] == NULL || evsignal_add(k->signal[i], NULL) != 0)
			return false;
	}
	return keeper_resources_open(k) && keeper_role_start(k, ROLE_AUTH) &&
	    (k->xfrm != NULL || keeper_role_start(k, ROLE_PLANE)) &&
	    keeper_role_start(k, ROLE_NEGOTIATOR);
}

int
keeper_main(const struct config *c, const struct options *o)
{
	static struct config resolved;
	static struct keeper k;

	resolved = *c;
	k.config = k.own_config = &resolved;
	k.config_path = o->config_file != NULL ? realpath(o->config_file, NULL) : NULL;
	k.options = o;
	k.lock_fd = k.ready_pipe = -1;
	k.exit_status = 1;
	keeper_daemonize(&k);
	k.base = event_base_new();
	if (k.base == NULL)
		return 1;
	keeper_advice(c);
	if (keeper_choose_backend(&resolved) && keeper_begin(&k))
		event_base_dispatch(k.base);
	keeper_roles_end(&k);
	keeper_resources_close(&k);
	free(k.config_path);
	for (size_t i = 0; i < KEEPER_SIGNALS; i++)
		if (k.signal[i] != NULL)
			event_free(k.signal[i]);
	if (k.stop_timer != NULL)
		event_free(k.stop_timer);
	event_base_free(k.base);
	if (k.exit_status == 0)
		log_info("keeper", "stopped");
	return k.exit_status;
}
