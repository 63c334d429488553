/* What the engine shows: main modes, quick modes, counters. */
#include <string.h>

#include "ike/v1.h"

static const char *
mm_state_name(enum mm_state s)
{
	static const char *const name[] = {
#define X(id, name) [id] = name,
		MM_STATES(X)
#undef X
	};

	return name[s];
}

static const char *
v1_step_name(const struct mm_sa *mm)
{
	static const char *const name[] = {
#define X(id, name) [id] = name,
		V1_STEPS(X)
#undef X
	};

	return name[mm->v1->step];
}

static const char *
qm_state_name(enum qm_state s)
{
	static const char *const name[] = {
#define X(id, name) [id] = name,
		QM_STATES(X)
#undef X
	};

	return name[s];
}

static const char *
em_status_word(const struct mm_sa *mm)
{
	if (!mm_needs_em(mm))
		return "none";
	if (mm->keys.has_em && mm->em.state == GSS_COMPLETE)
		return "established";
	return "negotiating";
}

static void
status_mm(const struct mm_sa *mm, uint64_t now_ms, struct engine_mm_status *s)
{
	struct text name;

	memset(s, 0, sizeof(*s));
	s->id = mm->id;
	s->initiator = mm->initiator;
	s->is_ikev1 = mm->v1 != NULL;
	s->state = mm->v1 != NULL && mm->state != MM_DYING ? v1_step_name(mm) :
							     mm_state_name(mm->state);
	s->is_deleting = mm->state == MM_DYING;
	s->local = mm->local;
	s->remote = mm->remote;
	memcpy(s->icookie, mm->icookie, COOKIE_BYTES);
	memcpy(s->rcookie, mm->rcookie, COOKIE_BYTES);
	s->cipher = mm->chosen.cipher;
	s->integrity = mm->chosen.integrity;
	s->group = mm->group;
	s->lifetime_s = mm->chosen.lifetime_s;
	s->age_s = (uint32_t)((now_ms - mm->created_ms) / 1000);
	s->vendor_seen = mm->vendor_seen;
	s->vendor_version = mm->vendor_version;
	s->nat_detected = mm->nat_detected;
	s->dialect = mm->dialect;
	s->em_required = mm_needs_em(mm);
	s->em_state = em_status_word(mm);
	s->method = mm->gss.state == GSS_COMPLETE ? mm->gss.method : 0;
	text_init(&name, s->peer_name, sizeof(s->peer_name));
	text_str(&name, blob_text(&mm->gss.peer_name));
	s->em_method = mm->em.method;
	text_init(&name, s->em_peer_name, sizeof(s->em_peer_name));
	text_str(&name, blob_text(&mm->em.peer_name));
	s->peer_is_user = mm->em.peer_is_user || mm->gss.peer_is_user;
	memcpy(s->peer_gss_id, mm->peer_gss_id, sizeof(s->peer_gss_id));
}

void
engine_walk_mm(const struct engine *e, uint64_t now_ms,
    bool (*each)(void *ctx, const struct engine_mm_status *s), void *ctx)
{
	const struct mm_sa *mm;
	struct engine_mm_status s;

	LIST_FOREACH (mm, &e->mm_all, all_link) {
		status_mm(mm, now_ms, &s);
		if (!each(ctx, &s))
			return;
	}
}

static void
status_qm(const struct qm_sa *qm, uint64_t now_ms, struct engine_qm_status *s)
{
	struct text name;

	*s = (struct engine_qm_status){
		.id = qm->id,
		.mm_id = qm->mm_id,
		.initiator = qm->initiator,
		.state = qm_state_name(qm->state),
		.is_usable = qm_is_usable(qm),
		.class_id = qm->policy.class_id,
		.spi_in = qm->spi_in,
		.spi_out = qm->spi_out,
		.proposal = qm->choice.proposal,
		.age_s = (uint32_t)((now_ms - qm->created_ms) / 1000),
		.selector = qm->selector,
		.message_id = qm->message_id,
		.udp = qm->udp,
		.rekeyed_from = qm->rekeyed_from,
		.n_rekeys = qm->n_rekeys,
		.is_ikev1 = qm->is_v1,
		.peer_method = qm->peer_method,
	};
	text_init(&name, s->peer_name, sizeof(s->peer_name));
	text_str(&name, blob_text(&qm->peer_name));
}

void
engine_walk_qm(const struct engine *e, uint64_t now_ms,
    bool (*each)(void *ctx, const struct engine_qm_status *s), void *ctx)
{
	const struct qm_sa *qm;
	struct engine_qm_status s;

	LIST_FOREACH (qm, &e->qm_all, all_link) {
		status_qm(qm, now_ms, &s);
		if (!each(ctx, &s))
			return;
	}
}

bool
engine_get_mm(
    const struct engine *e, uint64_t now_ms, uint32_t mm_id, struct engine_mm_status *s)
{
	const struct mm_sa *mm = sadb_mm_by_id(e, mm_id);

	if (mm != NULL)
		status_mm(mm, now_ms, s);
	return mm != NULL;
}

bool
engine_get_qm(
    const struct engine *e, uint64_t now_ms, uint32_t qm_id, struct engine_qm_status *s)
{
	const struct qm_sa *qm = sadb_qm_by_id(e, qm_id);

	if (qm != NULL)
		status_qm(qm, now_ms, s);
	return qm != NULL;
}

uint64_t
engine_error_count(const struct engine *e, enum ike_err err)
{
	return (unsigned)err < IKE_ERR_COUNT ? e->error_count[err] : 0;
}

uint64_t
engine_event_count(const struct engine *e, enum engine_event_type t)
{
	return (unsigned)t <= EVENT_DROP ? e->event_count[t] : 0;
}

bool
engine_mm_key(const struct engine *e, uint32_t mm_id, struct secret *key)
{
	const struct mm_sa *mm = sadb_mm_by_id(e, mm_id);

	return mm != NULL && mm->keys.ready &&
	    secret_set(key, span_of(mm->keys.cipher_key, cipher_key_len_bytes(mm->chosen.cipher)));
}
