/* The configuration has changed: classes, rules, and the SAs that no longer match. */
#include "config.h"

#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/wfp.h"

static bool
lookup(void *ctx, uint32_t class_id, const struct endpoint *remote,
    struct class_policy *out)
{
	const struct negotiator *n = ctx;

	return class_policy(n->classes, class_id, remote, out);
}

void
nego_config_changed(struct negotiator *n)
{
	struct engine_params p;

	nego_engine_params(n, &p);
	engine_set_params(n->engine, &p);
	class_set_default_policy(n->classes, &n->config->policy);
	nego_class_tell_plane(n);
	nego_rules_set(n);
	if (n->wfp != NULL && !wfp_builtin_set(n->wfp))
		log_error("policy", "no memory: the built-in provider contexts are stale");
	engine_policy_changed(n->engine, nego_now_ms(), lookup, n);
	nego_pump(n);
	log_info("policy", "the policy of the new configuration is in force");
}
