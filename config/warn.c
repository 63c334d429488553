/* What a configuration may be, but should not: said, not refused. */
#include "config/config.h"

#include <sys/stat.h>
#include <stdarg.h>
#include <unistd.h>

#include "config/psk_file.h"

#define LINE_MAX_BYTES (CONFIG_PATH_MAX + 256)

static void warn(config_tell *tell, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
warn(config_tell *tell, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	tell(line);
}

/* Who can change a file decides who is trusted; who can read a key is this host. */
static void
check_rights(config_tell *tell, const char *file, bool is_secret)
{
	struct stat st;

	if (file == NULL || file[0] == '\0' || stat(file, &st) != 0)
		return;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		warn(tell, "%s belongs to user %u, who can change it: chown root", file,
		    (unsigned)st.st_uid);
	if ((st.st_mode & S_IWOTH) != 0 ||
	    ((st.st_mode & S_IWGRP) != 0 && st.st_gid != 0))
		warn(tell, "others can change %s: chmod go-w", file);
	if (is_secret && (st.st_mode & S_IROTH) != 0)
		warn(tell, "everybody can read %s: chmod o-r", file);
}

static void
check_keys(config_tell *tell, const struct config *c)
{
	for (uint32_t i = 0; i < c->n_psk; i++) {
		struct secret key = { 0 };

		if (psk_file_read(c->psk[i].file, &key) == NULL &&
		    key.n < PSK_FEW_CHARACTERS)
			warn(tell,
			    "the key in %s has %zu characters, and can be guessed from one "
			    "recorded negotiation: write at least %d, for example from "
			    "openssl rand -base64 32",
			    c->psk[i].file, key.n, PSK_FEW_CHARACTERS);
		secret_wipe(&key);
		check_rights(tell, c->psk[i].file, true);
	}
}

/* The first rule that selects counts: a later one may be there for nothing. */
static void
check_order(config_tell *tell, const struct config *c)
{
	for (uint32_t i = 1; i < c->n_rule; i++)
		for (uint32_t k = 0; k < i; k++)
			if (rule_covers(&c->rule[k].rule, &c->rule[i].rule)) {
				warn(tell,
				    "rule \"%s\" does nothing: rule \"%s\" before it selects "
				    "all of its traffic. Write it before that one, or remove it",
				    c->rule[i].rule.name, c->rule[k].rule.name);
				break;
			}
}

/*
 * Tickets come over the network, too. Where the KDC is only krb5.conf says: what is for everybody
 * is for it.
 */
static void
check_way_to_kdc(config_tell *tell, const struct config *c)
{
	const struct flow to_kdc = { 6, { { 4, { 192, 0, 2, 1 } }, UINT16_MAX },
		{ { 4, { 192, 0, 2, 2 } }, 88 } };

	for (uint32_t i = 0; i < c->n_rule && c->kerberos.keytab[0] != '\0'; i++) {
		const struct rule *r = &c->rule[i].rule;

		if (rule_is_exempt(r) && (r->remote_port == 0 || r->remote_port == 88))
			return;
		if (!rule_selects(r, &to_kdc))
			continue;
		if (!rule_allows_clear_out(r) || c->rule[i].encryption != 0)
			warn(tell,
			    "rule \"%s\" selects the way to the KDC, too: what Kerberos has to "
			    "authenticate would wait for itself. Write a rule with action = exempt "
			    "for the addresses of the KDC and of the name servers before it",
			    r->name);
		return;
	}
}

void
config_warn(const struct config *c, const char *file, config_tell *tell)
{
	check_rights(tell, file, false);
	check_rights(tell, c->trust_file, false);
	for (uint32_t i = 0; i < c->n_cert; i++) {
		check_rights(tell, c->cert[i].certificate, false);
		check_rights(tell, c->cert[i].key, true);
	}
	for (uint32_t i = 0; i < c->tls.n_crl; i++)
		check_rights(tell, c->tls.crl[i], false);
	check_rights(tell, c->kerberos.keytab, true);
	check_keys(tell, c);
	check_order(tell, c);
	check_way_to_kdc(tell, c);
}
