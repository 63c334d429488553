/*
 * The grammar of the configuration, and libconfuse behind it. libconfuse gives every
 * option to us as text: so each value keeps its line, and all messages are ours.
 */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>

#include "config/complaint.h"
#include "config/fault.h"

/* No user can write this name without quotes; its default value notes the line. */
#define LINE_OPTION "(line)"

/* libconfuse's callbacks have no user pointer: set only inside tree_parse(). */
static _Thread_local struct parse {
	struct config_error *err;
	const cfg_opt_t *overwritten; /* a value was freed: its option came twice */
} *parsing;

static struct config_value *
new_value(const cfg_t *cfg, const cfg_opt_t *opt, const char *text)
{
	size_t n = strlen(text) + 1;
	struct config_value *v = malloc(sizeof(*v) + n);

	if (v == NULL)
		return NULL;
	v->opt = opt;
	v->line = cfg->line;
	memcpy(v->text, text, n);
	return v;
}

/* Runs for the default of LINE_OPTION: libconfuse aborts if that fails. */
static int
note_line(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	*(void **)result = new_value(cfg, opt, text);
	return 0;
}

static int
note_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct config_value *v;

	if (parsing->overwritten != NULL)
		return config_fail(parsing->err, cfg->line,
		    "%s is given twice: keep one of them", parsing->overwritten->name);
	if ((v = new_value(cfg, opt, text)) == NULL)
		return config_fail(parsing->err, 0, "out of memory");
	*(void **)result = v;
	return 0;
}

static void
drop_value(void *value)
{
	if (parsing != NULL)
		parsing->overwritten = ((struct config_value *)value)->opt;
	free(value);
}

#define VALUE(name) CFG_PTR_CB(name, NULL, CFGF_NODEFAULT, note_value, drop_value)
#define LIST(name) CFG_PTR_LIST_CB(name, NULL, CFGF_NODEFAULT, note_value, drop_value)
#define LINE() CFG_PTR_CB(LINE_OPTION, line_default, CFGF_NONE, note_line, drop_value)
#define SECTION(name, opts) CFG_SEC(name, opts, CFGF_MULTI)
#define NAMED(name, opts)                                                                \
	CFG_SEC(name, opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)
#define PROPOSALS(opts) NAMED("proposal", opts)

static char line_default[] = "0";

static cfg_opt_t mm_proposal_opts[] = {
	LINE(),
	VALUE("lifetime"),
	CFG_END(),
};

static cfg_opt_t qm_proposal_opts[] = {
	LINE(),
	VALUE("lifetime"),
	VALUE("data_kb"),
	VALUE("pfs"),
	CFG_END(),
};

static cfg_opt_t main_mode_opts[] = {
	LINE(),
	LIST("auth"),
	VALUE("quick_mode_limit"),
	PROPOSALS(mm_proposal_opts),
	CFG_END(),
};

static cfg_opt_t quick_mode_opts[] = {
	LINE(),
	VALUE("negotiation_discovery"),
	VALUE("allow_clear"),
	VALUE("clear_fallback"),
	VALUE("idle"),
	VALUE("idle_failover"),
	PROPOSALS(qm_proposal_opts),
	CFG_END(),
};

static cfg_opt_t extended_mode_opts[] = {
	LINE(),
	LIST("auth"),
	CFG_END(),
};

static cfg_opt_t policy_opts[] = {
	LINE(),
	VALUE("keying"),
	SECTION("main_mode", main_mode_opts),
	SECTION("quick_mode", quick_mode_opts),
	SECTION("extended_mode", extended_mode_opts),
	CFG_END(),
};

static cfg_opt_t rule_opts[] = {
	LINE(),
	VALUE("local"),
	VALUE("remote"),
	VALUE("protocol"),
	VALUE("local_port"),
	VALUE("remote_port"),
	VALUE("action"),
	VALUE("policy"),
	VALUE("authentication"),
	VALUE("target_name"),
	VALUE("encryption"),
	CFG_END(),
};

static cfg_opt_t credentials_opts[] = {
	LINE(),
	VALUE("certificate"),
	VALUE("key"),
	CFG_END(),
};

static cfg_opt_t kerberos_opts[] = {
	LINE(),
	VALUE("keytab"),
	VALUE("principal"),
	LIST("realms"),
	LIST("peer_names"),
	VALUE("user_cache"),
	VALUE("timeout"),
	CFG_END(),
};

#define DIALECT_ENUM_OPTION(field, entry, help) VALUE(#field),
#define DIALECT_INT_OPTION(field, def, lo, hi, entry, help) VALUE(#field),
static cfg_opt_t dialect_opts[] = {
	LINE(),
	DIALECT_ENUM_KNOBS(DIALECT_ENUM_OPTION)
	DIALECT_INT_KNOBS(DIALECT_INT_OPTION)
	CFG_END(),
};

static cfg_opt_t limits_opts[] = {
	LINE(),
	VALUE("main_modes_per_peer"),
	VALUE("negotiations_per_peer"),
	VALUE("quick_modes_per_peer"),
	VALUE("main_modes_total"),
	VALUE("sockets_per_user"),
	VALUE("classes_per_user"),
	VALUE("negotiations_per_user"),
	VALUE("first_messages_per_second_per_peer"),
	VALUE("half_open_enter"),
	VALUE("half_open_leave"),
	CFG_END(),
};

static cfg_opt_t plane_opts[] = {
	LINE(),
	VALUE("mark_value"),
	VALUE("mark_mask"),
	VALUE("route_table"),
	VALUE("rule_priority"),
	VALUE("replay_window"),
	VALUE("held_packets"),
	CFG_END(),
};

static cfg_opt_t tls_opts[] = {
	LINE(),
	LIST("crl"),
	VALUE("crl_strict"),
	LIST("peer_names"),
	LIST("eku"),
	CFG_END(),
};

static cfg_opt_t psk_opts[] = {
	LINE(),
	VALUE("secret_file"),
	VALUE("peer_id"),
	CFG_END(),
};

static cfg_opt_t map_opts[] = {
	LINE(),
	VALUE("account"),
	CFG_END(),
};

static cfg_opt_t impersonation_opts[] = {
	LINE(),
	VALUE("enabled"),
	VALUE("min_uid"),
	VALUE("realm"),
	VALUE("machine_account"),
	LIST("services"),
	NAMED("map", map_opts),
	CFG_END(),
};

static cfg_opt_t root_opts[] = {
	VALUE("user"),
	VALUE("gss_id"),
	VALUE("trust"),
	VALUE("backend"),
	VALUE("key_log"),
	VALUE("ike_port"),
	VALUE("nat_port"),
	VALUE("fragment_size"),
	VALUE("i_accept_unauthenticated_peers"),
	SECTION("credentials", credentials_opts),
	SECTION("impersonation", impersonation_opts),
	SECTION("kerberos", kerberos_opts),
	SECTION("default_policy", policy_opts),
	SECTION("dialect", dialect_opts),
	SECTION("limits", limits_opts),
	SECTION("plane", plane_opts),
	NAMED("peer_dialect", dialect_opts),
	NAMED("policy", policy_opts),
	NAMED("psk", psk_opts),
	NAMED("rule", rule_opts),
	SECTION("tls", tls_opts),
	CFG_END(),
};

static void __attribute__((format(printf, 2, 0)))
on_complaint(cfg_t *cfg, const char *fmt, va_list ap)
{
	if (parsing != NULL)
		complaint_report(cfg, fmt, ap, parsing->err);
}

/* Sections that may stand only once: all but proposals and credentials. */
static int
check_single_sections(cfg_t *cfg, struct config_error *err)
{
	for (cfg_opt_t *o = cfg->opts; o->name != NULL; o++) {
		if (o->type != CFGT_SEC)
			continue;
		if (cfg_opt_size(o) > 1 && (o->flags & CFGF_TITLE) == 0 &&
		    strcmp(o->name, "credentials") != 0)
			return config_fail(err, tree_line(cfg_opt_getnsec(o, 1)),
			    "section %s is given twice: put everything into one", o->name);
		for (unsigned int i = 0; i < cfg_opt_size(o); i++)
			if (check_single_sections(cfg_opt_getnsec(o, i), err) < 0)
				return -1;
	}
	return 0;
}

/* 0, or -1 with *err filled. */
static int
parse_into(cfg_t *cfg, const char *text, struct config_error *err)
{
	struct parse p = { .err = err };
	int rc;

	parsing = &p;
	rc = cfg_parse_buf(cfg, text);
	parsing = NULL;
	if (rc != CFG_SUCCESS)
		return config_fail(err, cfg->line, "not understood: write NAME = VALUE");
	if (p.overwritten != NULL)
		return config_fail(err, cfg->line, "%s is given twice: keep one of them",
		    p.overwritten->name);
	return check_single_sections(cfg, err);
}

cfg_t *
tree_parse(const char *text, struct config_error *err)
{
	cfg_t *cfg = cfg_init(root_opts, CFGF_NONE);

	if (cfg == NULL) {
		config_fail(err, 0, "out of memory");
		return NULL;
	}
	cfg_set_error_function(cfg, on_complaint);
	if (parse_into(cfg, text, err) < 0) {
		cfg_free(cfg);
		return NULL;
	}
	return cfg;
}

const struct config_value *
tree_value(cfg_t *section, const char *name, unsigned int i)
{
	return cfg_getnptr(section, name, i);
}

int
tree_line(cfg_t *section)
{
	const struct config_value *v = tree_value(section, LINE_OPTION, 0);

	return v == NULL ? 0 : v->line;
}

bool
tree_has(cfg_t *section, const char *name)
{
	return (cfg_getopt(section, name)->flags & CFGF_MODIFIED) != 0;
}

cfg_t *
tree_section(cfg_t *parent, const char *name)
{
	return parent == NULL || cfg_size(parent, name) == 0 ? NULL :
							       cfg_getnsec(parent, name, 0);
}
