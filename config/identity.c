/* Who an authenticated peer is on this host. */
#include "config/identity.h"

#include <string.h>

#include "config/glob.h"

/*
 * The texts of names are cut and made printable before they come here: a name that was may be
 * that of somebody else.
 */
static bool
is_whole(const char *peer)
{
	size_t n = strlen(peer);

	return n > 0 && n < IDENTITY_NAME_MAX - 1 && strchr(peer, '?') == NULL &&
	       peer[0] != '(' && (n < 3 || strcmp(peer + n - 3, "...") != 0);
}

bool
identity_is_machine(enum auth_method method, const char *peer)
{
	const char *at = strchr(peer, '@');

	if (method != AUTH_KERBEROS)
		return true;
	return strncmp(peer, "host/", 5) == 0 || strncmp(peer, "HOST/", 5) == 0 ||
	       (at != NULL && at > peer && at[-1] == '$');
}

/* NAME of a principal NAME@realm with one component. */
static bool
local_name(const struct config_identity *c, const char *peer, char *account)
{
	const char *at = strchr(peer, '@');
	size_t n = at != NULL ? (size_t)(at - peer) : 0;

	if (c->realm[0] == '\0' || n == 0 || n >= IDENTITY_ACCOUNT_MAX ||
	    strcmp(at + 1, c->realm) != 0 || strcspn(peer, "/\\ ") < n)
		return false;
	memcpy(account, peer, n);
	account[n] = '\0';
	return true;
}

enum identity_verdict
identity_find(const struct config_identity *c, enum auth_method method,
    const char *peer, char account[IDENTITY_ACCOUNT_MAX], bool *by_rule)
{
	*by_rule = false;
	account[0] = '\0';
	if (c->enabled == 0)
		return IDENTITY_OFF;
	if ((method != AUTH_KERBEROS && method != AUTH_TLS) || !is_whole(peer))
		return IDENTITY_NAMELESS;
	for (uint32_t i = 0; i < c->n_map; i++) {
		/* Names in certificates are alike in either case, principals are not. */
		if (!glob_matches(c->map[i].peer, peer, method == AUTH_TLS))
			continue;
		if (strcmp(c->map[i].account, IDENTITY_DENY) == 0)
			return IDENTITY_DENIED;
		*by_rule = true;
		strcpy(account, c->map[i].account);
		return IDENTITY_MAPPED;
	}
	if (identity_is_machine(method, peer)) {
		strcpy(account, c->machine_account);
		return account[0] != '\0' ? IDENTITY_MAPPED : IDENTITY_UNKNOWN;
	}
	return local_name(c, peer, account) ? IDENTITY_MAPPED : IDENTITY_UNKNOWN;
}

const char *
identity_advice(enum identity_verdict v)
{
	switch (v) {
	case IDENTITY_OFF:
		return "impersonation is off: write impersonation { enabled = true }";
	case IDENTITY_NAMELESS:
		return "the peer has no name that could be an account's: it is "
		       "anonymous, or its "
		       "name is too long or has letters that are not ASCII";
	case IDENTITY_DENIED:
		return "a rule of section impersonation denies this peer";
	case IDENTITY_UNKNOWN:
		return "no rule is about this peer: add map \"NAME\" { account = ... } "
		       "to section "
		       "impersonation";
	default:
		return "";
	}
}
