/* The classes of the negotiator: what keeper and plane hear of them, and whose a packet is. */
#include "config.h"

#include <string.h>

#include "daemon/class_table.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/net.h"
#include "daemon/socket_table.h"

/* ---- whose traffic, and which policy ---- */

uint32_t
nego_flow_class(struct negotiator *n, const struct flow *flow)
{
	uint32_t class_id = socket_table_owner(n->sockets, flow);

	if (class_id == 0)
		class_id = nego_rules_class(n, flow);
	if (class_id == 0 && nego_rules_exempt(n, flow) != NULL)
		return 0;
	/* An accepted connection whose listener is gone: its SA says whose it is. */
	return class_id != 0 ? class_id : engine_flow_class(n->engine, flow);
}

bool
nego_qm_policy(void *ctx, const struct flow *flow, struct class_policy *out)
{
	struct negotiator *n = ctx;

	return class_policy(n->classes, nego_flow_class(n, flow), &flow->remote, out);
}

/* ---- plane ---- */

static void
tell_plane(struct negotiator *n, uint32_t class_id, const struct class_spec *spec)
{
	struct proto_class c = {
		.class_id = class_id,
		.is_rule = spec->kind == CLASS_OF_RULE,
		.in_use = spec->kind == CLASS_OF_RULE ||
			  class_sockets(n->classes, class_id) > 0,
		.allow_insecure = spec->allow_insecure,
		.guarantee_encryption = spec->guarantee_encryption,
		.clear_waits = spec->allow_insecure && policy_clear_waits(&spec->policy),
	};

	(void)ipc_send(n->plane, PROTO_CLASS, &c, sizeof(c), -1);
}

void
nego_class_changed(struct negotiator *n, uint32_t class_id)
{
	const struct class_spec *spec = class_by_id(n->classes, class_id);
	uint32_t before = class_sockets(n->classes, class_id);
	uint32_t now = socket_table_count_class(n->sockets, class_id);

	class_set_sockets(n->classes, class_id, now);
	/* The plane listens to clear packets only while a socket may want them. */
	if (spec != NULL && (before == 0) != (now == 0))
		tell_plane(n, class_id, spec);
}

static bool
tell_one(void *ctx, uint32_t class_id, const struct class_spec *spec)
{
	tell_plane(ctx, class_id, spec);
	return true;
}

void
nego_class_tell_plane(struct negotiator *n)
{
	class_walk(n->classes, tell_one, n);
}

/* ---- keeper ---- */

static void
class_made(void *ctx, uint32_t class_id)
{
	struct negotiator *n = ctx;
	struct proto_class_spec ask;

	memset(&ask, 0, sizeof(ask)); /* padding travels, too */
	ask.class_id = class_id;
	ask.spec = *class_by_id(n->classes, class_id);
	(void)ipc_send(n->keeper, PROTO_CLASS_ASK, &ask, sizeof(ask), -1);
	tell_plane(n, class_id, &ask.spec);
	log_debug("class", "class %u of user %u made", class_id, ask.spec.owner);
}

static void
class_ended(void *ctx, uint32_t class_id)
{
	struct negotiator *n = ctx;
	struct proto_class gone = { .class_id = class_id };
	struct proto_class_id end = { class_id };

	engine_class_ended(n->engine, nego_now_ms(), class_id);
	nego_pump(n);
	(void)ipc_send(n->plane, PROTO_CLASS, &gone, sizeof(gone), -1);
	(void)ipc_send(n->keeper, PROTO_CLASS_END, &end, sizeof(end), -1);
	log_debug("class", "class %u ended", class_id);
}

bool
nego_class_message(struct negotiator *n, uint16_t type, struct span body)
{
	struct proto_class_spec known;
	struct proto_class_id failed;

	if (type == PROTO_CLASS_KNOWN && proto_body(body, &known, sizeof(known))) {
		class_restore(n->classes, known.class_id, &known.spec);
	} else if (type == PROTO_CLASS_FAILED &&
		   proto_body(body, &failed, sizeof(failed))) {
		log_error("class",
		    "class %u could not be made: its sockets have no traffic",
		    failed.class_id);
		class_failed(n->classes, failed.class_id);
	} else if (type == PROTO_ADOPTED) {
		nego_rules_set(n); /* what an earlier daemon made is known now */
	} else {
		return false;
	}
	return true;
}

bool
nego_class_new(struct negotiator *n)
{
	static const struct class_table_ops ops = { class_made, class_ended };

	n->classes = class_table_new(n->base, net_class_limit(n->config),
	    n->config->limits.classes_per_user, &n->config->policy, &ops, n);
	return n->classes != NULL;
}
