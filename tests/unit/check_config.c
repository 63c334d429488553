/* Configuration: defaults, and every option set and read. */
#include <config.h>

#include "tests/unit/check_config.h"
#include "tests/unit/run_suite.h"

#include <stdlib.h>
#include <string.h>

void
load_good(struct config *c, const char *text)
{
	struct config_error err;
	int rc = config_load_text(c, "test", text, false, &err);

	ck_assert_msg(rc == 0, "%s:%d: %s in:\n%s", err.file, err.line, err.text, text);
}

START_TEST(test_default_daemon)
{
	struct config c;

	config_set_default(&c);
	ck_assert_str_eq(c.user, AUTHIPD_USER);
	ck_assert_str_eq(c.gss_id, "");
	ck_assert_str_eq(c.trust_file, "/etc/ssl/certs/ca-certificates.crt");
	ck_assert_uint_eq(c.n_cert, 0);
	ck_assert_uint_eq(c.tls.n_crl, 0);
	ck_assert_uint_eq(c.tls.crl_strict, 0);
	ck_assert_uint_eq(c.tls.n_peer_name, 0);
	ck_assert_uint_eq(c.tls.n_eku, 0);
	ck_assert_uint_eq(c.key_log, 0);
	ck_assert_uint_eq(c.ike_port, 500);
	ck_assert_uint_eq(c.nat_port, 4500);
	ck_assert_uint_eq(c.mark_value, 1);
	ck_assert_uint_eq(c.mark_mask, 0x7ff00000);
	ck_assert_uint_eq(c.route_table, 52710);
	ck_assert_uint_eq(c.rule_priority, 5270);
	ck_assert_uint_eq(c.replay_window, 1024);
	ck_assert_uint_eq(c.limits.mm_sa_per_peer, 20);
	ck_assert_uint_eq(c.limits.negotiations_per_peer, 35);
	ck_assert_uint_eq(c.limits.quick_modes_per_peer, 4096);
	ck_assert_uint_eq(c.limits.mm_sa_total, 100000);
	ck_assert_uint_eq(c.limits.sockets_per_user, 1024);
	ck_assert_uint_eq(c.limits.first_messages, 50);
	ck_assert_uint_eq(c.limits.half_open_enter, 500);
	ck_assert_uint_eq(c.limits.half_open_leave, 100);
	ck_assert_uint_eq(c.fragment_size, 0);
	ck_assert_uint_eq(c.limits.held_packets_per_flow, 16);
}
END_TEST

START_TEST(test_default_dialect)
{
	struct config c;
	size_t n;
	const struct dialect_knob *k = dialect_knobs(&n);

	config_set_default(&c);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(dialect_value(&c.dialect, &k[i]) == k[i].def, "%s", k[i].name);
	ck_assert_uint_eq(c.dialect.retransmit_max, 4);
	ck_assert_uint_eq(c.dialect.retransmit_max_first, 3);
	ck_assert_uint_eq(c.dialect.retransmit_first_ms, 2000);
	ck_assert_uint_eq(c.dialect.responder_timeout_s, 60);
	ck_assert_uint_eq(c.dialect.dialect_tries, 6);
	ck_assert_uint_eq(c.dialect.nonce_len, 32);
	ck_assert_uint_eq(c.dialect.vendor_version, 9);
	ck_assert_int_eq(c.dialect.kdf_nonce, KDF_NONCE_BODY);
	ck_assert_int_eq(c.dialect.tls_client_cert, TLS_CLIENT_CERT_REQUIRED);
}
END_TEST

START_TEST(test_empty_is_default)
{
	static const char *const empty[] = { "", "\n", "# only a comment", "/* a\n b */\r\n",
		"\xef\xbb\xbf", "// x\n", "limits { }\nplane {}\ndialect{}\ndefault_policy { }",
		"default_policy { extended_mode { } }" };
	struct config c, standard;

	config_set_default(&standard);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		memset(&c, 0xff, sizeof(c));
		load_good(&c, empty[i]);
		ck_assert_mem_eq(&c, &standard, sizeof(c));
	}
}
END_TEST

START_TEST(test_daemon_options)
{
	struct config c;

	load_good(&c,
	    "user = \"nobody\" # who\n"
	    "gss_id = 'host/server.example'\n"
	    "trust = /etc/ssl/own.pem\n"
	    "ike_port = 5500\r\n"
	    "limits { main_modes_per_peer = 2 negotiations_per_peer = 3\n"
	    "quick_modes_per_peer = 5\n"
	    "  main_modes_total = 4 sockets_per_user = 5\n"
	    "  first_messages_per_second_per_peer = 8 half_open_enter = 10\n"
	    "  half_open_leave = 9 }\n"
	    "fragment_size = 1400\n"
	    "plane { mark_value = 2 mark_mask = 0xff00 route_table = 6 rule_priority = 7\n"
	    "  replay_window = 64 held_packets = 0 }\n"
	    "credentials { certificate = \"/a.pem\" key = \"/a.key\" }\n"
	    "credentials { key = \"/b.key\" certificate = \"/b.pem\" }");
	ck_assert_str_eq(c.user, "nobody");
	ck_assert_str_eq(c.gss_id, "host/server.example");
	ck_assert_str_eq(c.trust_file, "/etc/ssl/own.pem");
	ck_assert_uint_eq(c.ike_port, 5500);
	ck_assert_uint_eq(c.limits.mm_sa_per_peer, 2);
	ck_assert_uint_eq(c.limits.negotiations_per_peer, 3);
	ck_assert_uint_eq(c.limits.quick_modes_per_peer, 5);
	ck_assert_uint_eq(c.limits.mm_sa_total, 4);
	ck_assert_uint_eq(c.limits.sockets_per_user, 5);
	ck_assert_uint_eq(c.limits.first_messages, 8);
	ck_assert_uint_eq(c.limits.half_open_enter, 10);
	ck_assert_uint_eq(c.limits.half_open_leave, 9);
	ck_assert_uint_eq(c.fragment_size, 1400);
	ck_assert_uint_eq(c.mark_value, 2);
	ck_assert_uint_eq(c.mark_mask, 0xff00);
	ck_assert_uint_eq(c.route_table, 6);
	ck_assert_uint_eq(c.rule_priority, 7);
	ck_assert_uint_eq(c.replay_window, 64);
	ck_assert_uint_eq(c.limits.held_packets_per_flow, 0);
	ck_assert_uint_eq(c.n_cert, 2);
	ck_assert_str_eq(c.cert[0].certificate, "/a.pem");
	ck_assert_str_eq(c.cert[0].key, "/a.key");
	ck_assert_str_eq(c.cert[1].certificate, "/b.pem");
	ck_assert_str_eq(c.cert[1].key, "/b.key");
}
END_TEST

START_TEST(test_tls_options)
{
	struct config c;

	load_good(&c,
	    "tls { crl = { /a.crl, \"/b.crl\" } crl_strict = true\n"
	    "  peer_names = { \"*.example.com\", 'CN=host-b,*' }\n"
	    "  eku = { 1.3.6.1.5.5.8.2.2, serverAuth, clientAuth, ipsecIKE,\n"
	    "    ipsecIntermediate, 2.999.0, 1.39 } }");
	ck_assert_uint_eq(c.tls.n_crl, 2);
	ck_assert_str_eq(c.tls.crl[0], "/a.crl");
	ck_assert_str_eq(c.tls.crl[1], "/b.crl");
	ck_assert_uint_eq(c.tls.crl_strict, 1);
	ck_assert_uint_eq(c.tls.n_peer_name, 2);
	ck_assert_str_eq(c.tls.peer_name[0], "*.example.com");
	ck_assert_str_eq(c.tls.peer_name[1], "CN=host-b,*");
	ck_assert_uint_eq(c.tls.n_eku, 7);
	ck_assert_str_eq(c.tls.eku[0], "1.3.6.1.5.5.8.2.2");
	ck_assert_str_eq(c.tls.eku[1], "1.3.6.1.5.5.7.3.1");
	ck_assert_str_eq(c.tls.eku[2], "1.3.6.1.5.5.7.3.2");
	ck_assert_str_eq(c.tls.eku[3], "1.3.6.1.5.5.7.3.17");
	ck_assert_str_eq(c.tls.eku[4], c.tls.eku[0]);
	ck_assert_str_eq(c.tls.eku[5], "2.999.0");
	load_good(&c, "tls { crl_strict = false }");
	ck_assert_uint_eq(c.tls.crl_strict, 0);
}
END_TEST

/* Loads a file that sets one knob to one value; all other knobs keep their default. */
static void
check_knob_value(const struct dialect_knob *knob, uint32_t value)
{
	struct config c;
	char text[128];
	size_t n;
	const struct dialect_knob *k = dialect_knobs(&n);

	if (knob->word != NULL)
		snprintf(text, sizeof(text), "dialect { %s = \"%s\" }", knob->name,
		    knob->word[value]);
	else
		snprintf(text, sizeof(text), "dialect { %s = %u }", knob->name, value);
	load_good(&c, text);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(dialect_value(&c.dialect, &k[i]) ==
			(&k[i] == knob ? value : k[i].def), "%s, then %s", text, k[i].name);
}

static const struct dialect_knob *
find_knob(const char *name)
{
	size_t n;
	const struct dialect_knob *k = dialect_knobs(&n);

	while (n > 0 && strcmp(k->name, name) != 0)
		k++, n--;
	ck_assert_uint_gt(n, 0);
	return k;
}

START_TEST(test_every_knob)
{
	size_t n;
	const struct dialect_knob *k = dialect_knobs(&n);

	ck_assert_uint_eq(n * sizeof(uint32_t), sizeof(struct dialect));
	for (size_t i = 0; i < n; i++) {
		check_knob_value(&k[i], k[i].low);
		check_knob_value(&k[i], k[i].high);
		for (uint32_t v = k[i].low; k[i].word != NULL && v <= k[i].high; v++)
			check_knob_value(&k[i], v);
	}
}
END_TEST

START_TEST(test_dialect_set)
{
	struct dialect d = DIALECT_DEFAULT, before = d;
	char text[128];

	ck_assert(!dialect_set(&d, find_knob("retransmit_max"), "8"));
	ck_assert(!dialect_set(&d, find_knob("nonce_len"), "-1"));
	ck_assert(!dialect_set(&d, find_knob("kdf_nonce"), "bodies"));
	ck_assert(!dialect_set(&d, find_knob("kdf_nonce"), "0"));
	ck_assert_mem_eq(&d, &before, sizeof(d));
	ck_assert(dialect_set(&d, find_knob("icv_len"), "12"));
	ck_assert_int_eq(d.icv_len, ICV_LEN_12);
	dialect_describe(find_knob("kdf_nonce"), text, sizeof(text));
	ck_assert_str_eq(text, "body, payload");
	dialect_describe(find_knob("retransmit_max"), text, sizeof(text));
	ck_assert_str_eq(text, "0 to 7");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("options");

	tcase_add_test(t, test_default_daemon);
	tcase_add_test(t, test_default_dialect);
	tcase_add_test(t, test_empty_is_default);
	tcase_add_test(t, test_daemon_options);
	tcase_add_test(t, test_tls_options);
	tcase_add_test(t, test_every_knob);
	tcase_add_test(t, test_dialect_set);
	suite_add_tcase(s, t);
	suite_add_tcase(s, tcase_config_policy());
	suite_add_tcase(s, tcase_config_errors());
	suite_add_tcase(s, tcase_config_files());
	suite_add_tcase(s, tcase_config_identity());
	suite_add_tcase(s, tcase_config_rule());
	return run_suite(s);
}
