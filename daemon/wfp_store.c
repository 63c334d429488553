/*
 * The provider contexts. What a transaction adds is seen by its session alone, what it
 * deletes is there for everybody else, until it commits.
 */
#include "daemon/wfp_state.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "daemon/log.h"
#include "daemon/negotiator.h"
#include "daemon/socket_table.h"

static bool
guid_is_zero(const GUID *g)
{
	static const GUID zero;

	return memcmp(g, &zero, sizeof(zero)) == 0;
}

/* Is it there, for this session (NULL: for everybody)? */
static bool
context_exists(const struct wfp_session *s, const struct wfp_context *c)
{
	return (c->added == NULL || c->added == s) &&
	       (c->deleted == NULL || c->deleted != s);
}

bool
wfp_context_is_visible(const struct wfp_session *s, const struct wfp_context *c)
{
	return context_exists(s, c) &&
	       (c->is_builtin || s->who.is_admin || c->uid == s->who.uid);
}

/* Users choose their keys without knowing of each other: root's own comes first. */
struct wfp_context *
wfp_context_by_key(const struct wfp_session *s, const GUID *key)
{
	struct wfp_context *c, *found = NULL;

	TAILQ_FOREACH (c, &s->w->contexts, next)
		if (memcmp(&c->key, key, sizeof(*key)) == 0 &&
		    wfp_context_is_visible(s, c) &&
		    (found == NULL || c->uid == s->who.uid))
			found = c;
	return found;
}

struct wfp_context *
wfp_context_by_id(const struct wfp_session *s, uint64_t id)
{
	struct wfp_context *c;

	TAILQ_FOREACH (c, &s->w->contexts, next)
		if (c->id == id && wfp_context_is_visible(s, c))
			return c;
	return NULL;
}

/* Not those that root only sees: another user would have chosen the policy of its socket. */
const struct wfp_context *
wfp_context_for_socket(const struct wfp *w, const uint8_t key[16], uint32_t uid)
{
	struct wfp_context *c;

	TAILQ_FOREACH (c, &w->contexts, next)
		if (memcmp(&c->key, key, sizeof(c->key)) == 0 && c->added == NULL &&
		    c->deleted == NULL && (c->is_builtin || c->uid == uid))
			return c;
	return NULL;
}

static struct wfp_context *
context_new(struct wfp *w, FWPM_PROVIDER_CONTEXT1 *value, uint64_t id)
{
	static uint8_t bytes[AIP_API_ENGINE_OBJECT_MAX];
	struct wfp_context *c;
	size_t n;

	value->providerContextId = id;
	n = wfp_encode(&wfp_context1, value, bytes, sizeof(bytes));
	if (n == 0 || (c = calloc(1, sizeof(*c) + n)) == NULL)
		return NULL;
	c->key = value->providerContextKey;
	c->id = id;
	c->type = value->type;
	if (value->providerKey != NULL)
		c->provider = *value->providerKey;
	c->n = n;
	memcpy(c->bytes, bytes, n);
	TAILQ_INSERT_TAIL(&w->contexts, c, next);
	return c;
}

static void
context_free(struct wfp *w, struct wfp_context *c)
{
	TAILQ_REMOVE(&w->contexts, c, next);
	free(c);
}

static struct wfp_context *
builtin_by_key(struct wfp *w, const GUID *key)
{
	struct wfp_context *c;

	TAILQ_FOREACH (c, &w->contexts, next)
		if (c->is_builtin && memcmp(&c->key, key, sizeof(*key)) == 0)
			return c;
	return NULL;
}

bool
wfp_context_set_builtin(struct wfp *w, const FWPM_PROVIDER_CONTEXT1 *value)
{
	FWPM_PROVIDER_CONTEXT1 copy = *value;
	struct wfp_context *old = builtin_by_key(w, &value->providerContextKey);
	struct wfp_context *c =
	    context_new(w, &copy, old != NULL ? old->id : w->next_id + 1);

	if (c == NULL)
		return false;
	c->is_builtin = true;
	if (old != NULL)
		context_free(w, old);
	else
		w->next_id++;
	return true;
}

/* A key is unique for its user: nobody takes those of others away, or learns of them. */
static bool
key_is_taken(const struct wfp *w, const GUID *key, uint32_t uid)
{
	const struct wfp_context *c;

	TAILQ_FOREACH (c, &w->contexts, next)
		if (memcmp(&c->key, key, sizeof(*key)) == 0 &&
		    (c->is_builtin || c->uid == uid))
			return true;
	return false;
}

static size_t
contexts_of_user(const struct wfp *w, uint32_t uid)
{
	const struct wfp_context *c;
	size_t n = 0;

	TAILQ_FOREACH (c, &w->contexts, next)
		n += c->uid == uid && !c->is_builtin;
	return n;
}

static uint32_t
context_add(struct wfp_session *s, FWPM_PROVIDER_CONTEXT1 *value, uint64_t *id)
{
	uint32_t error = wfp_check_context(value);
	struct wfp_context *c;

	if (error != 0)
		return error;
	if (guid_is_zero(&value->providerContextKey) &&
	    !crypto_random((uint8_t *)&value->providerContextKey, sizeof(GUID)))
		return ERROR_NOT_ENOUGH_MEMORY;
	if (key_is_taken(s->w, &value->providerContextKey, s->who.uid))
		return FWP_E_ALREADY_EXISTS;
	if (contexts_of_user(s->w, s->who.uid) >= WFP_CONTEXTS_PER_UID) {
		if (nego_may_log(&s->w->n->users_refused, s->who.uid))
			log_warn("wfp",
			    "user %u has %u provider contexts, the limit: refused "
			    "another",
			    s->who.uid, WFP_CONTEXTS_PER_UID);
		return FWP_E_OUT_OF_BOUNDS;
	}
	if ((c = context_new(s->w, value, s->w->next_id + 1)) == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	s->w->next_id++;
	c->uid = s->who.uid;
	c->owner = s->is_dynamic ? s : NULL;
	c->added = s->txn == WFP_TXN_WRITE ? s : NULL;
	*id = c->id;
	return 0;
}

uint32_t
wfp_context_add(struct wfp_session *s, struct span bytes, uint64_t *id)
{
	FWPM_PROVIDER_CONTEXT1 *value = wfp_decode(&wfp_context1, bytes.p, bytes.n);
	uint32_t error;

	if (value == NULL)
		return ERROR_INVALID_PARAMETER;
	error = context_add(s, value, id);
	free(value);
	return error;
}

/* ---- sockets that use them ---- */

static void
use_free(struct wfp *w, struct wfp_use *u)
{
	LIST_REMOVE(u, next);
	w->n_uses--;
	free(u);
}

/* Forgets sockets that are gone. */
static void
uses_sweep(struct wfp *w)
{
	struct wfp_use *u, *next;
	struct secured_socket s;

	for (u = LIST_FIRST(&w->uses); u != NULL; u = next) {
		next = LIST_NEXT(u, next);
		if (!socket_table_find(w->n->sockets, u->cookie, &s))
			use_free(w, u);
	}
	w->sweep_at = 2 * w->n_uses + 64;
}

bool
wfp_policy_hold(struct wfp *w, uint64_t cookie, uint32_t uid, const uint8_t mm_key[16],
    const uint8_t qm_key[16])
{
	struct wfp_use *u;

	if (w->n_uses >= w->sweep_at)
		uses_sweep(w);
	if ((u = calloc(1, sizeof(*u))) == NULL)
		return false;
	u->cookie = cookie;
	u->uid = uid;
	memcpy(&u->key[0], mm_key, sizeof(GUID));
	memcpy(&u->key[1], qm_key, sizeof(GUID));
	LIST_INSERT_HEAD(&w->uses, u, next);
	w->n_uses++;
	return true;
}

void
wfp_uses_free(struct wfp *w)
{
	struct wfp_use *u;

	while ((u = LIST_FIRST(&w->uses)) != NULL)
		use_free(w, u);
}

GUID
wfp_context_of_socket(const struct wfp *w, uint64_t cookie, int which)
{
	const struct wfp_use *u;

	LIST_FOREACH (u, &w->uses, next)
		if (u->cookie == cookie && cookie != 0 && !guid_is_zero(&u->key[which]))
			return u->key[which];
	return which == 0 ? FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_AUTHIP :
			    FWPM_PROVIDER_CONTEXT_SECURE_SOCKET_IPSEC;
}

static bool
context_is_in_use(struct wfp *w, const struct wfp_context *c)
{
	const struct wfp_use *u;

	uses_sweep(w);
	LIST_FOREACH (u, &w->uses, next)
		if (u->uid == c->uid &&
		    (memcmp(&u->key[0], &c->key, sizeof(GUID)) == 0 ||
			memcmp(&u->key[1], &c->key, sizeof(GUID)) == 0))
			return true;
	return false;
}

/* ---- ends ---- */

uint32_t
wfp_context_delete(struct wfp_session *s, struct wfp_context *c)
{
	if (c == NULL)
		return FWP_E_PROVIDER_CONTEXT_NOT_FOUND;
	if (c->is_builtin)
		return FWP_E_BUILTIN_OBJECT;
	if (c->owner != NULL && c->owner != s)
		return FWP_E_WRONG_SESSION;
	if (c->owner == NULL && s->is_dynamic)
		return FWP_E_DYNAMIC_SESSION_IN_PROGRESS;
	if (c->deleted != NULL || context_is_in_use(s->w, c))
		return FWP_E_IN_USE;
	if (s->txn == WFP_TXN_WRITE)
		c->deleted = s;
	else
		context_free(s->w, c);
	return 0;
}

void
wfp_contexts_commit(struct wfp_session *s)
{
	struct wfp_context *c, *next;

	for (c = TAILQ_FIRST(&s->w->contexts); c != NULL; c = next) {
		next = TAILQ_NEXT(c, next);
		if (c->added == s)
			c->added = NULL;
		if (c->deleted == s)
			context_free(s->w, c);
	}
}

void
wfp_contexts_abort(struct wfp_session *s)
{
	struct wfp_context *c, *next;

	for (c = TAILQ_FIRST(&s->w->contexts); c != NULL; c = next) {
		next = TAILQ_NEXT(c, next);
		if (c->deleted == s)
			c->deleted = NULL;
		if (c->added == s)
			context_free(s->w, c);
	}
}

/* Sockets that were secured with them keep their policy: it was copied. */
void
wfp_contexts_end(struct wfp_session *s)
{
	struct wfp_context *c, *next;

	for (c = TAILQ_FIRST(&s->w->contexts); c != NULL; c = next) {
		next = TAILQ_NEXT(c, next);
		if (c->owner == s)
			context_free(s->w, c);
	}
}
