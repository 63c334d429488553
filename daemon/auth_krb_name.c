/* Names of peers: what a GSS_ID may look like, and who is let in. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"
#include "daemon/auth_status.h"

/* Machines: by service name, and by account in Active Directory. */
static const char *const machine_names[] = { "host/?*", "HOST/?*", "?*$" };

/* Letters that no library reads as something else (escapes, separators, wildcards). */
#define NAME_LETTERS                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789-._/$:"

static bool
realm_allowed(const struct auth_krb *k, const char *realm)
{
	const struct config_kerberos *c = &k->config;

	if (c->n_realm == 0)
		return strcmp(realm, k->realm) == 0;
	for (uint32_t i = 0; i < c->n_realm; i++)
		if (strcmp(realm, c->realm[i]) == 0)
			return true;
	return false;
}

static bool
name_allowed(const struct auth_krb *k, const char *name)
{
	const struct config_kerberos *c = &k->config;
	size_t n = sizeof(machine_names) / sizeof(machine_names[0]);

	for (uint32_t i = 0; i < c->n_peer_name; i++)
		if (fnmatch(c->peer_name[i], name, 0) == 0)
			return true;
	for (size_t i = 0; c->n_peer_name == 0 && i < n; i++)
		if (fnmatch(machine_names[i], name, 0) == 0)
			return true;
	return false;
}

/* For a log line, whatever the peer calls itself. */
static void
show(const char *name, char *out, size_t cap)
{
	size_t n = 0;

	for (; n < cap - 1 && name[n] != '\0'; n++)
		out[n] = name[n] > ' ' && name[n] < 0x7f ? name[n] : '?';
	out[n] = '\0';
}

bool
krb_name_check(const struct auth_krb *k, const char *full, struct engine_auth_reply *failure)
{
	char name[2 * CONFIG_NAME_MAX], shown[111];
	const char *at = strchr(full, '@');
	size_t n = at == NULL ? 0 : (size_t)(at - full);

	show(full, shown, sizeof(shown));
	if (n == 0 || n >= sizeof(name) || strspn(full, NAME_LETTERS) != n) {
		auth_fail(failure, SEC_E_WRONG_PRINCIPAL,
		    "the peer is %s: a name of this form is not accepted; give it a "
		    "principal such as host/NAME",
		    shown);
		return false;
	}
	memcpy(name, full, n);
	name[n] = '\0';
	if (!realm_allowed(k, at + 1)) {
		auth_fail(failure, SEC_E_WRONG_PRINCIPAL,
		    "the peer is %s: its realm is not allowed; add it to `realms` in "
		    "section kerberos",
		    shown);
		return false;
	}
	if (!name_allowed(k, name)) {
		auth_fail(failure, SEC_E_WRONG_PRINCIPAL,
		    "the peer is %s, which is not one of `peer_names` (default: any "
		    "machine); add it there",
		    shown);
		return false;
	}
	return true;
}

bool
krb_name_of_gss_id(const struct auth_krb *k, const char *gss_id, char *out, size_t cap,
    struct engine_auth_reply *failure)
{
	int n;

	if (gss_id[0] == '\0') {
		auth_fail(failure, SEC_E_TARGET_UNKNOWN,
		    "the peer did not say its Kerberos name: set gss_id there");
		return false;
	}
	n = strchr(gss_id, '@') != NULL ? snprintf(out, cap, "%s", gss_id) :
					  snprintf(out, cap, "%s@%s", gss_id, k->realm);
	if (n < 0 || (size_t)n >= cap) {
		auth_fail(failure, SEC_E_WRONG_PRINCIPAL,
		    "the peer's Kerberos name is too long");
		return false;
	}
	return krb_name_check(k, out, failure);
}
