/* authipctl explain: whose traffic it is, what carries it, and why it is clear or waits. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "daemon/class_table.h"
#include "daemon/explain.h"
#include "daemon/socket_table.h"
#include "tests/sim/simnet.h"
#include "tests/unit/check_daemon.h"

static struct simnet net;
static struct proto_flow_state seen;
static json_t *answer;

static void
setup(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	rig_setup();
	sim_init_dialect(&net, 1, &d);
	rig.n.engine = net.host[0].engine;
	rig.now_ms = net.now_ms;
	memset(&seen, 0, sizeof(seen));
	seen.class_id = CLASS_DEFAULT;
	seen.flow = (struct flow){ 6, sim_endpoint(0, 1, 4, 40000), sim_endpoint(1, 1, 4, 80) };
	answer = NULL;
}

static void
teardown(void)
{
	json_decref(answer);
	sim_free(&net);
	rig_teardown();
}

static const char *
verdict(void)
{
	json_decref(answer);
	answer = explain_json(&rig.n, &seen);
	ck_assert_ptr_nonnull(answer);
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	return json_string_value(json_object_get(answer, "verdict"));
}

/* One of the sentences has this in it. */
static bool
says(const char *what)
{
	json_t *line;
	size_t i;

	json_array_foreach (json_object_get(answer, "why"), i, line)
		if (strstr(json_string_value(line), what) != NULL)
			return true;
	return false;
}

START_TEST(nobodys)
{
	seen.class_id = 0;
	ck_assert_str_eq(verdict(), "clear");
	ck_assert_str_eq(json_string_value(json_object_get(answer, "owner")), "none");
	ck_assert(says("authipd does not touch it"));
}
END_TEST

/* Never clear: it begins a negotiation, waits for it, and is blocked when that failed. */
START_TEST(never_clear)
{
	ck_assert_str_eq(verdict(), "negotiates");
	ck_assert(says("never sent in clear") && !says("again"));
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert_str_eq(verdict(), "waits");
	ck_assert(json_is_true(json_object_get(answer, "negotiating")));
	seen.seen = SEEN_FAILED;
	rig.n.failure[5] = (struct failure){ .at_ms = rig.now_ms - 7000, .class_id = CLASS_DEFAULT,
		.selector = seen.flow, .text = "peer 10.0.0.2: nobody trusts it" };
	rig.n.failure[6] = rig.n.failure[5]; /* of another class */
	rig.n.failure[6].class_id = CLASS_ENCRYPT;
	rig.n.failure[6].at_ms += 1000;
	ck_assert_str_eq(verdict(), "blocked");
	ck_assert(says("failed 7 s ago: peer 10.0.0.2: nobody trusts it"));
}
END_TEST

START_TEST(carried)
{
	sim_acquire(&net, 0, 1, 4, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 3000);
	rig.now_ms = net.now_ms;
	ck_assert_str_eq(verdict(), "protected");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "quick_modes")), 1);
	ck_assert(says("the peer is "));
	/* traffic to another port is not */
	seen.flow.remote.port = 81;
	ck_assert_str_eq(verdict(), "negotiates");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "quick_modes")), 0);
	/* a socket without a peer: whom its port talks to */
	seen.flow.remote = (struct endpoint){ 0 };
	ck_assert_str_eq(verdict(), "protected");
	seen.flow.protocol = 17;
	ck_assert_str_eq(verdict(), "negotiates");
}
END_TEST

/* Without discovery it is clear only when its peer has had its time. */
START_TEST(clear_is_the_last_choice)
{
	rig.config.policy.nd = ND_OFF;
	class_set_default_policy(rig.n.classes, &rig.config.policy);
	seen.class_id = CLASS_INSECURE;
	ck_assert_str_eq(verdict(), "negotiates");
	ck_assert(says("last choice"));
	seen.fell_back = true;
	ck_assert_str_eq(verdict(), "clear");
	rig.config.policy.nd_fallback_ms = 0; /* nothing waits */
	class_set_default_policy(rig.n.classes, &rig.config.policy);
	seen.fell_back = false;
	ck_assert_str_eq(verdict(), "clear");
}
END_TEST

START_TEST(may_be_clear)
{
	seen.class_id = CLASS_INSECURE;
	ck_assert_str_eq(verdict(), "clear");
	ck_assert(says("until it is secured"));
	ck_assert(json_is_true(json_object_get(answer, "clear_allowed")));
	seen.fell_back = true;
	ck_assert_str_eq(verdict(), "clear");
	ck_assert(says("did not answer IKE in time"));
	seen.was_secured = true;
	ck_assert_str_eq(verdict(), "negotiates");
	ck_assert(says("never sent in clear again"));
	ck_assert(json_is_false(json_object_get(answer, "clear_allowed")));
	seen.was_secured = false;
	seen.seen = SEEN_CLEAR;
	ck_assert_str_eq(verdict(), "clear");
	seen.seen = SEEN_WAITING;
	seen.n_held = 2;
	ck_assert_str_eq(verdict(), "waits");
}
END_TEST

START_TEST(what_guards_it)
{
	struct class_spec spec = { .kind = CLASS_OF_RULE, .guarantee_encryption = true,
		.rule = { .name = "web\x1b[2J", .action = RULE_REQUIRE },
		.target_name = "host/server", .policy = rig.config.policy };
	enum class_error err;

	seen.class_id = class_find_or_make(rig.n.classes, &spec, &err);
	ck_assert_uint_ne(seen.class_id, 0);
	ck_assert_str_eq(verdict(), "negotiates");
	ck_assert_str_eq(json_string_value(json_object_get(answer, "owner")), "rule");
	ck_assert(says("rule \"web?[2J\"") && says("action require-in-out"));
	ck_assert(says("host/server") && says("only proposals that encrypt"));
	seen.class_id = CLASS_MAX; /* nobody knows it any more */
	ck_assert_str_eq(verdict(), "blocked");
}
END_TEST

START_TEST(stays_on_this_host)
{
	static const uint8_t here[] = { 127, 0, 0, 1 };

	memcpy(seen.flow.remote.addr.b, here, sizeof(here));
	ck_assert_str_eq(verdict(), "clear");
	ck_assert(says("does not leave this host"));
}
END_TEST

static const char *
ask(const char *text)
{
	json_t *q = json_loads(text, 0, NULL);
	const char *error;

	ck_assert_ptr_nonnull(q);
	memset(&seen, 0, sizeof(seen));
	error = explain_question(&rig.n, q, &seen);
	json_decref(q);
	return error;
}

START_TEST(questions)
{
	struct secured_socket s = { .class_id = CLASS_ENCRYPT, .family = 4, .protocol = 6 };
	uint16_t port = 0;
	int fd = bound_socket(4, SOCK_STREAM, "127.0.0.1", &port);
	char text[200];
	uint64_t id;

	ck_assert_int_eq(listen(fd, 1), 0);
	s.cookie = socket_cookie(fd);
	id = socket_table_add(rig.n.sockets, &s);
	snprintf(text, sizeof(text), "{\"socket\":%d}", (int)id);
	ck_assert_ptr_null(ask(text));
	ck_assert_uint_eq(seen.class_id, CLASS_ENCRYPT);
	ck_assert_uint_eq(seen.flow.local.port, port);
	ck_assert_uint_eq(seen.flow.remote.port, 0);
	/* by its port; and any program's, when none is named */
	snprintf(text, sizeof(text),
	    "{\"to\":\"127.0.0.2\",\"from\":\"127.0.0.1\",\"protocol\":\"tcp\",\"port\":80,"
	    "\"local_port\":%d}",
	    port);
	ck_assert_ptr_null(ask(text));
	ck_assert_uint_eq(seen.class_id, CLASS_ENCRYPT);
	ck_assert_ptr_null(ask("{\"to\":\"127.0.0.2\",\"protocol\":\"tcp\",\"port\":80}"));
	ck_assert_uint_eq(seen.class_id, 0);
	rig.rule_class = 77;
	ck_assert_ptr_null(ask("{\"to\":\"127.0.0.2\",\"protocol\":\"tcp\",\"port\":80}"));
	ck_assert_uint_eq(seen.class_id, 77);
	close(fd);
	ck_assert_ptr_nonnull(ask("{\"socket\":99}"));
	ck_assert_ptr_nonnull(ask("{\"to\":\"nobody\",\"protocol\":\"tcp\",\"port\":80}"));
	ck_assert_ptr_nonnull(ask("{\"to\":\"127.0.0.2\",\"protocol\":\"icmp\",\"port\":80}"));
	ck_assert_ptr_nonnull(ask("{\"to\":\"127.0.0.2\",\"protocol\":\"tcp\",\"port\":0}"));
	ck_assert_ptr_nonnull(
	    ask("{\"to\":\"127.0.0.2\",\"protocol\":\"tcp\",\"port\":1,\"local_port\":65536}"));
}
END_TEST

void
daemon_explain_tests(Suite *s)
{
	TCase *t = tcase_create("explain");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nobodys);
	tcase_add_test(t, never_clear);
	tcase_add_test(t, carried);
	tcase_add_test(t, clear_is_the_last_choice);
	tcase_add_test(t, may_be_clear);
	tcase_add_test(t, what_guards_it);
	tcase_add_test(t, stays_on_this_host);
	tcase_add_test(t, questions);
	suite_add_tcase(s, t);
}
