/* authipctl: shows what authipd does, and asks it for things. */
#include "config.h"

#include <getopt.h>
#include <string.h>

#include "daemon/ctl/command.h"
#include "daemon/ctl/connection.h"
#include "daemon/ctl/table.h"

static int
print_json(const json_t *doc)
{
	json_dumpf(doc, stdout, JSON_INDENT(2));
	printf("\n");
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* Sends one request and hands over the answer. */
int
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

int
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

int
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

int
command_initiate(const struct options *o)
{
	json_t *q, *answer;
	int r;

	if (o->to == NULL || o->protocol == NULL || o->port < 1 || o->port > 65535) {
		fprintf(stderr, "authipctl: initiate needs --to, --proto and --port\n");
		return usage(stderr);
	}
	q = json_pack("{s:s,s:s,s:s,s:i,s:i}", "cmd", "initiate", "to", o->to,
	    "protocol", o->protocol, "port", (int)o->port, "class", o->encrypt ? 2 : 1);
	if (o->from != NULL)
		json_object_set_new(q, "from", json_string(o->from));
	r = ask(o, true, q, &answer);
	return r == EXIT_OK ? print_answer(o, answer, "negotiated") : r;
}

int
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
	    json_pack(
		"{s:s,s:s,s:i}", "cmd", "delete", "what", o->what, "id", (int)o->id),
	    &answer);
	return r == EXIT_OK ? print_answer(o, answer, "deleted") : r;
}

int
command_reload(const struct options *o)
{
	json_t *answer;
	int r = ask(o, true, json_pack("{s:s}", "cmd", "reload"), &answer);

	return r == EXIT_OK ? print_answer(o, answer, "reloaded") : r;
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
		{ "explain", command_explain },
		{ "initiate", command_initiate },
		{ "delete", command_delete },
		{ "reload", command_reload },
		{ "keylog", command_keylog },
		{ "capture", command_capture },
	};
	struct options o;

	if (options_parse(argc, argv, &o) != 0 || optind != argc - 1)
		return usage(stderr);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[optind], commands[i].name) == 0)
			return commands[i].run(&o);
	fprintf(stderr, "authipctl: unknown command \"%s\"\n", argv[optind]);
	return usage(stderr);
}
