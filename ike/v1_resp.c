/* IKEv1 main mode, responder: messages 1, 3, 5 in, 2, 4, 6 out (RFC 2409 5). */
#include <string.h>

#include "ike/nat.h"
#include "ike/policy_pool.h"
#include "ike/v1.h"

/* ---- message 1, message 2 ---- */

static bool
resp_build_sa(struct engine *e, struct mm_sa *mm, int level, struct span *wire)
{
	struct pld_transform *t = &e->sa_out.proposal[0].transform[0];
	uint8_t gss_id[1024];
	struct writer w;

	/* The answer names its own sender (spec authip.md 6.9). */
	if (mm->gss.method == AUTH_V1_KERBEROS) {
		writer_init(&w, gss_id, sizeof(gss_id));
		pld_gss_id_encode(&w, e->p.gss_id);
		t->gss_id = span_of(gss_id, writer_ok(&w) ? w.n : 0);
		t->raw = SPAN_NONE;
	}
	v1_begin(e, mm, EXCHANGE_IDENTITY, 0);
	build_payload(e->out, PAYLOAD_SA);
	pld_sa_encode(&e->out->w, &e->sa_out, false);
	build_end(e->out);
	if (level < 2)
		v1_write_vendors(e, mm, false, level == 0);
	return v1_finish(e, wire);
}

static enum ike_err
resp_read_sa(struct engine *e, struct mm_sa *mm, const struct policy *p)
{
	enum auth_method method = AUTH_V1_PSK;
	const struct span sa = message_find(&e->in, PAYLOAD_SA, 0)->body;
	enum ike_err err = pld_sa_decode(sa, false, &e->sa_in);

	if (err == IKE_OK)
		err =
		    v1_proposal_select(p, &e->sa_in, &mm->chosen, &method, &e->sa_out);
	if (err != IKE_OK)
		return err;
	mm->group = mm->chosen.group;
	mm->gss.method = method;
	if (!blob_set(&mm->v1->sa_i, sa))
		return IKE_ERR_NO_MEMORY;
	/* Whose ticket to expect: a hint that the ticket itself proves later; empty if none. */
	if (method == AUTH_V1_KERBEROS)
		(void)pld_gss_id_decode(e->sa_out.proposal[0].transform[0].gss_id,
		    mm->peer_gss_id, sizeof(mm->peer_gss_id));
	return IKE_OK;
}

static enum ike_err
resp_answer_sa(struct engine *e, struct mm_sa *mm, const struct policy *p)
{
	struct span wire;
	enum ike_err err;
	int level = 0;

	mm->policy_of.policy = p;
	if (!policy_hold(e, &mm->policy_of))
		return IKE_ERR_NO_MEMORY;
	mm->policy = mm->policy_of.policy;
	if ((err = resp_read_sa(e, mm, p)) != IKE_OK)
		return err;
	while (memcmp(mm->rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		e->p.host.random(e->p.host.ctx, mm->rcookie, COOKIE_BYTES);
	v1_read_vendors(mm, &e->in);
	do { /* never more bytes than an unproven peer sent (H81) */
		if (level == 3)
			return IKE_ERR_AMPLIFICATION;
		if (!resp_build_sa(e, mm, level++, &wire))
			return IKE_ERR_CRYPTO;
	} while (wire.n > e->datagram.n);
	mm->state = MM_RESP_FIRST_DONE;
	mm->v1->step = V1_RESP_SA_SENT;
	answered_begin(e, &mm->answered);
	answered_reply(e, &mm->answered, mm, wire);
	mm_progress(e, mm);
	return IKE_OK;
}

static void
resp_refuse(
    struct engine *e, struct mm_sa *mm, enum ike_err err, const struct policy *p)
{
	char buf[512], detail[384];
	struct text t, d;

	text_init(&d, detail, sizeof(detail));
	if (err == IKE_ERR_NO_PROPOSAL) {
		char list[180];
		struct text l;

		text_str(&d, "offered ");
		text_init(&l, list, sizeof(list));
		v1_proposal_text(&l, &e->sa_in);
		text_str(&d, list);
		text_str(&d, "; accepted here: ");
		text_init(&l, list, sizeof(list));
		v1_proposal_policy_text(&l, p);
		text_str(&d, list);
	}
	text_init(&t, buf, sizeof(buf));
	event_failure_text(&t, mm, "first message of main mode", err, detail);
	event_mm(e, EVENT_NEGOTIATION_FAILED, mm, err, buf);
	v1_info_clear(e, mm,
	    err == IKE_ERR_NO_PROPOSAL ? NOTIFY_NO_PROPOSAL_CHOSEN :
					 NOTIFY_PAYLOAD_MALFORMED);
}

/* A cookie that message 1 showed becomes CKY-R (MS-IKEE 3.9, figure 10). */
static struct mm_sa *
resp_new(struct engine *e, bool by_cookie)
{
	struct mm_sa *mm =
	    v1_new(e, false, e->in_local, e->in_remote, e->in.h.icookie);

	if (mm == NULL)
		return NULL;
	mm->by_cookie = by_cookie;
	if (by_cookie)
		memcpy(mm->rcookie, e->in.h.rcookie, COOKIE_BYTES);
	else
		dos_opened_v1(e, mm);
	return mm;
}

void
v1_resp_m1(struct engine *e)
{
	const struct policy *p =
	    e->p.host.mm_policy(e->p.host.ctx, e->in_local, e->in_remote);
	bool by_cookie = memcmp(e->in.h.rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) != 0;
	struct mm_sa *mm;
	enum ike_err err;
	uint8_t type;

	if (!v1_policy_allows(p)) {
		event_drop(e, NULL, IKE_ERR_IKEV1);
		return;
	}
	if (!by_cookie)
		dos_make_room_v1(e);
	if ((err = mm_check_limits(e)) == IKE_OK)
		err = rules_check(&e->in, MSG_V1_M1, &type);
	if (err == IKE_OK && v1_coexist_discard(e, p))
		err = IKE_ERR_COEXIST;
	if (err != IKE_OK) {
		event_drop(e, NULL, err);
		return;
	}
	if ((mm = resp_new(e, by_cookie)) == NULL) {
		event_drop(e, NULL, IKE_ERR_NO_MEMORY);
		return;
	}
	if ((err = resp_answer_sa(e, mm, p)) == IKE_OK)
		return;
	resp_refuse(e, mm, err, p);
	sadb_mm_free(e, mm);
}

/* ---- message 3, message 4 ---- */

static bool
resp_make_nonce(struct engine *e, struct mm_sa *mm)
{
	uint8_t whole[4 + 256] = { 0 };

	e->p.host.random(e->p.host.ctx, whole + 4, mm->dialect->nonce_len);
	return blob_set(&mm->nr, span_of(whole, 4 + mm->dialect->nonce_len));
}

void
v1_resp_m3(struct engine *e, struct mm_sa *mm)
{
	enum ike_err err;

	if (!exchange_rules(e, mm, MSG_V1_M3))
		return;
	if ((err = v1_read_ke(e, mm)) != IKE_OK) {
		event_drop(e, mm, err);
		return;
	}
	dos_closed(e, mm); /* it has our cookie: it is where it says */
	answered_begin(e, &mm->answered);
	if (mm->v1->natt != VENDOR_UNKNOWN)
		nat_read_natd(mm, &e->in);
	v1_read_certreqs(mm, &e->in);
	mm->v1->step = V1_RESP_AUTHENTICATES;
	mm_progress(e, mm);
	if (!resp_make_nonce(e, mm) || !v1_auth_start(e, mm))
		mm_fail(e, mm, "key exchange of main mode", IKE_ERR_CRYPTO, NULL, false,
		    true);
}

void
v1_resp_send_ke(struct engine *e, struct mm_sa *mm)
{
	struct span wire;

	v1_begin(e, mm, EXCHANGE_IDENTITY, 0);
	v1_write_ke(e, mm);
	if (!v1_finish(e, &wire)) {
		mm_fail(e, mm, "key exchange of main mode", IKE_ERR_CRYPTO, NULL, false,
		    true);
		return;
	}
	mm->v1->step = V1_RESP_KE_SENT;
	answered_reply(e, &mm->answered, mm, wire);
	mm_progress(e, mm);
}

/* ---- message 5, message 6 ---- */

void
v1_resp_m5(struct engine *e, struct mm_sa *mm, const struct v1_iv *next)
{
	enum ike_err err;

	if (!exchange_rules(e, mm, MSG_V1_M5))
		return;
	if ((err = v1_auth_verify(e, mm)) != IKE_OK) {
		v1_auth_refuse(e, mm, err, next);
		return;
	}
	mm->v1->iv = *next;
	answered_begin(e, &mm->answered);
	if (mm->gss.method == AUTH_V1_PSK) { /* proved already */
		nat_follow(e, mm);
		v1_auth_sign(e, mm);
		return;
	}
	mm->v1->m5_local = *e->in_local;
	mm->v1->m5_remote = *e->in_remote;
	mm->v1->step = V1_RESP_VERIFIES;
	mm_progress(e, mm);
}

void
v1_resp_send_id(struct engine *e, struct mm_sa *mm, struct span proof)
{
	struct span wire;

	if (!v1_build_id(e, mm, proof, &wire)) {
		mm_fail(e, mm, "authentication of main mode", IKE_ERR_CRYPTO, NULL,
		    false, true);
		return;
	}
	answered_reply(e, &mm->answered, mm, wire);
	v1_established(e, mm);
}
