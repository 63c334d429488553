/* Identities of main mode and what a certificate says about them (RFC 2407 4.6.2, RFC 4945 3). */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "daemon/auth_v1.h"

#define ID_HEADER_BYTES 4

/* X(id, number, name, GENERAL_NAME type that vouches for it, or -1) */
#define ID_TYPES(X)                            \
	X(ID_IPV4, 1, "address ", GEN_IPADD)   \
	X(ID_FQDN, 2, "name ", GEN_DNS)        \
	X(ID_USER_FQDN, 3, "user ", GEN_EMAIL) \
	X(ID_IPV6, 5, "address ", GEN_IPADD)   \
	X(ID_DER_DN, 9, "", -1)

enum id_type {
#define X(id, number, name, general) id = number,
	ID_TYPES(X)
#undef X
};

static const struct {
	uint8_t type;
	const char *name;
	int general;
} id_table[] = {
#define X(id, number, name, general) { number, name, general },
	ID_TYPES(X)
#undef X
};
#define ID_TYPE_COUNT (sizeof(id_table) / sizeof(id_table[0]))

/* The bytes of an alternative name, or none. */
static struct span
general_bytes(const GENERAL_NAME *g)
{
	const ASN1_STRING *s = NULL;

	if (g->type == GEN_DNS || g->type == GEN_EMAIL)
		s = g->d.ia5;
	else if (g->type == GEN_IPADD)
		s = g->d.iPAddress;
	return s == NULL || ASN1_STRING_length(s) <= 0 ?
		   SPAN_NONE :
		   span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* Letters match in both cases; no wildcards, no bytes that do not print. */
static bool
same_text(struct span a, struct span b)
{
	if (a.n != b.n || a.n == 0)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] <= ' ' || a.p[i] >= 0x7f || b.p[i] >= 0x7f)
			return false;
	return strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0;
}

static bool
alternative_fits(X509 *cert, int general, struct span data)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool ok = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !ok; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		struct span have = general_bytes(g);

		if (g->type != general)
			continue;
		if (general == GEN_IPADD)
			ok = have.n == data.n && memcmp(have.p, data.p, data.n) == 0;
		else
			ok = same_text(data, have);
	}
	GENERAL_NAMES_free(names);
	return ok;
}

/* An empty name is that of a certificate without a subject: its alternative names tell who. */
static bool
subject_fits(X509 *cert, struct span der, char *text, size_t cap)
{
	const uint8_t *p = der.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.n);
	bool ok = name != NULL && p == der.p + der.n;

	if (ok && X509_NAME_entry_count(name) > 0)
		auth_name_text(name, text, cap);
	else
		snprintf(text, cap, ok ? "(no subject)" : "(not a distinguished name)");
	ok = ok && X509_NAME_cmp(name, X509_get_subject_name(cert)) == 0;
	X509_NAME_free(name);
	ERR_clear_error();
	return ok;
}

static void
id_text(const char *name, int general, struct span data, char *text, size_t cap)
{
	char host[INET6_ADDRSTRLEN] = "?", printable[128];

	if (general == GEN_IPADD) {
		(void)inet_ntop(
		    data.n == 4 ? AF_INET : AF_INET6, data.p, host, sizeof(host));
		snprintf(text, cap, "%s%s", name, host);
		return;
	}
	auth_copy_printable(printable, sizeof(printable), (const char *)data.p, data.n);
	snprintf(text, cap, "%s%s", name, printable);
}

bool
v1_id_fits(X509 *cert, struct span id, char *text, size_t cap)
{
	struct span data;

	snprintf(text, cap, "(none)");
	if (id.n <= ID_HEADER_BYTES)
		return false;
	data = span_of(id.p + ID_HEADER_BYTES, id.n - ID_HEADER_BYTES);
	if (id.p[0] == ID_DER_DN)
		return subject_fits(cert, data, text, cap);
	snprintf(text, cap, "(identity of type %u)", id.p[0]);
	if ((id.p[0] == ID_IPV4 && data.n != 4) || (id.p[0] == ID_IPV6 && data.n != 16))
		return false;
	for (size_t i = 0; i < ID_TYPE_COUNT; i++)
		if (id_table[i].type == id.p[0]) {
			id_text(id_table[i].name, id_table[i].general, data, text, cap);
			return alternative_fits(cert, id_table[i].general, data);
		}
	return false;
}

/* Without a subject: the first DNS name. */
static struct span
first_dns(const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (sk_GENERAL_NAME_value(names, i)->type == GEN_DNS)
			return general_bytes(sk_GENERAL_NAME_value(names, i));
	return SPAN_NONE;
}

size_t
v1_id_own(X509 *cert, uint8_t *out, size_t cap)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	GENERAL_NAMES *names = NULL;
	uint8_t *der = NULL;
	struct span data = SPAN_NONE;
	int n;

	memset(out, 0, ID_HEADER_BYTES);
	if (X509_NAME_entry_count(subject) > 0) {
		out[0] = ID_DER_DN;
		n = i2d_X509_NAME(subject, &der);
		data = span_of(der, n > 0 ? (size_t)n : 0);
	} else {
		out[0] = ID_FQDN;
		names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
		data = first_dns(names);
	}
	if (data.n == 0 || data.n > cap - ID_HEADER_BYTES)
		data.n = 0;
	else
		memcpy(out + ID_HEADER_BYTES, data.p, data.n);
	OPENSSL_free(der);
	GENERAL_NAMES_free(names);
	return data.n > 0 ? ID_HEADER_BYTES + data.n : 0;
}
