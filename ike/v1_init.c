/* IKEv1 main mode, initiator: messages 1, 3, 5 out, 2, 4, 6 in (RFC 2409 5). */
#include <stdlib.h>
#include <string.h>

#include "ike/nat.h"
#include "ike/policy_pool.h"
#include "ike/v1.h"

static const char *
step_words(const struct mm_sa *mm)
{
	switch (mm->v1->step) {
	case V1_INIT_SA_SENT:
		return "first message of main mode";
	case V1_INIT_KE_SENT:
		return "key exchange of main mode";
	default:
		return "authentication of main mode";
	}
}

static void
init_give_up(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;
	bool maybe_key =
	    mm->v1->step == V1_INIT_ID_SENT && mm->gss.method == AUTH_V1_PSK;

	mm_fail(e, mm, step_words(mm), IKE_ERR_TIMED_OUT,
	    maybe_key ?
		"it answered before: do both hosts have the same pre-shared key?" :
		NULL,
	    false, true);
}

static void
init_request(struct engine *e, struct mm_sa *mm, enum v1_step step, struct span wire)
{
	mm->v1->step = step;
	request_send(e, &mm->request, mm, wire,
	    step == V1_INIT_SA_SENT ? mm->dialect->retransmit_max_first :
				      mm->dialect->retransmit_max,
	    init_give_up, mm);
}

/* ---- message 1 ---- */

static bool
init_send_sa(struct engine *e, struct mm_sa *mm)
{
	uint8_t gss_id[1024];
	struct span wire, sa;
	struct writer w;

	writer_init(&w, gss_id, sizeof(gss_id));
	pld_gss_id_encode(&w, e->p.gss_id);
	v1_proposal_offer(
	    mm->policy, span_of(gss_id, writer_ok(&w) ? w.n : 0), &e->sa_out);
	if (e->sa_out.proposal[0].n_transform == 0)
		return false;
	v1_begin(e, mm, EXCHANGE_IDENTITY, 0);
	build_payload(e->out, PAYLOAD_SA);
	pld_sa_encode(&e->out->w, &e->sa_out, false);
	build_end(e->out);
	v1_write_vendors(e, mm, true, true);
	if (!v1_finish(e, &wire))
		return false;
	sa = chain_find(build_chain(e->out), e->out->first, PAYLOAD_SA, 0);
	if (!blob_set(&mm->v1->sa_i, span_of(sa.p + 4, sa.n - 4)))
		return false;
	init_request(e, mm, V1_INIT_SA_SENT, wire);
	return true;
}

static void
init_delay_over(struct engine *e, void *owner)
{
	struct mm_sa *mm = owner;

	if (!init_send_sa(e, mm))
		mm_fail(
		    e, mm, step_words(mm), IKE_ERR_NO_AUTH_METHOD, NULL, false, true);
}

/* The first message waits where AuthIP shall have a head start (A78). */
static bool
init_begin(struct engine *e, struct mm_sa *mm, bool has_twin)
{
	if (!has_twin || mm->dialect->coexist_ikev1_delay_ms == 0)
		return init_send_sa(e, mm);
	mm->v1->step = V1_INIT_WAITS_START;
	timer_arm(&e->timers, &mm->responder_timer,
	    e->now_ms + mm->dialect->coexist_ikev1_delay_ms, init_delay_over, mm);
	return true;
}

struct mm_sa *
v1_init_start(struct engine *e, const struct endpoint *local,
    const struct endpoint *remote, const struct class_policy *policy,
    struct mm_sa *twin)
{
	bool first_contact = !sadb_mm_exists_with(e, &remote->addr, NULL);
	uint8_t cookie[COOKIE_BYTES];
	struct mm_sa *mm;

	do
		e->p.host.random(e->p.host.ctx, cookie, sizeof(cookie));
	while (memcmp(cookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0);
	if ((mm = v1_new(e, true, local, remote, cookie)) == NULL)
		return NULL;
	mm->policy_of = *policy;
	mm->state = MM_FIRST_SENT;
	mm->is_first_contact = first_contact;
	if (!policy_hold(e, &mm->policy_of)) {
		sadb_mm_free(e, mm);
		return NULL;
	}
	mm->policy = mm->policy_of.policy;
	if (!init_begin(e, mm, twin != NULL)) {
		sadb_mm_free(e, mm);
		return NULL;
	}
	if (twin != NULL) {
		mm->twin = twin;
		twin->twin = mm;
	}
	event_mm(e, EVENT_MM_STARTED, mm, IKE_OK, "IKEv1 main mode started");
	return mm;
}

/* ---- message 2, message 3 ---- */

static enum ike_err
init_check_m2(struct engine *e, struct mm_sa *mm, struct mm_proposal *chosen,
    enum auth_method *method, char *gss_id)
{
	const struct pld_transform *t = &e->sa_in.proposal[0].transform[0];
	enum ike_err err;

	gss_id[0] = '\0';
	if (memcmp(e->in.h.rcookie, "\0\0\0\0\0\0\0", COOKIE_BYTES) == 0)
		return IKE_ERR_COOKIE;
	err =
	    pld_sa_decode(message_find(&e->in, PAYLOAD_SA, 0)->body, false, &e->sa_in);
	if (err == IKE_OK)
		err = v1_proposal_verify(mm->policy, &e->sa_in, chosen, method);
	if (err == IKE_OK && *method == AUTH_V1_KERBEROS)
		err = pld_gss_id_decode(t->gss_id, gss_id, sizeof(mm->peer_gss_id));
	return err;
}

/* Nothing of it is authenticated: a bad one is dropped, the good one may still come. */
void
v1_init_m2(struct engine *e, struct mm_sa *mm)
{
	char gss_id[sizeof(mm->peer_gss_id)];
	struct mm_proposal chosen;
	enum auth_method method;
	enum ike_err err;

	if (!exchange_rules(e, mm, MSG_V1_M2))
		return;
	if ((err = init_check_m2(e, mm, &chosen, &method, gss_id)) != IKE_OK) {
		event_drop(e, mm, err);
		return;
	}
	request_done(e, &mm->request);
	memcpy(mm->rcookie, e->in.h.rcookie, COOKIE_BYTES);
	memcpy(mm->peer_gss_id, gss_id, sizeof(gss_id));
	mm->chosen = chosen;
	mm->group = chosen.group;
	mm->gss.method = method;
	mm->state = MM_INIT_FIRST_DONE;
	v1_read_vendors(mm, &e->in);
	if (method == AUTH_V1_PSK) {
		v1_init_send_ke(e, mm);
		return;
	}
	/* A token, or the authorities to name. */
	mm->v1->step = V1_INIT_ASKS_AUTH;
	v1_auth_ask(e, mm, AUTH_START, SPAN_NONE);
}

void
v1_init_send_ke(struct engine *e, struct mm_sa *mm)
{
	struct span wire;

	if (v1_make_ke(e, mm)) {
		v1_begin(e, mm, EXCHANGE_IDENTITY, 0);
		v1_write_ke(e, mm);
		if (v1_finish(e, &wire) &&
		    blob_set(&mm->ni, chain_find(build_chain(e->out), e->out->first,
					  PAYLOAD_NONCE, 0))) {
			init_request(e, mm, V1_INIT_KE_SENT, wire);
			return;
		}
	}
	mm_fail(e, mm, step_words(mm), IKE_ERR_CRYPTO, NULL, false, true);
}

/* ---- message 4, message 5 ---- */

void
v1_init_m4(struct engine *e, struct mm_sa *mm)
{
	enum ike_err err;

	if (!exchange_rules(e, mm, MSG_V1_M4))
		return;
	if ((err = v1_read_ke(e, mm)) != IKE_OK) {
		event_drop(e, mm, err);
		return;
	}
	request_done(e, &mm->request);
	v1_twin_won(e, mm);
	if (mm->v1->natt != VENDOR_UNKNOWN)
		nat_read_natd(mm, &e->in);
	nat_float(e, mm);
	v1_read_certreqs(mm, &e->in);
	mm->v1->step = V1_INIT_AUTHENTICATES;
	if (!v1_auth_start(e, mm))
		mm_fail(e, mm, step_words(mm), IKE_ERR_CRYPTO, NULL, false, true);
}

void
v1_init_send_id(struct engine *e, struct mm_sa *mm, struct span proof)
{
	struct span wire;

	if (v1_build_id(e, mm, proof, &wire))
		init_request(e, mm, V1_INIT_ID_SENT, wire);
	else
		mm_fail(e, mm, step_words(mm), IKE_ERR_CRYPTO, NULL, false, true);
}

/* ---- message 6 ---- */

void
v1_init_m6(struct engine *e, struct mm_sa *mm, const struct v1_iv *next)
{
	enum ike_err err;

	if (!exchange_rules(e, mm, MSG_V1_M6))
		return;
	if ((err = v1_auth_verify(e, mm)) != IKE_OK) {
		v1_auth_refuse(e, mm, err, next);
		return;
	}
	mm->v1->iv = *next;
	request_done(e, &mm->request);
	if (mm->gss.method == AUTH_V1_PSK)
		v1_established(e, mm);
	else
		mm->v1->step = V1_INIT_VERIFIES;
}
