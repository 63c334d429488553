/* The command line of authipd. */
#ifndef AUTHIPD_DAEMON_OPTIONS_H
#define AUTHIPD_DAEMON_OPTIONS_H

#include <stdbool.h>

#include "daemon/role.h"

struct options {
	const char *config_file; /* NULL: the default file if it exists */
	const char *run_dir;
	bool foreground;
	bool check_only;
	bool single;
	bool print_policy;
	int verbosity;
	enum role_id role; /* ROLE_KEEPER unless keeper started us */
};

/* 0, or the exit status plus 1: after --help (1) or after telling what is wrong (3). */
int options_parse(int argc, char **argv, struct options *o);

#endif
