/* The section impersonation. */
#include "config/read.h"

#include <string.h>

#include "config/fault.h"
#include "config/field.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct field identity_fields[] = {
	{ "enabled", FIELD_BOOL, offsetof(struct config_identity, enabled), 0, 1 },
	{ "min_uid", FIELD_UINT32, offsetof(struct config_identity, min_uid), 1,
	    UINT32_MAX - 1 },
	FIELD_TEXT_OF("realm", struct config_identity, realm, 1),
	FIELD_TEXT_OF("machine_account", struct config_identity, machine_account, 1),
};

static const struct field map_fields[] = {
	FIELD_TEXT_OF("account", struct identity_map, account, 1),
};

static int
read_map(cfg_t *s, struct config_identity *c, struct config_error *err)
{
	struct identity_map *m = &c->map[c->n_map];
	const char *peer = cfg_title(s);

	if (c->n_map == IDENTITY_MAX_MAPS)
		return config_fail(err, tree_line(s),
		    "too many rules map: write at most %d", IDENTITY_MAX_MAPS);
	if (peer[0] == '\0' || strlen(peer) >= sizeof(m->peer))
		return config_fail(err, tree_line(s),
		    "map needs the name of a peer, or a pattern, with at most %zu "
		    "characters",
		    sizeof(m->peer) - 1);
	strcpy(m->peer, peer);
	if (fields_read(s, map_fields, COUNT_OF(map_fields), m, err) < 0)
		return -1;
	if (m->account[0] == '\0')
		return config_fail(err, tree_line(s),
		    "map '%.40s' without account: write account = NAME, or account "
		    "= " IDENTITY_DENY,
		    peer);
	c->n_map++;
	return 0;
}

static int
read_services(cfg_t *s, struct config_identity *c, struct config_error *err)
{
	const struct config_value *v;

	for (c->n_service = 0; (v = tree_value(s, "services", c->n_service)) != NULL;
	     c->n_service++) {
		if (c->n_service == IDENTITY_MAX_SERVICES)
			return config_fail(err, v->line,
			    "services has too many names: write at most %d",
			    IDENTITY_MAX_SERVICES);
		if (v->text[0] == '\0' || strlen(v->text) >= IDENTITY_ACCOUNT_MAX)
			return config_fail(err, v->line,
			    "services: '%.40s' is no account: write its name or its "
			    "number",
			    v->text);
		strcpy(c->service[c->n_service], v->text);
	}
	return 0;
}

int
read_identity(cfg_t *root, struct config_identity *c, struct config_error *err)
{
	cfg_t *s = tree_section(root, "impersonation");

	if (s == NULL)
		return 0;
	if (fields_read(s, identity_fields, COUNT_OF(identity_fields), c, err) < 0 ||
	    read_services(s, c, err) < 0)
		return -1;
	for (unsigned int i = 0; i < cfg_size(s, "map"); i++)
		if (read_map(cfg_getnsec(s, "map", i), c, err) < 0)
			return -1;
	return 0;
}
