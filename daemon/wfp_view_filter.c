/*
 * The filters of secured sockets. They filter nothing: programs look for the one of their
 * connection, and then for the SAs that name it.
 */
#include "daemon/wfp_socket.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "daemon/class_table.h"
#include "daemon/negotiator.h"

#define UNICAST 1 /* NlatUnicast */

/* L(id, layer, callout or GUID_NULL): _V4 and _V6 are added */
#define LAYERS(L)                                                                   \
	L(WFP_OUTBOUND, FWPM_LAYER_OUTBOUND_TRANSPORT,                              \
	    FWPM_CALLOUT_IPSEC_OUTBOUND_TRANSPORT)                                  \
	L(WFP_INBOUND, FWPM_LAYER_INBOUND_TRANSPORT,                                \
	    FWPM_CALLOUT_IPSEC_INBOUND_TRANSPORT)                                   \
	L(WFP_CONNECT, FWPM_LAYER_ALE_AUTH_CONNECT, FWPM_CALLOUT_IPSEC_ALE_CONNECT) \
	L(WFP_ACCEPT, FWPM_LAYER_ALE_AUTH_RECV_ACCEPT,                              \
	    FWPM_CALLOUT_IPSEC_INBOUND_INITIATE_SECURE)
#define PERMITS(L)                     \
	L(WFP_IPSEC, FWPM_LAYER_IPSEC) \
	L(WFP_IKEEXT, FWPM_LAYER_IKEEXT)

static const GUID *
layer_key(enum wfp_layer layer, bool v6)
{
	static const GUID *const key[WFP_LAYERS][2] = {
#define L3(id, layer, callout) [id] = { &layer##_V4, &layer##_V6 },
#define L2(id, layer) [id] = { &layer##_V4, &layer##_V6 },
		LAYERS(L3) PERMITS(L2)
#undef L3
#undef L2
	};

	return key[layer][v6];
}

static const GUID *
callout_key(enum wfp_layer layer, bool v6)
{
	static const GUID *const key[WFP_LAYERS][2] = {
#define L(id, layer, callout) [id] = { &callout##_V4, &callout##_V6 },
		LAYERS(L)
#undef L
	};

	return key[layer][v6];
}

/* Is there a filter of this layer for such a socket? */
static bool
layer_applies(const struct wfp_socket *sock, enum wfp_layer layer, bool allow_insecure)
{
	if (layer == WFP_CONNECT)
		return !sock->is_listening && !allow_insecure;
	if (layer == WFP_ACCEPT)
		return (sock->is_listening || sock->flow.protocol == 17) &&
		       !allow_insecure;
	return true;
}

static UINT64
raw_context(enum wfp_layer layer, const struct class_policy *p, uint32_t ipsec_flags)
{
	UINT64 first =
	    (ipsec_flags & CLASS_FIRST_UNENCRYPTED) != 0 ?
		FWPM_CONTEXT_ALE_SET_CONNECTION_ALLOW_FIRST_INBOUND_PKT_UNENCRYPTED :
		0;
	UINT64 encrypt = p->guarantee_encryption ?
			     FWPM_CONTEXT_ALE_SET_CONNECTION_REQUIRE_IPSEC_ENCRYPTION :
			     0;

	switch (layer) {
	case WFP_OUTBOUND:
		return p->allow_insecure ?
			   FWPM_CONTEXT_IPSEC_OUTBOUND_NEGOTIATE_DISCOVER :
			   0;
	case WFP_INBOUND:
		return FWPM_CONTEXT_IPSEC_INBOUND_PERSIST_CONNECTION_SECURITY;
	case WFP_CONNECT:
		return FWPM_CONTEXT_ALE_SET_CONNECTION_REQUIRE_IPSEC_SECURITY | encrypt;
	default:
		return encrypt | first;
	}
}

/* ---- conditions ---- */

static FWPM_FILTER_CONDITION0 *
condition_add(struct wfp_filter_store *o, const GUID *field, FWP_DATA_TYPE type)
{
	FWPM_FILTER_CONDITION0 *c = &o->condition[o->filter.numFilterConditions++];

	c->fieldKey = *field;
	c->matchType = FWP_MATCH_EQUAL;
	c->conditionValue.type = type;
	return c;
}

static bool
is_any(const struct address *a)
{
	static const uint8_t none[16];

	return memcmp(a->b, none, sizeof(none)) == 0;
}

static void
add_address(
    struct wfp_filter_store *o, const GUID *field, const struct address *a, size_t slot)
{
	FWPM_FILTER_CONDITION0 *c;

	if (is_any(a))
		return;
	c = condition_add(
	    o, field, a->family == 4 ? FWP_UINT32 : FWP_BYTE_ARRAY16_TYPE);
	if (a->family == 4) {
		c->conditionValue.uint32 = wfp_v4(a);
		return;
	}
	memcpy(o->address[slot].byteArray16, a->b, 16);
	c->conditionValue.byteArray16 = &o->address[slot];
}

static void
add_port(struct wfp_filter_store *o, const GUID *field, uint16_t port)
{
	if (port != 0)
		condition_add(o, field, FWP_UINT16)->conditionValue.uint16 = port;
}

static void
add_conditions(struct wfp_filter_store *o, const struct flow *f, enum wfp_layer layer)
{
	bool has_remote = f->remote.port != 0 || f->local.port == 0;

	add_address(o, &FWPM_CONDITION_IP_LOCAL_ADDRESS, &f->local.addr, 0);
	if (has_remote)
		add_address(o, &FWPM_CONDITION_IP_REMOTE_ADDRESS, &f->remote.addr, 1);
	if (layer == WFP_IKEEXT)
		return;
	condition_add(o, &FWPM_CONDITION_IP_LOCAL_ADDRESS_TYPE, FWP_UINT8)
	    ->conditionValue.uint8 = UNICAST;
	if (f->protocol != 0)
		condition_add(o, &FWPM_CONDITION_IP_PROTOCOL, FWP_UINT8)
		    ->conditionValue.uint8 = f->protocol;
	add_port(o, &FWPM_CONDITION_IP_LOCAL_PORT, f->local.port);
	add_port(o, &FWPM_CONDITION_IP_REMOTE_PORT, f->remote.port);
}

/* ---- filters ---- */

/* The registration and the layer; of a class alone, the class and a bit. */
static UINT64
filter_id(const struct wfp_socket *sock, enum wfp_layer layer)
{
	UINT64 id = sock->registration != 0 ? sock->registration :
					      (UINT64)1 << 48 | sock->class_id;

	return id << 4 | (UINT64)(layer + 1);
}

static GUID
filter_guid(UINT64 id)
{
	GUID g = { 0x61757468, 0x6970, 0x4000, { 0 } };

	for (int i = 0; i < 8; i++)
		g.Data4[i] = (uint8_t)(id >> 8 * (7 - i));
	return g;
}

static void
set_action(struct wfp_session *s, const struct wfp_socket *sock, FWPM_FILTER0 *f,
    enum wfp_layer layer, const struct class_policy *p)
{
	const struct class_spec *spec = class_by_id(s->w->n->classes, sock->class_id);
	const GUID *callout = callout_key(layer, sock->family == 6);

	if (callout != NULL) {
		f->action.type = FWP_ACTION_CALLOUT_TERMINATING;
		f->action.calloutKey = *callout;
		f->rawContext =
		    raw_context(layer, p, spec != NULL ? spec->ipsec_flags : 0);
		return;
	}
	f->action.type = FWP_ACTION_PERMIT;
	f->flags = FWPM_FILTER_FLAG_HAS_PROVIDER_CONTEXT;
	f->providerContextKey =
	    wfp_context_of_socket(s->w, sock->cookie, layer == WFP_IPSEC);
}

bool
wfp_filter_make(struct wfp_session *s, const struct wfp_socket *sock,
    enum wfp_layer layer, struct wfp_filter_store *out)
{
	static wchar_t name[] = L"Secure socket";
	FWPM_FILTER0 *f = &out->filter;
	struct class_policy p;

	memset(out, 0, sizeof(*out));
	if (!wfp_socket_policy(s, sock, &p) ||
	    !layer_applies(sock, layer, p.allow_insecure))
		return false;
	out->provider = FWPM_PROVIDER_IKEEXT;
	f->filterId = filter_id(sock, layer);
	f->filterKey = filter_guid(f->filterId);
	f->displayData.name = name;
	f->providerKey = &out->provider;
	f->layerKey = *layer_key(layer, sock->family == 6);
	f->subLayerKey = FWPM_SUBLAYER_SECURE_SOCKET;
	f->filterCondition = out->condition;
	add_conditions(out, &sock->flow, layer);
	set_action(s, sock, f, layer, &p);
	/* More conditions are heavier; the newest of equals. */
	out->weight =
	    (UINT64)f->numFilterConditions << 48 | (f->filterId & 0xffffffffffff);
	f->effectiveWeight.type = FWP_UINT64;
	f->effectiveWeight.uint64 = &out->weight;
	return true;
}

/* ---- enumeration ---- */

struct found {
	UINT64 weight;
	size_t socket;
	enum wfp_layer layer;
};

static int
by_weight(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->weight < y->weight ? 1 : x->weight > y->weight ? -1 : 0;
}

static size_t
find_filters(struct wfp_session *s, const struct wfp_sockets *sockets,
    const FWPM_FILTER_ENUM_TEMPLATE0 *t, struct found *found)
{
	struct wfp_filter_store f;
	size_t n = 0;

	for (size_t i = 0; i < sockets->n; i++)
		for (enum wfp_layer layer = 0; layer < WFP_LAYERS; layer++)
			if (wfp_filter_make(s, &sockets->list[i], layer, &f) &&
			    (t == NULL || wfp_match_filter(t, &f.filter)))
				found[n++] = (struct found){ f.weight, i, layer };
	return n;
}

static uint32_t
filters_put(struct wfp_session *s, struct wfp_enumeration *e,
    const struct wfp_sockets *sockets, const FWPM_FILTER_ENUM_TEMPLATE0 *t)
{
	uint32_t flags = t != NULL ? t->flags : 0;
	struct found *found = calloc(sockets->n * WFP_LAYERS + 1, sizeof(*found));
	struct wfp_filter_store f;
	size_t n;

	if (found == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	n = find_filters(s, sockets, t, found);
	if ((flags & (FWP_FILTER_ENUM_FLAG_BEST_TERMINATING_MATCH |
			 FWP_FILTER_ENUM_FLAG_SORTED)) != 0)
		qsort(found, n, sizeof(*found), by_weight);
	if ((flags & FWP_FILTER_ENUM_FLAG_BEST_TERMINATING_MATCH) != 0 && n > 1)
		n = 1;
	for (size_t i = 0; i < n; i++)
		if (wfp_filter_make(
			s, &sockets->list[found[i].socket], found[i].layer, &f))
			wfp_enum_add(s, e, &wfp_filter, &f.filter);
	free(found);
	return 0;
}

uint32_t
wfp_filters_enum(struct wfp_session *s, struct wfp_enumeration *e,
    const FWPM_FILTER_ENUM_TEMPLATE0 *t)
{
	uint32_t error = t != NULL ? wfp_match_check(t) : 0;
	struct wfp_sockets sockets;

	if (error != 0)
		return error;
	wfp_sockets_collect(s, &sockets);
	error = sockets.no_memory ? ERROR_NOT_ENOUGH_MEMORY :
				    filters_put(s, e, &sockets, t);
	free(sockets.list);
	return error;
}

uint32_t
wfp_filter_get(
    struct wfp_session *s, struct wfp_enumeration *e, const GUID *key, uint64_t id)
{
	uint32_t error = FWP_E_FILTER_NOT_FOUND;
	struct wfp_sockets sockets;
	struct wfp_filter_store f;

	wfp_sockets_collect(s, &sockets);
	for (size_t i = 0; i < sockets.n && error != 0; i++)
		for (enum wfp_layer layer = 0; layer < WFP_LAYERS && error != 0;
		     layer++) {
			if (!wfp_filter_make(s, &sockets.list[i], layer, &f) ||
			    (key != NULL ? memcmp(key, &f.filter.filterKey,
					       sizeof(*key)) != 0 :
					   f.filter.filterId != id))
				continue;
			wfp_enum_add(s, e, &wfp_filter, &f.filter);
			error = 0;
		}
	free(sockets.list);
	return error;
}
