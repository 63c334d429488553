/* The role processes: started, connected to each other, restarted, ended. */
#include "config.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/keeper_state.h"
#include "daemon/log.h"

#define RESTARTS_PER_MINUTE 5
#define RECONNECTS_PER_MINUTE 60
#define RESTART_DELAY_MS 100
#define END_PATIENCE_MS 1000

/* ---- death and restart ---- */

static void
role_restart(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper_role *r = ctx;

	(void)fd;
	(void)what;
	if (!r->keeper->is_stopping && !keeper_role_start(r->keeper, r->id))
		keeper_stop(r->keeper, 1);
}

static void
role_died(struct keeper_role *r)
{
	struct keeper *k = r->keeper;
	struct timeval delay = { 0, RESTART_DELAY_MS * 1000 };

	ipc_free(r->ipc);
	r->ipc = NULL;
	r->is_ready = false;
	if (r->host != NULL)
		role_host_free(r->host);
	r->host = NULL;
	if (r->pid > 0) /* it may hang, or not want to end */
		(void)kill(r->pid, SIGKILL);
	if (k->is_stopping)
		return;
	if (!r->was_ready) {
		log_error("keeper", "role %s could not start: its reason is above",
		    role_name(r->id));
		keeper_stop(k, 1);
		return;
	}
	if (!per_minute_take_now(&r->restarts, RESTARTS_PER_MINUTE)) {
		log_error("keeper", "role %s died %d times in a minute: giving up",
		    role_name(r->id), RESTARTS_PER_MINUTE + 1);
		keeper_stop(k, 1);
		return;
	}
	log_error("keeper", "role %s died: starting it again", role_name(r->id));
	if (r->restart == NULL)
		r->restart = evtimer_new(k->base, role_restart, r);
	evtimer_add(r->restart, &delay);
}

void
keeper_role_distrust(struct keeper *k, enum role_id id, const char *what)
{
	log_error("keeper",
	    "role %s says \"%s\" where it may not, or with nonsense: it is broken or was "
	    "taken over, and is ended",
	    role_name(id), what);
	role_died(&k->role[id]);
}

static void
role_closed(void *ctx)
{
	role_died(ctx);
}

static void
role_message(void *ctx, uint16_t type, struct span body, int fd)
{
	struct keeper_role *r = ctx;

	keeper_message(r->keeper, r->id, type, body, fd);
}

void
keeper_roles_reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < ROLE_COUNT; i++) {
			if (k->role[i].pid != pid)
				continue;
			k->role[i].pid = 0;
			if (WIFSIGNALED(status) && !k->is_stopping)
				log_error("keeper", "role %s: killed by signal %d (%s)",
				    role_name(k->role[i].id), WTERMSIG(status),
				    strsignal(WTERMSIG(status)));
		}
}

/* ---- birth ---- */

static void
role_exec(const struct keeper *k, enum role_id id, int fd)
{
	const char *argv[8] = { "authipd", "--role", role_name(id) };
	int n = 3;

	if (k->options->foreground)
		argv[n++] = "-f";
	if (k->options->verbosity > 0)
		argv[n++] = "-v";
	argv[n] = NULL;
	if (dup2(fd, 3) < 0)
		_exit(1);
	if (fd == 3)
		(void)fcntl(3, F_SETFD, 0);
	(void)close_range(4, ~0u, 0);
	execv("/proc/self/exe", (char *const *)argv);
	_exit(1);
}

static bool
role_spawn(struct keeper *k, struct keeper_role *r, int fd)
{
	static const struct role_ops *const ops[] = {
		[ROLE_NEGOTIATOR] = &negotiator_role,
		[ROLE_AUTH] = &auth_role,
		[ROLE_PLANE] = &plane_role,
	};

	if (k->options->single) {
		r->host = role_host_new(ops[r->id], k->base, fd, false);
		return r->host != NULL;
	}
	r->pid = fork();
	if (r->pid == 0)
		role_exec(k, r->id, fd);
	close(fd);
	return r->pid > 0;
}

/* A channel between two roles, an end to each. What the plane does may be keeper's job. */
static bool
roles_connect(struct keeper *k, enum role_id a, enum role_id b)
{
	struct proto_peer to_a = { b }, to_b = { a };
	bool is_kernel = b == ROLE_PLANE && k->xfrm != NULL;
	int fd[2];

	if (k->role[a].ipc == NULL || (!is_kernel && k->role[b].ipc == NULL))
		return true; /* when the other one is back */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	(void)ipc_send(k->role[a].ipc, PROTO_PEER, &to_a, sizeof(to_a), fd[0]);
	close(fd[0]);
	if (is_kernel) {
		xfrm_connect(k->xfrm, fd[1]);
		return true;
	}
	(void)ipc_send(k->role[b].ipc, PROTO_PEER, &to_b, sizeof(to_b), fd[1]);
	close(fd[1]);
	return true;
}

/*
 * One of them did not read for so long that the other gave it up. If it died, the channel is
 * lost again, and role_died() has the rest.
 */
bool
keeper_peer_lost(struct keeper *k, struct span body)
{
	struct proto_peer lost;

	if (!proto_body(body, &lost, sizeof(lost)) ||
	    (lost.role != ROLE_AUTH && lost.role != ROLE_PLANE))
		return false;
	if (!k->is_stopping && per_minute_take_now(&k->reconnects, RECONNECTS_PER_MINUTE))
		(void)roles_connect(k, ROLE_NEGOTIATOR, (enum role_id)lost.role);
	return true;
}

bool
keeper_role_start(struct keeper *k, enum role_id id)
{
	struct keeper_role *r = &k->role[id];
	int fd[2];

	r->keeper = k;
	r->id = id;
	if (r->restart != NULL) /* after a reload it need not be */
		(void)evtimer_del(r->restart);
	if (id == ROLE_NEGOTIATOR) /* it takes no answers to what another one asked */
		keeper_identity_end(k);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0) {
		log_error("keeper", "socketpair: %s", strerror(errno));
		return false;
	}
	r->ipc = ipc_new(k->base, fd[0], role_message, role_closed, r);
	if (r->ipc == NULL || !role_spawn(k, r, fd[1])) {
		log_error("keeper", "cannot start role %s", role_name(id));
		return false;
	}
	(void)ipc_send(r->ipc, PROTO_START, k->config, sizeof(*k->config), -1);
	for (size_t i = 0; i < k->n_fd; i++)
		if (k->fd[i].role == id)
			(void)ipc_send(r->ipc, PROTO_FD, &k->fd[i].what, sizeof(k->fd[i].what),
			    k->fd[i].fd);
	if (id == ROLE_PLANE)
		keeper_classes_hand_over(k);
	if (id == ROLE_PLANE)
		keeper_secured_hand_over(k);
	if (id == ROLE_AUTH || id == ROLE_PLANE)
		return roles_connect(k, ROLE_NEGOTIATOR, id);
	keeper_adopt(k);
	return roles_connect(k, ROLE_NEGOTIATOR, ROLE_AUTH) &&
	    roles_connect(k, ROLE_NEGOTIATOR, ROLE_PLANE);
}

void
keeper_role_replace(struct keeper *k, enum role_id id)
{
	struct keeper_role *r = &k->role[id];

	ipc_free(r->ipc); /* it ends when its channel does */
	r->ipc = NULL;
	role_host_free(r->host);
	r->host = NULL;
	r->is_ready = false;
	if (!keeper_role_start(k, id))
		keeper_stop(k, 1);
}

/* ---- the end ---- */

void
keeper_roles_end(struct keeper *k)
{
	static const enum role_id order[] = { ROLE_NEGOTIATOR, ROLE_PLANE, ROLE_AUTH };
	struct timespec nap = { 0, 10 * 1000 * 1000 };

	k->is_stopping = true;
	for (size_t i = 0; i < 3; i++) {
		struct keeper_role *r = &k->role[order[i]];

		if (r->restart != NULL)
			event_free(r->restart);
		r->restart = NULL;
		ipc_free(r->ipc); /* a role ends when its channel does */
		r->ipc = NULL;
		role_host_free(r->host);
		r->host = NULL;
		for (int t = 0; r->pid > 0 && t < END_PATIENCE_MS / 10; t++) {
			keeper_roles_reap(k);
			if (r->pid > 0)
				nanosleep(&nap, NULL);
		}
		if (r->pid > 0) {
			log_warn("keeper", "role %s does not end: killing it",
			    role_name(r->id));
			(void)kill(r->pid, SIGKILL);
			(void)waitpid(r->pid, NULL, 0);
			r->pid = 0;
		}
	}
}
