/* Events and log texts: one line a person can act on. */
#include <string.h>

#include "ike/state.h"

/* What to change, per error: appended to failure lines. */
#define HINTS(X)                                                                             \
	X(IKE_ERR_NO_PROPOSAL, "make the proposals of both hosts overlap")                   \
	X(IKE_ERR_GROUP, "offer one DH group that both hosts accept")                        \
	X(IKE_ERR_NO_AUTH_METHOD, "give both hosts a common main-mode method")               \
	X(IKE_ERR_NO_EM_METHOD, "give both hosts a common extended-mode method")             \
	X(IKE_ERR_NO_QM_POLICY,                                                              \
	    "the program there must call WSASetSocketSecurity before it listens")            \
	X(IKE_ERR_AUTH_FAILED, "check the credentials of both hosts, and whom they trust")   \
	X(IKE_ERR_AUTH_HASH,                                                                 \
	    "the peer derives other values: compare the dialect knobs hash_*")   \
	X(IKE_ERR_EM_REQUIRED,                                                               \
	    "the peer never started extended mode: enable it in its policy")                 \
	X(IKE_ERR_TIMED_OUT,                                                                 \
	    "is an AuthIP daemon running there, and UDP 500 open both ways?")                \
	X(IKE_ERR_ENCRYPTION_REQUIRED, "offer a proposal that encrypts")

static const char *
event_hint(enum ike_err err)
{
	switch (err) {
#define X(id, hint) \
	case id:    \
		return hint;
		HINTS(X)
#undef X
	default:
		return NULL;
	}
}

const char *
engine_event_name(enum engine_event_type t)
{
	static const char *const name[] = {
#define X(id, name, severity) [id] = name,
		ENGINE_EVENTS(X)
#undef X
	};

	return (unsigned)t <= EVENT_DROP ? name[t] : "unknown";
}

int
engine_event_severity(enum engine_event_type t)
{
	static const int severity[] = {
#define X(id, name, sev) [id] = sev,
		ENGINE_EVENTS(X)
#undef X
	};

	return (unsigned)t <= EVENT_DROP ? severity[t] : 0;
}

static struct action_event *
event_push(struct engine *e, enum engine_event_type type, const struct mm_sa *mm,
    enum ike_err err, const char *text)
{
	struct engine_action *a;
	struct text t;

	e->event_count[type]++;
	if (err != IKE_OK && type != EVENT_FLOOD)
		e->error_count[err]++;
	if ((a = action_push(e, ACTION_EVENT, SPAN_NONE)) == NULL)
		return NULL;
	a->event.type = type;
	a->event.error = err;
	if (mm != NULL) {
		a->event.mm_id = mm->id;
		a->event.local = mm->local;
		a->event.remote = mm->remote;
		memcpy(a->event.icookie, mm->icookie, COOKIE_BYTES);
	}
	text_init(&t, a->event.text, sizeof(a->event.text));
	text_str(&t, text);
	return &a->event;
}

void
event_mm(struct engine *e, enum engine_event_type type, const struct mm_sa *mm,
    enum ike_err err, const char *text)
{
	(void)event_push(e, type, mm, err, text);
}

void
event_engine(struct engine *e, enum engine_event_type type, enum ike_err err,
    const char *text)
{
	(void)event_push(e, type, NULL, err, text);
}

void
engine_report(struct engine *e, enum engine_event_type type, const struct flow *flow,
    const char *text)
{
	struct action_event *ev = event_push(e, type, NULL, IKE_OK, text);

	if (ev == NULL)
		return;
	ev->local = flow->local;
	ev->remote = flow->remote;
}

void
event_qm(struct engine *e, enum engine_event_type type, const struct qm_sa *qm,
    enum ike_err err, const char *text)
{
	struct action_event *ev = event_push(e, type, qm->mm, err, text);

	if (ev == NULL)
		return;
	ev->qm_id = qm->id;
	ev->mm_id = qm->mm_id;
	if (qm->mm == NULL) {
		ev->local = qm->selector.local;
		ev->remote = qm->selector.remote;
	}
}

void
event_drop(struct engine *e, const struct mm_sa *mm, enum ike_err err)
{
	struct action_event *ev = event_push(e, EVENT_DROP, mm, err, ike_err_text(err));

	if (ev != NULL && mm == NULL && e->in_remote != NULL) {
		ev->local = *e->in_local;
		ev->remote = *e->in_remote;
	}
}

void
event_failure_text(struct text *t, const struct mm_sa *mm, const char *step, enum ike_err err,
    const char *detail)
{
	const char *hint = event_hint(err);

	text_str(t, "peer ");
	text_address(t, &mm->remote.addr);
	text_str(t, ", ");
	text_str(t, step);
	text_str(t, ": ");
	text_str(t, ike_err_text(err));
	if (detail != NULL && detail[0] != '\0') {
		text_str(t, ": ");
		text_str(t, detail);
	}
	if (mm->peer_status != 0 && err == IKE_ERR_TIMED_OUT) {
		/* A hint only: nobody vouches for a notify in clear (A62). */
		text_str(t, "; an unauthenticated notify said ");
		text_str(t, ike_win32_name(mm->peer_status) != NULL ?
			ike_win32_name(mm->peer_status) :
			"an unknown code");
		text_str(t, " (");
		text_u32(t, mm->peer_status);
		text_str(t, ")");
	}
	if (hint != NULL) {
		text_str(t, "; ");
		text_str(t, hint);
	}
}
