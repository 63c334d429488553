/* Status for people. */
#include "daemon/ctl/table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static json_int_t
num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void
print_mm(const json_t *mm)
{
	const json_t *em = json_object_get(mm, "extended_mode");

	printf("  #%" JSON_INTEGER_FORMAT " %s -> %s, %s, %s\n", num(mm, "id"), str(mm, "local"),
	    str(mm, "remote"), str(mm, "role"), str(mm, "state"));
	printf("      %s-%s-%s, age %" JSON_INTEGER_FORMAT " s of %" JSON_INTEGER_FORMAT
	       " s, cookies %s %s\n",
	    str(mm, "cipher"), str(mm, "integrity"), str(mm, "group"), num(mm, "age_s"),
	    num(mm, "lifetime_s"), str(mm, "initiator_cookie"), str(mm, "responder_cookie"));
	if (strcmp(str(mm, "protocol"), "ikev1") == 0)
		printf("      IKEv1: %s, peer %s\n", str(mm, "method"),
		    str(mm, "peer_name")[0] != '\0' ? str(mm, "peer_name") :
						      "not known yet");
	else if (strcmp(str(em, "state"), "none") == 0)
		printf("      extended mode: off, the peer is not authenticated\n");
	else
		printf("      extended mode: %s, %s, peer %s\n", str(em, "state"),
		    str(em, "method"),
		    str(em, "peer_name")[0] != '\0'	? str(em, "peer_name") :
		    str(mm, "peer_name")[0] != '\0' ? str(mm, "peer_name") :
						      "not known yet");
}

static void
print_end(const char *address, json_int_t port)
{
	bool is_ipv6 = strchr(address, ':') != NULL;

	printf("%s%s%s:", is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "");
	if (port == 0)
		printf("any");
	else
		printf("%" JSON_INTEGER_FORMAT, port);
}

static void
print_qm(const json_t *qm)
{
	const json_t *s = json_object_get(qm, "selector");

	printf("  #%" JSON_INTEGER_FORMAT " %s ", num(qm, "id"), str(s, "protocol"));
	print_end(str(s, "local_address"), num(s, "local_port"));
	printf(" <-> ");
	print_end(str(s, "remote_address"), num(s, "remote_port"));
	printf(", %s\n", str(qm, "state"));
	printf("      %s %s/%s, spi in %s out %s, bytes in %" JSON_INTEGER_FORMAT
	       " out %" JSON_INTEGER_FORMAT ", age %" JSON_INTEGER_FORMAT
	       " s of %" JSON_INTEGER_FORMAT " s, main mode #%" JSON_INTEGER_FORMAT "\n",
	    str(qm, "transform"), str(qm, "cipher"), str(qm, "integrity"), str(qm, "spi_in"),
	    str(qm, "spi_out"), num(qm, "bytes_in"), num(qm, "bytes_out"), num(qm, "age_s"),
	    num(qm, "lifetime_s"), num(qm, "main_mode_id"));
}

static void
print_socket(const json_t *s)
{
	printf("  #%" JSON_INTEGER_FORMAT " %s %s, %s, user %" JSON_INTEGER_FORMAT
	       ", %" JSON_INTEGER_FORMAT " s\n",
	    num(s, "id"), str(s, "family"), str(s, "protocol"), str(s, "class"), num(s, "uid"),
	    num(s, "age_s"));
}

static void
print_list(const json_t *status, const char *key, const char *title,
    void (*one)(const json_t *o))
{
	const json_t *list = json_object_get(status, key);
	const json_t *o;
	size_t i;

	printf("%s: %zu\n", title, json_array_size(list));
	json_array_foreach (list, i, o)
		one(o);
}

/* Nothing, if there was none. */
static void
print_clear(const json_t *c)
{
	json_int_t out = num(c, "negotiating") + num(c, "failed") + num(c, "no_answer") +
			 num(c, "peer_nat");

	if (out + num(c, "inbound") > 0)
		printf("flows in clear: %" JSON_INTEGER_FORMAT " out, %" JSON_INTEGER_FORMAT
		       " in; of %" JSON_INTEGER_FORMAT " the peer does not speak IKE\n",
		    out, num(c, "inbound"), num(c, "fallbacks"));
}

void
table_print_status(const json_t *status)
{
	const json_t *counters = json_object_get(status, "counters");
	const char *name;
	json_t *value;

	printf("authipd %s, backend %s\n", str(status, "version"), str(status, "backend"));
	print_list(status, "main_mode", "main mode SAs", print_mm);
	print_list(status, "quick_mode", "quick mode SAs", print_qm);
	print_list(status, "sockets", "secured sockets", print_socket);
	print_clear(json_object_get(status, "clear_flows"));
	printf("counters that are not zero:\n");
	json_object_foreach ((json_t *)counters, name, value)
		if (json_integer_value(value) != 0)
			printf("  %-32s %" JSON_INTEGER_FORMAT "\n", name,
			    json_integer_value(value));
}

void
table_print_event(const json_t *event)
{
	printf("%s #%" JSON_INTEGER_FORMAT " %s: %s\n", str(event, "event"),
	    num(event, "main_mode_id"), str(event, "remote"), str(event, "text"));
	fflush(stdout);
}
