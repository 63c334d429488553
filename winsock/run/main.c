/* authip-run: an unmodified program whose sockets are protected by IPsec. authip-run(1) */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "winsock/run/program.h"
#include "winsock/run/run.h"

/* Those of a shell, and of env(1). */
#define STATUS_USAGE 2
#define STATUS_REFUSED 125
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND 127

static void __attribute__((__noreturn__)) usage(FILE *out, int status)
{
	fputs(
	    "usage: authip-run [--require-encryption | --allow-insecure] "
	    "[--peer NAME]\n"
	    "                  [--] COMMAND [ARGUMENT...]\n"
	    "  -e, --require-encryption  nothing leaves unencrypted\n"
	    "  -i, --allow-insecure      clear text while there is no IPsec\n"
	    "  -p, --peer NAME           every peer has to prove this name\n"
	    "  -h, --help\n"
	    "The sockets of COMMAND are protected by IPsec; clear text is not sent.\n",
	    out);
	exit(status);
}

/* The loader goes on without a library that it cannot load: the program would be in clear. */
static void
check_library(const char *library)
{
	const char *why = NULL;

	if (library[strcspn(library, ": ")] != '\0')
		why = "LD_PRELOAD takes no path with a colon or a space";
	else if (dlopen(library, RTLD_NOW) == NULL)
		why = dlerror();
	if (why == NULL)
		return;
	fprintf(stderr, "authip-run: %s: %s\n", library, why);
	exit(STATUS_REFUSED);
}

/* What is there goes first: a sanitizer, for example, insists on it. */
static void
add_library(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *all;

	check_library(library);
	if (before == NULL || before[0] == '\0')
		before = NULL;
	if (asprintf(&all, "%s%s%s", before == NULL ? "" : before,
		before == NULL ? "" : ":", library) == -1 ||
	    setenv("LD_PRELOAD", all, 1) != 0) {
		fputs("authip-run: no memory\n", stderr);
		exit(STATUS_REFUSED);
	}
	free(all);
}

/* What an outer authip-run said does not count. */
static void
set_or_unset(const char *name, const char *value)
{
	if ((value != NULL ? setenv(name, value, 1) : unsetenv(name)) != 0) {
		fprintf(stderr, "authip-run: %s\n", strerror(errno));
		exit(STATUS_REFUSED);
	}
}

static const char *
read_options(int argc, char **argv, const char **peer)
{
	static const struct option options[] = {
		{ "require-encryption", no_argument, NULL, 'e' },
		{ "allow-insecure", no_argument, NULL, 'i' },
		{ "peer", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *mode = NULL, *wanted;
	int c;

	while ((c = getopt_long(argc, argv, "+eip:h", options, NULL)) != -1) {
		if (c == 'h')
			usage(stdout, EXIT_SUCCESS);
		if (c == 'p') {
			*peer = optarg;
			continue;
		}
		if (c != 'e' && c != 'i')
			usage(stderr, STATUS_USAGE);
		wanted = c == 'e' ? RUN_MODE_ENCRYPT : RUN_MODE_INSECURE;
		if (mode != NULL && strcmp(mode, wanted) != 0) {
			fputs("authip-run: both encryption and clear text?\n", stderr);
			usage(stderr, STATUS_USAGE);
		}
		mode = wanted;
	}
	return mode;
}

int
main(int argc, char **argv)
{
	const char *peer = NULL, *mode = read_options(argc, argv, &peer), *why;
	const char *library = secure_getenv("AUTHIP_RUN_LIBRARY");
	char path[PATH_MAX];

	if (optind == argc)
		usage(stderr, STATUS_USAGE);
	why = program_find(argv[optind], path) ? program_refuse(path) : "is not found";
	if (why != NULL) {
		fprintf(stderr, "authip-run: %s %s\n", argv[optind], why);
		return STATUS_REFUSED;
	}
	set_or_unset(RUN_MODE_VARIABLE, mode);
	set_or_unset(RUN_PEER_VARIABLE, peer);
	add_library(library != NULL ? library : RUN_LIBRARY);
	/* What was looked at, not what another search finds. */
	(void)execv(path, argv + optind);
	fprintf(stderr, "authip-run: %s: %s\n", argv[optind], strerror(errno));
	return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
}
