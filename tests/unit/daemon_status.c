/* The contract of authipctl --json: which keys there are, and of which type. */
#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "daemon/class_table.h"
#include "daemon/socket_table.h"
#include "daemon/status_json.h"
#include "tests/sim/simnet.h"
#include "tests/unit/check_daemon.h"

struct key {
	const char *name;
	char type; /* s string, i integer, b boolean, a array, o object */
};

static const struct key top_keys[] = { { "schema_version", 'i' }, { "version", 's' },
	{ "backend", 's' }, { "main_mode", 'a' }, { "quick_mode", 'a' },
	{ "sockets", 'a' }, { "classes", 'a' }, { "clear_flows", 'o' },
	{ "counters", 'o' }, { NULL, 0 } };
static const struct key class_keys[] = { { "id", 'i' }, { "class", 's' },
	{ "rule", 's' }, { "owner", 'i' }, { "credentials_of", 'i' },
	{ "target_name", 's' }, { "sockets", 'i' }, { "clear_fallback_ms", 'i' },
	{ NULL, 0 } };
static const struct key clear_keys[] = { { "negotiating", 'i' }, { "failed", 'i' },
	{ "no_answer", 'i' }, { "peer_nat", 'i' }, { "inbound", 'i' },
	{ "fallbacks", 'i' }, { NULL, 0 } };
static const struct key mm_keys[] = { { "id", 'i' }, { "protocol", 's' },
	{ "role", 's' }, { "state", 's' }, { "local", 's' }, { "remote", 's' },
	{ "initiator_cookie", 's' }, { "responder_cookie", 's' }, { "cipher", 's' },
	{ "integrity", 's' }, { "group", 's' }, { "lifetime_s", 'i' }, { "age_s", 'i' },
	{ "peer_vendor_ids", 'a' }, { "peer_gss_id", 's' }, { "extended_mode", 'o' },
	{ "nat", 'b' }, { "method", 's' }, { "dialect", 'o' }, { "peer_name", 's' },
	{ "peer_is_user", 'b' }, { NULL, 0 } };
static const struct key em_keys[] = { { "method", 's' }, { "peer_name", 's' },
	{ "state", 's' }, { NULL, 0 } };
static const struct key qm_keys[] = { { "id", 'i' }, { "main_mode_id", 'i' },
	{ "state", 's' }, { "usable", 'b' }, { "role", 's' }, { "spi_in", 's' },
	{ "spi_out", 's' }, { "transform", 's' }, { "cipher", 's' },
	{ "integrity", 's' }, { "lifetime_s", 'i' }, { "lifetime_kb", 'i' },
	{ "age_s", 'i' }, { "bytes_in", 'i' }, { "bytes_out", 'i' }, { "class", 'i' },
	{ "rekeyed_from", 'i' }, { "rekeys", 'i' }, { "selector", 'o' }, { NULL, 0 } };
static const struct key selector_keys[] = { { "protocol", 's' },
	{ "local_address", 's' }, { "local_port", 'i' }, { "remote_address", 's' },
	{ "remote_port", 'i' }, { NULL, 0 } };
static const struct key socket_keys[] = { { "id", 'i' }, { "class", 's' },
	{ "class_id", 'i' }, { "uid", 'i' }, { "family", 's' }, { "protocol", 's' },
	{ "age_s", 'i' }, { NULL, 0 } };
static const struct key event_keys[] = { { "event", 's' }, { "reason", 's' },
	{ "main_mode_id", 'i' }, { "quick_mode_id", 'i' }, { "local", 's' },
	{ "remote", 's' }, { "initiator_cookie", 's' }, { "text", 's' }, { NULL, 0 } };

static char
type_of(const json_t *j)
{
	return json_is_string(j)  ? 's' :
	       json_is_integer(j) ? 'i' :
	       json_is_boolean(j) ? 'b' :
	       json_is_array(j)	  ? 'a' :
	       json_is_object(j)  ? 'o' :
				    '?';
}

/* Exactly these keys. */
static void
assert_keys(const json_t *o, const struct key *k)
{
	size_t n = 0;

	ck_assert_ptr_nonnull(o);
	for (; k[n].name != NULL; n++) {
		json_t *v = json_object_get(o, k[n].name);

		ck_assert_msg(v != NULL, "%s is missing", k[n].name);
		ck_assert_msg(type_of(v) == k[n].type, "%s is %c, not %c", k[n].name,
		    type_of(v), k[n].type);
	}
	ck_assert_uint_eq(json_object_size(o), n);
}

static const char *
text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static json_int_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static struct simnet net;

static void
setup(void)
{
	static const struct dialect d = DIALECT_DEFAULT;

	rig_setup();
	sim_init_dialect(&net, 1, &d);
	rig.n.engine = net.host[0].engine;
}

static void
teardown(void)
{
	sim_free(&net);
	rig_teardown();
}

static json_t *
negotiate(int family)
{
	sim_acquire(&net, 0, 1, family, 80);
	ck_assert(sim_run_results(&net, 0, 1, 5000));
	sim_run(&net, 3000);
	rig.now_ms = net.now_ms;
	return status_json(&rig.n);
}

START_TEST(nothing_yet)
{
	json_t *s = status_json(&rig.n);

	assert_keys(s, top_keys);
	assert_keys(json_object_get(s, "clear_flows"), clear_keys);
	ck_assert_int_eq(number(s, "schema_version"), STATUS_SCHEMA_VERSION);
	ck_assert_str_eq(text(s, "backend"), "plane");
	ck_assert_uint_eq(json_array_size(json_object_get(s, "main_mode")), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(s, "quick_mode")), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(s, "sockets")), 0);
	json_decref(s);
}
END_TEST

START_TEST(main_mode)
{
	json_t *s = negotiate(_i == 0 ? 4 : 6), *list, *mm;

	assert_keys(s, top_keys);
	list = json_object_get(s, "main_mode");
	ck_assert_uint_eq(json_array_size(list), 1);
	mm = json_array_get(list, 0);
	assert_keys(mm, mm_keys);
	assert_keys(json_object_get(mm, "extended_mode"), em_keys);
	ck_assert_str_eq(text(mm, "protocol"), "authip");
	ck_assert_str_eq(text(mm, "role"), "initiator");
	ck_assert_uint_eq(strlen(text(mm, "initiator_cookie")), 16);
	ck_assert_str_eq(text(mm, "cipher"), cipher_name(CIPHER_AES128));
	ck_assert_str_eq(text(mm, "peer_gss_id"), "host/sim.example");
	ck_assert_str_eq(text(mm, "method"), "anonymous");
	ck_assert_str_eq(text(mm, "peer_name"), "");
	ck_assert_str_eq(text(json_object_get(mm, "extended_mode"), "method"), "tls");
	ck_assert_str_eq(
	    text(json_object_get(mm, "extended_mode"), "state"), "established");
	ck_assert_int_gt(json_array_size(json_object_get(mm, "peer_vendor_ids")), 0);
	ck_assert_str_eq(
	    text(mm, "local"), _i == 0 ? "10.0.0.1:500" : "[fd00:1::]:500");
	json_decref(s);
}
END_TEST

START_TEST(quick_mode)
{
	struct usage usage = { .total = { .bytes_in = 11, .bytes_out = 1ull << 40 } };
	json_t *s = negotiate(4), *list, *qm, *selector;

	list = json_object_get(s, "quick_mode");
	ck_assert_uint_eq(json_array_size(list), 1);
	qm = json_array_get(list, 0);
	assert_keys(qm, qm_keys);
	selector = json_object_get(qm, "selector");
	assert_keys(selector, selector_keys);
	ck_assert_str_eq(text(qm, "state"), "established");
	ck_assert(json_is_true(json_object_get(qm, "usable")));
	ck_assert_str_eq(text(qm, "transform"), "esp-auth");
	ck_assert_uint_eq(strlen(text(qm, "spi_in")), 8);
	ck_assert_int_eq(number(qm, "bytes_in"), 0);
	ck_assert_int_eq(number(qm, "class"), 1);
	ck_assert_int_eq(number(qm, "main_mode_id"),
	    number(json_array_get(json_object_get(s, "main_mode"), 0), "id"));
	ck_assert_str_eq(text(selector, "protocol"), "tcp");
	ck_assert_int_eq(number(selector, "remote_port"), 80);
	usage.total.qm_id = (uint32_t)number(qm, "id");
	rig.usage = &usage;
	json_decref(s);
	s = status_json(&rig.n);
	qm = json_array_get(json_object_get(s, "quick_mode"), 0);
	ck_assert_int_eq(number(qm, "bytes_in"), 11);
	ck_assert_int_eq(number(qm, "bytes_out"), (json_int_t)1 << 40);
	json_decref(s);
}
END_TEST

/* The quick mode of that number of a status, or NULL. */
static json_t *
quick_mode_of(json_t *s, json_int_t id)
{
	json_t *qm;
	size_t i;

	json_array_foreach (json_object_get(s, "quick_mode"), i, qm)
		if (number(qm, "id") == id)
			return qm;
	return NULL;
}

/* A new pair says which one it replaces, and how many there were before. */
START_TEST(rekeys_are_counted)
{
	json_int_t old = 0;

	for (int rekeys = 0; rekeys < 3; rekeys++) {
		json_t *s = rekeys == 0 ? negotiate(4) : status_json(&rig.n), *qm, *best = NULL;
		size_t i;

		json_array_foreach (json_object_get(s, "quick_mode"), i, qm)
			if (best == NULL || number(qm, "id") > number(best, "id"))
				best = qm;
		ck_assert_ptr_nonnull(best);
		ck_assert_int_eq(number(best, "rekeys"), rekeys);
		ck_assert_int_eq(number(best, "rekeyed_from"), old);
		old = number(best, "id");
		ck_assert_ptr_nonnull(quick_mode_of(s, old));
		json_decref(s);
		engine_qm_expired(
		    rig.n.engine, net.now_ms, (uint32_t)old, EXPIRY_SOFT);
		sim_run(&net, 3000);
	}
}
END_TEST

/* The knobs that differ from the defaults, by name and value; of the defaults none. */
START_TEST(dialect_of_a_peer)
{
	struct dialect d = DIALECT_DEFAULT;
	json_t *s, *shown;

	if (_i == 1) {
		d.qm1_mid = QM1_MID_ZERO;
		sim_free(&net);
		sim_init_dialect(&net, 1, &d);
		rig.n.engine = net.host[0].engine;
	}
	s = negotiate(4);
	shown = json_object_get(
	    json_array_get(json_object_get(s, "main_mode"), 0), "dialect");
	ck_assert_uint_eq(json_object_size(shown), (size_t)_i);
	if (_i == 1)
		ck_assert_str_eq(text(shown, "qm1_mid"), "zero");
	json_decref(s);
}
END_TEST

START_TEST(sockets)
{
	static const char *const names[] = { "none", "default", "guarantee-encryption",
		"allow-insecure", "none" };
	json_t *s, *list;

	for (uint32_t class_id = 0; class_id <= CLASS_PREDEFINED + 1; class_id++) {
		struct secured_socket sock = { 0, class_id + 1, class_id,
			1000 + class_id, class_id % 2 == 0 ? 4 : 6,
			class_id % 2 == 0 ? 6 : 17, rig.now_ms, false, 0 };

		(void)socket_table_add(rig.n.sockets, &sock);
	}
	rig.now_ms += 7500;
	s = status_json(&rig.n);
	list = json_object_get(s, "sockets");
	ck_assert_uint_eq(json_array_size(list), CLASS_PREDEFINED + 2);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);

		assert_keys(o, socket_keys);
		ck_assert_str_eq(text(o, "class"), names[number(o, "uid") - 1000]);
		ck_assert_int_eq(number(o, "age_s"), 7);
		ck_assert_str_eq(
		    text(o, "family"), number(o, "uid") % 2 == 0 ? "ipv4" : "ipv6");
	}
	json_decref(s);
}
END_TEST

START_TEST(classes)
{
	struct class_spec spec = { .owner = 1000,
		.uid = 1000,
		.guarantee_encryption = true,
		.target_name = "host/server",
		.policy = rig.config.policy };
	enum class_error err;
	json_t *s, *list, *last;

	(void)class_find_or_make(rig.n.classes, &spec, &err);
	s = status_json(&rig.n);
	list = json_object_get(s, "classes");
	ck_assert_uint_eq(json_array_size(list), CLASS_PREDEFINED + 1);
	for (size_t i = 0; i < json_array_size(list); i++)
		assert_keys(json_array_get(list, i), class_keys);
	last = json_array_get(list, CLASS_PREDEFINED);
	ck_assert_int_eq(number(last, "id"), CLASS_PREDEFINED + 1);
	ck_assert_str_eq(text(last, "class"), "guarantee-encryption");
	ck_assert_str_eq(text(last, "target_name"), "host/server");
	ck_assert_int_eq(number(last, "credentials_of"), 1000);
	json_decref(s);
}
END_TEST

/* A name that a user or a peer chose moves no terminal, and hides nothing. */
START_TEST(names_of_others)
{
	static const struct {
		const char *name, *shown;
	} cases[] = {
		{ "CN=a\x1b[2Jb", "CN=a?[2Jb" },
		{ "CN=a\xc2\x9b" "2Jb", "CN=a??2Jb" },
		{ "CN=\xff\xfe", "(not UTF-8)" },
		{ "CN=\xc3\xa9", "CN=\xc3\xa9" },
	};
	struct class_spec spec = { .owner = 1000, .policy = rig.config.policy };
	enum class_error err;
	json_t *s, *list;

	strcpy(spec.target_name, cases[_i].name);
	(void)class_find_or_make(rig.n.classes, &spec, &err);
	s = status_json(&rig.n);
	list = json_object_get(s, "classes");
	ck_assert_uint_eq(json_array_size(list), CLASS_PREDEFINED + 1);
	ck_assert_str_eq(text(json_array_get(list, CLASS_PREDEFINED), "target_name"),
	    cases[_i].shown);
	json_decref(s);
}
END_TEST

/* Every error, event and packet counter, under a name that a program can use. */
START_TEST(counters)
{
	json_t *s, *o, *v;
	const char *name;

	rig.n.plane_count[PC_REPLAY] = 5;
	s = negotiate(4);
	o = json_object_get(s, "counters");
	ck_assert_uint_eq(json_object_size(o),
	    (size_t)IKE_ERR_COUNT - 1 + EVENT_DROP + 1 + PLANE_COUNTER_COUNT);
	json_object_foreach(o, name, v)
	{
		ck_assert_msg(json_is_integer(v), "%s", name);
		for (const char *c = name; *c != '\0'; c++)
			ck_assert_msg(islower((unsigned char)*c) ||
					  isdigit((unsigned char)*c) || *c == '_',
			    "%s", name);
	}
	ck_assert_int_eq(number(o, "plane_replay"), 5);
	ck_assert_int_eq(number(o, "event_main_mode_established"), 1);
	ck_assert_int_eq(number(o, "event_quick_mode_established"), 1);
	json_decref(s);
}
END_TEST

START_TEST(event)
{
	struct action_event e = { .type = EVENT_NEGOTIATION_FAILED,
		.mm_id = 0xfffffff0u,
		.local = sim_endpoint(0, 1, 4, 500),
		.remote = sim_endpoint(1, 1, 4, 500) };
	json_t *j;

	strcpy(e.text, _i == 0 ? "the story" : "what a peer said: \xc3\x28");
	j = status_json_event(&e);
	assert_keys(j, event_keys);
	ck_assert_str_eq(text(j, "event"), "negotiation-failed");
	ck_assert_int_eq(number(j, "main_mode_id"), 0xfffffff0);
	if (_i == 0)
		ck_assert_str_eq(text(j, "text"), "the story");
	json_decref(j);
}
END_TEST

void
daemon_status_tests(Suite *s)
{
	TCase *t = tcase_create("status");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_yet);
	tcase_add_loop_test(t, main_mode, 0, 2);
	tcase_add_test(t, quick_mode);
	tcase_add_test(t, rekeys_are_counted);
	tcase_add_loop_test(t, dialect_of_a_peer, 0, 2);
	tcase_add_test(t, sockets);
	tcase_add_test(t, classes);
	tcase_add_loop_test(t, names_of_others, 0, 4);
	tcase_add_test(t, counters);
	tcase_add_loop_test(t, event, 0, 2);
	suite_add_tcase(s, t);
}
