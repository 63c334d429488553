/* keeper's main function: how the daemon begins and ends. */
#include "config.h"

#include "daemon/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/suite.h"
#include "daemon/account.h"
#include "daemon/keeper_state.h"
#include "daemon/log.h"
#include "daemon/xfrm_fit.h"

#define STOP_PATIENCE_S 4

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
keeper_fit_policy(struct policy *p, uint32_t lacks)
{
	bool serves = xfrm_fit_serves(p, lacks);
	uint32_t removed = xfrm_fit_policy(p, lacks);

	if (p->n_qm_proposal == 0) {
		log_error("policy",
		    "the kernel can do none of the quick-mode proposals: write backend = plane");
		return false;
	}
	if (!serves)
		log_warn("policy",
		    "the kernel can do none of the quick-mode proposals that encrypt: for "
		    "encryption write backend = plane");
	if (removed > 0)
		log_info("policy",
		    "%u quick-mode proposals are left out: the kernel cannot do them, or not "
		    "beside the others (AH beside ESP)",
		    removed);
	return true;
}

bool
keeper_fit_policies(struct config *c)
{
	bool ok = keeper_fit_policy(&c->policy, c->kernel_lacks);

	for (uint32_t i = 0; ok && i < c->n_named_policy; i++)
		ok = keeper_fit_policy(&c->named_policy[i].policy, c->kernel_lacks);
	return ok;
}

static bool
kernel_serves(const struct config *c)
{
	bool ok = xfrm_fit_serves(&c->policy, c->kernel_lacks);

	for (uint32_t i = 0; ok && i < c->n_named_policy; i++)
		ok = xfrm_fit_serves(&c->named_policy[i].policy, c->kernel_lacks);
	return ok;
}

static void
tell_lacks(uint32_t lacks)
{
	const struct qm_proposal *kind;
	char name[SUITE_NAME_MAX];

	for (size_t i = 0; (kind = xfrm_fit_kind(i)) != NULL; i++)
		if ((lacks >> i & 1) != 0) {
			suite_name_qm(kind, name);
			log_info("keeper", "the kernel has no %s: it is not proposed", name);
		}
}

/* False after logging why: the kernel is wanted and cannot. */
static bool
keeper_choose_backend(struct config *c)
{
	char why[160] = "";
	bool can = c->backend != BACKEND_PLANE &&
	    xfrm_probe(&c->kernel_lacks, why, sizeof(why));

	if (c->backend == BACKEND_KERNEL && !can) {
		log_error("keeper", "backend = kernel, and this kernel cannot: %s; load the "
			  "module, or write backend = auto", why);
		return false;
	}
	if (can && c->backend == BACKEND_AUTO && !kernel_serves(c)) {
		can = false;
		snprintf(why, sizeof(why), "the kernel can do none of the quick-mode "
			 "proposals of a policy, or none that encrypt");
	}
	log_info("keeper", "backend %s: %s", can ? "kernel" : "plane",
	    c->backend == BACKEND_PLANE ? "as configured" :
		can			? "the kernel has ESP" :
					  why);
	c->backend = can ? BACKEND_KERNEL : BACKEND_PLANE;
	if (can)
		tell_lacks(c->kernel_lacks);
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
	resolved.viewers = account_group(VIEWERS);
	if (keeper_choose_backend(&resolved) && keeper_begin(&k))
		event_base_dispatch(k.base);
	keeper_roles_end(&k);
	keeper_identity_end(&k);
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
