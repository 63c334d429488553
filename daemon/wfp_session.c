/*
 * Sessions of the engine and their transactions. A transaction that writes excludes all
 * others of the same user: those of other users concern other objects.
 */
#include "daemon/wfp_state.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/negotiator.h"

static void session_resume_others(struct wfp_session *s);

/* ---- transactions ---- */

void
wfp_txn_end(struct wfp_session *s, bool commit)
{
	if (s->txn == WFP_TXN_WRITE && commit)
		wfp_contexts_commit(s);
	else if (s->txn == WFP_TXN_WRITE)
		wfp_contexts_abort(s);
	s->txn = WFP_TXN_NONE;
	if (s->txn_timer != NULL)
		event_free(s->txn_timer);
	s->txn_timer = NULL;
	session_resume_others(s);
}

static void
txn_on_old(evutil_socket_t fd, short what, void *ctx)
{
	struct wfp_session *s = ctx;

	(void)fd;
	(void)what;
	log_warn("wfp", "a transaction of user %u was open for %u minutes: aborted",
	    s->who.uid, WFP_TXN_LIFE_S / 60);
	s->txn_timed_out = true;
	wfp_txn_end(s, false);
}

uint32_t
wfp_txn_begin(struct wfp_session *s, uint32_t flags)
{
	struct timeval life = { WFP_TXN_LIFE_S, 0 };

	s->txn_timer = evtimer_new(s->w->n->base, txn_on_old, s);
	if (s->txn_timer == NULL || evtimer_add(s->txn_timer, &life) != 0)
		return ERROR_NOT_ENOUGH_MEMORY;
	s->txn = flags == FWPM_TXN_READ_ONLY ? WFP_TXN_READ : WFP_TXN_WRITE;
	return 0;
}

static bool
verb_writes(uint16_t verb, const struct aip_api_engine *r)
{
	return verb == AIP_API_ENGINE_ADD ||
	       (verb == AIP_API_ENGINE_DELETE &&
		   le32toh(r->object) == AIP_API_ENGINE_CONTEXT) ||
	       (verb == AIP_API_ENGINE_BEGIN && le32toh(r->object) == 0);
}

/* Is the transaction of another session of this user in the way? */
static bool
must_wait(const struct wfp_session *s, uint16_t verb, const struct aip_api_engine *r)
{
	bool writes = verb_writes(verb, r);
	const struct wfp_session *other;

	if (s->txn != WFP_TXN_NONE || (!writes && verb != AIP_API_ENGINE_BEGIN))
		return false;
	LIST_FOREACH (other, &s->w->sessions, next)
		if (other != s && other->who.uid == s->who.uid &&
		    (other->txn == WFP_TXN_WRITE ||
			(writes && other->txn == WFP_TXN_READ)))
			return true;
	return false;
}

/* ---- requests that wait ---- */

static void
wait_end(struct wfp_session *s)
{
	if (s->wait_timer != NULL)
		event_free(s->wait_timer);
	free(s->body);
	s->wait_timer = NULL;
	s->body = NULL;
	s->is_waiting = false;
}

static void
wait_on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	wait_end(ctx);
	wfp_request_answer(ctx, FWP_E_TIMEOUT, 0);
}

static void
wait_begin(struct wfp_session *s, uint16_t verb, struct span body)
{
	struct timeval t = { s->wait_ms / 1000, (int)(s->wait_ms % 1000) * 1000 };

	s->body = malloc(body.n);
	s->wait_timer = evtimer_new(s->w->n->base, wait_on_timeout, s);
	if (s->body == NULL || s->wait_timer == NULL ||
	    evtimer_add(s->wait_timer, &t) != 0) {
		wait_end(s);
		wfp_request_answer(s, ERROR_NOT_ENOUGH_MEMORY, 0);
		return;
	}
	memcpy(s->body, body.p, body.n);
	s->body_n = body.n;
	s->verb = verb;
	s->is_waiting = true;
}

/* A session whose turn it may be; NULL: none. */
static struct wfp_session *
waiting_session(const struct wfp_session *s)
{
	struct aip_api_engine r;
	struct wfp_session *other;

	LIST_FOREACH (other, &s->w->sessions, next) {
		if (!other->is_waiting || other->who.uid != s->who.uid)
			continue;
		memcpy(&r, other->body, sizeof(r));
		if (!must_wait(other, other->verb, &r))
			return other;
	}
	return NULL;
}

static void
session_resume_others(struct wfp_session *s)
{
	struct wfp_session *other;

	while ((other = waiting_session(s)) != NULL) {
		uint8_t *body = other->body;
		size_t n = other->body_n;

		other->body = NULL;
		wait_end(other);
		wfp_request_perform(other, other->verb, span_of(body, n));
		free(body);
	}
}

/* Closing an enumeration is always possible. */
void
wfp_session_ask(struct wfp_session *s, uint16_t verb, struct span body)
{
	struct aip_api_engine r;

	if (body.n < sizeof(r)) {
		wfp_request_answer(s, ERROR_INVALID_PARAMETER, 0);
		return;
	}
	memcpy(&r, body.p, sizeof(r));
	if (le32toh(r.format) != AIP_API_ENGINE_FORMAT) {
		wfp_request_answer(s, ERROR_INVALID_PARAMETER, 0);
	} else if (s->txn_timed_out && verb != AIP_API_ENGINE_ENUM_CLOSE) {
		s->txn_timed_out = false;
		wfp_request_answer(s, FWP_E_TXN_ABORTED, 0);
	} else if (s->txn == WFP_TXN_READ && verb != AIP_API_ENGINE_BEGIN &&
		   verb_writes(verb, &r)) {
		wfp_request_answer(s, FWP_E_INCOMPATIBLE_TXN, 0);
	} else if (must_wait(s, verb, &r)) {
		wait_begin(s, verb, body);
	} else {
		wfp_request_perform(s, verb, body);
	}
}

/* ---- sessions ---- */

static uint32_t
session_check(
    const struct wfp *w, const struct wfp_caller *who, const FWPM_SESSION0 *asked)
{
	static const GUID zero;
	const struct wfp_session *s;
	size_t same = 0;

	if ((asked->flags & ~FWPM_SESSION_FLAG_DYNAMIC) != 0)
		return FWP_E_INVALID_FLAGS;
	LIST_FOREACH (s, &w->sessions, next) {
		if (s->who.uid != who->uid)
			continue;
		same++;
		if (memcmp(&asked->sessionKey, &zero, sizeof(zero)) != 0 &&
		    memcmp(&asked->sessionKey, &s->key, sizeof(s->key)) == 0)
			return FWP_E_ALREADY_EXISTS;
	}
	if (same < WFP_SESSIONS_PER_UID || who->is_admin)
		return 0;
	if (nego_may_log(&w->n->users_refused, who->uid))
		log_warn("wfp",
		    "user %u has %u engine sessions, the limit: refused another",
		    who->uid, WFP_SESSIONS_PER_UID);
	return FWP_E_OUT_OF_BOUNDS;
}

static struct wfp_session *
session_new(struct wfp *w, const struct wfp_caller *who, const FWPM_SESSION0 *asked)
{
	struct wfp_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->w = w;
	s->who = *who;
	s->key = asked->sessionKey;
	s->is_dynamic = (asked->flags & FWPM_SESSION_FLAG_DYNAMIC) != 0;
	s->wait_ms = asked->txnWaitTimeoutInMSec != 0 ? asked->txnWaitTimeoutInMSec :
							WFP_TXN_WAIT_MS;
	if (s->wait_ms > WFP_TXN_LIFE_S * 1000u)
		s->wait_ms = WFP_TXN_LIFE_S * 1000u;
	LIST_INIT(&s->enumerations);
	LIST_INSERT_HEAD(&w->sessions, s, next);
	return s;
}

struct wfp_session *
wfp_session_open(struct wfp *w, const struct wfp_caller *who, struct span body,
    wfp_reply *reply, void *ctx)
{
	size_t fixed = sizeof(struct aip_api_engine);
	struct wfp_answer a = { .error = ERROR_INVALID_PARAMETER };
	struct wfp_session *s = NULL;
	FWPM_SESSION0 *asked = NULL;
	struct aip_api_engine r;

	if (body.n >= fixed) {
		memcpy(&r, body.p, sizeof(r));
		if (le32toh(r.format) == AIP_API_ENGINE_FORMAT)
			asked = wfp_decode(
			    &wfp_session_type, body.p + fixed, body.n - fixed);
	}
	if (asked != NULL && (a.error = session_check(w, who, asked)) == 0) {
		s = session_new(w, who, asked);
		if (s == NULL)
			a.error = ERROR_NOT_ENOUGH_MEMORY;
		else
			s->reply = reply, s->ctx = ctx;
	}
	free(asked);
	reply(ctx, &a);
	return s;
}

void
wfp_session_free(struct wfp_session *s)
{
	struct wfp_enumeration *e;

	if (s == NULL)
		return;
	wait_end(s);
	LIST_REMOVE(s, next);
	if (s->txn != WFP_TXN_NONE)
		wfp_txn_end(s, false);
	wfp_contexts_end(s);
	while ((e = LIST_FIRST(&s->enumerations)) != NULL)
		wfp_enum_free(s, e);
	free(s);
}

struct wfp *
wfp_new(struct negotiator *n)
{
	struct wfp *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->n = n;
	TAILQ_INIT(&w->contexts);
	LIST_INIT(&w->sessions);
	LIST_INIT(&w->uses);
	if (wfp_builtin_set(w))
		return w;
	wfp_free(w);
	return NULL;
}

void
wfp_free(struct wfp *w)
{
	struct wfp_context *c;

	if (w == NULL)
		return;
	while ((c = TAILQ_FIRST(&w->contexts)) != NULL) {
		TAILQ_REMOVE(&w->contexts, c, next);
		free(c);
	}
	wfp_uses_free(w);
	free(w);
}
