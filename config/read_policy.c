/*
 * The sections default_policy and policy. A part that is written replaces that part of the
 * built-in (the default) policy.
 */
#include "config/read.h"

#include <string.h>

#include "config/fault.h"
#include "config/field.h"
#include "config/suite.h"
#include "config/words.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Where an authentication list is kept. Kerberos is offered once there is a keytab. */
struct auth_list {
	const struct word *word;
	struct auth_entry *entry;
	uint32_t *n;
};

static int
read_auth(cfg_t *section, const struct auth_list *list, struct config_error *err)
{
	const struct config_value *v;
	char why[SUITE_WHY_MAX];
	int method;

	if (!tree_has(section, "auth"))
		return 0;
	memset(list->entry, 0, POLICY_MAX_AUTH * sizeof(*list->entry));
	for (*list->n = 0; (v = tree_value(section, "auth", *list->n)) != NULL;
	     ++*list->n) {
		if (*list->n == POLICY_MAX_AUTH)
			return config_fail(err, v->line,
			    "auth has too many methods: write at most %d",
			    POLICY_MAX_AUTH);
		if (!word_parse(
			list->word, "method", v->text, &method, why, sizeof(why)))
			return config_fail(err, v->line, "auth: %s", why);
		list->entry[*list->n].method = (enum auth_method)method;
		list->entry[*list->n].offered =
		    method == AUTH_TLS || method == AUTH_ANONYMOUS ||
		    (method > AUTH_V1 && method != AUTH_V1_KERBEROS);
	}
	return 0;
}

/* The next proposal of a section: NULL with 0 in *rc at the end, -1 if there are too many. */
static cfg_t *
next_proposal(cfg_t *section, uint32_t i, struct config_error *err, int *rc)
{
	cfg_t *s = i < cfg_size(section, "proposal") ?
		       cfg_getnsec(section, "proposal", i) :
		       NULL;

	*rc = 0;
	if (s == NULL || i < POLICY_MAX_PROPOSALS)
		return s;
	*rc = config_fail(err, tree_line(s), "too many proposals: write at most %d",
	    POLICY_MAX_PROPOSALS);
	return NULL;
}

static int
read_mm_proposal(cfg_t *s, struct mm_proposal *p, struct config_error *err)
{
	static const struct field field[] = {
		{ "lifetime", FIELD_UINT32, offsetof(struct mm_proposal, lifetime_s),
		    60, UINT32_MAX },
	};
	char why[SUITE_WHY_MAX];

	if (!suite_parse_mm(cfg_title(s), p, why))
		return config_fail(
		    err, tree_line(s), "proposal '%.63s': %s", cfg_title(s), why);
	return fields_read(s, field, COUNT_OF(field), p, err);
}

static int
read_main_mode(cfg_t *section, struct policy *p, struct config_error *err)
{
	static const struct field field[] = {
		{ "quick_mode_limit", FIELD_UINT32,
		    offsetof(struct policy, mm_qm_limit), 0, UINT32_MAX },
	};
	struct auth_list auth = { words_mm_auth, p->mm_auth,
		&p->n_mm_auth };
	uint32_t lifetime_s = p->mm_proposal[0].lifetime_s;
	cfg_t *s;
	int rc;

	memset(p->mm_proposal, 0, sizeof(p->mm_proposal));
	for (p->n_mm_proposal = 0;
	     (s = next_proposal(section, p->n_mm_proposal, err, &rc)) != NULL;
	     p->n_mm_proposal++) {
		p->mm_proposal[p->n_mm_proposal].lifetime_s = lifetime_s;
		if (read_mm_proposal(s, &p->mm_proposal[p->n_mm_proposal], err) < 0)
			return -1;
	}
	if (rc < 0 || read_auth(section, &auth, err) < 0)
		return -1;
	return fields_read(section, field, COUNT_OF(field), p, err);
}

static int
read_qm_proposal(cfg_t *s, struct qm_proposal *p, struct config_error *err)
{
	static const struct field field[] = {
		{ "lifetime", FIELD_UINT32, offsetof(struct qm_proposal, lifetime_s),
		    60, UINT32_MAX },
		{ "data_kb", FIELD_UINT32, offsetof(struct qm_proposal, lifetime_kb), 0,
		    UINT32_MAX },
	};
	const struct config_value *pfs = tree_value(s, "pfs", 0);
	char why[SUITE_WHY_MAX];
	int group = (int)p->pfs;

	if (!suite_parse_qm(cfg_title(s), p, why))
		return config_fail(
		    err, tree_line(s), "proposal '%.63s': %s", cfg_title(s), why);
	if (pfs != NULL &&
	    !word_parse(words_qm_pfs, "group", pfs->text, &group, why, sizeof(why)))
		return config_fail(err, pfs->line, "pfs: %s", why);
	p->pfs = (enum dh_group)group;
	return fields_read(s, field, COUNT_OF(field), p, err);
}

static int
read_discovery(cfg_t *section, struct policy *p, struct config_error *err)
{
	const struct config_value *v = tree_value(section, "negotiation_discovery", 0);
	char why[SUITE_WHY_MAX];
	int nd;

	if (v == NULL)
		return 0;
	if (!word_parse(words_discovery, "value", v->text, &nd, why, sizeof(why)))
		return config_fail(err, v->line, "negotiation_discovery: %s", why);
	p->nd = (enum nd_mode)nd;
	return 0;
}

static int
read_quick_mode(cfg_t *section, struct policy *p, struct config_error *err)
{
	static const struct field field[] = {
		{ "allow_clear", FIELD_UINT32,
		    offsetof(struct policy, nd_allow_clear_s), 0, UINT32_MAX },
		{ "clear_fallback", FIELD_UINT32,
		    offsetof(struct policy, nd_fallback_ms), 0, 60000 },
		{ "idle", FIELD_UINT32, offsetof(struct policy, idle_s), 1,
		    UINT32_MAX },
		{ "idle_failover", FIELD_UINT32,
		    offsetof(struct policy, idle_failover_s), 1, UINT32_MAX },
	};
	struct qm_proposal preset = p->qm_proposal[0];
	cfg_t *s;
	int rc;

	memset(p->qm_proposal, 0, sizeof(p->qm_proposal));
	for (p->n_qm_proposal = 0;
	     (s = next_proposal(section, p->n_qm_proposal, err, &rc)) != NULL;
	     p->n_qm_proposal++) {
		p->qm_proposal[p->n_qm_proposal] = preset;
		if (read_qm_proposal(s, &p->qm_proposal[p->n_qm_proposal], err) < 0)
			return -1;
	}
	if (rc < 0 || read_discovery(section, p, err) < 0)
		return -1;
	return fields_read(section, field, COUNT_OF(field), p, err);
}

static int
read_extended_mode(cfg_t *section, struct policy *p, struct config_error *err)
{
	struct auth_list auth = { words_em_auth, p->em_auth, &p->n_em_auth };

	return read_auth(section, &auth, err);
}

static const struct {
	const char *name;
	int (*read)(cfg_t *section, struct policy *p, struct config_error *err);
} part_table[] = {
	{ "main_mode", read_main_mode },
	{ "quick_mode", read_quick_mode },
	{ "extended_mode", read_extended_mode },
};

static int
read_keying(cfg_t *section, struct policy *p, struct config_error *err)
{
	const struct config_value *v =
	    section == NULL ? NULL : tree_value(section, "keying", 0);
	char why[SUITE_WHY_MAX];
	int keying = 0;

	if (v == NULL)
		return 0;
	if (!word_parse(words_keying, "keying", v->text, &keying, why, sizeof(why)))
		return config_fail(err, v->line, "keying: %s", why);
	p->keying = (enum keying)keying;
	return 0;
}

/* One who trusts anybody has to say so. */
static int
check_consent(
    cfg_t *root, cfg_t *section, const struct policy *p, struct config_error *err)
{
	static const struct field consent[] = { { "i_accept_unauthenticated_peers",
	    FIELD_BOOL, 0, 0, 1 } };
	cfg_t *extended = tree_section(section, "extended_mode");
	uint32_t accept = 0;

	if (fields_read(root, consent, 1, &accept, err) < 0)
		return -1;
	if (p->n_em_auth > 0 || accept != 0 || p->keying == KEYING_IKEV1 ||
	    !policy_main_mode_is_anonymous(p))
		return 0;
	return config_fail(err, extended == NULL ? 0 : tree_line(extended),
	    "extended_mode auth is empty: nobody would know who the peer is. Write "
	    "auth = { \"tls\" } there, or in main_mode without anonymous, or say "
	    "i_accept_unauthenticated_peers = true");
}

/* The parts of a policy that are written replace those in p. section may be NULL. */
static int
read_parts(cfg_t *root, cfg_t *policy, bool has_kerberos, struct policy *p,
    struct config_error *err)
{
	const char *wrong;

	if (read_keying(policy, p, err) < 0)
		return -1;
	if (has_kerberos)
		policy_offer_kerberos(p);
	for (size_t i = 0; i < COUNT_OF(part_table); i++) {
		cfg_t *section = tree_section(policy, part_table[i].name);
		const char *fault;

		if (section == NULL)
			continue;
		if (part_table[i].read(section, p, err) < 0)
			return -1;
		if (has_kerberos)
			policy_offer_kerberos(p);
		/* The parts before were good: a fault is this part's. */
		if ((fault = policy_find_fault(p)) != NULL)
			return config_fail(err, tree_line(section), "%s", fault);
	}
	if (policy != NULL && (wrong = policy_find_keying_fault(p)) != NULL)
		return config_fail(err, tree_line(policy), "%s", wrong);
	return check_consent(root, policy, p, err);
}

int
read_policy(cfg_t *root, struct config *c, struct config_error *err)
{
	return read_parts(root, tree_section(root, "default_policy"),
	    c->kerberos.keytab[0] != '\0', &c->policy, err);
}

int
read_named_policies(cfg_t *root, struct config *c, struct config_error *err)
{
	for (unsigned int i = 0; i < cfg_size(root, "policy"); i++) {
		cfg_t *s = cfg_getnsec(root, "policy", i);
		struct config_policy *p = &c->named_policy[i];

		if (i == CONFIG_MAX_POLICIES)
			return config_fail(err, tree_line(s),
			    "too many policies: write at most %d", CONFIG_MAX_POLICIES);
		if (read_name(s, p->name, err) < 0)
			return -1;
		p->policy = c->policy;
		if (read_parts(
			root, s, c->kerberos.keytab[0] != '\0', &p->policy, err) < 0)
			return -1;
		c->n_named_policy = i + 1;
	}
	return 0;
}
