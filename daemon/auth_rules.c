/* The rules of the section tls about names and usages in a peer's certificate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "config/glob.h"
#include "daemon/auth_tls_ssl.h"

#define OID_TEXT_MAX 128
/* A longer subject matches nothing: bounds the work of a pattern. */
#define SUBJECT_MAX 2048

/* Patterns with "=" are about subjects, others about DNS names. */
static bool
matches(const struct config_tls *rules, const char *text, bool is_subject)
{
	for (uint32_t i = 0; i < rules->n_peer_name; i++)
		if ((strchr(rules->peer_name[i], '=') != NULL) == is_subject &&
		    glob_matches(rules->peer_name[i], text, true))
			return true;
	return false;
}

void
auth_list_add(char *out, size_t cap, const char *prefix, const char *text)
{
	size_t len = strlen(out);
	char item[2 * CONFIG_NAME_MAX];

	snprintf(
	    item, sizeof(item), "%s%s%.300s", len > 0 ? ", " : "", prefix, text);
	auth_copy_printable(out + len, cap - len, item, strlen(item));
	if (strlen(out) == cap - 1)
		memcpy(out + cap - 4, "...", 3);
}

bool
auth_dns_name(const GENERAL_NAME *g, char out[AUTH_DNS_NAME_MAX + 1])
{
	size_t n;

	if (g->type != GEN_DNS || g->d.dNSName->length <= 0 ||
	    g->d.dNSName->length > AUTH_DNS_NAME_MAX)
		return false;
	n = (size_t)g->d.dNSName->length;
	for (size_t i = 0; i < n; i++)
		if (g->d.dNSName->data[i] <= ' ' || g->d.dNSName->data[i] >= 0x7f)
			return false;
	memcpy(out, g->d.dNSName->data, n);
	out[n] = '\0';
	return true;
}

static bool
dns_names_match(const struct config_tls *rules, X509 *cert, struct auth_bad_cert *bad)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char name[AUTH_DNS_NAME_MAX + 1];
	bool ok = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !ok; i++) {
		if (!auth_dns_name(sk_GENERAL_NAME_value(names, i), name))
			continue;
		auth_list_add(bad->found, sizeof(bad->found), "DNS:", name);
		ok = matches(rules, name, false);
	}
	GENERAL_NAMES_free(names);
	return ok;
}

static bool
subject_matches(const struct config_tls *rules, X509 *cert, struct auth_bad_cert *bad)
{
	char *subject = auth_subject_whole(cert);
	bool ok;

	if (subject == NULL)
		return false;
	if (subject[0] != '\0')
		auth_list_add(bad->found, sizeof(bad->found), "", subject);
	ok = strlen(subject) <= SUBJECT_MAX && matches(rules, subject, true);
	free(subject);
	return ok;
}

static bool
names_fit(const struct config_tls *rules, X509 *cert, struct auth_bad_cert *bad)
{
	if (rules->n_peer_name == 0 || subject_matches(rules, cert, bad) ||
	    dns_names_match(rules, cert, bad))
		return true;
	bad->rule = RULE_PEER_NAMES;
	if (bad->found[0] == '\0')
		auth_list_add(bad->found, sizeof(bad->found), "", "(no name)");
	for (uint32_t i = 0; i < rules->n_peer_name; i++)
		auth_list_add(
		    bad->wanted, sizeof(bad->wanted), "", rules->peer_name[i]);
	return false;
}

static bool
usage_matches(const struct config_tls *rules, const ASN1_OBJECT *usage)
{
	char oid[OID_TEXT_MAX];
	int n = OBJ_obj2txt(oid, sizeof(oid), usage, 1);

	if (n <= 0 || (size_t)n >= sizeof(oid))
		return false;
	for (uint32_t i = 0; i < rules->n_eku; i++)
		if (strcmp(rules->eku[i], oid) == 0)
			return true;
	return false;
}

/* The short name, or the numbers. */
static void
usage_add(char *out, size_t cap, const ASN1_OBJECT *usage)
{
	char oid[OID_TEXT_MAX] = "";
	int nid = usage == NULL ? NID_undef : OBJ_obj2nid(usage);

	if (nid == NID_undef)
		OBJ_obj2txt(oid, sizeof(oid), usage, 1);
	auth_list_add(out, cap, "", nid == NID_undef ? oid : OBJ_nid2sn(nid));
}

static void
list_wanted_usages(const struct config_tls *rules, struct auth_bad_cert *bad)
{
	for (uint32_t i = 0; i < rules->n_eku; i++) {
		ASN1_OBJECT *o = OBJ_txt2obj(rules->eku[i], 1);

		if (o != NULL)
			usage_add(bad->wanted, sizeof(bad->wanted), o);
		ASN1_OBJECT_free(o);
	}
}

static bool
usages_fit(const struct config_tls *rules, X509 *cert, struct auth_bad_cert *bad)
{
	EXTENDED_KEY_USAGE *eku;
	bool ok = false;

	if (rules->n_eku == 0)
		return true;
	eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku) && !ok; i++) {
		ok = usage_matches(rules, sk_ASN1_OBJECT_value(eku, i));
		usage_add(
		    bad->found, sizeof(bad->found), sk_ASN1_OBJECT_value(eku, i));
	}
	EXTENDED_KEY_USAGE_free(eku);
	if (ok)
		return true;
	bad->rule = RULE_EKU;
	if (bad->found[0] == '\0')
		auth_list_add(bad->found, sizeof(bad->found), "", "none");
	list_wanted_usages(rules, bad);
	return false;
}

bool
auth_rules_need_cert(const struct config_tls *rules)
{
	return rules->n_peer_name > 0 || rules->n_eku > 0;
}

bool
auth_rules_check(const struct config_tls *rules, X509 *cert, struct auth_bad_cert *bad)
{
	bad->rule = RULE_NONE;
	bad->found[0] = bad->wanted[0] = '\0';
	if (!names_fit(rules, cert, bad))
		return false;
	bad->found[0] = bad->wanted[0] = '\0';
	return usages_fit(rules, cert, bad);
}
