/* The keytab of this host in memory, and who we are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auth_krb_mit.h"

#define KEYTAB_MAX_ENTRIES 1024

/* The error is "what: reason of the library". Always false. */
static bool
fail(struct auth_krb *k, krb5_error_code code, const char *what, char *err, size_t cap)
{
	const char *why = krb5_get_error_message(k->ctx, code);

	snprintf(err, cap, "%s: %s", what, why);
	krb5_free_error_message(k->ctx, why);
	return false;
}

/* Copies all entries; *n counts them. */
static krb5_error_code
copy_entries(struct auth_krb *k, krb5_keytab from, unsigned *n)
{
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;
	krb5_error_code code = krb5_kt_start_seq_get(k->ctx, from, &cursor);

	if (code != 0)
		return code;
	while (*n < KEYTAB_MAX_ENTRIES &&
	    (code = krb5_kt_next_entry(k->ctx, from, &entry, &cursor)) == 0) {
		code = krb5_kt_add_entry(k->ctx, k->keytab, &entry);
		krb5_free_keytab_entry_contents(k->ctx, &entry);
		if (code != 0)
			break;
		++*n;
	}
	(void)krb5_kt_end_seq_get(k->ctx, from, &cursor);
	return code == KRB5_KT_END ? 0 : code;
}

static bool
load_keytab(struct auth_krb *k, const char *file, char *err, size_t cap)
{
	char what[CONFIG_PATH_MAX + 32], name[CONFIG_PATH_MAX + 8];
	krb5_keytab from = NULL;
	krb5_error_code code;
	unsigned n = 0;

	snprintf(what, sizeof(what), "cannot use keytab %s", file);
	snprintf(name, sizeof(name), "FILE:%s", file);
	snprintf(k->keytab_name, sizeof(k->keytab_name), "MEMORY:authipd-%p", (void *)k);
	code = krb5_kt_resolve(k->ctx, k->keytab_name, &k->keytab);
	if (code == 0)
		code = krb5_kt_resolve(k->ctx, name, &from);
	if (code == 0)
		code = copy_entries(k, from, &n);
	if (from != NULL)
		krb5_kt_close(k->ctx, from);
	if (code != 0)
		return fail(k, code, what, err, cap);
	if (n == 0)
		snprintf(err, cap, "%s: no key is in it", what);
	return n > 0;
}

/* Is there a key for this name? */
static bool
has_key(struct auth_krb *k, krb5_const_principal p)
{
	krb5_keytab_entry entry;

	if (krb5_kt_get_entry(k->ctx, k->keytab, p, 0, 0, &entry) != 0)
		return false;
	krb5_free_keytab_entry_contents(k->ctx, &entry);
	return true;
}

/* The first name in the keytab. */
static krb5_error_code
first_name(struct auth_krb *k, krb5_principal *p)
{
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;
	krb5_error_code code = krb5_kt_start_seq_get(k->ctx, k->keytab, &cursor);

	if (code != 0)
		return code;
	code = krb5_kt_next_entry(k->ctx, k->keytab, &entry, &cursor);
	if (code == 0) {
		code = krb5_copy_principal(k->ctx, entry.principal, p);
		krb5_free_keytab_entry_contents(k->ctx, &entry);
	}
	(void)krb5_kt_end_seq_get(k->ctx, k->keytab, &cursor);
	return code;
}

/* What the configuration says, else our gss_id if it has a key, else the first key. */
static krb5_error_code
choose_principal(struct auth_krb *k, const struct config *c, krb5_principal *p)
{
	const char *name = c->kerberos.principal;
	krb5_error_code code;

	if (name[0] != '\0')
		return krb5_parse_name(k->ctx, name, p);
	if (c->gss_id[0] != '\0' && krb5_parse_name(k->ctx, c->gss_id, p) == 0) {
		if (has_key(k, *p))
			return 0;
		krb5_free_principal(k->ctx, *p);
		*p = NULL;
	}
	if ((code = first_name(k, p)) != 0)
		return code;
	return 0;
}

static bool
set_principal(struct auth_krb *k, const struct config *c, char *err, size_t cap)
{
	krb5_principal p = NULL;
	krb5_error_code code = choose_principal(k, c, &p);
	char *name = NULL;
	bool ok = false;

	if (code == 0)
		code = krb5_unparse_name(k->ctx, p, &name);
	if (code != 0)
		fail(k, code, "cannot use principal of section kerberos", err, cap);
	else if (!has_key(k, p))
		snprintf(err, cap, "keytab %s has no key of %s: add it, or name another "
		    "principal", c->kerberos.keytab, name);
	else if (strlen(name) >= sizeof(k->principal) || p->realm.length >= sizeof(k->realm))
		snprintf(err, cap, "principal %.80s... is too long", name);
	else
		ok = true;
	if (ok) {
		strcpy(k->principal, name);
		memcpy(k->realm, p->realm.data, p->realm.length);
	}
	krb5_free_unparsed_name(k->ctx, name);
	krb5_free_principal(k->ctx, p);
	return ok;
}

struct auth_krb *
auth_krb_new(const struct config *c, char *err, size_t cap)
{
	struct auth_krb *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		snprintf(err, cap, "out of memory");
		return NULL;
	}
	k->config = c->kerberos;
	k->secret_form = c->dialect.gss_secret_krb;
	pthread_mutex_init(&k->lock, NULL);
	if (krb5_init_context(&k->ctx) != 0) {
		snprintf(err, cap, "cannot use Kerberos: is krb5.conf good?");
		k->ctx = NULL;
	} else if (load_keytab(k, c->kerberos.keytab, err, cap) &&
	    set_principal(k, c, err, cap)) {
		return k;
	}
	auth_krb_free(k);
	return NULL;
}

void
auth_krb_free(struct auth_krb *k)
{
	if (k == NULL)
		return;
	if (k->tgt != NULL)
		krb5_free_creds(k->ctx, k->tgt);
	if (k->keytab != NULL)
		krb5_kt_close(k->ctx, k->keytab);
	if (k->ctx != NULL)
		krb5_free_context(k->ctx);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

const char *
auth_krb_principal(const struct auth_krb *k)
{
	return k->principal;
}
