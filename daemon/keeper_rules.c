/* Connection-security rules: their order is the negotiator's word, their content keeper's. */
#include "config.h"

#include <string.h>

#include "daemon/keeper_state.h"
#include "daemon/log.h"
#include "daemon/net_exempt.h"
#include "daemon/net_rules.h"

/* The kernel's IPsec selects traffic by itself. */
static void
apply_kernel(struct keeper *k, const struct net_rule *list, size_t n)
{
	uint32_t id[CONFIG_MAX_RULES];

	for (size_t i = 0; i < n; i++)
		id[i] = list[i].class_id;
	if (n > 0 || k->had_rules)
		(void)net_exempt(k->config, n > 0);
	(void)xfrm_rules_set(k->xfrm, id, n);
}

static struct net_rule
rule_of(uint32_t class_id, const struct class_spec *s)
{
	return (struct net_rule){
		.class_id = class_id,
		.rule = &s->rule,
		.is_exempt = class_spec_is_exempt(s),
		.clear_out = s->allow_insecure,
		.clear_in = class_spec_takes_clear(s),
		.allow_clear_s = s->policy.nd_allow_clear_s,
	};
}

void
keeper_rules_apply(struct keeper *k)
{
	struct net_rule list[CONFIG_MAX_RULES];
	size_t n = 0;

	for (uint32_t i = 0; i < k->rules.n; i++) {
		uint32_t id = k->rules.class_id[i];

		if (k->class[id] != NULL && k->class[id]->kind == CLASS_OF_RULE)
			list[n++] = rule_of(id, k->class[id]);
	}
	if (k->xfrm != NULL)
		apply_kernel(k, list, n);
	else if (n > 0 || k->had_rules)
		(void)net_rules_set(k->config, list, n);
	k->had_rules = n > 0;
}

/* How much clear text the rule lets through. */
static unsigned
laxity(const struct class_spec *s)
{
	return (s->allow_insecure ? 1 : 0) + (class_spec_takes_clear(s) ? 1 : 0) +
	       (class_spec_is_exempt(s) ? 1 : 0);
}

/* Until the negotiator says their order nothing is clear that one of them forbids. */
void
keeper_rules_restore(struct keeper *k)
{
	k->rules.n = 0;
	for (unsigned lax = 0; lax <= 3; lax++)
		for (uint32_t id = CLASS_PREDEFINED + 1; id <= CLASS_MAX; id++)
			if (k->class[id] != NULL && k->class[id]->kind == CLASS_OF_RULE &&
			    laxity(k->class[id]) == lax && k->rules.n < CONFIG_MAX_RULES)
				k->rules.class_id[k->rules.n++] = id;
	k->had_rules = true; /* an earlier daemon may have left some behind */
	keeper_rules_apply(k);
}

bool
keeper_rules(struct keeper *k, struct span body)
{
	struct proto_rules rules;

	if (!proto_body(body, &rules, sizeof(rules)) || rules.n > CONFIG_MAX_RULES)
		return false;
	for (uint32_t i = 0; i < rules.n; i++)
		if (rules.class_id[i] > CLASS_MAX)
			return false;
	k->rules = rules;
	keeper_rules_apply(k);
	log_info("keeper", "%u rules of the configuration are in force", rules.n);
	return true;
}

void
keeper_rules_end(struct keeper *k)
{
	k->rules.n = 0;
	keeper_rules_apply(k);
}
