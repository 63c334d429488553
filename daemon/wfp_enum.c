/* Enumerations: snapshots of bytes, handed out in pages. */
#include "daemon/wfp_state.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX                                             \
	(AIP_API_MAX_BYTES - sizeof(struct aip_api_header) - \
	    sizeof(struct aip_api_engine_reply))

/* ---- filling ---- */

static bool
enum_grow(struct wfp_session *s, struct wfp_enumeration *e, size_t n)
{
	size_t room = e->room > 0 ? e->room : 4096;
	uint8_t *p;

	while (room - e->n < n)
		room *= 2;
	if (room == e->room)
		return true;
	if (s->snapshot_bytes - e->room + room > WFP_SNAPSHOT_MAX_BYTES ||
	    (p = realloc(e->p, room)) == NULL)
		return false;
	s->snapshot_bytes += room - e->room;
	e->p = p;
	e->room = room;
	return true;
}

void
wfp_enum_add_bytes(struct wfp_session *s, struct wfp_enumeration *e, struct span bytes)
{
	uint32_t n = htole32((uint32_t)bytes.n);

	if (e->is_full || bytes.n > PAGE_MAX - sizeof(n) ||
	    !enum_grow(s, e, sizeof(n) + bytes.n)) {
		e->is_full = true;
		return;
	}
	memcpy(e->p + e->n, &n, sizeof(n));
	memcpy(e->p + e->n + sizeof(n), bytes.p, bytes.n);
	e->n += sizeof(n) + bytes.n;
}

void
wfp_enum_add(struct wfp_session *s, struct wfp_enumeration *e, const struct wfp_type *t,
    const void *value)
{
	static uint8_t bytes[AIP_API_ENGINE_OBJECT_MAX];
	size_t n = wfp_encode(t, value, bytes, sizeof(bytes));

	if (n == 0)
		e->is_full = true;
	else
		wfp_enum_add_bytes(s, e, span_of(bytes, n));
}

/* ---- what is enumerated ---- */

static uint32_t
contexts_enum(struct wfp_session *s, struct wfp_enumeration *e,
    const FWPM_PROVIDER_CONTEXT_ENUM_TEMPLATE0 *t)
{
	const struct wfp_context *c;

	if (t != NULL &&
	    (uint32_t)t->providerContextType >= FWPM_PROVIDER_CONTEXT_TYPE_MAX)
		return FWP_E_INVALID_ENUMERATOR;
	TAILQ_FOREACH (c, &s->w->contexts, next) {
		if (!wfp_context_is_visible(s, c))
			continue;
		if (t != NULL &&
		    (c->type != (uint32_t)t->providerContextType ||
			(t->providerKey != NULL &&
			    memcmp(t->providerKey, &c->provider, sizeof(GUID)) != 0)))
			continue;
		wfp_enum_add_bytes(s, e, span_of(c->bytes, c->n));
	}
	return 0;
}

/* The table of the template of each kind of object. */
static const struct wfp_type *
template_type(uint32_t object)
{
	switch (object) {
	case AIP_API_ENGINE_CONTEXT:
		return &wfp_context_template;
	case AIP_API_ENGINE_FILTER:
		return &wfp_filter_template;
	case AIP_API_ENGINE_SA_CONTEXT:
		return &wfp_sa_context_template;
	case AIP_API_ENGINE_SA:
		return &wfp_sa_template;
	case AIP_API_ENGINE_IKE_SA:
		return &wfp_ikeext_template;
	default:
		return NULL;
	}
}

/* t: the template, NULL for all. */
static uint32_t
objects_enum(
    struct wfp_session *s, struct wfp_enumeration *e, uint32_t object, const void *t)
{
	switch (object) {
	case AIP_API_ENGINE_CONTEXT:
		return contexts_enum(s, e, t);
	case AIP_API_ENGINE_FILTER:
		return wfp_filters_enum(s, e, t);
	case AIP_API_ENGINE_SA_CONTEXT:
		return wfp_sa_contexts_enum(s, e, t);
	case AIP_API_ENGINE_SA:
		return wfp_sas_enum(s, e, t);
	default:
		return wfp_ike_sas_enum(s, e, t);
	}
}

/* ---- handles ---- */

static struct wfp_enumeration *
enum_find(const struct wfp_session *s, uint64_t id)
{
	struct wfp_enumeration *e;

	LIST_FOREACH (e, &s->enumerations, next)
		if (e->id == id)
			return e;
	return NULL;
}

static size_t
enum_count(const struct wfp_session *s)
{
	const struct wfp_enumeration *e;
	size_t n = 0;

	LIST_FOREACH (e, &s->enumerations, next)
		n++;
	return n;
}

void
wfp_enum_free(struct wfp_session *s, struct wfp_enumeration *e)
{
	LIST_REMOVE(e, next);
	s->snapshot_bytes -= e->room;
	free(e->p);
	free(e);
}

static uint32_t
enum_fill(struct wfp_session *s, uint32_t object, const void *t, uint64_t *id)
{
	struct wfp_enumeration *e;
	uint32_t error;

	if (enum_count(s) >= WFP_ENUMERATIONS_PER_SESSION)
		return RPC_S_OUT_OF_RESOURCES;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	e->id = ++s->next_enumeration;
	LIST_INSERT_HEAD(&s->enumerations, e, next);
	error = objects_enum(s, e, object, t);
	if (error == 0 && e->is_full)
		error = RPC_S_OUT_OF_RESOURCES;
	if (error != 0)
		wfp_enum_free(s, e);
	else
		*id = e->id;
	return error;
}

uint32_t
wfp_enum_open(
    struct wfp_session *s, uint32_t object, struct span template_bytes, uint64_t *id)
{
	const struct wfp_type *type = template_type(object);
	uint32_t error;
	void *t = NULL;

	if (type == NULL)
		return ERROR_INVALID_PARAMETER;
	if (template_bytes.n > 0 &&
	    (t = wfp_decode(type, template_bytes.p, template_bytes.n)) == NULL)
		return ERROR_INVALID_PARAMETER;
	error = enum_fill(s, object, t, id);
	free(t);
	return error;
}

/* Bytes of the object at this place of the snapshot, with its length. */
static size_t
object_bytes(const struct wfp_enumeration *e, size_t at)
{
	uint32_t n;

	memcpy(&n, e->p + at, sizeof(n));
	return sizeof(n) + le32toh(n);
}

void
wfp_enum_next(struct wfp_session *s, uint64_t id, uint32_t max, struct wfp_answer *a)
{
	struct wfp_enumeration *e = enum_find(s, id);
	size_t start;

	if (e == NULL) {
		a->error = ERROR_INVALID_HANDLE;
		return;
	}
	start = e->at;
	while (a->count < max && e->at < e->n &&
	       e->at - start + object_bytes(e, e->at) <= PAGE_MAX) {
		e->at += object_bytes(e, e->at);
		a->count++;
	}
	a->id = e->at < e->n;
	a->objects = e->p != NULL ? span_of(e->p + start, e->at - start) : SPAN_NONE;
}

uint32_t
wfp_enum_close(struct wfp_session *s, uint64_t id)
{
	struct wfp_enumeration *e = enum_find(s, id);

	if (e == NULL)
		return ERROR_INVALID_HANDLE;
	wfp_enum_free(s, e);
	return 0;
}
