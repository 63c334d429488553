/* Names in certificates, for people: bounded and printable whatever is in there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "daemon/auth_status.h"

void
auth_copy_printable(char *out, size_t cap, const char *p, size_t n)
{
	size_t len = n < cap ? n : cap - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?';
	out[len] = '\0';
	if (len < n && len >= 3)
		memcpy(out + len - 3, "...", 3);
}

void
auth_name_text(const X509_NAME *name, char *out, size_t cap)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n = 0;

	if (b != NULL && name != NULL &&
	    X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_get_mem_data(b, &p);
	auth_copy_printable(out, cap, p, n > 0 ? (size_t)n : 0);
	BIO_free(b);
}

/* Certificates of Windows machines often have their only name here. */
static void
dns_text(X509 *cert, char *out, size_t cap)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	snprintf(out, cap, "(no name)");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type != GEN_DNS || cap < sizeof("DNS:") ||
		    g->d.dNSName->length <= 0)
			continue;
		memcpy(out, "DNS:", 4);
		auth_copy_printable(out + 4, cap - 4,
		    (const char *)g->d.dNSName->data, (size_t)g->d.dNSName->length);
		break;
	}
	GENERAL_NAMES_free(names);
}

void
auth_subject_text(X509 *cert, char *out, size_t cap)
{
	auth_name_text(X509_get_subject_name(cert), out, cap);
	if (out[0] == '\0')
		dns_text(cert, out, cap);
}

void
auth_issuer_text(X509 *cert, char *out, size_t cap)
{
	auth_name_text(X509_get_issuer_name(cert), out, cap);
	if (out[0] == '\0')
		snprintf(out, cap, "(no name)");
}

char *
auth_subject_whole(X509 *cert)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL, *out = NULL;
	long n;

	if (b != NULL && X509_NAME_print_ex(b, X509_get_subject_name(cert), 0,
			     XN_FLAG_RFC2253) >= 0) {
		n = BIO_get_mem_data(b, &p);
		if ((out = calloc(1, (size_t)n + 1)) != NULL && n > 0)
			memcpy(out, p, (size_t)n);
	}
	BIO_free(b);
	return out;
}
