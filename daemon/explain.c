/*
 * authipctl explain: which socket or rule traffic belongs to, which SAs carry it, and why it
 * is protected, clear or waits. It decides nothing: it says what the others would do.
 */
#include "config.h"

#include "daemon/explain.h"

#include <string.h>

#include "daemon/class_table.h"
#include "daemon/ctl_flow.h"
#include "daemon/negotiator.h"
#include "daemon/sockdiag.h"
#include "daemon/socket_table.h"
#include "daemon/status_json.h"
#include "ike/text.h"

struct explain {
	struct negotiator *n;
	const struct proto_flow_state *seen;
	const struct class_spec *spec; /* NULL: nobody's */
	const struct rule *exempt;     /* the rule that leaves it alone; NULL: none */
	json_t *why;			 /* sentences */
	json_t *quick_mode;		 /* ids of those that carry it */
	bool is_negotiating;
	uint32_t peer_mm;
};

static void
say(struct explain *e, const char *sentence)
{
	json_array_append_new(e->why, status_json_text(sentence));
}

static void
say_about(struct explain *e, const char *before, const char *name, const char *after)
{
	char buf[900];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_str(&t, before);
	text_str(&t, name);
	text_str(&t, after);
	say(e, buf);
}

/* ---- the question ---- */

struct wanted {
	uint64_t cookie;
	struct proto_flow_state *ask;
	bool found;
};

static void
look_at_socket(void *ctx, const struct sockdiag_entry *d)
{
	struct wanted *w = ctx;

	if (d->cookie != w->cookie)
		return;
	w->ask->flow = (struct flow){ d->protocol, d->local, d->remote };
	w->found = true;
}

struct by_id {
	uint64_t id;
	struct secured_socket s;
	bool found;
};

static void
look_at_registration(void *ctx, const struct secured_socket *s)
{
	struct by_id *b = ctx;

	if (s->id != b->id)
		return;
	b->s = *s;
	b->found = true;
}

static const char *
question_socket(struct negotiator *n, json_t *id, struct proto_flow_state *ask)
{
	struct by_id b = { .id = (uint64_t)json_integer_value(id) };
	struct wanted w = { .ask = ask };

	socket_table_walk(n->sockets, look_at_registration, &b);
	if (!b.found)
		return "there is no secured socket with this number: see authipctl status";
	w.cookie = b.s.cookie;
	(void)sockdiag_dump(b.s.family, b.s.protocol, 0, look_at_socket, &w);
	if (!w.found)
		return "the kernel does not know that socket: it ended, or has no port yet";
	ask->class_id = b.s.class_id;
	return NULL;
}

const char *
explain_question(struct negotiator *n, json_t *q, struct proto_flow_state *ask)
{
	json_t *socket = json_object_get(q, "socket");
	const char *error;

	if (socket != NULL)
		return question_socket(n, socket, ask);
	if ((error = ctl_flow_read(q, &ask->flow)) != NULL)
		return error;
	/* Without a local port it is the traffic of any program, which secures nothing itself. */
	if (ask->flow.local.port != 0)
		ask->class_id = socket_table_owner(n->sockets, &ask->flow);
	if (ask->class_id == 0)
		ask->class_id = nego_rules_class(n, &ask->flow);
	if (ask->class_id == 0 && ask->flow.local.port != 0 &&
	    nego_rules_exempt(n, &ask->flow) == NULL)
		ask->class_id = engine_flow_class(n->engine, &ask->flow);
	return NULL;
}

/* ---- what there is ---- */

static bool
carries(const struct engine_qm_status *s, const struct flow *f)
{
	if (f->remote.port != 0)
		return flow_matches(&s->selector, f);
	/* a socket without a peer: whoever its port talks to */
	return s->selector.protocol == f->protocol &&
	       (s->selector.local.port == 0 || s->selector.local.port == f->local.port);
}

static bool
look_at_qm(void *ctx, const struct engine_qm_status *s)
{
	struct explain *e = ctx;

	if (s->class_id != e->seen->class_id || !carries(s, &e->seen->flow))
		return true;
	if (s->is_usable) {
		json_array_append_new(e->quick_mode, json_integer((json_int_t)s->id));
		e->peer_mm = s->mm_id;
	} else {
		e->is_negotiating = true;
	}
	return true;
}

static const struct failure *
last_failure(const struct explain *e)
{
	const struct failure *best = NULL;

	for (size_t i = 0; i < NEGO_FAILURES; i++) {
		const struct failure *f = &e->n->failure[i];

		if (f->at_ms != 0 && f->class_id == e->seen->class_id &&
		    address_equal(&f->selector.remote.addr, &e->seen->flow.remote.addr) &&
		    (best == NULL || f->at_ms > best->at_ms))
			best = f;
	}
	return best;
}

/* ---- the sentences ---- */

static const char *
action_name(const struct rule *r)
{
	static const char *const name[] = {
#define X(id, word) [id] = word,
		RULE_ACTIONS(X)
#undef X
	};

	return (unsigned)r->action < RULE_ACTION_COUNT ? name[r->action] : "unknown";
}

static void
say_owner(struct explain *e)
{
	if (e->seen->class_id != 0 && e->spec == NULL)
		say(e, "an earlier daemon secured its socket, and nobody knows how any more");
	else if (e->exempt != NULL)
		say_about(e, "rule \"", e->exempt->name, "\" exempts it: authipd does not touch it");
	else if (e->spec == NULL)
		say(e, "no secured socket and no rule is for it: authipd does not touch it");
	else if (e->spec->kind == CLASS_OF_RULE)
		say_about(e, "rule \"", e->spec->rule.name, "\" selects it");
	else
		say_about(e, "a secured socket has it, class ", class_spec_name(e->spec), "");
	if (e->spec == NULL)
		return;
	if (e->spec->kind == CLASS_OF_RULE)
		say_about(e, "action ", action_name(&e->spec->rule), "");
	if (e->spec->target_name[0] != '\0')
		say_about(e, "the peer must prove to be ", e->spec->target_name, "");
	if (e->spec->guarantee_encryption)
		say(e, "only proposals that encrypt are used");
}

static void
say_clear(struct explain *e)
{
	if (e->spec == NULL)
		return;
	if (!e->spec->allow_insecure)
		say(e, "it is never sent in clear");
	else if (e->seen->was_secured)
		say(e, "it was secured once: it is never sent in clear again");
	else if (policy_clear_waits(&e->spec->policy))
		say(e, "clear text is its last choice: negotiation_discovery is off");
	else
		say(e, "it may be sent in clear until it is secured");
	if (e->seen->fell_back && !e->seen->was_secured)
		say(e, "its peer did not answer IKE in time");
}

static void
say_peer(struct explain *e)
{
	struct engine_mm_status mm;
	const char *name;

	if (e->peer_mm == 0 || !engine_get_mm(e->n->engine, nego_now_ms(), e->peer_mm, &mm))
		return;
	name = mm.em_peer_name[0] != '\0' ? mm.em_peer_name : mm.peer_name;
	say_about(e, "the peer is ", name[0] != '\0' ? name : "not authenticated", "");
}

static void
say_failure(struct explain *e)
{
	const struct failure *f = last_failure(e);
	char buf[32];
	struct text t;

	if (f == NULL)
		return;
	text_init(&t, buf, sizeof(buf));
	text_u32(&t, (uint32_t)((nego_now_ms() - f->at_ms) / 1000));
	text_str(&t, " s ago: ");
	say_about(e, "the last negotiation failed ", buf, f->text);
}

/* ---- the verdict ---- */

/* X(id, word, sentence) */
#define VERDICTS(X)                                                                       \
	X(V_PROTECTED, "protected", "an SA carries it")                                   \
	X(V_CLEAR, "clear", "it is sent in clear")                                        \
	X(V_WAITS, "waits", "its packets wait for a negotiation")                         \
	X(V_NEGOTIATES, "negotiates", "its next packet begins a negotiation, and waits")  \
	X(V_BLOCKED, "blocked", "a negotiation failed: its packets are dropped")

enum verdict {
#define VERDICT_ENUM(id, word, sentence) id,
	VERDICTS(VERDICT_ENUM)
};

static bool
stays_here(const struct flow *f)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	return address_equal(&f->local.addr, &f->remote.addr) ||
	       (f->remote.addr.family == 4 && f->remote.addr.b[0] == 127) ||
	       (f->remote.addr.family == 6 &&
		   memcmp(f->remote.addr.b, loopback6, sizeof(loopback6)) == 0);
}

static enum verdict
decide(const struct explain *e)
{
	bool may_be_clear = e->spec != NULL && e->spec->allow_insecure && !e->seen->was_secured;

	if (e->seen->class_id == 0 || stays_here(&e->seen->flow))
		return V_CLEAR;
	if (e->seen->seen == SEEN_CLEAR && may_be_clear)
		return V_CLEAR;
	if (json_array_size(e->quick_mode) > 0)
		return V_PROTECTED;
	if (may_be_clear && e->seen->n_held == 0 &&
	    (e->seen->fell_back || !policy_clear_waits(&e->spec->policy)))
		return V_CLEAR;
	if (e->spec == NULL || e->seen->seen == SEEN_FAILED)
		return V_BLOCKED;
	return e->is_negotiating || e->seen->n_held > 0 ? V_WAITS : V_NEGOTIATES;
}

static const char *
owner_name(const struct explain *e)
{
	if (e->exempt != NULL || (e->spec != NULL && e->spec->kind == CLASS_OF_RULE))
		return "rule";
	return e->spec == NULL ? "none" : "socket";
}

json_t *
explain_json(struct negotiator *n, const struct proto_flow_state *seen)
{
	static const char *const word[] = {
#define X(id, w, sentence) w,
		VERDICTS(X)
#undef X
	};
	static const char *const sentence[] = {
#define X(id, w, s) s,
		VERDICTS(X)
#undef X
	};
	static const char *const state[] = {
#define X(id, name) name,
		FLOW_SEEN(X)
#undef X
	};
	struct explain e = { .n = n,
		.seen = seen,
		.spec = class_by_id(n->classes, seen->class_id),
		.why = json_array(),
		.quick_mode = json_array() };
	enum verdict v;

	if (seen->class_id == 0)
		e.exempt = nego_rules_exempt(n, &seen->flow);

	engine_walk_qm(n->engine, nego_now_ms(), look_at_qm, &e);
	v = decide(&e);
	say_owner(&e);
	if (stays_here(&seen->flow))
		say(&e, "it does not leave this host");
	else
		say_clear(&e);
	say_peer(&e);
	if (v != V_PROTECTED && seen->class_id != 0)
		say_failure(&e);
	say(&e, sentence[v]);
	return json_pack("{s:b,s:s,s:s,s:I,s:s,s:o,s:s,s:b,s:b,s:I,s:b,s:o,s:o}", "ok", 1, "verdict",
	    word[v], "owner", owner_name(&e), "class_id", (json_int_t)seen->class_id, "class",
	    class_spec_name(e.spec), "traffic", status_json_selector(&seen->flow), "flow",
	    state[seen->seen < FLOW_SEEN_COUNT ? seen->seen : SEEN_NEVER], "secured",
	    (int)seen->was_secured, "negotiating", (int)e.is_negotiating, "waiting_packets",
	    (json_int_t)seen->n_held, "clear_allowed",
	    (int)(e.spec == NULL ? seen->class_id == 0 : e.spec->allow_insecure && !seen->was_secured),
	    "quick_modes", e.quick_mode, "why", e.why);
}
