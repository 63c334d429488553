/* IPsec SAs as programs see them: one context for each pair and filter. Never a key. */
#include "daemon/wfp_names.h"
#include "daemon/wfp_socket.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "config/target.h"
#include "daemon/negotiator.h"

#define NO_PACKET_LIMIT 0x7fffffff

/* Which contexts are wanted, and what becomes of them. */
struct sa_walk {
	struct wfp_session *s;
	struct wfp_enumeration *e;
	struct wfp_sockets sockets;			/* its list is borrowed */
	const IPSEC_SA_CONTEXT_ENUM_TEMPLATE0 *subnets; /* NULL: all */
	uint64_t id;		    /* a context, or a pair; 0: all */
	int direction;		    /* IPsecSaEnum: FWP_DIRECTION; -1: whole contexts */
	bool only_look;		    /* nothing is put into e */
	size_t n;		    /* how many there were */
	uint32_t qm_id;		    /* the pair of the last */
	struct wfp_seen_list *seen; /* NULL: nobody asks for main modes */
};

/* A context, and what it points to. */
struct sa_store {
	IPSEC_SA_CONTEXT1 context;
	IPSEC_SA_DETAILS1 details[2]; /* by FWP_DIRECTION */
	IPSEC_SA0 sa[2];
	IPSEC_SA_AUTH_INFORMATION0 auth;
	IPSEC_SA_AUTH_AND_CIPHER_INFORMATION0 both;
	IPSEC_KEYMODULE_STATE0 module;
	IPSEC_V4_UDP_ENCAPSULATION0 udp;
	IPSEC_ID0 id;
	wchar_t target[WFP_NAME_CHARS];
	struct wfp_filter_store filter[2];
};

static uint64_t
context_id(const struct wfp_socket *sock, const struct engine_qm_status *qm)
{
	return (uint64_t)qm->id << 32 |
	       (uint32_t)(sock->registration != 0 ? sock->registration : UINT32_MAX);
}

/* ---- filling ---- */

static void
put_algorithms(struct sa_store *o, const struct engine_qm_status *qm)
{
	IPSEC_TRANSFORM_TYPE type = wfp_transform_of(&qm->proposal);

	o->auth.authTransform.authTransformId = wfp_auth_of(&qm->proposal);
	if (type == IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER) {
		o->both.saAuthInformation = o->auth;
		o->both.saCipherInformation.cipherTransform.cipherTransformId =
		    wfp_cipher_of(&qm->proposal);
	}
	for (int d = 0; d < 2; d++) {
		o->sa[d].spi = d == FWP_DIRECTION_INBOUND ? qm->spi_in : qm->spi_out;
		o->sa[d].saTransformType = type;
		if (type == IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER)
			o->sa[d].espAuthAndCipherInformation = &o->both;
		else
			o->sa[d].ahInformation = &o->auth;
	}
}

static uint32_t
bundle_flags(const struct class_policy *p)
{
	uint32_t nd = p->policy->nd == ND_BOUNDARY ? IPSEC_SA_BUNDLE_FLAG_ND_BOUNDARY :
						     IPSEC_SA_BUNDLE_FLAG_ND_SECURE;

	return (p->guarantee_encryption ? IPSEC_SA_BUNDLE_FLAG_GUARANTEE_ENCRYPTION :
					  0) |
	       (p->allow_insecure ? nd : 0) |
	       (p->target_name != NULL && !target_is_demanded(p->target_name) ?
		       IPSEC_SA_BUNDLE_FLAG_ALLOW_NULL_TARGET_NAME_MATCH :
		       0);
}

static void
put_bundle(struct sa_store *o, IPSEC_SA_BUNDLE1 *b, const struct engine_qm_status *qm,
    const struct class_policy *p)
{
	b->flags = bundle_flags(p);
	b->lifetime = (IPSEC_SA_LIFETIME0){ qm->proposal.lifetime_s,
		qm->proposal.lifetime_kb, NO_PACKET_LIMIT };
	b->idleTimeoutSeconds = p->policy->idle_s;
	b->ndAllowClearTimeoutSeconds = p->policy->nd_allow_clear_s;
	b->ipsecId = o->id.mmTargetName != NULL ? &o->id : NULL;
	b->qmSaId = qm->message_id; /* the one number that both peers have */
	b->numSAs = 1;
	b->keyModuleState = &o->module;
	b->ipVersion =
	    qm->selector.local.addr.family == 4 ? FWP_IP_VERSION_V4 : FWP_IP_VERSION_V6;
	b->mmSaId = qm->mm_id;
	b->pfsGroup = (IPSEC_PFS_GROUP)wfp_pfs_of(qm->proposal.pfs);
}

static void
put_traffic(IPSEC_TRAFFIC1 *t, const struct flow *sel, UINT64 filter)
{
	t->ipVersion = wfp_view_addresses(&sel->local.addr, &sel->remote.addr,
	    t->localV6Address, t->remoteV6Address);
	t->trafficType = IPSEC_TRAFFIC_TYPE_TRANSPORT;
	t->ipsecFilterId = filter;
	t->localPort = sel->local.port;
	t->remotePort = sel->remote.port;
	t->ipProtocol = sel->protocol;
}

static void
put_udp(struct wfp_session *s, struct sa_store *o, const struct engine_qm_status *qm)
{
	struct engine_mm_status mm;

	if (!qm->udp || qm->selector.local.addr.family != 4 ||
	    !engine_get_mm(s->w->n->engine, nego_now_ms(), qm->mm_id, &mm))
		return;
	o->udp = (IPSEC_V4_UDP_ENCAPSULATION0){ mm.local.port, mm.remote.port };
	o->details[0].udpEncapsulation = o->details[1].udpEncapsulation = &o->udp;
}

/* False: its class, or its filter, is gone. */
static bool
put_context(struct wfp_session *s, struct sa_store *o, const struct wfp_socket *sock,
    const struct engine_qm_status *qm)
{
	static const enum wfp_layer layer[2] = { WFP_OUTBOUND, WFP_INBOUND };
	struct class_policy p;

	memset(o, 0, sizeof(*o));
	if (!wfp_socket_policy(s, sock, &p))
		return false;
	o->module.keyModuleKey =
	    qm->is_ikev1 ? FWPM_KEYING_MODULE_IKE : FWPM_KEYING_MODULE_AUTHIP;
	if (p.target_name != NULL) {
		wfp_view_name(o->target, target_read(p.target_name).name);
		o->id.mmTargetName = o->target;
	}
	put_algorithms(o, qm);
	put_udp(s, o, qm);
	for (int d = 0; d < 2; d++) {
		IPSEC_SA_DETAILS1 *out = &o->details[d];

		if (!wfp_filter_make(s, sock, layer[d], &o->filter[d]))
			return false;
		put_bundle(o, &out->saBundle, qm, &p);
		out->ipVersion = out->saBundle.ipVersion;
		out->saDirection = (FWP_DIRECTION)d;
		out->saBundle.saList = &o->sa[d];
		out->transportFilter = &o->filter[d].filter;
		put_traffic(&out->traffic, &qm->selector, o->filter[d].filter.filterId);
	}
	o->context.saContextId = context_id(sock, qm);
	o->context.outboundSa = &o->details[FWP_DIRECTION_OUTBOUND];
	o->context.inboundSa = &o->details[FWP_DIRECTION_INBOUND];
	return true;
}

/* ---- walking ---- */

static void
seen_add(struct wfp_seen_list *l, struct wfp_seen one)
{
	size_t room = l->room > 0 ? 2 * l->room : 64;
	struct wfp_seen *list = l->list;

	if (l->n == l->room) {
		if ((list = realloc(l->list, room * sizeof(*list))) == NULL) {
			l->no_memory = true;
			return;
		}
		l->list = list;
		l->room = room;
	}
	l->list[l->n++] = one;
}

static void
take(
    struct sa_walk *w, const struct wfp_socket *sock, const struct engine_qm_status *qm)
{
	static struct sa_store store;

	if ((w->id > UINT32_MAX && w->id != context_id(sock, qm)) ||
	    (w->id != 0 && w->id <= UINT32_MAX && (w->id != qm->id || w->n > 0)) ||
	    !put_context(w->s, &store, sock, qm))
		return;
	w->n++;
	w->qm_id = qm->id;
	if (w->seen != NULL)
		seen_add(w->seen,
		    (struct wfp_seen){ qm->mm_id, store.filter[0].filter.filterId,
			sock->cookie });
	if (w->only_look)
		return;
	if (w->direction >= 0)
		wfp_enum_add(
		    w->s, w->e, &wfp_sa_details1, &store.details[w->direction]);
	else
		wfp_enum_add(w->s, w->e, &wfp_sa_context1, &store.context);
}

/* Nothing that could still come would change the answer. */
static bool
is_over(const struct sa_walk *w)
{
	return (w->id != 0 && w->n > 0) || (w->e != NULL && w->e->is_full);
}

/*
 * Sockets without a peer have all pairs of their class: of main modes one of them is enough, or a
 * user with many of both would have the daemon keep the product.
 */
static bool
walk_pair(void *ctx, const struct engine_qm_status *qm)
{
	struct sa_walk *w = ctx;
	struct wfp_socket alone;
	bool found = false;

	if (is_over(w))
		return false;
	if (!qm->is_usable ||
	    (w->subnets != NULL &&
		!wfp_match_ends(&w->subnets->localSubNet, &w->subnets->remoteSubNet,
		    &qm->selector.local.addr, &qm->selector.remote.addr)))
		return true;
	for (size_t i = 0; i < w->sockets.n && !is_over(w); i++)
		if (wfp_socket_has(&w->sockets.list[i], qm)) {
			take(w, &w->sockets.list[i], qm);
			found = true;
			if (w->seen != NULL)
				break;
		}
	if (found || !w->s->who.sees_all)
		return true;
	alone = wfp_socket_of_pair(qm);
	take(w, &alone, qm);
	return true;
}

static uint32_t
walk(struct sa_walk *w)
{
	wfp_sockets_collect(w->s, &w->sockets);
	if (!w->sockets.no_memory)
		engine_walk_qm(w->s->w->n->engine, nego_now_ms(), walk_pair, w);
	free(w->sockets.list);
	return w->sockets.no_memory ? ERROR_NOT_ENOUGH_MEMORY : 0;
}

/* ---- the door ---- */

uint32_t
wfp_sa_contexts_enum(struct wfp_session *s, struct wfp_enumeration *e,
    const IPSEC_SA_CONTEXT_ENUM_TEMPLATE0 *t)
{
	struct sa_walk w = { .s = s, .e = e, .subnets = t, .direction = -1 };
	uint32_t error =
	    t != NULL ? wfp_match_subnets_check(&t->localSubNet, &t->remoteSubNet) : 0;

	return error != 0 ? error : walk(&w);
}

static uint32_t
sas_of_direction(struct wfp_session *s, struct wfp_enumeration *e, int direction)
{
	struct sa_walk w = { .s = s, .e = e, .direction = direction };

	return walk(&w);
}

uint32_t
wfp_sas_enum(
    struct wfp_session *s, struct wfp_enumeration *e, const IPSEC_SA_ENUM_TEMPLATE0 *t)
{
	uint32_t error;

	if (t != NULL && (uint32_t)t->saDirection > FWP_DIRECTION_INBOUND)
		return FWP_E_INVALID_ENUMERATOR;
	if (t != NULL)
		return sas_of_direction(s, e, t->saDirection);
	error = sas_of_direction(s, e, FWP_DIRECTION_OUTBOUND);
	return error != 0 ? error : sas_of_direction(s, e, FWP_DIRECTION_INBOUND);
}

uint32_t
wfp_sa_context_get(struct wfp_session *s, struct wfp_enumeration *e, uint64_t id)
{
	struct sa_walk w = { .s = s, .e = e, .id = id, .direction = -1 };
	uint32_t error = id != 0 ? walk(&w) : 0;

	return error == 0 && w.n == 0 ? FWP_E_NOT_FOUND : error;
}

/* SAs are shared by the sockets of a class, also of other users: only root deletes one. */
uint32_t
wfp_sa_context_delete(struct wfp_session *s, uint64_t id)
{
	struct sa_walk w = { .s = s, .id = id, .direction = -1, .only_look = true };
	uint32_t error;

	if (!s->who.is_admin)
		return ERROR_ACCESS_DENIED;
	error = id != 0 ? walk(&w) : 0;
	if (error != 0 || w.n == 0)
		return error != 0 ? error : FWP_E_NOT_FOUND;
	engine_delete_qm(s->w->n->engine, nego_now_ms(), w.qm_id);
	nego_pump(s->w->n);
	return 0;
}

static int
by_main_mode(const void *a, const void *b)
{
	const struct wfp_seen *x = a, *y = b;

	return x->mm_id < y->mm_id ? -1 : x->mm_id > y->mm_id;
}

void
wfp_main_modes_seen(
    struct wfp_session *s, const struct wfp_sockets *sockets, struct wfp_seen_list *out)
{
	struct sa_walk w = { .s = s,
		.sockets = *sockets,
		.direction = -1,
		.only_look = true,
		.seen = out };

	memset(out, 0, sizeof(*out));
	engine_walk_qm(s->w->n->engine, nego_now_ms(), walk_pair, &w);
	if (out->n > 1)
		qsort(out->list, out->n, sizeof(out->list[0]), by_main_mode);
}

const struct wfp_seen *
wfp_main_mode_is_seen(const struct wfp_seen_list *l, uint32_t mm_id)
{
	struct wfp_seen key = { mm_id, 0, 0 };

	return l->n > 0 ?
		   bsearch(&key, l->list, l->n, sizeof(l->list[0]), by_main_mode) :
		   NULL;
}
