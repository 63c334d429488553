/* authipctl: shows what authipd does, and asks it for things. */
#include "config.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl/connection.h"
#include "daemon/ctl/table.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_NO_DAEMON };

struct options {
	const char *run_dir;
	const char *to;
	const char *from;
	const char *protocol;
	const char *what;
	long port;
	long id;
	bool json;
	bool encrypt;
};

static int
usage(FILE *out)
{
	fprintf(out,
	    "usage: authipctl [--run-dir DIR] command\n"
	    "  status [--json]                show main modes, quick modes, sockets, counters\n"
	    "  monitor [--json]               print events until interrupted\n"
	    "  initiate --to ADDR [--from ADDR] --proto tcp|udp --port N [--encrypt]\n"
	    "                                 negotiate now; waits for the result\n"
	    "  delete [--main-mode N | --quick-mode N | --all]\n"
	    "                                 end SAs, and tell the peers\n"
	    "exit status: 0 done, 1 failed, 2 wrong usage, 3 no daemon\n");
	return out == stdout ? EXIT_OK : EXIT_USAGE;
}

static int
print_json(const json_t *doc)
{
	json_dumpf(doc, stdout, JSON_INDENT(2));
	printf("\n");
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* Sends one request and hands over the answer. */
static int
ask(const struct options *o, bool changes, json_t *request, json_t **answer)
{
	FILE *f = connection_open(o->run_dir, changes);
	int r = EXIT_OK;

	*answer = NULL;
	if (f == NULL) {
		json_decref(request);
		return EXIT_NO_DAEMON;
	}
	if (!connection_send(f, request) || (*answer = connection_receive(f)) == NULL) {
		fprintf(stderr, "authipctl: the daemon did not answer\n");
		r = EXIT_NO_DAEMON;
	}
	fclose(f);
	return r;
}

static int
command_status(const struct options *o)
{
	json_t *answer;
	int r = ask(o, false, json_pack("{s:s}", "cmd", "status"), &answer);

	if (r != EXIT_OK)
		return r;
	if (o->json)
		r = print_json(answer);
	else
		table_print_status(answer);
	json_decref(answer);
	return r;
}

static int
command_monitor(const struct options *o)
{
	FILE *f = connection_open(o->run_dir, false);
	json_t *event;

	if (f == NULL)
		return EXIT_NO_DAEMON;
	if (!connection_send(f, json_pack("{s:s}", "cmd", "monitor"))) {
		fclose(f);
		return EXIT_NO_DAEMON;
	}
	while ((event = connection_receive(f)) != NULL) {
		if (o->json) {
			json_dumpf(event, stdout, JSON_COMPACT);
			printf("\n");
			fflush(stdout);
		} else {
			table_print_event(event);
		}
		json_decref(event);
	}
	fclose(f);
	return EXIT_NO_DAEMON; /* it went away */
}

/* The answer to a request that changes something. */
static int
print_answer(const struct options *o, json_t *answer, const char *done)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (o->json)
		print_json(answer);
	else if (ok)
		printf("%s\n", done);
	if (!ok)
		fprintf(stderr, "authipctl: %s\n", error != NULL ? error : "failed");
	json_decref(answer);
	return ok ? EXIT_OK : EXIT_FAILED;
}

static int
command_initiate(const struct options *o)
{
	json_t *q, *answer;
	int r;

	if (o->to == NULL || o->protocol == NULL || o->port < 1 || o->port > 65535) {
		fprintf(stderr, "authipctl: initiate needs --to, --proto and --port\n");
		return usage(stderr);
	}
	q = json_pack("{s:s,s:s,s:s,s:i,s:i}", "cmd", "initiate", "to", o->to, "protocol",
	    o->protocol, "port", (int)o->port, "class", o->encrypt ? 2 : 1);
	if (o->from != NULL)
		json_object_set_new(q, "from", json_string(o->from));
	r = ask(o, true, q, &answer);
	return r == EXIT_OK ? print_answer(o, answer, "negotiated") : r;
}

static int
command_delete(const struct options *o)
{
	json_t *answer;
	int r;

	if (o->what == NULL) {
		fprintf(stderr,
		    "authipctl: delete needs --main-mode N, --quick-mode N or --all\n");
		return usage(stderr);
	}
	r = ask(o, true,
	    json_pack("{s:s,s:s,s:i}", "cmd", "delete", "what", o->what, "id", (int)o->id),
	    &answer);
	return r == EXIT_OK ? print_answer(o, answer, "deleted") : r;
}

/* A whole decimal number, or -1. */
static long
parse_number(const char *s)
{
	char *end;
	long v = strtol(s, &end, 10);

	return *s != '\0' && *end == '\0' && v >= 0 && v <= INT32_MAX ? v : -1;
}

static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "run-dir", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "to", required_argument, NULL, 't' },
		{ "from", required_argument, NULL, 'f' },
		{ "proto", required_argument, NULL, 'p' },
		{ "port", required_argument, NULL, 'P' },
		{ "encrypt", no_argument, NULL, 'e' },
		{ "main-mode", required_argument, NULL, 'm' },
		{ "quick-mode", required_argument, NULL, 'q' },
		{ "all", no_argument, NULL, 'a' },
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
		case 'e':
			o->encrypt = true;
			break;
		case 'm':
		case 'q':
			o->what = opt == 'm' ? "main-mode" : "quick-mode";
			o->id = parse_number(optarg);
			if (o->id < 1) {
				fprintf(stderr, "authipctl: \"%s\" is not the number of an SA\n",
				    optarg);
				return -1;
			}
			break;
		case 'a':
			o->what = "main-mode";
			o->id = 0;
			break;
		case 'h':
			exit(usage(stdout));
		default:
			return -1;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *o);
	} commands[] = {
		{ "status", command_status },
		{ "monitor", command_monitor },
		{ "initiate", command_initiate },
		{ "delete", command_delete },
	};
	struct options o;

	if (parse(argc, argv, &o) != 0 || optind != argc - 1)
		return usage(stderr);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[optind], commands[i].name) == 0)
			return commands[i].run(&o);
	fprintf(stderr, "authipctl: unknown command \"%s\"\n", argv[optind]);
	return usage(stderr);
}
