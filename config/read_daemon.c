/* Everything in the file but the policy. */
#include "config/read.h"

#include "config/fault.h"
#include "config/field.h"
#include "config/words.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define NUMBER(name, member, low, high)                                        \
	{                                                                      \
		name, FIELD_UINT32, offsetof(struct config, member), low, high \
	}
#define FRAGMENT_SIZE_MIN 256u
#define ROUTE_TABLE_DEFAULT 253 /* to 255: default, main, local */

static const struct field root_fields[] = {
	FIELD_TEXT_OF("user", struct config, user, 1),
	FIELD_TEXT_OF("gss_id", struct config, gss_id, 0),
	FIELD_TEXT_OF("trust", struct config, trust_file, 1),
	{ "key_log", FIELD_BOOL, offsetof(struct config, key_log), 0, 1 },
	{ "ike_port", FIELD_UINT16, offsetof(struct config, ike_port), 1, UINT16_MAX },
	{ "nat_port", FIELD_UINT16, offsetof(struct config, nat_port), 0, UINT16_MAX },
	NUMBER("fragment_size", fragment_size, 0, 1500),
};

static const struct field limits_fields[] = {
	NUMBER("main_modes_per_peer", limits.mm_sa_per_peer, 1, 100000),
	NUMBER("negotiations_per_peer", limits.negotiations_per_peer, 1, 100000),
	NUMBER("quick_modes_per_peer", limits.quick_modes_per_peer, 1, 1000000),
	NUMBER("main_modes_total", limits.mm_sa_total, 1, 10000000),
	NUMBER("sockets_per_user", limits.sockets_per_user, 1, 1000000),
	NUMBER("classes_per_user", limits.classes_per_user, 0, 1000),
	NUMBER("negotiations_per_user", limits.negotiations_per_user, 1, 1000000),
	NUMBER("first_messages_per_second_per_peer", limits.first_messages, 1, 1000000),
	NUMBER("half_open_enter", limits.half_open_enter, 1, 10000000),
	NUMBER("half_open_leave", limits.half_open_leave, 1, 10000000),
};

static const struct field plane_fields[] = {
	NUMBER("mark_value", mark_value, 1, UINT32_MAX),
	NUMBER("mark_mask", mark_mask, 1, UINT32_MAX),
	NUMBER("route_table", route_table, 1, UINT32_MAX),
	NUMBER("rule_priority", rule_priority, 1, 32765), /* main's rule is 32766 */
	NUMBER("replay_window", replay_window, 32, 4096), /* REPLAY_WINDOW_MAX */
	NUMBER("held_packets", limits.held_packets_per_flow, 0, 1024),
};

static const struct field credentials_fields[] = {
	FIELD_TEXT_OF("certificate", struct config_cert, certificate, 1),
	FIELD_TEXT_OF("key", struct config_cert, key, 1),
};

static int
read_credentials(cfg_t *root, struct config *c, struct config_error *err)
{
	for (unsigned int i = 0; i < cfg_size(root, "credentials"); i++) {
		cfg_t *s = cfg_getnsec(root, "credentials", i);
		struct config_cert *cert = &c->cert[i];

		if (i == CONFIG_MAX_CERTS)
			return config_fail(err, tree_line(s),
			    "too many credentials: write at most %d", CONFIG_MAX_CERTS);
		if (fields_read(s, credentials_fields, COUNT_OF(credentials_fields),
			cert, err) < 0)
			return -1;
		if (cert->certificate[0] == '\0')
			return config_fail(err, tree_line(s),
			    "credentials without certificate: "
			    "write certificate = \"FILE\"");
		if (cert->key[0] == '\0')
			return config_fail(err, tree_line(s),
			    "credentials without key for the "
			    "certificate: write key = \"FILE\"");
		c->n_cert = i + 1;
	}
	return 0;
}

/* The line to change: that of the option, or of the other one that does not fit it. */
static int
line_of(cfg_t *section, const char *name, const char *other)
{
	const struct config_value *v = tree_value(section, name, 0);

	if (v == NULL)
		v = tree_value(section, other, 0);
	return v != NULL ? v->line : tree_line(section);
}

static int
check_plane(cfg_t *section, const struct config *c, struct config_error *err)
{
	uint32_t mask = c->mark_mask, lowest = mask & -mask, most = mask / lowest;

	if (most < 3 || (most & (most + 1)) != 0)
		return config_fail(err, line_of(section, "mark_mask", NULL),
		    "mark_mask = 0x%08x must be one run of at least 2 bits: write one "
		    "such as "
		    "0x7ff00000",
		    mask);
	/* Three classes of sockets, a mark for each. */
	if (c->mark_value > most - 2)
		return config_fail(err, line_of(section, "mark_value", "mark_mask"),
		    "mark_value = %u does not fit into mark_mask 0x%08x: write a "
		    "number from 1 "
		    "to %u",
		    c->mark_value, mask, most - 2);
	if (c->route_table >= ROUTE_TABLE_DEFAULT && c->route_table <= 255)
		return config_fail(err, line_of(section, "route_table", NULL),
		    "route_table = %u is a table of the system: write another number, "
		    "such as "
		    "52710",
		    c->route_table);
	return 0;
}

static int
read_backend(cfg_t *root, struct config *c, struct config_error *err)
{
	const struct config_value *v = tree_value(root, "backend", 0);
	char why[256];
	int value;

	if (v == NULL)
		return 0;
	if (!word_parse(words_backend, "backend", v->text, &value, why, sizeof(why)))
		return config_fail(err, v->line, "%s", why);
	c->backend = (enum config_backend)value;
	return 0;
}

static int
check_ports(cfg_t *root, const struct config *c, struct config_error *err)
{
	if (c->nat_port != c->ike_port)
		return 0;
	return config_fail(err, line_of(root, "nat_port", "ike_port"),
	    "nat_port and ike_port are both %u: write another nat_port, or 0", c->nat_port);
}

static int
check_limits(cfg_t *section, const struct config *c, struct config_error *err)
{
	if (c->limits.half_open_leave <= c->limits.half_open_enter)
		return 0;
	return config_fail(err, line_of(section, "half_open_leave", "half_open_enter"),
	    "half_open_leave = %u is more than half_open_enter: write a number from 1 to %u",
	    c->limits.half_open_leave, c->limits.half_open_enter);
}

static int
check_fragment_size(cfg_t *root, const struct config *c, struct config_error *err)
{
	const struct config_value *v = tree_value(root, "fragment_size", 0);

	if (c->fragment_size == 0 || c->fragment_size >= FRAGMENT_SIZE_MIN)
		return 0;
	return config_fail(err, v != NULL ? v->line : 0,
	    "fragment_size = %u is too small: write 0, or a number from %u to 1500",
	    c->fragment_size, FRAGMENT_SIZE_MIN);
}

int
read_daemon(cfg_t *root, struct config *c, struct config_error *err)
{
	cfg_t *s;

	if (fields_read(root, root_fields, COUNT_OF(root_fields), c, err) < 0 ||
	    read_backend(root, c, err) < 0 || check_ports(root, c, err) < 0 ||
	    check_fragment_size(root, c, err) < 0 || read_credentials(root, c, err) < 0 ||
	    read_tls(root, &c->tls, err) < 0 || read_psks(root, c, err) < 0)
		return -1;
	if ((s = tree_section(root, "limits")) != NULL &&
	    (fields_read(s, limits_fields, COUNT_OF(limits_fields), c, err) < 0 ||
		check_limits(s, c, err) < 0))
		return -1;
	if ((s = tree_section(root, "plane")) != NULL &&
	    (fields_read(s, plane_fields, COUNT_OF(plane_fields), c, err) < 0 ||
		check_plane(s, c, err) < 0))
		return -1;
	return read_dialects(root, c, err);
}
