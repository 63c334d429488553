/* authipd: checks the command line, then becomes keeper or one of its roles. */
#include "config.h"

#include <sys/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/auth_method.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/role_host.h"

#define ROLE_CHANNEL_FD 3
#define DEFAULT_FILE SYSCONFDIR "/authipd/authipd.conf"

static int
load(struct config *c, struct options *o)
{
	struct config_error err;

	config_set_default(c);
	if (o->config_file == NULL && access(DEFAULT_FILE, F_OK) == 0)
		o->config_file = DEFAULT_FILE;
	if (o->config_file == NULL || config_load(c, o->config_file, true, &err) == 0)
		return 0;
	if (err.line > 0)
		fprintf(stderr, "authipd: %s:%d: %s\n", err.file, err.line, err.text);
	else
		fprintf(stderr, "authipd: %s: %s\n", err.file, err.text);
	return -1;
}

static int
become_role(const struct options *o)
{
	static const struct role_ops *const ops[] = {
		[ROLE_NEGOTIATOR] = &negotiator_role,
		[ROLE_AUTH] = &auth_role,
		[ROLE_PLANE] = &plane_role,
	};
	char name[32];

	snprintf(name, sizeof(name), "authipd-%s", role_name(o->role));
	(void)prctl(PR_SET_NAME, name); /* the first 15 letters, for ps */
	signal(SIGINT, SIG_IGN); /* keeper decides when it is over */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return role_run(ops[o->role], ROLE_CHANNEL_FD);
}

static void
tell_user(const char *line)
{
	fprintf(stderr, "warning: %s\n", line);
}

static void
tell_log(const char *line)
{
	log_warn("config", "%s", line);
}

/* As at start, but for the network. */
static int
check(const struct config *c, const char *file)
{
	char err[3 * CONFIG_PATH_MAX];

	if (!auth_methods_check(c, tell_user, err, sizeof(err))) {
		fprintf(stderr, "authipd: %s\n", err);
		return 1;
	}
	printf("%s: the configuration is good\n", file != NULL ? file : "built-in defaults");
	return 0;
}

int
main(int argc, char **argv)
{
	static struct config config;
	struct options o;
	int r;

	if ((r = options_parse(argc, argv, &o)) != 0)
		return r - 1;
	signal(SIGPIPE, SIG_IGN);
	log_init(role_name(o.role), o.foreground || o.check_only, o.verbosity);
	if (o.role != ROLE_KEEPER)
		return become_role(&o);
	if (o.print_policy) {
		config_set_default(&config);
		config_print_policy(stdout, &config.policy);
		return 0;
	}
	if (load(&config, &o) != 0)
		return 1;
	config_warn(&config, o.config_file, o.check_only ? tell_user : tell_log);
	if (o.check_only)
		return check(&config, o.config_file);
	return keeper_main(&config, &o);
}
