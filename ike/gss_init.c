/*
 * Authentication by GSS tokens, initiator: a dialogue for each method, in the order that
 * the responder accepted (MS-AIPS 3.1, 3.8; spec authip.md 4.4).
 */
#include <string.h>

#include "ike/gss_status.h"
#include "ike/state.h"

#define SEC_E_INTERNAL_ERROR 0x80090304u

static void
gss_give_up(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;

	mm_fail(e, mm, gss_step(mm), IKE_ERR_TIMED_OUT, NULL, true, true);
}

bool
gss_init_send(struct engine *e, struct mm_sa *mm, bool hashed)
{
	struct span out;

	if (!exchange_finish(e, mm, &out))
		return false;
	if (hashed && !chain_add(mm, gss_now(mm), out, build_chain(e->out)))
		return false;
	request_send(
	    e, &mm->request, mm, out, mm->dialect->retransmit_max, gss_give_up, mm);
	return true;
}

void
gss_init_try(struct engine *e, struct mm_sa *mm)
{
	struct gss *g = gss_now(mm);

	g->method = g->methods.method[g->at];
	if (g->method == AUTH_ANONYMOUS) {
		mm_init_authenticated(e, mm);
		return;
	}
	g->state = GSS_RUNS;
	g->dialogues++;
	g->fresh = true;
	gss_ask_auth(e, mm, AUTH_START, SPAN_NONE);
}

/* What failed, for the log: another method may hide it by its own success or failure. */
static void
gss_log_failure(struct engine *e, struct mm_sa *mm, const char *detail)
{
	char buf[512];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	event_failure_text(&t, mm, gss_step(mm), gss_failure(gss_now(mm)), detail);
	event_mm(e, EVENT_NEGOTIATION_FAILED, mm, gss_failure(gss_now(mm)), buf);
}

/*
 * Another credential if that can help, else the next method, else the end (4.4).
 * peer_status: why the peer refused us; 0: we failed.
 */
static void
gss_next_method(struct engine *e, struct mm_sa *mm, bool retry, uint32_t peer_status,
    const char *detail)
{
	struct gss *g = gss_now(mm);

	gss_forget(e, mm);
	if (retry) {
		g->credential++;
	} else {
		g->at++;
		g->credential = 0;
	}
	g->last_retry = retry;
	g->peer_status = peer_status;
	if (g->at >= g->methods.n || g->dialogues >= GSS_MAX_DIALOGUES) {
		mm_fail(e, mm, gss_step(mm), gss_failure(gss_now(mm)),
		    g->failure.n > 0 ? blob_text(&g->failure) : detail, true, true);
		return;
	}
	gss_log_failure(e, mm, g->failure.n > 0 ? blob_text(&g->failure) : detail);
	gss_init_try(e, mm);
}

uint8_t
gss_first_flags(struct mm_sa *mm)
{
	bool is_user = mm->policy_of.uid != 0 && gss_now(mm)->method == AUTH_KERBEROS;

	return is_user ? GSS_FLAG_NEW | GSS_FLAG_IMPERSONATION : GSS_FLAG_NEW;
}

static bool
gss_send_token(struct engine *e, struct mm_sa *mm, const struct pld_gss *payload)
{
	if (++gss_now(mm)->rounds > GSS_MAX_ROUNDS)
		return false;
	(void)gss_begin_message(e, mm);
	build_payload(e->out, PAYLOAD_GSS);
	pld_gss_encode(&e->out->w, payload);
	build_end(e->out);
	return gss_init_send(e, mm, true);
}

/* Both contexts are complete. */
static void
gss_init_complete(struct engine *e, struct mm_sa *mm)
{
	if (gss_is_main(mm))
		mm_init_authenticated(e, mm);
	else
		em_send_e3(e, mm);
}

/*
 * Without a first token the peer has to hear of it, or it would not know which method comes
 * next (MS-AIPS 3.1, local first failure). Not if none does.
 */
static bool
gss_tell_failed_start(
    struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct pld_gss payload = {
		.status = r->gss_status != 0 ? r->gss_status : SEC_E_INTERNAL_ERROR,
		.flags = gss_first_flags(mm),
	};
	struct gss *g = gss_now(mm);

	if (!g->fresh || (g->at + 1 >= g->methods.n && !r->retry_possible) ||
	    g->dialogues >= GSS_MAX_DIALOGUES)
		return false;
	g->fresh = false;
	g->start_failed = true;
	g->start_retry = r->retry_possible;
	if (g->last_retry)
		payload.flags |= GSS_FLAG_RETRY;
	return gss_send_token(e, mm, &payload);
}

static void
gss_init_failed(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct gss *g = gss_now(mm);

	g->wrong_target = g->wrong_target || r->wrong_target;
	(void)blob_set_text(&g->failure, r->text, sizeof(r->text));
	if (!gss_tell_failed_start(e, mm, r))
		gss_next_method(e, mm, r->retry_possible, 0, r->text);
}

void
gss_init_auth(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct gss *g = gss_now(mm);
	struct pld_gss payload = { .token = r->token };

	if (r->status == AUTH_FAILED) {
		gss_init_failed(e, mm, r);
		return;
	}
	if (r->status == AUTH_DONE && r->token.n == 0 && g->peer_done) {
		gss_init_complete(e, mm);
		return;
	}
	if (g->fresh)
		payload.flags |= gss_first_flags(mm) | (g->last_retry ? GSS_FLAG_RETRY : 0);
	if (g->fresh && g->last_retry)
		payload.status =
		    g->peer_status; /* MS-AIPS 3.1: it comes back with the retry */
	g->fresh = false;
	if (!gss_send_token(e, mm, &payload))
		mm_fail(
		    e, mm, gss_step(mm), IKE_ERR_CRYPTO, "too many rounds", true, true);
}

void
gss_init_token(struct engine *e, struct mm_sa *mm, const struct pld_gss *in)
{
	static const char early[] =
	    "the peer ended the dialogue before it was complete";
	struct gss *g = gss_now(mm);

	if (g->start_failed) {
		g->start_failed = false;
		gss_next_method(e, mm, g->start_retry, 0, "");
		return;
	}
	if (in->status != 0) {
		char why[200];
		struct text t;

		text_init(&t, why, sizeof(why));
		gss_status_text(&t, in->status);
		(void)blob_set_text(&g->failure, why, sizeof(why));
		gss_next_method(
		    e, mm, (in->flags & GSS_FLAG_RETRY) != 0, in->status, why);
		return;
	}
	g->peer_done = g->peer_done || (in->flags & GSS_FLAG_COMPLETE) != 0;
	if (in->token.n > 0 && !g->local_done) {
		gss_ask_auth(e, mm, AUTH_STEP, in->token);
		return;
	}
	if (g->local_done && g->peer_done && in->token.n == 0) {
		gss_init_complete(e, mm);
		return;
	}
	/* Nothing to feed and not complete: success without authentication does not exist. */
	(void)blob_set_text(&g->failure, early, sizeof(early));
	gss_next_method(e, mm, false, 0, early);
}

void
gss_init_input(struct engine *e, struct mm_sa *mm)
{
	struct pld_gss in;

	if (pld_gss_decode(message_find(&e->in, PAYLOAD_GSS, 0)->body, &in) != IKE_OK)
		mm_fail(e, mm, gss_step(mm), IKE_ERR_GSS, NULL, true, true);
	else
		gss_init_token(e, mm, &in);
}

/* G2, ... of main mode, in clear: a bad one is dropped, the good one may still come (A62). */
void
mm_init_gss(struct engine *e, struct mm_sa *mm)
{
	struct pld_gss in;

	if (mm->request.bytes.n == 0 || mm->gss.auth_waiting) {
		event_drop(e, mm, IKE_ERR_STATE);
		return;
	}
	if (!exchange_rules(e, mm, MSG_GSS))
		return;
	if (pld_gss_decode(message_find(&e->in, PAYLOAD_GSS, 0)->body, &in) != IKE_OK) {
		event_drop(e, mm, IKE_ERR_GSS);
		return;
	}
	if (exchange_is_old_response(e, mm)) {
		event_drop(e, mm, IKE_ERR_DUPLICATE);
		return;
	}
	request_done(e, &mm->request);
	if (!chain_add(mm, &mm->gss, e->in.raw, e->in.chain))
		mm_fail(e, mm, gss_step(mm), IKE_ERR_CRYPTO, NULL, true, true);
	else
		gss_init_token(e, mm, &in);
}
