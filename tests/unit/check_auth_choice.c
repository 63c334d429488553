/* What is read at start, one-way TLS with rules, and the order of own certificates. */
#include <stdio.h>
#include <string.h>

#include "daemon/auth_method.h"
#include "tests/unit/check_auth.h"

/* a is the initiator. */
static struct side a, b;
static struct talk t;

static void
end(void)
{
	talk_end(&t);
	side_close(&a);
	side_close(&b);
}

START_TEST(lists_are_read_at_start)
{
	char err[600] = "";

	side_init(&a, "both", "rsa1");
	side_add_crl(&a, "crls");
	side_add_crl(&a, "crl-ca");
	side_open(&a);
	ck_assert_uint_eq(auth_tls_count_crls(a.tls), 3);
	ck_assert_uint_eq(auth_tls_count_trusted(a.tls), 2);
	side_close(&a);
	side_add_crl(&a, "no-such-list");
	ck_assert_ptr_null(auth_tls_new(&a.c, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "cannot read revocation lists from /tmp/"));
	ck_assert_ptr_nonnull(strstr(err, "no-such-list.pem: "));
	ck_assert_ptr_nonnull(strstr(err, "No such file"));
	a.c.tls.n_crl = 0;
	side_add_crl(&a, "ca1"); /* a certificate */
	ck_assert_ptr_null(auth_tls_new(&a.c, err, sizeof(err)));
	ck_assert_msg(strstr(err, "ca1.pem: ") != NULL, "%s", err);
}
END_TEST

static char told[2000];

static void
tell(const char *line)
{
	snprintf(told, sizeof(told), "%s", line);
}

/* What peers find wrong with the certificate of this host; NULL: nothing. */
static const struct {
	const char *trust, *cert, *crl, *says;
} own_table[] = {
	{ "both", "rsa1", NULL, NULL },
	{ "both", "chain", NULL, NULL },
	{ "both", "nochain", NULL,
	    "CN=nochain is issued by CN=inter, which is neither in that file nor in" },
	{ "ca2", "rsa1", NULL, "issued by CN=ca1, which is neither in that file" },
	{ "both", "expired", NULL, "expired.pem has expired, on 20" },
	{ "both", "future", NULL, "future.pem is not valid before 20" },
	{ "both", "self", NULL, NULL },
	{ "both", "revoked", "crl1", "refuses CN=revoked: certificate revoked" },
	{ "both", "revoked", NULL, NULL },
};

START_TEST(own_certificates)
{
	char err[800] = "";

	side_init(&a, own_table[_i].trust, own_table[_i].cert);
	if (own_table[_i].crl != NULL)
		side_add_crl(&a, own_table[_i].crl);
	strcpy(a.c.tls.peer_name[0], "nobody"); /* a rule for peers */
	a.c.tls.n_peer_name = 1;
	told[0] = '\0';
	ck_assert_msg(auth_methods_check(&a.c, tell, err, sizeof(err)), "%s", err);
	if (own_table[_i].says == NULL)
		ck_assert_str_eq(told, "");
	else
		ck_assert_msg(strstr(told, own_table[_i].says) != NULL, "%s", told);
}
END_TEST

/* One-way TLS: only without rules that nobody without certificate can meet. */
START_TEST(rules_want_a_client_certificate)
{
	struct side *s = _i == 0 ? &a : &b;

	side_init(&a, "both", NULL);
	side_init(&b, "both", "rsa1");
	a.c.dialect.tls_client_cert = b.c.dialect.tls_client_cert =
	    TLS_CLIENT_CERT_OPTIONAL;
	snprintf(s->c.tls.peer_name[0], sizeof(s->c.tls.peer_name[0]), "CN=*");
	s->c.tls.n_peer_name = 1;
	side_open(&a);
	side_open(&b);
	talk_begin(&t, &a, &b, 0);
	ck_assert(talk_run(&t) == (_i == 0));
	if (_i == 0)
		ck_assert_str_eq(t.r[1].peer_name, "(peer without certificate)");
	else
		talk_expect_failure(&t, 1, SEC_E_NO_CREDENTIALS,
		    "peer did not return a certificate", "without `peer_names`");
	end();
}
END_TEST

/* Certificates "rsa2", "ec1" and "chain", by the authorities that the peer names. */
static const struct {
	const char *ca; /* NULL: it names none */
	const char *order[3];
} order_table[] = {
	{ NULL, { "CN=rsa2", "CN=ec1", "CN=chain" } },
	{ "ca1", { "CN=ec1", "CN=chain", "CN=rsa2" } },
	{ "ca2", { "CN=rsa2", "CN=ec1", "CN=chain" } },
	{ "both", { "CN=rsa2", "CN=ec1", "CN=chain" } },
	{ "self", { "CN=rsa2", "CN=ec1", "CN=chain" } },
};

START_TEST(own_certificates_in_turn)
{
	for (uint32_t i = 0; i < 3; i++) {
		side_init(&a, "both", "rsa2");
		side_add_cert(&a, "ec1");
		side_add_cert(&a, "chain");
		side_init(&b, "both", "rsa1");
		side_open(&a);
		side_open(&b);
		side_name_authorities(&b, order_table[_i].ca);
		talk_begin(&t, &a, &b, i);
		ck_assert(talk_run(&t));
		ck_assert_str_eq(t.r[1].peer_name, order_table[_i].order[i]);
		end();
	}
}
END_TEST

/* No attempt is lost: the responder says whom it trusts. */
START_TEST(trusted_authorities_are_named)
{
	side_init(&a, "both", "rsa2");
	side_add_cert(&a, "ec1");
	side_init(&b, "ca1", "rsa1");
	side_open(&a);
	side_open(&b);
	talk_begin(&t, &a, &b, 0);
	ck_assert(talk_run(&t));
	ck_assert_str_eq(t.r[1].peer_name, "CN=ec1");
	end();
}
END_TEST

TCase *
auth_choice_cases(void)
{
	TCase *c = tcase_create("choice");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, lists_are_read_at_start);
	tcase_add_loop_test(c, rules_want_a_client_certificate, 0, 2);
	tcase_add_test(c, trusted_authorities_are_named);
	tcase_add_loop_test(
	    c, own_certificates, 0, (int)(sizeof(own_table) / sizeof(own_table[0])));
	tcase_add_loop_test(c, own_certificates_in_turn, 0,
	    (int)(sizeof(order_table) / sizeof(order_table[0])));
	return c;
}
