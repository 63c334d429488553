/* Main mode SAs as programs see them. */
#include "daemon/wfp_names.h"
#include "daemon/wfp_socket.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "daemon/negotiator.h"

struct ike_walk {
	struct wfp_session *s;
	struct wfp_enumeration *e;
	struct wfp_seen_list seen;
	const IKEEXT_SA_ENUM_TEMPLATE0 *t; /* NULL: all */
	uint64_t id;			   /* 0: all */
	size_t n;
};

/* An SA, and what it points to. [0] is main mode, [1] extended mode; local, peer. */
struct ike_store {
	IKEEXT_SA_DETAILS1 sa;
	IKEEXT_CREDENTIAL_PAIR1 pair[2];
	IKEEXT_NAME_CREDENTIAL0 name[2][2];
	IKEEXT_CERTIFICATE_CREDENTIAL1 cert[2][2];
	wchar_t text[2][2][WFP_NAME_CHARS];
	uint8_t subject[2][2][WFP_NAME_CHARS];
	IPSEC_V4_UDP_ENCAPSULATION0 udp;
};

static IKEEXT_COOKIE
cookie(const uint8_t b[8])
{
	IKEEXT_COOKIE v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | b[i];
	return v;
}

/* The subject of a certificate is its text: the daemon keeps no other form of it. */
static void
put_credential(
    struct ike_store *o, int mode, int side, uint32_t method, const char *name)
{
	IKEEXT_CREDENTIAL1 *c = side == 0 ? &o->pair[mode].localCredentials :
					    &o->pair[mode].peerCredentials;
	size_t n = strnlen(name, WFP_NAME_CHARS - 1);

	c->authenticationMethodType =
	    (IKEEXT_AUTHENTICATION_METHOD_TYPE)wfp_method_of(method);
	switch (c->authenticationMethodType) {
	case IKEEXT_ANONYMOUS:
	case IKEEXT_PRESHARED_KEY: /* nobody sees one */
		return;
	case IKEEXT_KERBEROS:
	case IKEEXT_NTLM_V2:
		wfp_view_name(o->text[mode][side], name);
		o->name[mode][side].principalName = o->text[mode][side];
		c->name = &o->name[mode][side];
		return;
	default:
		memcpy(o->subject[mode][side], name, n);
		o->cert[mode][side].subjectName.size = (uint32_t)n;
		o->cert[mode][side].subjectName.data = o->subject[mode][side];
		c->certificate = &o->cert[mode][side];
	}
}

static bool
is_kerberos(uint32_t method)
{
	return method == AUTH_KERBEROS || method == AUTH_V1_KERBEROS;
}

static void
put_credentials(
    const struct ike_walk *w, struct ike_store *o, const struct engine_mm_status *m)
{
	const char *us = w->s->w->n->config->gss_id;
	uint32_t method = m->method != 0 ? m->method : AUTH_ANONYMOUS;

	o->sa.ikeCredentials.numCredentials = 1;
	o->sa.ikeCredentials.credentials = o->pair;
	put_credential(o, 0, 0, method, is_kerberos(method) ? us : "");
	put_credential(o, 0, 1, method, m->peer_name);
	if (m->em_method == 0)
		return;
	o->sa.ikeCredentials.numCredentials = 2;
	put_credential(o, 1, 0, m->em_method, is_kerberos(m->em_method) ? us : "");
	put_credential(o, 1, 1, m->em_method, m->em_peer_name);
}

/* seen: NULL: no socket of the caller has it. */
static void
put_sa(const struct ike_walk *w, struct ike_store *o, const struct engine_mm_status *m,
    const struct wfp_seen *seen)
{
	IKEEXT_SA_DETAILS1 *sa = &o->sa;
	IKEEXT_TRAFFIC0 *t = &sa->ikeTraffic;

	memset(o, 0, sizeof(*o));
	sa->saId = m->id;
	sa->keyModuleType =
	    m->is_ikev1 ? IKEEXT_KEY_MODULE_IKE : IKEEXT_KEY_MODULE_AUTHIP;
	t->ipVersion = wfp_view_addresses(
	    &m->local.addr, &m->remote.addr, t->localV6Address, t->remoteV6Address);
	t->authIpFilterId = seen != NULL ? seen->filter : 0;
	sa->ipVersion = t->ipVersion;
	sa->ikeProposal =
	    wfp_ike_proposal_of(m->cipher, m->integrity, m->group, m->lifetime_s);
	sa->cookiePair.initiator = cookie(m->icookie);
	sa->cookiePair.responder = cookie(m->rcookie);
	sa->ikePolicyKey =
	    wfp_context_of_socket(w->s->w, seen != NULL ? seen->cookie : 0, 0);
	put_credentials(w, o, m);
	if (m->nat_detected && sa->ipVersion == FWP_IP_VERSION_V4) {
		o->udp = (IPSEC_V4_UDP_ENCAPSULATION0){ m->local.port, m->remote.port };
		sa->v4UdpEncapsulation = &o->udp;
	}
}

static bool
walk_main_mode(void *ctx, const struct engine_mm_status *m)
{
	static struct ike_store store;
	struct ike_walk *w = ctx;
	const struct wfp_seen *seen;

	if (m->is_deleting || (w->id != 0 && w->id != m->id) ||
	    (w->t != NULL && !wfp_match_ends(&w->t->localSubNet, &w->t->remoteSubNet,
				 &m->local.addr, &m->remote.addr)))
		return true;
	/* A certificate was asked for, and main mode has none. */
	if (w->t != NULL && w->t->localMainModeCertHash.size > 0)
		return true;
	seen = wfp_main_mode_is_seen(&w->seen, m->id);
	if (seen == NULL && !w->s->who.sees_all)
		return true;
	w->n++;
	if (w->e == NULL)
		return true;
	put_sa(w, &store, m, seen);
	wfp_enum_add(w->s, w->e, &wfp_ikeext_sa1, &store.sa);
	return true;
}

static uint32_t
walk(struct ike_walk *w)
{
	struct wfp_sockets sockets;
	bool failed;

	wfp_sockets_collect(w->s, &sockets);
	wfp_main_modes_seen(w->s, &sockets, &w->seen);
	failed = sockets.no_memory || w->seen.no_memory;
	if (!failed)
		engine_walk_mm(w->s->w->n->engine, nego_now_ms(), walk_main_mode, w);
	free(w->seen.list);
	free(sockets.list);
	return failed ? ERROR_NOT_ENOUGH_MEMORY : 0;
}

uint32_t
wfp_ike_sas_enum(
    struct wfp_session *s, struct wfp_enumeration *e, const IKEEXT_SA_ENUM_TEMPLATE0 *t)
{
	struct ike_walk w = { .s = s, .e = e, .t = t };
	uint32_t error =
	    t != NULL ? wfp_match_subnets_check(&t->localSubNet, &t->remoteSubNet) : 0;

	return error != 0 ? error : walk(&w);
}

uint32_t
wfp_ike_sa_get(struct wfp_session *s, struct wfp_enumeration *e, uint64_t id)
{
	struct ike_walk w = { .s = s, .e = e, .id = id };
	uint32_t error = id != 0 ? walk(&w) : 0;

	return error == 0 && w.n == 0 ? FWP_E_NOT_FOUND : error;
}

uint32_t
wfp_ike_sa_delete(struct wfp_session *s, uint64_t id)
{
	struct ike_walk w = { .s = s, .id = id };
	uint32_t error;

	if (!s->who.is_admin)
		return ERROR_ACCESS_DENIED;
	error = id != 0 ? walk(&w) : 0;
	if (error != 0 || w.n == 0)
		return error != 0 ? error : FWP_E_NOT_FOUND;
	engine_delete_mm(s->w->n->engine, nego_now_ms(), (uint32_t)id);
	nego_pump(s->w->n);
	return 0;
}
