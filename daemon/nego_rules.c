/* The connection-security rules of the configuration, as classes. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"

static struct class_spec
spec_of(const struct config *c, const struct config_rule *r)
{
	struct class_spec s = {
		.kind = CLASS_OF_RULE,
		.guarantee_encryption = r->encryption != 0,
		.allow_insecure = rule_allows_clear_out(&r->rule),
		.rule = r->rule,
	};

	/* Who guarantees encryption sends nothing in clear, whatever the action says. */
	if (s.guarantee_encryption)
		s.allow_insecure = false;
	config_rule_policy(c, r, &s.policy);
	memcpy(s.target_name, r->target_name, sizeof(s.target_name));
	return s;
}

void
nego_rules_set(struct negotiator *n)
{
	struct proto_rules old = n->rules;

	memset(&n->rules, 0, sizeof(n->rules));
	for (uint32_t i = 0; i < n->config->n_rule; i++) {
		struct class_spec s = spec_of(n->config, &n->config->rule[i]);
		enum class_error err;
		uint32_t id = class_find_or_make(n->classes, &s, &err);

		if (id != 0)
			n->rules.class_id[n->rules.n++] = id;
		else
			log_error("rules", "rule \"%s\" is not in force: %s",
			    s.rule.name, class_error_text(err));
	}
	/* Even none: an earlier daemon may have left some in force. */
	(void)ipc_send(n->keeper, PROTO_RULES, &n->rules, sizeof(n->rules), -1);
	/* After keeper has the new ones: what both have stays as it is. */
	for (uint32_t i = 0; i < old.n; i++)
		class_unref(n->classes, old.class_id[i]);
}

/* The class of the first rule that selects the flow, exempt or not; 0: none. */
static uint32_t
first_rule(const struct negotiator *n, const struct flow *flow)
{
	for (uint32_t i = 0; i < n->rules.n; i++) {
		const struct class_spec *s =
		    class_by_id(n->classes, n->rules.class_id[i]);

		if (s != NULL && rule_selects(&s->rule, flow))
			return n->rules.class_id[i];
	}
	return 0;
}

const struct rule *
nego_rules_exempt(const struct negotiator *n, const struct flow *flow)
{
	const struct class_spec *s = class_by_id(n->classes, first_rule(n, flow));

	return s != NULL && class_spec_is_exempt(s) ? &s->rule : NULL;
}

uint32_t
nego_rules_class(const struct negotiator *n, const struct flow *flow)
{
	return nego_rules_exempt(n, flow) == NULL ? first_rule(n, flow) : 0;
}

const struct policy *
nego_rules_policy(const struct negotiator *n, const struct address *local,
    const struct address *remote, uint32_t *next)
{
	while (*next < n->rules.n) {
		const struct class_spec *s =
		    class_by_id(n->classes, n->rules.class_id[(*next)++]);

		if (s != NULL && !class_spec_is_exempt(s) &&
		    rule_is_between(&s->rule, local, remote))
			return &s->policy;
	}
	return NULL;
}
