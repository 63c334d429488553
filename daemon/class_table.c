/* The classes that exist. */
#include "daemon/class_table.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#define RESTORED_RULE_S 5 /* by then its rule is in force again, or is no more */

struct class {
	struct class_table *table;
	uint32_t id;
	struct class_spec spec;
	bool is_possible; /* guaranteed encryption: there are proposals that encrypt */
	uint32_t n_refs;
	uint32_t n_sockets;
	struct event *linger;
};

struct class_table {
	struct event_base *base;
	const struct class_table_ops *ops;
	void *ctx;
	uint32_t limit;
	uint32_t per_user;
	uint32_t last_id; /* given away: an id is not used again soon */
	uint32_t n;
	struct class *class[CLASS_MAX + 1];
};

const char *
class_error_text(enum class_error e)
{
	static const char *const text[] = {
#define X(id, text) [id] = text,
		CLASS_ERRORS(X)
#undef X
	};

	return (unsigned)e <= CLASS_NO_MEMORY ? text[e] : "unknown";
}

static struct class *
class_get(const struct class_table *t, uint32_t class_id)
{
	return class_id <= CLASS_MAX ? t->class[class_id] : NULL;
}

/* ---- life ---- */

static void
class_free(struct class *c)
{
	c->table->class[c->id] = NULL;
	c->table->n--;
	if (c->linger != NULL)
		event_free(c->linger);
	free(c);
}

static void
class_over(evutil_socket_t fd, short what, void *ctx)
{
	struct class *c = ctx;
	struct class_table *t = c->table;

	(void)fd;
	(void)what;
	if (c->n_refs > 0 || c->n_sockets > 0)
		return;
	t->ops->ended(t->ctx, c->id);
	class_free(c);
}

/* The last one has left, or the first one has come back. */
static void
class_used(struct class *c, uint32_t linger_s)
{
	struct timeval tv = { (time_t)linger_s, 0 };

	if (c->id <= CLASS_PREDEFINED)
		return;
	if (c->n_refs > 0 || c->n_sockets > 0)
		evtimer_del(c->linger);
	else
		evtimer_add(c->linger, &tv);
}

static struct class *
class_new(struct class_table *t, uint32_t id, const struct class_spec *spec)
{
	struct class *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->linger = evtimer_new(t->base, class_over, c)) == NULL) {
		free(c);
		return NULL;
	}
	c->table = t;
	c->id = id;
	c->spec = *spec;
	c->is_possible =
	    !c->spec.guarantee_encryption || policy_keep_encrypting(&c->spec.policy);
	t->class[id] = c;
	t->n++;
	return c;
}

/* ---- finding ---- */

static struct class *
table_find(const struct class_table *t, const struct class_spec *spec)
{
	for (uint32_t id = 1; id <= t->limit; id++)
		if (t->class[id] != NULL &&
		    class_spec_equal(&t->class[id] -> spec, spec))
			return t->class[id];
	return NULL;
}

static uint32_t
table_count_user(const struct class_table *t, uint32_t owner)
{
	uint32_t n = 0;

	for (uint32_t id = CLASS_PREDEFINED + 1; id <= t->limit; id++)
		n += t->class[id] != NULL &&
		     t->class[id]->spec.kind == CLASS_OF_SOCKETS &&
		     t->class[id]->spec.owner == owner;
	return n;
}

static uint32_t
table_free_id(struct class_table *t)
{
	uint32_t n = t->limit - CLASS_PREDEFINED;

	for (uint32_t i = 0; i < n; i++) {
		t->last_id =
		    t->last_id < t->limit ? t->last_id + 1 : CLASS_PREDEFINED + 1;
		if (t->class[t->last_id] == NULL)
			return t->last_id;
	}
	return 0;
}

/*
 * A rule that finds no room is not in force, and its traffic goes in clear: the sockets of
 * users, however many those are, leave room for as many rules as a new configuration can have.
 */
static bool
users_may_have_more(const struct class_table *t)
{
	uint32_t half = (t->limit - CLASS_PREDEFINED) / 2;
	uint32_t kept = half < CONFIG_MAX_RULES ? half : CONFIG_MAX_RULES;

	return t->n + kept < t->limit;
}

static struct class *
table_make(struct class_table *t, const struct class_spec *spec, enum class_error *err)
{
	bool is_users = spec->kind == CLASS_OF_SOCKETS && spec->owner != 0;
	struct class *c;
	uint32_t id;

	if (is_users && table_count_user(t, spec->owner) >= t->per_user)
		*err = CLASS_USER_LIMIT;
	else if ((is_users && !users_may_have_more(t)) || (id = table_free_id(t)) == 0)
		*err = CLASS_FULL;
	else if ((c = class_new(t, id, spec)) == NULL)
		*err = CLASS_NO_MEMORY;
	else
		return c;
	return NULL;
}

uint32_t
class_find_or_make(
    struct class_table *t, const struct class_spec *spec, enum class_error *err)
{
	struct class_spec s = *spec;
	bool is_new;
	struct class *c;

	*err = CLASS_OK;
	if (s.guarantee_encryption && !policy_keep_encrypting(&s.policy)) {
		*err = CLASS_NO_ENCRYPTION;
		return 0;
	}
	c = table_find(t, &s);
	is_new = c == NULL;
	if (is_new && (c = table_make(t, &s, err)) == NULL)
		return 0;
	c->n_refs++;
	class_used(c, CLASS_LINGER_S);
	if (is_new)
		t->ops->made(t->ctx, c->id);
	return c->id;
}

void
class_unref(struct class_table *t, uint32_t class_id)
{
	struct class *c = class_get(t, class_id);

	if (c == NULL || c->n_refs == 0)
		return;
	c->n_refs--;
	/* Nothing of a rule speaks on when it is taken back, or of what never was. */
	class_used(c, c->spec.kind == CLASS_OF_SOCKETS ? CLASS_LINGER_S : 0);
}

void
class_set_sockets(struct class_table *t, uint32_t class_id, uint32_t n)
{
	struct class *c = class_get(t, class_id);

	if (c == NULL || c->n_sockets == n)
		return;
	c->n_sockets = n;
	class_used(c, CLASS_LINGER_S);
}

uint32_t
class_sockets(const struct class_table *t, uint32_t class_id)
{
	const struct class *c = class_get(t, class_id);

	return c != NULL ? c->n_sockets : 0;
}

const struct class_spec *
class_by_id(const struct class_table *t, uint32_t class_id)
{
	const struct class *c = class_get(t, class_id);

	return c != NULL && c->spec.kind != CLASS_LOST ? &c->spec : NULL;
}

bool
class_policy(const struct class_table *t, uint32_t class_id,
    const struct endpoint *remote, struct class_policy *out)
{
	const struct class *c = class_get(t, class_id);
	const char *target;

	if (c == NULL || c->spec.kind == CLASS_LOST || !c->is_possible)
		return false;
	target = class_spec_target(&c->spec, remote);
	*out = (struct class_policy){
		.class_id = class_id,
		.policy = &c->spec.policy,
		.guarantee_encryption = c->spec.guarantee_encryption,
		.allow_insecure = c->spec.allow_insecure,
		.target_name = target[0] != '\0' ? target : NULL,
		.uid = c->spec.uid,
	};
	return true;
}

/* ---- what others know of classes ---- */

void
class_restore(struct class_table *t, uint32_t class_id, const struct class_spec *spec)
{
	struct class_spec s = *spec;
	struct class *c;

	if (class_id <= CLASS_PREDEFINED || class_id > t->limit ||
	    t->class[class_id] != NULL)
		return;
	/* What the file said to that daemon does not count any more. */
	if (s.follows_default)
		s.policy = t->class[CLASS_DEFAULT]->spec.policy;
	if ((c = class_new(t, class_id, &s)) == NULL)
		return;
	if (spec->kind == CLASS_LOST)
		c->n_refs++; /* for ever: its sockets must not become others' */
	class_used(c, spec->kind == CLASS_OF_RULE ? RESTORED_RULE_S : CLASS_LINGER_S);
}

void
class_failed(struct class_table *t, uint32_t class_id)
{
	struct class *c = class_get(t, class_id);

	if (c == NULL || class_id <= CLASS_PREDEFINED)
		return;
	c->is_possible = false;
	/* Nobody finds it any more. */
	c->spec.kind = CLASS_LOST;
	class_used(c, 0);
}

void
class_set_default_policy(struct class_table *t, const struct policy *p)
{
	for (uint32_t id = 1; id <= t->limit; id++) {
		struct class *c = t->class[id];

		if (c == NULL || !c->spec.follows_default)
			continue;
		c->spec.policy = *p;
		c->is_possible = !c->spec.guarantee_encryption ||
				 policy_keep_encrypting(&c->spec.policy);
	}
}

void
class_walk(const struct class_table *t,
    bool (*each)(void *ctx, uint32_t class_id, const struct class_spec *spec),
    void *ctx)
{
	for (uint32_t id = 1; id <= t->limit; id++)
		if (t->class[id] != NULL &&
			t->class[id] -> spec.kind != CLASS_LOST &&
					    !each(ctx, id, &t->class[id] -> spec))
			return;
}

uint32_t
class_count(const struct class_table *t)
{
	return t->n;
}

/* ---- the table ---- */

struct class_table *
class_table_new(struct event_base *base, uint32_t limit, uint32_t per_user,
    const struct policy *default_policy, const struct class_table_ops *ops, void *ctx)
{
	struct class_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->base = base;
	t->ops = ops;
	t->ctx = ctx;
	t->limit = limit < CLASS_MAX ? limit : CLASS_MAX;
	t->per_user = per_user;
	t->last_id = CLASS_PREDEFINED;
	for (uint32_t id = 1; id <= CLASS_PREDEFINED; id++) {
		struct class_spec s = {
			.kind = CLASS_OF_SOCKETS,
			.guarantee_encryption = id == CLASS_ENCRYPT,
			.allow_insecure = id == CLASS_INSECURE,
			.follows_default = true,
			.policy = *default_policy,
		};

		if (class_new(t, id, &s) == NULL) {
			class_table_free(t);
			return NULL;
		}
	}
	return t;
}

void
class_table_free(struct class_table *t)
{
	if (t == NULL)
		return;
	for (uint32_t id = 1; id <= CLASS_MAX; id++)
		if (t->class[id] != NULL)
			class_free(t->class[id]);
	free(t);
}
