/* What both roles of main mode share: vendor IDs, ends (MS-AIPS 3.2, 3.3). */
#include <string.h>

#include "ike/narrow.h"
#include "ike/nat.h"
#include "ike/rekey.h"
#include "ike/tongue.h"
#include "ike/v1.h"

static void
write_vendor(struct engine *e, enum ike_vendor v, uint32_t number)
{
	build_payload(e->out, PAYLOAD_VID);
	pld_vendor_encode(&e->out->w, v, number);
	build_end(e->out);
}

/*
 * level: 0 everything; the responder leaves more out with each level, so that its answer
 * to an unproven peer is not larger than the request (see mm_resp.c).
 */
void
mm_write_vendors(struct engine *e, struct mm_sa *mm, bool first_message, int level)
{
	if (mm->dialect->vendor_version != 0 && level < 3)
		write_vendor(e, VENDOR_MS_NT5, mm->dialect->vendor_version);
	if (first_message) {
		write_vendor(e, VENDOR_KEY_MODS, 1); /* we speak AuthIP */
		mm->is_first_contact = !sadb_mm_exists_with(e, &mm->remote.addr, NULL);
		if (mm->is_first_contact)
			write_vendor(e, VENDOR_INITIAL_CONTACT, 0);
	}
	if (nat_is_possible(e, mm) && level < 2)
		write_vendor(e, VENDOR_RFC3947, 0);
	if (level < 4)
		write_vendor(e, VENDOR_FRAGMENTATION, 0);
	if (level < 4)
		write_vendor(e, VENDOR_ND_CAPABLE, 0);
	if (first_message && mm->dh != NULL)
		write_vendor(e, VENDOR_DH_GROUP, proposal_vendor_group(mm->group));
}

void
mm_read_vendors(struct mm_sa *mm, const struct message *m)
{
	const struct payload *p;

	for (size_t i = 0; (p = message_find(m, PAYLOAD_VID, i)) != NULL; i++) {
		uint32_t number;
		enum ike_vendor v = pld_vendor_decode(p->body, &number);

		mm->vendor_seen |= 1u << v;
		if (v == VENDOR_MS_NT5)
			mm->vendor_version = number;
	}
}

bool
mm_needs_em(const struct mm_sa *mm)
{
	return mm->v1 == NULL && mm->policy->n_em_auth > 0;
}

static void
mm_responder_timeout(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;
	enum ike_err err = IKE_ERR_TIMED_OUT;
	const char *detail = NULL;

	if (mm->state == MM_ESTABLISHED && mm_needs_em(mm))
		err = IKE_ERR_EM_REQUIRED;
	if (mm->v1 != NULL && mm->v1->garbled)
		detail = "what it sent cannot be read: do both hosts have the same "
			 "pre-shared key?";
	mm_fail(e, mm, "waiting for the next message of the initiator", err, detail,
	    true, true);
}

void
mm_progress(struct engine *e, struct mm_sa *mm)
{
	timer_arm(&e->timers, &mm->responder_timer,
	    e->now_ms + mm->dialect->responder_timeout_s * 1000u, mm_responder_timeout,
	    mm);
}

static void
mm_lifetime_over(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;
	struct qm_sa *qm, *next;

	event_mm(
	    e, EVENT_MM_DELETED, mm, IKE_ERR_MM_EXPIRED, "main mode: lifetime over");
	for (qm = LIST_FIRST(&mm->quick_modes); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, mm_link);
		if (!qm_is_usable(qm))
			qm_fail(e, qm, "quick mode", IKE_ERR_MM_EXPIRED, NULL, false);
	}
	if (mm->v1 != NULL) /* its peer may wait for nothing else */
		notify_reliable(e, mm, NOTIFY_STATUS, NOTIFY_PROTO_MM, 0,
		    ike_err_win32(IKE_ERR_MM_EXPIRED));
	sadb_mm_free(e, mm);
}

/* What waits for an answer there gets it by another one. */
static void
spare_waiting(struct engine *e, struct mm_sa *old)
{
	struct qm_sa *qm;

	old->expired = true;
	LIST_FOREACH (qm, &old->quick_modes, mm_link)
		if (qm->initiator && !qm_is_usable(qm))
			rekey_afresh(e, qm);
}

/*
 * The peer said in its first message that it has no main mode with us, and has proved who
 * it is: what it had before is stale (spec authip.md 6.4). The vendor ID alone proves
 * nothing, and what was made at the same time as this one is not older.
 */
void
mm_drop_older(struct engine *e, struct mm_sa *mm)
{
	struct mm_sa *old, *next;

	for (old = sadb_mm_first(e, &mm->remote.addr); old != NULL; old = next) {
		next = LIST_NEXT(old, peer_link);
		if (old == mm || old->state != MM_ESTABLISHED ||
		    old->established_ms >= mm->created_ms ||
		    !address_equal(&old->remote.addr, &mm->remote.addr) ||
		    !address_equal(&old->local.addr, &mm->local.addr) ||
		    !nat_is_same_peer(old, mm))
			continue;
		spare_waiting(e, old);
		mm_fail(e, old, "peer began anew", IKE_ERR_STALE, NULL, false, true);
	}
}

/* Of IKEv1 nothing vouches for a vendor ID: there a notify says so. */
void
mm_drop_stale(struct engine *e, struct mm_sa *mm)
{
	if (mm->v1 == NULL && (mm->vendor_seen & 1u << VENDOR_INITIAL_CONTACT) != 0)
		mm_drop_older(e, mm);
}

/* The peer is there: what it did not hear of us, when it was not, it may hear now. */
static void
hurry_others(struct engine *e, const struct mm_sa *mm)
{
	struct mm_sa *other;

	for (other = sadb_mm_first(e, &mm->remote.addr); other != NULL;
	     other = LIST_NEXT(other, peer_link))
		if (address_equal(&other->remote.addr, &mm->remote.addr))
			mm_init_hurry(e, other);
}

/* Keys exist and the peer has proved that it has them too. */
void
mm_established(struct engine *e, struct mm_sa *mm)
{
	char buf[512];
	struct text t;

	if (mm->gss.handle != 0) /* the peer left a dialogue, and went on without */
		gss_forget(e, mm);
	mm->gss.state = GSS_COMPLETE;
	mm->state = MM_ESTABLISHED;
	mm->established_ms = e->now_ms;
	tongue_learned(e, mm);
	chain_log_clear(&mm->log);
	if (mm->gss.method != AUTH_ANONYMOUS)
		peer_remember_name(e, &mm->remote.addr, mm->peer_gss_id);
	timer_arm(&e->timers, &mm->lifetime,
	    mm->created_ms + (uint64_t)mm->chosen.lifetime_s * 1000, mm_lifetime_over,
	    mm);
	text_init(&t, buf, sizeof(buf));
	text_str(&t, mm->v1 != NULL ? "IKEv1 main mode established with " :
				      "main mode established with ");
	text_address(&t, &mm->remote.addr);
	text_str(&t, ": ");
	text_str(&t, cipher_name(mm->chosen.cipher));
	text_str(&t, "-");
	text_str(&t, hash_name(mm->chosen.integrity));
	text_str(&t, "-");
	text_str(&t, dh_name(mm->group));
	if (mm->gss.method != AUTH_ANONYMOUS) {
		text_str(&t, "; the peer is ");
		text_str(&t, gss_peer_name(mm));
	}
	if (mm_needs_em(mm))
		text_str(
		    &t, mm->gss.method == AUTH_ANONYMOUS ?
			    "; the peer is still anonymous, extended mode follows" :
			    "; extended mode follows");
	event_mm(e, EVENT_MM_ESTABLISHED, mm, IKE_OK, buf);
	if (!mm_needs_em(mm)) {
		gss_finish(mm);
		mm_drop_stale(e, mm);
	}
	hurry_others(e, mm);
}

static void
mm_dying_done(struct engine *e, void *owner)
{
	sadb_mm_free(e, owner);
}

/* Out of use; the memory goes when the last notify is acknowledged or given up. */
void
mm_retire(struct engine *e, struct mm_sa *mm)
{
	request_done(e, &mm->request);
	gss_forget(e, mm);
	timer_cancel(&e->timers, &mm->responder_timer);
	if (mm->notify_request.bytes.n == 0 && STAILQ_EMPTY(&mm->notify_queue) &&
	    !v1_delete_is_pending(mm)) {
		sadb_mm_free(e, mm);
		return;
	}
	mm->state = MM_DYING;
	timer_arm(&e->timers, &mm->lifetime,
	    e->now_ms + mm->dialect->responder_timeout_s * 1000u * 2, mm_dying_done,
	    mm);
}

void
mm_linger(struct engine *e, struct mm_sa *mm)
{
	request_done(e, &mm->request);
	gss_forget(e, mm);
	notify_drop_all(e, mm);
	timer_cancel(&e->timers, &mm->responder_timer);
	mm->state = MM_DYING;
	timer_arm(&e->timers, &mm->lifetime,
	    e->now_ms + mm->dialect->responder_timeout_s * 1000u, mm_dying_done, mm);
}

/* Before keys exist a notify in clear is all there is (MS-AIPS 3.1; A62). */
static void
mm_tell_in_clear(struct engine *e, const struct mm_sa *mm, enum ike_err err)
{
	struct isakmp_header h = { .exchange = EXCHANGE_NOTIFY };

	if (mm->v1 != NULL) {
		v1_info_clear(e, mm, NOTIFY_AUTHENTICATION_FAILED);
		return;
	}
	memcpy(h.icookie, mm->icookie, COOKIE_BYTES);
	memcpy(h.rcookie, mm->rcookie, COOKIE_BYTES);
	if (mm->dialect->send_clear_status == SEND_CLEAR_STATUS_ON &&
	    ike_err_win32(err) != 0)
		notify_clear_status(e, &mm->local, &mm->remote, &h, MESSAGE_MAX_BYTES,
		    ike_err_win32(err));
}

void
mm_fail(struct engine *e, struct mm_sa *mm, const char *step, enum ike_err err,
    const char *detail, bool tell, bool teardown)
{
	struct qm_sa *qm, *next;
	char buf[512];
	struct text t;

	if (mm->state == MM_DYING)
		return;
	text_init(&t, buf, sizeof(buf));
	event_failure_text(&t, mm, step, err, detail);
	/* One failure, one line: the responder has already said why it refused. */
	if (err != IKE_ERR_PEER_STATUS || mm->initiator || gss_now(mm)->failure.n == 0)
		event_mm(e, EVENT_NEGOTIATION_FAILED, mm, err, buf);
	if (v1_twin_lost(e, mm))
		return;
	for (qm = LIST_FIRST(&mm->quick_modes); qm != NULL; qm = next) {
		next = LIST_NEXT(qm, mm_link);
		if (!teardown && qm_is_usable(qm))
			continue;
		/* The peer may already use what never became usable here. */
		if (tell && mm->keys.ready &&
		    (qm->state == QM_INIT_DONE || qm->state == QM_RESP_DONE))
			notify_reliable(e, mm, NOTIFY_STATUS, NOTIFY_PROTO_QM,
			    qm->message_id, ike_err_win32(err));
		qm_results(e, qm, err, ike_err_win32(err), buf);
		sa_delete(e, qm, false, narrow_is_renewed(e, qm, err));
		sadb_qm_free(e, qm);
	}
	if (tell && mm->keys.ready)
		notify_reliable(
		    e, mm, NOTIFY_STATUS, NOTIFY_PROTO_MM, 0, ike_err_win32(err));
	else if (tell && mm->state == MM_INIT_FIRST_DONE)
		mm_tell_in_clear(e, mm, err);
	mm_retire(e, mm);
}

/* Tells the peer of every quick mode, then of the main mode (MS-AIPS 3.1.7). */
void
mm_end(struct engine *e, struct mm_sa *mm, enum ike_err why)
{
	struct qm_sa *qm;

	while ((qm = LIST_FIRST(&mm->quick_modes)) != NULL)
		qm_delete(e, qm, why, qm->state != QM_PENDING);
	event_mm(e, EVENT_MM_DELETED, mm, why, ike_err_text(why));
	if (mm->keys.ready)
		notify_reliable(
		    e, mm, NOTIFY_STATUS, NOTIFY_PROTO_MM, 0, ike_err_win32(why));
	mm_retire(e, mm);
}

/* Used-up main modes must not count against the limit of those with a peer (A80). */
void
mm_end_if_drained(struct engine *e, struct mm_sa *mm)
{
	if (mm == NULL || !mm->expired || mm->state != MM_ESTABLISHED ||
	    !LIST_EMPTY(&mm->quick_modes))
		return;
	if (mm->peer_ended)
		mm_linger(e, mm);
	else
		mm_end(e, mm, IKE_ERR_MM_EXPIRED);
}
