/* Statistics: what the engine and the plane count, in the places that Windows has for it. */
#include "daemon/wfp_state.h"

#include <string.h>

#include "daemon/negotiator.h"

#define FIRST_ERROR ERROR_IPSEC_IKE_NEG_STATUS_BEGIN

static uint32_t
clip(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static uint32_t
events(const struct negotiator *n, enum engine_event_type t)
{
	return clip(engine_event_count(n->engine, t));
}

/* ---- IPsec ---- */

struct pairs_walk {
	struct negotiator *n;
	IPSEC_STATISTICS1 *out;
};

static void
count_bytes(IPSEC_TRAFFIC_STATISTICS1 *t, enum qm_transform transform, uint64_t bytes)
{
	if (transform == QM_AH)
		t->authenticatedAHByteCount += bytes;
	else
		t->authenticatedESPByteCount += bytes;
	if (transform == QM_ESP_AUTH_CIPHER)
		t->encryptedByteCount += bytes;
	t->transportByteCount += bytes;
}

static bool
count_pair(void *ctx, const struct engine_qm_status *s)
{
	struct pairs_walk *p = ctx;
	IPSEC_AGGREGATE_SA_STATISTICS0 *a = &p->out->aggregateSaStatistics;
	const struct usage *u = nego_usage(p->n, s->id);

	if (s->is_usable)
		a->activeSas++;
	else
		a->pendingSaNegotiations++;
	if (u != NULL) {
		count_bytes(&p->out->inboundTrafficStatistics, s->proposal.transform,
		    u->total.bytes_in);
		count_bytes(&p->out->outboundTrafficStatistics, s->proposal.transform,
		    u->total.bytes_out);
	}
	return true;
}

/* The plane does not tell ESP from AH where it refuses: it is nearly always ESP. */
static void
put_drops(const struct negotiator *n, IPSEC_STATISTICS1 *out)
{
	const uint64_t *c = n->plane_count;
	IPSEC_ESP_DROP_PACKET_STATISTICS0 *e = &out->espDropPacketStatistics;
	IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 *a =
	    &out->aggregateDropPacketStatistics;

	e->invalidSpisOnInbound = a->invalidSpisOnInbound = clip(c[PC_NO_SPI]);
	e->authenticationFailuresOnInbound = a->authenticationFailuresOnInbound =
	    clip(c[PC_ICV]);
	e->replayCheckFailuresOnInbound = a->replayCheckFailuresOnInbound =
	    clip(c[PC_REPLAY]);
	a->invalidClearTextInbound = clip(c[PC_IN_CLEAR_REFUSED]);
	a->receiveOverIncorrectSaInbound = clip(c[PC_WRONG_PEER]);
	a->secureReceivesNotMatchingFilters = clip(c[PC_SELECTOR]);
	a->udpEspValidationFailuresOnInbound = clip(c[PC_NAT_DATAGRAM]);
	a->totalDropPacketsInbound =
	    clip(c[PC_NO_SPI] + c[PC_ICV] + c[PC_REPLAY] + c[PC_IN_CLEAR_REFUSED] +
		 c[PC_WRONG_PEER] + c[PC_SELECTOR] + c[PC_MALFORMED]);
	out->inboundTrafficStatistics.totalSuccessfulPackets = c[PC_IN_OPENED];
	out->outboundTrafficStatistics.totalSuccessfulPackets = c[PC_OUT_SEALED];
}

static void
ipsec_statistics(struct wfp *w, IPSEC_STATISTICS1 *out)
{
	struct negotiator *n = w->n;
	struct pairs_walk p = { n, out };

	memset(out, 0, sizeof(*out));
	engine_walk_qm(n->engine, nego_now_ms(), count_pair, &p);
	out->aggregateSaStatistics.totalSasAdded = events(n, EVENT_QM_ESTABLISHED);
	out->aggregateSaStatistics.totalSasDeleted = events(n, EVENT_QM_DELETED);
	out->aggregateSaStatistics.successfulRekeys = clip(w->rekeys);
	put_drops(n, out);
}

/* ---- AuthIP and IKE ---- */

typedef IKEEXT_IP_VERSION_SPECIFIC_KEYMODULE_STATISTICS1 module_counts;

static module_counts *
module_of(IKEEXT_STATISTICS1 *out, bool is_ikev1, const struct address *local)
{
	IKEEXT_KEYMODULE_STATISTICS1 *m =
	    is_ikev1 ? &out->ikeStatistics : &out->authipStatistics;

	return local->family == 4 ? &m->v4Statistics : &m->v6Statistics;
}

static bool
count_main_mode(void *ctx, const struct engine_mm_status *s)
{
	module_counts *c = module_of(ctx, s->is_ikev1, &s->local.addr);

	if (s->is_deleting)
		return true;
	c->currentActiveMainModes++;
	c->currentActiveExtendedModes += s->em_method != 0;
	return true;
}

static bool
count_quick_mode(void *ctx, const struct engine_qm_status *s)
{
	module_of(ctx, s->is_ikev1, &s->selector.local.addr)->currentActiveQuickModes +=
	    s->is_usable;
	return true;
}

static void
put_errors(
    const struct negotiator *n, IKEEXT_STATISTICS1 *out, IKEEXT_KEYMODULE_STATISTICS1 *m)
{
	uint32_t *table = m->errorFrequencyTable;
	uint64_t dropped = 0;

	for (int e = IKE_OK + 1; e < IKE_ERR_COUNT; e++) {
		uint64_t count = engine_error_count(n->engine, (enum ike_err)e);
		uint32_t code = ike_err_win32((enum ike_err)e);

		if (code >= FIRST_ERROR && code - FIRST_ERROR < IKEEXT_ERROR_CODE_COUNT)
			table[code - FIRST_ERROR] =
			    clip(table[code - FIRST_ERROR] + count);
		dropped += count;
	}
	out->commonStatistics.totalInvalidPacketsReceived = clip(dropped);
}

static void
put_totals(const struct wfp *w, IKEEXT_STATISTICS1 *out)
{
	for (int i = 0; i < 4; i++) {
		const struct wfp_totals *t = &w->totals[i / 2][i % 2];
		struct address any = { i % 2 == 0 ? 4 : 6, { 0 } };
		module_counts *c = module_of(out, i / 2 != 0, &any);

		c->totalMainModesStarted = clip(t->started);
		c->totalSuccessfulMainModes = clip(t->established);
		c->totalFailedMainModes = clip(t->failed);
		c->totalSuccessfulQuickModes = clip(t->quick_modes);
		c->totalSuccessfulExtendedModes = clip(t->extended_modes);
	}
}

/*
 * Errors and acquires are of both families and protocols: they stand with IPv4, and with AuthIP
 * unless only IKE is spoken.
 */
static void
ikeext_statistics(struct wfp *w, IKEEXT_STATISTICS1 *out)
{
	struct negotiator *n = w->n;
	IKEEXT_KEYMODULE_STATISTICS1 *m = n->config->policy.keying == KEYING_IKEV1 ?
					      &out->ikeStatistics :
					      &out->authipStatistics;

	memset(out, 0, sizeof(*out));
	engine_walk_mm(n->engine, nego_now_ms(), count_main_mode, out);
	engine_walk_qm(n->engine, nego_now_ms(), count_quick_mode, out);
	put_totals(w, out);
	m->v4Statistics.totalAcquires = clip(n->next_ticket);
	put_errors(n, out, m);
}

/* A main mode that has gone already is counted by what this host speaks. */
static bool
is_ikev1(const struct negotiator *n, uint32_t mm_id)
{
	struct engine_mm_status mm;

	return engine_get_mm(n->engine, nego_now_ms(), mm_id, &mm) ?
		   mm.is_ikev1 :
		   n->config->policy.keying == KEYING_IKEV1;
}

void
wfp_note_event(struct wfp *w, const struct action_event *e)
{
	struct wfp_totals *t =
	    &w->totals[is_ikev1(w->n, e->mm_id)][e->local.addr.family == 6];
	struct engine_qm_status qm;

	switch (e->type) {
	case EVENT_MM_STARTED:
		t->started++;
		break;
	case EVENT_MM_ESTABLISHED:
		t->established++;
		break;
	case EVENT_NEGOTIATION_FAILED:
		t->failed++;
		break;
	case EVENT_EM_ESTABLISHED:
		t->extended_modes++;
		break;
	case EVENT_QM_ESTABLISHED:
		t->quick_modes++;
		w->rekeys +=
		    engine_get_qm(w->n->engine, nego_now_ms(), e->qm_id, &qm) &&
		    qm.rekeyed_from != 0;
		break;
	default:
		break;
	}
}

uint32_t
wfp_statistics_get(struct wfp_session *s, struct wfp_enumeration *e, uint32_t object)
{
	static IKEEXT_STATISTICS1 ikeext;
	IPSEC_STATISTICS1 ipsec;

	switch (object) {
	case AIP_API_ENGINE_SA:
		ipsec_statistics(s->w, &ipsec);
		wfp_enum_add(s, e, &wfp_ipsec_statistics1, &ipsec);
		return 0;
	case AIP_API_ENGINE_IKE_SA:
		ikeext_statistics(s->w, &ikeext);
		wfp_enum_add(s, e, &wfp_ikeext_statistics1, &ikeext);
		return 0;
	default:
		return ERROR_INVALID_PARAMETER;
	}
}
