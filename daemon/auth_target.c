/*
 * Is a peer the one that a program named with WSASetSocketPeerTargetName()? The name is a
 * service principal ("host/server.example.com"), a DNS name, or with "=" in it the subject
 * of a certificate.
 */
#include "daemon/auth_target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/target.h"
#include "daemon/auth_tls_ssl.h"
#include "daemon/log.h"

/* The host of a service principal (SERVICE/HOST[:PORT][/NAME][@REALM]), or of a plain name. */
static struct span
host_of(const struct target *t)
{
	const char *slash = strchr(t->name, '/');
	const char *host = slash != NULL ? slash + 1 : t->name;

	if (t->is_raw)
		return span_of(t->name, strlen(t->name));
	return span_of(host, strcspn(host, ":/@"));
}

static bool
is_one_of(GENERAL_NAMES *names, struct span host, struct auth_bad_cert *bad)
{
	char name[AUTH_DNS_NAME_MAX + 1];

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (!auth_dns_name(sk_GENERAL_NAME_value(names, i), name))
			continue;
		auth_list_add(bad->found, sizeof(bad->found), "DNS:", name);
		if (strlen(name) == host.n &&
		    strncasecmp(name, (const char *)host.p, host.n) == 0)
			return true;
	}
	return false;
}

/* No wildcards: whoever sets a target name wants this one and no other. */
static bool
has_dns_name(const struct target *t, X509 *cert, struct auth_bad_cert *bad)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct span host = host_of(t);
	bool ok = host.n > 0 && is_one_of(names, host, bad);

	GENERAL_NAMES_free(names);
	return ok;
}

static bool
has_subject(const char *target, X509 *cert, struct auth_bad_cert *bad)
{
	char *subject = auth_subject_whole(cert);
	bool ok = subject != NULL && strcasecmp(subject, target) == 0;

	if (subject != NULL && subject[0] != '\0')
		auth_list_add(bad->found, sizeof(bad->found), "", subject);
	free(subject);
	return ok;
}

static bool
is_of_target(const struct target *t, X509 *cert, struct auth_bad_cert *bad)
{
	if (t->is_raw)
		return has_subject(t->name, cert, bad) || has_dns_name(t, cert, bad);
	return strchr(t->name, '=') != NULL ? has_subject(t->name, cert, bad) :
					      has_dns_name(t, cert, bad);
}

/* True: the program does not mind. */
static bool
is_tolerated(const struct target *t, const char *found)
{
	if (t->is_optional)
		log_warn("auth",
		    "the peer is %.79s, and the target name that the program set is "
		    "%.71s: taken, because the program says that the name is optional",
		    found, t->name);
	return t->is_optional;
}

bool
auth_target_check(const char *text, X509 *cert, struct auth_bad_cert *bad)
{
	struct target t = target_read(text);

	if (t.name[0] == '\0')
		return true;
	bad->found[0] = bad->wanted[0] = '\0';
	if (is_of_target(&t, cert, bad))
		return true;
	if (bad->found[0] == '\0')
		auth_list_add(
		    bad->found, sizeof(bad->found), "", "somebody without DNS name");
	if (is_tolerated(&t, bad->found))
		return true;
	auth_list_add(bad->wanted, sizeof(bad->wanted), "", t.name);
	bad->rule = RULE_TARGET_NAME;
	return false;
}

static bool
is_principal(const char *target, const char *name)
{
	size_t n = strcspn(target, "@"), name_n = strcspn(name, "@");

	/* Realms are compared only when both say theirs. */
	if (target[n] == '@' && name[name_n] == '@' &&
	    strcasecmp(target + n, name + name_n) != 0)
		return false;
	return n == name_n && strncasecmp(target, name, n) == 0;
}

bool
auth_target_is_principal(const char *text, const char *name)
{
	struct target t = target_read(text);

	return t.name[0] == '\0' ||
	       (t.is_raw ? strcmp(t.name, name) == 0 : is_principal(t.name, name)) ||
	       is_tolerated(&t, name);
}

const char *
auth_target_for_ticket(const char *text, const char *says)
{
	struct target t = target_read(text);

	return target_is_demanded(text) || says[0] == '\0' ? t.name : says;
}
