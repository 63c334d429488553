/* Hosts with certificates, and their conversations. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/auth_tls_ssl.h"
#include "tests/unit/auth_pki.h"
#include "tests/unit/check_auth.h"

static char dir[] = "/tmp/check_auth.XXXXXX";

/* One certificate by issuer, with its key and (unless NULL) a CA behind it. */
static void
write_host(const char *file, const struct pki_wish *w, const struct pki_cert *issuer,
    const struct pki_cert *chain)
{
	struct pki_cert c = pki_make(w, issuer);

	pki_write_certs(dir, file, &c, chain, NULL);
	pki_write_key(dir, file, &c, NULL);
	pki_free(&c);
}

static void
write_odd_hosts(const struct pki_cert *ca)
{
	struct pki_cert inter =
	    pki_make(&(struct pki_wish){ .cn = "inter", .is_ca = true }, ca);
	struct pki_cert locked = pki_make(&(struct pki_wish){ .cn = "locked" }, ca);

	write_host("chain", &(struct pki_wish){ .cn = "chain" }, &inter, &inter);
	write_host("nochain", &(struct pki_wish){ .cn = "nochain" }, &inter, NULL);
	write_host("expired",
	    &(struct pki_wish){ .cn = "expired", .from_days = -9, .to_days = -2 }, ca,
	    NULL);
	write_host(
	    "future", &(struct pki_wish){ .cn = "future", .from_days = 3 }, ca, NULL);
	write_host("self", &(struct pki_wish){ .cn = "self" }, NULL, NULL);
	write_host(
	    "san", &(struct pki_wish){ .san = "critical,DNS:a.example" }, ca, NULL);
	write_host("mail", &(struct pki_wish){ .cn = "mail", .eku = "emailProtection" },
	    ca, NULL);
	write_host(
	    "evil", &(struct pki_wish){ .cn = "x\n\x1b[2J,CN=root\xc3\xa9" }, ca, NULL);
	pki_write_certs(dir, "locked", &locked, NULL);
	pki_write_key(dir, "locked", &locked, (char[]){ "secret" });
	pki_free(&inter);
	pki_free(&locked);
}

/* Hosts and CRLs for the rules of the section tls. */
static void
write_ruled_hosts(const struct pki_cert *ca1, const struct pki_cert *ca2)
{
	struct pki_cert revoked = pki_make(&(struct pki_wish){ .cn = "revoked" }, ca1);
	struct pki_cert inter =
	    pki_make(&(struct pki_wish){ .cn = "bad-ca", .is_ca = true }, ca1);
	struct pki_cert fake =
	    pki_make(&(struct pki_wish){ .cn = "ca1", .is_ca = true }, NULL);

	pki_write_certs(dir, "revoked", &revoked, NULL);
	pki_write_key(dir, "revoked", &revoked, NULL);
	write_host("under", &(struct pki_wish){ .cn = "under" }, &inter, &inter);
	write_host("web",
	    &(struct pki_wish){ .cn = "host-b",
		.o = "Example",
		.san = "DNS:other.test,DNS:Web.example.com",
		.eku = "serverAuth,clientAuth" },
	    ca1, NULL);
	write_host("comma", &(struct pki_wish){ .cn = "x,O=Example", .o = "Evil" }, ca1,
	    NULL);
	write_host("ipsec",
	    &(struct pki_wish){
		.cn = "ipsec", .eku = "serverAuth,clientAuth,1.3.6.1.5.5.8.2.2" },
	    ca1, NULL);
	pki_add_crl(dir, "crl1", ca1, &revoked, 9);
	pki_add_crl(dir, "crl2", ca2, NULL, 9);
	pki_add_crl(dir, "crls", ca1, &revoked, 9);
	pki_add_crl(dir, "crls", ca2, NULL, 9);
	pki_add_crl(dir, "crl-ca", ca1, &inter, 9);
	pki_add_crl(dir, "crl-old", ca1, NULL, -3);
	pki_add_crl(dir, "crl-fake", &fake, &revoked, 9);
	pki_free(&revoked);
	pki_free(&inter);
	pki_free(&fake);
}

/* Hosts for IKEv1: names of every kind, curves, and keys that are not for signatures. */
static void
write_v1_hosts(const struct pki_cert *ca)
{
	write_host("p384", &(struct pki_wish){ .cn = "p384", .is_p384 = true }, ca, NULL);
	write_host("nameless", &(struct pki_wish){ .san = "DNS:host.example" }, ca, NULL);
	write_host("names",
	    &(struct pki_wish){ .cn = "names",
		.san = "DNS:host.example,email:joe@host.example,IP:192.0.2.7,"
		       "IP:2001:db8::7,DNS:*.wild.example" },
	    ca, NULL);
	write_host("crypt",
	    &(struct pki_wish){ .cn = "crypt", .usage = "critical,keyEncipherment" }, ca,
	    NULL);
	write_host("small", &(struct pki_wish){ .cn = "small", .rsa_bits = 1024 }, ca, NULL);
}

void
pki_begin(void)
{
	struct pki_cert ca1, ca2;

	if (mkdtemp(dir) == NULL)
		abort();
	ca1 = pki_make(&(struct pki_wish){ .cn = "ca1", .is_ca = true }, NULL);
	ca2 = pki_make(
	    &(struct pki_wish){ .cn = "ca2", .is_ca = true, .is_ec = true }, NULL);
	pki_write_certs(dir, "ca1", &ca1, NULL);
	pki_write_certs(dir, "ca2", &ca2, NULL);
	pki_write_certs(dir, "both", &ca1, &ca2, NULL);
	write_host("rsa1", &(struct pki_wish){ .cn = "rsa1" }, &ca1, NULL);
	write_host("ec1", &(struct pki_wish){ .cn = "ec1", .is_ec = true }, &ca1, NULL);
	write_host("rsa2", &(struct pki_wish){ .cn = "rsa2" }, &ca2, NULL);
	write_host("ec2", &(struct pki_wish){ .cn = "ec2", .is_ec = true }, &ca2, NULL);
	write_odd_hosts(&ca1);
	write_ruled_hosts(&ca1, &ca2);
	write_v1_hosts(&ca1);
	pki_free(&ca1);
	pki_free(&ca2);
}

const char *
pki_path(const char *name, const char *suffix)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);
	return path;
}

void
pki_end(void)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

void
side_init(struct side *s, const char *trust, const char *cert)
{
	static const struct dialect d = DIALECT_DEFAULT;

	memset(s, 0, sizeof(*s));
	s->c.dialect = d;
	snprintf(s->c.trust_file, sizeof(s->c.trust_file), "%s/%s.pem", dir, trust);
	if (cert != NULL)
		side_add_cert(s, cert);
}

void
side_add_cert(struct side *s, const char *cert)
{
	struct config_cert *c = &s->c.cert[s->c.n_cert++];

	snprintf(c->certificate, sizeof(c->certificate), "%s/%s.pem", dir, cert);
	snprintf(c->key, sizeof(c->key), "%s/%s.key", dir, cert);
}

void
side_add_crl(struct side *s, const char *crl)
{
	char *path = s->c.tls.crl[s->c.tls.n_crl++];

	snprintf(path, sizeof(s->c.tls.crl[0]), "%s/%s.pem", dir, crl);
}

void
side_open(struct side *s)
{
	char err[600] = "";

	s->tls = auth_tls_new(&s->c, err, sizeof(err));
	ck_assert_msg(s->tls != NULL, "%s", err);
}

void
side_name_authorities(struct side *s, const char *ca)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.pem", dir, ca != NULL ? ca : "");
	for (uint32_t i = 0; i < s->tls->n_cert; i++)
		SSL_CTX_set_client_CA_list(s->tls->ctx[i],
		    ca != NULL ? SSL_load_client_CA_file(path) : NULL);
}

void
side_close(struct side *s)
{
	auth_tls_free(s->tls);
	s->tls = NULL;
}

void
talk_begin(struct talk *t, const struct side *initiator, const struct side *responder,
    uint32_t credential)
{
	memset(t, 0, sizeof(*t));
	t->d[0] = auth_dialogue_new(initiator->tls, true, credential);
	t->d[1] = auth_dialogue_new(responder->tls, false, credential);
	ck_assert(t->d[0] != NULL && t->d[1] != NULL);
	auth_dialogue_step(t->d[0], SPAN_NONE, &t->r[0]);
}

/* Hands the last token of one side to the other, in memory of exactly its size. */
static void
pass_on(struct talk *t, int from)
{
	struct span token = t->r[from].token;
	uint8_t *copy = malloc(token.n > 0 ? token.n : 1);
	size_t n = token.n;

	ck_assert(copy != NULL);
	if (n > 0)
		memcpy(copy, token.p, n);
	t->r[from].token = SPAN_NONE;
	if (t->tamper != NULL && t->flights == t->tamper_flight) {
		t->tamper_n = n;
		t->tamper(t, copy, &n);
		copy = realloc(copy, n > 0 ? n : 1);
	}
	auth_dialogue_step(t->d[!from], span_of(copy, n), &t->r[!from]);
	t->flights++;
	free(copy);
}

bool
talk_run(struct talk *t)
{
	for (int from = 0; t->r[from].status != AUTH_FAILED; from = !from) {
		ck_assert_int_lt(t->flights, 10);
		if (t->r[0].status == AUTH_DONE && t->r[1].status == AUTH_DONE)
			return true;
		ck_assert_uint_gt(t->r[from].token.n, 0);
		pass_on(t, from);
	}
	return false;
}

void
talk_end(struct talk *t)
{
	auth_dialogue_free(t->d[0]);
	auth_dialogue_free(t->d[1]);
}

void
talk_expect_secret(const struct talk *t, size_t n)
{
	ck_assert_uint_eq(t->r[0].secret.n, n);
	ck_assert_uint_eq(t->r[1].secret.n, n);
	ck_assert_mem_eq(t->r[0].secret.b, t->r[1].secret.b, n);
}

void
talk_expect_failure(
    const struct talk *t, int i, uint32_t status, const char *text, const char *hint)
{
	const struct engine_auth_reply *r = &t->r[i];

	ck_assert_uint_eq(r->status, AUTH_FAILED);
	ck_assert_msg(r->gss_status == status, "0x%08x: %s", r->gss_status, r->text);
	ck_assert_msg(
	    strstr(r->text, text) != NULL, "\"%s\" not in: %s", text, r->text);
	ck_assert_msg(
	    strstr(r->text, hint) != NULL, "\"%s\" not in: %s", hint, r->text);
	ck_assert_uint_eq(r->token.n, 0);
	ck_assert_uint_eq(r->secret.n, 0);
	ck_assert_str_eq(r->peer_name, "");
}
