/* The command line of authipd. */
#include "config.h"

#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { OPT_SINGLE = 256, OPT_RUN_DIR, OPT_ROLE, OPT_PRINT, OPT_HELP, OPT_VERSION };

/* X(long name, value, argument word or NULL, help) */
#define OPTIONS(X)                                                                       \
	X("config", 'c', "FILE", "read FILE instead of " SYSCONFDIR "/authipd/authipd.conf")     \
	X("foreground", 'f', NULL, "stay in the foreground and log to standard error")   \
	X("check", 'n', NULL, "check the configuration and exit")                        \
	X("verbose", 'v', NULL, "log more")                                              \
	X("single", OPT_SINGLE, NULL, "one process for all roles (tests)")               \
	X("run-dir", OPT_RUN_DIR, "DIR", "sockets and pid file in DIR, not " AUTHIPD_RUNDIR) \
	X("print-default-policy", OPT_PRINT, NULL, "print the built-in policy and exit") \
	X("help", OPT_HELP, NULL, "print this and exit")                                 \
	X("version", OPT_VERSION, NULL, "print the version and exit")

static void
options_usage(FILE *out)
{
	fprintf(out, "usage: authipd [options]\n");
#define X(name, value, arg, help)                                                           \
	fprintf(out, "  %c%c --%-21s %-5s %s\n", value < 256 ? '-' : ' ',                   \
	    value < 256 ? value : ' ', name, (const char *)arg != NULL ? (const char *)arg : "", \
	    help);
	OPTIONS(X)
#undef X
}

static int
options_role(const char *name, enum role_id *role)
{
	for (int r = 0; r < ROLE_COUNT; r++)
		if (strcmp(name, role_name((enum role_id)r)) == 0) {
			*role = (enum role_id)r;
			return 0;
		}
	return -1;
}

int
options_parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
#define X(name, value, arg, help) \
	{ name, (const char *)arg != NULL ? required_argument : no_argument, NULL, value },
		OPTIONS(X)
#undef X
		{ "role", required_argument, NULL, OPT_ROLE },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	*o = (struct options){ .run_dir = AUTHIPD_RUNDIR, .role = ROLE_KEEPER };
	while ((opt = getopt_long(argc, argv, "c:fnv", table, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o->config_file = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'n':
			o->check_only = true;
			break;
		case 'v':
			o->verbosity++;
			break;
		case OPT_SINGLE:
			o->single = true;
			break;
		case OPT_RUN_DIR:
			o->run_dir = optarg;
			break;
		case OPT_PRINT:
			o->print_policy = true;
			break;
		case OPT_HELP:
			options_usage(stdout);
			return 1;
		case OPT_VERSION:
			printf("%s\n", PACKAGE_STRING);
			return 1;
		case OPT_ROLE:
			if (options_role(optarg, &o->role) == 0)
				break;
			/* fall through */
		default:
			options_usage(stderr);
			return 3;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "authipd: unexpected argument \"%s\"\n", argv[optind]);
		options_usage(stderr);
		return 3;
	}
	if (strlen(o->run_dir) > 80) {
		fprintf(stderr, "authipd: --run-dir is too long: at most 80 bytes\n");
		return 3;
	}
	return 0;
}
