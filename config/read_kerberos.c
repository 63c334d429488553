/* The section kerberos. */
#include <config.h>

#include "config/read.h"

#include <string.h>

#include "config/fault.h"
#include "config/field.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct field kerberos_fields[] = {
	FIELD_TEXT_OF("keytab", struct config_kerberos, keytab, 1),
	FIELD_TEXT_OF("principal", struct config_kerberos, principal, 1),
	FIELD_TEXT_OF("user_cache", struct config_kerberos, user_cache, 1),
	/* A peer waits 60 s for us (responder_timeout_s). */
	{ "timeout", FIELD_UINT32, offsetof(struct config_kerberos, timeout_s), 1, 50 },
};

static int
read_names(cfg_t *s, const char *option, char (*name)[CONFIG_NAME_MAX], uint32_t max,
    uint32_t *n, struct config_error *err)
{
	const struct config_value *v;

	for (*n = 0; (v = tree_value(s, option, *n)) != NULL; ++*n) {
		if (*n == max)
			return config_fail(err, v->line,
			    "%s has too many names: write at most %u", option, max);
		if (v->text[0] == '\0' || strlen(v->text) >= CONFIG_NAME_MAX ||
		    strpbrk(v->text, "@\\ \t\n") != NULL)
			return config_fail(err, v->line,
			    "%s: '%.40s' is no name: write it without @, backslash and "
			    "space, with at most %d characters",
			    option, v->text, CONFIG_NAME_MAX - 1);
		strcpy(name[*n], v->text);
	}
	return 0;
}

int
read_kerberos(cfg_t *root, struct config_kerberos *k, struct config_error *err)
{
	cfg_t *s = tree_section(root, "kerberos");

	if (s == NULL)
		return 0;
#ifndef HAVE_KRB5
	return config_fail(err, tree_line(s),
	    "this build has no Kerberos: configure it with --with-krb5, or remove the "
	    "section kerberos");
#endif
	if (fields_read(s, kerberos_fields, COUNT_OF(kerberos_fields), k, err) < 0)
		return -1;
	if (k->keytab[0] == '\0')
		return config_fail(err, tree_line(s),
		    "kerberos without keytab: write keytab = \"FILE\"");
	if (k->user_cache[0] != '/' || strstr(k->user_cache, "%{uid}") == NULL)
		return config_fail(err, tree_value(s, "user_cache", 0)->line,
		    "user_cache '%.60s' is not a file of each user: write a whole path with "
		    "%%{uid} in it (KCM and KEYRING are not read)",
		    k->user_cache);
	if (read_names(s, "realms", k->realm, CONFIG_MAX_REALMS, &k->n_realm, err) < 0)
		return -1;
	return read_names(s, "peer_names", k->peer_name, CONFIG_MAX_PEER_NAMES,
	    &k->n_peer_name, err);
}
