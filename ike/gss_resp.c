/*
 * Authentication by GSS tokens, responder: which method a token belongs to, what auth says
 * about it, and the answer (MS-AIPS 3.1, 3.9; spec authip.md 4.4).
 */
#include <string.h>

#include "ike/nat.h"
#include "ike/state.h"

#define SEC_E_INVALID_TOKEN 0x80090308u

void
gss_resp_answer(struct engine *e, struct mm_sa *mm, bool hashed)
{
	struct span out;

	if (!exchange_finish(e, mm, &out) ||
	    (hashed && !chain_add(mm, gss_now(mm), out, build_chain(e->out)))) {
		mm_fail(e, mm, gss_step(mm), IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	answered_reply(e, &mm->answered, mm, out);
	if (gss_now(mm)->state != GSS_COMPLETE)
		mm_progress(e, mm);
}

static void
gss_answer_token(struct engine *e, struct mm_sa *mm, const struct pld_gss *payload)
{
	const struct gss *g = gss_now(mm);
	const struct isakmp_header *h = &g->answer_header;
	bool encrypted = (h->flags & ISAKMP_FLAG_ENCRYPTED) != 0;

	exchange_begin(e, mm, h->exchange, h->message_id,
	    seq_answer(g->answer_seq, mm->dialect), encrypted);
	build_payload(e->out, PAYLOAD_GSS);
	pld_gss_encode(&e->out->w, payload);
	build_end(e->out);
	gss_resp_answer(e, mm, true);
}

/* The dialogue failed here: the initiator may try the next method or credential (4.4). */
static void
gss_answer_failure(struct engine *e, struct mm_sa *mm, uint32_t status, bool retry)
{
	struct pld_gss payload = { .status = status,
		.flags = retry ? GSS_FLAG_RETRY : 0 };

	gss_forget(e, mm);
	gss_now(mm)->state = GSS_WANTED;
	gss_answer_token(e, mm, &payload);
}

/* The method that a token looks like, 0 if like none: Kerberos, NTLM, TLS record. */
static uint16_t
gss_sniff(struct span token)
{
	static const uint8_t ntlm[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0 };

	if (token.n >= 1 && token.p[0] == 0x60)
		return AUTH_KERBEROS;
	if (token.n >= sizeof(ntlm) && memcmp(token.p, ntlm, sizeof(ntlm)) == 0)
		return AUTH_NTLM;
	if (token.n >= 2 && token.p[0] == 0x16 && token.p[1] == 0x03)
		return AUTH_TLS;
	return 0;
}

/* An initiator without credentials passes a method over in silence: the token tells. */
static void
gss_follow_token(struct gss *g, struct span token)
{
	uint16_t method = gss_sniff(token);

	for (size_t i = 0; method != 0 && i < g->methods.n; i++) {
		size_t at = (g->at + i) % g->methods.n;

		if (g->methods.method[at] != method)
			continue;
		if (at != g->at)
			g->credential = 0;
		g->at = at;
		return;
	}
}

bool
gss_resp_pick(struct gss *g, const struct pld_gss *in)
{
	if (g->dialogues > 0 && (in->flags & GSS_FLAG_RETRY) != 0) {
		g->credential++;
	} else if (g->dialogues > 0) {
		g->at++;
		g->credential = 0;
	}
	gss_follow_token(g, in->token);
	/* Anonymous of main mode has no tokens. */
	while (g->at < g->methods.n && g->methods.method[g->at] == AUTH_ANONYMOUS)
		g->at++;
	if (g->at >= g->methods.n || ++g->dialogues > GSS_MAX_DIALOGUES)
		return false;
	g->method = g->methods.method[g->at];
	return true;
}

/* The initiator gives up a dialogue by a status alone; with NEW it begins another one. */
static bool
gss_peer_failed(struct gss *g, const struct pld_gss *in)
{
	static const char why[] = "the peer could not start its credentials";

	if (in->status == 0 || ((in->flags & GSS_FLAG_NEW) != 0 && in->token.n > 0))
		return false;
	(void)blob_set_text(&g->failure, why, sizeof(why));
	if (g->dialogues == 0)
		g->dialogues = 1; /* that of the first method */
	return true;
}

void
gss_resp_token(struct engine *e, struct mm_sa *mm, const struct pld_gss *in)
{
	struct gss *g = gss_now(mm);

	if (++g->rounds > GSS_MAX_ROUNDS ||
	    ((in->flags & GSS_FLAG_NEW) != 0 && !gss_resp_pick(g, in))) {
		mm_fail(e, mm, gss_step(mm), gss_failure(gss_now(mm)),
		    g->failure.n > 0 ? blob_text(&g->failure) : "no method is left",
		    true, true);
		return;
	}
	/* The answer waits for auth: remember what it answers. */
	g->answer_header = e->in.h;
	g->answer_seq = e->in.seq;
	if (gss_peer_failed(g, in)) {
		gss_answer_failure(e, mm, in->status, false);
		return;
	}
	if ((in->flags & GSS_FLAG_NEW) != 0) {
		gss_forget(e, mm);
		g->state = GSS_RUNS;
		g->peer_is_user = (in->flags & GSS_FLAG_IMPERSONATION) != 0;
		gss_ask_auth(e, mm, AUTH_START, in->token);
	} else if (g->handle == 0 || g->state != GSS_RUNS) {
		gss_answer_failure(e, mm, SEC_E_INVALID_TOKEN, false);
	} else {
		gss_ask_auth(e, mm, AUTH_STEP, in->token);
	}
}

void
gss_resp_log(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct gss *g = gss_now(mm);
	char buf[512];
	struct text t;

	g->wrong_target = g->wrong_target || r->wrong_target;
	(void)blob_set_text(&g->failure, r->text, sizeof(r->text));
	text_init(&t, buf, sizeof(buf));
	event_failure_text(&t, mm, gss_step(mm), gss_failure(gss_now(mm)), r->text);
	event_mm(e, EVENT_NEGOTIATION_FAILED, mm, gss_failure(gss_now(mm)), buf);
}

void
gss_resp_auth(struct engine *e, struct mm_sa *mm, const struct engine_auth_reply *r)
{
	struct pld_gss payload = { .token = r->token };

	if (r->status == AUTH_FAILED) {
		gss_resp_log(e, mm, r);
		gss_answer_failure(e, mm,
		    r->gss_status != 0 ? r->gss_status : SEC_E_INVALID_TOKEN,
		    r->retry_possible);
		return;
	}
	if (r->status == AUTH_DONE) {
		payload.flags = GSS_FLAG_COMPLETE;
		gss_now(mm)->state = GSS_DONE;
	}
	gss_answer_token(e, mm, &payload);
}

/* G1, ... of main mode, in clear: from the address that M2 was sent to, no more is known. */
void
mm_resp_gss(struct engine *e, struct mm_sa *mm)
{
	struct pld_gss in;

	if (mm->gss.auth_waiting || mm->keys.peer_proved) {
		event_drop(e, mm, IKE_ERR_STATE); /* one request at a time */
		return;
	}
	if (!exchange_rules(e, mm, MSG_GSS))
		return;
	if (pld_gss_decode(message_find(&e->in, PAYLOAD_GSS, 0)->body, &in) != IKE_OK) {
		event_drop(e, mm, IKE_ERR_GSS);
		return;
	}
	if (!chain_add(mm, &mm->gss, e->in.raw, e->in.chain)) {
		mm_fail(e, mm, gss_step(mm), IKE_ERR_CRYPTO, NULL, true, true);
		return;
	}
	mm->keys.ready = false; /* what they were made of is over */
	/* It knows our cookie; that it is somewhere else now, only a sealed message shows. */
	if (address_equal(&mm->remote.addr, &e->in_remote->addr))
		nat_follow(e, mm);
	answered_begin(e, &mm->answered);
	gss_resp_token(e, mm, &in);
}
