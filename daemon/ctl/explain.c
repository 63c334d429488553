/* authipctl explain: the daemon's sentences about some traffic. */
#include "config.h"

#include "daemon/ctl/command.h"

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static void
print_end(const json_t *traffic, const char *address, const char *port)
{
	json_int_t n = json_integer_value(json_object_get(traffic, port));

	if (n == 0)
		printf("%s port any", str(traffic, address));
	else
		printf("%s port %" JSON_INTEGER_FORMAT, str(traffic, address), n);
}

static void
print_answer(const json_t *answer)
{
	const json_t *traffic = json_object_get(answer, "traffic"), *line;
	size_t i;

	printf("%s ", str(traffic, "protocol"));
	print_end(traffic, "local_address", "local_port");
	printf(" <-> ");
	print_end(traffic, "remote_address", "remote_port");
	printf(": %s\n", str(answer, "verdict"));
	json_array_foreach (json_object_get(answer, "why"), i, line)
		printf("  %s\n", json_string_value(line));
	json_array_foreach (json_object_get(answer, "quick_modes"), i, line)
		printf("  quick mode #%" JSON_INTEGER_FORMAT "\n", json_integer_value(line));
}

static json_t *
question(const struct options *o)
{
	json_t *q;

	if (o->socket > 0)
		return json_pack("{s:s,s:I}", "cmd", "explain", "socket", (json_int_t)o->socket);
	q = json_pack("{s:s,s:s,s:s,s:I,s:I}", "cmd", "explain", "to", o->to, "protocol",
	    o->protocol, "port", (json_int_t)o->port, "local_port", (json_int_t)o->local_port);
	if (o->from != NULL)
		json_object_set_new(q, "from", json_string(o->from));
	return q;
}

int
command_explain(const struct options *o)
{
	json_t *answer;
	int r;

	if (o->socket == 0 && (o->to == NULL || o->protocol == NULL || o->port < 1 ||
				  o->port > 65535 || o->local_port < 0)) {
		fprintf(stderr,
		    "authipctl: explain needs --socket, or --to, --proto and --port\n");
		return usage(stderr);
	}
	if ((r = ask(o, false, question(o), &answer)) != EXIT_OK)
		return r;
	if (!json_is_true(json_object_get(answer, "ok"))) {
		fprintf(stderr, "authipctl: %s\n", str(answer, "error"));
		r = EXIT_FAILED;
	} else if (o->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		printf("\n");
	} else {
		print_answer(answer);
	}
	json_decref(answer);
	return r;
}
