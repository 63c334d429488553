/* The requests of a session, one function for each. */
#include "daemon/wfp_state.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

void
wfp_request_answer(struct wfp_session *s, uint32_t error, uint64_t id)
{
	struct wfp_answer a = { .error = error, .id = id };

	s->reply(s->ctx, &a);
}

/* The one object of a GET. */
static void
session_answer_object(struct wfp_session *s, uint32_t error, struct wfp_enumeration *e)
{
	struct wfp_answer a = { .error = error };

	if (error == 0 && e->is_full)
		a.error = ERROR_NOT_ENOUGH_MEMORY;
	if (a.error == 0) {
		a.count = 1;
		a.objects = span_of(e->p, e->n);
	}
	s->reply(s->ctx, &a);
	free(e->p);
	s->snapshot_bytes -= e->room;
}

static void
ask_begin(struct wfp_session *s, const struct aip_api_engine *r)
{
	uint32_t flags = le32toh(r->object);

	if ((flags & ~FWPM_TXN_READ_ONLY) != 0)
		wfp_request_answer(s, FWP_E_INVALID_FLAGS, 0);
	else
		wfp_request_answer(s,
		    s->txn != WFP_TXN_NONE ? FWP_E_TXN_IN_PROGRESS :
					     wfp_txn_begin(s, flags),
		    0);
}

static void
ask_end(struct wfp_session *s, bool commit)
{
	if (s->txn == WFP_TXN_NONE) {
		wfp_request_answer(s, FWP_E_NO_TXN_IN_PROGRESS, 0);
		return;
	}
	wfp_txn_end(s, commit);
	wfp_request_answer(s, 0, 0);
}

static void
ask_add(struct wfp_session *s, struct span object)
{
	uint64_t id = 0;
	uint32_t error = wfp_context_add(s, object, &id);

	wfp_request_answer(s, error, id);
}

static struct wfp_context *
context_of(const struct wfp_session *s, const struct aip_api_engine *r)
{
	GUID key;

	if (le32toh(r->by_key) == 0)
		return wfp_context_by_id(s, le64toh(r->id));
	memcpy(&key, r->key, sizeof(key));
	return wfp_context_by_key(s, &key);
}

static void
ask_delete(struct wfp_session *s, const struct aip_api_engine *r)
{
	uint32_t error;

	switch (le32toh(r->object)) {
	case AIP_API_ENGINE_CONTEXT:
		error = wfp_context_delete(s, context_of(s, r));
		break;
	case AIP_API_ENGINE_SA_CONTEXT:
		error = wfp_sa_context_delete(s, le64toh(r->id));
		break;
	case AIP_API_ENGINE_IKE_SA:
		error = wfp_ike_sa_delete(s, le64toh(r->id));
		break;
	default:
		error = ERROR_INVALID_PARAMETER;
	}
	wfp_request_answer(s, error, 0);
}

static uint32_t
get_context(
    struct wfp_session *s, const struct aip_api_engine *r, struct wfp_enumeration *e)
{
	const struct wfp_context *c = context_of(s, r);

	if (c == NULL)
		return FWP_E_PROVIDER_CONTEXT_NOT_FOUND;
	wfp_enum_add_bytes(s, e, span_of(c->bytes, c->n));
	return 0;
}

static void
ask_get(struct wfp_session *s, const struct aip_api_engine *r)
{
	struct wfp_enumeration e = { 0 };
	uint32_t error;
	GUID key;

	memcpy(&key, r->key, sizeof(key));
	switch (le32toh(r->object)) {
	case AIP_API_ENGINE_CONTEXT:
		error = get_context(s, r, &e);
		break;
	case AIP_API_ENGINE_FILTER:
		error = wfp_filter_get(
		    s, &e, le32toh(r->by_key) != 0 ? &key : NULL, le64toh(r->id));
		break;
	case AIP_API_ENGINE_SA_CONTEXT:
		error = wfp_sa_context_get(s, &e, le64toh(r->id));
		break;
	case AIP_API_ENGINE_IKE_SA:
		error = wfp_ike_sa_get(s, &e, le64toh(r->id));
		break;
	default:
		error = ERROR_INVALID_PARAMETER;
	}
	session_answer_object(s, error, &e);
}

static void
ask_statistics(struct wfp_session *s, const struct aip_api_engine *r)
{
	struct wfp_enumeration e = { 0 };

	session_answer_object(s,
	    s->txn != WFP_TXN_NONE ? FWP_E_TXN_IN_PROGRESS :
				     wfp_statistics_get(s, &e, le32toh(r->object)),
	    &e);
}

static void
ask_enum_open(struct wfp_session *s, const struct aip_api_engine *r, struct span object)
{
	uint64_t id = 0;
	uint32_t error = wfp_enum_open(s, le32toh(r->object), object, &id);

	wfp_request_answer(s, error, id);
}

static void
ask_enum_next(struct wfp_session *s, const struct aip_api_engine *r)
{
	struct wfp_answer a = { 0 };

	wfp_enum_next(s, le64toh(r->id), le32toh(r->count), &a);
	s->reply(s->ctx, &a);
}

void
wfp_request_perform(struct wfp_session *s, uint16_t verb, struct span body)
{
	struct aip_api_engine r;
	struct span object = span_of(body.p + sizeof(r), body.n - sizeof(r));

	memcpy(&r, body.p, sizeof(r));
	switch (verb) {
	case AIP_API_ENGINE_BEGIN:
		ask_begin(s, &r);
		break;
	case AIP_API_ENGINE_COMMIT:
	case AIP_API_ENGINE_ABORT:
		ask_end(s, verb == AIP_API_ENGINE_COMMIT);
		break;
	case AIP_API_ENGINE_ADD:
		ask_add(s, object);
		break;
	case AIP_API_ENGINE_GET:
		ask_get(s, &r);
		break;
	case AIP_API_ENGINE_DELETE:
		ask_delete(s, &r);
		break;
	case AIP_API_ENGINE_ENUM_OPEN:
		ask_enum_open(s, &r, object);
		break;
	case AIP_API_ENGINE_ENUM_NEXT:
		ask_enum_next(s, &r);
		break;
	case AIP_API_ENGINE_ENUM_CLOSE:
		wfp_request_answer(s, wfp_enum_close(s, le64toh(r.id)), 0);
		break;
	case AIP_API_ENGINE_STATISTICS:
		ask_statistics(s, &r);
		break;
	default:
		wfp_request_answer(s, ERROR_INVALID_PARAMETER, 0);
	}
}
