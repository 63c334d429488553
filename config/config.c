/* The configuration: its defaults, and loading it as a whole or not at all. */
#include <config.h>

#include "config/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/fault.h"
#include "config/read.h"
#include "config/source.h"
#include "crypto/replay.h"

#define TRUST_FILE "/etc/ssl/certs/ca-certificates.crt"

void
config_set_default(struct config *c)
{
	static const struct dialect dialect_default = DIALECT_DEFAULT;

	memset(c, 0, sizeof(*c));
	snprintf(c->user, sizeof(c->user), "%s", AUTHIPD_USER);
	snprintf(c->trust_file, sizeof(c->trust_file), "%s", TRUST_FILE);
	c->kerberos.timeout_s = 20;
	strcpy(c->kerberos.user_cache, "/tmp/krb5cc_%{uid}");
	c->identity.min_uid = 1000;
	c->viewers = CONFIG_NO_GROUP;
	c->ike_port = 500;
	c->nat_port = 4500;
	c->mark_value = 1;
	c->mark_mask = 0x7ff00000;
	c->route_table = 52710;
	c->rule_priority = 5270;
	c->replay_window = REPLAY_WINDOW_DEFAULT;
	c->limits.mm_sa_per_peer = 20;
	c->limits.negotiations_per_peer = 35;
	c->limits.quick_modes_per_peer = 4096;
	c->limits.mm_sa_total = 100000;
	c->limits.sockets_per_user = 1024;
	c->limits.classes_per_user = 64;
	c->limits.negotiations_per_user = 1024;
	c->limits.first_messages = 50;
	c->limits.half_open_enter = 500;
	c->limits.half_open_leave = 100;
	c->limits.held_packets_per_flow = 16;
	c->dialect = dialect_default;
	policy_set_default(&c->policy);
}

int
config_fail(struct config_error *err, int line, const char *fmt, ...)
{
	va_list ap;

	if (err->text[0] != '\0')
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->line = line;
	return -1;
}

static void
error_begin(struct config_error *err, const char *name)
{
	memset(err, 0, sizeof(*err));
	snprintf(err->file, sizeof(err->file), "%s", name);
}

static int
read_tree(cfg_t *root, struct config *c, bool check_files, struct config_error *err)
{
	if (read_daemon(root, c, err) < 0 ||
	    read_kerberos(root, &c->kerberos, err) < 0 ||
	    read_identity(root, &c->identity, err) < 0 ||
	    read_policy(root, c, err) < 0 || read_named_policies(root, c, err) < 0 ||
	    read_rules(root, c, err) < 0)
		return -1;
	return check_files ? check_files_of(root, c, err) : 0;
}

/* text is changed. */
static int
load(struct config *c, char *text, size_t n, bool check_files, struct config_error *err)
{
	struct config fresh;
	cfg_t *root;
	int rc;

	if (source_clean(text, n, err) < 0 || (root = tree_parse(text, err)) == NULL)
		return -1;
	config_set_default(&fresh);
	rc = read_tree(root, &fresh, check_files, err);
	cfg_free(root);
	if (rc == 0)
		*c = fresh;
	return rc;
}

int
config_load(
    struct config *c, const char *file, bool check_files, struct config_error *err)
{
	size_t n;
	char *text;
	int rc;

	error_begin(err, file);
	if ((text = source_read_file(file, &n, err)) == NULL)
		return -1;
	rc = load(c, text, n, check_files, err);
	free(text);
	return rc;
}

int
config_load_text(struct config *c, const char *name, const char *text, bool check_files,
    struct config_error *err)
{
	char *copy;
	int rc;

	error_begin(err, name);
	if (strlen(text) > SOURCE_MAX_BYTES)
		return config_fail(err, 0, "the text is larger than 1 MB");
	if ((copy = strdup(text)) == NULL)
		return config_fail(err, 0, "out of memory");
	rc = load(c, copy, strlen(copy), check_files, err);
	free(copy);
	return rc;
}
