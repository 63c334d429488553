/*
 * The configuration again, while the daemon runs: read by the same code as at start, refused
 * as a whole if anything is wrong with it, handed to the roles if not. The auth role starts
 * anew: only a new one may read keys.
 */
#include "config.h"

#include <sys/wait.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/account.h"
#include "daemon/auth_method.h"
#include "daemon/keeper_state.h"
#include "daemon/log.h"

#define RELOAD_WHY_BYTES (3 * CONFIG_PATH_MAX)

/* What is built into sockets, devices and marks that are in use. X(name, member) */
#define FIXED_NUMBERS(X)              \
	X("ike_port", ike_port)       \
	X("nat_port", nat_port)       \
	X("mark_value", mark_value)   \
	X("mark_mask", mark_mask)     \
	X("route_table", route_table) \
	X("rule_priority", rule_priority)

static const char *
find_fixed(const struct config *old, const struct config *fresh)
{
#define X(name, member)                   \
	if (old->member != fresh->member) \
		return name;
	FIXED_NUMBERS(X)
#undef X
	if (strcmp(old->user, fresh->user) != 0)
		return "user";
	return old->backend != fresh->backend ? "backend" : NULL;
}

/* Reads what the configuration names, and says why that is of no use. Does not return. */
static void
auth_try(const struct config *c, int out)
{
	char err[RELOAD_WHY_BYTES] = "";
	bool ok = auth_methods_check(c, NULL, err, sizeof(err));
	ssize_t n = write(out, err, strlen(err));

	_exit(ok && n == 0 ? 0 : 1);
}

/* Can an auth role work with this? A child tries: keys are not for keeper. False: why not. */
static bool
auth_accepts(const struct config *c, char why[RELOAD_WHY_BYTES])
{
	int channel[2], status = -1;
	ssize_t n = 0;
	pid_t pid;

	snprintf(why, RELOAD_WHY_BYTES, "its credentials cannot be read");
	if (pipe2(channel, O_CLOEXEC) != 0)
		return false;
	if ((pid = fork()) == 0)
		auth_try(c, channel[1]);
	close(channel[1]);
	if (pid > 0)
		n = read(channel[0], why, RELOAD_WHY_BYTES - 1);
	if (n > 0)
		why[n] = '\0';
	close(channel[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* False with the reason in text. */
static bool
load_fresh(struct keeper *k, struct config *fresh, char *text, size_t n)
{
	struct config_error err;
	char why[RELOAD_WHY_BYTES];
	const char *fixed;

	config_set_default(fresh);
	if (k->config_path == NULL) {
		snprintf(text, n,
		    "there is no configuration file: authipd was started without");
		return false;
	}
	if (config_load(fresh, k->config_path, true, &err) != 0) {
		if (err.line > 0)
			snprintf(text, n, "%s:%d: %s", err.file, err.line, err.text);
		else
			snprintf(text, n, "%s: %s", err.file, err.text);
		return false;
	}
	if (fresh->backend == BACKEND_AUTO)
		fresh->backend = k->config->backend;
	fresh->kernel_lacks = k->config->kernel_lacks;
	fresh->viewers = account_group(VIEWERS);
	if ((fixed = find_fixed(k->config, fresh)) != NULL) {
		snprintf(text, n, "%s: %s cannot change while authipd runs: restart it",
		    k->config_path, fixed);
		return false;
	}
	if (fresh->backend == BACKEND_KERNEL && !keeper_fit_policies(fresh)) {
		snprintf(text, n,
		    "%s: the kernel can do none of the quick-mode proposals",
		    k->config_path);
		return false;
	}
	if (!auth_accepts(fresh, why)) {
		snprintf(text, n, "%s: %s", k->config_path, why);
		return false;
	}
	return true;
}

static void
tell_log(const char *line)
{
	log_warn("config", "%s", line);
}

static bool
reload(struct keeper *k, char *text, size_t n)
{
	static const enum role_id roles[] = { ROLE_PLANE, ROLE_NEGOTIATOR };
	struct config *fresh = malloc(sizeof(*fresh));
	bool ok = false;

	if (fresh == NULL)
		snprintf(text, n, "out of memory");
	else
		ok = load_fresh(k, fresh, text, n);
	if (!ok) {
		log_error("keeper", "the configuration stays as it was: %s", text);
		free(fresh);
		return false;
	}
	config_warn(fresh, k->config_path, tell_log);
	*k->own_config = *fresh;
	free(fresh);
	keeper_role_replace(k, ROLE_AUTH);
	for (size_t i = 0; i < 2; i++)
		(void)ipc_send(k->role[roles[i]].ipc, PROTO_CONFIG, k->config,
		    sizeof(*k->config), -1);
	log_info("keeper", "%s is in force", k->config_path);
	return true;
}

static void
reload_reply(struct keeper *k, struct proto_reload *reply)
{
	if (reply->client != 0)
		(void)ipc_send(k->role[ROLE_NEGOTIATOR].ipc, PROTO_RELOAD_REPLY, reply,
		    sizeof(*reply), -1);
}

void
keeper_reload(struct keeper *k, uint64_t client)
{
	struct proto_reload reply;

	memset(&reply, 0, sizeof(reply));
	reply.client = client;
	if (k->is_stopping)
		return;
	reply.ok = reload(k, reply.text, sizeof(reply.text));
	reload_reply(k, &reply);
}

void
keeper_reload_refuse(struct keeper *k, uint64_t client, const char *why)
{
	struct proto_reload reply;

	memset(&reply, 0, sizeof(reply));
	reply.client = client;
	snprintf(reply.text, sizeof(reply.text), "%s", why);
	reload_reply(k, &reply);
}
