/* The control sockets: requests, refusals, clients that do not read. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/ctl_server.h"
#include "tests/sim/simnet.h"
#include "tests/unit/check_daemon.h"

static struct simnet net;
static struct sockaddr_un address[2]; /* status.sock, ctl.sock */
static socklen_t address_n[2];

void
ctl_setup(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	rig_setup();
	sim_init_dialect(&net, 1, &d);
	rig.n.engine = net.host[0].engine;
	rig.n.ctl = ctl_server_new(&rig.n);
	for (int i = 0; i < 2; i++)
		ctl_server_listen(rig.n.ctl,
		    rig_listen(SOCK_STREAM, &address[i], &address_n[i]), i == 1);
}

void
ctl_teardown(void)
{
	ctl_server_free(rig.n.ctl);
	sim_free(&net);
	rig_teardown();
}

int
ctl_dial(bool may_change)
{
	return rig_dial(SOCK_STREAM, &address[may_change], address_n[may_change]);
}

static void
say(int c, const char *text)
{
	ck_assert_int_eq(
	    send(c, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	rig_turn();
}

/* One line from the server; NULL: none. The caller frees it. */
static json_t *
answer(int c)
{
	static char line[65536];
	size_t n = 0;
	json_t *doc;

	while (n < sizeof(line) - 1 && recv(c, line + n, 1, MSG_DONTWAIT) == 1)
		if (line[n++] == '\n')
			break;
	if (n == 0)
		return NULL;
	line[n] = '\0';
	doc = json_loads(line, 0, NULL);
	ck_assert_msg(doc != NULL, "no JSON: %s", line);
	return doc;
}

static bool
is_closed(int c)
{
	char b;
	ssize_t n = recv(c, &b, 1, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

static void
expect_refusal(int c, const char *request, const char *word)
{
	json_t *a;
	const char *error;

	say(c, request);
	a = answer(c);
	ck_assert_msg(a != NULL, "no answer to %s", request);
	ck_assert(json_is_false(json_object_get(a, "ok")));
	error = json_string_value(json_object_get(a, "error"));
	ck_assert_ptr_nonnull(error);
	ck_assert_msg(strstr(error, word) != NULL, "%s: %s", request, error);
	json_decref(a);
}

START_TEST(nonsense_is_refused)
{
	static const char *const lines[] = { "\n", "x\n", "{}\n", "[]\n", "null\n",
		"{\"cmd\"\n", "{\"cmd\":1}\n", "{\"cmd\":null}\n", "\"status\"\n",
		"{\"cmd\":\"\xff\"}\n" };
	int c = ctl_dial(true);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refusal(c, lines[i], "one JSON object");
	expect_refusal(c, "{\"cmd\":\"stop\"}\n", "unknown");
	expect_refusal(c, "{\"cmd\":\"\"}\n", "unknown");
	close(c);
}
END_TEST

START_TEST(status_on_both)
{
	for (int may = 0; may < 2; may++) {
		int c = ctl_dial(may);
		json_t *a;

		say(c, "{\"cmd\":\"status\"}\n{\"cmd\":\"status\"}\n");
		for (int i = 0; i < 2; i++) {
			a = answer(c);
			ck_assert_int_eq(
			    json_integer_value(json_object_get(a, "schema_version")),
			    1);
			json_decref(a);
		}
		ck_assert_ptr_null(answer(c));
		close(c);
	}
}
END_TEST

START_TEST(status_socket_changes_nothing)
{
	int c = ctl_dial(false);

	expect_refusal(
	    c, "{\"cmd\":\"delete\",\"what\":\"main-mode\",\"id\":0}\n", "ctl.sock");
	expect_refusal(c,
	    "{\"cmd\":\"initiate\",\"to\":\"192.0.2.1\",\"from\":\"192.0.2.2\","
	    "\"protocol\":\"tcp\",\"port\":80}\n",
	    "ctl.sock");
	ck_assert_uint_eq(rig.n_pump + rig.n_acquire, 0);
	close(c);
}
END_TEST

/* Off, it is refused to root; on, it is refused on the socket that only shows. */
START_TEST(keylog)
{
	static const struct config on = { .key_log = 1 };
	const struct config *off = rig.n.config;
	int c = ctl_dial(true), shows = ctl_dial(false);
	json_t *a;

	expect_refusal(c, "{\"cmd\":\"keylog\"}\n", "key_log = true");
	rig.n.config = &on;
	expect_refusal(shows, "{\"cmd\":\"keylog\"}\n", "ctl.sock");
	ck_assert(!ctl_server_has_keylog(rig.n.ctl));
	say(c, "{\"cmd\":\"keylog\"}\n");
	a = answer(c);
	ck_assert(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	ck_assert(ctl_server_has_keylog(rig.n.ctl));
	ctl_server_keylog(rig.n.ctl, "esp_sa", "\"IPv4\"");
	rig_turn();
	a = answer(c);
	ck_assert_str_eq(json_string_value(json_object_get(a, "line")), "\"IPv4\"");
	json_decref(a);
	ck_assert_ptr_null(answer(shows));
	close(c);
	rig_turn();
	ck_assert(!ctl_server_has_keylog(rig.n.ctl));
	rig.n.config = off;
	close(shows);
}
END_TEST

START_TEST(delete)
{
	int c = ctl_dial(true);
	json_t *a;

	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 1000);
	rig.now_ms = net.now_ms;
	ck_assert_uint_eq(sim_count_mm(&net, 0), 1);
	expect_refusal(c, "{\"cmd\":\"delete\",\"what\":\"all\",\"id\":0}\n", "what");
	expect_refusal(c, "{\"cmd\":\"delete\",\"id\":0}\n", "what");
	expect_refusal(
	    c, "{\"cmd\":\"delete\",\"what\":\"main-mode\",\"id\":-1}\n", "id");
	expect_refusal(
	    c, "{\"cmd\":\"delete\",\"what\":\"main-mode\",\"id\":4294967296}\n", "id");
	/* 0 means all, nothing and a text do not */
	expect_refusal(c, "{\"cmd\":\"delete\",\"what\":\"main-mode\"}\n", "id");
	expect_refusal(
	    c, "{\"cmd\":\"delete\",\"what\":\"main-mode\",\"id\":\"7\"}\n", "id");
	expect_refusal(
	    c, "{\"cmd\":\"delete\",\"what\":\"quick-mode\",\"id\":1.5}\n", "id");
	ck_assert_uint_eq(rig.n_pump, 0);
	say(c, "{\"cmd\":\"delete\",\"what\":\"quick-mode\",\"id\":999}\n");
	a = answer(c);
	ck_assert(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	say(c, "{\"cmd\":\"delete\",\"what\":\"main-mode\",\"id\":0}\n");
	a = answer(c);
	ck_assert(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	ck_assert_uint_eq(rig.n_pump, 2);
	sim_run(&net, 100000);
	ck_assert_uint_eq(sim_count_mm(&net, 0), 0);
	close(c);
}
END_TEST

#define INITIATE(to, from, protocol, port)                                             \
	"{\"cmd\":\"initiate\",\"to\":" to ",\"from\":" from ",\"protocol\":" protocol \
	",\"port\":" port "}\n"

START_TEST(initiate_refusals)
{
	static const struct {
		const char *request;
		const char *word;
	} cases[] = {
		{ "{\"cmd\":\"initiate\"}\n", "to" },
		{ INITIATE("5", "null", "\"tcp\"", "80"), "\"to\"" },
		{ INITIATE("\"host.example\"", "null", "\"tcp\"", "80"), "\"to\"" },
		{ INITIATE("\"192.0.2.1\"", "null", "\"icmp\"", "80"), "protocol" },
		{ INITIATE("\"192.0.2.1\"", "null", "6", "80"), "protocol" },
		{ INITIATE("\"192.0.2.1\"", "null", "\"tcp\"", "0"), "port" },
		{ INITIATE("\"192.0.2.1\"", "null", "\"tcp\"", "65536"), "port" },
		{ INITIATE("\"192.0.2.1\"", "null", "\"tcp\"", "-1"), "port" },
		{ INITIATE("\"192.0.2.1\"", "null", "\"tcp\"", "\"80\""), "port" },
		{ INITIATE("\"192.0.2.1\"", "\"x\"", "\"tcp\"", "80"), "from" },
		{ INITIATE("\"192.0.2.1\"", "\"::1\"", "\"tcp\"", "80"), "from" },
		{ INITIATE("\"::1\"", "\"192.0.2.1\"", "\"tcp\"", "80"), "from" },
	};
	int c = ctl_dial(true);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_refusal(c, cases[i].request, cases[i].word);
	ck_assert_uint_eq(rig.n_acquire, 0);
	close(c);
}
END_TEST

/* Nobody will tell: so it is told at once. */
START_TEST(initiate_without_policy)
{
	int c = ctl_dial(true);

	rig.has_no_policy = true;
	expect_refusal(c, INITIATE("\"192.0.2.1\"", "\"192.0.2.2\"", "\"tcp\"", "80"),
	    "no proposal");
	ck_assert_uint_eq(rig.n_acquire, 1);
	close(c);
}
END_TEST

START_TEST(initiate)
{
	struct action_result r = { .error = IKE_OK, .mm_id = 3, .qm_id = 4 };
	int c = ctl_dial(true), other = ctl_dial(true);
	json_t *a;

	say(c, INITIATE("\"2001:db8::1\"", "\"2001:db8::2\"", "\"udp\"", "65535"));
	ck_assert_uint_eq(rig.n_acquire, 1);
	ck_assert_uint_eq(rig.acquired.protocol, 17);
	ck_assert_uint_eq(rig.acquired.remote.port, 65535);
	ck_assert_uint_eq(rig.acquired.local.port, 0);
	ck_assert_uint_eq(rig.acquired.local.addr.b[15], 2);
	ck_assert_uint_eq(rig.acquired_class, CLASS_DEFAULT);
	ck_assert_ptr_null(answer(c));
	ctl_server_result(rig.n.ctl, 12345, &r); /* that client has gone */
	ctl_server_result(rig.n.ctl, rig.acquired_client, &r);
	rig_turn();
	a = answer(c);
	ck_assert(json_is_true(json_object_get(a, "ok")));
	ck_assert_int_eq(json_integer_value(json_object_get(a, "main_mode_id")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(a, "quick_mode_id")), 4);
	json_decref(a);
	/* a failure whose story holds what a peer said */
	r.error = (enum ike_err)(IKE_OK + 1);
	r.win32 = 0x8009030eu;
	strcpy(r.text, "peer \xff\xfe");
	ctl_server_result(rig.n.ctl, rig.acquired_client, &r);
	rig_turn();
	a = answer(c);
	ck_assert_ptr_nonnull(a);
	ck_assert(json_is_false(json_object_get(a, "ok")));
	ck_assert(json_is_string(json_object_get(a, "error")));
	ck_assert_int_eq(json_integer_value(json_object_get(a, "win32")), 0x8009030e);
	json_decref(a);
	ck_assert_ptr_null(answer(other));
	close(c);
	close(other);
}
END_TEST

START_TEST(too_long_a_line)
{
	static char line[9001];
	int c = ctl_dial(false);

	memset(line, 'x', sizeof(line) - 1);
	ck_assert_int_gt(send(c, line, _i == 0 ? 4096 : 9000, MSG_NOSIGNAL), 0);
	rig_turn();
	if (_i == 0)
		expect_refusal(c, "\n", "one JSON object");
	else
		ck_assert(is_closed(c));
	close(c);
}
END_TEST

void
daemon_ctl_tests(Suite *s)
{
	TCase *t = tcase_create("ctl");

	tcase_add_checked_fixture(t, ctl_setup, ctl_teardown);
	tcase_add_test(t, nonsense_is_refused);
	tcase_add_test(t, status_on_both);
	tcase_add_test(t, status_socket_changes_nothing);
	tcase_add_test(t, keylog);
	tcase_add_test(t, delete);
	tcase_add_test(t, initiate_refusals);
	tcase_add_test(t, initiate_without_policy);
	tcase_add_test(t, initiate);
	tcase_add_loop_test(t, too_long_a_line, 0, 2);
	suite_add_tcase(s, t);
}
