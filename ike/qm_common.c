/* What both roles of quick mode share (MS-AIPS 3.4, 3.5). */
#include <stdlib.h>
#include <string.h>

#include "ike/narrow.h"
#include "ike/rekey.h"
#include "ike/v1.h"

uint32_t
qm_new_spi(struct engine *e)
{
	const struct qm_sa *qm;
	uint32_t spi;
	bool taken;

	do {
		e->p.host.random(e->p.host.ctx, (uint8_t *)&spi, sizeof(spi));
		taken = spi < SPI_MIN;
		/* Collisions are one in 2^32 per SA; the newest few cover the clustered case. */
		qm = LIST_FIRST(&e->qm_all);
		for (int i = 0; !taken && qm != NULL && i < 64; i++) {
			taken = qm->spi_in == spi;
			qm = LIST_NEXT(qm, all_link);
		}
	} while (taken);
	return spi;
}

bool
qm_make_dh(struct engine *e, struct qm_sa *qm, enum dh_group g)
{
	uint8_t random[DH_PRIVATE_MAX_BYTES];

	if (g == DH_NONE)
		return true;
	e->p.host.random(e->p.host.ctx, random, dh_private_len_bytes(g));
	qm->dh = dh_new(g, span_of(random, dh_private_len_bytes(g)));
	secret_wipe_bytes(random, sizeof(random));
	return qm->dh != NULL;
}

unsigned
qm_want(const struct qm_sa *qm)
{
	bool ge = qm->policy.guarantee_encryption || qm->guaranteed_encryption;

	return (ge ? QM_WANT_ENCRYPTION : 0) | (qm->udp ? QM_WANT_UDP : 0);
}

/* A peer that started again does not know a main mode that was there before (T040). */
static void
qm_first_is_doubtful(struct engine *e, void *owner)
{
	struct qm_sa *qm = owner;

	qm->mm->expired = true;
	rekey_afresh(e, qm);
}

void
qm_send_first(struct engine *e, struct qm_sa *qm, struct span wire, request_give_up *give_up)
{
	request_send(
	    e, &qm->request, qm->mm, wire, qm->mm->dialect->retransmit_max, give_up, qm);
	if (!qm->is_first)
		request_set_doubt(&qm->request, qm_first_is_doubtful);
}

/* The responder returns those of the initiator as they came (A49). */
void
qm_write_ids(struct engine *e, const struct qm_sa *qm)
{
	struct endpoint i = qm->initiator ? qm->selector.local : qm->selector.remote;
	struct endpoint r = qm->initiator ? qm->selector.remote : qm->selector.local;

	if (!qm->initiator) {
		i.addr = qm->id_initiator;
		r.addr = qm->id_responder;
	}
	build_payload(e->out, PAYLOAD_ID);
	pld_id_encode_endpoint(&e->out->w, qm->selector.protocol, &i);
	build_end(e->out);
	build_payload(e->out, PAYLOAD_ID);
	pld_id_encode_endpoint(&e->out->w, qm->selector.protocol, &r);
	build_end(e->out);
}

uint8_t
qm_exchange_info(const struct qm_sa *qm)
{
	uint8_t flags = 0;

	if ((qm->mm->vendor_seen & 1u << VENDOR_ND_CAPABLE) == 0)
		return 0;
	if (qm->policy.policy->nd == ND_BOUNDARY)
		flags |= EXCHANGE_INFO_ND_BOUNDARY;
	if (qm->initiator && qm->policy.guarantee_encryption)
		flags |= EXCHANGE_INFO_GUARANTEE_ENCRYPTION;
	return flags;
}

void
qm_write_exchange_info(struct engine *e, const struct qm_sa *qm)
{
	uint8_t data[4] = { 0, 0, 0, qm_exchange_info(qm) };
	struct pld_notify n = {
		.protocol = NOTIFY_PROTO_QM,
		.type = NOTIFY_EXCHANGE_INFO,
		.data = SPAN_ARRAY(data),
	};

	if (data[3] == 0)
		return;
	build_payload(e->out, PAYLOAD_NOTIFY);
	pld_notify_encode(&e->out->w, &n);
	build_end(e->out);
}

void
qm_read_exchange_info(struct engine *e, struct qm_sa *qm)
{
	const struct payload *p;

	qm->guaranteed_encryption = qm->policy.guarantee_encryption;
	for (size_t i = 0; (p = message_find(&e->in, PAYLOAD_NOTIFY, i)) != NULL; i++) {
		struct pld_notify n;
		uint32_t flags;

		if (pld_notify_decode(p->body, &n) != IKE_OK ||
		    n.type != NOTIFY_EXCHANGE_INFO || !pld_notify_u32(&n, &flags))
			continue;
		qm->peer_boundary = (flags & EXCHANGE_INFO_ND_BOUNDARY) != 0;
		if ((flags & EXCHANGE_INFO_GUARANTEE_ENCRYPTION) != 0)
			qm->guaranteed_encryption = true;
	}
}

/* What programs get of a failure is never success; the peer knows better why it refused. */
static uint32_t
result_code(const struct qm_sa *qm, enum ike_err err, uint32_t win32)
{
	if (err == IKE_ERR_PEER_STATUS && qm->mm != NULL)
		win32 = qm->mm->peer_code;
	if (err == IKE_ERR_PEER_DELETED)
		win32 = ike_err_win32(IKE_ERR_DELETED);
	return err != IKE_OK && win32 == 0 ? ike_err_win32(IKE_ERR_STATE) : win32;
}

void
qm_results(struct engine *e, struct qm_sa *qm, enum ike_err err, uint32_t win32,
    const char *text)
{
	struct ticket *ticket;

	win32 = result_code(qm, err, win32);
	while ((ticket = SLIST_FIRST(&qm->tickets)) != NULL) {
		struct engine_action *a = action_push(e, ACTION_RESULT, SPAN_NONE);
		struct text t;

		SLIST_REMOVE_HEAD(&qm->tickets, next);
		if (a != NULL) {
			a->result.ticket = ticket->id;
			a->result.error = err;
			a->result.win32 = win32;
			a->result.mm_id = qm->mm_id;
			a->result.qm_id = qm->id;
			text_init(&t, a->result.text, sizeof(a->result.text));
			text_str(&t, text);
		}
		free(ticket);
	}
}

static void qm_lifetime_over(struct engine *e, void *owner);

static void
qm_tell_end(struct engine *e, struct qm_sa *qm, enum ike_err why)
{
	if (qm->mm != NULL && qm->mm->keys.ready)
		notify_reliable(e, qm->mm, NOTIFY_STATUS, NOTIFY_PROTO_QM, qm->message_id,
		    ike_err_win32(why));
}

/*
 * Both sides may have renewed at once: then the peer may think that this is the newest pair,
 * and send by it. So it is told while we still listen; and where nobody can be told, such a
 * pair lives as long as it may. False: that is now.
 */
static bool
qm_ends_later(struct engine *e, struct qm_sa *qm)
{
	uint64_t at = qm->ends_ms;

	if (!qm->is_replaced || qm->is_told || e->now_ms >= qm->ends_ms)
		return false;
	if (qm->mm != NULL && qm->mm->keys.ready) {
		qm_tell_end(e, qm, IKE_ERR_QM_REPLACED);
		qm->is_told = true;
		if (at > e->now_ms + GRACE_EXTRA_MS)
			at = e->now_ms + GRACE_EXTRA_MS;
	} else if (!qm->is_contested) {
		return false;
	}
	if (at != UINT64_MAX)
		timer_arm(&e->timers, &qm->lifetime, at, qm_lifetime_over, qm);
	return true;
}

static void
qm_lifetime_over(struct engine *e, void *owner)
{
	struct qm_sa *qm = owner;
	struct mm_sa *mm = qm->mm;

	if (qm_ends_later(e, qm))
		return;
	qm_delete(e, qm, qm->is_replaced ? IKE_ERR_QM_REPLACED : IKE_ERR_QM_EXPIRED,
	    !qm->is_told);
	mm_end_if_drained(e, mm);
}

static void
qm_arm_lifetime(struct engine *e, struct qm_sa *qm)
{
	qm->ends_ms = UINT64_MAX;
	if (qm->choice.proposal.lifetime_s == 0)
		return;
	qm->ends_ms = e->now_ms + (uint64_t)qm->choice.proposal.lifetime_s * 1000;
	timer_arm(&e->timers, &qm->lifetime, qm->ends_ms, qm_lifetime_over, qm);
}

void
qm_arm_grace(struct engine *e, struct qm_sa *qm)
{
	uint64_t at = e->now_ms + e->p.dialect.rekey_grace_s * 1000u;

	/* The responder's word comes first (MS-AIPS 3.1.6.5): then nothing is told twice. */
	if (qm->initiator)
		at += GRACE_EXTRA_MS;
	if (qm->lifetime.place == 0 || qm->lifetime.at_ms > at)
		timer_arm(&e->timers, &qm->lifetime, at, qm_lifetime_over, qm);
}

/* Who the peer is: whoever acts for it wants to know as long as its SAs live. */
static void
qm_note_peer(struct qm_sa *qm)
{
	const struct mm_sa *mm = qm->mm;

	const struct gss *g = mm == NULL ? NULL : mm->keys.has_em ? &mm->em : &mm->gss;

	if (g == NULL || g->peer_name.n == 0)
		return;
	qm->peer_method = g->method;
	(void)blob_set(&qm->peer_name, blob_span(&g->peer_name));
}

/* Both directions are installed. */
void
qm_established(struct engine *e, struct qm_sa *qm)
{
	char buf[256];
	struct text t, p;
	char words[64];

	text_init(&t, buf, sizeof(buf));
	text_str(&t, "quick mode established: ");
	text_init(&p, words, sizeof(words));
	proposal_qm_one_text(&p, &qm->choice.proposal);
	text_str(&t, words);
	if (qm->udp)
		text_str(&t, " in UDP");
	text_str(&t, ", ");
	text_flow(&t, &qm->selector);
	rekey_replace(e, qm);
	if (qm->rekeyed_from != 0) {
		text_str(&t, ", for quick mode ");
		text_u32(&t, qm->rekeyed_from);
	}
	event_qm(e, EVENT_QM_ESTABLISHED, qm, IKE_OK, buf);
	qm_arm_lifetime(e, qm);
	qm_note_peer(qm);
	if (qm->is_doubted)
		rekey_was_late(e, qm);
	qm_results(e, qm, IKE_OK, 0, "");
	/* Nothing but the final answer is needed from now on. */
	dh_free(qm->dh);
	qm->dh = NULL;
	if (qm->z != NULL)
		secret_wipe(qm->z);
	free(qm->z);
	qm->z = NULL;
	blob_free(&qm->ni);
	blob_free(&qm->nr);
}

void
qm_fail(struct engine *e, struct qm_sa *qm, const char *step, enum ike_err err,
    const char *detail, bool tell)
{
	struct mm_sa *mm = qm->mm;
	char buf[512];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	if (mm != NULL)
		event_failure_text(&t, mm, step, err, detail);
	else
		text_str(&t, ike_err_text(err));
	event_qm(e, EVENT_NEGOTIATION_FAILED, qm, err, buf);
	qm_results(e, qm, err, ike_err_win32(err), buf);
	sa_delete(e, qm, false, false);
	if (tell && mm != NULL && mm->keys.ready) {
		bool policy = err == IKE_ERR_NO_PROPOSAL || err == IKE_ERR_ENCRYPTION_REQUIRED;

		notify_reliable(e, mm, policy ? NOTIFY_NO_PROPOSAL_CHOSEN : NOTIFY_STATUS,
		    NOTIFY_PROTO_QM, qm->message_id, policy ? 0 : ike_err_win32(err));
	}
	sadb_qm_free(e, qm);
}

void
qm_delete(struct engine *e, struct qm_sa *qm, enum ike_err why, bool tell)
{
	char buf[256];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_str(&t, "quick mode deleted: ");
	text_str(&t, ike_err_text(why));
	text_str(&t, ", ");
	text_flow(&t, &qm->selector);
	event_qm(e, EVENT_QM_DELETED, qm, why, buf);
	qm_results(e, qm, why, ike_err_win32(why), buf);
	sa_delete(e, qm, rekey_has_other(e, qm), narrow_is_renewed(e, qm, why));
	if (tell)
		qm_tell_end(e, qm, why);
	sadb_qm_free(e, qm);
}

static struct qm_sa *
first_pending(const struct mm_sa *mm)
{
	struct qm_sa *qm;

	LIST_FOREACH (qm, &mm->quick_modes, mm_link)
		if (qm->state == QM_PENDING)
			break;
	return qm;
}

/* Starts what waited for the main mode: one first, the others when it is through. */
void
qm_start_pending(struct engine *e, struct mm_sa *mm)
{
	struct qm_sa *qm;
	/* Keys of extended mode are not enough: before E4 the peer has proved nothing. */
	bool first_only = mm->n_quick_modes == 0 ||
	    (mm_needs_em(mm) && mm->em.state != GSS_COMPLETE);

	if (mm->v1 != NULL) {
		if (mm->state != MM_ESTABLISHED)
			return;
		first_only = false;
	}
	if (first_only && mm->n_quick_modes > 0)
		return;
	/* To begin one can add others. */
	while ((qm = first_pending(mm)) != NULL) {
		qm_init_start(e, qm);
		if (first_only)
			return;
	}
}
