/* The command line of authipctl. */
#include "config.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>

#include "daemon/ctl/command.h"

int
usage(FILE *out)
{
	fprintf(out,
	    "usage: authipctl [--run-dir DIR] command\n"
	    "  status [--json]                show main modes, quick modes, sockets, "
	    "counters\n"
	    "  monitor [--json]               print events until interrupted\n"
	    "  explain --to ADDR [--from ADDR] --proto tcp|udp --port N [--local-port N]\n"
	    "          | --socket N [--json]  whose that traffic is, and why it is protected, "
	    "clear\n"
	    "                                 or blocked\n"
	    "  initiate --to ADDR [--from ADDR] --proto tcp|udp --port N [--encrypt]\n"
	    "                                 negotiate now; waits for the result\n"
	    "  delete [--main-mode N | --quick-mode N | --all]\n"
	    "                                 end SAs, and tell the peers\n"
	    "  reload                         read the configuration again\n"
	    "  keylog [--dir DIR]             session keys for Wireshark, until "
	    "interrupted\n"
	    "  capture --out FILE [--seconds N] [--keys]\n"
	    "                                 packets, events and status, for a "
	    "report\n"
	    "exit status: 0 done, 1 failed, 2 wrong usage, 3 no daemon\n");
	return out == stdout ? EXIT_OK : EXIT_USAGE;
}

/* A whole decimal number, or -1. */
static long
parse_number(const char *s)
{
	char *end;
	long v = strtol(s, &end, 10);

	return *s != '\0' && *end == '\0' && v >= 0 && v <= INT32_MAX ? v : -1;
}

int
options_parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "run-dir", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "to", required_argument, NULL, 't' },
		{ "from", required_argument, NULL, 'f' },
		{ "proto", required_argument, NULL, 'p' },
		{ "port", required_argument, NULL, 'P' },
		{ "local-port", required_argument, NULL, 'l' },
		{ "socket", required_argument, NULL, 'S' },
		{ "encrypt", no_argument, NULL, 'e' },
		{ "main-mode", required_argument, NULL, 'm' },
		{ "quick-mode", required_argument, NULL, 'q' },
		{ "all", no_argument, NULL, 'a' },
		{ "dir", required_argument, NULL, 'd' },
		{ "out", required_argument, NULL, 'o' },
		{ "seconds", required_argument, NULL, 's' },
		{ "keys", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	*o = (struct options){ .run_dir = AUTHIPD_RUNDIR };
	while ((opt = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		switch (opt) {
		case 'r':
			o->run_dir = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 't':
			o->to = optarg;
			break;
		case 'f':
			o->from = optarg;
			break;
		case 'p':
			o->protocol = optarg;
			break;
		case 'P':
			o->port = parse_number(optarg);
			break;
		case 'l':
			o->local_port = parse_number(optarg);
			break;
		case 'S':
			o->socket = parse_number(optarg);
			if (o->socket < 1) {
				fprintf(stderr,
				    "authipctl: \"%s\" is not the number of a socket\n",
				    optarg);
				return -1;
			}
			break;
		case 'e':
			o->encrypt = true;
			break;
		case 'm':
		case 'q':
			o->what = opt == 'm' ? "main-mode" : "quick-mode";
			o->id = parse_number(optarg);
			if (o->id < 1) {
				fprintf(stderr,
				    "authipctl: \"%s\" is not the number of an SA\n",
				    optarg);
				return -1;
			}
			break;
		case 'a':
			o->what = "main-mode";
			o->id = 0;
			break;
		case 'd':
			o->dir = optarg;
			break;
		case 'o':
			o->out = optarg;
			break;
		case 's':
			o->seconds = parse_number(optarg);
			if (o->seconds < 1) {
				fprintf(stderr,
				    "authipctl: \"%s\" is not a time in seconds\n",
				    optarg);
				return -1;
			}
			break;
		case 'k':
			o->keys = true;
			break;
		case 'h':
			exit(usage(stdout));
		default:
			return -1;
		}
	}
	return 0;
}
